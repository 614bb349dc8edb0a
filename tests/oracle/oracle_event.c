/*
 * oracle_event.c - what an event does to an address space.
 *
 * Source: replay/MODEL.md, "Address space".
 */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/bits.h"
#include "tests/oracle/oracle_replay.h"
#include "tests/oracle/oracle_tables.h"

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

void pw_oracle_drop(struct pw_oracle_replay *oracle,
		    struct pw_oracle_space *space, uint64_t first, uint64_t end)
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
			/* Others are out of all TLBs. */
			if (space == oracle->running)
				pw_oracle_invalidate_in(oracle, &page, first,
							end);
			else
				oracle->counts.invalidations++;
		} else {
			i++;
		}
	}
}

void pw_oracle_cut_pages(struct pw_oracle_replay *oracle,
			 struct pw_oracle_space *space, uint64_t first,
			 uint64_t end)
{
	cut_page(oracle, space, first);
	cut_page(oracle, space, end);
}

void pw_oracle_remove(struct pw_oracle_replay *oracle,
		      struct pw_oracle_space *space, uint64_t first,
		      uint64_t end)
{
	pw_oracle_drop(oracle, space, first, end);
	pw_oracle_unmap(space, first, end);
	for (size_t i = 0; i < space->guards;)
		if (space->guard[i] >= first && space->guard[i] < end)
			space->guard[i] = space->guard[--space->guards];
		else
			i++;
	pw_oracle_tables_unmapped(space, first, end);
}

void pw_oracle_modify(struct pw_oracle_replay *oracle,
		      struct pw_oracle_space *space,
		      const struct pw_oracle_mapping *mapping)
{
	cut_page(oracle, space, mapping->first);
	cut_page(oracle, space, mapping->end);
	pw_oracle_change(space, mapping);
}

void pw_oracle_populate(struct pw_oracle_replay *oracle,
			struct pw_oracle_space *space, uint64_t first,
			uint64_t end, const bool *by_writes)
{
	const uint64_t rights = PW_ORACLE_RD | PW_ORACLE_WR | PW_ORACLE_EX;
	uint64_t failed = end; /* start of the mapping that is given up */

	if (first < end)
		pw_oracle_drain(oracle);
	for (uint64_t page = first; page < end; page++) {
		const struct pw_oracle_mapping *m =
			pw_oracle_mapping_at(space, page);
		uint64_t major;
		bool write;

		if (!m || m->first == failed)
			continue;
		if (!by_writes &&
		    (!(m->flags & rights) ||
		     (m->flags & (PW_ORACLE_LF | PW_ORACLE_IO | PW_ORACLE_PF))))
			continue;
		write = by_writes ? *by_writes
				  : !m->shared && (m->flags & PW_ORACLE_WR);
		if (pw_oracle_guard_at(space, page) ||
		    pw_oracle_lies_past(space, m, page)) {
			failed = m->first;
			if (!pw_oracle_guard_at(space, page))
				pw_oracle_fault_failed(oracle, space, page,
						       write);
			continue;
		}
		/* One that reads is begun anew, and nobody knows. */
		major = oracle->counts.major;
		pw_oracle_fault(oracle, space, page, write);
		if (!by_writes && oracle->counts.major > major) {
			oracle->counts.major--;
			oracle->counts.minor++;
		}
	}
}

/* ---- new mappings ---- */

/* A new mapping of a call; mlockall has its say. */
static void map_new(struct pw_oracle_replay *oracle,
		    struct pw_oracle_space *space, struct pw_oracle_mapping m,
		    bool fill, bool below_only)
{
	m.flags |= space->future_lock;
	if (m.flags & PW_ORACLE_DE)
		m.flags &= ~(uint64_t)(PW_ORACLE_LO | PW_ORACLE_LF);
	if (m.first >= m.end)
		return;
	pw_oracle_remove(oracle, space, m.first, m.end);
	pw_oracle_charge(oracle, &m, m.end - m.first);
	pw_oracle_place(space, &m, below_only);
	if (fill || (m.flags & (PW_ORACLE_LO | PW_ORACLE_LF)) == PW_ORACLE_LO)
		pw_oracle_populate(oracle, space, m.first, m.end, NULL);
}

