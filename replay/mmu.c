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

/* Pages from here on are the kernel's, the same in all spaces. */
#define GLOBAL_PAGE ((uint64_t)1 << (PW_KEY_PAGE_BITS - 1))

static void forget(struct pw_tlb_array *array)
{
	for (uint64_t i = 0;
	     array->recent && i < PW_CLASSES * (array->mask + 1); i++)
		array->recent[i] = NO_PAGE;
}

void pw_mmu_map(struct pw_mmu *mmu, const struct pw_page_table_ops *ops,
		void *table)
{
	mmu->table_ops = ops;
	mmu->table = table;
}

/* ---- names ---- */

static unsigned order_of(const struct pw_mmu *mmu,
			 const struct pw_tlb_array *array, unsigned class)
{
	return class == PW_CLASS_GROUP ? array->group_order : mmu->order[class];
}

/* The class of @height in @array, where it is not in a group. */
static unsigned class_of(const struct pw_tlb_array *array, unsigned height)
{
	PW_DEBUG_ASSERT(height < PW_TLB_HEIGHTS);
	return height < array->largest ? height : array->largest;
}

/* What @array calls base page @page in an entry of @class. */
static inline uint64_t name_of(const struct pw_mmu *mmu,
			       const struct pw_tlb_array *array, unsigned class,
			       uint32_t asid, uint64_t page)
{
	if (page >= GLOBAL_PAGE)
		asid = PW_ASIDS;
	if (class == 0)
		return pw_tlb_key(asid, 0, page);
	return pw_tlb_key(asid, class, page >> order_of(mmu, array, class));
}

/* ---- the filter ---- */

static uint64_t *recent_of(const struct pw_tlb_array *array, unsigned class,
			   uint64_t number)
{
	return &array->recent[class * (array->mask + 1) +
			      (number & array->mask)];
}

/* Let the filter look for @class in @array from now on. */
static void open_lane(struct pw_mmu_side *side, struct pw_tlb_array *array,
		      unsigned class)
{
	for (unsigned i = 0; i < side->lanes; i++)
		if (side->lane[i].array == array &&
		    side->lane[i].class == class)
			return;
	PW_ASSERT(side->lanes < PW_MMU_LANES_MAX);
	side->lane[side->lanes++] = (struct pw_mmu_lane){array, class};
}

/*
 * Remember what was touched last in a residue class of an array: one entry, of
 * whatever class. So the slots of other classes for the same residue go. Where
 * there is but one residue, the slot of single base pages can hold what was
 * touched last in any case: all touches use it.
 */
static void remember_large(struct pw_mmu *mmu, struct pw_mmu_side *side,
			   struct pw_tlb_array *array, unsigned class,
			   const struct pw_reference *reference)
{
	uint64_t number = reference->page >> order_of(mmu, array, class);
	uint64_t writable = (reference->leaf.pte & PW_PTE_WRITABLE) != 0;
	uint64_t single =
		pw_tlb_key(reference->asid, 0, reference->page) << 1 | writable;

	if (class != 0)
		open_lane(side, array, class);
	for (unsigned i = 0; i < side->lanes; i++)
		if (side->lane[i].array == array)
			*recent_of(array, side->lane[i].class, number) =
				NO_PAGE;
	*recent_of(array, 0, number) =
		class == 0 || (class == PW_CLASS_GROUP && array->mask == 0)
			? single
			: NO_PAGE;
	if (class != 0)
		*recent_of(array, class, number) =
			pw_tlb_key(reference->asid, class, number) << 1 |
			writable;
}

static inline void remember(struct pw_mmu *mmu, struct pw_mmu_side *side,
			    struct pw_tlb_array *array, unsigned class,
			    const struct pw_reference *reference)
{
	uint64_t page = reference->page;
	uint64_t writable = (reference->leaf.pte & PW_PTE_WRITABLE) != 0;

	if (!array->usable)
		return;
	if (class != 0 || side->lanes > 0)
		remember_large(mmu, side, array, class, reference);
	else
		array->recent[page & array->mask] =
			pw_tlb_key(reference->asid, 0, page) << 1 | writable;
}

static void forget_range(const struct pw_mmu *mmu, struct pw_tlb_array *array,
			 unsigned class, uint64_t first, uint64_t last)
{
	unsigned order = order_of(mmu, array, class);
	uint64_t mask = pw_tlb_key(0, PW_CLASSES - 1, PW_KEY_PAGE);
	uint64_t key = pw_tlb_key(0, class, first >> order);
	uint64_t count = (last >> order) - (first >> order) + 1;

	for (uint64_t i = 0; i <= array->mask && i < count; i++) {
		uint64_t *recent = recent_of(array, class, key + i);

		if (((*recent >> 1) & mask) - key < count)
			*recent = NO_PAGE;
	}
}

static uint32_t sum_of(const struct pw_mmu_record *record)
{
	return record->loads + record->stores + record->fetches;
}

/* Whether one side makes all references of @record. */
static bool is_of_one_side(const struct pw_mmu *mmu,
			   const struct pw_mmu_record *record)
{
	return !mmu->stores_apart || !record->loads || !record->stores;
}

