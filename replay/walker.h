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
	struct pw_geometry geometry;
	struct pw_tlb cache[PW_PWC_MAX]; /* [0] for the level above the leaf */
};

/* A reference to a page that is present. */
struct pw_reference {
	uint64_t page;	     /* base page number */
	struct pw_leaf leaf; /* what maps it */
	uint32_t asid;	     /* of its space on this core */
	unsigned neighbours; /* neighbours.h */
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
 * Walk to the entry that maps the page, and fill the caches.
 *
 * Source: Intel SDM vol. 3A, 4.10.3 "Paging-Structure Caches".
 */
struct pw_walk pw_walker_walk(struct pw_walker *walker,
			      const struct pw_reference *reference);

/*
 * Empty the caches.
 */
void pw_walker_flush(struct pw_walker *walker);

#endif
