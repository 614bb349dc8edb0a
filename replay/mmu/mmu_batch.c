/*
 * mmu_batch.c - many references to one core at a time.
 */
#include "replay/mmu/mmu_batch.h"

#include "base/assert.h"

/* Of the first level: loads and stores, and fetches. */
#define SIDES 2

struct pw_mmu_batch {
	struct pw_tlb_array *first[SIDES];
	struct pw_tlb_array *second;
	uint64_t key[SIDES][PW_MMU_BATCH + 1];
	uint8_t hit[SIDES][PW_MMU_BATCH + 1];
	/* Of operations that missed the first level, in order. */
	uint64_t missed[PW_MMU_BATCH + 1];
	uint8_t number[PW_MMU_BATCH + 1];
	uint8_t missed_hit[PW_MMU_BATCH];
};

_Static_assert(PW_MMU_BATCH <= UINT8_MAX, "a number of an operation fits");

/* Whether @array takes base pages one by one. */
static bool is_plain(const struct pw_mmu *mmu, const struct pw_tlb_array *array)
{
	return array && array->tlb.ops && array->group_order == 0 &&
	       mmu->run_order[0] == 0;
}

enum pw_status pw_mmu_batch_make(struct pw_mmu *mmu,
				 const struct pw_machine *machine,
				 struct pw_arena *arena, struct pw_error *err)
{
	struct pw_tlb_array *loads = mmu->side[PW_TLB_DATA].first[0];
	struct pw_tlb_array *fetches = mmu->side[PW_TLB_INSTRUCTION].first[0];
	struct pw_tlb_array *second = mmu->side[PW_TLB_DATA].second[0];
	struct pw_mmu_batch *batch;

	mmu->batch = NULL;
	if (mmu->stores_apart || mmu->prefetch_next || machine->pwc.in_stlb ||
	    mmu->side[PW_TLB_DATA].also ||
	    second != mmu->side[PW_TLB_INSTRUCTION].second[0] ||
	    !is_plain(mmu, loads) || !is_plain(mmu, fetches) ||
	    !is_plain(mmu, second))
		return PW_OK;
	batch = pw_arena_alloc(arena, 1, sizeof(*batch));
	if (!batch)
		return pw_fail_memory(err, "references");
	batch->first[0] = loads;
	batch->first[1] = fetches;
	batch->second = second;
	mmu->batch = batch;
	return PW_OK;
}

static void refer(struct pw_tlb_array *array, const uint64_t *key, size_t count,
		  uint8_t *hit)
{
	if (count == 0)
		return;
	array->seen |= 1;
	array->tlb.ops->refer(array->tlb.state, key, count, hit);
}

/* Refer to the first level, each side for itself. */
static void refer_first(struct pw_mmu *mmu, uint32_t asid,
			const struct pw_operation *operations, size_t count)
{
	struct pw_mmu_batch *batch = mmu->batch;
	size_t fetches = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t page = operations[i].page;
		uint64_t key = pw_tlb_key(
			page >= mmu->global_page ? PW_ASIDS : asid, 0, page);

		/* What is written for the other side is written over. */
		batch->key[0][i - fetches] = key;
		batch->key[1][fetches] = key;
		fetches += operations[i].kind == PW_OPERATION_FETCH;
	}
	refer(batch->first[0], batch->key[0], count - fetches, batch->hit[0]);
	refer(batch->first[1], batch->key[1], fetches, batch->hit[1]);
}

/* Find what missed the first level; how much it is. */
static size_t find_missed(struct pw_mmu *mmu,
			  const struct pw_operation *operations, size_t count)
{
	struct pw_mmu_batch *batch = mmu->batch;
	size_t fetches = 0, fetches_hit = 0, missed = 0;

	for (size_t i = 0; i < count; i++) {
		bool fetch = operations[i].kind == PW_OPERATION_FETCH;
		size_t at = fetch ? fetches : i - fetches;
		unsigned hit = batch->hit[fetch][at];

		batch->missed[missed] = batch->key[fetch][at];
		batch->number[missed] = (uint8_t)i;
		missed += !hit;
		fetches += fetch;
		fetches_hit += fetch & hit;
	}
	fetches -= fetches_hit;
	mmu->counters->itlb_misses += fetches;
	batch->first[1]->tally[0].misses += fetches;
	mmu->counters->dtlb_misses += missed - fetches;
	batch->first[0]->tally[0].misses += missed - fetches;
	return missed;
}

void pw_mmu_batch_refer(struct pw_mmu *mmu, uint32_t asid,
			const struct pw_operation *operations, size_t count)
{
	struct pw_mmu_batch *batch = mmu->batch;
	struct pw_counters *counters = mmu->counters;
	size_t missed, walks = 0;

	PW_ASSERT(batch && count <= PW_MMU_BATCH);
	refer_first(mmu, asid, operations, count);
	missed = find_missed(mmu, operations, count);
	refer(batch->second, batch->missed, missed, batch->missed_hit);
	for (size_t i = 0; i < missed; i++) {
		struct pw_reference reference;

		if (batch->missed_hit[i])
			continue;
		reference = pw_mmu_reference(mmu, &operations[batch->number[i]],
					     asid);
		pw_walker_walk(&mmu->walker, &reference);
		walks++;
	}
	counters->stlb_hits += missed - walks;
	counters->stlb_misses += walks;
	batch->second->tally[0].lookups += missed;
	batch->second->tally[0].misses += walks;
}
