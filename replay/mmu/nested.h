/*
 * nested.h - the second dimension of walks in a virtual machine: from the
 * guest's physical addresses to those of the host.
 *
 * The host maps all memory of the guest by pages of one size from the start.
 */
#ifndef PW_REPLAY_NESTED_H
#define PW_REPLAY_NESTED_H

#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "replay/counters.h"
#include "replay/machine/machine.h"
#include "replay/mmu/walk_cache.h"
#include "replay/mmu/walk_lines.h"
#include "replay/models.h"

struct pw_nested {
	unsigned height;     /* of the entries that map the host's pages */
	unsigned base_order; /* log2 frames of a base page of the host */
	struct pw_tlb tlb;   /* guest-physical pages; may be absent */
	struct pw_walk_cache caches;
	struct pw_walk_lines *lines; /* those of the guest's walks as well */
	struct pw_counters *counters;
};

/*
 * Make the host's side of the walker of @machine, which has nested paging. It
 * reads through @lines, which stays where it is.
 *
 * Owns:   the arena owns its state.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_nested_make(struct pw_nested *nested,
			      const struct pw_machine *machine,
			      struct pw_walk_lines *lines,
			      struct pw_arena *arena,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Translate the guest's frame @frame to the host's memory.
 *
 * Source: AMD64 APM vol. 2, 15.25 "Nested Paging"; Bhargava et al.,
 *         "Accelerating two-dimensional page walks" (ASPLOS 2008).
 */
void pw_nested_translate(struct pw_nested *nested, uint64_t frame);

#endif
