/*
 * wide_set.c - one set of many ways with true LRU, in constant time.
 */
#include "replay/mmu/wide_set.h"

#include "base/assert.h"
#include "base/bits.h"
#include "replay/mmu/key_index.h"

#define FREE PW_WIDE_SET_FREE
#define WAY_WORDS (sizeof(struct pw_wide_way) / sizeof(uint64_t))

size_t pw_wide_set_bytes(size_t ways)
{
	return sizeof(struct pw_wide_set) +
	       (ways + 1) * sizeof(struct pw_wide_way) +
	       pw_key_index_bytes(ways);
}

static inline struct pw_keys keys_of(const struct pw_wide_set *set)
{
	return (struct pw_keys){&set->way[0].page, WAY_WORDS};
}

static inline struct pw_key_index *index_of(struct pw_wide_set *set)
{
	return (struct pw_key_index *)(void *)&set->way[set->ways + 1];
}

void pw_wide_set_init(struct pw_wide_set *set, size_t ways)
{
	PW_ASSERT(ways < UINT32_MAX);
	set->ways = ways;
	for (uint32_t i = 0; i <= ways; i++) {
		set->way[i].page = FREE;
		set->way[i].older = i == ways ? 0 : i + 1;
		set->way[i].newer = i == 0 ? (uint32_t)ways : i - 1;
	}
	pw_key_index_init(index_of(set), ways);
}

static inline void cut_out(struct pw_wide_set *set, uint32_t way)
{
	const struct pw_wide_way *at = &set->way[way];

	set->way[at->newer].older = at->older;
	set->way[at->older].newer = at->newer;
}

/* Link a way that is cut out behind @newer. */
static inline void put_behind(struct pw_wide_set *set, uint32_t way,
			      uint32_t newer)
{
	struct pw_wide_way *at = &set->way[way];

	at->newer = newer;
	at->older = set->way[newer].older;
	set->way[at->older].newer = way;
	set->way[newer].older = way;
}

bool pw_wide_set_find(const struct pw_wide_set *set, uint64_t page)
{
	const struct pw_key_index *index =
		(const struct pw_key_index *)(const void *)&set
			->way[set->ways + 1];

	return pw_key_index_find(index, keys_of(set), page) != 0;
}

bool pw_wide_set_lookup(struct pw_wide_set *set, uint64_t page)
{
	uint32_t found = pw_key_index_find(index_of(set), keys_of(set), page);

	if (!found)
		return false;
	PW_DEBUG_ASSERT(found <= set->ways);
	cut_out(set, found - 1);
	put_behind(set, found - 1, (uint32_t)set->ways);
	return true;
}

void pw_wide_set_insert(struct pw_wide_set *set, uint64_t page)
{
	uint32_t head = (uint32_t)set->ways;
	uint32_t victim = set->way[head].newer;

	PW_DEBUG_ASSERT(page != FREE && victim < head);
	if (set->way[victim].page != FREE)
		pw_key_index_remove(index_of(set), keys_of(set), victim);
	set->way[victim].page = page;
	pw_key_index_add(index_of(set), keys_of(set), victim);
	cut_out(set, victim);
	put_behind(set, victim, head);
}

static void remove_way(struct pw_wide_set *set, uint32_t way)
{
	pw_key_index_remove(index_of(set), keys_of(set), way);
	set->way[way].page = FREE;
	cut_out(set, way);
	put_behind(set, way, set->way[set->ways].newer);
}

void pw_wide_set_remove(struct pw_wide_set *set, uint64_t first, uint64_t count)
{
	if (count < set->ways) {
		for (uint64_t i = 0; i < count; i++) {
			uint32_t found = pw_key_index_find(
				index_of(set), keys_of(set), first + i);

			if (found)
				remove_way(set, found - 1);
		}
		return;
	}
	for (uint32_t i = 0; i < set->ways; i++) {
		uint64_t page = set->way[i].page;

		if (page != FREE && page - first < count)
			remove_way(set, i);
	}
}
