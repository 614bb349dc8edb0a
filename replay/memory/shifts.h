/*
 * shifts.h - a one-to-one map of the pages of an address space to other pages.
 *
 * Ranges of pages, each with what is to be added to its page numbers. No two
 * ranges lead to the same page.
 */
#ifndef PW_REPLAY_SHIFTS_H
#define PW_REPLAY_SHIFTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/interval.h"
#include "base/status.h"
#include "replay/memory/space.h"

struct pw_shifts {
	struct pw_intervals from; /* values: shift << 1 | stray */
	struct pw_intervals to;	  /* where they lead; values mean nothing */
	struct pw_intervals left; /* pages that forks leave out: the same */
};

/* A part of a range, and its shift. */
struct pw_shift {
	struct pw_range range;
	uint64_t shift; /* modulo 2^64 */
	bool stray;	/* pages that are in no mapping of the trace */
};

/*
 * Make an empty map; free it with pw_shifts_free, after which it is empty.
 */
void pw_shifts_init(struct pw_shifts *shifts);
void pw_shifts_free(struct pw_shifts *shifts);

/*
 * Make @to, which is empty, what a fork makes of @from: equal but for what
 * forks leave out.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_shifts_copy(struct pw_shifts *to,
			      const struct pw_shifts *from,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Let forks leave out the pages of @range that are in mappings, or with @left
 * false no page of it.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_shifts_leave(struct pw_shifts *shifts, struct pw_range range,
			       bool left, struct pw_error *err) PW_MUST_CHECK;

/*
 * Whether @page has a shift, which goes to *found with its whole range.
 */
bool pw_shifts_find(const struct pw_shifts *shifts, uint64_t page,
		    struct pw_shift *found);

/*
 * The next run of pages in *range with the same shift, all strays or none;
 * *range goes on behind it. False when none is left.
 */
bool pw_shifts_run(const struct pw_shifts *shifts, struct pw_range *range,
		   struct pw_shift *run);

/*
 * Whether @range is of page numbers and no range leads there.
 */
bool pw_shifts_is_free(const struct pw_shifts *shifts, struct pw_range range);

/*
 * Give a range, which has none, a shift that leads to free pages.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_shifts_set(struct pw_shifts *shifts,
			     const struct pw_shift *shift,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Forget the shifts of the pages of @range.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_shifts_clear(struct pw_shifts *shifts, struct pw_range range,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * The highest place of @pages pages in @within where no range leads: its first
 * page goes to *first. False when there is none.
 *
 * Cost: O(ranges).
 */
bool pw_shifts_gap(const struct pw_shifts *shifts, uint64_t pages,
		   struct pw_range within, uint64_t *first);

#endif
