/*
 * walker.h - page walks, and what shortens them and makes them dear.
 */
#ifndef PW_REPLAY_WALKER_H
#define PW_REPLAY_WALKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "replay/counters.h"
#include "replay/machine/machine.h"
#include "replay/mmu/guest.h"
#include "replay/mmu/nested.h"
#include "replay/mmu/walk_cache.h"
#include "replay/mmu/walk_lines.h"
#include "replay/models.h"

/* What a walker works with and does not own; it all stays where it is. */
struct pw_walker_parts {
	const struct pw_tlb *stlb; /* second-level TLB of base pages, or none */
	struct pw_guest *guest;	   /* of the machine; NULL: no nested paging */
	struct pw_counters *counters;
};

struct pw_walker {
	struct pw_walk_cache caches;
	struct pw_walk_lines lines;
	struct pw_nested nested; /* unless guest is NULL */
	struct pw_guest *guest;
	struct pw_counters *counters;
	uint64_t *by_height[PW_PWC_MAX + 1]; /* counters */
};

/* A reference to a page that is present. */
struct pw_reference {
	uint64_t page;	     /* base page number */
	struct pw_leaf leaf; /* what maps it */
	uint32_t asid;	     /* of its space on this core */
	unsigned neighbours; /* neighbours.h */
	uint32_t space;	     /* number of its space */
};

/*
 * Make the walker of @machine with empty caches. It stays where it is.
 *
 * Owns:   the arena owns its state.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_walker_make(struct pw_walker *walker,
			      const struct pw_machine *machine,
			      const struct pw_walker_parts *parts,
			      struct pw_arena *arena,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Walk to the entry that maps the page, count it, and fill the caches.
 *
 * Source: Intel SDM vol. 3A, 4.5 and 4.10.3; vol. 3C, 29.3 and 29.4 (EPT, and
 *         what is cached of both dimensions).
 * Cost:   O(references), each as the models of the caches.
 */
void pw_walker_walk(struct pw_walker *walker,
		    const struct pw_reference *reference);

/*
 * Whether a TLB entry of @machine may hold 2^@order base pages: a host maps as
 * many by one page.
 */
bool pw_walker_holds(const struct pw_machine *machine, unsigned order);

/*
 * The height by which TLBs of @machine hold a page that a leaf at @height maps:
 * a lower one if the host maps the guest's memory by smaller pages.
 */
unsigned pw_walker_held_height(const struct pw_machine *machine,
			       unsigned height);

/*
 * Drop from the caches what may not be used any more when @count base pages of
 * @asid from @first on are mapped otherwise. @count is not 0.
 */
void pw_walker_invalidate(struct pw_walker *walker, uint32_t asid,
			  uint64_t first, uint64_t count);

/*
 * Empty the caches of the guest's entries; the second-level TLB is the
 * caller's. What the host maps, and lines, stay.
 */
void pw_walker_flush(struct pw_walker *walker);

#endif
