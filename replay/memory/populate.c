/*
 * populate.c - faults that a system call takes for the program.
 */
#include "replay/memory/populate.h"

#include "base/assert.h"
#include "replay/memory/fault.h"
#include "replay/memory/guard.h"
#include "replay/memory/page_advice.h"
#include "replay/memory/pages.h"
#include "replay/memory/signals.h"

uint64_t pw_populate_end(const struct pw_system *system,
			 const struct pw_space *space,
			 const struct pw_mapping *mapping, struct pw_range part)
{
	uint64_t end = pw_guard_first(space, part);

	if (!mapping->object)
		return end;
	for (uint64_t page = part.first; page < end; page++)
		if (pw_signal_past_end(system, space, mapping, page))
			return page;
	return end;
}

/* Handle faults for the pages of @extent that need one. */
static enum pw_status populate_part(struct pw_system *system,
				    struct pw_space *space,
				    struct pw_range extent, bool write,
				    struct pw_error *err)
{
	uint64_t wanted = write ? PW_PTE_WRITABLE : PW_PTE_PRESENT;
	uint64_t page = extent.first;

	PW_ASSERT(extent.end <= space->page_end);
	while (page < extent.end) {
		struct pw_leaf leaf;
		enum pw_status st;

		(void)space->table_ops->find(space->table, page, &leaf);
		if (leaf.pte & wanted) {
			page = pw_pages_end(system, &leaf);
			continue;
		}
		st = pw_fault(system, space, page, write, err);
		if (st != PW_OK)
			return st;
	}
	return PW_OK;
}

/* What the fault of a page does that cannot be had. */
static enum pw_status fail(struct pw_system *system, struct pw_space *space,
			   uint64_t page, bool write, struct pw_error *err)
{
	if (pw_guard_holds(space, page) || pw_pages_find(space, page))
		return PW_OK;
	return pw_fault_failed(system, space, page, write, err);
}

enum pw_status pw_populate(struct pw_system *system, struct pw_space *space,
			   struct pw_range range, enum pw_populate how,
			   struct pw_error *err)
{
	const struct pw_mapping *mapping;
	struct pw_range part, had;
	enum pw_status st = PW_OK;

	/* Linux mm/gup.c populate_vma_page_range comes back without the lock
	 * and without FOLL_TRIED; faultin_page_range has the latter. */
	system->begins_anew = how == PW_POPULATE_BY_MAPPING;
	if (range.first < range.end)
		pw_lazy_drain(system);
	system->in_call = true;
	while (st == PW_OK && (mapping = pw_space_part(space, &range, &part))) {
		bool write = how == PW_POPULATE_WRITE;

		if (how == PW_POPULATE_BY_MAPPING) {
			if (!(mapping->flags & PW_VM_ACCESS) ||
			    (mapping->flags &
			     (PW_VM_LOCKONFAULT | PW_VM_IO | PW_VM_PFNMAP)))
				continue;
			write = !mapping->shared &&
				pw_vma_has(mapping, PW_VM_WRITE);
		}
		had = (struct pw_range){
			part.first,
			pw_populate_end(system, space, mapping, part)};
		st = populate_part(system, space, had, write, err);
		if (st == PW_OK && had.end < part.end)
			st = fail(system, space, had.end, write, err);
	}
	system->in_call = system->begins_anew = false;
	return st;
}
