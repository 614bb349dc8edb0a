/*
 * dense_choose.h - how the addresses of one slot are predicted best.
 */
#ifndef PW_FORMATS_DENSE_CHOOSE_H
#define PW_FORMATS_DENSE_CHOOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/dense_wire.h"

/* The addresses of a slot, and what could predict each of them. */
struct pw_dense_column {
	const uint64_t *address;
	size_t count;		/* executions, at least 1 */
	uint32_t slot;		/* slots of the symbol before this one */
	const uint64_t *before; /* the operand's address before each */
	bool starts;		/* there is none before the first one */
	uint64_t base; /* what the base of FROM_ZERO is stored against */
};

/* address = prediction + base + what the column holds, in @width bytes. */
struct pw_dense_choice {
	unsigned from;
	unsigned width;
	uint64_t base;
};

/*
 * Choose what takes fewest bytes, as far as can be told without packing.
 *
 * Cost: a pass over the column for each prediction that is tried; most end
 *       after a few addresses.
 */
struct pw_dense_choice pw_dense_choose(const struct pw_dense_column *column);

/*
 * What predicts address @i: the address of another slot, or 0.
 */
uint64_t pw_dense_predict(const struct pw_dense_column *column, unsigned from,
			  size_t i);

#endif
