/*
 * interval.h - disjoint half-open ranges [start, end) with a value each.
 *
 * A sorted array: address spaces hold tens to thousands of ranges and are
 * searched far more often than changed. Neighbours are never merged.
 */
#ifndef PW_BASE_INTERVAL_H
#define PW_BASE_INTERVAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"

struct pw_interval {
	uint64_t start;
	uint64_t end;
	uint64_t value;
};

struct pw_intervals {
	struct pw_array list; /* struct pw_interval, by start */
};

#define PW_INTERVALS                         \
	{                                    \
		PW_ARRAY(struct pw_interval) \
	}

/*
 * Free what the set holds; it is empty afterwards.
 */
void pw_intervals_free(struct pw_intervals *set);

/*
 * How many ranges there are, and the one at @index.
 */
size_t pw_intervals_count(const struct pw_intervals *set);
struct pw_interval *pw_intervals_at(const struct pw_intervals *set,
				    size_t index);

/*
 * The range that holds @point, or NULL.
 *
 * Owns: the set; good until it changes.
 * Cost: O(log ranges).
 */
struct pw_interval *pw_intervals_find(const struct pw_intervals *set,
				      uint64_t point);

/*
 * Index of the first range that ends above @point; the count when none does.
 */
size_t pw_intervals_lower(const struct pw_intervals *set, uint64_t point);

/*
 * Cut the range that holds @point in two there, both with its value; nothing
 * happens at an edge or in a gap.
 *
 * Errors: PW_ERR_SYSTEM; nothing changes.
 */
enum pw_status pw_intervals_split(struct pw_intervals *set, uint64_t point,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * Set [start, end) to @value, replacing what was there.
 *
 * Errors: PW_ERR_SYSTEM; nothing but splits at the edges has changed.
 */
enum pw_status pw_intervals_set(struct pw_intervals *set, uint64_t start,
				uint64_t end, uint64_t value,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * Empty [start, end).
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_intervals_clear(struct pw_intervals *set, uint64_t start,
				  uint64_t end,
				  struct pw_error *err) PW_MUST_CHECK;

#endif
