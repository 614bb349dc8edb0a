/*
 * dense_merge.h - symbols that come together again and again become one.
 *
 * Adjacent pairs that are frequent are replaced by new symbols, a few times
 * over, so that what a loop executes ends up in few of them.
 *
 * Source: N. J. Larsson and A. Moffat, "Off-line dictionary-based compression"
 *         (Re-Pair), Proc. IEEE 88(11), 2000; here many pairs a round, greedily
 *         from the left.
 */
#ifndef PW_FORMATS_DENSE_MERGE_H
#define PW_FORMATS_DENSE_MERGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"
#include "formats/dense_wire.h"

/* Slots of a merged symbol, unless fewer are asked for. */
#define PW_DENSE_MERGE_SLOTS 768
/* How often a pair comes that is replaced, unless more is asked for. */
#define PW_DENSE_MERGE_COUNT 64

/* The pair that a symbol began when it was last looked at in a round. */
struct pw_dense_pair {
	uint32_t right;	 /* 0: none */
	uint32_t number; /* of the pair */
};

struct pw_dense_merge {
	struct pw_array rule;  /* struct pw_dense_rule */
	struct pw_array slots; /* uint32_t, by symbol; the caller fills 0..D */
	struct pw_array key;   /* uint64_t, by pair: left and right */
	struct pw_array count; /* uint32_t, by pair */
	struct pw_array made;  /* uint32_t, by pair: its symbol, or 0 */
	struct pw_array begun; /* struct pw_dense_pair, by symbol */
	struct pw_array at;    /* uint32_t: the pair at each place */
	uint32_t *place;       /* hash table of pairs, plus 1; 0: empty */
	size_t places;	       /* that are in use, a power of two */
	size_t places_made;    /* that there is memory for */
	size_t slots_all;      /* of all rules */
	uint32_t slots_max;    /* of a rule; 0: PW_DENSE_MERGE_SLOTS */
	uint32_t count_min;    /* of a pair; 0: PW_DENSE_MERGE_COUNT */
};

#define PW_DENSE_MERGE                                                      \
	{                                                                   \
		PW_ARRAY(struct pw_dense_rule), PW_ARRAY(uint32_t),         \
			PW_ARRAY(uint64_t), PW_ARRAY(uint32_t),             \
			PW_ARRAY(uint32_t), PW_ARRAY(struct pw_dense_pair), \
			PW_ARRAY(uint32_t), NULL, 0, 0, 0, 0, 0             \
	}

/*
 * Replace pairs in @symbols, an array of uint32_t; 0 is in no pair. Before,
 * merge->slots says how many slots each symbol has; after, also each new one,
 * and merge->rule what it consists of.
 *
 * Errors: PW_ERR_SYSTEM.
 * Cost:   a few nanoseconds for each symbol, the first round most of them.
 */
enum pw_status pw_dense_merge_run(struct pw_dense_merge *merge,
				  struct pw_array *symbols,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * Free what it holds.
 */
void pw_dense_merge_free(struct pw_dense_merge *merge);

#endif
