/*
 * curve.c - greedy choice of the points where a curve bends most.
 */
#include "analyze/curve.h"

#include "base/assert.h"
#include "base/bits.h"

/* Heights are whole numbers; less than this is rounding. */
#define NOISE 0.5

/* The curve between two chosen points. */
struct span {
	uint64_t from, to; /* x */
	uint64_t peak;	   /* x of the point farthest from the line; 0: none */
	double apart;	   /* its distance */
};

/*
 * A binary logarithm that is linear between powers of two: the same on every
 * machine, and close enough to choose points by.
 */
static double log_x(uint64_t x)
{
	const unsigned power = pw_log2(x);

	return (double)power + (double)x / (double)((uint64_t)1 << power) - 1;
}

static double height_at(const struct pw_curve *curve, uint64_t x)
{
	PW_DEBUG_ASSERT(x >= 1 && x <= curve->count);
	return (double)curve->height[x - 1];
}

/* The span between two points, with its peak. */
static struct span measure(const struct pw_curve *curve, uint64_t from,
			   uint64_t to)
{
	const double left = log_x(from);
	const double base = height_at(curve, from);
	const double slope =
		to > from ? (height_at(curve, to) - base) / (log_x(to) - left)
			  : 0;
	struct span span = {from, to, 0, 0};

	PW_ASSERT(from <= to);
	for (uint64_t x = from + 1; x < to; x++) {
		double line = base + slope * (log_x(x) - left);
		double apart = height_at(curve, x) - line;

		if (apart < 0)
			apart = -apart;
		if (apart >= NOISE && apart > span.apart) {
			span.apart = apart;
			span.peak = x;
		}
	}
	return span;
}

/* The span whose peak is farthest out; the first of equals. */
static size_t worst(const struct span *span, size_t count)
{
	size_t found = 0;

	for (size_t i = 1; i < count; i++)
		if (span[i].apart > span[found].apart)
			found = i;
	return found;
}

/* Split the span @index at its peak, in place and in order. */
static void split(const struct pw_curve *curve, struct span *span, size_t count,
		  size_t index)
{
	const struct span old = span[index];

	PW_ASSERT(old.peak > old.from && old.peak < old.to);
	memmove(span + index + 1, span + index,
		(count - index) * sizeof(*span));
	span[index] = measure(curve, old.from, old.peak);
	span[index + 1] = measure(curve, old.peak, old.to);
}

enum pw_status pw_curve_pick(const struct pw_curve *curve, size_t want,
			     uint64_t *x, size_t *chosen, double *apart,
			     struct pw_error *err)
{
	struct span *span;
	size_t count = 1;
	size_t at;

	*chosen = 0;
	*apart = 0;
	PW_ASSERT(want >= 2);
	if (curve->count == 0)
		return PW_OK;
	span = calloc(want, sizeof(*span));
	if (!span)
		return pw_fail_memory(err, "points of a curve");
	span[0] = measure(curve, 1, curve->count);
	for (at = 0; count + 1 < want; at = worst(span, count)) {
		if (span[at].peak == 0)
			break;
		split(curve, span, count++, at);
	}
	for (size_t i = 0; i < count; i++)
		x[(*chosen)++] = span[i].from;
	if (curve->count > 1)
		x[(*chosen)++] = curve->count;
	PW_ASSERT(*chosen <= want);
	*apart = span[worst(span, count)].apart;
	free(span);
	return PW_OK;
}
