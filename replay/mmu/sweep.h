/*
 * sweep.h - LRU TLBs of all numbers of sets and ways in one pass.
 *
 * For each power of two of sets it keeps the most recent pages of each set in
 * order. The place at which a page is found is the least number of ways with
 * which a TLB of so many sets would have hit. A page that is the most recent
 * of its set is that with more sets too, so the search ends there.
 *
 * Source: Hill & Smith, "Evaluating associativity in CPU caches" (1989),
 *         forest simulation; Sugumar & Abraham, "Efficient simulation of
 *         caches under optimal replacement" (1993).
 */
#ifndef PW_REPLAY_SWEEP_H
#define PW_REPLAY_SWEEP_H

#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

#define PW_SWEEP_LEVELS 12 /* 1 to 2048 sets */
#define PW_SWEEP_WAYS 16

struct pw_sweep {
	uint64_t *list; /* by level, set and way; UINT64_MAX: free */
	uint64_t hits[PW_SWEEP_LEVELS][PW_SWEEP_WAYS]; /* by place */
	uint64_t seen;				       /* references */
};

/*
 * Make an empty sweep.
 *
 * Owns:   the arena owns its state.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_sweep_make(struct pw_sweep *sweep, struct pw_arena *arena,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Refer to the page that TLBs call @key (tlb_key.h).
 *
 * Cost: O(levels x ways), and O(1) for the most recent page.
 */
void pw_sweep_refer(struct pw_sweep *sweep, uint64_t key);

/*
 * Remove the keys [first, first + count). @count is not 0.
 *
 * Cost: O(size of the lists) for many keys.
 */
void pw_sweep_invalidate(struct pw_sweep *sweep, uint64_t first,
			 uint64_t count);

/*
 * Misses of a TLB with 2^@level sets of @ways ways.
 */
uint64_t pw_sweep_misses(const struct pw_sweep *sweep, unsigned level,
			 unsigned ways);

#endif
