/*
 * quad_set.h - one set of at most 4 ways in an order, newest first.
 *
 * So few keys are compared one by one and moved, without branches: where a key
 * is, or whether, cannot be foreseen. Free ways are the last ones, and so are
 * those that the set lacks.
 */
#ifndef PW_REPLAY_QUAD_SET_H
#define PW_REPLAY_QUAD_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"

#define PW_QUAD_WAYS 4
#define PW_QUAD_FREE UINT64_MAX /* no key */

struct pw_quad_set {
	uint64_t key[PW_QUAD_WAYS];
};

/*
 * Make @set empty.
 */
static inline void pw_quad_set_init(struct pw_quad_set *set)
{
	for (size_t i = 0; i < PW_QUAD_WAYS; i++)
		set->key[i] = PW_QUAD_FREE;
	PW_DEBUG_ASSERT(set->key[0] == PW_QUAD_FREE);
}

/*
 * Whether @key is there.
 */
static inline bool pw_quad_set_holds(const struct pw_quad_set *set,
				     uint64_t key)
{
	PW_DEBUG_ASSERT(key != PW_QUAD_FREE);
	return (set->key[0] == key) | (set->key[1] == key) |
	       (set->key[2] == key) | (set->key[3] == key);
}

/*
 * Let the newest @count keys but one be a place older, over the last of them,
 * and @key the newest; @count is 1 to PW_QUAD_WAYS.
 */
static inline void pw_quad_set_put(struct pw_quad_set *set, size_t count,
				   uint64_t key)
{
	uint64_t first = set->key[0], second = set->key[1];
	uint64_t third = set->key[2], fourth = set->key[3];
	/* All ones where a key is replaced. */
	uint64_t in_1 = 0 - (uint64_t)(count > 1);
	uint64_t in_2 = 0 - (uint64_t)(count > 2);
	uint64_t in_3 = 0 - (uint64_t)(count > 3);

	PW_DEBUG_ASSERT(count > 0 && count <= PW_QUAD_WAYS);
	PW_DEBUG_ASSERT(key != PW_QUAD_FREE);
	set->key[0] = key;
	set->key[1] = second ^ ((second ^ first) & in_1);
	set->key[2] = third ^ ((third ^ second) & in_2);
	set->key[3] = fourth ^ ((fourth ^ third) & in_3);
}

/*
 * Make @key, which is there, the newest.
 */
static inline void pw_quad_set_raise(struct pw_quad_set *set, uint64_t key)
{
	size_t behind_1 = set->key[0] != key;
	size_t behind_2 = behind_1 & (set->key[1] != key);
	size_t behind_3 = behind_2 & (set->key[2] != key);

	PW_DEBUG_ASSERT(pw_quad_set_holds(set, key));
	pw_quad_set_put(set, 1 + behind_1 + behind_2 + behind_3, key);
}

/*
 * Put @key, which is not there, in as the newest of a set of @ways, over the
 * oldest.
 */
static inline void pw_quad_set_insert(struct pw_quad_set *set, size_t ways,
				      uint64_t key)
{
	PW_DEBUG_ASSERT(!pw_quad_set_holds(set, key));
	if (ways < PW_QUAD_WAYS) {
		pw_quad_set_put(set, ways, key);
		return;
	}
	set->key[3] = set->key[2];
	set->key[2] = set->key[1];
	set->key[1] = set->key[0];
	set->key[0] = key;
}

/*
 * Remove keys [first, first + count), those that are there.
 */
static inline void pw_quad_set_remove(struct pw_quad_set *set, uint64_t first,
				      uint64_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < PW_QUAD_WAYS; i++)
		if (set->key[i] - first >= count || set->key[i] == PW_QUAD_FREE)
			set->key[kept++] = set->key[i];
	while (kept < PW_QUAD_WAYS)
		set->key[kept++] = PW_QUAD_FREE;
}

#endif
