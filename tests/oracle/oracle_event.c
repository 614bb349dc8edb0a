/*
 * oracle_event.c - what an event does to an address space.
 *
 * Source: replay/MODEL.md, "Address space".
 */
#include <string.h>

#include "base/assert.h"
#include "base/bits.h"
#include "tests/oracle/oracle_replay.h"

/* The page that an address lies in. */
static uint64_t to_page(const struct pw_oracle_space *space, uint64_t address)
{
	return address % ((uint64_t)1 << 57) >> space->shape->page_shift;
}

/* The first page behind the bytes. */
static uint64_t to_end(const struct pw_oracle_space *space, uint64_t address,
		       uint64_t bytes)
{
	uint64_t pages = pw_oracle_pages(space->shape);
	uint64_t end;

	PW_ASSERT(bytes < (uint64_t)1 << 60);
	if (bytes == 0)
		return to_page(space, address);
	end = ((address % ((uint64_t)1 << 57) + bytes - 1) >>
	       space->shape->page_shift) +
	      1;
	return end < pages ? end : pages;
}

static bool is_error(uint64_t result)
{
	return result >= (uint64_t)-4095;
}

/* Split the large page, if there is one, that goes across the start of @page,
 * until none does. */
static void cut_page(struct pw_oracle_replay *oracle,
		     struct pw_oracle_space *space, uint64_t page)
{
	const struct pw_oracle_page *p = pw_oracle_page_at(space, page);

	while (p && p->page != page) {
		pw_oracle_split(oracle, space, page);
		p = pw_oracle_page_at(space, page);
	}
}

/* Remove the present pages of [first, end). */
static void drop_pages(struct pw_oracle_replay *oracle,
		       struct pw_oracle_space *space, uint64_t first,
		       uint64_t end)
{
	size_t i = 0;

	if (first >= end)
		return;
	cut_page(oracle, space, first);
	cut_page(oracle, space, end);
	while (i < space->pages) {
		struct pw_oracle_page page = space->page[i];

		if (page.page >= first && page.page < end) {
			pw_oracle_page_remove(space, page.page);
			oracle->counts.unmapped++;
			pw_oracle_invalidate_in(oracle, &page, first, end);
		} else {
			i++;
		}
	}
}

/* Cut mappings, and large pages, at @page. */
static void cut(struct pw_oracle_replay *oracle, struct pw_oracle_space *space,
		uint64_t page)
{
	const struct pw_oracle_mapping *m = pw_oracle_mapping_at(space, page);

	if (!m || m->first == page)
		return;
	cut_page(oracle, space, page);
	pw_oracle_cut(space, page);
}

static void unmap(struct pw_oracle_replay *oracle,
		  struct pw_oracle_space *space, uint64_t first, uint64_t end)
{
	drop_pages(oracle, space, first, end);
	pw_oracle_unmap(space, first, end);
}

/* Fault in what [first, end) lacks; by_writes NULL: as mmap and mlock do. */
static void populate(struct pw_oracle_replay *oracle,
		     struct pw_oracle_space *space, uint64_t first,
		     uint64_t end, const bool *by_writes)
{
	for (uint64_t page = first; page < end; page++) {
		const struct pw_oracle_mapping *m =
			pw_oracle_mapping_at(space, page);
		bool write;

		if (!m)
			continue;
		if (!by_writes && (m->prot == 0 || m->lock == 2))
			continue;
		write = by_writes ? *by_writes : !m->shared && (m->prot & 2);
		pw_oracle_fault(oracle, space, page, write);
	}
}

/* Fault in all mappings, lowest first. */
static void populate_all(struct pw_oracle_replay *oracle,
			 struct pw_oracle_space *space)
{
	uint64_t from = 0;

	for (;;) {
		const struct pw_oracle_mapping *next = NULL;

		for (size_t i = 0; i < space->mappings; i++) {
			const struct pw_oracle_mapping *m = &space->mapping[i];

			if (m->first >= from &&
			    (!next || m->first < next->first))
				next = m;
		}
		if (!next)
			return;
		from = next->end;
		populate(oracle, space, next->first, from, NULL);
	}
}

/* A new mapping of @first..@end with what the arguments after length say. */
static void map(struct pw_oracle_replay *oracle, struct pw_oracle_space *space,
		struct pw_oracle_mapping mapping)
{
	unmap(oracle, space, mapping.first, mapping.end);
	if (mapping.first < mapping.end)
		pw_oracle_mapping_add(space, mapping);
}

