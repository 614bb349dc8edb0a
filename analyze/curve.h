/*
 * curve.h - the few points of a long curve that keep its shape.
 *
 * Starting with both ends, the point that lies farthest (vertically) from the
 * line between its chosen neighbours is chosen next. The horizontal axis is
 * logarithmic: a factor of two is as wide everywhere.
 *
 * Source: Ramer (1972) and Douglas & Peucker (1973), in the greedy order of
 *         Heckbert & Garland, "Fast polygonal approximation of terrains and
 *         height fields", CMU-CS-95-181.
 */
#ifndef PW_ANALYZE_CURVE_H
#define PW_ANALYZE_CURVE_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* A curve: the height at each x = 1 .. count. */
struct pw_curve {
	const uint64_t *height;
	size_t count;
};

/*
 * Choose up to @want points of the curve, at least its two ends, and put
 * their x in ascending order into @x, which has room for @want. Fewer are
 * chosen when the lines between them already pass through every point, to
 * half a unit.
 *
 * Units:  *apart is the largest vertical distance left between the curve and
 *         the lines; 0 when it is below half a unit.
 * Errors: PW_ERR_SYSTEM no memory.
 * Cost:   O(count log want) for ordinary curves, O(count x want) at worst.
 */
enum pw_status pw_curve_pick(const struct pw_curve *curve, size_t want,
			     uint64_t *x, size_t *chosen, double *apart,
			     struct pw_error *err) PW_MUST_CHECK;

#endif
