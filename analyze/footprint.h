/*
 * footprint.h - the distinct pages of consecutive intervals, exactly.
 *
 * Intervals are stretches of equally many references (see references.h). When
 * their length is left to us it starts at one reference and doubles whenever
 * there would be more than PW_FOOTPRINT_ROWS of them; the counts stay exact
 * because each entry of a page into an interval is kept by the largest scale
 * at which it still is one.
 */
#ifndef PW_ANALYZE_FOOTPRINT_H
#define PW_ANALYZE_FOOTPRINT_H

#include <stddef.h>
#include <stdint.h>

#include "analyze/references.h"
#include "base/status.h"
#include "formats/batch.h"

#define PW_FOOTPRINT_ROWS 128

struct pw_footprint;

struct pw_footprint_options {
	enum pw_side side;
	uint64_t page_bytes; /* a power of two from 4096 on; 0: 4096 */
	uint64_t interval;   /* references; 0: at most PW_FOOTPRINT_ROWS rows */
	size_t pages_max;    /* distinct ones; 0: 2^30 */
};

/* One interval; a page may be used on both sides. */
struct pw_footprint_row {
	uint64_t references;
	uint64_t pages;
	uint64_t data_pages;
	uint64_t instruction_pages;
	uint64_t new_pages; /* never used before, on either side */
};

/*
 * Begin counting.
 *
 * Owns:   *out is the caller's; free it with pw_footprint_close. NULL on
 *         failure.
 * Errors: PW_ERR_USAGE the page size is none; PW_ERR_SYSTEM.
 */
enum pw_status pw_footprint_open(struct pw_footprint **out,
				 const struct pw_footprint_options *options,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * Free it. NULL is allowed.
 */
void pw_footprint_close(struct pw_footprint *footprint);

/*
 * Count the next accesses of the trace, which are in address space @space (of
 * their batch).
 *
 * Errors: PW_ERR_SYSTEM no memory or too many distinct pages; it can only be
 * closed then.
 */
enum pw_status pw_footprint_add(struct pw_footprint *footprint, uint64_t space,
				const struct pw_accesses *accesses,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * The length of the intervals (the last one may be shorter), and how many
 * there are.
 *
 * Units: references.
 */
uint64_t pw_footprint_interval(const struct pw_footprint *footprint);
size_t pw_footprint_rows(const struct pw_footprint *footprint);

/*
 * Interval @index, which is below pw_footprint_rows.
 */
struct pw_footprint_row pw_footprint_at(const struct pw_footprint *footprint,
					size_t index);

#endif
