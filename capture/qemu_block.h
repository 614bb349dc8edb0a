/*
 * qemu_block.h - translated blocks, and how what a block touched becomes
 * accesses.
 *
 * The emulator reports memory in pieces of at most 8 bytes, in the order in
 * which it makes them. The trace wants accesses as the processor makes them:
 * the fetch of each instruction, its loads and read-modify-writes, its stores.
 * Which pieces belong together follows from the instruction, so it is worked
 * out once for each sequence of pieces that a block shows: a variant. A
 * faulting instruction, a masked move or an empty repetition simply make
 * another one.
 *
 * Blocks with the same code at the same place are one, in whatever process.
 */
#ifndef PW_CAPTURE_QEMU_BLOCK_H
#define PW_CAPTURE_QEMU_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/pagemap.h"
#include "base/status.h"
#include "capture/call.h"
#include "capture/decode_x86.h"
#include "formats/shape.h"

#define PW_QEMU_NONE UINT32_MAX
#define PW_QEMU_PIECES_MAX 16384

enum pw_qemu_block_flag {
	PW_QEMU_REPEATS = 1, /* its last instruction is repeated */
	PW_QEMU_ALONE = 2,   /* that is its only one */
	PW_QEMU_CALLS = 4,   /* ends with an indirect call */
	PW_QEMU_HANDLER = 8, /* some process has a signal handler there */
};

/* How a block was executed, where its pieces do not tell. */
enum pw_qemu_way {
	PW_QEMU_CONTINUED = 1, /* a repetition goes on: no fetch */
	PW_QEMU_CUT = 2,       /* it has faulted where that is doubtful */
};

/* Whether a piece must begin where the one before it ends. */
enum pw_qemu_join { PW_QEMU_EITHER, PW_QEMU_FOLLOWS, PW_QEMU_APART };

/* What the usual execution of a block needs to know. */
struct pw_qemu_block {
	uint32_t shape; /* of the variant used last; and so on */
	uint32_t picks;
	uint32_t tags;
	uint16_t pieces;
	uint16_t slots;
	uint16_t insns;
	bool plain; /* that variant can be taken without a closer look */
	bool again; /* the same, if it goes on with a repetition */
	bool identity;
	uint16_t tag[4]; /* the upper bits of its first tags */
};

_Static_assert(sizeof(struct pw_qemu_block) == 32, "two in a cache line");

/* The rest of it. */
struct pw_qemu_code_block {
	uint64_t pc;
	uint64_t last_pc;  /* of the last instruction */
	uint64_t call;	   /* target of a direct call at its end; else 0 */
	uint32_t code;	   /* first byte in the table's code */
	uint32_t variants; /* list of them */
	uint32_t recent;   /* the one in pw_qemu_block, or PW_QEMU_NONE */
	uint16_t code_bytes;
	uint16_t insns;
	uint8_t machine; /* enum pw_call_machine */
	uint8_t flags;	 /* enum pw_qemu_block_flag */
};

struct pw_qemu_variant {
	uint32_t next;
	uint32_t shape; /* in the trace; PW_QEMU_NONE: no access at all */
	uint32_t tags;	/* first in the table's tags: a piece, and its join
			   for the address */
	uint32_t picks; /* first in the table's picks: piece of a slot */
	uint16_t pieces;
	uint16_t slots; /* of which the address is stored */
	uint16_t joins; /* pieces of which the place matters */
	uint16_t insns; /* begun */
	bool identity;	/* slot i is piece i */
	bool doubtful;	/* whether it has faulted, a signal tells */
	uint8_t way;	/* enum pw_qemu_way bits */
};

/* What a block has done when it was executed. */
struct pw_qemu_deed {
	const uint64_t *piece;
	size_t count;
	unsigned way; /* enum pw_qemu_way bits */
};

/* Puts a new shape into the trace. */
typedef enum pw_status (*pw_qemu_shape_sink)(void *state,
					     const struct pw_shape *shape,
					     uint32_t *index,
					     struct pw_error *err);

#define PW_QEMU_TAGS_NEAR PW_COUNT(((struct pw_qemu_block *)0)->tag)

struct pw_qemu_blocks {
	struct pw_array list;	  /* struct pw_qemu_block */
	struct pw_array cold;	  /* struct pw_qemu_code_block, the same */
	struct pw_array variants; /* struct pw_qemu_variant */
	struct pw_array tags;	  /* uint64_t */
	struct pw_array picks;	  /* uint16_t */
	struct pw_array code;	  /* uint8_t */
	struct pw_pagemap *by_code;
	struct pw_x86_decoder *decoder;
	pw_qemu_shape_sink sink;
	void *sink_state;
	/* The shape being made. */
	struct pw_array pc;   /* uint64_t */
	struct pw_array size; /* uint32_t */
	struct pw_array kind; /* uint8_t */
	struct pw_array pick; /* uint16_t: of the slots with an address */
	struct pw_array join; /* uint8_t: enum pw_qemu_join of each piece */
};

/* A block as the plugin has reported it. */
struct pw_qemu_code {
	enum pw_call_machine machine;
	uint64_t pc;
	size_t insns;
	size_t last;	      /* bytes before the last instruction */
	const uint8_t *bytes; /* may go past the last instruction */
	size_t byte_count;
};

/*
 * Make an empty table, which puts new shapes into @sink.
 *
 * Owns:   @blocks holds memory; free it with pw_qemu_blocks_free, also after a
 *         failure.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_qemu_blocks_make(struct pw_qemu_blocks *blocks,
				   pw_qemu_shape_sink sink, void *sink_state,
				   struct pw_error *err) PW_MUST_CHECK;

/*
 * Free what the table holds.
 */
void pw_qemu_blocks_free(struct pw_qemu_blocks *blocks);

/*
 * The number of the block with this code, which is added if it is new.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_qemu_blocks_add(struct pw_qemu_blocks *blocks,
				  const struct pw_qemu_code *reported,
				  uint32_t *number,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * Say that some process has a signal handler at @pc.
 */
void pw_qemu_blocks_handler(struct pw_qemu_blocks *blocks, uint64_t pc);

/*
 * The variant of block @number that has done exactly this. A new one puts its
 * shape into the sink.
 *
 * Owns:   *out is the table's, good until the next call.
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_qemu_blocks_find(struct pw_qemu_blocks *blocks,
				   uint32_t number,
				   const struct pw_qemu_deed *deed,
				   const struct pw_qemu_variant **out,
				   struct pw_error *err) PW_MUST_CHECK;

#endif
