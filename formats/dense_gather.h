/*
 * dense_gather.h - the addresses of a chunk, sorted by symbol and slot.
 */
#ifndef PW_FORMATS_DENSE_GATHER_H
#define PW_FORMATS_DENSE_GATHER_H

#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"
#include "formats/dense_merge.h"
#include "formats/dense_wire.h"
#include "formats/executions.h"

/* A symbol that is executed, or may be part of one that is. */
struct pw_dense_use {
	uint32_t count;	 /* executions */
	uint32_t stored; /* stored slots */
	size_t first;	 /* of them in slot_operand, when it is executed */
	size_t column;	 /* where the addresses of the first one begin */
};

struct pw_dense_gather {
	struct pw_dense_merge merge;
	struct pw_dense_operands operands;
	struct pw_array symbols;      /* uint32_t: after merging */
	struct pw_array last;	      /* uint64_t: of each operand */
	struct pw_array base_first;   /* uint32_t: first operand of a shape */
	struct pw_array base_operand; /* uint32_t: of all shapes' slots */
	struct pw_array use;	      /* struct pw_dense_use, by symbol */
	struct pw_array slot_operand; /* uint32_t: of all executed symbols */
	struct pw_array column;	      /* uint64_t: addresses by slot */
	struct pw_array before;	      /* uint64_t: of the same operand */
	struct pw_array first_at; /* size_t by operand: place in the columns */
	struct pw_array unfolded; /* uint32_t: shapes of a symbol */
	struct pw_array stack;	  /* uint32_t */
};

/*
 * Make @gather empty.
 */
void pw_dense_gather_init(struct pw_dense_gather *gather);

/*
 * Free what it holds.
 */
void pw_dense_gather_free(struct pw_dense_gather *gather);

/*
 * Merge the symbols of @executions and sort the addresses. The columns of a symbol
 * stand one after the other, each with an address for each execution, and at
 * the same place of @before is the operand's address before that; for the
 * first of an operand it is 0, and its place is in first_at.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_dense_gather_run(struct pw_dense_gather *gather,
				   const struct pw_executions *executions,
				   struct pw_error *err) PW_MUST_CHECK;

#endif
