/*
 * walk_cache.h - page-walk caches: entries that point to tables, kept by the
 * walker.
 *
 * Each height above the leaf tables has a home for its entries, or none: a
 * cache of its own, one that several heights share, or the second-level TLB.
 * Keys are those of tlb_key.h, with the height as the class.
 */
#ifndef PW_REPLAY_WALK_CACHE_H
#define PW_REPLAY_WALK_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "replay/machine/machine.h"
#include "replay/models.h"

struct pw_walk_cache {
	unsigned top;			   /* height of the root's entries */
	unsigned order[PW_LEVELS_MAX];	   /* log2 base pages of an entry */
	struct pw_tlb home[PW_LEVELS_MAX]; /* by height; ops NULL: none */
	unsigned class[PW_LEVELS_MAX];	   /* of keys there */
	bool in_stlb;			   /* home[1] is not the walker's own */
	bool by_range;			   /* what invalidations drop */
	uint32_t owner; /* identifier of all entries; see walk_cache.c */
};

/*
 * Make the empty caches of @choice for tables of the shape @geometry. @stlb is
 * the TLB that may keep entries of height 1.
 *
 * Owns:   the arena owns their state, but not that of @stlb.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_walk_cache_make(struct pw_walk_cache *cache,
				  const struct pw_pwc_choice *choice,
				  const struct pw_geometry *geometry,
				  const struct pw_tlb *stlb,
				  struct pw_arena *arena,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * The height of the first entry that a walk to a leaf at height @leaf reads:
 * below the lowest one that is cached, else the top.
 *
 * Source: Intel SDM vol. 3A, 4.10.3 "Paging-Structure Caches".
 */
unsigned pw_walk_cache_start(struct pw_walk_cache *cache, uint32_t asid,
			     uint64_t page, unsigned leaf);

/*
 * Keep the entries above the leaf that this walk read: pw_walk_cache_start has
 * said @from.
 */
void pw_walk_cache_fill(struct pw_walk_cache *cache, uint32_t asid,
			uint64_t page, unsigned from, unsigned leaf);

/*
 * Drop what @count base pages of @asid from @first on may not be walked by any
 * more: the entries that lead to them, or all of @asid. @count is not 0.
 */
void pw_walk_cache_invalidate(struct pw_walk_cache *cache, uint32_t asid,
			      uint64_t first, uint64_t count);

/*
 * Empty the caches, but not the second-level TLB.
 */
void pw_walk_cache_flush(struct pw_walk_cache *cache);

#endif
