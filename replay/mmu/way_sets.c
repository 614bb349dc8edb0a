/*
 * way_sets.c - sets whose keys stay in the way that they were put in.
 */
#include "replay/mmu/way_sets.h"

#include "base/bits.h"

#define FEW_WAYS 16

static bool is_wide(size_t ways)
{
	return ways > FEW_WAYS;
}

static size_t count_set_bytes(const struct pw_tlb_config *config,
			      size_t model_words)
{
	size_t ways = pw_tlb_ways(config);

	return sizeof(struct pw_way_set) +
	       (model_words + ways) * sizeof(uint64_t) +
	       (is_wide(ways) ? pw_key_index_bytes(ways) : 0);
}

size_t pw_way_sets_bytes(const struct pw_tlb_config *config, size_t model_words)
{
	return sizeof(struct pw_way_sets) +
	       (size_t)config->entries / pw_tlb_ways(config) *
		       count_set_bytes(config, model_words);
}

static uint64_t *keys_of(const struct pw_way_sets *sets, struct pw_way_set *set)
{
	return set->word + sets->model_words;
}

static struct pw_key_index *index_of(const struct pw_way_sets *sets,
				     struct pw_way_set *set)
{
	PW_DEBUG_ASSERT(sets->wide);
	return (struct pw_key_index *)(void *)(keys_of(sets, set) +
					       sets->sets.ways);
}

void pw_way_sets_flush(void *state)
{
	struct pw_way_sets *sets = state;

	pw_random_seed(&sets->random, sets->seed);
	for (uint64_t i = 0; i < sets->sets.count; i++) {
		struct pw_way_set *set = pw_way_set(sets, i);
		uint64_t *keys = keys_of(sets, set);

		set->used = 0;
		set->lowest = 0;
		memset(set->word, 0, sets->model_words * sizeof(uint64_t));
		for (size_t j = 0; j < sets->sets.ways; j++)
			keys[j] = PW_WAY_FREE;
		if (sets->wide)
			pw_key_index_init(index_of(sets, set), sets->sets.ways);
	}
}

void pw_way_sets_init(void *state, const struct pw_tlb_config *config,
		      size_t model_words)
{
	struct pw_way_sets *sets = state;

	sets->sets = pw_tlb_divide(config);
	sets->wide = is_wide(sets->sets.ways);
	sets->model_words = model_words;
	sets->set_bytes = count_set_bytes(config, model_words);
	sets->seed = config->seed;
	PW_ASSERT(sets->set_bytes % sizeof(uint64_t) == 0);
	pw_way_sets_flush(state);
}

bool pw_way_sets_hold(const void *state, uint64_t key)
{
	const struct pw_way_sets *sets = state;
	uint64_t number = pw_tlb_set_of(&sets->sets, key);
	const struct pw_way_set *set =
		(const void *)((const char *)sets->words +
			       number * sets->set_bytes);

	return pw_way_sets_find(sets, set, key) != PW_NO_WAY;
}

size_t pw_way_sets_take(struct pw_way_sets *sets, struct pw_way_set *set)
{
	const uint64_t *keys = keys_of(sets, set);
	size_t way = set->lowest;

	if (set->used == sets->sets.ways)
		return PW_NO_WAY;
	while (keys[way] != PW_WAY_FREE)
		way++;
	PW_DEBUG_ASSERT(way < sets->sets.ways);
	set->lowest = (uint32_t)way + 1;
	return way;
}

void pw_way_sets_put(struct pw_way_sets *sets, struct pw_way_set *set,
		     size_t way, uint64_t key)
{
	uint64_t *keys = keys_of(sets, set);
	const struct pw_keys where = {keys, 1};

	PW_DEBUG_ASSERT(way < sets->sets.ways);
	if (keys[way] == PW_WAY_FREE)
		set->used++;
	else if (sets->wide)
		pw_key_index_remove(index_of(sets, set), where, (uint32_t)way);
	keys[way] = key;
	if (sets->wide)
		pw_key_index_add(index_of(sets, set), where, (uint32_t)way);
}

static void remove_way(struct pw_way_sets *sets, struct pw_way_set *set,
		       size_t way)
{
	uint64_t *keys = keys_of(sets, set);
	const struct pw_keys where = {keys, 1};

	PW_DEBUG_ASSERT(set->used > 0);
	if (sets->wide)
		pw_key_index_remove(index_of(sets, set), where, (uint32_t)way);
	keys[way] = PW_WAY_FREE;
	set->used--;
	if (set->lowest > way)
		set->lowest = (uint32_t)way;
}

/* Remove the keys of @set in [first, first + count). */
static void sweep(struct pw_way_sets *sets, struct pw_way_set *set,
		  uint64_t first, uint64_t count)
{
	const uint64_t *keys = keys_of(sets, set);

	if (count < sets->sets.ways) {
		for (uint64_t i = 0; i < count; i++) {
			size_t way = pw_way_sets_find(sets, set, first + i);

			if (way != PW_NO_WAY)
				remove_way(sets, set, way);
		}
		return;
	}
	for (size_t i = 0; i < sets->sets.ways; i++) {
		if (keys[i] != PW_WAY_FREE && keys[i] - first < count)
			remove_way(sets, set, i);
	}
}

void pw_way_sets_invalidate(void *state, uint64_t first, uint64_t count)
{
	struct pw_way_sets *sets = state;
	uint64_t reached = pw_tlb_sets_reached(&sets->sets, count);

	for (uint64_t i = 0; i < reached; i++)
		sweep(sets,
		      pw_way_set(sets, pw_tlb_set_reached(&sets->sets, first,
							  count, i)),
		      first, count);
}
