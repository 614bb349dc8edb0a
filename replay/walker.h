/*
 * walker.h - page walks and the page-walk caches that shorten them.
 */
#ifndef PW_REPLAY_WALKER_H
#define PW_REPLAY_WALKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "replay/machine.h"
#include "replay/models.h"

struct pw_walker {
	unsigned levels;
	unsigned index_bits;		 /* of a page number, per level */
	struct pw_tlb cache[PW_PWC_MAX]; /* [0] for the level above the leaf */
};

struct pw_walk {
	uint64_t references; /* table entries read */
	bool cache_hit;	     /* shortened by a page-walk cache */
};

/*
 * Make the walker of @machine with empty caches.
 *
 * Owns:   the arena owns its state.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_walker_make(struct pw_walker *walker,
			      const struct pw_machine *machine,
			      struct pw_arena *arena,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Walk to the entry of @page, which is present, and fill the caches.
 *
 * Source: Intel SDM vol. 3A, 4.10.3 "Paging-Structure Caches".
 */
struct pw_walk pw_walker_walk(struct pw_walker *walker, uint64_t page);

/*
 * Empty the caches.
 */
void pw_walker_flush(struct pw_walker *walker);

#endif
