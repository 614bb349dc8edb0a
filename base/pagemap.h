/*
 * pagemap.h - page number to 64-bit value, by open addressing.
 *
 * For hot paths: one multiplication and, nearly always, one cache line a
 * look-up. Linear probing, at most 3/4 full, deletion by backward shift.
 * Source: Knuth, TAOCP vol. 3, 6.4, algorithms L and R.
 */
#ifndef PW_BASE_PAGEMAP_H
#define PW_BASE_PAGEMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct pw_pagemap;

/*
 * Make an empty map with room for @expected keys before it grows.
 *
 * Owns:   *out is the caller's; free it with pw_pagemap_close.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_pagemap_open(struct pw_pagemap **out, size_t expected,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * Free the map. NULL is allowed.
 */
void pw_pagemap_close(struct pw_pagemap *map);

/*
 * The value at @key, or NULL when there is none.
 *
 * Owns: the map; good until the next insertion or removal.
 */
uint64_t *pw_pagemap_find(const struct pw_pagemap *map, uint64_t key);

/*
 * Begin to load the place of @key, which will be asked for soon. Changes
 * nothing.
 */
void pw_pagemap_prefetch(const struct pw_pagemap *map, uint64_t key);

/*
 * The value at @key, which is made 0 when it was not there (*added tells).
 * Any key is allowed.
 *
 * Errors: PW_ERR_SYSTEM the map could not grow; it is unchanged.
 */
enum pw_status pw_pagemap_insert(struct pw_pagemap *map, uint64_t key,
				 uint64_t **value, bool *added,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * Remove @key; false when it was not there.
 */
bool pw_pagemap_remove(struct pw_pagemap *map, uint64_t key);

/*
 * Keys in the map.
 */
size_t pw_pagemap_count(const struct pw_pagemap *map);

/*
 * Visit every pair in an order that depends only on the keys' history. Start
 * with *cursor = 0; false at the end. The map must not change meanwhile.
 */
bool pw_pagemap_each(const struct pw_pagemap *map, size_t *cursor,
		     uint64_t *key, uint64_t *value);

#endif