/* The flags that the kind of mapping gives, without those of prot. */
static uint64_t kind_flags(const struct pw_oracle_replay *oracle,
			   uint64_t flags)
{
	const uint64_t may = PW_ORACLE_MR | PW_ORACLE_MW | PW_ORACLE_ME;
	uint64_t type = flags & 0xf;
	uint64_t out = may;

	if (type == 1 || type == 3)
		out |= PW_ORACLE_SH | PW_ORACLE_MS;
	if (type == 3 && (flags & 0x80000))
		out |= PW_ORACLE_SF;
	out |= flags & 0x100 ? PW_ORACLE_GD : 0;
	out |= flags & 0x2000 ? PW_ORACLE_LO : 0;
	if ((flags & 0x4000) && oracle->machine.overcommit != 3)
		out |= PW_ORACLE_NR;
	out |= flags & 0x20000 ? PW_ORACLE_NH : 0;
	out |= flags & 0x40000 ? PW_ORACLE_HT | PW_ORACLE_DE : 0;
	if (type == 8)
		out |= PW_ORACLE_DP | PW_ORACLE_NR | PW_ORACLE_WF |
		       PW_ORACLE_DD;
	return out;
}

/* What the mapping is of; arguments from the offset on are in @rest. */
static unsigned find_thing(struct pw_oracle_replay *oracle,
			   const struct pw_oracle_mapping *m,
			   const uint64_t *rest, const char *text,
			   uint64_t descriptor)
{
	struct pw_oracle_thing thing = {.kind = PW_ORACLE_OPEN_FILE,
					.device = rest[1],
					.inode = rest[2],
					.handle = descriptor};

	snprintf(thing.name, sizeof(thing.name), "%s", text);
	if (m->anonymous && (m->shared || m->hugetlb)) {
		thing.kind = PW_ORACLE_ANONYMOUS_FILE;
		snprintf(thing.name, sizeof(thing.name), "%s",
			 m->hugetlb ? "/anon_hugepage (deleted)"
				    : "/dev/zero (deleted)");
	} else if (m->anonymous && text[0] != '/') {
		return 0;
	} else if (m->shared && (m->flags & PW_ORACLE_WR)) {
		thing.writable = true;
	}
	return pw_oracle_thing_number(&oracle->things, &thing);
}

/* Whether a file of this name is shared memory. */
static bool is_shmem(const char *path)
{
	return strncmp(path, "/dev/zero", 9) == 0 ||
	       strncmp(path, "/memfd:", 7) == 0 ||
	       strncmp(path, "/SYSV", 5) == 0 ||
	       strncmp(path, "/dev/shm/", 9) == 0;
}

/* What a mapping maps; @rest: device, inode, size. */
static struct pw_oracle_object *find_object(struct pw_oracle_replay *oracle,
					    const struct pw_oracle_mapping *m,
					    const uint64_t *rest,
					    const char *path)
{
	if (m->anonymous && !m->shared)
		return NULL;
	if (m->anonymous && rest[0] == 0 && rest[1] == 0)
		return pw_oracle_object_new(&oracle->objects);
	return pw_oracle_object_named(&oracle->objects, rest[0], rest[1], path,
				      m->anonymous || is_shmem(path), rest[2]);
}

