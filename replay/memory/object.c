/*
 * object.c - what mappings map: files and shared memory, one thing each.
 */
#include "replay/memory/object.h"

#include "base/assert.h"
#include "base/bits.h"
#include "replay/memory/writeback.h"

#define FIRST_NAMES 64

void pw_objects_make(struct pw_objects *objects, struct pw_arena *arena)
{
	*objects = (struct pw_objects){
		.arena = arena,
		.list = PW_ARRAY(struct pw_object),
		.parted = PW_ARRAY(uint32_t),
	};
}

void pw_objects_free(struct pw_objects *objects)
{
	for (size_t i = 0; i < objects->list.count; i++) {
		struct pw_object *object =
			pw_object_at(objects, (uint32_t)i + 1);

		pw_intervals_free(&object->known);
		pw_intervals_free(&object->policies);
		pw_pagemap_close(object->frames);
		pw_array_free(&object->dirty);
		pw_array_free(&object->marks);
	}
	pw_array_free(&objects->list);
	pw_array_free(&objects->parted);
	pw_pagemap_close(objects->named);
	objects->named = NULL;
}

struct pw_object *pw_object_at(const struct pw_objects *objects,
			       uint32_t number)
{
	PW_ASSERT(number > 0 && number <= objects->list.count);
	return &PW_ARRAY_AT(&objects->list, struct pw_object, number - 1);
}

static enum pw_status set_path(const struct pw_objects *objects,
			       struct pw_object *object, const char *path,
			       struct pw_error *err)
{
	object->path = path[0] ? pw_arena_copy(objects->arena, path) : "";
	return object->path ? PW_OK : pw_fail_memory(err, "the path of a file");
}

static enum pw_status push(struct pw_objects *objects,
			   const struct pw_object *object, uint32_t *number,
			   struct pw_error *err)
{
	struct pw_object fresh = *object;
	enum pw_status st;

	if (objects->list.count == UINT32_MAX)
		return pw_fail_memory(err, "objects");
	st = set_path(objects, &fresh, object->path, err);
	if (st != PW_OK)
		return st;
	fresh.known = (struct pw_intervals)PW_INTERVALS;
	fresh.policies = (struct pw_intervals)PW_INTERVALS;
	fresh.dirty = (struct pw_array)PW_ARRAY(uint64_t);
	fresh.marks = (struct pw_array)PW_ARRAY(uint64_t);
	st = pw_array_push(&objects->list, &fresh, err);
	if (st == PW_OK)
		*number = (uint32_t)objects->list.count;
	return st;
}

/* A file turns out to be shared memory, which is not written back. */
static void become_shared(struct pw_objects *objects, uint32_t number)
{
	struct pw_object *object = pw_object_at(objects, number);

	if (object->kind == PW_OBJECT_SHMEM)
		return;
	if (object->frames)
		objects->file_frames -= pw_pagemap_count(object->frames);
	objects->file_frames -= object->unplaced_noted;
	object->kind = PW_OBJECT_SHMEM;
	pw_writeback_forget(objects, number);
}

enum pw_status pw_object_find(struct pw_objects *objects,
			      const struct pw_object *name, uint32_t *number,
			      struct pw_error *err)
{
	struct pw_object fresh = *name;
	uint64_t *first = NULL;
	bool added;
	enum pw_status st = PW_OK;

	if (!objects->named)
		st = pw_pagemap_open(&objects->named, FIRST_NAMES, err);
	if (st == PW_OK)
		st = pw_pagemap_insert(
			objects->named,
			pw_mix64(pw_mix64(name->device) + name->inode), &first,
			&added, err);
	if (st != PW_OK)
		return st;
	for (uint32_t n = (uint32_t)*first; n;
	     n = pw_object_at(objects, n)->next) {
		struct pw_object *old = pw_object_at(objects, n);

		if (old->device == name->device && old->inode == name->inode) {
			if (name->bytes)
				old->bytes = name->bytes;
			if (name->kind == PW_OBJECT_SHMEM)
				become_shared(objects, n);
			*number = n;
			return old->path[0] ? PW_OK
					    : set_path(objects, old, name->path,
						       err);
		}
	}
	fresh.next = (uint32_t)*first;
	st = push(objects, &fresh, number, err);
	if (st == PW_OK)
		*first = *number;
	return st;
}

