/*
 * oracle_memory.c - pages in memory and what mappings map, as plain lists.
 */
#include "tests/oracle/oracle_memory.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/bits.h"

struct pw_oracle_phys *pw_oracle_phys_new(void)
{
	struct pw_oracle_phys *phys = calloc(1, sizeof(*phys));

	PW_ASSERT(phys);
	return phys;
}

void pw_oracle_phys_map(struct pw_oracle_phys *phys)
{
	if (phys)
		phys->maps++;
}

void pw_oracle_phys_unmap(struct pw_oracle_phys *phys)
{
	if (!phys)
		return;
	PW_ASSERT(phys->maps > 0);
	phys->maps--;
	pw_oracle_phys_release(phys);
}

void pw_oracle_phys_release(struct pw_oracle_phys *phys)
{
	if (phys->maps == 0 && phys->held == 0 && !phys->cached)
		free(phys);
}

void pw_oracle_objects_free(struct pw_oracle_objects *objects)
{
	for (size_t i = 0; i < objects->count; i++) {
		struct pw_oracle_object *object = objects->object[i];

		for (size_t j = 0; j < object->helds; j++)
			free(object->held[j].phys);
		free(object->held);
		free(object->said);
		free(object->dirty);
		free(object);
	}
	free(objects->object);
}

struct pw_oracle_object *pw_oracle_object_new(struct pw_oracle_objects *objects)
{
	struct pw_oracle_object *object = calloc(1, sizeof(*object));

	PW_ASSERT(object);
	if (objects->count == objects->room) {
		objects->room = objects->room * 2 + 16;
		objects->object =
			realloc(objects->object,
				objects->room * sizeof(*objects->object));
		PW_ASSERT(objects->object);
	}
	object->shmem = true;
	objects->object[objects->count++] = object;
	return object;
}

struct pw_oracle_object *
pw_oracle_object_named(struct pw_oracle_objects *objects, uint64_t device,
		       uint64_t inode, const char *path, bool shmem,
		       uint64_t bytes)
{
	struct pw_oracle_object *object = NULL;

	if (device == 0 && inode == 0) {
		device = UINT64_MAX;
		for (size_t i = 0; path[i]; i++)
			inode = pw_mix64(inode + (unsigned char)path[i]);
	}
	for (size_t i = 0; i < objects->count && !object; i++) {
		struct pw_oracle_object *o = objects->object[i];

		if (o->named && o->device == device && o->inode == inode)
			object = o;
	}
	if (!object) {
		object = pw_oracle_object_new(objects);
		object->named = true;
		object->shmem = shmem;
		object->device = device;
		object->inode = inode;
	}
	if (bytes != 0)
		object->bytes = bytes;
	if (shmem)
		object->shmem = true;
	return object;
}

void pw_oracle_say(struct pw_oracle_object *object, enum pw_oracle_saying what,
		   uint64_t first, uint64_t end, uint64_t value)
{
	if (first >= end)
		return;
	if (object->saids == object->said_room) {
		object->said_room = object->said_room * 2 + 64;
		object->said =
			realloc(object->said,
				object->said_room * sizeof(*object->said));
		PW_ASSERT(object->said);
	}
	object->said[object->saids++] =
		(struct pw_oracle_said){what, first, end, value};
}

/* Whether a page is there of which nothing was said. */
static bool is_taken_as_there(const struct pw_oracle_objects *objects,
			      const struct pw_oracle_object *object,
			      uint64_t index)
{
	uint64_t key = pw_mix64(object->device) + object->inode;

	if (object->shmem || (objects->recorded && object->listed))
		return false;
	if (objects->percent == 100)
		return true;
	return pw_mix64(pw_mix64(key) + index) % 100 < objects->percent;
}

static uint64_t last_said(const struct pw_oracle_objects *objects,
			  const struct pw_oracle_object *object,
			  enum pw_oracle_saying what, uint64_t index)
{
	for (size_t i = object->saids; i > 0; i--) {
		const struct pw_oracle_said *said = &object->said[i - 1];

		if (index < said->first || index >= said->end)
			continue;
		if (said->what == PW_ORACLE_NOTHING)
			break;
		if (said->what == what)
			return said->value;
	}
	return what == PW_ORACLE_THERE
		       ? is_taken_as_there(objects, object, index)
		       : 0;
}

