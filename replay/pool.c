/*
 * pool.c - equal items from an arena that are given back and used again.
 */
#include "replay/pool.h"

#include "base/assert.h"

void *pw_pool_take(struct pw_pool *pool)
{
	void *item = pool->free;

	PW_ASSERT(pool->item_bytes >= sizeof(void *));
	if (item) {
		memcpy(&pool->free, item, sizeof(pool->free));
		memset(item, 0, pool->item_bytes);
	} else {
		item = pw_arena_alloc(pool->arena, 1, pool->item_bytes);
		if (!item)
			return NULL;
	}
	pool->used++;
	return item;
}

void pw_pool_give(struct pw_pool *pool, void *item)
{
	PW_ASSERT(item && pool->used > 0);
	memcpy(item, &pool->free, sizeof(pool->free));
	pool->free = item;
	pool->used--;
}