enum pw_status pw_object_add(struct pw_objects *objects, uint32_t *number,
			     struct pw_error *err)
{
	const struct pw_object nameless = {.kind = PW_OBJECT_SHMEM,
					   .path = "/dev/zero (deleted)"};

	return push(objects, &nameless, number, err);
}

static enum pw_object_kind kind_of(const char *path)
{
	static const char *const shared[] = {"/dev/zero", "/memfd:", "/SYSV",
					     "/dev/shm/"};

	for (size_t i = 0; i < PW_COUNT(shared); i++)
		if (strncmp(path, shared[i], strlen(shared[i])) == 0)
			return PW_OBJECT_SHMEM;
	return PW_OBJECT_FILE;
}

enum pw_status pw_object_attach(struct pw_objects *objects,
				const struct pw_object *name, const char *path,
				struct pw_mapping *mapping,
				struct pw_error *err)
{
	struct pw_object wanted = *name;

	wanted.path = path;
	if (mapping->anonymous && !mapping->shared)
		return PW_OK;
	if (mapping->anonymous && name->device == 0 && name->inode == 0)
		return pw_object_add(objects, &mapping->object, err);
	wanted.kind = mapping->anonymous ? PW_OBJECT_SHMEM : kind_of(path);
	if (wanted.device == 0 && wanted.inode == 0) {
		wanted.device = UINT64_MAX; /* which no file has */
		for (; *path; path++)
			wanted.inode = pw_mix64(wanted.inode + (uint8_t)*path);
	}
	return pw_object_find(objects, &wanted, &mapping->object, err);
}

enum pw_status pw_object_file(struct pw_objects *objects, uint64_t device,
			      uint64_t inode, const char *path,
			      uint32_t *number, struct pw_error *err)
{
	const struct pw_object wanted = {
		.kind = kind_of(path),
		.device = device,
		.inode = inode,
		.path = path,
	};

	PW_ASSERT(device || inode);
	return pw_object_find(objects, &wanted, number, err);
}

static uint64_t count_frames(const struct pw_object *object, uint64_t first,
			     uint64_t end)
{
	uint64_t count = 0;
	size_t cursor = 0;
	uint64_t index;
	uint64_t frame;

	if (!object->frames)
		return 0;
	if (end - first <= pw_pagemap_count(object->frames)) {
		for (; first < end; first++)
			count += pw_pagemap_find(object->frames, first) != NULL;
		return count;
	}
	while (pw_pagemap_each(object->frames, &cursor, &index, &frame))
		count += index >= first && index < end;
	return count;
}

struct pw_frameless pw_object_frameless(const struct pw_object *object,
					uint64_t first, uint64_t end)
{
	const struct pw_intervals *known = &object->known;
	size_t place = pw_intervals_lower(known, first);
	const uint64_t known_only = PW_OBJECT_DIRTY | PW_OBJECT_ASSUMED;
	struct pw_frameless sum = {0};

	for (; place < pw_intervals_count(known); place++) {
		const struct pw_interval *range = pw_intervals_at(known, place);
		uint64_t from = range->start > first ? range->start : first;
		uint64_t to = range->end < end ? range->end : end;
		uint64_t pages;

		if (range->start >= end)
			break;
		if (range->value == PW_OBJECT_ABSENT ||
		    (range->value & known_only) == PW_OBJECT_ASSUMED)
			continue;
		pages = to - from - count_frames(object, from, to);
		if (range->value & PW_OBJECT_DIRTY)
			sum.dirty += pages;
		if (!(range->value & PW_OBJECT_ASSUMED))
			sum.unplaced += pages;
	}
	return sum;
}

size_t pw_object_first_mark(const struct pw_object *object, uint64_t index)
{
	size_t low = 0;
	size_t high = object->marks.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (PW_ARRAY_AT(&object->marks, uint64_t, middle) < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
