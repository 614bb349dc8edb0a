/*
 * working_set.h - the mean working-set size for every window at once.
 *
 * With references r(1) .. r(N) (see references.h: time is one step a page
 * reference of the chosen side), W(t, T) is the number of distinct pages among
 * the last min(t, T) references up to and including time t. The mean over
 * t = 1 .. N is sum(T) / N, and
 *
 *   sum(T) = sum over all references of min(x, T)
 *
 * where x is the time until the next reference to the same page, or N + 1 - t
 * for the last one at time t, which is the end correction: a reference at t
 * keeps its page in the windows that end at t .. t + T - 1, the next one takes
 * over from there, and no window ends after N. The sums are exact integers.
 *
 * Source: Denning & Schwartz, "Properties of the working-set model", CACM
 *         15(3), 1972; Slutz & Traiger, "A note on the calculation of average
 *         working set size", CACM 17(10), 1974.
 */
#ifndef PW_ANALYZE_WORKING_SET_H
#define PW_ANALYZE_WORKING_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/references.h"
#include "base/status.h"
#include "formats/batch.h"

struct pw_working_set;

struct pw_working_set_options {
	enum pw_side side;
	uint64_t page_bytes;	/* a power of two from 4096 on; 0: 4096 */
	const uint64_t *window; /* windows besides the powers of two; any order,
				   none is 0; copied */
	size_t window_count;
	size_t pages_max; /* distinct ones; 0: 2^30 */
};

/*
 * Begin counting.
 *
 * Owns:   *out is the caller's; free it with pw_working_set_close. NULL on
 *         failure.
 * Errors: PW_ERR_USAGE a bad page size or a window of 0; PW_ERR_SYSTEM.
 */
enum pw_status pw_working_set_open(struct pw_working_set **out,
				   const struct pw_working_set_options *options,
				   struct pw_error *err) PW_MUST_CHECK;

/*
 * Free it. NULL is allowed.
 */
void pw_working_set_close(struct pw_working_set *set);

/*
 * Count the next accesses of the trace, which are in address space @space (of
 * their batch).
 *
 * Errors: PW_ERR_SYSTEM no memory, too many distinct pages, or references times
 * pages pass 2^64, so that sums would not be exact; it can only be closed then.
 */
enum pw_status pw_working_set_add(struct pw_working_set *set, uint64_t space,
				  const struct pw_accesses *accesses,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * References (N) and distinct pages so far.
 */
uint64_t pw_working_set_references(const struct pw_working_set *set);
uint64_t pw_working_set_pages(const struct pw_working_set *set);

/*
 * sum(@window) of what has been counted so far: the mean working set times N.
 * Known for powers of two, the windows named at open, and every window of at
 * least N references; false for others.
 *
 * Units: pages times references.
 * Cost:  O(pages + windows).
 */
bool pw_working_set_sum(const struct pw_working_set *set, uint64_t window,
			uint64_t *sum);

#endif
