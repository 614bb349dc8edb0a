/*
 * cache.c - the page cache: what is in it, what comes and what goes.
 */
#include "replay/memory/cache.h"

#include <stdlib.h>

#include "base/assert.h"
#include "replay/memory/cache_known.h"

#define ABSENT PW_OBJECT_ABSENT
#define DIRTY PW_OBJECT_DIRTY
#define ASSUMED PW_OBJECT_ASSUMED
#define MARKED PW_OBJECT_MARKED

static struct pw_object *object_at(const struct pw_system *system,
				   uint32_t object)
{
	return pw_object_at(&system->objects, object);
}

uint64_t pw_cache_end(const struct pw_system *system)
{
	return (uint64_t)1 << (PW_ADDRESS_BITS -
			       system->machine->geometry.page_shift);
}

bool pw_cache_told(const struct pw_system *system,
		   const struct pw_object *object, uint64_t index,
		   struct pw_cached *told)
{
	uint64_t word = pw_known_told(system, object, index, &told->end);

	told->there = word != PW_KNOWN_NOTHING && word != ABSENT;
	told->order = told->there ? (unsigned)(word & PW_KNOWN_ORDER) - 1 : 0;
	told->dirty = told->there && (word & DIRTY);
	told->marked = told->there && (word & MARKED);
	return word != PW_KNOWN_NOTHING;
}

uint32_t pw_cache_peek(const struct pw_system *system, uint32_t object,
		       uint64_t index)
{
	const struct pw_object *at = object_at(system, object);
	const uint64_t *frame =
		at->frames ? pw_pagemap_find(at->frames, index) : NULL;

	return frame ? (uint32_t)*frame : PW_NO_FRAME;
}

struct pw_cached pw_cache_look(const struct pw_system *system, uint32_t object,
			       uint64_t index)
{
	const struct pw_object *at = object_at(system, object);
	uint32_t frame = pw_cache_peek(system, object, index);
	struct pw_cached found = {0};
	uint64_t word;

	PW_ASSERT(index < pw_cache_end(system));
	word = pw_known_word(system, at, index, &found.end);
	found.there = frame || word != ABSENT;
	found.order =
		word == ABSENT ? 0 : (unsigned)(word & PW_KNOWN_ORDER) - 1;
	found.marked = (word & MARKED) != 0;
	found.dirty = (word & DIRTY) != 0;
	if (frame)
		found.dirty = pw_frame_at(&system->memory, frame)->flags &
			      PW_FRAME_DIRTY;
	/* Pages with frames may lie anywhere in what is said to be absent. */
	if (at->frames && word == ABSENT)
		found.end = index + 1;
	return found;
}

/* ---- what is known ---- */

/* Let the frame of page @index, if it has one, be dirty. */
static enum pw_status soil_frame(struct pw_system *system, uint32_t object,
				 uint64_t index, struct pw_error *err)
{
	uint32_t number = pw_cache_peek(system, object, index);
	struct pw_frame *frame;

	if (!number)
		return PW_OK;
	frame = pw_frame_at(&system->memory, number);
	if (frame->flags & PW_FRAME_DIRTY)
		return PW_OK;
	frame->flags |= PW_FRAME_DIRTY;
	object_at(system, object)->dirty_pages++;
	return pw_array_push(&object_at(system, object)->dirty, &index, err);
}

enum pw_status pw_cache_put(struct pw_system *system, uint32_t object,
			    const struct pw_folios *folios,
			    struct pw_error *err)
{
	struct pw_object *at = object_at(system, object);
	uint64_t end = pw_cache_end(system);
	enum pw_status st;

	PW_ASSERT(folios->order < PW_KNOWN_ORDER);
	if (folios->first >= end || folios->count == 0)
		return PW_OK;
	if (folios->count < end - folios->first)
		end = folios->first + folios->count;
	st = pw_known_cut(system, at, folios->first, end, err);
	if (st == PW_OK)
		st = pw_known_set(at, folios->first, end,
				  (folios->order + 1) |
					  (folios->dirty ? DIRTY : 0) |
					  (folios->assumed ? ASSUMED : 0),
				  err);
	for (uint64_t i = folios->first;
	     st == PW_OK && folios->dirty && at->frames && i < end; i++)
		st = soil_frame(system, object, i, err);
	return st;
}

enum pw_status pw_cache_fill(struct pw_system *system, uint32_t object,
			     const struct pw_folios *folios,
			     struct pw_error *err)
{
	enum pw_status st = pw_cache_put(system, object, folios, err);

