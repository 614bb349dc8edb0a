/*
 * cache_frames.c - which frames pages of the page cache have.
 *
 * Of pages that were told to be there memory counts the frames; which they are
 * is settled when somebody asks: then all pages of a folio get theirs, a block
 * of the folio's order if there is one.
 */
#include "base/assert.h"
#include "replay/memory/cache.h"
#include "replay/memory/cache_known.h"

#define FIRST_FRAMES 16

/* Let @frame, which was taken, be that of page @index. */
static enum pw_status place(struct pw_system *system, struct pw_object *at,
			    uint64_t index, uint32_t frame,
			    struct pw_error *err)
{
	uint64_t end;
	uint64_t word = pw_known_word(system, at, index, &end);
	uint64_t *value;
	bool added;
	enum pw_status st;

	pw_frame_at(&system->memory, frame)->refs = 1;
	pw_frame_at(&system->memory, frame)->flags = PW_FRAME_CACHED;
	st = pw_pagemap_insert(at->frames, index, &value, &added, err);
	if (st != PW_OK) {
		pw_frame_put(&system->memory, frame);
		return st;
	}
	PW_ASSERT(added);
	*value = frame;
	system->objects.file_frames += at->kind == PW_OBJECT_FILE;
	if ((word & PW_OBJECT_DIRTY) == 0)
		return PW_OK;
	pw_frame_at(&system->memory, frame)->flags |= PW_FRAME_DIRTY;
	return pw_array_push(&at->dirty, &index, err);
}

/* Whether page @index was told to be there and has no frame. */
static bool is_unplaced(const struct pw_system *system,
			const struct pw_object *object, uint64_t index)
{
	uint64_t end;
	uint64_t word = pw_known_told(system, object, index, &end);

	return word != PW_KNOWN_NOTHING && word != PW_OBJECT_ABSENT &&
	       !(word & PW_OBJECT_ASSUMED) &&
	       !(object->frames && pw_pagemap_find(object->frames, index));
}

/* Give page @index a frame of its own. */
static enum pw_status place_one(struct pw_system *system, uint32_t object,
				uint64_t index, struct pw_error *err)
{
	struct pw_object *at = pw_object_at(&system->objects, object);
	uint32_t frame;
	enum pw_status st;

	at->unplaced -= is_unplaced(system, at, index);
	st = pw_known_settle(system, object, err);
	if (st == PW_OK)
		st = pw_frame_take(&system->memory, 0, PW_MIGRATE_MOVABLE,
				   &frame, err);
	return st == PW_OK ? place(system, at, index, frame, err) : st;
}

/* The same for all pages of a folio, of which none has one: in a row if there
 * is one. */
static enum pw_status place_folio(struct pw_system *system, uint32_t object,
				  uint64_t first, unsigned order,
				  struct pw_error *err)
{
	struct pw_object *at = pw_object_at(&system->objects, object);
	uint64_t count = (uint64_t)1 << order;
	uint32_t frame;
	enum pw_status st = PW_OK;

	at->unplaced -= count;
	st = pw_known_settle(system, object, err);
	if (st == PW_OK &&
	    pw_frame_is_free(&system->memory, order, PW_MIGRATE_MOVABLE)) {
		st = pw_frame_take_row(&system->memory, order,
				       PW_MIGRATE_MOVABLE, &frame, err);
		for (uint64_t i = 0; st == PW_OK && i < count; i++)
			st = place(system, at, first + i, frame + (uint32_t)i,
				   err);
		return st;
	}
	at->unplaced += count;
	if (st == PW_OK)
		st = pw_known_settle(system, object, err);
	for (uint64_t i = 0; st == PW_OK && i < count; i++)
		st = place_one(system, object, first + i, err);
	return st;
}

/* The order of the folio of page @index if none of its pages has a frame; else
 * 0. */
static unsigned unplaced_order(const struct pw_system *system,
			       const struct pw_object *object, uint64_t index)
{
	uint64_t end;
	uint64_t word = pw_known_word(system, object, index, &end);
	unsigned order = word == PW_OBJECT_ABSENT
				 ? 0
				 : (unsigned)(word & PW_KNOWN_ORDER) - 1;
	uint64_t first = index >> order << order;

	for (uint64_t i = 0; order > 0 && i < (uint64_t)1 << order; i++)
		if (!is_unplaced(system, object, first + i))
			order = 0;
	return order;
}

enum pw_status pw_cache_frame(struct pw_system *system, uint32_t object,
			      uint64_t index, uint32_t *frame,
			      struct pw_error *err)
{
	struct pw_object *at = pw_object_at(&system->objects, object);
	unsigned order;
	enum pw_status st = PW_OK;

	*frame = pw_cache_peek(system, object, index);
	if (*frame)
		return PW_OK;
	PW_ASSERT(index < pw_cache_end(system));
	if (!at->frames)
		st = pw_pagemap_open(&at->frames, FIRST_FRAMES, err);
	if (st != PW_OK)
		return st;
	order = unplaced_order(system, at, index);
	if (order > 0)
		st = place_folio(system, object, index >> order << order, order,
				 err);
	else
		st = place_one(system, object, index, err);
	*frame = pw_cache_peek(system, object, index);
	return st;
}
