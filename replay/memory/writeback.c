/*
 * writeback.c - when dirty pages of files are written back.
 */
#include "replay/memory/writeback.h"

#include "base/assert.h"
#include "replay/machine/cost.h"
#include "replay/memory/cache.h"
#include "replay/memory/rmap.h"

#define KIB_SHIFT 10
#define PERCENT 100

/* ---- which files are dirty ---- */

static void add_last(struct pw_objects *objects, uint32_t number)
{
	struct pw_object *object = pw_object_at(objects, number);

	object->dirty_earlier = objects->dirty_last;
	object->dirty_later = 0;
	if (objects->dirty_last)
		pw_object_at(objects, objects->dirty_last)->dirty_later =
			number;
	else
		objects->dirty_first = number;
	objects->dirty_last = number;
}

static void take_out(struct pw_objects *objects, uint32_t number)
{
	const struct pw_object *object = pw_object_at(objects, number);
	uint32_t earlier = object->dirty_earlier;
	uint32_t later = object->dirty_later;

	if (earlier)
		pw_object_at(objects, earlier)->dirty_later = later;
	else
		objects->dirty_first = later;
	if (later)
		pw_object_at(objects, later)->dirty_earlier = earlier;
	else
		objects->dirty_last = earlier;
}

void pw_writeback_note(struct pw_system *system, uint32_t object)
{
	struct pw_objects *objects = &system->objects;
	struct pw_object *at = pw_object_at(objects, object);
	uint64_t before = at->dirty_noted;
	uint64_t now = at->dirty_pages;
	struct pw_writeback *flusher = &system->writeback;

	if (at->kind == PW_OBJECT_SHMEM || now == before)
		return;
	objects->dirty_pages += now - before;
	at->dirty_noted = now;
	if (now > before)
		system->counters.nr_dirtied += now - before;
	if (now == 0)
		take_out(objects, object);
	if (before > 0)
		return;
	add_last(objects, object);
	at->dirtied_ns = flusher->now_ns;
	if (flusher->wake_ns == 0 && system->machine->dirty_writeback_ns > 0)
		flusher->wake_ns =
			flusher->now_ns + system->machine->dirty_writeback_ns;
}

void pw_writeback_forget(struct pw_objects *objects, uint32_t object)
{
	struct pw_object *at = pw_object_at(objects, object);

	if (at->dirty_noted == 0)
		return;
	take_out(objects, object);
	PW_ASSERT(objects->dirty_pages >= at->dirty_noted);
	objects->dirty_pages -= at->dirty_noted;
	at->dirty_noted = 0;
}

void pw_writeback_count(struct pw_system *system, uint64_t pages)
{
	unsigned shift = system->machine->geometry.page_shift;

	system->counters.nr_written += pages;
	system->counters.pgpgout += pages << (shift - KIB_SHIFT);
}

/* ---- thresholds ---- */

/* Dirty pages that are too many. */
struct limits {
	uint64_t background; /* for the flusher to sleep on */
	uint64_t ceiling;    /* for those who write not to wait */
};

/* A share of the memory that is free or that files have; without end of memory
 * that has none. */
static uint64_t share_of(const struct pw_system *system, uint64_t percent)
{
	const struct pw_machine *machine = system->machine;
	uint64_t page = (uint64_t)1 << machine->geometry.page_shift;
	uint64_t frames;

	if (machine->memory_frames == 0)
		return UINT64_MAX;
	frames = machine->memory_frames - system->memory.used -
		 system->memory.unplaced + system->objects.file_frames;
	return percent * page / PERCENT * frames / page;
}

/* The pages of @bytes, unless that is 0: then the share counts. */
static uint64_t threshold(const struct pw_system *system, uint64_t bytes,
			  uint64_t percent)
{
	unsigned shift = system->machine->geometry.page_shift;
	uint64_t rest = ((uint64_t)1 << shift) - 1;

	if (bytes == 0)
		return share_of(system, percent);
	return (bytes >> shift) + ((bytes & rest) != 0);
}

/* Source: Linux mm/page-writeback.c domain_dirty_limits. */
static struct limits find_limits(const struct pw_system *system)
{
	const struct pw_machine *machine = system->machine;
	uint64_t hard =
		threshold(system, machine->dirty_bytes, machine->dirty_ratio);
	struct limits limits;

	limits.background = threshold(system, machine->dirty_background_bytes,
				      machine->dirty_background_ratio);
	if (hard == UINT64_MAX && limits.background == UINT64_MAX)
		return (struct limits){UINT64_MAX, UINT64_MAX};
	if (limits.background >= hard)
		limits.background = hard / 2;
	limits.ceiling = limits.background + (hard - limits.background) / 2;
	return limits;
}

/* ---- the flusher ---- */

/* Write the file back that is dirty since longest. */
static enum pw_status write_first(struct pw_system *system,
				  struct pw_error *err)
{
	uint32_t object = system->objects.dirty_first;
	enum pw_status st = pw_rmap_write_back(system, object, 0,
					       pw_cache_end(system), err);

	PW_ASSERT(st != PW_OK || system->objects.dirty_first != object);
	return st;
}

static enum pw_status write_to(struct pw_system *system, uint64_t pages,
			       struct pw_error *err)
{
	enum pw_status st = PW_OK;

	while (st == PW_OK && system->objects.dirty_pages > pages)
		st = write_first(system, err);
	return st;
}

static enum pw_status write_expired(struct pw_system *system,
				    struct pw_error *err)
{
	const struct pw_objects *objects = &system->objects;
	uint64_t now = system->writeback.now_ns;
	enum pw_status st = PW_OK;

	while (st == PW_OK && objects->dirty_first &&
	       now - pw_object_at(objects, objects->dirty_first)->dirtied_ns >=
		       system->machine->dirty_expire_ns)
		st = write_first(system, err);
	return st;
}

enum pw_status pw_writeback_tick(struct pw_system *system, struct pw_error *err)
{
	struct pw_writeback *flusher = &system->writeback;
	enum pw_status st = PW_OK;

	flusher->now_ns = pw_cost_ns(&system->machine->cost, &system->counters);
	if (flusher->wake_ns > 0 && flusher->now_ns >= flusher->wake_ns) {
		st = write_expired(system, err);
		flusher->wake_ns = 0;
		if (system->objects.dirty_first)
			flusher->wake_ns = flusher->now_ns +
					   system->machine->dirty_writeback_ns;
	}
	if (st != PW_OK || system->objects.dirty_pages == 0)
		return st;
	return write_to(system, find_limits(system).background, err);
}

bool pw_writeback_may_wait(const struct pw_machine *machine)
{
	return machine->memory_frames > 0 || machine->dirty_bytes > 0;
}

enum pw_status pw_writeback_throttle(struct pw_system *system, uint32_t object,
				     struct pw_error *err)
{
	struct limits limits;

	if (system->objects.dirty_pages == 0 ||
	    pw_object_at(&system->objects, object)->kind == PW_OBJECT_SHMEM)
		return PW_OK;
	limits = find_limits(system);
	if (system->objects.dirty_pages <= limits.ceiling)
		return PW_OK;
	return write_to(system, limits.background, err);
}
