/*
 * series.c - the points of a chart: taken from a table, thinned to the pixels.
 *
 * A polyline or a step curve covers, in one column of pixels, the span from
 * the least to the greatest value there, and joins its neighbours at the first
 * and the last point. So these points draw the same picture as all of them.
 *
 * Source: U. Jugel et al., "M4: a visualization-oriented time series data
 *         aggregation", PVLDB 7(10), 2014.
 */
#include "plots/series.h"

#include <math.h>

#include "base/assert.h"

static size_t find_column(const struct pw_table_spec *spec, const char *name)
{
	for (size_t i = 0; i < PW_TABLE_COLUMNS_MAX && spec->column[i].name;
	     i++) {
		if (strcmp(spec->column[i].name, name) == 0) {
			PW_ASSERT(spec->column[i].type == PW_CELL_U64 ||
				  spec->column[i].type == PW_CELL_F64);
			return i;
		}
	}
	PW_ASSERT(false && "a chart names columns of its table");
	return 0;
}

void pw_series_columns(struct pw_series *series,
		       const struct pw_table_spec *spec)
{
	const struct pw_chart *chart = &spec->chart;

	*series = (struct pw_series){.points = PW_ARRAY(struct pw_point)};
	series->x_column = find_column(spec, chart->x);
	while (series->curves < PW_CHART_SERIES_MAX &&
	       chart->y[series->curves]) {
		series->y_column[series->curves] =
			find_column(spec, chart->y[series->curves]);
		series->curves++;
	}
	PW_ASSERT(series->curves > 0);
}

static double number_at(const struct pw_table *table, size_t row, size_t column)
{
	union pw_cell cell = pw_table_cell(table, row, column);

	if (pw_table_cell_type(table, row, column) == PW_CELL_U64)
		return (double)cell.u64;
	return cell.f64;
}

static bool drawable(double value, bool log)
{
	return isfinite(value) && (!log || value > 0);
}

bool pw_series_shows(const struct pw_series *series,
		     const struct pw_table *table, size_t row)
{
	const struct pw_chart *chart = &pw_table_spec(table)->chart;

	if (!drawable(number_at(table, row, series->x_column), chart->log_x))
		return false;
	for (size_t i = 0; i < series->curves; i++) {
		if (drawable(number_at(table, row, series->y_column[i]),
			     chart->log_y))
			return true;
	}
	return false;
}

/* Widen the ranges to hold @point. */
static void cover(struct pw_series *series, const struct pw_point *point)
{
	series->x_least = fmin(series->x_least, point->x);
	series->x_most = fmax(series->x_most, point->x);
	for (size_t i = 0; i < series->curves; i++) {
		/* fmin and fmax pass over NAN. */
		series->y_least[i] = fmin(series->y_least[i], point->y[i]);
		series->y_most[i] = fmax(series->y_most[i], point->y[i]);
	}
}

static enum pw_status add_row(struct pw_series *series,
			      const struct pw_table *table, size_t row,
			      struct pw_error *err)
{
	const struct pw_chart *chart = &pw_table_spec(table)->chart;
	struct pw_point point = {
		.x = number_at(table, row, series->x_column),
	};

	if (!drawable(point.x, chart->log_x))
		return PW_OK;
	for (size_t i = 0; i < series->curves; i++) {
		point.y[i] = number_at(table, row, series->y_column[i]);
		if (!drawable(point.y[i], chart->log_y))
			point.y[i] = (double)NAN;
	}
	cover(series, &point);
	return pw_array_push(&series->points, &point, err);
}

enum pw_status pw_series_read(struct pw_series *series, struct pw_table *table,
			      struct pw_error *err)
{
	enum pw_status st;
	size_t rows = 0;

	PW_ASSERT(!pw_table_is_stream(table));
	pw_series_columns(series, pw_table_spec(table));
	series->x_least = HUGE_VAL;
	series->x_most = -HUGE_VAL;
	for (size_t i = 0; i < series->curves; i++) {
		series->y_least[i] = HUGE_VAL;
		series->y_most[i] = -HUGE_VAL;
	}
	pw_table_rewind(table);
	while ((st = pw_table_next(table, &rows, err)) == PW_OK && rows > 0) {
		for (size_t r = 0; r < rows && st == PW_OK; r++)
			st = add_row(series, table, r, err);
		if (st != PW_OK)
			break;
	}
	return st;
}

/* The column of pixels that @x falls into. */
static double pixel_of(const struct pw_series *series, double x, size_t pixels,
		       bool log_x)
{
	double low = log_x ? log(series->x_least) : series->x_least;
	double high = log_x ? log(series->x_most) : series->x_most;
	double at = log_x ? log(x) : x;

	PW_ASSERT(x >= series->x_least && x <= series->x_most);
	if (high <= low)
		return 0;
	return floor((at - low) / (high - low) * (double)pixels);
}

/* Of the points [first, end) of one column keep those that show. */
static size_t keep_run(struct pw_series *series, size_t first, size_t end,
		       size_t kept)
{
	struct pw_point *point = series->points.data;
	size_t mark[2 * PW_CHART_SERIES_MAX + 2] = {first, end - 1};
	size_t marks = 2;

	PW_ASSERT(kept <= first && first < end);
	for (size_t c = 0; c < series->curves; c++) {
		size_t low = first;
		size_t high = first;

		for (size_t i = first; i < end; i++) {
			double y = point[i].y[c];

			if (y < point[low].y[c] || isnan(point[low].y[c]))
				low = i;
			if (y > point[high].y[c] || isnan(point[high].y[c]))
				high = i;
		}
		mark[marks++] = low;
		mark[marks++] = high;
	}
	PW_ASSERT(marks <= PW_COUNT(mark));
	for (size_t i = first; i < end; i++) {
		for (size_t m = 0; m < marks; m++) {
			if (mark[m] == i) {
				point[kept++] = point[i];
				break;
			}
		}
	}
	return kept;
}

void pw_series_thin(struct pw_series *series, size_t pixels, bool log_x)
{
	const struct pw_point *point = series->points.data;
	size_t count = series->points.count;
	size_t kept = 0;
	size_t first = 0;

	PW_ASSERT(pixels > 0);
	while (first < count) {
		double pixel = pixel_of(series, point[first].x, pixels, log_x);
		size_t end = first + 1;

		while (end < count &&
		       pixel_of(series, point[end].x, pixels, log_x) == pixel)
			end++;
		kept = keep_run(series, first, end, kept);
		PW_ASSERT(kept <= end);
		first = end;
	}
	series->points.count = kept;
}

void pw_series_free(struct pw_series *series)
{
	pw_array_free(&series->points);
}
