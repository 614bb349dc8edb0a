/*
 * rmap.c - who maps pages of an object, and what is done to all of them.
 */
#include "replay/memory/rmap.h"

#include "base/assert.h"
#include "replay/memory/cache.h"
#include "replay/memory/pages.h"
#include "replay/memory/writeback.h"

/* Pages of a process that map an object from page @index on. */
struct place {
	struct pw_space *space;
	struct pw_range pages;
	uint64_t index;
	bool shared;
};

/* Of a mapping that reaches past the last page of objects, the second part
 * begins at their first. */
static enum pw_status add_place(struct pw_system *system,
				struct pw_array *places, struct place place,
				struct pw_error *err)
{
	uint64_t left = pw_cache_end(system) - place.index;
	struct place part = place;
	enum pw_status st;

	if (part.pages.end - part.pages.first > left)
		part.pages.end = part.pages.first + left;
	st = pw_array_push(places, &part, err);
	if (st != PW_OK || part.pages.end == place.pages.end)
		return st;
	place.pages.first = part.pages.end;
	place.index = 0;
	return pw_array_push(places, &place, err);
}

static enum pw_status find_places(struct pw_system *system, uint32_t object,
				  struct pw_array *places, struct pw_error *err)
{
	enum pw_status st = PW_OK;

	for (size_t i = 0; i < system->spaces.count; i++) {
		struct pw_space *space =
			PW_ARRAY_AT(&system->spaces, struct pw_space *, i);
		const struct pw_mapping *mapping;
		struct pw_range extent;
		uint64_t at = 0;

		while (st == PW_OK && space &&
		       (mapping = pw_space_next(space, at, &extent))) {
			at = extent.end;
			if (mapping->object != object)
				continue;
			st = add_place(
				system, places,
				(struct place){space, extent,
					       pw_cache_index(space, mapping,
							      extent.first),
					       mapping->shared},
				err);
		}
	}
	return st;
}

/* The pages of @place that map [first, end) of the object. */
static struct pw_range part_of(const struct place *place, uint64_t first,
			       uint64_t end)
{
	struct pw_range part = place->pages;
	uint64_t last = place->index + (part.end - part.first);

	if (first >= last || end <= place->index)
		return (struct pw_range){part.first, part.first};
	if (last > end)
		part.end -= last - end;
	if (first > place->index)
		part.first += first - place->index;
	return part;
}

enum pw_status pw_rmap_drop(struct pw_system *system, uint32_t object,
			    uint64_t first, uint64_t end, bool copies,
			    struct pw_error *err)
{
	struct pw_array places = PW_ARRAY(struct place);
	enum pw_status st = find_places(system, object, &places, err);

	for (size_t i = 0; st == PW_OK && i < places.count; i++) {
		const struct place *place =
			&PW_ARRAY_AT(&places, struct place, i);
		struct pw_range part = part_of(place, first, end);

		if (part.first == part.end)
			continue;
		if (copies)
			st = pw_pages_drop(system, place->space, part, err);
		else
			pw_pages_drop_cached(system, place->space, part);
	}
	pw_array_free(&places);
	return st;
}

/* Let the entry of @page, if there is one, be read-only and clean. */
static enum pw_status clean_entry(struct pw_system *system,
				  struct pw_space *space, uint64_t page,
				  struct pw_error *err)
{
	const uint64_t flags =
		PW_PTE_WRITABLE | PW_PTE_MAY_WRITE | PW_PTE_DIRTY;
	struct pw_leaf leaf;
	enum pw_status st;

	if (!space->table_ops->find(space->table, page, &leaf) ||
	    !(leaf.pte & flags))
		return PW_OK;
	PW_ASSERT(leaf.height == 0 && (leaf.pte & PW_PTE_FILE));
	leaf.pte &= ~flags;
	st = pw_pages_set(system, space, &leaf, err);
	if (st == PW_OK)
		pw_pages_invalidate(system, space,
				    (struct pw_range){page, page + 1}, 1);
	return st;
}

enum pw_status pw_rmap_clean(struct pw_system *system, uint32_t object,
			     const struct pw_array *pages, struct pw_error *err)
{
	struct pw_array places = PW_ARRAY(struct place);
	enum pw_status st = PW_OK;

	if (pages->count > 0)
		st = find_places(system, object, &places, err);
	for (size_t i = 0; st == PW_OK && i < places.count; i++) {
		const struct place *place =
			&PW_ARRAY_AT(&places, struct place, i);

		for (size_t p = 0;
		     st == PW_OK && place->shared && p < pages->count; p++) {
			uint64_t index = PW_ARRAY_AT(pages, uint64_t, p);
			struct pw_range part = part_of(place, index, index + 1);

			if (part.first < part.end)
				st = clean_entry(system, place->space,
						 part.first, err);
		}
	}
	pw_array_free(&places);
	return st;
}

enum pw_status pw_rmap_write_back(struct pw_system *system, uint32_t object,
				  uint64_t first, uint64_t end,
				  struct pw_error *err)
{
	const struct pw_object *at = pw_object_at(&system->objects, object);
	struct pw_array pages = PW_ARRAY(uint64_t);
	uint64_t dirty = at->dirty_pages;
	enum pw_status st;

	/* Shared memory is not written back. */
	if (at->kind == PW_OBJECT_SHMEM)
		return PW_OK;
	st = pw_cache_clean(system, object, first, end, &pages, err);
	pw_writeback_count(system, dirty - at->dirty_pages);
	if (st == PW_OK)
		st = pw_rmap_clean(system, object, &pages, err);
	pw_array_free(&pages);
	return st;
}

/* Whether nobody can see the memory of @object again. */
static bool is_gone(const struct pw_system *system, uint32_t object)
{
	const struct pw_object *at = pw_object_at(&system->objects, object);
	bool named = at->device || at->inode || at->segment;

	return (!named || (at->unnamed && at->holders == 0)) &&
	       pw_backings_mapped(&system->backings, object) == 0;
}

/* Whoever may get the same number later is another file. */
static enum pw_status drop_all(struct pw_system *system, uint32_t object,
			       struct pw_error *err)
{
	uint64_t end = pw_cache_end(system);
	enum pw_status st = pw_cache_drop(system, object, 0, end, err);
	struct pw_object *at = pw_object_at(&system->objects, object);

	if (at->segment && at->unnamed)
		pw_backings_discharge(&system->backings, at->segment);
	at->unnamed = at->emptied = at->listed = false;
	at->bytes = 0;
	return st == PW_OK ? pw_intervals_clear(&at->policies, 0, end, err)
			   : st;
}

enum pw_status pw_rmap_drop_gone(struct pw_system *system, struct pw_error *err)
{
	struct pw_array *parted = &system->objects.parted;
	uint32_t object;
	enum pw_status st = PW_OK;

	while (st == PW_OK && pw_backings_take_gone(&system->backings, &object))
		st = pw_array_push(parted, &object, err);
	while (st == PW_OK && parted->count > 0) {
		object = PW_ARRAY_AT(parted, uint32_t, --parted->count);
		if (is_gone(system, object))
			st = drop_all(system, object, err);
	}
	return st;
}
