/*
 * oracle_file.c - calls on files, and advice about pages.
 *
 * Source: replay/MODEL.md, "Page cache".
 */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/bits.h"
#include "tests/oracle/oracle_replay.h"

#define ALL_BYTES ((uint64_t)1 << 57)

static uint64_t page_bytes(const struct pw_oracle_replay *oracle)
{
	return (uint64_t)1 << oracle->machine.shape.page_shift;
}

static uint64_t whole_pages(const struct pw_oracle_replay *oracle,
			    uint64_t bytes)
{
	return bytes / page_bytes(oracle);
}

static uint64_t pages_of(const struct pw_oracle_replay *oracle, uint64_t bytes)
{
	return bytes / page_bytes(oracle) + (bytes % page_bytes(oracle) != 0);
}

/* ---- whoever maps a page ---- */

typedef void (*page_work)(struct pw_oracle_replay *oracle,
			  struct pw_oracle_space *space,
			  struct pw_oracle_page *page);

static bool is_own(const struct pw_oracle_page *page)
{
	return page->frame == PW_ORACLE_ZERO || page->frame == PW_ORACLE_OWN ||
	       page->frame == PW_ORACLE_FORKED;
}

static void unmap(struct pw_oracle_replay *oracle,
		  struct pw_oracle_space *space, struct pw_oracle_page *page)
{
	struct pw_oracle_page old = *page;

	pw_oracle_page_remove(space, page->page);
	pw_oracle_note_change(oracle, space, &old);
	oracle->counts.unmapped++;
}

static void protect(struct pw_oracle_replay *oracle,
		    struct pw_oracle_space *space, struct pw_oracle_page *page)
{
	if (page->frame != PW_ORACLE_WRITTEN && page->frame != PW_ORACLE_COMMON)
		return;
	PW_ASSERT(!page->shmem);
	page->frame = PW_ORACLE_SHARED;
	pw_oracle_note_change(oracle, space, page);
}

/* All processes, each space once. */
static struct pw_oracle_space *space_at(const struct pw_oracle_replay *oracle,
					size_t process)
{
	for (size_t i = 0; i < process; i++)
		if (oracle->space[i] == oracle->space[process])
			return NULL;
	return oracle->space[process];
}

static bool is_mapped_in(const struct pw_oracle_space *space,
			 const struct pw_oracle_mapping *m, uint64_t page,
			 uint64_t first, uint64_t end)
{
	uint64_t index = pw_oracle_index(space, m, page);

	return index >= first && index < end;
}

/* The lowest page from @at on that maps [first, end) of @object. */
static struct pw_oracle_page *next_user(const struct pw_oracle_space *space,
					const struct pw_oracle_object *object,
					const uint64_t range[2], uint64_t at)
{
	struct pw_oracle_page *next = NULL;

	for (size_t i = 0; i < space->pages; i++) {
		struct pw_oracle_page *p = &space->page[i];
		const struct pw_oracle_mapping *m;

		if (p->page < at || (next && next->page < p->page))
			continue;
		m = pw_oracle_mapping_at(space, p->page);
		if (m && m->object == object &&
		    is_mapped_in(space, m, p->page, range[0], range[1]))
			next = p;
	}
	return next;
}

/* Do @work to what maps pages [first, end) of @object; to copies, too? */
static void for_users(struct pw_oracle_replay *oracle,
		      const struct pw_oracle_object *object,
		      const uint64_t range[2], bool copies, page_work work)
{
	for (size_t i = 0; i < PW_ORACLE_PROCESSES_MAX; i++) {
		struct pw_oracle_space *space = space_at(oracle, i);
		uint64_t at = 0;

		while (space) {
			struct pw_oracle_page *page =
				next_user(space, object, range, at);

			if (!page)
				break;
			at = page->page + 1;
			if (copies || !is_own(page))
				work(oracle, space, page);
		}
	}
}

/* Take out all that mappings have in the places of pages from @first on, as a
 * drop of each row of them. */
static void drop_rows(struct pw_oracle_replay *oracle,
		      struct pw_oracle_space *space,
		      const struct pw_oracle_mapping *m, uint64_t first)
{
	uint64_t row = m->first;

	for (uint64_t p = m->first; p <= m->end; p++) {
		bool in = p < m->end &&
			  is_mapped_in(space, m, p, first, oracle->objects.end);

		if (in && pw_oracle_index(space, m, p) > 0)
			continue;
		pw_oracle_drop(oracle, space, row, p);
		row = in ? p : p + 1;
	}
}

