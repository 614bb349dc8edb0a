/*
 * merge_pace.h - how fast a recording goes when it is merged with others.
 *
 * A recording has a clock, and the pace gives the time at each stand of it.
 * All recordings begin at time 0.
 */
#ifndef PW_FORMATS_MERGE_PACE_H
#define PW_FORMATS_MERGE_PACE_H

#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"

struct pw_pace_point {
	uint64_t clock;
	uint64_t time;
};

/*
 * Points in ascending order; between two of them time goes evenly. Without
 * any, time is the clock.
 */
struct pw_pace {
	struct pw_array points; /* struct pw_pace_point */
	size_t next;		/* the first one not passed by pw_pace_time */
};

#define PW_PACE                                   \
	{                                         \
		PW_ARRAY(struct pw_pace_point), 0 \
	}

/*
 * Free what it holds; the pace is then without points.
 */
void pw_pace_free(struct pw_pace *pace);

/*
 * At @clock it is @time. A time before that of the last point is taken as its
 * time, and so is one at the same clock.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_pace_add(struct pw_pace *pace, uint64_t clock, uint64_t time,
			   struct pw_error *err) PW_MUST_CHECK;

/*
 * The clock ends at @clock: from the last point until there time goes as it
 * did on the average until then, or as the clock when that says nothing.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_pace_end(struct pw_pace *pace, uint64_t clock,
			   struct pw_error *err) PW_MUST_CHECK;

/*
 * The time at @clock, which is no less than in the last call.
 */
uint64_t pw_pace_time(struct pw_pace *pace, uint64_t clock);

/*
 * @a * @b / @c, rounded down, exactly; @a is at most @c, which is not 0 and
 * below 2^62.
 */
uint64_t pw_pace_share(uint64_t a, uint64_t b, uint64_t c);

#endif
