/*
 * wide_set.c - one set of many ways with true LRU, in constant time.
 *
 * Source: for the hash with linear probing, Knuth, TAOCP vol. 3, 6.4,
 *         algorithms L and R.
 */
#include "replay/wide_set.h"

#include "base/assert.h"
#include "base/bits.h"

#define FREE PW_WIDE_SET_FREE
#define GOLDEN UINT64_C(0x9e3779b97f4a7c15) /* 2^64 by the golden ratio */

static uint32_t count_slots(size_t ways)
{
	PW_ASSERT(ways > 1 && ways <= UINT32_MAX / 8);
	return UINT32_C(4) << pw_log2(ways - 1);
}

size_t pw_wide_set_bytes(size_t ways)
{
	return sizeof(struct pw_wide_set) +
	       (ways + 1) * sizeof(struct pw_wide_way) +
	       count_slots(ways) * sizeof(uint32_t);
}

static inline uint32_t *slots_of(struct pw_wide_set *set)
{
	return (uint32_t *)(void *)&set->way[set->ways + 1];
}

void pw_wide_set_init(struct pw_wide_set *set, size_t ways)
{
	memset(set, 0, pw_wide_set_bytes(ways));
	set->ways = (uint32_t)ways;
	set->slots = count_slots(ways);
	set->shift = 64 - pw_log2(set->slots);
	PW_ASSERT(pw_is_pow2(set->slots) && set->slots >= 2 * ways);
	for (uint32_t i = 0; i <= set->ways; i++) {
		set->way[i].page = FREE;
		set->way[i].older = i == set->ways ? 0 : i + 1;
		set->way[i].newer = i == 0 ? set->ways : i - 1;
	}
}

static inline uint32_t home_of(const struct pw_wide_set *set, uint64_t page)
{
	return (uint32_t)(page * GOLDEN >> set->shift);
}

/* The slot of @page, or the empty one where it would be. */
static inline uint32_t *probe(struct pw_wide_set *set, uint64_t page)
{
	uint32_t *slots = slots_of(set);
	uint32_t i = home_of(set, page);

	while (slots[i] && set->way[slots[i] - 1].page != page)
		i = (i + 1) & (set->slots - 1);
	return &slots[i];
}

/* Empty slot @hole and close the gap. */
static void close_gap(struct pw_wide_set *set, uint32_t hole)
{
	uint32_t *slots = slots_of(set);
	uint32_t mask = set->slots - 1;

	for (uint32_t i = (hole + 1) & mask; slots[i]; i = (i + 1) & mask) {
		uint32_t home = home_of(set, set->way[slots[i] - 1].page);

		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		slots[hole] = slots[i];
		hole = i;
	}
	slots[hole] = 0;
}

static inline void cut_out(struct pw_wide_set *set, uint32_t index)
{
	const struct pw_wide_way *way = &set->way[index];

	set->way[way->newer].older = way->older;
	set->way[way->older].newer = way->newer;
}

/* Link a way that is cut out behind @newer. */
static inline void put_behind(struct pw_wide_set *set, uint32_t index,
			      uint32_t newer)
{
	struct pw_wide_way *way = &set->way[index];

	way->newer = newer;
	way->older = set->way[newer].older;
	set->way[way->older].newer = index;
	set->way[newer].older = index;
}

bool pw_wide_set_lookup(struct pw_wide_set *set, uint64_t page)
{
	uint32_t found = *probe(set, page);

	if (!found)
		return false;
	PW_DEBUG_ASSERT(found <= set->ways);
	cut_out(set, found - 1);
	put_behind(set, found - 1, set->ways);
	return true;
}

static void forget(struct pw_wide_set *set, uint32_t *slot)
{
	PW_DEBUG_ASSERT(*slot);
	set->way[*slot - 1].page = FREE;
	close_gap(set, (uint32_t)(slot - slots_of(set)));
}

void pw_wide_set_insert(struct pw_wide_set *set, uint64_t page)
{
	uint32_t victim = set->way[set->ways].newer;

	PW_DEBUG_ASSERT(page != FREE && victim < set->ways);
	if (set->way[victim].page != FREE)
		forget(set, probe(set, set->way[victim].page));
	set->way[victim].page = page;
	*probe(set, page) = victim + 1;
	cut_out(set, victim);
	put_behind(set, victim, set->ways);
}

static void remove_page(struct pw_wide_set *set, uint64_t page)
{
	uint32_t *slot = probe(set, page);
	uint32_t index = *slot - 1;

	if (!*slot)
		return;
	forget(set, slot);
	cut_out(set, index);
	put_behind(set, index, set->way[set->ways].newer);
}

void pw_wide_set_remove(struct pw_wide_set *set, uint64_t first, uint64_t count)
{
	if (count < set->ways) {
		for (uint64_t i = 0; i < count; i++)
			remove_page(set, first + i);
		return;
	}
	for (uint32_t i = 0; i < set->ways; i++) {
		uint64_t page = set->way[i].page;

		if (page != FREE && page - first < count)
			remove_page(set, page);
	}
}
