/*
 * miss_ratio.h - the misses of an LRU-managed memory of every size at once.
 *
 * Feed the accesses of a trace in order. A reference (see references.h) at
 * stack distance d hits in every memory of at least d pages; the first
 * reference to a page misses in all.
 *
 * Source: Mattson, Gecsei, Slutz & Traiger, "Evaluation techniques for storage
 *         hierarchies", IBM Systems Journal 9(2), 1970.
 */
#ifndef PW_ANALYZE_MISS_RATIO_H
#define PW_ANALYZE_MISS_RATIO_H

#include <stddef.h>
#include <stdint.h>

#include "analyze/references.h"
#include "base/status.h"
#include "formats/batch.h"

struct pw_miss_ratio;

struct pw_miss_ratio_options {
	enum pw_side side;
	uint64_t page_bytes; /* a power of two from 4096 on; 0: 4096 */
	size_t pages_max;    /* distinct ones; 0: 2^30 */
};

/*
 * Begin a curve.
 *
 * Owns:   *out is the caller's; free it with pw_miss_ratio_close. NULL on
 *         failure.
 * Errors: PW_ERR_USAGE the page size is none; PW_ERR_SYSTEM.
 */
enum pw_status pw_miss_ratio_open(struct pw_miss_ratio **out,
				  const struct pw_miss_ratio_options *options,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * Free the curve. NULL is allowed.
 */
void pw_miss_ratio_close(struct pw_miss_ratio *curve);

/*
 * Count the next accesses of the trace, which are in address space @space (of
 * their batch).
 *
 * Errors: PW_ERR_SYSTEM no memory or too many distinct pages; the curve can
 * only be closed then.
 */
enum pw_status pw_miss_ratio_add(struct pw_miss_ratio *curve, uint64_t space,
				 const struct pw_accesses *accesses,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * References counted so far.
 */
uint64_t pw_miss_ratio_references(const struct pw_miss_ratio *curve);

/*
 * Distinct pages so far, which is the number of cold misses.
 *
 * Units: pages of the curve's page size.
 */
uint64_t pw_miss_ratio_pages(const struct pw_miss_ratio *curve);

/*
 * References whose page was the @distance'th most recently used one: 1 is a
 * repetition. 0 for a distance of 0 or beyond the distinct pages.
 */
uint64_t pw_miss_ratio_hits(const struct pw_miss_ratio *curve,
			    uint64_t distance);

/*
 * Misses, cold ones included, of an LRU memory of @pages pages; with none
 * every reference misses.
 *
 * Cost: O(@pages); for the whole curve subtract pw_miss_ratio_hits as you go.
 */
uint64_t pw_miss_ratio_misses(const struct pw_miss_ratio *curve,
			      uint64_t pages);

#endif
