/*
 * pages.c - changes of present pages: page table, RSS, TLB invalidation.
 */
#include "replay/memory/pages.h"

#include "base/assert.h"
#include "base/bits.h"
#include "replay/memory/kept_tables.h"

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

enum pw_status pw_pages_take(struct pw_system *system, unsigned height,
			     uint32_t *frame, struct pw_error *err)
{
	unsigned order = pw_geometry_order(&system->machine->geometry, height);
	enum pw_status st = pw_frame_take(&system->memory, order,
					  PW_MIGRATE_MOVABLE, frame, err);

	if (st == PW_OK)
		pw_frame_at(&system->memory, *frame)->flags =
			PW_FRAME_EXCLUSIVE;
	return st;
}

static enum pw_rss kind_of(uint64_t pte)
{
	if (pte & PW_PTE_HUGETLB)
		return PW_RSS_HUGETLB;
	if (!(pte & PW_PTE_FILE))
		return PW_RSS_ANON;
	return pte & PW_PTE_SHMEM ? PW_RSS_SHMEM : PW_RSS_FILE;
}

/* Count the pages of a leaf that was mapped; entries without a frame are none
 * in RSS. */
static void count_mapped(struct pw_system *system, struct pw_space *space,
			 unsigned height, uint64_t pte)
{
	uint64_t pages = leaf_pages(system, height);
	uint64_t sum = 0;

	if (!pw_pte_frame(pte))
		return;
	pw_frame_at(&system->memory, pw_pte_frame(pte))->maps++;
	space->rss[kind_of(pte)] += pages;
	if (pte & PW_PTE_HUGETLB)
		return;
	system->counters.rss_bytes += pages
				      << system->machine->geometry.page_shift;
	for (size_t i = 0; i < PW_RSS_KINDS; i++)
		sum += space->rss[i];
	if (space->rss_peak < sum)
		space->rss_peak = sum;
}

static void count_unmapped(struct pw_system *system, struct pw_space *space,
			   unsigned height, uint64_t pte)
{
	uint64_t pages = leaf_pages(system, height);
	uint64_t bytes = pages << system->machine->geometry.page_shift;

	if (!pw_pte_frame(pte))
		return;
	if (pte & PW_PTE_HUGETLB)
		bytes = 0;
	PW_ASSERT(system->counters.rss_bytes >= bytes);
	PW_ASSERT(space->rss[kind_of(pte)] >= pages);
	/* Files were told by a fault; shared memory learns of it now. */
	if ((pte & PW_PTE_SHMEM) && (pte & PW_PTE_DIRTY))
		pw_frame_at(&system->memory, pw_pte_frame(pte))->flags |=
			PW_FRAME_DIRTY;
	system->counters.rss_bytes -= bytes;
	space->rss[kind_of(pte)] -= pages;
	pw_frame_unmap(&system->memory, pw_pte_frame(pte));
}

enum pw_status pw_pages_add(struct pw_system *system, struct pw_space *space,
			    const struct pw_leaf *leaf, struct pw_error *err)
{
	enum pw_status st = pw_kept_tables_need(system, space, leaf->first,
						leaf->height, err);

	PW_ASSERT(pw_pages_end(system, leaf) <= space->page_end);
	PW_ASSERT(leaf->pte);
	PW_DEBUG_ASSERT(!pw_pages_find(space, leaf->first));
	if (st != PW_OK)
		return st;
	if (!space->table_ops->map(space->table, leaf))
		return pw_fail_memory(err, "page tables");
	count_mapped(system, space, leaf->height, leaf->pte);
	return PW_OK;
}

