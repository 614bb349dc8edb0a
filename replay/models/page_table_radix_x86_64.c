/*
 * page_table_radix_x86_64.c - the x86-64 page table, with its real geometry.
 *
 * A leaf table holds the 8-byte entries of 512 pages, a table above holds
 * pointers. Tables count their entries and go back to the pool with the last
 * one. The root is a hash of what its slots hold, since addresses of foreign
 * traces need not be canonical; like real roots it is not counted. A small
 * direct-mapped cache of leaf tables makes most look-ups two loads.
 *
 * Source: Intel SDM vol. 3A, 4.5 "4-level paging and 5-level paging".
 * Cost:   8.1 bytes a page in full leaf tables.
 */
#include "base/assert.h"
#include "base/bits.h"
#include "replay/models.h"

#define INDEX_BITS 9
#define TABLE_ENTRIES ((size_t)1 << INDEX_BITS)
#define LEVELS 4
#define NO_KEY UINT64_MAX /* no page number shifted by anything */

#define RECENT_LEAVES 64

struct table {
	union {
		uint64_t pte[TABLE_ENTRIES];
		struct table *below[TABLE_ENTRIES];
	};
	size_t used;
};

/* One entry of the root; slots are taken for good, tables come and go. */
struct root_slot {
	uint64_t key; /* page >> (3 * INDEX_BITS), or NO_KEY */
	struct table *table;
};

struct recent_leaf {
	uint64_t key; /* page >> INDEX_BITS, or NO_KEY */
	struct table *leaf;
};

struct radix {
	struct pw_arena *arena;
	struct pw_pool *pool;
	struct root_slot *slots;
	size_t slot_count; /* a power of two */
	size_t slots_used;
	struct recent_leaf recent[RECENT_LEAVES];
};

/* Where one page's entry is: the tables from below the root to the leaf. */
struct path {
	struct root_slot *slot;
	struct table *table[LEVELS - 1]; /* NULL from the first missing one */
};

static enum pw_status check(const struct pw_page_table_config *config,
			    struct pw_error *err)
{
	if (config->levels != LEVELS)
		return pw_fail(err, PW_ERR_USAGE,
			       "radix-x86-64 has %d levels, not %llu", LEVELS,
			       (unsigned long long)config->levels);
	return PW_OK;
}

static struct pw_geometry geometry(const struct pw_page_table_config *config)
{
	const struct pw_geometry four_levels = {
		.page_shift = 12,
		.levels = LEVELS,
		.bits = {INDEX_BITS, INDEX_BITS, INDEX_BITS, INDEX_BITS},
		.leaves = 1,
	};

	PW_ASSERT(config->levels == LEVELS);
	return four_levels;
}

static size_t state_bytes(const struct pw_page_table_config *config)
{
	PW_ASSERT(config->levels == LEVELS);
	return sizeof(struct radix);
}

static struct root_slot *make_slots(struct pw_arena *arena, size_t count)
{
	struct root_slot *slots = pw_arena_alloc(arena, count, sizeof(*slots));

	for (size_t i = 0; slots && i < count; i++)
		slots[i].key = NO_KEY;
	return slots;
}

static bool init(void *state, const struct pw_page_table_config *config)
{
	struct radix *radix = state;

	PW_ASSERT(config->pool->item_bytes == sizeof(struct table));
	radix->arena = config->arena;
	radix->pool = config->pool;
	radix->slot_count = 8;
	radix->slots = make_slots(radix->arena, radix->slot_count);
	for (size_t i = 0; i < RECENT_LEAVES; i++)
		radix->recent[i].key = NO_KEY;
	return radix->slots != NULL;
}

/* The slot of @key, or the free one where it would go. */
static struct root_slot *probe(struct root_slot *slots, size_t count,
			       uint64_t key)
{
	size_t i = (size_t)pw_mix64(key) & (count - 1);

	while (slots[i].key != key && slots[i].key != NO_KEY)
		i = (i + 1) & (count - 1);
	return &slots[i];
}

static bool grow_root(struct radix *radix)
{
	size_t count = radix->slot_count * 2;
	struct root_slot *slots = make_slots(radix->arena, count);

	if (!slots)
		return false;
	for (size_t i = 0; i < radix->slot_count; i++) {
		if (radix->slots[i].key != NO_KEY)
			*probe(slots, count, radix->slots[i].key) =
				radix->slots[i];
	}
	PW_ASSERT(radix->slots_used < count);
	radix->slots = slots;
	radix->slot_count = count;
	return true;
}

/* Index of @page in a table @height levels above the leaves. */
static size_t index_at(uint64_t page, unsigned height)
{
	return (size_t)(page >> (height * INDEX_BITS)) & (TABLE_ENTRIES - 1);
}

static void descend(const struct radix *radix, uint64_t page, struct path *path)
{
	uint64_t key = page >> (LEVELS - 1) * INDEX_BITS;
	struct table *table;

	memset(path, 0, sizeof(*path));
	path->slot = probe(radix->slots, radix->slot_count, key);
	table = path->slot->table;
	for (unsigned depth = 0; depth < LEVELS - 1 && table; depth++) {
		path->table[depth] = table;
		if (depth < LEVELS - 2)
			table = table->below[index_at(page,
						      LEVELS - 2 - depth)];
	}
}

static inline struct recent_leaf *recall(struct radix *radix, uint64_t page)
{
	return &radix->recent[(page >> INDEX_BITS) % RECENT_LEAVES];
}

/* The leaf table of @page, or NULL. */
static struct table *find_leaf(struct radix *radix, uint64_t page)
{
	struct recent_leaf *recent = recall(radix, page);
	struct path path;

