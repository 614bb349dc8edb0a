/*
 * merge_pace.c - clocks to times.
 */
#include "formats/merge_pace.h"

#include <stdbool.h>

#include "base/assert.h"

void pw_pace_free(struct pw_pace *pace)
{
	pw_array_free(&pace->points);
	pace->next = 0;
}

enum pw_status pw_pace_add(struct pw_pace *pace, uint64_t clock, uint64_t time,
			   struct pw_error *err)
{
	struct pw_pace_point point = {clock, time};
	struct pw_pace_point *last = pace->points.data;
	size_t count = pace->points.count;

	if (count > 0) {
		last += count - 1;
		PW_ASSERT(clock >= last->clock);
		if (clock == last->clock)
			return PW_OK;
		if (time < last->time)
			point.time = last->time;
	}
	return pw_array_push(&pace->points, &point, err);
}

enum pw_status pw_pace_end(struct pw_pace *pace, uint64_t clock,
			   struct pw_error *err)
{
	const struct pw_pace_point *points = pace->points.data;
	struct pw_pace_point first, last;
	uint64_t left, whole, part, more;

	if (pace->points.count == 0)
		return PW_OK;
	first = points[0];
	last = points[pace->points.count - 1];
	PW_ASSERT(clock >= last.clock);
	left = clock - last.clock;
	more = left;
	if (last.clock > first.clock && last.time > first.time) {
		whole = last.clock - first.clock;
		part = pw_pace_share(left % whole, last.time - first.time,
				     whole);
		if (__builtin_mul_overflow(left / whole, last.time - first.time,
					   &more) ||
		    __builtin_add_overflow(more, part, &more))
			more = UINT64_MAX;
	}
	if (more > UINT64_MAX - last.time)
		more = UINT64_MAX - last.time;
	return pw_pace_add(pace, clock, last.time + more, err);
}

uint64_t pw_pace_time(struct pw_pace *pace, uint64_t clock)
{
	const struct pw_pace_point *point = pace->points.data;
	const struct pw_pace_point *a, *b;

	if (pace->points.count == 0)
		return clock;
	while (pace->next < pace->points.count &&
	       point[pace->next].clock <= clock)
		pace->next++;
	if (pace->next == 0)
		return 0;
	a = &point[pace->next - 1];
	if (pace->next == pace->points.count)
		return a->time;
	b = a + 1;
	return a->time + pw_pace_share(clock - a->clock, b->time - a->time,
				       b->clock - a->clock);
}

uint64_t pw_pace_share(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t quotient = 0, rest = 0;

	PW_ASSERT(c > 0 && c < UINT64_C(1) << 62 && a <= c);
	/* Bit by bit, since the product may have 128. */
	for (int bit = 63; bit >= 0; bit--) {
		rest = 2 * rest + (b >> bit & 1 ? a : 0);
		quotient *= 2;
		while (rest >= c) {
			rest -= c;
			quotient++;
		}
	}
	return quotient;
}