static struct pw_oracle_mapping describe(struct pw_oracle_replay *oracle,
					 const struct pw_oracle_space *space,
					 const struct pw_event *event)
{
	bool is_map = event->kind == PW_EVENT_map;
	const uint64_t *rest = &event->arg[is_map ? 4 : 5];
	const char *text = event->text ? event->text : "";
	uint64_t flags = event->arg[3], bytes = event->arg[1];
	uint64_t address = is_map ? event->arg[0] : event->result;
	struct pw_oracle_mapping m = {0};

	if (flags & 0x40000) {
		m.hugetlb = flags >> 26 & 63 ? flags >> 26 & 63 : 21;
		if (!is_map && m.hugetlb < 57 &&
		    bytes % ((uint64_t)1 << m.hugetlb))
			bytes += ((uint64_t)1 << m.hugetlb) -
				 bytes % ((uint64_t)1 << m.hugetlb);
	}
	m.first = to_page(space, address);
	m.end = to_end(space, address, bytes);
	m.flags = (event->arg[2] & 7) | kind_flags(oracle, flags);
	if (space->reads_execute && (event->arg[2] & 1))
		m.flags |= PW_ORACLE_EX;
	m.shared = m.flags & PW_ORACLE_SH;
	m.anonymous = (flags & 0x20) || (rest[2] == 0 && text[0] != '/') ||
		      strcmp(text, "/dev/zero") == 0;
	if ((m.flags & PW_ORACLE_WR) &&
	    !(m.flags & (PW_ORACLE_SH | PW_ORACLE_NR | PW_ORACLE_HT)))
		m.flags |= PW_ORACLE_AC;
	/* That of the first page's first byte. */
	m.offset = (m.anonymous ? 0 : rest[0]) -
		   address % ((uint64_t)1 << space->shape->page_shift);
	if (m.anonymous && !m.shared)
		m.offset = m.first << space->shape->page_shift;
	m.thing = find_thing(oracle, &m, rest, text,
			     is_map ? UINT64_MAX : event->arg[4]);
	if (m.shared && !m.anonymous &&
	    !oracle->things.list[m.thing - 1].writable)
		m.flags &= ~(uint64_t)(PW_ORACLE_SH | PW_ORACLE_MW);
	m.object = find_object(oracle, &m, rest + 1, text);
	if (m.object && m.anonymous && m.shared && !rest[1] && !rest[2])
		m.object->memory_bytes = bytes;
	return m;
}

/* Whether a new mapping of so many bytes at @address is of no pages. */
static bool is_of_none(const struct pw_oracle_space *space, uint64_t address,
		       uint64_t bytes)
{
	return to_page(space, address) >= to_end(space, address, bytes);
}

/* A mapping that was there at the start. */
static void apply_map(struct pw_oracle_replay *oracle,
		      struct pw_oracle_space *space,
		      const struct pw_event *event)
{
	struct pw_oracle_mapping m;
	struct pw_oracle_thing name = {.kind = PW_ORACLE_OPEN_FILE};
	const char *text = event->text ? event->text : "";
	bool heap = strcmp(text, "[heap]") == 0;
	bool stack = strcmp(text, "[stack]") == 0;

	if (is_of_none(space, event->arg[0], event->arg[1]))
		return;
	m = describe(oracle, space, event);
	snprintf(name.name, sizeof(name.name), "%s", text);
	if (stack)
		m.flags |= PW_ORACLE_GD;
	if (strncmp(text, "[vvar", 5) == 0)
		m.flags = (m.flags & 7) | PW_ORACLE_PF | PW_ORACLE_IO |
			  PW_ORACLE_DE | PW_ORACLE_DD | PW_ORACLE_MR;
	if (strcmp(text, "[vdso]") == 0)
		m.flags = (m.flags & 7) | PW_ORACLE_DE | PW_ORACLE_MR |
			  PW_ORACLE_MW | PW_ORACLE_ME;
	if (text[0] == '[' && !heap && !stack)
		m.thing = pw_oracle_thing_number(&oracle->things, &name);
	if (heap) {
		space->break_known = true;
		space->heap = m.first;
		space->program_break = m.end << space->shape->page_shift;
	}
	pw_oracle_remove(oracle, space, m.first, m.end);
	pw_oracle_mapping_add(space, m);
}

static void apply_mmap(struct pw_oracle_replay *oracle,
		       struct pw_oracle_space *space,
		       const struct pw_event *event)
{
	struct pw_oracle_mapping m;

	oracle->counts.forbidden += event->arg[1] == 0;
	if (is_of_none(space, event->result, event->arg[1]))
		return;
	m = describe(oracle, space, event);
	if (m.object && !m.anonymous)
		pw_oracle_hold(oracle, m.object);
	map_new(oracle, space, m, (event->arg[3] & 0x18000) == 0x8000, false);
}

