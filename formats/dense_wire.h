/*
 * dense_wire.h - what both sides of the dense codec agree on.
 *
 * Symbols 1..D are the shapes that a chunk lists, those above are rules: two
 * symbols that are executed one after the other.
 */
#ifndef PW_FORMATS_DENSE_WIRE_H
#define PW_FORMATS_DENSE_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"
#include "formats/shape.h"
#include "formats/streams.h"

enum pw_dense_stream {
	PW_DENSE_SHAPES,  /* the shapes in the order of their symbols */
	PW_DENSE_RULES,	  /* the two symbols of each rule */
	PW_DENSE_SYMBOLS, /* executions, and runs of accesses between them */
	PW_DENSE_RUNS,	  /* how long those runs are */
	PW_DENSE_MODES,	  /* prediction and width of each stored slot */
	PW_DENSE_BASES,	  /* what is added to all predictions of a slot */
	PW_DENSE_STARTS,  /* last addresses before the first ones */
	PW_DENSE_COLUMNS, /* what is added to each prediction */
	PW_DENSE_REST,	  /* the accesses of the runs, a generic payload */
	PW_DENSE_STREAMS,
};

#define PW_DENSE_TABLE_BYTES (PW_DENSE_STREAMS * PW_STREAM_ENTRY_BYTES)

/* A mode: the prediction in its high nibble, the width in the low one. */
#define PW_DENSE_WIDTH_MAX 8
#define PW_DENSE_FROM_ZERO 0
#define PW_DENSE_FROM_BACK 8 /* 1..8: the stored slot so many before */
#define PW_DENSE_FROM_LAST 9 /* the last address of the operand */

/* Slots of a rule. */
#define PW_DENSE_SLOTS_MAX PW_SHAPE_SLOTS_MAX

struct pw_dense_rule {
	uint32_t left;
	uint32_t right;
};

/*
 * The operands of a chunk: stored slots of whatever shapes that have the same
 * pc, and the same place among the stored slots of that pc that stand in a row,
 * are the same operand. They are numbered as they come up.
 */
struct pw_dense_operands {
	uint32_t *place;     /* hash table of numbers, plus 1; 0: empty */
	size_t places;	     /* a power of two */
	struct pw_array key; /* struct pw_dense_key, by number */
};

struct pw_dense_key {
	uint64_t pc;
	uint64_t ordinal;
};

#define PW_DENSE_OPERANDS                              \
	{                                              \
		NULL, 0, PW_ARRAY(struct pw_dense_key) \
	}

/*
 * Forget all operands, and make room for at most @count.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_dense_operands_clear(struct pw_dense_operands *operands,
				       size_t count,
				       struct pw_error *err) PW_MUST_CHECK;

/*
 * The number of an operand, which is new or not; there must be room.
 */
uint32_t pw_dense_operand(struct pw_dense_operands *operands, uint64_t pc,
			  uint64_t ordinal);

/*
 * Free what it holds.
 */
void pw_dense_operands_free(struct pw_dense_operands *operands);

/*
 * Write the shapes that @symbol consists of to @out, in the order of their
 * execution, and return how many there are. There are @shapes shapes, and
 * @stack has as much room as @out: PW_DENSE_SLOTS_MAX.
 */
size_t pw_dense_unfold(const struct pw_dense_rule *rule, uint32_t shapes,
		       uint32_t symbol, uint32_t *out, uint32_t *stack);

#endif
