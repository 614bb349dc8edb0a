/*
 * page_ids.h - pages numbered 0, 1, 2, ... in the order of their first use.
 *
 * A page map with a small direct-mapped cache before it: programs go back and
 * forth between a few hundred pages.
 */
#ifndef PW_ANALYZE_PAGE_IDS_H
#define PW_ANALYZE_PAGE_IDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/pagemap.h"
#include "base/status.h"

#define PW_PAGE_IDS_CACHE 256
#define PW_PAGE_IDS_AHEAD 12
/* Slot numbers of 32 bits at four a page set the bound (live_slots.h). */
#define PW_PAGE_IDS_MAX ((size_t)1 << 30)

struct pw_page_ids {
	struct pw_pagemap *map;
	size_t pages_max;
	uint64_t cached_page[PW_PAGE_IDS_CACHE];
	uint32_t cached_id[PW_PAGE_IDS_CACHE];
};

/*
 * Begin with no page, and refuse to number more than @pages_max; 0, like
 * anything above, means PW_PAGE_IDS_MAX.
 *
 * Owns:   free @ids with pw_page_ids_close, also after a failure.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_page_ids_open(struct pw_page_ids *ids, size_t pages_max,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * Free what @ids holds.
 */
void pw_page_ids_close(struct pw_page_ids *ids);

/*
 * Pages numbered so far, which is the next number.
 */
size_t pw_page_ids_count(const struct pw_page_ids *ids);

/*
 * The number of @page by the map; the inline one is for callers.
 *
 * Errors: PW_ERR_SYSTEM no memory or more pages than are allowed.
 */
enum pw_status pw_page_ids_look_up(struct pw_page_ids *ids, uint64_t page,
				   uint32_t *id,
				   struct pw_error *err) PW_MUST_CHECK;

/*
 * The number of @page, given out now if it is new. Any number but UINT64_MAX
 * is a page.
 *
 * Errors: as pw_page_ids_look_up.
 */
static inline enum pw_status pw_page_ids_get(struct pw_page_ids *ids,
					     uint64_t page, uint32_t *id,
					     struct pw_error *err)
{
	size_t line = (size_t)(page % PW_PAGE_IDS_CACHE);

	if (ids->cached_page[line] != page)
		return pw_page_ids_look_up(ids, page, id, err);
	*id = ids->cached_id[line];
	return PW_OK;
}

/*
 * Which of @count references to fetch the page's entry for while @i is looked
 * at: a few further on, so that it has come when it is needed.
 */
static inline size_t pw_page_ids_ahead(size_t i, size_t count)
{
	const size_t ahead = i + PW_PAGE_IDS_AHEAD;

	return ahead < count ? ahead : count - 1;
}

/*
 * Begin to fetch the entry of @page. Changes nothing.
 */
static inline void pw_page_ids_prefetch(const struct pw_page_ids *ids,
					uint64_t page)
{
	if (ids->cached_page[page % PW_PAGE_IDS_CACHE] != page)
		pw_pagemap_prefetch(ids->map, page);
}

#endif
