/*
 * huge_pool.h - the pool of huge pages that MAP_HUGETLB takes from.
 */
#ifndef PW_REPLAY_HUGE_POOL_H
#define PW_REPLAY_HUGE_POOL_H

#include "replay/event_call.h"

/* Units: huge pages. */
struct pw_huge_sizes {
	uint64_t total, free, reserved;
};

/*
 * Carry out the event setting.
 *
 * Errors: none.
 */
enum pw_status pw_call_setting(const struct pw_call_context *ctx,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * What meminfo says of the pool. One that no setting told of has no more than
 * what is taken.
 *
 * Cost: O(mappings and huge pages).
 */
void pw_huge_pool_sizes(const struct pw_system *system,
			struct pw_huge_sizes *sizes);

/*
 * Whether a fault of @mapping ends in SIGBUS: nothing is promised to it, and
 * what is free in the pool is promised to others.
 *
 * Cost: as pw_huge_pool_sizes.
 */
bool pw_huge_pool_lacks(const struct pw_system *system,
			const struct pw_space *space,
			const struct pw_mapping *mapping);

#endif
