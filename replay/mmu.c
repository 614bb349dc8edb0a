/*
 * mmu.c - TLBs of one processor, behind an exact filter.
 *
 * Source: for the filter, Puzak's trace stripping as in Wang & Baer, "Efficient
 *         trace-driven simulation methods for cache performance analysis"
 *         (1991).
 */
#include "replay/mmu.h"

#include "base/assert.h"
#include "base/bits.h"

#define NO_PAGE UINT64_MAX
#define FILTER_MAX 4096

static void forget(struct pw_mmu_side *side)
{
	for (uint64_t i = 0; i <= side->mask; i++)
		side->recent[i] = NO_PAGE;
}

static enum pw_status make_side(struct pw_mmu_side *side,
				const struct pw_tlb_choice *choice,
				struct pw_arena *arena, struct pw_error *err)
{
	uint64_t classes = choice->ops->filter_sets(&choice->config);

	side->usable = classes != 0;
	if (classes == 0)
		classes = 1;
	if (classes > FILTER_MAX)
		classes = FILTER_MAX;
	PW_ASSERT(pw_is_pow2(classes));
	side->mask = classes - 1;
	side->recent =
		pw_arena_alloc(arena, (size_t)classes, sizeof(*side->recent));
	if (!side->recent)
		return pw_fail_memory(err, "a TLB filter");
	forget(side);
	return pw_tlb_make(&side->l1, choice, arena, err);
}

enum pw_status pw_mmu_make(struct pw_mmu *mmu, const struct pw_machine *machine,
			   struct pw_counters *counters, struct pw_arena *arena,
			   struct pw_error *err)
{
	enum pw_status st;

	memset(mmu, 0, sizeof(*mmu));
	PW_ASSERT(machine->l1d.ops && machine->l1i.ops);
	mmu->counters = counters;
	st = make_side(&mmu->side[PW_TLB_DATA], &machine->l1d, arena, err);
	if (st == PW_OK)
		st = make_side(&mmu->side[PW_TLB_INSTRUCTION], &machine->l1i,
			       arena, err);
	if (st == PW_OK)
		st = pw_tlb_make(&mmu->stlb, &machine->stlb, arena, err);
	if (st == PW_OK)
		st = pw_walker_make(&mmu->walker, machine, arena, err);
	return st;
}

static void remember(struct pw_mmu_side *side, uint64_t page, bool writable)
{
	if (side->usable)
		side->recent[page & side->mask] = page << 1 | writable;
}

bool pw_mmu_lookup(struct pw_mmu *mmu, enum pw_tlb_side side, uint64_t page,
		   bool writable)
{
	struct pw_mmu_side *s = &mmu->side[side];

	PW_DEBUG_ASSERT(side < PW_TLB_SIDES);
	if (!s->l1.ops->lookup(s->l1.state, page))
		return false;
	remember(s, page, writable);
	return true;
}

/* Let @page, which missed, enter the L1 TLB of @side. */
static void fill(struct pw_mmu_side *side, uint64_t page, bool writable)
{
	side->l1.ops->insert(side->l1.state, page);
	remember(side, page, writable);
}

bool pw_mmu_lookup_stlb(struct pw_mmu *mmu, enum pw_tlb_side side,
			uint64_t page, bool writable)
{
	PW_DEBUG_ASSERT(side < PW_TLB_SIDES);
	if (side == PW_TLB_DATA)
		mmu->counters->dtlb_misses++;
	else
		mmu->counters->itlb_misses++;
	if (!mmu->stlb.ops)
		return false;
	if (!mmu->stlb.ops->lookup(mmu->stlb.state, page)) {
		mmu->counters->stlb_misses++;
		return false;
	}
	mmu->counters->stlb_hits++;
	fill(&mmu->side[side], page, writable);
	return true;
}

void pw_mmu_walk(struct pw_mmu *mmu, enum pw_tlb_side side, uint64_t page,
		 bool writable)
{
	struct pw_walk walk = pw_walker_walk(&mmu->walker, page);

	PW_DEBUG_ASSERT(side < PW_TLB_SIDES);
	mmu->counters->walk_count++;
	mmu->counters->walk_references += walk.references;
	mmu->counters->pwc_hits += walk.cache_hit;
	if (mmu->stlb.ops)
		mmu->stlb.ops->insert(mmu->stlb.state, page);
	fill(&mmu->side[side], page, writable);
}

void pw_mmu_invalidate(struct pw_mmu *mmu, uint64_t first, uint64_t count)
{
	PW_ASSERT(count > 0 && first + count > first);
	for (size_t i = 0; i < PW_TLB_SIDES; i++) {
		struct pw_mmu_side *side = &mmu->side[i];

		side->l1.ops->invalidate(side->l1.state, first, count);
		for (uint64_t j = 0; j <= side->mask && j < count; j++) {
			uint64_t *recent =
				&side->recent[(first + j) & side->mask];

			if ((*recent >> 1) - first < count)
				*recent = NO_PAGE;
		}
	}
	if (mmu->stlb.ops)
		mmu->stlb.ops->invalidate(mmu->stlb.state, first, count);
	pw_walker_flush(&mmu->walker);
}

void pw_mmu_flush(struct pw_mmu *mmu)
{
	for (size_t i = 0; i < PW_TLB_SIDES; i++) {
		struct pw_mmu_side *side = &mmu->side[i];

		side->l1.ops->flush(side->l1.state);
		forget(side);
	}
	if (mmu->stlb.ops)
		mmu->stlb.ops->flush(mmu->stlb.state);
	pw_walker_flush(&mmu->walker);
}