static void drop_copies(struct pw_oracle_replay *oracle,
			const struct pw_oracle_object *object, uint64_t first)
{
	for (size_t i = 0; i < PW_ORACLE_PROCESSES_MAX; i++) {
		struct pw_oracle_space *space = space_at(oracle, i);

		for (size_t k = 0; space && k < space->mappings; k++)
			if (space->mapping[k].object == object)
				drop_rows(oracle, space, &space->mapping[k],
					  first);
	}
}

static void take_away(struct pw_oracle_replay *oracle,
		      struct pw_oracle_object *object, uint64_t first,
		      uint64_t end, bool copies)
{
	const uint64_t range[2] = {first, end};

	if (first >= end)
		return;
	if (copies)
		drop_copies(oracle, object, first);
	else
		for_users(oracle, object, range, false, unmap);
	pw_oracle_take_out(&oracle->objects, object, first, end, false);
}

void pw_oracle_write_back(struct pw_oracle_replay *oracle,
			  struct pw_oracle_object *object, uint64_t first,
			  uint64_t end)
{
	uint64_t dirty = object->dirties;

	if (object->shmem)
		return;
	for (size_t i = 0; i < object->helds; i++) {
		const struct pw_oracle_held *held = &object->held[i];
		const uint64_t range[2] = {held->index, held->index + 1};

		if (!held->phys->dirty || held->index < first ||
		    held->index >= end)
			continue;
		held->phys->dirty = false;
		for_users(oracle, object, range, false, protect);
	}
	pw_oracle_say(object, PW_ORACLE_DIRTY, first, end, false);
	pw_oracle_list_dirty(&oracle->objects, object, first, end, false);
	oracle->counts.written += dirty - object->dirties;
	oracle->counts.out +=
		(dirty - object->dirties) * page_bytes(oracle) / 1024;
}

/* ---- calls ---- */

static struct pw_oracle_object *find(struct pw_oracle_replay *oracle,
				     const struct pw_event *event, size_t name,
				     const char *path)
{
	bool shmem = strncmp(path, "/dev/zero", 9) == 0 ||
		     strncmp(path, "/memfd:", 7) == 0 ||
		     strncmp(path, "/SYSV", 5) == 0 ||
		     strncmp(path, "/dev/shm/", 9) == 0;

	return pw_oracle_object_named(&oracle->objects, event->arg[name],
				      event->arg[name + 1], "", shmem, 0);
}

/* The open file of the call. */
static unsigned open_file(struct pw_oracle_replay *oracle,
			  const struct pw_event *event, size_t name,
			  const char *path, bool writable)
{
	struct pw_oracle_thing thing = {.kind = PW_ORACLE_OPEN_FILE,
					.device = event->arg[name],
					.inode = event->arg[name + 1],
					.handle = event->arg[0],
					.writable = writable};

	if (event->kind == PW_EVENT_memfd_create)
		thing.handle = event->result;
	snprintf(thing.name, sizeof(thing.name), "%.350s", path);
	return pw_oracle_thing_number(&oracle->things, &thing);
}

static void apply_write(struct pw_oracle_replay *oracle,
			struct pw_oracle_object *object, uint64_t offset,
			uint64_t bytes)
{
	uint64_t index = whole_pages(oracle, offset);
	uint64_t end = pages_of(oracle, offset + bytes);

	if (bytes == 0)
		return;
	if (object->bytes < offset + bytes)
		object->bytes = offset + bytes;
	while (index < end) {
		unsigned order = 0;

		pw_oracle_throttle(oracle, object);
		if (pw_oracle_ask(&oracle->objects, object, PW_ORACLE_THERE,
				  index)) {
			pw_oracle_soil(&oracle->objects, object, index);
			index = pw_oracle_tail(&oracle->objects, object, index);
			continue;
		}
		while (oracle->machine.kernel >= 618 && !object->shmem &&
		       order < 9 && index % ((uint64_t)2 << order) == 0 &&
		       ((uint64_t)2 << order) <= end - index)
			order++;
		pw_oracle_bring(&oracle->objects, object, index,
				index + ((uint64_t)1 << order), order, true);
		index += (uint64_t)1 << order;
	}
}

/* The page of @offset is written to, if it is there and not all of it went. */
static void zero_part(struct pw_oracle_replay *oracle,
		      struct pw_oracle_object *object, uint64_t offset)
{
	uint64_t index = whole_pages(oracle, offset);

	if (pages_of(oracle, offset) != index &&
	    pw_oracle_ask(&oracle->objects, object, PW_ORACLE_THERE, index))
		pw_oracle_soil(&oracle->objects, object, index);
}

static void punch(struct pw_oracle_replay *oracle,
		  struct pw_oracle_object *object, uint64_t offset,
		  uint64_t end)
{
	bool to_end = object->bytes != 0 && end >= object->bytes;

	take_away(oracle, object, pages_of(oracle, offset),
		  to_end ? pages_of(oracle, end) : whole_pages(oracle, end),
		  false);
	if (offset == end)
		return;
	zero_part(oracle, object, offset);
	if (!to_end)
		zero_part(oracle, object, end);
}

