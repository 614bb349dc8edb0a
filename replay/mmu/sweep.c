/*
 * sweep.c - LRU TLBs of all numbers of sets and ways in one pass.
 */
#include "replay/mmu/sweep.h"

#include "base/assert.h"

#define FREE UINT64_MAX
#define SETS_ALL (((uint64_t)1 << PW_SWEEP_LEVELS) - 1) /* of all levels */

/* The set of @key with 2^@level sets. Lists of a level follow each other. */
static uint64_t *set_at(struct pw_sweep *sweep, unsigned level, uint64_t key)
{
	uint64_t sets = (uint64_t)1 << level;

	return sweep->list + (sets - 1 + (key & (sets - 1))) * PW_SWEEP_WAYS;
}

enum pw_status pw_sweep_make(struct pw_sweep *sweep, struct pw_arena *arena,
			     struct pw_error *err)
{
	size_t entries = (size_t)SETS_ALL * PW_SWEEP_WAYS;

	memset(sweep, 0, sizeof(*sweep));
	sweep->list = pw_arena_alloc(arena, entries, sizeof(*sweep->list));
	if (!sweep->list)
		return pw_fail_memory(err, "a sweep");
	for (size_t i = 0; i < entries; i++)
		sweep->list[i] = FREE;
	return PW_OK;
}

/*
 * Move @key to the front; the place where it was, or PW_SWEEP_WAYS. A TLB of n
 * ways holds what is in the first n places. So a free place stays where it is
 * until a TLB that has it takes a page in; and where the key was behind it, the
 * larger TLBs, which hit, keep a free place.
 */
static unsigned use(uint64_t *set, uint64_t key)
{
	uint64_t above = key;
	unsigned place = 0;

	for (; place < PW_SWEEP_WAYS; place++) {
		uint64_t here = set[place];

		set[place] = above;
		if (here == key)
			return place;
		if (here == FREE)
			break;
		above = here;
	}
	for (place++; place < PW_SWEEP_WAYS; place++) {
		if (set[place] == key) {
			set[place] = FREE;
			return place;
		}
	}
	return PW_SWEEP_WAYS;
}

void pw_sweep_refer(struct pw_sweep *sweep, uint64_t key)
{
	PW_DEBUG_ASSERT(key != FREE);
	sweep->seen++;
	for (unsigned level = 0; level < PW_SWEEP_LEVELS; level++) {
		unsigned place = use(set_at(sweep, level, key), key);

		if (place < PW_SWEEP_WAYS)
			sweep->hits[level][place]++;
		/* Counted for this level, it counts for those after it. */
		if (place == 0)
			return;
	}
}

/* Remove keys of one set; their places become free. */
static void sweep_set(uint64_t *set, uint64_t first, uint64_t count)
{
	for (size_t i = 0; i < PW_SWEEP_WAYS; i++) {
		if (set[i] - first < count)
			set[i] = FREE;
	}
}

void pw_sweep_invalidate(struct pw_sweep *sweep, uint64_t first, uint64_t count)
{
	PW_ASSERT(count > 0);
	for (unsigned level = 0; level < PW_SWEEP_LEVELS; level++) {
		uint64_t sets = (uint64_t)1 << level;

		if (sets > count)
			sets = count;
		for (uint64_t i = 0; i < sets; i++)
			sweep_set(set_at(sweep, level, first + i), first,
				  count);
	}
}

uint64_t pw_sweep_misses(const struct pw_sweep *sweep, unsigned level,
			 unsigned ways)
{
	uint64_t hits = 0;

	PW_ASSERT(level < PW_SWEEP_LEVELS);
	PW_ASSERT(ways > 0 && ways <= PW_SWEEP_WAYS);
	for (unsigned coarser = 0; coarser < level; coarser++)
		hits += sweep->hits[coarser][0];
	for (unsigned place = 0; place < ways; place++)
		hits += sweep->hits[level][place];
	PW_ASSERT(hits <= sweep->seen);
	return sweep->seen - hits;
}
