/*
 * stack_distance.h - exact LRU stack distances of a stream of pages.
 *
 * The distance of a reference is the number of distinct pages used since its
 * page was last used, that page included: 1 for a repetition. The most recent
 * pages stand in a short list, most recent first; a page that falls off its
 * end enters a set of slots in the order of falling, which is the order of
 * use, and the distance of a page found there is the list's length plus the
 * slots taken after its own.
 *
 * Source: Mattson et al., IBM Systems Journal 9(2), 1970, in the form of
 *         Bennett & Kruskal, "LRU stack processing", IBM Journal of Research
 *         and Development 19(4), 1975.
 * Cost:   a few comparisons for a page in the list, O(1) otherwise; memory for
 *         each distinct page (35 to 60 bytes), none for each reference.
 */
#ifndef PW_ANALYZE_STACK_DISTANCE_H
#define PW_ANALYZE_STACK_DISTANCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct pw_stack_distance;

/*
 * Begin with no page seen, and refuse more than @pages_max distinct ones; 0
 * means 2^30.
 *
 * Owns:   *out is the caller's; free it with pw_stack_distance_close. NULL on
 *         failure.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_stack_distance_open(struct pw_stack_distance **out,
				      size_t pages_max,
				      struct pw_error *err) PW_MUST_CHECK;

/*
 * Free it. NULL is allowed.
 */
void pw_stack_distance_close(struct pw_stack_distance *stack);

/*
 * Count references to @page[0] .. @page[count - 1], in this order. Any number
 * but UINT64_MAX is a page.
 *
 * Errors: PW_ERR_SYSTEM no memory or too many distinct pages; it can only
 *         be closed then.
 */
enum pw_status pw_stack_distance_add(struct pw_stack_distance *stack,
				     const uint64_t *page, size_t count,
				     struct pw_error *err) PW_MUST_CHECK;

/*
 * References and distinct pages so far.
 */
uint64_t pw_stack_distance_references(const struct pw_stack_distance *stack);
uint64_t pw_stack_distance_pages(const struct pw_stack_distance *stack);

/*
 * References at @distance so far; 0 for a distance of 0 or beyond the distinct
 * pages.
 */
uint64_t pw_stack_distance_hits(const struct pw_stack_distance *stack,
				uint64_t distance);

#endif
