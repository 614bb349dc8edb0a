/*
 * walker.c - page walks and the page-walk caches that shorten them.
 */
#include "replay/walker.h"

#include "base/assert.h"
#include "replay/tlb_key.h"

enum pw_status pw_walker_make(struct pw_walker *walker,
			      const struct pw_machine *machine,
			      struct pw_arena *arena, struct pw_error *err)
{
	memset(walker, 0, sizeof(*walker));
	walker->geometry = machine->geometry;
	PW_ASSERT(walker->geometry.levels >= 1 &&
		  walker->geometry.levels <= PW_LEVELS_MAX);
	for (size_t i = 0; i < PW_PWC_MAX; i++) {
		enum pw_status st = pw_tlb_make(&walker->cache[i],
						&machine->pwc[i], arena, err);

		if (st != PW_OK)
			return st;
	}
	return PW_OK;
}

/* The cache of entries at the height above @height, or NULL. */
static const struct pw_tlb *cache_above(const struct pw_walker *walker,
					unsigned height)
{
	if (height >= PW_PWC_MAX || !walker->cache[height].ops)
		return NULL;
	return &walker->cache[height];
}

/* What a cache calls the entry of @page at @height. */
static uint64_t name_entry(const struct pw_walker *walker,
			   const struct pw_reference *reference,
			   unsigned height)
{
	unsigned order = pw_geometry_order(&walker->geometry, height);

	PW_DEBUG_ASSERT(height < walker->geometry.levels);
	return pw_tlb_key(reference->asid, 0, reference->page >> order);
}

struct pw_walk pw_walker_walk(struct pw_walker *walker,
			      const struct pw_reference *reference)
{
	unsigned top = walker->geometry.levels - 1;
	unsigned height =
		reference->leaf.height; /* of the topmost entry read */
	struct pw_walk walk = {.references = reference->leaf.probes};

	if (reference->leaf.probes)
		return walk;
	for (; height < top; height++) {
		const struct pw_tlb *cache = cache_above(walker, height);

		if (cache && cache->ops->lookup(
				     cache->state,
				     name_entry(walker, reference, height + 1)))
			break;
	}
	walk.references = height - reference->leaf.height + 1;
	walk.cache_hit = height < top;
	for (unsigned i = height; i > reference->leaf.height; i--) {
		const struct pw_tlb *cache = cache_above(walker, i - 1);

		if (cache)
			cache->ops->insert(cache->state,
					   name_entry(walker, reference, i));
	}
	PW_DEBUG_ASSERT(walk.references <= walker->geometry.levels);
	return walk;
}

void pw_walker_flush(struct pw_walker *walker)
{
	for (size_t i = 0; i < PW_PWC_MAX; i++) {
		if (walker->cache[i].ops)
			walker->cache[i].ops->flush(walker->cache[i].state);
	}
}
