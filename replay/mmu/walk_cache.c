/*
 * walk_cache.c - page-walk caches: entries that point to tables, kept by the
 * walker.
 */
#include "replay/mmu/walk_cache.h"

#include "base/assert.h"
#include "replay/mmu/tlb_key.h"

/*
 * Emptying a large second-level TLB of its few entries costs a look at all of
 * it, and often there is nothing to drop since the last time: so the identifier
 * is kept that all entries belong to.
 */
#define OWNER_NONE UINT32_MAX
#define OWNER_MANY (UINT32_MAX - 1)

/* Let all heights without a home share the unified cache. */
static void share(struct pw_walk_cache *cache, const struct pw_tlb *unified)
{
	for (unsigned height = 1; height <= cache->top; height++) {
		if (!cache->home[height].ops)
			cache->home[height] = *unified;
	}
}

enum pw_status pw_walk_cache_make(struct pw_walk_cache *cache,
				  const struct pw_pwc_choice *choice,
				  const struct pw_geometry *geometry,
				  const struct pw_tlb *stlb,
				  struct pw_arena *arena, struct pw_error *err)
{
	struct pw_tlb unified;
	enum pw_status st = PW_OK;

	memset(cache, 0, sizeof(*cache));
	PW_ASSERT(geometry->levels >= 1 && geometry->levels <= PW_PWC_MAX + 1);
	cache->top = geometry->levels - 1;
	cache->by_range = choice->by_range;
	cache->owner = OWNER_NONE;
	for (unsigned height = 0; height <= cache->top && st == PW_OK;
	     height++) {
		cache->order[height] = pw_geometry_order(geometry, height);
		cache->class[height] = height;
		if (height > 0)
			st = pw_tlb_make(&cache->home[height],
					 &choice->split[height - 1], arena,
					 err);
	}
	if (choice->in_stlb && cache->top >= 1) {
		PW_ASSERT(stlb && stlb->ops);
		cache->in_stlb = true;
		cache->home[1] = *stlb;
		cache->class[1] = PW_CLASS_TABLE;
	}
	if (st == PW_OK)
		st = pw_tlb_make(&unified, &choice->unified, arena, err);
	if (st == PW_OK)
		share(cache, &unified);
	return st;
}

/* What the entry of @page at @height is called in its home. */
static uint64_t name_entry(const struct pw_walk_cache *cache, uint32_t asid,
			   uint64_t page, unsigned height)
{
	PW_DEBUG_ASSERT(height <= cache->top);
	return pw_tlb_key(asid, cache->class[height],
			  page >> cache -> order[height]);
}

unsigned pw_walk_cache_start(struct pw_walk_cache *cache, uint32_t asid,
			     uint64_t page, unsigned leaf)
{
	unsigned height = leaf;

	PW_DEBUG_ASSERT(leaf <= cache->top);
	for (; height < cache->top; height++) {
		const struct pw_tlb *home = &cache->home[height + 1];

		if (home->ops &&
		    home->ops->lookup(home->state, name_entry(cache, asid, page,
							      height + 1)))
			break;
	}
	return height;
}

void pw_walk_cache_fill(struct pw_walk_cache *cache, uint32_t asid,
			uint64_t page, unsigned from, unsigned leaf)
{
	PW_DEBUG_ASSERT(leaf <= from && from <= cache->top);
	if (from == leaf)
		return;
	for (unsigned height = from; height > leaf; height--) {
		const struct pw_tlb *home = &cache->home[height];

		if (home->ops)
			home->ops->insert(
				home->state,
				name_entry(cache, asid, page, height));
	}
	if (cache->owner != asid)
		cache->owner = cache->owner == OWNER_NONE ? asid : OWNER_MANY;
}

static void invalidate_all(struct pw_walk_cache *cache, uint32_t asid)
{
	if (cache->owner != asid && cache->owner != OWNER_MANY)
		return;
	for (unsigned height = 1; height <= cache->top; height++) {
		const struct pw_tlb *home = &cache->home[height];

		if (home->ops)
			home->ops->invalidate(
				home->state,
				pw_tlb_key(asid, cache->class[height], 0),
				PW_KEY_PAGE + 1);
	}
	if (cache->owner == asid)
		cache->owner = OWNER_NONE;
}

void pw_walk_cache_invalidate(struct pw_walk_cache *cache, uint32_t asid,
			      uint64_t first, uint64_t count)
{
	uint64_t last = first + count - 1;

	PW_ASSERT(count > 0 && last >= first);
	if (!cache->by_range) {
		invalidate_all(cache, asid);
		return;
	}
	for (unsigned height = 1; height <= cache->top; height++) {
		const struct pw_tlb *home = &cache->home[height];
		uint64_t key = name_entry(cache, asid, first, height);

		if (home->ops)
			home->ops->invalidate(
				home->state, key,
				name_entry(cache, asid, last, height) - key +
					1);
	}
}

void pw_walk_cache_flush(struct pw_walk_cache *cache)
{
	for (unsigned height = 1; height <= cache->top; height++) {
		const struct pw_tlb *home = &cache->home[height];

		if (home->ops && !(cache->in_stlb && height == 1))
			home->ops->flush(home->state);
	}
	if (!cache->in_stlb)
		cache->owner = OWNER_NONE;
}
