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

/* Pages that a leaf at @height maps. */
static uint64_t leaf_pages(const struct pw_system *system, unsigned height)
{
	return (uint64_t)1 << pw_geometry_order(&system->machine->geometry,
						height);
}

uint64_t pw_pages_end(const struct pw_system *system,
		      const struct pw_leaf *leaf)
{
	return leaf->first + leaf_pages(system, leaf->height);
}

/* What a leaf at @height with the entry @pte adds to RSS. */
static uint64_t resident_bytes(const struct pw_system *system, unsigned height,
			       uint64_t pte)
{
	if (!pte || (pte & PW_PTE_ZERO))
		return 0;
	return leaf_pages(system, height)
	       << system->machine->geometry.page_shift;
}

enum pw_status pw_pages_set(struct pw_system *system, struct pw_space *space,
			    const struct pw_leaf *leaf, struct pw_error *err)
{
	uint64_t old = resident_bytes(system, leaf->height,
				      pw_pages_find(space, leaf->first));

	PW_ASSERT(pw_pages_end(system, leaf) <= space->page_end);
	PW_ASSERT(leaf->pte & PW_PTE_PRESENT);
	if (!space->table_ops->map(space->table, leaf))
		return pw_fail_memory(err, "page tables");
	PW_ASSERT(system->counters.rss_bytes >= old);
	system->counters.rss_bytes -= old;
	system->counters.rss_bytes +=
		resident_bytes(system, leaf->height, leaf->pte);
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

enum pw_status pw_pages_split(struct pw_system *system, struct pw_space *space,
			      uint64_t page, struct pw_error *err)
{
	struct pw_leaf leaf;
	struct pw_range range;
	bool mapped = space->table_ops->find(space->table, page, &leaf);

	PW_ASSERT(mapped && leaf.height > 0);
	if (!space->table_ops->split(space->table, page))
		return pw_fail_memory(err, "page tables");
	range = (struct pw_range){leaf.first, pw_pages_end(system, &leaf)};
	pw_pages_invalidate(system, space, range, 1);
	return PW_OK;
}

/* Split leaves until none lies across the border below @page. */
static enum pw_status cut_at(struct pw_system *system, struct pw_space *space,
			     uint64_t page, struct pw_error *err)
{
	enum pw_status st = PW_OK;
	struct pw_leaf leaf;

	while (st == PW_OK && page < space->page_end &&
	       space->table_ops->find(space->table, page, &leaf) &&
	       leaf.first != page)
		st = pw_pages_split(system, space, page, err);
	return st;
}

enum pw_status pw_pages_cut(struct pw_system *system, struct pw_space *space,
			    struct pw_range range, struct pw_error *err)
{
	enum pw_status st;

	PW_ASSERT(range.first <= range.end);
	if (range.first == range.end)
		return PW_OK;
	st = cut_at(system, space, range.first, err);
	return st == PW_OK ? cut_at(system, space, range.end, err) : st;
}

uint64_t pw_pages_count(const struct pw_system *system,
			const struct pw_space *space, struct pw_range range)
{
	uint64_t count = 0;
	uint64_t page;
	struct pw_leaf leaf;

	while (space->table_ops->next(space->table, range.first, range.end,
				      &page, &leaf)) {
		PW_DEBUG_ASSERT(page >= range.first && page < range.end);
		count++;
		range.first = pw_pages_end(system, &leaf);
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
		uint64_t bytes = resident_bytes(system, leaf.height, leaf.pte);

		PW_ASSERT(page == leaf.first);
		PW_ASSERT(system->counters.rss_bytes >= bytes);
		system->counters.rss_bytes -= bytes;
		space->table_ops->unmap(space->table, page);
		removed++;
		range.first = pw_pages_end(system, &leaf);
		PW_ASSERT(range.first <= range.end);
	}
	return removed;
}

enum pw_status pw_pages_drop(struct pw_system *system, struct pw_space *space,
			     struct pw_range range, struct pw_error *err)
{
	enum pw_status st = pw_pages_cut(system, space, range, err);

	if (st == PW_OK)
		pw_pages_invalidate(system, space, range,
				    pw_pages_remove(system, space, range));
	return st;
}

enum pw_status pw_pages_move(struct pw_system *system, struct pw_space *space,
			     struct pw_range range, uint64_t first,
			     struct pw_error *err)
{
	uint64_t from = range.first;
	uint64_t moved = 0;
	uint64_t page;
	struct pw_leaf leaf;
	enum pw_status st = pw_pages_cut(system, space, range, err);

	PW_ASSERT(range.first <= range.end);
	PW_ASSERT(first + (range.end - range.first) <= space->page_end);
	PW_ASSERT(first >= range.end ||
		  first + (range.end - range.first) <= range.first);
	while (st == PW_OK && space->table_ops->next(space->table, from,
						     range.end, &page, &leaf)) {
		struct pw_leaf target = leaf;

		target.first = first + (page - range.first);
		from = page;
		if (target.first % leaf_pages(system, leaf.height)) {
			st = pw_pages_split(system, space, page, err);
			continue;
		}
		st = pw_pages_set(system, space, &target, err);
		if (st != PW_OK)
			break;
		system->counters.rss_bytes -=
			resident_bytes(system, leaf.height, leaf.pte);
		space->table_ops->unmap(space->table, page);
		moved++;
		from = pw_pages_end(system, &leaf);
	}
	if (st == PW_OK)
		pw_pages_invalidate(system, space, range, moved);
	return st;
}
