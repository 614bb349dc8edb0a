/*
 * slab.h - small items by 32-bit handles, which are given back and used again.
 *
 * A handle is the item's place in units of 8 bytes. Items of one class are all
 * of one size; what was given back serves its class again.
 */
#ifndef PW_REPLAY_SLAB_H
#define PW_REPLAY_SLAB_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

#define PW_SLAB_UNIT_BYTES 8
#define PW_SLAB_CHUNK_BITS 14 /* units of a chunk: 128 KiB */
#define PW_SLAB_CLASSES 24
#define PW_SLAB_HANDLE_BITS 30

struct pw_slab {
	struct pw_arena *arena;
	uint64_t **chunks;
	size_t chunk_count;
	size_t chunk_room;
	uint32_t next;			/* the first unit never taken */
	uint32_t free[PW_SLAB_CLASSES]; /* linked by their first word; 0: end */
};

/*
 * A zeroed item of class @class and @bytes, at most a chunk.
 *
 * Owns:   the slab's arena.
 * Errors: 0 without memory.
 */
uint32_t pw_slab_take(struct pw_slab *slab, unsigned class, size_t bytes);

/*
 * Give back an item of class @class.
 */
void pw_slab_give(struct pw_slab *slab, unsigned class, uint32_t handle);

/*
 * Where the item is. It never moves.
 */
static inline void *pw_slab_at(const struct pw_slab *slab, uint32_t handle)
{
	uint32_t unit = handle & (((uint32_t)1 << PW_SLAB_CHUNK_BITS) - 1);

	return &slab->chunks[handle >> PW_SLAB_CHUNK_BITS][unit];
}

#endif
