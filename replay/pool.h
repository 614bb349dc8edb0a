/*
 * pool.h - equal items from an arena that are given back and used again.
 */
#ifndef PW_REPLAY_POOL_H
#define PW_REPLAY_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct pw_pool {
	struct pw_arena *arena;
	size_t item_bytes; /* at least a pointer */
	void *free;	   /* items given back, linked by their first word */
	uint64_t used;	   /* items taken and not given back */
};

/*
 * A zeroed item.
 *
 * Owns:   the pool's arena.
 * Errors: NULL without memory.
 */
void *pw_pool_take(struct pw_pool *pool);

/*
 * Give back an item of this pool.
 */
void pw_pool_give(struct pw_pool *pool, void *item);

#endif
