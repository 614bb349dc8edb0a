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
			   struct pw_guest *guest, struct pw_counters *counters,
			   struct pw_arena *arena, struct pw_error *err)
{
	const struct pw_walker_parts parts = {&mmu->stlb, guest, counters};
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
		st = pw_walker_make(&mmu->walker, machine, &parts, arena, err);
	return st;
}

static void remember(struct pw_mmu_side *side,
		     const struct pw_reference *reference)
{
	uint64_t writable = (reference->leaf.pte & PW_PTE_WRITABLE) != 0;

	if (side->usable)
		side->recent[reference->page & side->mask] =
			pw_tlb_key(reference->asid, 0, reference->page) << 1 |
			writable;
}

static void count_miss(struct pw_mmu *mmu, enum pw_tlb_side side)
{
	if (side == PW_TLB_DATA)
		mmu->counters->dtlb_misses++;
	else
		mmu->counters->itlb_misses++;
}

/* Whether the STLB, if there is one, has @key. */
static bool find_in_stlb(struct pw_mmu *mmu, uint64_t key)
{
	if (!mmu->stlb.ops)
		return false;
	if (!mmu->stlb.ops->lookup(mmu->stlb.state, key)) {
		mmu->counters->stlb_misses++;
		return false;
	}
	mmu->counters->stlb_hits++;
	return true;
}

static void walk_to(struct pw_mmu *mmu, const struct pw_reference *reference,
		    uint64_t key)
{
	pw_walker_walk(&mmu->walker, reference);
	if (mmu->stlb.ops)
		mmu->stlb.ops->insert(mmu->stlb.state, key);
}

void pw_mmu_refer(struct pw_mmu *mmu, enum pw_tlb_side side,
		  const struct pw_reference *reference)
{
	struct pw_mmu_side *s = &mmu->side[side];
	uint64_t key = pw_tlb_key(reference->asid, 0, reference->page);

	PW_DEBUG_ASSERT(side < PW_TLB_SIDES);
	PW_DEBUG_ASSERT(reference->leaf.pte & PW_PTE_PRESENT);
	if (!s->l1.ops->lookup(s->l1.state, key)) {
		count_miss(mmu, side);
		if (!find_in_stlb(mmu, key))
			walk_to(mmu, reference, key);
		s->l1.ops->insert(s->l1.state, key);
	}
	remember(s, reference);
}

void pw_mmu_invalidate(struct pw_mmu *mmu, uint32_t asid, uint64_t first,
		       uint64_t count)
{
	uint64_t key = pw_tlb_key(asid, 0, first);

	PW_ASSERT(count > 0 && first + count > first);
	PW_ASSERT(first + count - 1 <= PW_KEY_PAGE);
	for (size_t i = 0; i < PW_TLB_SIDES; i++) {
		struct pw_mmu_side *side = &mmu->side[i];

		side->l1.ops->invalidate(side->l1.state, key, count);
		for (uint64_t j = 0; j <= side->mask && j < count; j++) {
			uint64_t *recent =
				&side->recent[(first + j) & side->mask];

			if ((*recent >> 1) - key < count)
				*recent = NO_PAGE;
		}
	}
	if (mmu->stlb.ops)
		mmu->stlb.ops->invalidate(mmu->stlb.state, key, count);
	pw_walker_invalidate(&mmu->walker, asid, first, count);
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