	return st == PW_OK ? pw_known_settle(system, object, err) : st;
}

enum pw_status pw_cache_mark(struct pw_system *system, uint32_t object,
			     uint64_t index, bool marked, struct pw_error *err)
{
	struct pw_object *at = object_at(system, object);
	uint64_t end;
	uint64_t word = pw_known_word(system, at, index, &end);

	enum pw_status st;

	if (word == ABSENT)
		word = 1;
	st = pw_known_set(at, index, index + 1,
			  marked ? word | MARKED : word & ~(uint64_t)MARKED,
			  err);
	return st == PW_OK ? pw_known_settle(system, object, err) : st;
}

enum pw_status pw_cache_soil(struct pw_system *system, uint32_t object,
			     uint64_t index, struct pw_error *err)
{
	struct pw_object *at = object_at(system, object);
	struct pw_cached page = pw_cache_look(system, object, index);
	uint64_t first = index >> page.order << page.order;
	uint64_t end = first + ((uint64_t)1 << page.order);
	uint64_t stop;
	enum pw_status st;

	PW_ASSERT(page.there);
	if (page.dirty)
		return PW_OK;
	if (pw_known_told(system, at, index, &stop) == PW_KNOWN_NOTHING &&
	    !pw_cache_peek(system, object, index))
		st = pw_known_set(at, index, index + 1, DIRTY | 1, err);
	else
		st = pw_known_change(system, at, first, end,
				     (struct pw_known_bits){DIRTY, ASSUMED},
				     err);
	for (uint64_t i = first; st == PW_OK && i < end; i++)
		st = soil_frame(system, object, i, err);
	return st == PW_OK ? pw_known_settle(system, object, err) : st;
}

enum pw_status pw_cache_clean(struct pw_system *system, uint32_t object,
			      uint64_t first, uint64_t end,
			      struct pw_array *cleaned, struct pw_error *err)
{
	struct pw_object *at = object_at(system, object);
	size_t kept = 0;
	enum pw_status st = PW_OK;

	for (size_t i = 0; st == PW_OK && i < at->dirty.count; i++) {
		uint64_t index = PW_ARRAY_AT(&at->dirty, uint64_t, i);
		uint32_t number = pw_cache_peek(system, object, index);
		struct pw_frame *frame;

		if (!number)
			continue;
		frame = pw_frame_at(&system->memory, number);
		if (!(frame->flags & PW_FRAME_DIRTY))
			continue;
		if (index < first || index >= end) {
			PW_ARRAY_AT(&at->dirty, uint64_t, kept++) = index;
			continue;
		}
		frame->flags &= (uint16_t)~PW_FRAME_DIRTY;
		at->dirty_pages--;
		st = pw_array_push(cleaned, &index, err);
	}
	if (st != PW_OK)
		return st;
	at->dirty.count = kept;
	st = pw_known_change(system, at, first, end,
			     (struct pw_known_bits){.clear = DIRTY}, err);
	return st == PW_OK ? pw_known_settle(system, object, err) : st;
}

/* ---- going ---- */

/* Let go of the frame of page @index, if it has one. */
static void let_go(struct pw_system *system, struct pw_object *object,
		   uint64_t index)
{
	const uint64_t *value = pw_pagemap_find(object->frames, index);
	struct pw_frameless frameless;
	uint32_t frame;

	if (!value)
		return;
	frame = (uint32_t)*value;
	object->dirty_pages -= (pw_frame_at(&system->memory, frame)->flags &
				PW_FRAME_DIRTY) != 0;
	pw_frame_at(&system->memory, frame)->flags &=
		(uint16_t) ~(PW_FRAME_CACHED | PW_FRAME_DIRTY);
	pw_frame_put(&system->memory, frame);
	(void)pw_pagemap_remove(object->frames, index);
	frameless = pw_object_frameless(object, index, index + 1);
	object->dirty_pages += frameless.dirty;
	object->unplaced += frameless.unplaced;
	system->objects.file_frames -= object->kind == PW_OBJECT_FILE;
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

	if (!object->frames)
		return PW_OK;
	if (end - first <= pw_pagemap_count(object->frames)) {
		for (; st == PW_OK && first < end; first++)
			if (pw_pagemap_find(object->frames, first))
				st = pw_array_push(found, &first, err);
		return st;
	}
	while (st == PW_OK &&
	       pw_pagemap_each(object->frames, &cursor, &index, &frame))
		if (index >= first && index < end)
			st = pw_array_push(found, &index, err);
	return st;
}

