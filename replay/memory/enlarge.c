/*
 * enlarge.c - large pages made of small ones.
 */
#include "replay/memory/enlarge.h"

#include "base/assert.h"
#include "replay/memory/fault_job.h"
#include "replay/memory/guard.h"
#include "replay/memory/page_size.h"
#include "replay/memory/pages.h"

#define HEIGHT 1U

/* Whether @mapping may have pages of @shift bytes, as a power of two. */
static bool is_allowed(const struct pw_system *system,
		       const struct pw_space *space,
		       const struct pw_mapping *mapping, unsigned shift)
{
	const struct pw_machine *machine = system->machine;
	struct pw_mapping asking = *mapping;
	const struct pw_page_size_fault fault = {.mapping = &asking};

	asking.flags |= PW_VM_HUGEPAGE;
	return mapping->anonymous && !mapping->shared &&
	       !mapping->hugetlb_shift && mapping->anon_vma &&
	       !pw_vma_has(mapping, PW_VM_NOHUGEPAGE) &&
	       !(mapping->flags & PW_VM_SPECIAL) &&
	       space->large_off != PW_LARGE_OFF &&
	       (machine->geometry.leaves >> HEIGHT & 1) &&
	       shift <= machine->page_size_max_shift &&
	       shift <= machine->page_size->wanted_shift(&fault);
}

/* Whether @range has a page that is not the zero page, only small ones, and no
 * guard. */
static bool has_small(const struct pw_space *space, struct pw_range range)
{
	struct pw_leaf leaf;
	uint64_t page;

	if (pw_guard_first(space, range) < range.end)
		return false;
	while (space->table_ops->next(space->table, range.first, range.end,
				      &page, &leaf)) {
		if (leaf.height > 0 || pw_pte_frame(leaf.pte))
			return leaf.height == 0;
		range.first = page + 1;
	}
	return false;
}

static enum pw_status make_large(struct pw_system *system,
				 struct pw_space *space, struct pw_range range,
				 struct pw_error *err)
{
	struct pw_leaf leaf = {.first = range.first, .height = HEIGHT};
	uint32_t frame;
	enum pw_status st = pw_pages_drop(system, space, range, err);

	if (st == PW_OK)
		st = pw_pages_take(system, HEIGHT, &frame, err);
	if (st != PW_OK)
		return st;
	leaf.pte = pw_pte_make(frame, PW_ENTRY_OWN);
	return pw_pages_add(system, space, &leaf, err);
}

enum pw_status pw_enlarge(struct pw_system *system, struct pw_space *space,
			  const struct pw_mapping *mapping,
			  struct pw_range part, struct pw_error *err)
{
	unsigned order = pw_geometry_order(&system->machine->geometry, HEIGHT);
	uint64_t pages = (uint64_t)1 << order;
	struct pw_range range = {(part.first + pages - 1) >> order << order, 0};
	enum pw_status st = PW_OK;

	PW_ASSERT(part.first <= part.end);
	if (system->machine->geometry.levels == 1 ||
	    !is_allowed(system, space, mapping, space->page_shift + order))
		return PW_OK;
	for (; st == PW_OK && range.first + pages <= part.end;
	     range.first += pages) {
		range.end = range.first + pages;
		if (has_small(space, range))
			st = make_large(system, space, range, err);
	}
	return st;
}
