/*
 * axis.h - where an axis begins and ends, its unit and its ticks.
 *
 * Ticks are ours, not gnuplot's: round numbers with k, M and G for counts,
 * powers of two for bytes on a logarithmic axis, and the same text everywhere.
 */
#ifndef PW_PLOTS_AXIS_H
#define PW_PLOTS_AXIS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/table.h"

#define PW_AXIS_TICKS_MAX 64

struct pw_tick {
	double at;	/* in axis units */
	char label[32]; /* empty for a minor tick */
};

struct pw_axis {
	bool log;
	double first, last;	/* in axis units; first < last */
	double divisor;		/* value / divisor = axis units */
	const char *unit_label; /* "MiB", "%", "4 KiB pages"; "" for none */
	size_t ticks;
	struct pw_tick tick[PW_AXIS_TICKS_MAX];
};

/* What is to be shown. */
struct pw_axis_range {
	double least, most; /* the values; on a logarithmic axis above 0 */
	enum pw_unit unit;
	bool log;
	bool values;  /* round the ends; a linear axis begins at 0 */
	size_t ticks; /* about how many with a label */
};

/*
 * Lay out an axis.
 *
 * Units: axis units are values divided by axis->divisor.
 */
void pw_axis_plan(struct pw_axis *axis, const struct pw_axis_range *range);

#endif