bool pw_mmu_is_recent_large(struct pw_mmu *mmu, enum pw_tlb_side side,
			    uint32_t asid, uint64_t page, bool write,
			    const struct pw_mmu_record *record)
{
	const struct pw_mmu_side *s = &mmu->side[side];

	for (unsigned i = 0; i < s->lanes; i++) {
		const struct pw_mmu_lane *lane = &s->lane[i];
		unsigned order = order_of(mmu, lane->array, lane->class);
		uint64_t key = pw_tlb_key(asid, lane->class, page >> order);

		if ((*recent_of(lane->array, lane->class, key) | !write) !=
		    (key << 1 | 1))
			continue;
		if (!is_of_one_side(mmu, record))
			return false;
		if (lane->class != PW_CLASS_GROUP)
			lane->array->tally[lane->class].lookups +=
				sum_of(record);
		return true;
	}
	return false;
}

/* ---- look-ups and fills ---- */

/* Look @reference up; *class is that of the entry, or of the one to be put
 * in. */
static inline bool look_up(struct pw_mmu *mmu, struct pw_tlb_array *array,
			   const struct pw_reference *reference,
			   unsigned *class)
{
	const struct pw_tlb *tlb = &array->tlb;
	uint32_t asid = reference->asid;
	uint64_t page = reference->page;

	*class = class_of(array, reference->leaf.height);
	if (!tlb->ops)
		return false;
	if (tlb->ops->lookup(tlb->state,
			     name_of(mmu, array, *class, asid, page)))
		return true;
	if (*class != 0 || !(array->seen & 1U << PW_CLASS_GROUP) ||
	    !tlb->ops->lookup(tlb->state,
			      name_of(mmu, array, PW_CLASS_GROUP, asid, page)))
		return false;
	*class = PW_CLASS_GROUP;
	return true;
}

/* Whether the aligned group of @page is mapped alike, and not to one frame. */
static bool is_group(const struct pw_mmu *mmu, unsigned order, uint64_t page)
{
	uint64_t first = page >> order << order;
	uint64_t pte = 0;

	if (!mmu->table_ops)
		return false;
	for (uint64_t i = 0; i < (uint64_t)1 << order; i++) {
		struct pw_leaf leaf;

		if (!mmu->table_ops->find(mmu->table, first + i, &leaf) ||
		    leaf.pte & PW_PTE_ZERO || (i > 0 && leaf.pte != pte))
			return false;
		pte = leaf.pte;
	}
	return true;
}

/* Drop the single pages of the group that begins with @first: the group's entry
 * takes their place. */
static void drop_members(struct pw_mmu *mmu, struct pw_tlb_array *array,
			 uint32_t asid, uint64_t first)
{
	uint64_t count = (uint64_t)1 << array->group_order;

	array->tlb.ops->invalidate(array->tlb.state,
				   name_of(mmu, array, 0, asid, first), count);
	if (array->recent)
		forget_range(mmu, array, 0, first, first + count - 1);
}

/* Put in the page of @reference, which is not there, and give its class. */
static unsigned fill(struct pw_mmu *mmu, struct pw_tlb_array *array,
		     const struct pw_reference *reference)
{
	const struct pw_tlb *tlb = &array->tlb;
	uint32_t asid = reference->asid;
	uint64_t page = reference->page;
	unsigned order = array->group_order;
	unsigned class = class_of(array, reference->leaf.height);

	if (!tlb->ops)
		return class;
	if (class == 0 && order > 0 && is_group(mmu, order, page)) {
		class = PW_CLASS_GROUP;
		drop_members(mmu, array, asid, page >> order << order);
	}
	tlb->ops->insert(tlb->state, name_of(mmu, array, class, asid, page));
	array->seen |= 1U << class;
	return class;
}

static void walk(struct pw_mmu *mmu, const struct pw_reference *reference)
{
	struct pw_walk walk = pw_walker_walk(&mmu->walker, reference);

	mmu->counters->walk_count++;
	mmu->counters->walk_references += walk.references;
	mmu->counters->pwc_hits += walk.cache_hit;
}

/* The array of the second level for @reference, or NULL. */
static struct pw_tlb_array *second_of(const struct pw_mmu_side *side,
				      const struct pw_reference *reference)
{
	struct pw_tlb_array *array = side->second[reference->leaf.height];

	if (side->also && class_of(array, reference->leaf.height) == 0 &&
	    reference->page / side->also_sets % 2)
		array = side->also;
	return array;
}

/* Put the page after that of @reference in, if it is mapped as that is. */
static void prefetch_next(struct pw_mmu *mmu, const struct pw_mmu_side *side,
			  const struct pw_reference *reference)
{
	unsigned height = reference->leaf.height;
	uint64_t next =
		reference->leaf.first + ((uint64_t)1 << mmu->order[height]);
	struct pw_reference after = {.page = next, .asid = reference->asid};
	struct pw_tlb_array *array;
	unsigned class;

	if (next > PW_KEY_PAGE || !mmu->table_ops ||
	    !mmu->table_ops->find(mmu->table, next, &after.leaf) ||
	    after.leaf.height != height)
		return;
	array = second_of(side, &after);
	class = class_of(array, height);
	if (!array->tlb.ops ||
	    array->tlb.ops->holds(
		    array->tlb.state,
		    name_of(mmu, array, class, after.asid, next)) ||
	    (class == 0 && array->group_order > 0 &&
	     array->tlb.ops->holds(
		     array->tlb.state,
		     name_of(mmu, array, PW_CLASS_GROUP, after.asid, next))))
		return;
	(void)fill(mmu, array, &after);
	array->tally[class].prefetches++;
	mmu->counters->tlb_prefetches++;
}