struct pw_oracle_phys *pw_oracle_held_at(const struct pw_oracle_object *object,
					 uint64_t index)
{
	for (size_t i = 0; i < object->helds; i++)
		if (object->held[i].index == index)
			return object->held[i].phys;
	return NULL;
}

uint64_t pw_oracle_ask(const struct pw_oracle_objects *objects,
		       const struct pw_oracle_object *object,
		       enum pw_oracle_saying what, uint64_t index)
{
	const struct pw_oracle_phys *phys = NULL;

	if (what == PW_ORACLE_THERE || what == PW_ORACLE_DIRTY)
		phys = pw_oracle_held_at(object, index);
	if (phys && what == PW_ORACLE_THERE)
		return true;
	if (phys)
		return phys->dirty;
	return last_said(objects, object, what, index);
}

uint64_t pw_oracle_head(const struct pw_oracle_objects *objects,
			const struct pw_oracle_object *object, uint64_t index)
{
	uint64_t order = pw_oracle_ask(objects, object, PW_ORACLE_ORDER, index);

	return index >> order << order;
}

uint64_t pw_oracle_tail(const struct pw_oracle_objects *objects,
			const struct pw_oracle_object *object, uint64_t index)
{
	uint64_t order = pw_oracle_ask(objects, object, PW_ORACLE_ORDER, index);

	return ((index >> order) + 1) << order;
}

