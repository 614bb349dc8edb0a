/*
 * mmu_make.c - which TLBs a core has, and which side uses which.
 */
#include "base/assert.h"
#include "base/bits.h"
#include "replay/mmu.h"

#define FILTER_MAX 4096

/* The filter of an array of the first level. */
static enum pw_status make_filter(struct pw_tlb_array *array,
				  const struct pw_tlb_choice *choice,
				  struct pw_arena *arena, struct pw_error *err)
{
	uint64_t residues =
		choice->ops ? choice->ops->filter_sets(&choice->config) : 0;

	array->usable = residues != 0;
	if (residues == 0)
		residues = 1;
	if (residues > FILTER_MAX)
		residues = FILTER_MAX;
	PW_ASSERT(pw_is_pow2(residues));
	array->mask = residues - 1;
	array->recent = pw_arena_alloc(arena, PW_CLASSES * (size_t)residues,
				       sizeof(*array->recent));
	if (!array->recent)
		return pw_fail_memory(err, "a TLB filter");
	memset(array->recent, 0xff,
	       PW_CLASSES * (size_t)residues * sizeof(*array->recent));
	return PW_OK;
}

static bool is_declared(const struct pw_tlb_choice *choice)
{
	return choice->declared || choice->ops;
}

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

/* The array of base @base for entries at @height; NULL: it holds nothing. */
static struct pw_tlb_array *find_array(struct pw_mmu *mmu,
				       const struct pw_machine *machine,
				       enum pw_tlb_array_id base,
				       unsigned height)
{
	struct pw_tlb_array *found = &mmu->array[base];

	if (!has_entries(machine, base))
		return NULL;
	for (size_t i = 0; i < PW_TLB_ARRAYS; i++) {
		const struct pw_tlb_array_info *info = pw_tlb_array_info(i);

		if (info->base == base && info->height <= height &&
		    is_declared(&machine->tlb[i]))
			found = &mmu->array[i];
	}
	return found;
}

static void make_side(struct pw_mmu *mmu, enum pw_tlb_side number,
		      const struct pw_machine *machine,
		      enum pw_tlb_array_id first, enum pw_tlb_array_id second)
{
	struct pw_mmu_side *side = &mmu->side[number];

	for (unsigned h = 0; h < PW_TLB_HEIGHTS; h++) {
		side->first[h] = find_array(mmu, machine, first, h);
		side->second[h] = find_array(mmu, machine, second, h);
	}
	mmu->filter[number] = (struct pw_mmu_filter){mmu->array[first].recent,
						     mmu->array[first].mask};
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

	mmu->stores_apart = is_declared(&machine->l1s);
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
	enum pw_tlb_array_id base = pw_tlb_array_info(id)->base;
	enum pw_status st = pw_tlb_make(&array->tlb, choice, arena, err);

	array->tally = mmu->counters->tlb[id];
	array->group_order = choice->group_order;
	array->largest =
		choice->largest ? choice->largest - 1 : PW_TLB_HEIGHTS - 1;
	if (st == PW_OK && base != PW_TLB_ARRAY_stlb &&
	    base != PW_TLB_ARRAY_stlb_i)
		st = make_filter(array, choice, arena, err);
	return st;
}

enum pw_status pw_mmu_make(struct pw_mmu *mmu, const struct pw_machine *machine,
			   struct pw_counters *counters, struct pw_arena *arena,
			   struct pw_error *err)
{
	memset(mmu, 0, sizeof(*mmu));
	PW_ASSERT(machine->l1d.ops && machine->l1i.ops);
	mmu->counters = counters;
	mmu->prefetch_next = machine->prefetch_next;
	for (unsigned h = 0; h < machine->geometry.levels; h++)
		if (h < PW_TLB_HEIGHTS)
			mmu->order[h] =
				pw_geometry_order(&machine->geometry, h);
	for (size_t i = 0; i < PW_TLB_ARRAYS; i++) {
		enum pw_status st =
			make_array(mmu, i, &machine->tlb[i], arena, err);

		if (st != PW_OK)
			return st;
	}
	make_sides(mmu, machine);
	return pw_walker_make(&mmu->walker, machine, arena, err);
}