/* Another shared mapping of the same file, with the same rights. */
static void apply_remap_pages(struct pw_oracle_replay *oracle,
			      struct pw_oracle_space *space,
			      const uint64_t *arg)
{
	uint64_t address = arg[0] / 4096 * 4096, bytes = arg[1] / 4096 * 4096;
	uint64_t first = to_page(space, address);
	uint64_t end = to_end(space, address, bytes);
	const struct pw_oracle_mapping *old =
		pw_oracle_mapping_at(space, first);
	struct pw_oracle_mapping m;

	for (uint64_t page = first; page < end; page++) {
		const struct pw_oracle_mapping *other =
			pw_oracle_mapping_at(space, page);

		if (!old || !other || other->thing != old->thing ||
		    other->flags != old->flags)
			end = first;
	}
	if (first >= end || !old || !old->shared) {
		oracle->counts.forbidden++;
		return;
	}
	m = *old;
	m.first = first;
	m.end = end;
	m.offset = arg[3] * 4096 -
		   address % ((uint64_t)1 << space->shape->page_shift);
	m.label = m.policy = 0;
	m.flags &= PW_ORACLE_RD | PW_ORACLE_WR | PW_ORACLE_EX | PW_ORACLE_LO |
		   PW_ORACLE_HT | PW_ORACLE_DE;
	m.flags |= PW_ORACLE_MR | PW_ORACLE_MW | PW_ORACLE_ME | PW_ORACLE_SH |
		   PW_ORACLE_MS;
	if (space->reads_execute && (m.flags & PW_ORACLE_RD))
		m.flags |= PW_ORACLE_EX;
	map_new(oracle, space, m, !(arg[4] & 0x10000), false);
}

static void apply_shmat(struct pw_oracle_replay *oracle,
			struct pw_oracle_space *space,
			const struct pw_event *event)
{
	const struct pw_oracle_thing thing = {
		.kind = PW_ORACLE_SEGMENT,
		.device = 1,
		.inode = event->arg[5],
		.handle = event->arg[0],
		.name = "/SYSV00000000 (deleted)"};
	const uint64_t name[] = {event->arg[4], event->arg[5], 0};
	struct pw_oracle_mapping m = {
		.anonymous = true, .shared = true, .attached = true};

	if (is_of_none(space, event->result, event->arg[3]))
		return;
	m.first = to_page(space, event->result);
	m.end = to_end(space, event->result, event->arg[3]);
	m.offset = (m.first << space->shape->page_shift) -
		   event->result % ((uint64_t)1 << 57);
	m.flags = PW_ORACLE_RD | PW_ORACLE_MR | PW_ORACLE_ME | PW_ORACLE_MS;
	if (!(event->arg[2] & 0x1000))
		m.flags |= PW_ORACLE_WR | PW_ORACLE_MW | PW_ORACLE_SH;
	m.flags |= event->arg[2] & 0x8000 ? PW_ORACLE_EX : 0;
	m.object = find_object(oracle, &m, name, "");
	m.object->segment = true;
	m.thing = pw_oracle_thing_number(&oracle->things, &thing);
	map_new(oracle, space, m, false, false);
}

static void apply_present(struct pw_oracle_replay *oracle,
			  struct pw_oracle_space *space, uint64_t first,
			  uint64_t end, uint64_t flags)
{
	for (uint64_t page = first; page < end; page++) {
		const struct pw_oracle_mapping *m =
			pw_oracle_mapping_at(space, page);

		if (!m || pw_oracle_page_at(space, page))
			continue;
		oracle->counts.minor += flags >> 1 & 1;
		if (m->object && (m->shared || !(flags & 1))) {
			pw_oracle_map_cached(oracle, space, page);
			continue;
		}
		pw_oracle_map_own(space, page, 0);
		pw_oracle_own_page(space, page);
	}
}

static void apply_brk(struct pw_oracle_replay *oracle,
		      struct pw_oracle_space *space, uint64_t new_break)
{
	uint64_t end = to_end(space, 0, space->program_break);
	uint64_t new_end = to_end(space, 0, new_break);
	struct pw_oracle_mapping heap = {
		.first = end,
		.end = new_end,
		.offset = end << space->shape->page_shift,
		.flags = PW_ORACLE_RD | PW_ORACLE_WR | PW_ORACLE_MR |
			 PW_ORACLE_MW | PW_ORACLE_ME | PW_ORACLE_AC,
		.anonymous = true};
	bool known = space->break_known;

