/*
 * mmu.c - TLBs and page-walk caches of one core.
 */
#include "replay/mmu/mmu.h"

#include "base/assert.h"
#include "base/bits.h"

/* ---- names ---- */

static unsigned order_of(const struct pw_mmu *mmu,
			 const struct pw_tlb_array *array, unsigned class)
{
	if (class >= PW_CLASS_CONTIGUOUS)
		return mmu->run_order[class - PW_CLASS_CONTIGUOUS];
	return class == PW_CLASS_GROUP ? array->group_order : mmu->order[class];
}

/* The class in @array of what a leaf at @height maps, where it is not in a
 * group. */
static unsigned class_of(const struct pw_mmu *mmu,
			 const struct pw_tlb_array *array, unsigned height)
{
	PW_DEBUG_ASSERT(height < PW_TLB_HEIGHTS);
	return mmu->held[height] < array->largest ? mmu->held[height]
						  : array->largest;
}

/* What @array calls base page @page in an entry of @class. */
static inline uint64_t name_of(const struct pw_mmu *mmu,
			       const struct pw_tlb_array *array, unsigned class,
			       uint32_t asid, uint64_t page)
{
	if (page >= mmu->global_page)
		asid = PW_ASIDS;
	if (class == 0)
		return pw_tlb_key(asid, 0, page);
	return pw_tlb_key(asid, class, page >> order_of(mmu, array, class));
}

/* ---- look-ups and fills ---- */

/* The class in @array of the run that a leaf at @height may be one of; 0: the
 * array holds no such runs. */
static unsigned run_class(const struct pw_mmu *mmu,
			  const struct pw_tlb_array *array, unsigned height)
{
	return height < PW_CONTIGUOUS_HEIGHTS && mmu->run_order[height] &&
			       height < array->largest
		       ? PW_CLASS_CONTIGUOUS + height
		       : 0;
}

/* Look the groups up that hold @reference, whose class by itself is *class. */
static bool look_up_groups(struct pw_mmu *mmu, struct pw_tlb_array *array,
			   const struct pw_reference *reference,
			   unsigned *class)
{
	const struct pw_tlb *tlb = &array->tlb;
	const unsigned classes[] = {
		*class == 0 ? PW_CLASS_GROUP : 0,
		run_class(mmu, array, reference->leaf.height),
	};

	for (size_t i = 0; i < PW_COUNT(classes); i++) {
		if (!classes[i] || !(array->seen & 1U << classes[i]) ||
		    !tlb->ops->lookup(tlb->state,
				      name_of(mmu, array, classes[i],
					      reference->asid,
					      reference->page)))
			continue;
		*class = classes[i];
		return true;
	}
	return false;
}

/* Look @reference up; *class is that of the entry, or of the one to be put
 * in. */
static inline bool look_up(struct pw_mmu *mmu, struct pw_tlb_array *array,
			   const struct pw_reference *reference,
			   unsigned *class)
{
	const struct pw_tlb *tlb = &array->tlb;
	uint32_t asid = reference->asid;
	uint64_t page = reference->page;

	*class = class_of(mmu, array, reference->leaf.height);
	if (!tlb->ops)
		return false;
	if (tlb->ops->lookup(tlb->state,
			     name_of(mmu, array, *class, asid, page)))
		return true;
	return array->seen >> PW_CLASS_GROUP &&
	       look_up_groups(mmu, array, reference, class);
}

/* Drop the entries of @member that are parts of the group @class of
 * @reference: the group's entry takes their place. */
static void drop_members(struct pw_mmu *mmu, struct pw_tlb_array *array,
			 const struct pw_reference *reference, unsigned class,
			 unsigned member)
{
	unsigned order = order_of(mmu, array, class);
	uint64_t first = reference->page >> order << order;

	if (array->seen & 1U << member)
		array->tlb.ops->invalidate(
			array->tlb.state,
			name_of(mmu, array, member, reference->asid, first),
			(uint64_t)1 << (order - order_of(mmu, array, member)));
}

/* The class of the largest group that @reference can be put in with, whose
 * class by itself is @class; that one when there is none. */
static unsigned choose_group(struct pw_mmu *mmu, struct pw_tlb_array *array,
			     const struct pw_reference *reference,
			     unsigned class)
{
	unsigned order = array->group_order;
	unsigned run = run_class(mmu, array, reference->leaf.height);

	if (run && reference->neighbours & PW_NEIGHBOUR_CONTIGUOUS)
		return run;
	return class == 0 && order > 0 &&
			       reference->neighbours & pw_neighbour_group(order)
		       ? PW_CLASS_GROUP
		       : class;
}

