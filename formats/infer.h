/*
 * infer.h - guess the mappings of a trace that does not tell them.
 *
 * A mapping is guessed for each run of touched pages that are close to each
 * other and had the same done to them. This is a guess and is to be shown as
 * one: what was mapped and never touched is not seen, and what is behind a
 * mapping is not known.
 */
#ifndef PW_FORMATS_INFER_H
#define PW_FORMATS_INFER_H

#include "base/array.h"
#include "formats/trace.h"

/* Pages that far apart may still be of one mapping: 128 KiB. */
#define PW_INFER_GAP_PAGES 32

/* The wire's bits, those of mmap. */
#define PW_INFER_READ 1
#define PW_INFER_WRITE 2
#define PW_INFER_EXECUTE 4

/* Why a mapping is guessed to begin where it does. */
enum pw_guess_why {
	PW_GUESS_LOWEST, /* no page below it was touched */
	PW_GUESS_FAR,	 /* the one below is too far away */
	PW_GUESS_RIGHTS, /* other things were done to the one below */
};

struct pw_guess {
	uint32_t process;
	unsigned rights; /* PW_INFER_* */
	uint64_t address;
	uint64_t bytes;
	uint64_t pages; /* touched */
	uint64_t first; /* accesses of the trace before the first one there */
	enum pw_guess_why why;
};

struct pw_infer {
	struct pw_array pages; /* struct pw_pagemap *, by process */
};

/*
 * Begin, with no page touched.
 */
void pw_infer_init(struct pw_infer *infer);

/*
 * Free what @infer holds.
 */
void pw_infer_free(struct pw_infer *infer);

/*
 * Look at accesses of @process, before which the trace has @position others.
 * Those of the kernel on its own account, in the upper half of the address
 * space, are no mappings of the program.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_infer_accesses(struct pw_infer *infer, uint32_t process,
				 uint64_t position,
				 const struct pw_accesses *accesses,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * Append the guesses to @guesses, an array of struct pw_guess, by process and
 * address.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_infer_guess(const struct pw_infer *infer,
			      struct pw_array *guesses,
			      struct pw_error *err) PW_MUST_CHECK;

#endif