/* What an L1 TLB miss does. */
static void refer_to_second(struct pw_mmu *mmu, const struct pw_mmu_side *side,
			    const struct pw_reference *reference)
{
	struct pw_tlb_array *array = second_of(side, reference);
	struct pw_tlb_tally *tally;
	unsigned class;

	if (!array) {
		walk(mmu, reference);
		return;
	}
	tally = &array->tally[class_of(array, reference->leaf.height)];
	tally->lookups++;
	if (look_up(mmu, array, reference, &class)) {
		mmu->counters->stlb_hits++;
		return;
	}
	tally->misses++;
	mmu->counters->stlb_misses++;
	walk(mmu, reference);
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

/* Count look-ups in an L1 TLB, but those of single base pages. */
static void count_lookups(struct pw_tlb_array *array, unsigned height,
			  uint32_t lookups)
{
	unsigned class = class_of(array, height);

	if (class != 0)
		array->tally[class].lookups += lookups;
}

static void count_record(struct pw_mmu *mmu, unsigned height,
			 const struct pw_mmu_record *record)
{
	enum pw_tlb_side stores = pw_mmu_side_of(mmu, false, true);

	count_lookups(mmu->side[PW_TLB_DATA].first[height], height,
		      record->loads);
	count_lookups(mmu->side[stores].first[height], height, record->stores);
	count_lookups(mmu->side[PW_TLB_INSTRUCTION].first[height], height,
		      record->fetches);
}

void pw_mmu_refer(struct pw_mmu *mmu, enum pw_tlb_side side,
		  const struct pw_reference *reference,
		  const struct pw_mmu_record *record)
{
	struct pw_mmu_side *s = &mmu->side[side];
	unsigned height = reference->leaf.height;
	struct pw_tlb_array *array = s->first[height];
	unsigned class;

	PW_DEBUG_ASSERT(side < PW_TLB_SIDES && height < PW_TLB_HEIGHTS);
	PW_DEBUG_ASSERT(reference->leaf.pte & PW_PTE_PRESENT);
	if (!look_up(mmu, array, reference, &class)) {
		count_miss(mmu, side);
		array->tally[class].misses++;
		refer_to_second(mmu, s, reference);
		class = fill(mmu, array, reference);
	}
	if (height > 0)
		count_record(mmu, height, record);
	remember(mmu, s, array, class, reference);
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
		if (array->recent)
			forget_range(mmu, array, class, first, last);
	}
	/* A page may be known by itself and held in a group. */
	if (array->recent && array->seen & 1U << PW_CLASS_GROUP) {
		uint64_t mask = ((uint64_t)1 << array->group_order) - 1;

		forget_range(mmu, array, 0, first & ~mask, last | mask);
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
	if (first < GLOBAL_PAGE)
		invalidate_all(mmu, asid, first,
			       last < GLOBAL_PAGE ? last : GLOBAL_PAGE - 1);
	if (last >= GLOBAL_PAGE)
		invalidate_all(mmu, asid,
			       first > GLOBAL_PAGE ? first : GLOBAL_PAGE, last);
	pw_walker_flush(&mmu->walker);
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
		forget(array);
	}
	pw_walker_flush(&mmu->walker);
}

void pw_mmu_flush(struct pw_mmu *mmu)
{
	for (size_t i = 0; i < PW_TLB_ARRAYS; i++) {
		struct pw_tlb_array *array = &mmu->array[i];

		if (array->tlb.ops)
			array->tlb.ops->flush(array->tlb.state);
		forget(array);
	}
	pw_walker_flush(&mmu->walker);
}

/* ---- counters ---- */

static void settle_base(struct pw_counters *counters, enum pw_tlb_array_id base,
			uint64_t references)
{
	for (size_t i = 0; i < PW_TLB_ARRAYS; i++) {
		for (size_t h = 1; h < PW_TLB_HEIGHTS; h++)
			if (pw_tlb_array_info(i)->base == base)
				references -= counters->tlb[i][h].lookups;
	}
	counters->tlb[base][0].lookups = references;
}

void pw_mmu_settle(const struct pw_machine *machine,
		   struct pw_counters *counters)
{
	uint64_t stores = machine->l1s.declared || machine->l1s.ops
				  ? counters->reference_store
				  : 0;

	settle_base(counters, PW_TLB_ARRAY_l1d,
		    counters->reference_data - stores);
	settle_base(counters, PW_TLB_ARRAY_l1s, stores);
	settle_base(counters, PW_TLB_ARRAY_l1i,
		    counters->reference_instruction);
}