static void apply_fallocate(struct pw_oracle_replay *oracle,
			    struct pw_oracle_object *object, uint64_t mode,
			    uint64_t offset, uint64_t length)
{
	if (mode & 0x28) {
		if (object->bytes && (mode & 8) && length < object->bytes)
			object->bytes -= length;
		if (object->bytes && !(mode & 8))
			object->bytes += length;
		take_away(oracle, object, whole_pages(oracle, offset),
			  oracle->objects.end, true);
		return;
	}
	if (mode & 0x12)
		punch(oracle, object, offset, offset + length);
	if (!(mode & 3) && object->bytes < offset + length)
		object->bytes = offset + length;
}

static void apply_fadvise(struct pw_oracle_replay *oracle,
			  const struct pw_event *event,
			  struct pw_oracle_object *object, unsigned thing)
{
	uint64_t offset = event->arg[1], length = event->arg[2];
	struct pw_oracle_reading *reading = pw_oracle_reading(oracle, thing);
	uint64_t first = pages_of(oracle, offset);
	uint64_t end = whole_pages(oracle, offset + length);

	if (object->shmem || event->arg[3] > 4)
		return;
	if (event->arg[3] == 3) {
		first = whole_pages(oracle, offset);
		end = pages_of(oracle, offset + length);
		if (length == 0)
			end = oracle->objects.end;
		pw_oracle_read_wanted(oracle, object, reading, first,
				      end - first);
		return;
	}
	if (event->arg[3] < 3) {
		reading->advice = (unsigned)event->arg[3];
		return;
	}
	if (offset + length == object->bytes)
		end = pages_of(oracle, offset + length);
	if (length == 0)
		end = oracle->objects.end;
	pw_oracle_take_out(&oracle->objects, object, first, end, true);
	pw_oracle_write_back(oracle, object, first, end);
}

static void apply_msync(struct pw_oracle_replay *oracle,
			struct pw_oracle_space *space, uint64_t first,
			uint64_t end)
{
	struct pw_oracle_mapping m;

	for (m = pw_oracle_part(space, first, end); m.first < end;
	     m = pw_oracle_part(space, m.end, end)) {
		uint64_t index = pw_oracle_index(space, &m, m.first);

		if (m.object && m.shared)
			pw_oracle_write_back(oracle, m.object, index,
					     index + (m.end - m.first));
	}
}

/* Where the device stands among the arguments; 0: no event about a file. */
static size_t name_of(enum pw_event_kind kind)
{
	switch ((unsigned)kind) {
	case PW_EVENT_memfd_create:
		return 1;
	case PW_EVENT_ftruncate:
	case PW_EVENT_fsync:
		return 2;
	case PW_EVENT_file_read:
	case PW_EVENT_file_write:
		return 3;
	case PW_EVENT_fallocate:
	case PW_EVENT_fadvise:
		return 4;
	default:
		return 0;
	}
}

static void apply_call(struct pw_oracle_replay *oracle,
		       const struct pw_event *event)
{
	size_t name = name_of(event->kind);
	bool writes = event->kind != PW_EVENT_file_read &&
		      event->kind != PW_EVENT_fsync &&
		      event->kind != PW_EVENT_fadvise;
	const uint64_t *arg = event->arg;
	struct pw_oracle_object *object;
	char path[400] = "";
	unsigned thing = 0;

	if (event->text)
		snprintf(path, sizeof(path), "%.350s", event->text);
	if (event->kind == PW_EVENT_memfd_create)
		snprintf(path, sizeof(path), "/memfd:%.300s (deleted)",
			 event->text ? event->text : "");
	if (name == 0 || arg[name + 1] == 0)
		return;
	object = find(oracle, event, name, path);
	if (arg[0] != UINT64_MAX || event->kind == PW_EVENT_memfd_create) {
		thing = open_file(oracle, event, name, path, writes);
		pw_oracle_hold(oracle, object);
	}
	if (event->kind == PW_EVENT_memfd_create)
		object->unnamed = true;
	if (event->kind == PW_EVENT_file_read && !object->shmem)
		pw_oracle_read_call(oracle, object, thing, arg[1], arg[2]);
	else if (event->kind == PW_EVENT_file_write)
		apply_write(oracle, object, arg[1], arg[2]);
	else if (event->kind == PW_EVENT_fallocate)
		apply_fallocate(oracle, object, arg[1], arg[2], arg[3]);
	else if (event->kind == PW_EVENT_fsync)
		pw_oracle_write_back(oracle, object, 0, oracle->objects.end);
	else if (event->kind == PW_EVENT_fadvise)
		apply_fadvise(oracle, event, object, thing);
	else if (event->kind == PW_EVENT_ftruncate) {
		bool shrinks = arg[1] < object->bytes;

		object->bytes = arg[1];
		object->emptied = arg[1] == 0;
		take_away(oracle, object, pages_of(oracle, arg[1]),
			  oracle->objects.end, true);
		if (shrinks)
			zero_part(oracle, object, arg[1]);
	}
}

