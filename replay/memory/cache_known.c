/*
 * cache_known.c - what was said of pages of an object.
 */
#include "replay/memory/cache_known.h"

#include "base/assert.h"
#include "base/bits.h"
#include "replay/memory/cache.h"
#include "replay/memory/writeback.h"

#define ABSENT PW_OBJECT_ABSENT
#define PERCENT 100

unsigned pw_cache_assumed(const struct pw_system *system,
			  const struct pw_object *object)
{
	if (object->kind == PW_OBJECT_SHMEM ||
	    (system->machine->cache_recorded && object->listed))
		return 0;
	return (unsigned)system->machine->cache_percent;
}

static bool assume_one(const struct pw_machine *machine,
		       const struct pw_object *object, uint64_t index)
{
	uint64_t key = pw_mix64(object->device) + object->inode;

	return pw_mix64(pw_mix64(key) + index) % PERCENT <
	       machine->cache_percent;
}

uint64_t pw_known_told(const struct pw_system *system,
		       const struct pw_object *object, uint64_t index,
		       uint64_t *end)
{
	size_t place = pw_intervals_lower(&object->known, index);
	const struct pw_interval *next;

	*end = pw_cache_end(system);
	if (place == pw_intervals_count(&object->known))
		return PW_KNOWN_NOTHING;
	next = pw_intervals_at(&object->known, place);
	*end = next->start <= index ? next->end : next->start;
	return next->start <= index ? next->value : PW_KNOWN_NOTHING;
}

uint64_t pw_known_word(const struct pw_system *system,
		       const struct pw_object *object, uint64_t index,
		       uint64_t *end)
{
	uint64_t word = pw_known_told(system, object, index, end);
	unsigned percent = pw_cache_assumed(system, object);
	bool there = percent == PERCENT;

	if (word != PW_KNOWN_NOTHING)
		return word;
	if (percent > 0 && percent < PERCENT) {
		there = assume_one(system->machine, object, index);
		*end = index + 1;
	}
	return there ? 1 : ABSENT;
}

enum pw_status pw_known_set(struct pw_object *object, uint64_t start,
			    uint64_t end, uint64_t word, struct pw_error *err)
{
	const struct pw_interval *beside = NULL;
	struct pw_frameless frameless;
	const uint64_t first = start;
	const uint64_t last = end;
	enum pw_status st;

	PW_ASSERT(start < end);
	frameless = pw_object_frameless(object, start, end);
	object->dirty_pages -= frameless.dirty;
	object->unplaced -= frameless.unplaced;
	if (start > 0)
		beside = pw_intervals_find(&object->known, start - 1);
	if (beside && beside->value == word)
		start = beside->start;
	beside = pw_intervals_find(&object->known, end);
	if (beside && beside->value == word)
		end = beside->end;
	st = pw_intervals_set(&object->known, start, end, word, err);
	frameless = pw_object_frameless(object, first, last);
	object->dirty_pages += frameless.dirty;
	object->unplaced += frameless.unplaced;
	return st;
}

enum pw_status pw_known_change(const struct pw_system *system,
			       struct pw_object *object, uint64_t first,
			       uint64_t end, struct pw_known_bits bits,
			       struct pw_error *err)
{
	enum pw_status st = PW_OK;

	/* Mappings may reach behind the last page that a file can have. */
	if (end > pw_cache_end(system))
		end = pw_cache_end(system);
	while (st == PW_OK && first < end) {
		uint64_t stop;
		uint64_t word = pw_known_told(system, object, first, &stop);
		uint64_t changed = (word & ~bits.clear) | bits.set;

		if (stop > end)
			stop = end;
		if (word != PW_KNOWN_NOTHING && word != ABSENT &&
		    changed != word)
			st = pw_known_set(object, first, stop, changed, err);
		first = stop;
	}
	return st;
}

/* Let no folio lie across the border before page @index: it is split into
 * single pages. */
static enum pw_status split_at(const struct pw_system *system,
			       struct pw_object *object, uint64_t index,
			       struct pw_error *err)
{
	uint64_t end;
	uint64_t word = pw_known_told(system, object, index, &end);
	unsigned order;
	uint64_t first;

	if (word == PW_KNOWN_NOTHING || word == ABSENT)
		return PW_OK;
	order = (unsigned)(word & PW_KNOWN_ORDER) - 1;
	first = index >> order << order;
	if (first == index)
		return PW_OK;
	return pw_known_change(system, object, first,
			       first + ((uint64_t)1 << order),
			       (struct pw_known_bits){1, PW_KNOWN_ORDER}, err);
}

enum pw_status pw_known_cut(const struct pw_system *system,
			    struct pw_object *object, uint64_t first,
			    uint64_t end, struct pw_error *err)
{
	enum pw_status st = split_at(system, object, first, err);

	if (st != PW_OK || end >= pw_cache_end(system))
		return st;
	return split_at(system, object, end, err);
}

enum pw_status pw_known_settle(struct pw_system *system, uint32_t object,
			       struct pw_error *err)
{
	struct pw_object *at = pw_object_at(&system->objects, object);
	uint64_t before = at->unplaced_noted;
	enum pw_status st = PW_OK;

	pw_writeback_note(system, object);
	if (at->unplaced == before)
		return PW_OK;
	st = pw_frame_reserve(&system->memory, before, at->unplaced, err);
	if (st != PW_OK)
		return st;
	at->unplaced_noted = at->unplaced;
	if (at->kind == PW_OBJECT_FILE)
		system->objects.file_frames += at->unplaced - before;
	return PW_OK;
}
