/*
 * dense_gather.h - the addresses of a chunk, sorted by symbol and slot.
 */
#ifndef PW_FORMATS_DENSE_GATHER_H
#define PW_FORMATS_DENSE_GATHER_H

#include <stdbool.h>
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
	uint32_t stored; /* stored slots; and when it is executed: */
	size_t first;	 /* the first of them among all */
	size_t column;	 /* where the addresses of that one begin */
	size_t row;	 /* where its executions begin in the rows */
	size_t step;	 /* the first of its steps, one for each operand */
	uint32_t steps;
	uint32_t done; /* executions so far */
};

/* A stored slot of an executed symbol. */
struct pw_dense_slot {
	uint32_t operand;
	uint32_t back; /* slots to the one before with this operand; 0: none, */
	uint32_t before; /* then here are the operand's addresses before */
	bool starts;	 /* and there is none before the first one */
};

struct pw_dense_gather {
	struct pw_dense_merge merge;
	struct pw_dense_operands operands;
	struct pw_array symbols;      /* uint32_t: after merging */
	struct pw_array base_first;   /* uint32_t: first operand of a shape */
	struct pw_array base_operand; /* uint32_t: of all shapes' slots */
	struct pw_array use;	      /* struct pw_dense_use, by symbol */
	struct pw_array slot;	      /* struct pw_dense_slot */
	struct pw_array step;	      /* struct pw_dense_step */
	struct pw_array row;	  /* uint32_t: addresses before an execution */
	struct pw_array column;	  /* uint64_t: addresses by slot */
	struct pw_array before;	  /* uint64_t: of the same operand */
	struct pw_array last;	  /* uint64_t: address of each operand */
	struct pw_array found;	  /* struct pw_dense_found, by operand */
	struct pw_array known;	  /* bool: the operand has an address */
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
 * Merge the symbols of @executions and sort the addresses. The columns of a
 * symbol stand one after the other, each with an address for each execution.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_dense_gather_run(struct pw_dense_gather *gather,
				   const struct pw_executions *executions,
				   struct pw_error *err) PW_MUST_CHECK;

/* ---- between dense_gather.c and dense_columns.c ---- */

/* An operand of a symbol, whose last address an execution changes. */
struct pw_dense_step {
	uint32_t operand;
	uint32_t first;	 /* slot of the symbol with it */
	uint32_t last;	 /* the same */
	uint32_t before; /* where the address before goes */
};

/* Where an operand was found last. */
struct pw_dense_found {
	uint32_t symbol;
	uint32_t step; /* of the symbol */
};

/*
 * Put the addresses into columns; the uses and their slots' operands are known.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_dense_gather_columns(struct pw_dense_gather *gather,
				       const struct pw_array *address,
				       struct pw_error *err) PW_MUST_CHECK;

#endif