/* Put in the page of @reference, which is not there, and give its class. */
static unsigned fill(struct pw_mmu *mmu, struct pw_tlb_array *array,
		     const struct pw_reference *reference)
{
	const struct pw_tlb *tlb = &array->tlb;
	uint32_t asid = reference->asid;
	uint64_t page = reference->page;
	unsigned single = class_of(mmu, array, reference->leaf.height);
	unsigned class = single;

	if (!tlb->ops)
		return class;
	if (reference->neighbours)
		class = choose_group(mmu, array, reference, single);
	if (class != single)
		drop_members(mmu, array, reference, class, single);
	if (class > PW_CLASS_GROUP && single == 0)
		drop_members(mmu, array, reference, class, PW_CLASS_GROUP);
	tlb->ops->insert(tlb->state, name_of(mmu, array, class, asid, page));
	array->seen |= 1U << class;
	return class;
}

/* The array of the second level for @reference, or NULL. */
static struct pw_tlb_array *second_of(const struct pw_mmu *mmu,
				      const struct pw_mmu_side *side,
				      const struct pw_reference *reference)
{
	struct pw_tlb_array *array = side->second[reference->leaf.height];

	if (side->also && class_of(mmu, array, reference->leaf.height) == 0 &&
	    reference->page / side->also_sets % 2)
		array = side->also;
	return array;
}

/* Whether @array has an entry for @reference, whose class by itself is @class.
 */
static bool holds(const struct pw_mmu *mmu, const struct pw_tlb_array *array,
		  const struct pw_reference *reference, unsigned class)
{
	const unsigned classes[] = {
		class,
		class == 0 && array->group_order ? PW_CLASS_GROUP : class,
		run_class(mmu, array, reference->leaf.height),
	};

	for (size_t i = 0; i < PW_COUNT(classes); i++)
		if ((i == 0 || classes[i]) &&
		    array->tlb.ops->holds(array->tlb.state,
					  name_of(mmu, array, classes[i],
						  reference->asid,
						  reference->page)))
			return true;
	return false;
}

/* Put the page after that of @reference in, if it is mapped as that is. */
static void prefetch_next(struct pw_mmu *mmu, const struct pw_mmu_side *side,
			  const struct pw_reference *reference)
{
	unsigned height = reference->leaf.height;
	uint64_t next =
		reference->leaf.first + ((uint64_t)1 << mmu->order[height]);
	struct pw_reference after = {
		.page = next,
		.leaf = {.first = next,
			 .pte = reference->leaf.pte,
			 .height = height},
		.asid = reference->asid,
		.space = reference->space,
		.neighbours = pw_neighbours_of_next(reference->neighbours),
	};
	struct pw_tlb_array *array;
	unsigned class;

	if (!(reference->neighbours & PW_NEIGHBOUR_NEXT))
		return;
	array = second_of(mmu, side, &after);
	class = class_of(mmu, array, height);
	if (!array->tlb.ops || holds(mmu, array, &after, class))
		return;
	(void)fill(mmu, array, &after);
	array->tally[class].prefetches++;
	mmu->counters->tlb_prefetches++;
}

/* What an L1 TLB miss does. */
static void refer_to_second(struct pw_mmu *mmu, const struct pw_mmu_side *side,
			    const struct pw_reference *reference)
{
	struct pw_tlb_array *array = second_of(mmu, side, reference);
	struct pw_tlb_tally *tally;
	unsigned class;

	if (!array) {
		pw_walker_walk(&mmu->walker, reference);
		return;
	}
	tally = &array->tally[class_of(mmu, array, reference->leaf.height)];
	tally->lookups++;
	if (look_up(mmu, array, reference, &class)) {
		mmu->counters->stlb_hits++;
		return;
	}
	tally->misses++;
	mmu->counters->stlb_misses++;
	pw_walker_walk(&mmu->walker, reference);
	(void)fill(mmu, array, reference);
	if (mmu->prefetch_next)
		prefetch_next(mmu, side, reference);
}

static void count_miss(struct pw_mmu *mmu, enum pw_tlb_side side)
{
	if (side == PW_TLB_INSTRUCTION)
		mmu->counters->itlb_misses++;
	else
		mmu->counters->dtlb_misses++;
}

void pw_mmu_refer(struct pw_mmu *mmu, enum pw_tlb_side side,
		  const struct pw_reference *reference)
{
	struct pw_mmu_side *s = &mmu->side[side];
	unsigned height = reference->leaf.height;
	struct pw_tlb_array *array = s->first[height];
	unsigned class;

	PW_DEBUG_ASSERT(side < PW_TLB_SIDES && height < PW_TLB_HEIGHTS);
	PW_DEBUG_ASSERT(reference->leaf.pte & PW_PTE_PRESENT);
	if (look_up(mmu, array, reference, &class))
		return;
	count_miss(mmu, side);
	array->tally[class].misses++;
	refer_to_second(mmu, s, reference);
	(void)fill(mmu, array, reference);
}

