/*
 * slab.c - small items by 32-bit handles, which are given back and used again.
 */
#include "replay/memory/slab.h"

#include "base/assert.h"

#include <stdbool.h>
#include <string.h>

#define CHUNK_UNITS ((uint32_t)1 << PW_SLAB_CHUNK_BITS)
#define UNITS_MAX ((uint32_t)1 << PW_SLAB_HANDLE_BITS)
#define FIRST_ROOM 16

static bool add_chunk(struct pw_slab *slab)
{
	if (slab->chunk_count == slab->chunk_room) {
		size_t room =
			slab->chunk_room ? 2 * slab->chunk_room : FIRST_ROOM;
		uint64_t **chunks =
			pw_arena_alloc(slab->arena, room, sizeof(*chunks));

		if (!chunks)
			return false;
		if (slab->chunk_count > 0)
			memcpy(chunks, slab->chunks,
			       slab->chunk_count * sizeof(*chunks));
		slab->chunks = chunks;
		slab->chunk_room = room;
	}
	slab->chunks[slab->chunk_count] =
		pw_arena_alloc(slab->arena, CHUNK_UNITS, PW_SLAB_UNIT_BYTES);
	if (!slab->chunks[slab->chunk_count])
		return false;
	slab->chunk_count++;
	return true;
}

uint32_t pw_slab_take(struct pw_slab *slab, unsigned class, size_t bytes)
{
	uint32_t units = (uint32_t)((bytes + PW_SLAB_UNIT_BYTES - 1) /
				    PW_SLAB_UNIT_BYTES);
	uint32_t handle = slab->free[class];

	PW_ASSERT(class < PW_SLAB_CLASSES);
	PW_ASSERT(units > 0 && units <= CHUNK_UNITS);
	if (handle) {
		void *item = pw_slab_at(slab, handle);

		memcpy(&slab->free[class], item, sizeof(slab->free[class]));
		memset(item, 0, (size_t)units * PW_SLAB_UNIT_BYTES);
		return handle;
	}
	if (slab->next == 0)
		slab->next = 1; /* no item has the handle 0 */
	if (slab->next % CHUNK_UNITS + units > CHUNK_UNITS)
		slab->next = (slab->next / CHUNK_UNITS + 1) * CHUNK_UNITS;
	if (slab->next > UNITS_MAX - units ||
	    (slab->next / CHUNK_UNITS == slab->chunk_count && !add_chunk(slab)))
		return 0;
	handle = slab->next;
	slab->next += units;
	return handle;
}

void pw_slab_give(struct pw_slab *slab, unsigned class, uint32_t handle)
{
	PW_ASSERT(class < PW_SLAB_CLASSES && handle > 0);
	memcpy(pw_slab_at(slab, handle), &slab->free[class],
	       sizeof(slab->free[class]));
	slab->free[class] = handle;
}
