/*
 * key_index.h - a hash of the keys that the ways of one set hold.
 *
 * The keys are the caller's: words @stride apart. All are in the index whose
 * ways were added, and none may change before it is removed.
 *
 * Source: for linear probing, Knuth, TAOCP vol. 3, 6.4, algorithms L and R.
 */
#ifndef PW_REPLAY_KEY_INDEX_H
#define PW_REPLAY_KEY_INDEX_H

#include <stddef.h>
#include <stdint.h>

struct pw_key_index {
	uint32_t mask;	 /* slots - 1: at most half of them are full */
	unsigned shift;	 /* 64 less the bits of a slot's number */
	uint32_t slot[]; /* way + 1, or 0 */
};

/* Where the key of each way is. */
struct pw_keys {
	const uint64_t *key;
	size_t stride; /* words from one key to the next */
};

/*
 * Memory for the index of @ways, which are more than 1.
 *
 * Units: bytes, a multiple of 8.
 */
size_t pw_key_index_bytes(size_t ways);

/*
 * Make @index an empty one for @ways.
 */
void pw_key_index_init(struct pw_key_index *index, size_t ways);

/*
 * Add @way, whose key is not there.
 *
 * Cost: O(1).
 */
void pw_key_index_add(struct pw_key_index *index, struct pw_keys keys,
		      uint32_t way);

/*
 * Remove @way, which is there.
 *
 * Cost: O(1).
 */
void pw_key_index_remove(struct pw_key_index *index, struct pw_keys keys,
			 uint32_t way);

/*
 * The slot where the search for @key begins.
 */
static inline uint32_t pw_key_index_home(const struct pw_key_index *index,
					 uint64_t key)
{
	const uint64_t golden = UINT64_C(0x9e3779b97f4a7c15); /* 2^64 / phi */

	return (uint32_t)(key * golden >> index->shift);
}

/*
 * The slot of @key, or the empty one where it would be.
 */
static inline uint32_t pw_key_index_probe(const struct pw_key_index *index,
					  struct pw_keys keys, uint64_t key)
{
	uint32_t i = pw_key_index_home(index, key);

	while (index->slot[i] &&
	       keys.key[(index->slot[i] - 1) * keys.stride] != key)
		i = (i + 1) & index->mask;
	return i;
}

/*
 * The way of @key, plus 1; or 0.
 *
 * Cost: O(1).
 */
static inline uint32_t pw_key_index_find(const struct pw_key_index *index,
					 struct pw_keys keys, uint64_t key)
{
	return index->slot[pw_key_index_probe(index, keys, key)];
}

#endif