/* A new mapping of a call; mlockall has its say. */
static void map_new(struct pw_oracle_replay *oracle,
		    struct pw_oracle_space *space, struct pw_oracle_mapping m,
		    bool fill)
{
	struct pw_oracle_mapping merged;

	if (space->future_lock)
		m.lock = space->future_lock;
	merged = m;
	unmap(oracle, space, m.first, m.end);
	if (m.first < m.end) {
		pw_oracle_merge(space, &merged);
		pw_oracle_mapping_add(space, merged);
	}
	if (fill || m.lock == 1)
		populate(oracle, space, m.first, m.end, NULL);
}

static struct pw_oracle_mapping describe(const struct pw_oracle_space *space,
					 const struct pw_event *event)
{
	bool is_map = event->kind == PW_EVENT_map;
	const uint64_t *rest = &event->arg[is_map ? 4 : 5];
	const char *text = event->text ? event->text : "";
	uint64_t flags = event->arg[3];
	uint64_t type = flags & 0xf;
	struct pw_oracle_mapping m = {0};

	uint64_t address = is_map ? event->arg[0] : event->result;

	m.first = to_page(space, address);
	m.end = to_end(space, address, event->arg[1]);
	m.prot = event->arg[2] & 7;
	/* That of the first page's first byte. */
	m.offset =
		rest[0] - address % ((uint64_t)1 << space->shape->page_shift);
	if (flags & 0x40000)
		m.hugetlb = flags >> 26 & 63 ? flags >> 26 & 63 : 21;
	m.file_bytes = rest[3];
	m.anonymous = (flags & 0x20) || (rest[2] == 0 && text[0] != '/');
	m.shared = type == 1 || type == 3;
	m.grows_down = (flags & 0x100) || strcmp(text, "[stack]") == 0;
	return m;
}

static void apply_map(struct pw_oracle_replay *oracle,
		      struct pw_oracle_space *space,
		      const struct pw_event *event)
{
	struct pw_oracle_mapping m = describe(space, event);

	if (event->kind == PW_EVENT_map) {
		map(oracle, space, m);
		if (event->text && strcmp(event->text, "[heap]") == 0) {
			space->break_known = true;
			space->program_break = m.end
					       << space->shape->page_shift;
		}
		return;
	}
	m.lock = event->arg[3] & 0x2000 ? 1 : 0;
	map_new(oracle, space, m, (event->arg[3] & 0x18000) == 0x8000);
}

static void apply_shmat(struct pw_oracle_replay *oracle,
			struct pw_oracle_space *space,
			const struct pw_event *event)
{
	struct pw_oracle_mapping m = {.anonymous = true, .shared = true};

	m.first = to_page(space, event->result);
	m.end = to_end(space, event->result, event->arg[3]);
	m.prot = event->arg[2] & 0x1000 ? 1 : 3;
	m.prot += event->arg[2] & 0x8000 ? 4 : 0;
	map_new(oracle, space, m, false);
}

static void apply_present(struct pw_oracle_space *space, uint64_t first,
			  uint64_t end)
{
	for (uint64_t page = first; page < end; page++) {
		const struct pw_oracle_mapping *m =
			pw_oracle_mapping_at(space, page);
		enum pw_oracle_frame frame = PW_ORACLE_OWN;

		if (!m || pw_oracle_page_at(space, page))
			continue;
		if (!m->anonymous)
			frame = m->shared ? PW_ORACLE_SHARED
					  : PW_ORACLE_PRIVATE;
		pw_oracle_page_add(space, page, 0, frame);
		if (frame == PW_ORACLE_OWN)
			pw_oracle_own_page(space, page);
	}
}

/* Let the mapping that ends at @end end at @new_end, where nothing is. */
static void extend(struct pw_oracle_replay *oracle,
		   struct pw_oracle_space *space, uint64_t end,
		   uint64_t new_end)
{
	for (size_t i = 0; i < space->mappings; i++) {
		struct pw_oracle_mapping *m = &space->mapping[i];

		if (m->end != end)
			continue;
		m->end = new_end;
		if (m->lock == 1)
			populate(oracle, space, end, new_end, NULL);
		return;
	}
}

