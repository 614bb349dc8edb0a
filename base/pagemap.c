/*
 * pagemap.c - open addressing with linear probing and backward-shift deletion.
 *
 * A slot is free when its key is 0, so that fresh memory from calloc is an
 * empty table; key 0 itself has a slot of its own behind the others.
 */
#include "base/pagemap.h"

#include "base/assert.h"
#include "base/bits.h"

struct slot {
	uint64_t key;
	uint64_t value;
};

struct pw_pagemap {
	struct slot *slots; /* the last is that of key 0 */
	size_t mask;	    /* slots - 1, without that */
	size_t used;	    /* slots in use; key 0 is not among them */
	size_t limit;	    /* used never passes it: 3/4 of the slots */
	unsigned shift;	    /* 64 - log2(slots) */
	bool has_zero;
};

#define SLOTS_MIN 16

/* Fibonacci hashing: the high bits of key times 2^64 / golden ratio. */
static size_t home(const struct pw_pagemap *map, uint64_t key)
{
	return (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> map->shift);
}

static bool resize(struct pw_pagemap *map, size_t slots)
{
	PW_ASSERT(pw_is_pow2(slots) && slots >= SLOTS_MIN);
	map->slots = calloc(slots + 1, sizeof(*map->slots));
	if (!map->slots)
		return false;
	map->mask = slots - 1;
	map->limit = slots / 4 * 3;
	map->shift = 64 - pw_log2(slots);
	return true;
}

enum pw_status pw_pagemap_open(struct pw_pagemap **out, size_t expected,
			       struct pw_error *err)
{
	struct pw_pagemap *map;
	size_t slots = SLOTS_MIN;

	*out = NULL;
	while (slots / 4 * 3 < expected && slots <= SIZE_MAX / 4)
		slots *= 2;
	map = calloc(1, sizeof(*map));
	if (!map || slots / 4 * 3 < expected || !resize(map, slots)) {
		free(map);
		return pw_fail_memory(err, "a page map");
	}
	*out = map;
	return PW_OK;
}

void pw_pagemap_close(struct pw_pagemap *map)
{
	if (!map)
		return;
	free(map->slots);
	free(map);
}

static uint64_t *zero_value(const struct pw_pagemap *map)
{
	return &map->slots[map->mask + 1].value;
}

/* The slot of @key, or the free one where it would go. */
static struct slot *probe(const struct pw_pagemap *map, uint64_t key)
{
	size_t i = home(map, key);

	PW_DEBUG_ASSERT(key != 0 && map->used <= map->limit);
	while (map->slots[i].key != key && map->slots[i].key != 0)
		i = (i + 1) & map->mask;
	return &map->slots[i];
}

uint64_t *pw_pagemap_find(const struct pw_pagemap *map, uint64_t key)
{
	struct slot *slot;

	if (key == 0)
		return map->has_zero ? zero_value(map) : NULL;
	slot = probe(map, key);
	return slot->key ? &slot->value : NULL;
}

void pw_pagemap_prefetch(const struct pw_pagemap *map, uint64_t key)
{
	__builtin_prefetch(&map->slots[home(map, key)], 1);
}

static bool grow(struct pw_pagemap *map)
{
	struct pw_pagemap bigger = *map;
	size_t slots = map->mask + 1;

	if (slots > SIZE_MAX / sizeof(struct slot) / 2 ||
	    !resize(&bigger, slots * 2))
		return false;
	for (size_t i = 0; i < slots; i++)
		if (map->slots[i].key)
			*probe(&bigger, map->slots[i].key) = map->slots[i];
	*zero_value(&bigger) = *zero_value(map);
	free(map->slots);
	*map = bigger;
	PW_ASSERT(map->used < map->limit);
	return true;
}

static uint64_t *insert_zero(struct pw_pagemap *map, bool *added)
{
	*added = !map->has_zero;
	if (*added)
		*zero_value(map) = 0;
	map->has_zero = true;
	return zero_value(map);
}

enum pw_status pw_pagemap_insert(struct pw_pagemap *map, uint64_t key,
				 uint64_t **value, bool *added,
				 struct pw_error *err)
{
	struct slot *slot;

	if (key == 0) {
		*value = insert_zero(map, added);
		return PW_OK;
	}
	slot = probe(map, key);
	*added = slot->key == 0;
	if (*added) {
		if (map->used == map->limit) {
			if (!grow(map))
				return pw_fail_memory(err, "a page map");
			slot = probe(map, key);
		}
		slot->key = key;
		slot->value = 0;
		map->used++;
		PW_DEBUG_ASSERT(map->used <= map->limit);
	}
	*value = &slot->value;
	return PW_OK;
}

/* Close the gap at @gap with later slots of the same run (Knuth's R). */
static void shift_back(struct pw_pagemap *map, size_t gap)
{
	size_t i = gap;

	PW_DEBUG_ASSERT(gap <= map->mask);
	for (;;) {
		size_t want;

		i = (i + 1) & map->mask;
		if (map->slots[i].key == 0)
			break;
		want = home(map, map->slots[i].key);
		/* It may move if its home is not within (gap, i]. */
		if (((i - want) & map->mask) >= ((i - gap) & map->mask)) {
			map->slots[gap] = map->slots[i];
			gap = i;
		}
	}
	map->slots[gap].key = 0;
	map->slots[gap].value = 0;
}

bool pw_pagemap_remove(struct pw_pagemap *map, uint64_t key)
{
	struct slot *slot;

	if (key == 0) {
		bool had = map->has_zero;

		map->has_zero = false;
		return had;
	}
	slot = probe(map, key);
	if (slot->key == 0)
		return false;
	PW_ASSERT(map->used > 0);
	map->used--;
	shift_back(map, (size_t)(slot - map->slots));
	return true;
}

size_t pw_pagemap_count(const struct pw_pagemap *map)
{
	return map->used + map->has_zero;
}

bool pw_pagemap_each(const struct pw_pagemap *map, size_t *cursor,
		     uint64_t *key, uint64_t *value)
{
	size_t slots = map->mask + 1;

	for (; *cursor < slots; ++*cursor) {
		const struct slot *slot = &map->slots[*cursor];

		if (slot->key == 0)
			continue;
		*key = slot->key;
		*value = slot->value;
		++*cursor;
		return true;
	}
	if (*cursor > slots || !map->has_zero)
		return false;
	*key = 0;
	*value = *zero_value(map);
	++*cursor;
	return true;
}