/* ---- invalidation ---- */

/* Drop base pages [first, last], which are all global or none. */
static void invalidate(struct pw_mmu *mmu, struct pw_tlb_array *array,
		       uint32_t asid, uint64_t first, uint64_t last)
{
	const struct pw_tlb *tlb = &array->tlb;

	for (unsigned class = 0; class < PW_CLASSES; class ++) {
		unsigned order;

		if (!(array->seen & 1U << class))
			continue;
		order = order_of(mmu, array, class);
		tlb->ops->invalidate(tlb->state,
				     name_of(mmu, array, class, asid, first),
				     (last >> order) - (first >> order) + 1);
	}
}

static void invalidate_all(struct pw_mmu *mmu, uint32_t asid, uint64_t first,
			   uint64_t last)
{
	for (size_t i = 0; i < PW_TLB_ARRAYS; i++)
		if (mmu->array[i].seen)
			invalidate(mmu, &mmu->array[i], asid, first, last);
}

void pw_mmu_invalidate(struct pw_mmu *mmu, uint32_t asid, uint64_t first,
		       uint64_t count)
{
	uint64_t last = first + count - 1;

	PW_ASSERT(count > 0 && last >= first && last <= PW_KEY_PAGE);
	if (first < mmu->global_page)
		invalidate_all(mmu, asid, first,
			       last < mmu->global_page ? last
						       : mmu->global_page - 1);
	if (last >= mmu->global_page)
		invalidate_all(mmu, asid,
			       first > mmu->global_page ? first
							: mmu->global_page,
			       last);
	pw_walker_invalidate(&mmu->walker, asid, first, count);
}

void pw_mmu_flush_space(struct pw_mmu *mmu, uint32_t asid)
{
	PW_ASSERT(asid < PW_ASIDS);
	for (size_t i = 0; i < PW_TLB_ARRAYS; i++) {
		struct pw_tlb_array *array = &mmu->array[i];

		if (array->seen)
			array->tlb.ops->invalidate(
				array->tlb.state, pw_tlb_key(asid, 0, 0),
				(uint64_t)1 << PW_KEY_ASID_SHIFT);
	}
	pw_walker_invalidate(&mmu->walker, asid, 0, PW_KEY_PAGE + 1);
}

void pw_mmu_flush(struct pw_mmu *mmu)
{
	for (size_t i = 0; i < PW_TLB_ARRAYS; i++) {
		struct pw_tlb_array *array = &mmu->array[i];

		if (array->tlb.ops)
			array->tlb.ops->flush(array->tlb.state);
	}
	pw_walker_flush(&mmu->walker);
}

/* ---- counters ---- */

/* The look-ups of an array of the first level by references of @kind. */
static void settle_kind(const struct pw_machine *machine,
			struct pw_counters *counters, enum pw_tlb_array_id base,
			enum pw_reference_kind kind, uint64_t references)
{
	for (unsigned h = 1; h < PW_TLB_HEIGHTS; h++) {
		uint64_t large = counters->reference_large[kind][h];
		unsigned held = pw_walker_held_height(machine, h);
		size_t array = pw_mmu_first_array(machine, base, held);
		unsigned most = pw_tlb_largest(&machine->tlb[array]);

		counters->tlb[array][held < most ? held : most].lookups +=
			large;
		references -= large;
	}
	counters->tlb[base][0].lookups += references;
}

void pw_mmu_settle(const struct pw_machine *machine,
		   struct pw_counters *counters)
{
	bool apart = pw_tlb_is_declared(&machine->l1s);
	uint64_t loads = counters->reference_data - counters->reference_store;

	for (size_t i = 0; i < PW_TLB_ARRAY_stlb; i++)
		for (size_t h = 0; h < PW_TLB_HEIGHTS; h++)
			counters->tlb[i][h].lookups = 0;
	settle_kind(machine, counters, PW_TLB_ARRAY_l1d, PW_REFERENCE_LOAD,
		    loads);
	settle_kind(machine, counters,
		    apart ? PW_TLB_ARRAY_l1s : PW_TLB_ARRAY_l1d,
		    PW_REFERENCE_STORE, counters->reference_store);
	settle_kind(machine, counters, PW_TLB_ARRAY_l1i, PW_REFERENCE_FETCH,
		    counters->reference_instruction);
}