	heap.flags |= space->reads_execute ? PW_ORACLE_EX : 0;
	oracle->counts.forbidden += known && new_end < space->heap;
	if (!known)
		space->heap = new_end;
	space->break_known = true;
	space->program_break = new_break;
	if (known && new_end > end)
		map_new(oracle, space, heap, false, true);
	else if (known)
		pw_oracle_remove(oracle, space, new_end, end);
}

static void apply_to_process(struct pw_oracle_space *space,
			     const struct pw_event *event)
{
	const uint64_t *arg = event->arg;

	switch ((unsigned)event->kind) {
	case PW_EVENT_setrlimit:
	case PW_EVENT_limit:
		if (arg[0] == 3)
			space->stack_limit = arg[1];
		if (arg[0] == 9)
			space->size_limit = arg[1];
		if (arg[0] == 8)
			space->lock_limit = arg[1];
		if (arg[0] == 2) {
			space->data_limit = arg[1];
			space->data_hard = arg[2];
		}
		break;
	case PW_EVENT_personality:
		if (arg[0] != UINT32_MAX)
			space->reads_execute = arg[0] & 0x400000;
		break;
	default:
		break;
	}
}

/* Whether the first arguments are an address and a length. */
static bool has_length(const struct pw_event *event)
{
	return event->kind == PW_EVENT_present ||
	       event->kind == PW_EVENT_munmap ||
	       event->kind == PW_EVENT_mprotect ||
	       event->kind == PW_EVENT_madvise ||
	       event->kind == PW_EVENT_mlock || event->kind == PW_EVENT_msync ||
	       event->kind == PW_EVENT_munlock ||
	       event->kind == PW_EVENT_mbind ||
	       event->kind == PW_EVENT_home_node ||
	       event->kind == PW_EVENT_shmdt;
}

static void apply(struct pw_oracle_replay *oracle,
		  struct pw_oracle_space *space, const struct pw_event *event,
		  uint64_t first, uint64_t end)
{
	switch ((unsigned)event->kind) {
	case PW_EVENT_map:
		apply_map(oracle, space, event);
		break;
	case PW_EVENT_mmap:
		apply_mmap(oracle, space, event);
		break;
	case PW_EVENT_remap_file_pages:
		apply_remap_pages(oracle, space, event->arg);
		break;
	case PW_EVENT_present:
		apply_present(oracle, space, first, end, event->arg[2]);
		break;
	case PW_EVENT_munmap:
		oracle->counts.forbidden += event->arg[1] == 0;
		pw_oracle_remove(oracle, space, first, end);
		break;
	case PW_EVENT_mremap:
		pw_oracle_mremap(oracle, space, event);
		break;
	case PW_EVENT_signal:
		pw_oracle_signal(oracle, space, event);
		break;
	case PW_EVENT_unreached:
		pw_oracle_unreached(oracle, space, event);
		break;
	case PW_EVENT_brk:
		apply_brk(oracle, space, event->result);
		break;
	case PW_EVENT_shmat:
		apply_shmat(oracle, space, event);
		break;
	case PW_EVENT_shmdt:
		pw_oracle_remove(oracle, space, first, end);
		break;
	default:
		apply_to_process(space, event);
		pw_oracle_file_event(oracle, space, event, first, end);
		break;
	}
}

void pw_oracle_event(struct pw_oracle_replay *oracle,
		     struct pw_oracle_space *space,
		     const struct pw_event *event)
{
	uint64_t first = to_page(space, event->arg[0]), end = first;

	if (has_length(event))
		end = to_end(space, event->arg[0], event->arg[1]);
	if (event->kind == PW_EVENT_prctl) {
		first = to_page(space, event->arg[2]);
		end = to_end(space, event->arg[2], event->arg[3]);
	}
	if (!is_error(event->result))
		apply(oracle, space, event, first, end);
	pw_oracle_call(oracle, space, event, first, end);
}