static void resize(struct pw_oracle_replay *oracle,
		   struct pw_oracle_space *space, uint64_t end,
		   uint64_t new_end)
{
	if (new_end < end) {
		unmap(oracle, space, new_end, end);
	} else if (new_end > end) {
		unmap(oracle, space, end, new_end);
		extend(oracle, space, end, new_end);
	}
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

/* Copy the mappings of [first, end) to @target and move their pages there. */
static void move(struct pw_oracle_replay *oracle, struct pw_oracle_space *space,
		 uint64_t first, uint64_t end, uint64_t target)
{
	size_t mappings = space->mappings;
	const struct pw_oracle_page *p;
	uint64_t at;

	cut_page(oracle, space, first);
	cut_page(oracle, space, end);
	for (size_t i = 0; i < mappings; i++) {
		struct pw_oracle_mapping m = space->mapping[i];

		if (m.end <= first || m.first >= end)
			continue;
		if (m.first < first) {
			m.offset += (first - m.first)
				    << space->shape->page_shift;
			m.first = first;
		}
		if (m.end > end)
			m.end = end;
		m.first = m.first - first + target;
		m.end = m.end - first + target;
		pw_oracle_mapping_add(space, m);
	}
	for (p = lowest_page(space, first, end); p;
	     p = lowest_page(space, at, end)) {
		struct pw_oracle_page page = *p;
		uint64_t pages = (uint64_t)1
				 << pw_oracle_order(space->shape, p->height);
		uint64_t to = page.page - first + target;
		const struct pw_oracle_mapping *m =
			pw_oracle_mapping_at(space, page.page);

		at = page.page;
		if (!m) {
			at += pages;
		} else if (to % pages != 0) {
			pw_oracle_split(oracle, space, page.page);
		} else {
			pw_oracle_page_add(space, to, page.height, page.frame);
			pw_oracle_page_remove(space, page.page);
			pw_oracle_invalidate_in(oracle, &page,
						m->first > first ? m->first
								 : first,
						m->end < end ? m->end : end);
			at += pages;
		}
	}
}

/* Cut at the borders of [first, end) those that do not have @lock yet. */
static void set_lock(struct pw_oracle_replay *oracle,
		     struct pw_oracle_space *space, uint64_t first,
		     uint64_t end, int lock)
{
	const uint64_t border[] = {first, end};

	for (size_t i = 0; i < 2 && first < end; i++) {
		const struct pw_oracle_mapping *m =
			pw_oracle_mapping_at(space, border[i]);

		if (m && m->lock != lock)
			cut(oracle, space, border[i]);
	}
	for (size_t i = 0; i < space->mappings; i++) {
		struct pw_oracle_mapping *m = &space->mapping[i];

		if (m->first >= first && m->end <= end)
			m->lock = lock;
	}
}

static void apply_mremap(struct pw_oracle_replay *oracle,
			 struct pw_oracle_space *space,
			 const struct pw_event *event)
{
	uint64_t first = to_page(space, event->arg[0]);
	uint64_t pages = to_end(space, event->arg[0], event->arg[1]) - first;
	uint64_t target = to_page(space, event->result);
	uint64_t new_pages =
		to_end(space, event->result, event->arg[2]) - target;
	uint64_t moved = new_pages < pages ? new_pages : pages;

	if (pages == 0)
		return;
	if (target == first) {
		resize(oracle, space, first + pages, first + new_pages);
		return;
	}
	if (target < first + pages && first < target + new_pages)
		return;
	unmap(oracle, space, target, target + new_pages);
	move(oracle, space, first, first + moved, target);
	if (event->arg[3] & 4) {
		drop_pages(oracle, space, first, first + pages);
		set_lock(oracle, space, first, first + pages, 0);
	} else {
		unmap(oracle, space, first, first + pages);
	}
	if (new_pages > pages)
		extend(oracle, space, target + pages, target + new_pages);
}

static void apply_brk(struct pw_oracle_replay *oracle,
		      struct pw_oracle_space *space, uint64_t new_break)
{
	uint64_t end = to_end(space, 0, space->program_break);
	uint64_t new_end = to_end(space, 0, new_break);
	struct pw_oracle_mapping heap = {
		.first = end, .end = new_end, .prot = 3, .anonymous = true};

	if (space->break_known && new_end > end)
		map_new(oracle, space, heap, false);
	else if (space->break_known)
		unmap(oracle, space, new_end, end);
	space->break_known = true;
	space->program_break = new_break;
}

static void apply_mprotect(struct pw_oracle_replay *oracle,
			   struct pw_oracle_space *space, uint64_t first,
			   uint64_t end, uint64_t prot)
{
	for (uint64_t page = first; page < end; page++) {
		struct pw_oracle_mapping *m = pw_oracle_mapping_at(space, page);
		uint64_t old;

		if (!m || m->prot == prot)
			continue;
		/* All of the mapping that lies in the range, at once. */
		if (end < m->end)
			cut(oracle, space, end);
		cut(oracle, space, page);
		m = pw_oracle_mapping_at(space, page);
		PW_ASSERT(m && m->first == page && m->end <= end);
		old = m->prot;
		m->prot = prot;
		for (size_t i = 0; i < space->pages; i++) {
			struct pw_oracle_page *p = &space->page[i];

			if (p->page >= m->first && p->page < m->end)
				pw_oracle_invalidate_in(oracle, p, m->first,
							m->end);
		}
		if (m->lock == 1 && !m->shared && !(old & 2) && (prot & 2))
			populate(oracle, space, m->first, m->end, NULL);
	}
}

/* What madvise calls 10, 11, 14, 15, 18 and 19 make of @m. */
static struct pw_oracle_mapping advised(struct pw_oracle_mapping m,
					uint64_t advice)
{
	if (advice == 14 || advice == 15) {
		m.huge = advice == 14 ? 1 : 2;
	} else {
		m.leave = advice == 10;
		m.wipe = advice == 18;
	}
	return m;
}

static void advise(struct pw_oracle_replay *oracle,
		   struct pw_oracle_space *space, uint64_t first, uint64_t end,
		   uint64_t advice)
{
	const uint64_t border[] = {first, end};

	for (size_t i = 0; i < 2 && first < end; i++) {
		const struct pw_oracle_mapping *m =
			pw_oracle_mapping_at(space, border[i]);
		struct pw_oracle_mapping after;

		if (!m)
			continue;
		after = advised(*m, advice);
		if (m->leave != after.leave || m->wipe != after.wipe ||
		    m->huge != after.huge)
			cut(oracle, space, border[i]);
	}
	for (size_t i = 0; i < space->mappings; i++) {
		struct pw_oracle_mapping *m = &space->mapping[i];

		if (m->first >= first && m->end <= end)
			*m = advised(*m, advice);
	}
}

static void apply_madvise(struct pw_oracle_replay *oracle,
			  struct pw_oracle_space *space, uint64_t first,
			  uint64_t end, uint64_t advice)
{
	bool write = advice == 23;

	if (advice == 4 || advice == 24)
		drop_pages(oracle, space, first, end);
	else if (advice == 10 || advice == 11 || advice == 14 || advice == 15 ||
		 advice == 18 || advice == 19)
		advise(oracle, space, first, end, advice);
	else if (advice == 22 || advice == 23)
		populate(oracle, space, first, end, &write);
}

/* mlock, munlock, mlockall, munlockall; others do nothing. */
static void apply_lock(struct pw_oracle_replay *oracle,
		       struct pw_oracle_space *space,
		       const struct pw_event *event)
{
	const uint64_t *arg = event->arg;
	uint64_t first = to_page(space, arg[0]);
	uint64_t end = to_end(space, arg[0], arg[1]);
	uint64_t everything = pw_oracle_pages(space->shape);
	int lock = arg[2] & 1 ? 2 : 1;

	if (event->kind == PW_EVENT_mlock) {
		set_lock(oracle, space, first, end, lock);
		if (lock == 1)
			populate(oracle, space, first, end, NULL);
	} else if (event->kind == PW_EVENT_munlock) {
		set_lock(oracle, space, first, end, 0);
	} else if (event->kind == PW_EVENT_munlockall) {
		space->future_lock = 0;
		set_lock(oracle, space, 0, everything, 0);
	} else if (event->kind == PW_EVENT_mlockall) {
		lock = arg[0] & 4 ? 2 : 1;
		space->future_lock = arg[0] & 2 ? lock : 0;
		if (arg[0] & 1)
			set_lock(oracle, space, 0, everything, lock);
		if ((arg[0] & 1) && lock == 1)
			populate_all(oracle, space);
	}
}

/* Whether the first arguments are an address and a length. */
static bool has_length(const struct pw_event *event)
{
	return event->kind == PW_EVENT_present ||
	       event->kind == PW_EVENT_munmap ||
	       event->kind == PW_EVENT_mprotect ||
	       event->kind == PW_EVENT_madvise || event->kind == PW_EVENT_shmdt;
}

void pw_oracle_event(struct pw_oracle_replay *oracle,
		     struct pw_oracle_space *space,
		     const struct pw_event *event)
{
	uint64_t first, end;

	if (is_error(event->result))
		return;
	first = to_page(space, event->arg[0]);
	end = first;
	if (has_length(event))
		end = to_end(space, event->arg[0], event->arg[1]);
	switch ((unsigned)event->kind) {
	case PW_EVENT_map:
	case PW_EVENT_mmap:
		apply_map(oracle, space, event);
		break;
	case PW_EVENT_present:
		apply_present(space, first, end);
		break;
	case PW_EVENT_munmap:
		unmap(oracle, space, first, end);
		break;
	case PW_EVENT_mremap:
		apply_mremap(oracle, space, event);
		break;
	case PW_EVENT_brk:
		apply_brk(oracle, space, event->result);
		break;
	case PW_EVENT_mprotect:
		apply_mprotect(oracle, space, first, end, event->arg[2] & 7);
		break;
	case PW_EVENT_madvise:
		apply_madvise(oracle, space, first, end, event->arg[2]);
		break;
	case PW_EVENT_shmat:
		apply_shmat(oracle, space, event);
		break;
	case PW_EVENT_shmdt:
		unmap(oracle, space, first, end);
		break;
	default:
		apply_lock(oracle, space, event);
		break;
	}
}