static void let_all_go(struct pw_system *system, uint32_t object,
		       const struct pw_array *found,
		       const struct pw_intervals *stay)
{
	for (size_t i = 0; i < found->count; i++) {
		uint64_t index = PW_ARRAY_AT(found, uint64_t, i);

		if (!pw_intervals_find(stay, index))
			let_go(system, object_at(system, object), index);
	}
}

enum pw_status pw_cache_drop(struct pw_system *system, uint32_t object,
			     uint64_t first, uint64_t end, struct pw_error *err)
{
	static const struct pw_intervals none = PW_INTERVALS;
	struct pw_array found = PW_ARRAY(uint64_t);
	enum pw_status st;

	if (end > pw_cache_end(system))
		end = pw_cache_end(system);
	if (first >= end)
		return PW_OK;
	st = pw_known_cut(system, object_at(system, object), first, end, err);
	if (st == PW_OK)
		st = find_frames(object_at(system, object), first, end, &found,
				 err);
	if (st == PW_OK) {
		let_all_go(system, object, &found, &none);
		st = pw_known_set(object_at(system, object), first, end, ABSENT,
				  err);
	}
	pw_array_free(&found);
	return st == PW_OK ? pw_known_settle(system, object, err) : st;
}

static int compare_pages(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Gather the folios of which a page that has a frame is mapped or dirty. */
static enum pw_status find_used(const struct pw_system *system, uint32_t object,
				const struct pw_array *found,
				struct pw_intervals *used, struct pw_error *err)
{
	enum pw_status st = PW_OK;

	for (size_t i = 0; st == PW_OK && i < found->count; i++) {
		uint64_t index = PW_ARRAY_AT(found, uint64_t, i);
		struct pw_cached page = pw_cache_look(system, object, index);
		const struct pw_frame *frame = pw_frame_at(
			&system->memory, pw_cache_peek(system, object, index));
		uint64_t first = index >> page.order << page.order;

		if ((frame->maps > 0 || page.dirty) &&
		    !pw_intervals_find(used, index))
			st = pw_intervals_set(
				used, first,
				first + ((uint64_t)1 << page.order), 1, err);
	}
	return st;
}

/* Let pages [first, end) be absent but for those in @used and dirty ones. */
static enum pw_status set_unused(const struct pw_system *system,
				 struct pw_object *object, uint64_t first,
				 uint64_t end, const struct pw_intervals *used,
				 struct pw_error *err)
{
	enum pw_status st = PW_OK;

	while (st == PW_OK && first < end) {
		const struct pw_interval *in = pw_intervals_find(used, first);
		size_t next = pw_intervals_lower(used, first);
		uint64_t stop;
		uint64_t word = pw_known_told(system, object, first, &stop);

		if (in)
			stop = in->end;
		else if (next < pw_intervals_count(used) &&
			 pw_intervals_at(used, next)->start < stop)
			stop = pw_intervals_at(used, next)->start;
		if (stop > end)
			stop = end;
		if (!in && (word == PW_KNOWN_NOTHING || !(word & DIRTY)))
			st = pw_known_set(object, first, stop, ABSENT, err);
		first = stop;
	}
	return st;
}

enum pw_status pw_cache_drop_unused(struct pw_system *system, uint32_t object,
				    uint64_t first, uint64_t end,
				    struct pw_error *err)
{
	struct pw_object *at = object_at(system, object);
	struct pw_array found = PW_ARRAY(uint64_t);
	struct pw_intervals used = PW_INTERVALS;
	enum pw_status st;

	if (end > pw_cache_end(system))
		end = pw_cache_end(system);
	if (first >= end)
		return PW_OK;
	st = pw_known_cut(system, at, first, end, err);
	if (st == PW_OK)
		st = find_frames(at, first, end, &found, err);
	if (st == PW_OK && found.count > 0)
		qsort(found.data, found.count, sizeof(uint64_t), compare_pages);
	if (st == PW_OK)
		st = find_used(system, object, &found, &used, err);
	if (st == PW_OK) {
		let_all_go(system, object, &found, &used);
		st = set_unused(system, at, first, end, &used, err);
	}
	pw_intervals_free(&used);
	pw_array_free(&found);
	return st == PW_OK ? pw_known_settle(system, object, err) : st;
}
