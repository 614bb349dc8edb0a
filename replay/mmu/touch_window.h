/*
 * touch_window.h - what some touches count, and how their references are made.
 *
 * Of which kind a record is cannot be foreseen, so what follows from its kind
 * is worked out for many records at once, without branches.
 */
#ifndef PW_REPLAY_TOUCH_WINDOW_H
#define PW_REPLAY_TOUCH_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#include "formats/batch.h"
#include "replay/counters.h"

#define PW_TOUCH_WINDOW 256 /* records, at most */

/* A record's byte: enum pw_filter_how, plus this on the side of fetches. */
#define PW_TOUCH_HOW_SIDE 4

/*
 * Find how the first reference of each of records [first, first + count) is
 * made: a byte for each, or 0 where there is none.
 */
void pw_touch_window_how(const struct pw_touches *touches, size_t first,
			 size_t count, uint8_t how[PW_TOUCH_WINDOW]);

/*
 * Count records [first, first + count) and their references in @counters.
 */
void pw_touch_window_count(const struct pw_touches *touches, size_t first,
			   size_t count, struct pw_counters *counters);

#endif
