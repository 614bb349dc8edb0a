/*
 * oracle_remap.c - mremap.
 *
 * Source: replay/MODEL.md, "Address space".
 */
#include "base/assert.h"
#include "base/bits.h"
#include "tests/oracle/oracle_replay.h"
#include "tests/oracle/oracle_tables.h"

/* A call: pages of the old place and of the new one. */
struct remap {
	uint64_t first, pages;
	uint64_t target, new_pages;
	bool keep; /* MREMAP_DONTUNMAP */
};

/* Pages that hold a byte of the range; none are behind the last address. */
static uint64_t count_pages(const struct pw_oracle_space *space,
			    uint64_t address, uint64_t bytes, uint64_t *first)
{
	uint64_t at = address % ((uint64_t)1 << 57);
	uint64_t all = pw_oracle_pages(space->shape);
	uint64_t end;

	*first = at >> space->shape->page_shift;
	if (bytes == 0)
		return 0;
	PW_ASSERT(bytes < (uint64_t)1 << 60);
	end = ((at + bytes - 1) >> space->shape->page_shift) + 1;
	return (end < all ? end : all) - *first;
}

/* The lowest page in [first, end), or NULL. */
static const struct pw_oracle_page *
lowest_page(const struct pw_oracle_space *space, uint64_t first, uint64_t end)
{
	const struct pw_oracle_page *lowest = NULL;

	for (size_t i = 0; i < space->pages; i++) {
		const struct pw_oracle_page *p = &space->page[i];

		if (p->page >= first && p->page < end &&
		    (!lowest || p->page < lowest->page))
			lowest = p;
	}
	return lowest;
}

/* Move the pages of [first, end), in which no large page is cut. */
static void move_pages(struct pw_oracle_replay *oracle,
		       struct pw_oracle_space *space, uint64_t first,
		       uint64_t end, uint64_t target)
{
	const struct pw_oracle_page *p = lowest_page(space, first, end);
	uint64_t at;

	for (; p; p = lowest_page(space, at, end)) {
		struct pw_oracle_page page = *p;
		uint64_t pages = (uint64_t)1
				 << pw_oracle_order(space->shape, p->height);
		uint64_t to = page.page - first + target;

		at = page.page;
		if (to % pages != 0) {
			pw_oracle_split(oracle, space, page.page);
			continue;
		}
		pw_oracle_page_add(space, to, page.height, page.frame,
				   page.phys);
		pw_oracle_page_at(space, to)->old = page.old;
		pw_oracle_page_at(space, to)->clean = page.clean;
		pw_oracle_page_at(space, to)->hugetlb = page.hugetlb;
		pw_oracle_page_at(space, page.page)->shmem = false;
		pw_oracle_page_remove(space, page.page);
		pw_oracle_page_at(space, to)->shmem = page.shmem;
		pw_oracle_invalidate_in(oracle, &page, first, end);
		at += pages;
	}
}

static void move_guards(struct pw_oracle_space *space, uint64_t first,
			uint64_t end, uint64_t target)
{
	for (uint64_t page = first; page < end; page++) {
		if (!pw_oracle_guard_at(space, page))
			continue;
		pw_oracle_guard_set(space, page - first + target, true);
		pw_oracle_guard_set(space, page, false);
	}
}

/* Pages that come at once since the mapping is locked. */
static void fill(struct pw_oracle_replay *oracle, struct pw_oracle_space *space,
		 uint64_t first, uint64_t end)
{
	const struct pw_oracle_mapping *m = pw_oracle_mapping_at(space, first);

	if (first < end && m && (m->flags & PW_ORACLE_LO) &&
	    !(m->flags & PW_ORACLE_LF))
		pw_oracle_populate(oracle, space, first, end, NULL);
}

/* The whole mapping that moved stays, empty, and is not locked. */
static void keep_old(struct pw_oracle_space *space,
		     const struct pw_oracle_mapping *part)
{
	struct pw_oracle_mapping *m = pw_oracle_mapping_at(space, part->first);

	if (m->flags & PW_ORACLE_LO)
		space->leaked += m->end - m->first;
	m->flags &= ~(uint64_t)(PW_ORACLE_LO | PW_ORACLE_LF);
	if (m->first == part->first && m->end == part->end) {
		m->owner = 0;
		m->inherited = false;
	}
}

/* The offset of a mapping that is now at @first. */
static void displace(const struct pw_oracle_space *space,
		     struct pw_oracle_mapping *m, uint64_t first)
{
	if (m->anonymous && !m->shared && !m->owner && !m->hugetlb)
		m->offset = first << space->shape->page_shift;
	m->first = first;
}