void pw_oracle_file_event(struct pw_oracle_replay *oracle,
			  struct pw_oracle_space *space,
			  const struct pw_event *event, uint64_t first,
			  uint64_t end)
{
	const char *path = event->text ? event->text : "";

	if (event->kind == PW_EVENT_msync) {
		if (event->arg[2] & 4)
			apply_msync(oracle, space, first, end);
		return;
	}
	if (event->kind == PW_EVENT_unnamed) {
		pw_oracle_unname(oracle, event);
		return;
	}
	if (event->kind != PW_EVENT_file && event->kind != PW_EVENT_resident &&
	    event->kind != PW_EVENT_folio) {
		apply_call(oracle, event);
		return;
	}
	if (event->arg[0] == 0 && event->arg[1] == 0)
		return;
	pw_oracle_told(oracle, event, find(oracle, event, 0, path));
}

/* ---- advice about pages ---- */

void pw_oracle_drain(struct pw_oracle_replay *oracle)
{
	for (size_t i = 0; i < oracle->lazies; i++) {
		struct pw_oracle_phys *phys = oracle->lazy[i];

		phys->lazy = phys->lazy || phys->maps > 0;
		phys->held--;
		pw_oracle_phys_release(phys);
	}
	oracle->lazies = 0;
}

static void give_up(struct pw_oracle_replay *oracle,
		    struct pw_oracle_space *space, struct pw_oracle_page *page)
{
	if (page->height > 0 && page->phys->maps > 1)
		return;
	if (!page->old || !page->clean)
		pw_oracle_note_change(oracle, space, page);
	page->old = page->clean = true;
	if (page->phys->lazy)
		return;
	page->phys->held++;
	oracle->lazy[oracle->lazies++] = page->phys;
	if (oracle->lazies == 31 || page->height > 0)
		pw_oracle_drain(oracle);
}

static void cool(struct pw_oracle_replay *oracle, struct pw_oracle_space *space,
		 struct pw_oracle_page *page)
{
	if (page->phys->maps > 1 || page->old)
		return;
	page->old = true;
	pw_oracle_note_change(oracle, space, page);
}

static void evict(struct pw_oracle_replay *oracle,
		  struct pw_oracle_space *space, struct pw_oracle_page *page)
{
	const struct pw_oracle_mapping *m =
		pw_oracle_mapping_at(space, page->page);
	bool dirty = page->phys->dirty || page->frame == PW_ORACLE_WRITTEN ||
		     (is_own(page) && !page->clean);
	bool forgets = !is_own(page) && !dirty && !page->shmem;
	struct pw_oracle_object *object = m->object;
	uint64_t index = object ? pw_oracle_index(space, m, page->page) : 0;

	if (page->phys->maps > 1 ||
	    (is_own(page) && (dirty || !page->phys->lazy)))
		return;
	unmap(oracle, space, page);
	if (forgets)
		pw_oracle_take_out(&oracle->objects, object, index, index + 1,
				   false);
}

void pw_oracle_page_advice(struct pw_oracle_replay *oracle,
			   struct pw_oracle_space *space,
			   const struct pw_oracle_mapping *m, uint64_t advice)
{
	page_work work = advice == 8 ? give_up : advice == 20 ? cool : evict;
	const struct pw_oracle_mapping part = *m;
	uint64_t index =
		part.object ? pw_oracle_index(space, &part, part.first) : 0;

	if (advice == 3) {
		if (part.object && !part.object->shmem)
			pw_oracle_read_wanted(
				oracle, part.object,
				pw_oracle_reading(oracle, part.thing), index,
				part.end - part.first);
		return;
	}
	pw_oracle_drain(oracle);
	if (advice == 9) {
		if (part.object)
			punch(oracle, part.object, index * page_bytes(oracle),
			      (index + part.end - part.first) *
				      page_bytes(oracle));
		return;
	}
	if (advice == 8 && (part.object || part.hugetlb))
		return;
	pw_oracle_cut_pages(oracle, space, part.first, part.end);
	for (uint64_t page = part.first; page < part.end; page++) {
		struct pw_oracle_page *p = pw_oracle_page_at(space, page);

		if (p && p->page == page && p->phys)
			work(oracle, space, p);
	}
}