enum pw_status pw_pages_set(struct pw_system *system, struct pw_space *space,
			    const struct pw_leaf *leaf, struct pw_error *err)
{
	uint64_t old = pw_pages_find(space, leaf->first);

	PW_ASSERT(leaf->pte);
	if (!old)
		return pw_pages_add(system, space, leaf, err);
	if (!space->table_ops->map(space->table, leaf))
		return pw_fail_memory(err, "page tables");
	/* A frame that stays must not go in between. */
	if (pw_pte_frame(old) == pw_pte_frame(leaf->pte) &&
	    kind_of(old) == kind_of(leaf->pte))
		return PW_OK;
	count_unmapped(system, space, leaf->height, old);
	count_mapped(system, space, leaf->height, leaf->pte);
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

/* Give each of the leaves that @whole was split into a frame of its own. */
static enum pw_status share_out(struct pw_system *system,
				struct pw_space *space,
				const struct pw_leaf *whole,
				struct pw_error *err)
{
	const struct pw_frame *old =
		pw_frame_at(&system->memory, pw_pte_frame(whole->pte));
	struct pw_leaf piece = {.height = whole->height - 1};
	unsigned order =
		pw_geometry_order(&system->machine->geometry, piece.height);
	unsigned flags = old->flags & PW_FRAME_EXCLUSIVE ? PW_FRAME_EXCLUSIVE
							 : PW_FRAME_PIECE;
	uint64_t count = leaf_pages(system, whole->height) >> order;

	for (uint64_t i = 0; i < count; i++) {
		uint32_t frame;
		enum pw_status st =
			pw_pages_take(system, piece.height, &frame, err);

		if (st != PW_OK)
			return st;
		pw_frame_at(&system->memory, frame)->flags = (uint16_t)flags;
		pw_frame_at(&system->memory, frame)->maps = 1;
		piece.first = whole->first + (i << order);
		piece.pte = pw_pte_make(frame, whole->pte & PW_PTE_FLAGS);
		if (!space->table_ops->map(space->table, &piece))
			return pw_fail_memory(err, "page tables");
	}
	pw_frame_unmap(&system->memory, pw_pte_frame(whole->pte));
	return PW_OK;
}

enum pw_status pw_pages_split(struct pw_system *system, struct pw_space *space,
			      uint64_t page, struct pw_error *err)
{
	struct pw_leaf leaf;
	struct pw_range range;
	bool mapped = space->table_ops->find(space->table, page, &leaf);
	enum pw_status st;

	PW_ASSERT(mapped && leaf.height > 0);
	if (!space->table_ops->split(space->table, page))
		return pw_fail_memory(err, "page tables");
	system->counters.pagetable_splits++;
	st = pw_kept_tables_need(system, space, page, leaf.height - 1, err);
	if (st == PW_OK && pw_pte_frame(leaf.pte))
		st = share_out(system, space, &leaf, err);
	range = (struct pw_range){leaf.first, pw_pages_end(system, &leaf)};
	if (st == PW_OK)
		pw_pages_invalidate(system, space, range, 1);
	return st;
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
		PW_ASSERT(page == leaf.first);
		count_unmapped(system, space, leaf.height, leaf.pte);
		space->table_ops->unmap(space->table, page);
		removed++;
		range.first = pw_pages_end(system, &leaf);
		PW_ASSERT(range.first <= range.end);
	}
	system->counters.unmap_pages += removed;
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

void pw_pages_drop_cached(struct pw_system *system, struct pw_space *space,
			  struct pw_range range)
{
	uint64_t page;
	struct pw_leaf leaf;

	while (space->table_ops->next(space->table, range.first, range.end,
				      &page, &leaf)) {
		range.first = pw_pages_end(system, &leaf);
		if (!(leaf.pte & PW_PTE_FILE))
			continue;
		PW_ASSERT(leaf.height == 0);
		count_unmapped(system, space, leaf.height, leaf.pte);
		space->table_ops->unmap(space->table, page);
		system->counters.unmap_pages++;
		pw_pages_invalidate(system, space,
				    (struct pw_range){page, page + 1}, 1);
	}
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

	if (st == PW_OK)
		st = pw_kept_tables_move(system, space, range, first, err);
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
		space->table_ops->unmap(space->table, page);
		if (!space->table_ops->map(space->table, &target))
			return pw_fail_memory(err, "page tables");
		st = pw_kept_tables_need(system, space, target.first,
					 target.height, err);
		moved++;
		from = pw_pages_end(system, &leaf);
	}
	if (st == PW_OK)
		pw_pages_invalidate(system, space, range, moved);
	return st;
}
