/*
 * walker.c - page walks and the page-walk caches that shorten them.
 */
#include "replay/walker.h"

#include "base/assert.h"

enum pw_status pw_walker_make(struct pw_walker *walker,
			      const struct pw_machine *machine,
			      struct pw_arena *arena, struct pw_error *err)
{
	memset(walker, 0, sizeof(*walker));
	walker->levels = (unsigned)machine->page_table_levels;
	walker->index_bits = machine->page_table->index_bits;
	PW_ASSERT(walker->index_bits > 0 && walker->index_bits < 16);
	PW_ASSERT(walker->levels >= 1 && walker->levels <= PW_PWC_MAX + 1);
	for (size_t i = 0; i < PW_PWC_MAX; i++) {
		enum pw_status st = pw_tlb_make(&walker->cache[i],
						&machine->pwc[i], arena, err);

		if (st != PW_OK)
			return st;
	}
	return PW_OK;
}

/* What the cache @height levels above the leaf calls the entry of @page. */
static uint64_t shift(const struct pw_walker *walker, uint64_t page,
		      unsigned height)
{
	PW_DEBUG_ASSERT(height < walker->levels);
	return page >> (walker->index_bits * height);
}

struct pw_walk pw_walker_walk(struct pw_walker *walker, uint64_t page)
{
	unsigned top = walker->levels - 1;
	unsigned height = 0; /* of the topmost entry read */
	struct pw_walk walk;

	for (; height < top; height++) {
		const struct pw_tlb *cache = &walker->cache[height];

		if (cache->ops &&
		    cache->ops->lookup(cache->state,
				       shift(walker, page, height + 1)))
			break;
	}
	walk.references = height + 1;
	walk.cache_hit = height < top;
	for (unsigned i = height; i > 0; i--) {
		const struct pw_tlb *cache = &walker->cache[i - 1];

		if (cache->ops)
			cache->ops->insert(cache->state,
					   shift(walker, page, i));
	}
	PW_DEBUG_ASSERT(walk.references <= walker->levels);
	return walk;
}

void pw_walker_flush(struct pw_walker *walker)
{
	for (size_t i = 0; i < PW_PWC_MAX; i++) {
		if (walker->cache[i].ops)
			walker->cache[i].ops->flush(walker->cache[i].state);
	}
}
