/*
 * way_sets.h - sets whose keys stay in the way that they were put in.
 *
 * A fill takes the lowest free way, or if there is none the way that the model
 * chooses. For each set a model has words of its own, which begin as 0 and are
 * not touched here but by a flush.
 *
 * Cost: O(ways) a look-up with few ways, O(1) with many; 8 bytes of state an
 *       entry with few ways, 16 to 24 with many.
 */
#ifndef PW_REPLAY_WAY_SETS_H
#define PW_REPLAY_WAY_SETS_H

#include "base/assert.h"
#include "base/random.h"
#include "replay/mmu/key_index.h"
#include "replay/mmu/tlb_sets.h"

#define PW_WAY_FREE UINT64_MAX /* no key */
#define PW_NO_WAY SIZE_MAX

/* One set: the model's words, then a key a way, then their key index. */
struct pw_way_set {
	uint32_t used;
	uint32_t lowest; /* no way below it is free */
	uint64_t word[];
};

struct pw_way_sets {
	struct pw_tlb_sets sets;
	bool wide;
	size_t model_words; /* of each set */
	size_t set_bytes;
	uint64_t seed;
	struct pw_random random; /* begins anew with each flush */
	uint64_t words[];
};

/*
 * Memory for the sets of @config, in each of which the model has @model_words.
 *
 * Units: bytes.
 */
size_t pw_way_sets_bytes(const struct pw_tlb_config *config,
			 size_t model_words);

/*
 * Make @state the empty sets of @config.
 */
void pw_way_sets_init(void *state, const struct pw_tlb_config *config,
		      size_t model_words);

/*
 * Remove all keys; the state is as after pw_way_sets_init.
 */
void pw_way_sets_flush(void *state);

/*
 * Whether @key is there. Nothing changes.
 */
bool pw_way_sets_hold(const void *state, uint64_t key);

/*
 * Remove keys [first, first + count), those that are there.
 */
void pw_way_sets_invalidate(void *state, uint64_t first, uint64_t count);

/*
 * Take the lowest free way of @set, or give PW_NO_WAY when it has none.
 */
size_t pw_way_sets_take(struct pw_way_sets *sets, struct pw_way_set *set);

/*
 * Put @key, which is not there, in @way, over what is there.
 */
void pw_way_sets_put(struct pw_way_sets *sets, struct pw_way_set *set,
		     size_t way, uint64_t key);

/*
 * Set @number.
 */
static inline struct pw_way_set *pw_way_set(struct pw_way_sets *sets,
					    uint64_t number)
{
	return (struct pw_way_set *)(void *)((char *)sets->words +
					     number * sets->set_bytes);
}

/*
 * The way of @set that holds @key, or PW_NO_WAY.
 */
static inline size_t pw_way_sets_find(const struct pw_way_sets *sets,
				      const struct pw_way_set *set,
				      uint64_t key)
{
	const uint64_t *keys = set->word + sets->model_words;
	size_t ways = sets->sets.ways;

	PW_DEBUG_ASSERT(key != PW_WAY_FREE);
	if (sets->wide) {
		const struct pw_keys where = {keys, 1};

		return (size_t)pw_key_index_find(
			       (const struct pw_key_index
					*)(const void *)(keys + ways),
			       where, key) -
		       1;
	}
	for (size_t i = 0; i < ways; i++) {
		if (keys[i] == key)
			return i;
	}
	return PW_NO_WAY;
}

#endif
