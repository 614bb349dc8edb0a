/*
 * pages.c - changes of present pages: page table, RSS, TLB invalidation.
 */
#include "replay/pages.h"

#include "base/assert.h"
#include "base/bits.h"

uint64_t pw_pages_find(const struct pw_space *space, uint64_t page)
{
	struct pw_leaf leaf;

	return space->table_ops->find(space->table, page, &leaf) ? leaf.pte : 0;
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
	const struct pw_leaf leaf = {.first = page, .pte = pte};

	PW_ASSERT(page < PW_PAGE_END);
	PW_ASSERT(pte & PW_PTE_PRESENT);
	if (!space->table_ops->map(space->table, &leaf))
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
	pw_system_invalidate(system, space, range.first,
			     range.end - range.first);
}

uint64_t pw_pages_count(const struct pw_space *space, struct pw_range range)
{
	uint64_t count = 0;
	uint64_t page;
	struct pw_leaf leaf;

	while (space->table_ops->next(space->table, range.first, range.end,
				      &page, &leaf)) {
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
	struct pw_leaf leaf;

	while (space->table_ops->next(space->table, range.first, range.end,
				      &page, &leaf)) {
		PW_ASSERT(system->counters.rss_bytes >=
			  resident_bytes(leaf.pte));
		system->counters.rss_bytes -= resident_bytes(leaf.pte);
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
	struct pw_leaf leaf;

	PW_ASSERT(range.first <= range.end);
	PW_ASSERT(first + (range.end - range.first) <= PW_PAGE_END);
	PW_ASSERT(first >= range.end ||
		  first + (range.end - range.first) <= range.first);
	while (space->table_ops->next(space->table, from, range.end, &page,
				      &leaf)) {
		enum pw_status st = pw_pages_set(system, space,
						 first + (page - range.first),
						 leaf.pte, err);

		if (st != PW_OK)
			return st;
		system->counters.rss_bytes -= resident_bytes(leaf.pte);
		space->table_ops->unmap(space->table, page);
		moved++;
		from = page + 1;
	}
	pw_pages_invalidate(system, space, range, moved);
	return PW_OK;
}
