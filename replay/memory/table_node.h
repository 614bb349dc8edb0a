/*
 * table_node.h - one table of a page table, in little memory.
 *
 * Values by index, none of them 0. A table with few entries is a sorted list
 * of them, in sizes that double; one with many is an array. So a table costs
 * at most 16 bytes an entry besides the values' own, however sparse it is.
 */
#ifndef PW_REPLAY_TABLE_NODE_H
#define PW_REPLAY_TABLE_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "replay/memory/slab.h"

#define PW_NODE_BITS_MAX 13

/* What all tables at a height have in common. */
struct pw_node_kind {
	unsigned bits;	     /* of an index, at most PW_NODE_BITS_MAX */
	unsigned full_class; /* of the slab, for arrays; above 11 */
};

/*
 * The value at @index, or 0.
 */
uint64_t pw_node_get(const struct pw_slab *slab, uint32_t node, unsigned index);

/*
 * The first index that is not below *index and has a value; false if there is
 * none.
 */
bool pw_node_next(const struct pw_slab *slab, const struct pw_node_kind *kind,
		  uint32_t node, unsigned *index, uint64_t *value);

/*
 * Set @index to @value, not 0. *node, which is 0 for an empty table, may
 * change.
 *
 * Errors: false without memory; nothing has changed.
 */
bool pw_node_set(struct pw_slab *slab, const struct pw_node_kind *kind,
		 uint32_t *node, unsigned index, uint64_t value);

/*
 * Whether a value is set among the 8 that @index is one of, those of 64 bytes.
 */
bool pw_node_line_used(const struct pw_slab *slab,
		       const struct pw_node_kind *kind, uint32_t node,
		       unsigned index);

/* What an entry of an array was before. */
struct pw_node_before {
	uint64_t value;
	bool line_used; /* it or another one of its line of 8 */
};

/*
 * The same, if the table is an array; false if it is not, and nothing has
 * changed.
 */
bool pw_node_replace(const struct pw_slab *slab,
		     const struct pw_node_kind *kind, uint32_t node,
		     unsigned index, uint64_t value,
		     struct pw_node_before *before);

/*
 * Remove the value at @index, which has one. *node becomes 0 with the last.
 */
void pw_node_clear(struct pw_slab *slab, const struct pw_node_kind *kind,
		   uint32_t *node, unsigned index);

/*
 * A table with @value at every index.
 *
 * Errors: 0 without memory.
 */
uint32_t pw_node_fill(struct pw_slab *slab, const struct pw_node_kind *kind,
		      uint64_t value);

/*
 * The array of values of a table, or NULL if it is a list.
 *
 * Owns: the slab; good until a value comes or goes.
 */
uint64_t *pw_node_array(const struct pw_slab *slab, uint32_t node);

#endif
