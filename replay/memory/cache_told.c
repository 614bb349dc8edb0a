/*
 * cache_told.c - what events tell of the page cache, again and again.
 */
#include "replay/memory/cache.h"

#include "base/assert.h"
#include "replay/memory/cache_known.h"

/* Note the marks that there are. */
static enum pw_status keep_marks(struct pw_object *object, struct pw_error *err)
{
	enum pw_status st = PW_OK;

	object->marks.count = 0;
	for (size_t i = 0;
	     st == PW_OK && i < pw_intervals_count(&object->known); i++) {
		const struct pw_interval *known =
			pw_intervals_at(&object->known, i);

		if (known->value & PW_OBJECT_MARKED)
			st = pw_array_push(&object->marks, &known->start, err);
	}
	return st;
}

/* Gather what was told to be dirty of pages [first, end). */
static enum pw_status find_dirty(const struct pw_object *object, uint64_t first,
				 uint64_t end, struct pw_array *found,
				 struct pw_error *err)
{
	const struct pw_intervals *known = &object->known;
	size_t i = pw_intervals_lower(known, first);
	enum pw_status st = PW_OK;

	for (; st == PW_OK && i < pw_intervals_count(known); i++) {
		struct pw_interval part = *pw_intervals_at(known, i);

		if (part.start >= end)
			break;
		part.start = part.start > first ? part.start : first;
		part.end = part.end < end ? part.end : end;
		if (part.value != PW_OBJECT_ABSENT &&
		    (part.value & PW_OBJECT_DIRTY))
			st = pw_array_push(found, &part, err);
	}
	return st;
}

enum pw_status pw_cache_tell(struct pw_system *system, uint32_t object,
			     const struct pw_folios *folios,
			     struct pw_error *err)
{
	struct pw_array dirty = PW_ARRAY(struct pw_interval);
	uint64_t end = folios->first + folios->count;
	enum pw_status st = find_dirty(
		pw_object_at(&system->objects, object), folios->first,
		end < folios->first ? UINT64_MAX : end, &dirty, err);

	PW_ASSERT(!folios->dirty);
	if (st == PW_OK)
		st = pw_cache_put(system, object, folios, err);
	for (size_t i = 0; st == PW_OK && i < dirty.count; i++) {
		const struct pw_interval *part =
			&PW_ARRAY_AT(&dirty, struct pw_interval, i);

		st = pw_known_change(system,
				     pw_object_at(&system->objects, object),
				     part->start, part->end,
				     (struct pw_known_bits){PW_OBJECT_DIRTY,
							    PW_OBJECT_ASSUMED},
				     err);
	}
	pw_array_free(&dirty);
	return st == PW_OK ? pw_known_settle(system, object, err) : st;
}

enum pw_status pw_cache_forget(struct pw_system *system, uint32_t object,
			       struct pw_error *err)
{
	struct pw_object *at = pw_object_at(&system->objects, object);
	struct pw_array dirty = PW_ARRAY(struct pw_interval);
	uint64_t end = pw_cache_end(system);
	enum pw_status st = keep_marks(at, err);

	if (st == PW_OK)
		st = pw_cache_drop_unused(system, object, 0, end, err);
	if (st == PW_OK)
		st = find_dirty(at, 0, end, &dirty, err);
	if (st == PW_OK) {
		const struct pw_frameless frameless =
			pw_object_frameless(at, 0, end);

		at->dirty_pages -= frameless.dirty;
		at->unplaced -= frameless.unplaced;
		st = pw_intervals_clear(&at->known, 0, end, err);
	}
	for (size_t i = 0; st == PW_OK && i < dirty.count; i++) {
		const struct pw_interval *part =
			&PW_ARRAY_AT(&dirty, struct pw_interval, i);

		st = pw_known_set(at, part->start, part->end,
				  PW_OBJECT_DIRTY | 1, err);
	}
	pw_array_free(&dirty);
	return st == PW_OK ? pw_known_settle(system, object, err) : st;
}

enum pw_status pw_cache_recall(struct pw_system *system, uint32_t object,
			       const struct pw_folios *folios,
			       struct pw_error *err)
{
	struct pw_object *at = pw_object_at(&system->objects, object);
	uint64_t inside = ((uint64_t)1 << folios->order) - 1;
	enum pw_status st = pw_cache_tell(system, object, folios, err);

	for (size_t i = pw_object_first_mark(at, folios->first);
	     st == PW_OK && i < at->marks.count; i++) {
		uint64_t index = PW_ARRAY_AT(&at->marks, uint64_t, i);

		if (index - folios->first >= folios->count)
			break;
		if (!(index & inside))
			st = pw_cache_mark(system, object, index, true, err);
	}
	return st;
}
