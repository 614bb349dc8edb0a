/*
 * mmu_make.c - which TLBs a core has, and which side uses which.
 */
#include "base/assert.h"
#include "base/bits.h"
#include "replay/memory/page_size.h"
#include "replay/mmu/filter.h"
#include "replay/mmu/mmu.h"
#include "replay/mmu/mmu_batch.h"

#define NEAR_SHIFT 30 /* log2 of the bytes that touches take for near */

/* Whether any array of base @base holds anything. */
static bool has_entries(const struct pw_machine *machine,
			enum pw_tlb_array_id base)
{
	for (size_t i = 0; i < PW_TLB_ARRAYS; i++) {
		if (pw_tlb_array_info(i)->base == base && machine->tlb[i].ops)
			return true;
	}
	return false;
}

size_t pw_mmu_first_array(const struct pw_machine *machine,
			  enum pw_tlb_array_id base, unsigned height)
{
	size_t found = base;

	if (!has_entries(machine, base))
		return PW_TLB_ARRAYS;
	for (size_t i = 0; i < PW_TLB_ARRAYS; i++) {
		const struct pw_tlb_array_info *info = pw_tlb_array_info(i);

		if (info->base == base && info->height <= height &&
		    pw_tlb_is_declared(&machine->tlb[i]))
			found = i;
	}
	return found;
}

/* The array of base @base for entries at @height; NULL: it holds nothing. */
static struct pw_tlb_array *find_array(struct pw_mmu *mmu,
				       const struct pw_machine *machine,
				       enum pw_tlb_array_id base,
				       unsigned height)
{
	size_t array = pw_mmu_first_array(machine, base, height);

	return array == PW_TLB_ARRAYS ? NULL : &mmu->array[array];
}

static void make_side(struct pw_mmu *mmu, enum pw_tlb_side number,
		      const struct pw_machine *machine,
		      enum pw_tlb_array_id first, enum pw_tlb_array_id second)
{
	struct pw_mmu_side *side = &mmu->side[number];

	for (unsigned h = 0; h < PW_TLB_HEIGHTS; h++) {
		side->first[h] = find_array(mmu, machine, first, mmu->held[h]);
		side->second[h] =
			find_array(mmu, machine, second, mmu->held[h]);
	}
	for (size_t i = 0; i < PW_TLB_ARRAYS; i++)
		if (pw_tlb_array_info(i)->base == second &&
		    machine->tlb[i].base_too && machine->tlb[second].ops)
			side->also = &mmu->array[i];
	if (side->also) {
		const struct pw_tlb_config *config =
			&machine->tlb[second].config;

		side->also_sets =
			config->ways ? config->entries / config->ways : 1;
	}
}

static void make_sides(struct pw_mmu *mmu, const struct pw_machine *machine)
{
	enum pw_tlb_array_id fetches = has_entries(machine, PW_TLB_ARRAY_stlb_i)
					       ? PW_TLB_ARRAY_stlb_i
					       : PW_TLB_ARRAY_stlb;

	mmu->stores_apart = pw_tlb_is_declared(&machine->l1s);
	make_side(mmu, PW_TLB_DATA, machine, PW_TLB_ARRAY_l1d,
		  PW_TLB_ARRAY_stlb);
	make_side(mmu, PW_TLB_INSTRUCTION, machine, PW_TLB_ARRAY_l1i, fetches);
	make_side(mmu, PW_TLB_STORE, machine,
		  mmu->stores_apart ? PW_TLB_ARRAY_l1s : PW_TLB_ARRAY_l1d,
		  PW_TLB_ARRAY_stlb);
}

static enum pw_status make_array(struct pw_mmu *mmu, size_t id,
				 const struct pw_tlb_choice *choice,
				 struct pw_arena *arena, struct pw_error *err)
{
	struct pw_tlb_array *array = &mmu->array[id];
	enum pw_status st = pw_tlb_make(&array->tlb, choice, arena, err);

	array->tally = mmu->counters->tlb[id];
	array->group_order = choice->group_order;
	array->largest = pw_tlb_largest(choice);
	return st;
}

/* Base pages, as a power of two, of the contiguous run of leaves at @height
 * that one entry may hold; 0: none. */
static unsigned run_order(const struct pw_machine *machine, unsigned height)
{
	const struct pw_geometry *geometry = &machine->geometry;
	unsigned order;

	if (!machine->contiguous || !geometry->contiguous[height])
		return 0;
	order = pw_geometry_order(geometry, height) +
		geometry->contiguous[height];
	return pw_walker_holds(machine, order) ? order : 0;
}

enum pw_status pw_mmu_make(struct pw_mmu *mmu, const struct pw_machine *machine,
			   struct pw_guest *guest, struct pw_counters *counters,
			   struct pw_arena *arena, struct pw_error *err)
{
	const struct pw_walker_parts parts = {
		&mmu->array[PW_TLB_ARRAY_stlb].tlb, guest, counters};
	enum pw_status st = PW_OK;

