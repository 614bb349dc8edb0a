/*
 * cache_count.h - how much of files and of shared memory is in memory.
 */
#ifndef PW_REPLAY_CACHE_COUNT_H
#define PW_REPLAY_CACHE_COUNT_H

#include <stdint.h>

#include "replay/memory/system.h"

/* Units: pages. */
struct pw_cache_count {
	uint64_t resident;
	uint64_t dirty; /* of files, not written back */
};

/*
 * Count the pages of @object that are in the page cache. With a percentage in
 * memory.cache, pages that nobody came by yet count as this share of them. Of a
 * file of unknown size, only pages that somebody came by count.
 *
 * Cost: O(runs that were told, and pages with frames).
 */
struct pw_cache_count pw_cache_count(const struct pw_system *system,
				     const struct pw_object *object);

#endif
