/*
 * machine_read.h - reading the values of machine files, with a good message for
 * what is wrong.
 *
 * Private to machine.c, machine_memory.c and machine_walk.c.
 */
#ifndef PW_REPLAY_MACHINE_READ_H
#define PW_REPLAY_MACHINE_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "replay/machine/machine.h"
#include "replay/machine/machine_file.h"

/* What is being read, for messages and the first failure. */
struct pw_reading {
	const char *name;
	const char *text;
	const struct pw_text_list *overrides;
	struct pw_error *err;
	enum pw_status status;
};

struct pw_bounds {
	uint64_t min;
	uint64_t max;
	const char *expected; /* what the bounds mean, for the message */
};

typedef enum pw_status (*pw_parser)(const char *text, uint64_t *value,
				    struct pw_error *err);

/* Of costs. */
extern const struct pw_bounds pw_cycle_bounds;

/*
 * Fail with @why, which is about the value of @key; nothing has failed before.
 */
void pw_read_blame(struct pw_reading *reading, const char *key,
		   const struct pw_error *why);

/*
 * Fail because @text, the value of @key, is not @expected.
 */
void pw_read_refuse(struct pw_reading *reading, const char *key,
		    const char *text, const char *expected);

/*
 * The number that @text, the value of @key, stands for.
 *
 * Errors: reading->status: @parse refuses the text, or it is out of bounds.
 */
uint64_t pw_read_value(struct pw_reading *reading, const char *key,
		       const char *text, pw_parser parse,
		       const struct pw_bounds *bounds);

/*
 * The index in @words, ended by NULL, of @text, the value of @key; 0 if it is
 * NULL, the key being absent.
 *
 * Errors: reading->status: it is none of them, but shall be @expected.
 */
unsigned pw_read_word(struct pw_reading *reading, const char *key,
		      const char *text, const char *const *words,
		      const char *expected);

/*
 * A TLB or another cache of translations, unless @file is NULL. With @absence 0
 * entries are allowed, and mean that there is none.
 *
 * Errors: reading->status: a value is wrong or they do not go together.
 */
void pw_read_tlb(struct pw_reading *reading, const char *key,
		 const struct pw_file_tlb *file, bool absence,
		 struct pw_tlb_choice *out);

/*
 * Read the sections pwc, walk and nested of @file; TLBs, page tables and sizes
 * of @machine are known.
 *
 * Errors: reading->status: a value is wrong.
 */
void pw_read_walks(struct pw_reading *reading,
		   const struct pw_machine_file *file,
		   struct pw_machine *machine);

/*
 * Read the section memory; the page tables of @machine are known.
 *
 * Errors: reading->status: a value is wrong.
 */
void pw_read_memory(struct pw_reading *reading,
		    const struct pw_file_memory *file,
		    struct pw_machine *machine);

/*
 * Read which kernel it is; NULL: the newest that is known.
 *
 * Errors: reading->status: it is not known.
 */
void pw_read_kernel(struct pw_reading *reading, const char *text,
		    struct pw_machine *machine);

#endif
