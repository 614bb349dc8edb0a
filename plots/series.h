/*
 * series.h - the points of a chart: taken from a table, thinned to the pixels.
 */
#ifndef PW_PLOTS_SERIES_H
#define PW_PLOTS_SERIES_H

#include "base/array.h"
#include "base/status.h"
#include "base/table.h"

struct pw_point {
	double x;
	double y[PW_CHART_SERIES_MAX]; /* NAN: nothing to draw there */
};

struct pw_series {
	size_t curves;
	size_t x_column;
	size_t y_column[PW_CHART_SERIES_MAX];
	struct pw_array points; /* struct pw_point, in the table's order */
	double x_least, x_most;
	double y_least[PW_CHART_SERIES_MAX]; /* of what can be drawn */
	double y_most[PW_CHART_SERIES_MAX];
};

/*
 * Find the columns that the table's chart names: numbers, each of them.
 */
void pw_series_columns(struct pw_series *series,
		       const struct pw_table_spec *spec);

/*
 * Whether the chart's axes can show row @row of the present batch of @table.
 */
bool pw_series_shows(const struct pw_series *series,
		     const struct pw_table *table, size_t row);

/*
 * Read all rows of a table held in memory. Points that a logarithmic axis
 * cannot show are left out.
 *
 * Owns:   *series; free it with pw_series_free, on failure too.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_series_read(struct pw_series *series, struct pw_table *table,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Keep only points that show: of each run of points that fall into the same of
 * @pixels columns of the picture the first, the last and, for every curve, the
 * least and the greatest. What is drawn at that width is the same.
 *
 * Cost: O(points), in place.
 */
void pw_series_thin(struct pw_series *series, size_t pixels, bool log_x);

/*
 * Free the points.
 */
void pw_series_free(struct pw_series *series);

#endif