	memset(mmu, 0, sizeof(*mmu));
	PW_ASSERT(machine->l1d.ops && machine->l1i.ops);
	mmu->counters = counters;
	mmu->prefetch_next = machine->prefetch_next;
	mmu->global_page = PW_GLOBAL_PAGE >>
			   (machine->geometry.page_shift - PW_PAGE_SHIFT);
	for (unsigned h = 0; h < machine->geometry.levels && h < PW_TLB_HEIGHTS;
	     h++) {
		mmu->order[h] = pw_geometry_order(&machine->geometry, h);
		mmu->held[h] = pw_walker_held_height(machine, h);
	}
	for (unsigned h = 0; h < PW_CONTIGUOUS_HEIGHTS; h++)
		mmu->run_order[h] = run_order(machine, h);
	for (size_t i = 0; i < PW_TLB_ARRAYS && st == PW_OK; i++)
		st = make_array(mmu, i, &machine->tlb[i], arena, err);
	if (st != PW_OK)
		return st;
	make_sides(mmu, machine);
	st = pw_mmu_batch_make(mmu, machine, arena, err);
	if (st != PW_OK)
		return st;
	return pw_walker_make(&mmu->walker, machine, &parts, arena, err);
}

/* Let the notice be also that of an array of the first level. */
static void take_notice(struct pw_mmu_notice *notice,
			const struct pw_machine *machine,
			enum pw_tlb_array_id base)
{
	for (unsigned h = 0; h < PW_TLB_HEIGHTS; h++) {
		const struct pw_tlb_choice *choice =
			&machine->tlb[pw_mmu_first_array(
				machine, base,
				pw_walker_held_height(machine, h))];
		unsigned largest = pw_tlb_largest(choice);
		unsigned group = choice->group_order;
		uint64_t sets =
			choice->ops ? choice->ops->filter_sets(&choice->config)
				    : 0;

		if (run_order(machine, 0) > group)
			group = run_order(machine, 0);
		notice->group_mask |= ((uint64_t)1 << group) - 1;
		if (largest < notice->held[h])
			notice->held[h] = largest;
		/* Pages of a group are of different classes. */
		if (group && sets > 1)
			sets = 1;
		if (choice->ops && notice->held[h] == 0) {
			size_t depth = group ? 1
					     : choice->ops->filter_depth(
						       &choice->config);

			if (depth < notice->depth)
				notice->depth = depth;
		}
		/* Of large pages only the last one is kept in any case. */
		if (sets == 0 ||
		    (notice->held[h] == 0 && sets < notice->classes))
			notice->classes = sets;
	}
}

struct pw_mmu_notice pw_mmu_notices(const struct pw_machine *machine,
				    bool fetch)
{
	struct pw_mmu_notice notice = {.classes = (uint64_t)1 << 32,
				       .depth = PW_FILTER_DEPTH};

	for (unsigned h = 0; h < PW_TLB_HEIGHTS; h++)
		notice.held[h] = pw_walker_held_height(machine, h);
	if (fetch) {
		take_notice(&notice, machine, PW_TLB_ARRAY_l1i);
		return notice;
	}
	take_notice(&notice, machine, PW_TLB_ARRAY_l1d);
	if (pw_tlb_is_declared(&machine->l1s)) {
		take_notice(&notice, machine, PW_TLB_ARRAY_l1s);
		/* A page may be known by a load, and not there for stores. */
		notice.depth = 1;
	}
	return notice;
}

bool pw_mmu_reaches_far(const struct pw_machine *machine)
{
	unsigned base = machine->geometry.page_shift;
	uint64_t ceiling = machine->cpu.flush_ceiling;
	unsigned order = 0;

	for (size_t i = 0; i < PW_TLB_ARRAYS; i++)
		if (machine->tlb[i].group_order > order)
			order = machine->tlb[i].group_order;
	for (unsigned h = 0; h < PW_CONTIGUOUS_HEIGHTS; h++)
		if (run_order(machine, h) > order)
			order = run_order(machine, h);
	if (base + order > NEAR_SHIFT)
		return true;
	return ceiling > 0 && machine->page_size != pw_page_size_find("base") &&
	       machine->page_size_max_shift > base &&
	       (uint64_t)1 << (machine->page_size_max_shift - base) > ceiling;
}

unsigned pw_mmu_wants(const struct pw_machine *machine)
{
	unsigned wants = machine->prefetch_next ? PW_NEIGHBOUR_NEXT : 0;

	if (machine->contiguous)
		wants |= PW_NEIGHBOUR_CONTIGUOUS;
	for (size_t i = 0; i < PW_TLB_ARRAYS; i++)
		if (machine->tlb[i].group_order)
			wants |=
				pw_neighbour_group(machine->tlb[i].group_order);
	return wants;
}