	if (recent->key == page >> INDEX_BITS)
		return recent->leaf;
	descend(radix, page, &path);
	if (path.table[LEVELS - 2]) {
		recent->key = page >> INDEX_BITS;
		recent->leaf = path.table[LEVELS - 2];
	}
	return path.table[LEVELS - 2];
}

static bool find(void *state, uint64_t page, struct pw_leaf *leaf)
{
	struct table *table = find_leaf(state, page);

	*leaf = (struct pw_leaf){.first = page};
	if (table)
		leaf->pte = table->pte[index_at(page, 0)];
	return leaf->pte != 0;
}

/* Make the tables that @path lacks; those made stay when memory ends. */
static bool extend(struct radix *radix, uint64_t page, struct path *path)
{
	struct table *above = NULL;

	if (path->slot->key == NO_KEY) {
		path->slot->key = page >> (LEVELS - 1) * INDEX_BITS;
		radix->slots_used++;
	}
	for (unsigned depth = 0; depth < LEVELS - 1; depth++) {
		struct table *table = path->table[depth];

		if (!table) {
			table = pw_pool_take(radix->pool);
			if (!table)
				return false;
			path->table[depth] = table;
			if (above) {
				above->below[index_at(
					page, LEVELS - 1 - depth)] = table;
				above->used++;
			} else {
				path->slot->table = table;
			}
		}
		above = table;
	}
	return true;
}

static bool map(void *state, const struct pw_leaf *wanted)
{
	struct radix *radix = state;
	uint64_t page = wanted->first;
	uint64_t pte = wanted->pte;
	struct table *leaf = find_leaf(radix, page);
	size_t index = index_at(page, 0);

	PW_ASSERT((pte & PW_PTE_PRESENT) && wanted->height == 0);
	if (!leaf) {
		struct path path;

		if (radix->slots_used * 2 >= radix->slot_count &&
		    !grow_root(radix))
			return false;
		descend(radix, page, &path);
		if (!extend(radix, page, &path))
			return false;
		leaf = path.table[LEVELS - 2];
	}
	leaf->used += leaf->pte[index] == 0;
	PW_DEBUG_ASSERT(leaf->used <= TABLE_ENTRIES);
	leaf->pte[index] = pte;
	return true;
}

static void unmap(void *state, uint64_t page)
{
	struct radix *radix = state;
	struct path path;
	struct table *leaf;

	descend(radix, page, &path);
	leaf = path.table[LEVELS - 2];
	PW_ASSERT(leaf && leaf->pte[index_at(page, 0)]);
	leaf->pte[index_at(page, 0)] = 0;
	leaf->used--;
	if (leaf->used == 0 && recall(radix, page)->leaf == leaf)
		*recall(radix, page) = (struct recent_leaf){NO_KEY, NULL};
	for (unsigned depth = LEVELS - 2; path.table[depth]->used == 0;
	     depth--) {
		pw_pool_give(radix->pool, path.table[depth]);
		if (depth == 0) {
			path.slot->table = NULL;
			break;
		}
		path.table[depth - 1]
			->below[index_at(page, LEVELS - 1 - depth)] = NULL;
		PW_ASSERT(path.table[depth - 1]->used > 0);
		path.table[depth - 1]->used--;
	}
}

/* The lowest page not below @page whose root slot holds a table, or NO_KEY. */
static uint64_t next_in_root(const struct radix *radix, uint64_t page)
{
	uint64_t key = page >> (LEVELS - 1) * INDEX_BITS;
	uint64_t best = NO_KEY;

	for (size_t i = 0; i < radix->slot_count; i++) {
		const struct root_slot *slot = &radix->slots[i];

		if (slot->table && slot->key >= key && slot->key < best)
			best = slot->key;
	}
	if (best == NO_KEY || best == key)
		return best == key ? page : NO_KEY;
	return best << (LEVELS - 1) * INDEX_BITS;
}

/* The first page of the next table @height levels above the leaves. */
static uint64_t skip(uint64_t page, unsigned height)
{
	unsigned shift = (height + 1) * INDEX_BITS;

	return ((page >> shift) + 1) << shift;
}

/* The first present page of @leaf in [first, end), or where to go on. */
static uint64_t scan(const struct table *leaf, uint64_t first, uint64_t end)
{
	uint64_t stop = skip(first, 0);

	if (stop > end)
		stop = end;
	while (first < stop && !leaf->pte[index_at(first, 0)])
		first++;
	return first;
}

static bool next(void *state, uint64_t first, uint64_t end, uint64_t *page,
		 struct pw_leaf *out)
{
	struct radix *radix = state;
	uint64_t at = first;

	while (at < end) {
		struct table *leaf = find_leaf(radix, at);
		struct path path;

		if (leaf) {
			uint64_t found = scan(leaf, at, end);

			*out = (struct pw_leaf){
				.first = found,
				.pte = leaf->pte[index_at(found, 0)],
			};
			*page = found;
			if (found < end &&
			    found >> INDEX_BITS == at >> INDEX_BITS)
				return true;
			at = found;
			continue;
		}
		descend(radix, at, &path);
		if (!path.table[0])
			at = next_in_root(radix, at);
		else
			at = skip(at, path.table[1] ? 0 : 1);
	}
	return false;
}

const struct pw_page_table_ops pw_page_table_radix_x86_64 = {
	.name = "radix-x86-64",
	.summary = "x86-64 tables of 512 entries, 4 levels, 4 KiB pages",
	.source = "Intel SDM vol. 3A, 4.5",
	.table_bytes = sizeof(struct table),
	.check = check,
	.geometry = geometry,
	.state_bytes = state_bytes,
	.init = init,
	.find = find,
	.map = map,
	.unmap = unmap,
	.next = next,
};
