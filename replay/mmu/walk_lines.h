/*
 * walk_lines.h - where walks find the entries that they read, and what it
 * costs: a fixed number of cycles, or caches of lines of page tables.
 *
 * A line is 64 bytes, 8 entries. Data does not go through these caches: their
 * sizes are the share of the real ones that page tables keep.
 */
#ifndef PW_REPLAY_WALK_LINES_H
#define PW_REPLAY_WALK_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "replay/counters.h"
#include "replay/machine/machine.h"
#include "replay/mmu/tlb_key.h"
#include "replay/models.h"

#define PW_LINE_ENTRIES_SHIFT 3 /* 8 entries of 8 bytes */
#define PW_LINE_HOST PW_ASIDS	/* the space of host tables */

struct pw_walk_lines {
	bool cached;
	uint64_t fixed_cycles;		      /* when they are not cached */
	struct pw_tlb cache[PW_LINE_CACHES];  /* from the walker outwards */
	uint64_t cycles[PW_LINE_CACHES + 1];  /* the last one: of memory */
	uint64_t *served[PW_LINE_CACHES + 1]; /* counters, likewise */
	struct pw_counters *counters;
};

/*
 * Make the empty line caches of @machine, which count into @counters.
 *
 * Owns:   the arena owns their state.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_walk_lines_make(struct pw_walk_lines *lines,
				  const struct pw_machine *machine,
				  struct pw_counters *counters,
				  struct pw_arena *arena,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * pw_walk_lines_read when lines are cached.
 *
 * Cost: as the models.
 */
void pw_walk_lines_look(struct pw_walk_lines *lines, uint32_t space,
			unsigned height, uint64_t entry);

/*
 * Read entry number @entry of those at @height in the tables of @space, which
 * is at most PW_LINE_HOST: count where it is found and its cycles, and bring
 * its line near.
 */
static inline void pw_walk_lines_read(struct pw_walk_lines *lines,
				      uint32_t space, unsigned height,
				      uint64_t entry)
{
	if (lines->cached)
		pw_walk_lines_look(lines, space, height, entry);
	else
		lines->counters->walk_cycles += lines->fixed_cycles;
}

#endif
