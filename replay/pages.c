/*
 * pages.c - changes of present pages: page table, RSS, TLB invalidation.
 */
#include "replay/pages.h"

#include "base/assert.h"
#include "base/bits.h"

uint64_t pw_pages_find(const struct pw_space *space, uint64_t page)
{
	return space->table_ops->find(space->table, page);
}

/* What a page with the entry @pte adds to RSS. */
static uint64_t resident_bytes(uint64_t pte)
{
	return pte && !(pte & PW_PTE_ZERO) ? PW_PAGE_BYTES : 0;
}

enum pw_status pw_pages_set(struct pw_system *system, struct pw_space *space,
			    uint64_t page, uint64_t pte, struct pw_error *err)
{
	uint64_t old = pw_pages_find(space, page);

	PW_ASSERT(page < PW_PAGE_END);
	PW_ASSERT(pte & PW_PTE_PRESENT);
	if (!space->table_ops->map(space->table, page, pte))
		return pw_fail_memory(err, "page tables");
	PW_ASSERT(system->counters.rss_bytes >= resident_bytes(old));
	system->counters.rss_bytes -= resident_bytes(old);
	system->counters.rss_bytes += resident_bytes(pte);
	return PW_OK;
}

void pw_pages_invalidate(struct pw_system *system, const struct pw_space *space,
			 struct pw_range range, uint64_t changed)
{
	if (changed == 0)
		return;
	PW_ASSERT(changed <= range.end - range.first);
	system->counters.tlb_invalidations += changed;
	if (space == system->current)
		pw_mmu_invalidate(&system->mmu, range.first,
				  range.end - range.first);
}

uint64_t pw_pages_count(const struct pw_space *space, struct pw_range range)
{
	uint64_t count = 0;
	uint64_t page;
	uint64_t pte;

	while (space->table_ops->next(space->table, range.first, range.end,
				      &page, &pte)) {
		PW_DEBUG_ASSERT(page >= range.first && page < range.end);
		count++;
		range.first = page + 1;
	}
	return count;
}

uint64_t pw_pages_remove(struct pw_system *system, struct pw_space *space,
			 struct pw_range range)
{
	uint64_t removed = 0;
	uint64_t page;
	uint64_t pte;

	while (space->table_ops->next(space->table, range.first, range.end,
				      &page, &pte)) {
		PW_ASSERT(system->counters.rss_bytes >= resident_bytes(pte));
		system->counters.rss_bytes -= resident_bytes(pte);
		space->table_ops->unmap(space->table, page);
		PW_DEBUG_ASSERT(page >= range.first && page < range.end);
		removed++;
		range.first = page + 1;
	}
	return removed;
}

void pw_pages_drop(struct pw_system *system, struct pw_space *space,
		   struct pw_range range)
{
	uint64_t removed = pw_pages_remove(system, space, range);

	pw_pages_invalidate(system, space, range, removed);
}

enum pw_status pw_pages_move(struct pw_system *system, struct pw_space *space,
			     struct pw_range range, uint64_t first,
			     struct pw_error *err)
{
	uint64_t from = range.first;
	uint64_t moved = 0;
	uint64_t page;
	uint64_t pte;

	PW_ASSERT(range.first <= range.end);
	PW_ASSERT(first + (range.end - range.first) <= PW_PAGE_END);
	PW_ASSERT(first >= range.end ||
		  first + (range.end - range.first) <= range.first);
	while (space->table_ops->next(space->table, from, range.end, &page,
				      &pte)) {
		enum pw_status st = pw_pages_set(
			system, space, first + (page - range.first), pte, err);

		if (st != PW_OK)
			return st;
		system->counters.rss_bytes -= resident_bytes(pte);
		space->table_ops->unmap(space->table, page);
		moved++;
		from = page + 1;
	}
	pw_pages_invalidate(system, space, range, moved);
	return PW_OK;
}