static void move_part(struct pw_oracle_replay *oracle,
		      struct pw_oracle_space *space, const struct remap *remap,
		      const struct pw_oracle_mapping *part, uint64_t target,
		      uint64_t target_end)
{
	struct pw_oracle_mapping moved = *part;
	uint64_t grown = target + (part->end - part->first);
	const struct pw_oracle_page *p;

	displace(space, &moved, target);
	moved.end = target_end;
	pw_oracle_charge(oracle, &moved, target_end - target);
	pw_oracle_place(space, &moved, false);
	for (size_t border = 0; border < 2; border++) {
		uint64_t at = border ? part->end : part->first;

		while ((p = pw_oracle_page_at(space, at)) && p->page != at)
			pw_oracle_split(oracle, space, at);
	}
	pw_oracle_tables_move(space, part->first, part->end, target);
	move_pages(oracle, space, part->first, part->end, target);
	move_guards(space, part->first, part->end, target);
	if (remap->keep)
		keep_old(space, part);
	else
		pw_oracle_remove(oracle, space, part->first, part->end);
	fill(oracle, space, grown, target_end);
}

static void move(struct pw_oracle_replay *oracle, struct pw_oracle_space *space,
		 const struct remap *remap)
{
	uint64_t end = remap->first + remap->pages;
	uint64_t target_end = remap->target + remap->new_pages;
	struct pw_oracle_mapping m;

	if (remap->pages != remap->new_pages)
		pw_oracle_remove(oracle, space, remap->target, target_end);
	if (remap->new_pages < remap->pages) {
		pw_oracle_remove(oracle, space, remap->first + remap->new_pages,
				 end);
		end = remap->first + remap->new_pages;
	}
	for (m = pw_oracle_part(space, remap->first, end); m.first < end;
	     m = pw_oracle_part(space, m.end, end)) {
		uint64_t to = m.first - remap->first + remap->target;
		uint64_t to_end = to + (m.end - m.first);

		if (m.end == remap->first + remap->pages)
			to_end = target_end;
		if (remap->pages == remap->new_pages)
			pw_oracle_remove(oracle, space, to, to_end);
		move_part(oracle, space, remap, &m, to, to_end);
	}
}

/* Grow or shrink in place. */
static void resize(struct pw_oracle_replay *oracle,
		   struct pw_oracle_space *space, const struct remap *remap)
{
	uint64_t end = remap->first + remap->pages;
	uint64_t new_end = remap->first + remap->new_pages;
	struct pw_oracle_mapping *last;
	struct pw_oracle_mapping growth;

	if (new_end <= end) {
		pw_oracle_remove(oracle, space, new_end, end);
		return;
	}
	pw_oracle_remove(oracle, space, end, new_end);
	last = pw_oracle_mapping_at(space, end - 1);
	if (!last)
		return;
	growth = *last;
	growth.offset += (end - last->first) << space->shape->page_shift;
	growth.first = end;
	growth.end = new_end;
	pw_oracle_charge(oracle, &growth, new_end - end);
	if (growth.flags & (PW_ORACLE_IO | PW_ORACLE_DE | PW_ORACLE_PF))
		last->end = new_end;
	else
		pw_oracle_place(space, &growth, false);
	fill(oracle, space, end, new_end);
}

/* An old length of 0: another mapping of the same. */
static void duplicate(struct pw_oracle_replay *oracle,
		      struct pw_oracle_space *space, const struct remap *remap)
{
	struct pw_oracle_mapping m =
		pw_oracle_part(space, remap->first, remap->first + 1);

	if (m.first != remap->first || !m.shared ||
	    (remap->first - remap->target < remap->new_pages)) {
		oracle->counts.forbidden++;
		return;
	}
	if (remap->new_pages == 0)
		return;
	pw_oracle_remove(oracle, space, remap->target,
			 remap->target + remap->new_pages);
	displace(space, &m, remap->target);
	m.end = remap->target + remap->new_pages;
	pw_oracle_place(space, &m, false);
	fill(oracle, space, m.first, m.end);
}

void pw_oracle_mremap(struct pw_oracle_replay *oracle,
		      struct pw_oracle_space *space,
		      const struct pw_event *event)
{
	struct remap remap = {.keep = event->arg[3] & 4};

	remap.pages =
		count_pages(space, event->arg[0], event->arg[1], &remap.first);
	remap.new_pages =
		count_pages(space, event->result, event->arg[2], &remap.target);
	if (remap.pages == 0)
		duplicate(oracle, space, &remap);
	else if (remap.target == remap.first)
		resize(oracle, space, &remap);
	else if (remap.new_pages == 0 ||
		 (remap.target < remap.first + remap.pages &&
		  remap.first < remap.target + remap.new_pages))
		oracle->counts.forbidden++;
	else
		move(oracle, space, &remap);
}
