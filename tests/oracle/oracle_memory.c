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
	if (--phys->maps == 0 && !phys->cached)
		free(phys);
}

void pw_oracle_objects_free(struct pw_oracle_objects *objects)
{
	for (size_t i = 0; i < objects->count; i++) {
		struct pw_oracle_object *object = objects->object[i];

		for (size_t j = 0; j < object->knowns; j++)
			free(object->known[j].phys);
		free(object->known);
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
	return object;
}

static struct pw_oracle_known *find_known(const struct pw_oracle_object *object,
					  uint64_t index)
{
	for (size_t i = 0; i < object->knowns; i++) {
		if (object->known[i].index == index)
			return &object->known[i];
	}
	return NULL;
}

bool pw_oracle_is_cached(const struct pw_oracle_objects *objects,
			 const struct pw_oracle_object *object, uint64_t index)
{
	const struct pw_oracle_known *known = find_known(object, index);
	uint64_t key;

	if (known)
		return known->there;
	if (object->shmem || (objects->recorded && object->listed))
		return false;
	if (objects->percent == 100)
		return true;
	key = pw_mix64(object->device) + object->inode;
	return pw_mix64(pw_mix64(key) + index) % 100 < objects->percent;
}

struct pw_oracle_phys *pw_oracle_cached(struct pw_oracle_object *object,
					uint64_t index)
{
	struct pw_oracle_known *known = find_known(object, index);

	if (!known) {
		if (object->knowns == object->room) {
			object->room = object->room * 2 + 16;
			object->known =
				realloc(object->known,
					object->room * sizeof(*object->known));
			PW_ASSERT(object->known);
		}
		known = &object->known[object->knowns++];
		*known = (struct pw_oracle_known){.index = index};
	}
	known->there = true;
	if (!known->phys) {
		known->phys = pw_oracle_phys_new();
		known->phys->cached = true;
	}
	return known->phys;
}