/* Whether it was told that @index is there: 0, 1, or 2 if it is taken so. */
static uint64_t told_there(const struct pw_oracle_object *object,
			   uint64_t index)
{
	for (size_t i = object->saids; i > 0; i--) {
		const struct pw_oracle_said *said = &object->said[i - 1];

		if (index < said->first || index >= said->end)
			continue;
		if (said->what == PW_ORACLE_NOTHING)
			return 0;
		if (said->what == PW_ORACLE_THERE)
			return said->value;
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

uint64_t pw_oracle_taken(struct pw_oracle_object *object)
{
	size_t borders = 0;
	uint64_t *border;

	if (object->counted_saids == object->saids &&
	    object->counted_changes == object->changes)
		return object->counted;
	border = calloc(2 * object->saids + 1, sizeof(*border));
	PW_ASSERT(border);
	object->counted = 0;
	for (size_t i = 0; i < object->saids; i++) {
		border[borders++] = object->said[i].first;
		border[borders++] = object->said[i].end;
	}
	qsort(border, borders, sizeof(*border), compare);
	for (size_t i = 0; i + 1 < borders; i++)
		if (border[i] < border[i + 1] &&
		    told_there(object, border[i]) == 1)
			object->counted += border[i + 1] - border[i];
	for (size_t i = 0; i < object->helds; i++)
		object->counted +=
			told_there(object, object->held[i].index) != 1;
	free(border);
	object->counted_saids = object->saids;
	object->counted_changes = object->changes;
	return object->counted;
}

static struct pw_oracle_phys *hold(const struct pw_oracle_objects *objects,
				   struct pw_oracle_object *object,
				   uint64_t index)
{
	struct pw_oracle_phys *phys;

	object->changes++;
	if (object->helds == object->held_room) {
		object->held_room = object->held_room * 2 + 16;
		object->held =
			realloc(object->held,
				object->held_room * sizeof(*object->held));
		PW_ASSERT(object->held);
	}
	phys = pw_oracle_phys_new();
	phys->cached = true;
	phys->dirty = pw_oracle_ask(objects, object, PW_ORACLE_DIRTY, index);
	object->held[object->helds++] =
		(struct pw_oracle_held){.index = index, .phys = phys};
	return phys;
}

struct pw_oracle_phys *pw_oracle_cached(const struct pw_oracle_objects *objects,
					struct pw_oracle_object *object,
					uint64_t index)
{
	uint64_t head = pw_oracle_head(objects, object, index);
	uint64_t tail = pw_oracle_tail(objects, object, index);
	bool whole = true;

	if (pw_oracle_held_at(object, index))
		return pw_oracle_held_at(object, index);
	for (uint64_t i = head; i < tail; i++)
		whole = whole && !pw_oracle_held_at(object, i) &&
			told_there(object, i) == 1;
	for (uint64_t i = head; i < tail && whole; i++)
		if (i != index)
			(void)hold(objects, object, i);
	return hold(objects, object, index);
}

/* A folio that lies across the border before @index becomes single pages. */
static void split_at(const struct pw_oracle_objects *objects,
		     struct pw_oracle_object *object, uint64_t index)
{
	uint64_t head;

	if (index >= objects->end)
		return;
	head = pw_oracle_head(objects, object, index);
	if (head != index)
		pw_oracle_say(object, PW_ORACLE_ORDER, head,
			      pw_oracle_tail(objects, object, index), 0);
}

static bool is_listed(const struct pw_oracle_object *object, uint64_t index)
{
	for (size_t i = 0; i < object->dirties; i++)
		if (object->dirty[i] == index)
			return true;
	return false;
}

static void list_page(struct pw_oracle_objects *objects,
		      struct pw_oracle_object *object, uint64_t index)
{
	if (object->dirties == object->dirty_room) {
		object->dirty_room = object->dirty_room * 2 + 64;
		object->dirty =
			realloc(object->dirty,
				object->dirty_room * sizeof(*object->dirty));
		PW_ASSERT(object->dirty);
	}
	if (object->dirties == 0) {
		object->turn = ++objects->turns;
		object->dirtied_at = objects->now;
		if (!object->shmem && objects->wake == 0 &&
		    objects->interval > 0)
			objects->wake = objects->now + objects->interval;
	}
	object->dirty[object->dirties++] = index;
	objects->dirtied += !object->shmem;
}

void pw_oracle_list_dirty(struct pw_oracle_objects *objects,
			  struct pw_oracle_object *object, uint64_t first,
			  uint64_t end, bool more)
{
	for (size_t i = 0; i < object->dirties;) {
		uint64_t index = object->dirty[i];

		if (index >= first && index < end &&
		    !pw_oracle_ask(objects, object, PW_ORACLE_DIRTY, index))
			object->dirty[i] = object->dirty[--object->dirties];
		else
			i++;
	}
	for (; more && first < end; first++)
		if (!is_listed(object, first) &&
		    pw_oracle_ask(objects, object, PW_ORACLE_DIRTY, first))
			list_page(objects, object, first);
}

void pw_oracle_tell(struct pw_oracle_objects *objects,
		    struct pw_oracle_object *object, uint64_t first,
		    uint64_t end, unsigned order)
{
	if (end > objects->end)
		end = objects->end;
	if (first >= end)
		return;
	split_at(objects, object, first);
	split_at(objects, object, end);
	pw_oracle_say(object, PW_ORACLE_THERE, first, end, true);
	pw_oracle_say(object, PW_ORACLE_ORDER, first, end, order);
	pw_oracle_say(object, PW_ORACLE_MARK, first, end, false);
}

void pw_oracle_bring(struct pw_oracle_objects *objects,
		     struct pw_oracle_object *object, uint64_t first,
		     uint64_t end, unsigned order, bool dirty)
{
	if (end > objects->end)
		end = objects->end;
	if (first >= end)
		return;
	pw_oracle_tell(objects, object, first, end, order);
	pw_oracle_say(object, PW_ORACLE_DIRTY, first, end, dirty);
	for (size_t i = 0; i < object->helds && dirty; i++)
		if (object->held[i].index >= first &&
		    object->held[i].index < end)
			object->held[i].phys->dirty = true;
	pw_oracle_list_dirty(objects, object, first, end, dirty);
}

void pw_oracle_soil(struct pw_oracle_objects *objects,
		    struct pw_oracle_object *object, uint64_t index)
{
	uint64_t head = pw_oracle_head(objects, object, index);
	uint64_t tail = pw_oracle_tail(objects, object, index);

	if (pw_oracle_ask(objects, object, PW_ORACLE_DIRTY, index))
		return;
	pw_oracle_say(object, PW_ORACLE_THERE, head, tail, true);
	pw_oracle_say(object, PW_ORACLE_DIRTY, head, tail, true);
	for (size_t i = 0; i < object->helds; i++)
		if (object->held[i].index >= head &&
		    object->held[i].index < tail)
			object->held[i].phys->dirty = true;
	pw_oracle_list_dirty(objects, object, head, tail, true);
}

/* Whether a page that somebody asked for keeps the folio of @index. */
static bool is_used(const struct pw_oracle_objects *objects,
		    const struct pw_oracle_object *object, uint64_t index)
{
	uint64_t head = pw_oracle_head(objects, object, index);
	uint64_t tail = pw_oracle_tail(objects, object, index);

	for (size_t i = 0; i < object->helds; i++) {
		const struct pw_oracle_held *held = &object->held[i];

		if (held->index >= head && held->index < tail &&
		    (held->phys->maps > 0 || held->phys->dirty))
			return true;
	}
	return false;
}

static void say_out(struct pw_oracle_object *object, uint64_t first,
		    uint64_t end)
{
	pw_oracle_say(object, PW_ORACLE_THERE, first, end, false);
	pw_oracle_say(object, PW_ORACLE_ORDER, first, end, 0);
	pw_oracle_say(object, PW_ORACLE_DIRTY, first, end, false);
	pw_oracle_say(object, PW_ORACLE_MARK, first, end, false);
}

/* A page whose entries, if there are any, keep it. */
static void let_go(struct pw_oracle_object *object, size_t place)
{
	struct pw_oracle_phys *phys = object->held[place].phys;

	object->held[place] = object->held[--object->helds];
	object->changes++;
	phys->cached = false;
	phys->dirty = false;
	pw_oracle_phys_release(phys);
}

/* Whether something was said of @index that is still so. */
static bool was_told(const struct pw_oracle_object *object, uint64_t index,
		     uint64_t *end)
{
	bool told = false;

	/* What is dirty may have been said before what is there. */
	for (size_t i = object->saids; i > 0; i--) {
		const struct pw_oracle_said *said = &object->said[i - 1];

		if (index < said->first || index >= said->end) {
			if (said->first > index && said->first < *end)
				*end = said->first;
			continue;
		}
		if (said->end < *end)
			*end = said->end;
		if (said->what == PW_ORACLE_NOTHING)
			break;
		told = told || said->what == PW_ORACLE_THERE;
	}
	return told;
}

/* Let the run from @first to *end not go over page @index, nor have others
 * besides it. */
static void end_run(uint64_t first, uint64_t index, uint64_t *end)
{
	if (index > first && index < *end)
		*end = index;
	if (index == first)
		*end = first + 1;
}

void pw_oracle_take_out(struct pw_oracle_objects *objects,
			struct pw_oracle_object *object, uint64_t first,
			uint64_t end, bool unused)
{
	const uint64_t start = first;

	if (end > objects->end)
		end = objects->end;
	if (first >= end)
		return;
	split_at(objects, object, first);
	split_at(objects, object, end);
	for (size_t i = 0; i < object->helds;) {
		uint64_t index = object->held[i].index;

		if (index >= first && index < end &&
		    !(unused && is_used(objects, object, index)))
			let_go(object, i);
		else
			i++;
	}
	if (!unused)
		say_out(object, first, end);
	while (unused && first < end) {
		uint64_t next = end;
		bool told = was_told(object, first, &next);
		bool stays = is_used(objects, object, first) ||
			     (told && last_said(objects, object,
						PW_ORACLE_DIRTY, first));

		/* Runs of pages that were told alike, but for single ones that
		 * somebody asked for, or that are dirty. */
		for (size_t i = 0; i < object->helds; i++)
			end_run(first, object->held[i].index, &next);
		for (size_t i = 0; i < object->dirties; i++)
			end_run(first, object->dirty[i], &next);
		if (is_used(objects, object, first))
			next = first + 1;
		if (!stays)
			say_out(object, first, next);
		first = next;
	}
	pw_oracle_list_dirty(objects, object, start, end, false);
}
