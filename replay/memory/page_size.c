/*
 * page_size.c - how large the pages are that faults map.
 */
#include "replay/memory/page_size.h"

#include "base/assert.h"
#include "replay/memory/system.h"

/* Whether the leaf of @order that holds the page can be mapped. */
static bool fits(const struct pw_space *space,
		 const struct pw_page_size_fault *fault, unsigned order)
{
	uint64_t first = fault->page >> order << order;
	uint64_t end = first + ((uint64_t)1 << order);
	struct pw_leaf leaf;
	uint64_t page;

	if (first < fault->extent.first || end > fault->extent.end)
		return false;
	return !space->table_ops->next(space->table, first, end, &page, &leaf);
}

/* Linux include/linux/huge_mm.h vma_thp_disabled. */
static bool is_off(const struct pw_space *space,
		   const struct pw_mapping *mapping)
{
	if (!space->large_off || mapping->hugetlb_shift)
		return false;
	return space->large_off != PW_LARGE_OFF_UNASKED ||
	       !pw_vma_has(mapping, PW_VM_HUGEPAGE);
}

unsigned pw_page_size_choose(const struct pw_system *system,
			     const struct pw_space *space,
			     const struct pw_page_size_fault *fault,
			     unsigned present)
{
	const struct pw_machine *machine = system->machine;
	const struct pw_geometry *geometry = &machine->geometry;
	unsigned limit = machine->page_size->wanted_shift(fault);

	PW_ASSERT(limit <= PW_PAGE_SIZE_ANY);
	if (is_off(space, fault->mapping))
		return 0;
	if (limit > machine->page_size_max_shift)
		limit = machine->page_size_max_shift;
	for (unsigned h = geometry->levels - 1; h > 0; h--) {
		unsigned order = pw_geometry_order(geometry, h);

		if (!(geometry->leaves >> h & 1) ||
		    geometry->page_shift + order > limit)
			continue;
		if (fault->copies ? h == present : fits(space, fault, order))
			return h;
	}
	return 0;
}
