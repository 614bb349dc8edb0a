/*
 * cache.c - the page cache.
 *
 * What is known of an object's pages is a set of ranges, with 0 for pages that
 * are not there and the order of their folios, plus 1, for those that are.
 */
#include "replay/cache.h"

#include "base/assert.h"
#include "base/bits.h"

#define ABSENT 0
#define FIRST_FRAMES 16
#define PERCENT 100

static uint64_t pages_end(const struct pw_system *system)
{
	return (uint64_t)1 << (PW_ADDRESS_BITS -
			       system->machine->geometry.page_shift);
}

/* Whether a page of which nothing is known is there. */
static bool assume(const struct pw_machine *machine,
		   const struct pw_object *object, uint64_t index)
{
	if (object->kind == PW_OBJECT_SHMEM)
		return false;
	if (machine->cache_recorded && object->listed)
		return false;
	if (machine->cache_percent == PERCENT)
		return true;
	return pw_mix64(pw_mix64(pw_mix64(object->device) + object->inode) +
			index) %
		       PERCENT <
	       machine->cache_percent;
}

uint32_t pw_cache_peek(const struct pw_system *system, uint32_t object,
		       uint64_t index)
{
	const struct pw_object *at = pw_object_at(&system->objects, object);
	const uint64_t *frame =
		at->frames ? pw_pagemap_find(at->frames, index) : NULL;

	return frame ? (uint32_t)*frame : PW_NO_FRAME;
}

bool pw_cache_holds(const struct pw_system *system, uint32_t object,
		    uint64_t index, unsigned *order)
{
	const struct pw_object *at = pw_object_at(&system->objects, object);
	const struct pw_interval *known = pw_intervals_find(&at->known, index);

	PW_ASSERT(index < pages_end(system));
	*order = known && known->value != ABSENT ? (unsigned)known->value - 1
						 : 0;
	if (pw_cache_peek(system, object, index))
		return true;
	return known ? known->value != ABSENT
		     : assume(system->machine, at, index);
}

enum pw_status pw_cache_frame(struct pw_system *system, uint32_t object,
			      uint64_t index, uint32_t *frame,
			      struct pw_error *err)
{
	struct pw_object *at = pw_object_at(&system->objects, object);
	enum pw_status st = PW_OK;
	uint64_t *value;
	bool added;

	*frame = pw_cache_peek(system, object, index);
	if (*frame)
		return PW_OK;
	PW_ASSERT(index < pages_end(system));
	if (!at->frames)
		st = pw_pagemap_open(&at->frames, FIRST_FRAMES, err);
	if (st == PW_OK)
		st = pw_frame_take(&system->memory, 0, PW_MIGRATE_MOVABLE,
				   frame, err);
	if (st != PW_OK)
		return st;
	pw_frame_at(&system->memory, *frame)->refs = 1;
	pw_frame_at(&system->memory, *frame)->flags = PW_FRAME_CACHED;
	st = pw_pagemap_insert(at->frames, index, &value, &added, err);
	if (st != PW_OK) {
		pw_frame_put(&system->memory, *frame);
		return st;
	}
	PW_ASSERT(added);
	*value = *frame;
	return PW_OK;
}

/* Let [start, end) be @value, in one range with what is beside it and alike. */
static enum pw_status set_known(struct pw_object *object, uint64_t start,
				uint64_t end, uint64_t value,
				struct pw_error *err)
{
	const struct pw_interval *beside = NULL;

	if (start > 0)
		beside = pw_intervals_find(&object->known, start - 1);
	if (beside && beside->value == value)
		start = beside->start;
	beside = pw_intervals_find(&object->known, end);
	if (beside && beside->value == value)
		end = beside->end;
	return pw_intervals_set(&object->known, start, end, value, err);
}

enum pw_status pw_cache_fill(struct pw_system *system, uint32_t object,
			     const struct pw_folios *folios,
			     struct pw_error *err)
{
	struct pw_object *at = pw_object_at(&system->objects, object);
	uint64_t end = pages_end(system);

	if (folios->first >= end || folios->count == 0)
		return PW_OK;
	if (folios->count < end - folios->first)
		end = folios->first + folios->count;
	return set_known(at, folios->first, end, folios->order + 1, err);
}

/* Let go of the frame of page @index, if it has one. */
static void let_go(struct pw_system *system, struct pw_object *object,
		   uint64_t index)
{
	const uint64_t *value = pw_pagemap_find(object->frames, index);
	uint32_t frame;

	if (!value)
		return;
	frame = (uint32_t)*value;
	pw_frame_at(&system->memory, frame)->flags &=
		(uint16_t) ~(PW_FRAME_CACHED | PW_FRAME_MARKED);
	pw_frame_put(&system->memory, frame);
	(void)pw_pagemap_remove(object->frames, index);
}

/* Gather the pages of [first, end) that have frames. */
static enum pw_status find_frames(const struct pw_object *object,
				  uint64_t first, uint64_t end,
				  struct pw_array *found, struct pw_error *err)
{
	size_t cursor = 0;
	uint64_t index;
	uint64_t frame;
	enum pw_status st = PW_OK;

	while (st == PW_OK &&
	       pw_pagemap_each(object->frames, &cursor, &index, &frame))
		if (index >= first && index < end)
			st = pw_array_push(found, &index, err);
	return st;
}

enum pw_status pw_cache_drop(struct pw_system *system, uint32_t object,
			     uint64_t first, uint64_t end, struct pw_error *err)
{
	struct pw_object *at = pw_object_at(&system->objects, object);
	struct pw_array found = PW_ARRAY(uint64_t);
	enum pw_status st = PW_OK;

	if (end > pages_end(system))
		end = pages_end(system);
	if (first >= end)
		return PW_OK;
	if (at->frames && end - first <= pw_pagemap_count(at->frames)) {
		for (uint64_t index = first; index < end; index++)
			let_go(system, at, index);
	} else if (at->frames) {
		st = find_frames(at, first, end, &found, err);
		for (size_t i = 0; st == PW_OK && i < found.count; i++)
			let_go(system, at, PW_ARRAY_AT(&found, uint64_t, i));
		pw_array_free(&found);
	}
	if (st == PW_OK)
		st = set_known(at, first, end, ABSENT, err);
	return st;
}
