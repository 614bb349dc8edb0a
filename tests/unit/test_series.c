/*
 * test_series.c - points thinned to the pixels lose nothing that shows.
 */
#include "tests/support/pw_test.h"

#include <math.h>
#include <stdbool.h>

#include "base/random.h"
#include "plots/series.h"
#include "tests/support/render.h"

#define PIXELS 50

static const struct pw_table_spec linear = {
	.name = "linear",
	.form = PW_FORM_ROWS,
	.chart = {.kind = PW_CHART_LINE, .x = "x", .y = {"b", "a"}},
	.column = {{"a", NULL, PW_CELL_F64, PW_UNIT_NONE},
		   {"x", NULL, PW_CELL_U64, PW_UNIT_NONE},
		   {"b", NULL, PW_CELL_U64, PW_UNIT_NONE}},
};

static const struct pw_table_spec logarithmic = {
	.name = "logarithmic",
	.form = PW_FORM_ROWS,
	.chart = {.kind = PW_CHART_LINE,
		  .x = "x",
		  .y = {"b", "a"},
		  .log_x = true,
		  .log_y = true},
	.column = {{"a", NULL, PW_CELL_F64, PW_UNIT_NONE},
		   {"x", NULL, PW_CELL_U64, PW_UNIT_NONE},
		   {"b", NULL, PW_CELL_U64, PW_UNIT_NONE}},
};

static void add_row(struct pw_table *table, double a, uint64_t x, uint64_t b)
{
	pw_cell_f64(table, a);
	pw_cell_u64(table, x);
	pw_cell_u64(table, b);
}

static void read_series(struct pw_series *series, struct pw_table *table)
{
	struct pw_error err;

	PW_TEST_OK(pw_series_read(series, table, &err), &err);
}

static struct pw_point point_at(const struct pw_series *series, size_t index)
{
	assert_true(index < series->points.count);
	return PW_ARRAY_AT(&series->points, struct pw_point, index);
}

static void columns_are_found_by_name_in_the_chart_s_order(void **state)
{
	struct pw_tables *tables = pw_test_document();
	struct pw_table *table = pw_table_add(tables, &linear);
	struct pw_series series;

	(void)state;
	add_row(table, 0.5, 10, 7);
	add_row(table, -1.5, 20, 9);
	read_series(&series, table);
	assert_int_equal(series.curves, 2);
	assert_int_equal(series.points.count, 2);
	assert_true(point_at(&series, 0).x == 10);
	assert_true(point_at(&series, 1).y[0] == 9);
	assert_true(point_at(&series, 1).y[1] == -1.5);
	assert_true(series.x_least == 10 && series.x_most == 20);
	assert_true(series.y_least[1] == -1.5 && series.y_most[1] == 0.5);
	pw_series_free(&series);
	pw_tables_close(tables);
}

static void what_a_logarithm_cannot_show_is_left_out(void **state)
{
	struct pw_tables *tables = pw_test_document();
	struct pw_table *table = pw_table_add(tables, &logarithmic);
	struct pw_series series;

	(void)state;
	add_row(table, 1, 0, 1);  /* no place on the x axis */
	add_row(table, 0, 10, 5); /* one curve has a gap */
	add_row(table, 0.5, 20, 0);
	read_series(&series, table);
	assert_int_equal(series.points.count, 2);
	assert_true(isnan(point_at(&series, 0).y[1]));
	assert_true(isnan(point_at(&series, 1).y[0]));
	assert_true(series.y_least[0] == 5 && series.y_least[1] == 0.5);
	pw_series_free(&series);
	pw_tables_close(tables);
}

/* What one column of pixels shows of one curve. */
struct strip {
	bool any;
	double first, last, least, most;
};

/* The oracle: look at every point and note it in its column. */
static void draw(const struct pw_series *series, size_t curve, bool log_x,
		 struct strip *strip)
{
	double low = log_x ? log(series->x_least) : series->x_least;
	double high = log_x ? log(series->x_most) : series->x_most;

	memset(strip, 0, (size_t)(PIXELS + 1) * sizeof(*strip));
	for (size_t i = 0; i < series->points.count; i++) {
		struct pw_point point = point_at(series, i);
		double at = log_x ? log(point.x) : point.x;
		size_t pixel =
			(size_t)floor((at - low) / (high - low) * PIXELS);
		struct strip *s = &strip[pixel];
		double y = point.y[curve];

		if (!s->any)
			*s = (struct strip){true, y, y, y, y};
		s->last = y;
		s->least = fmin(s->least, y);
		s->most = fmax(s->most, y);
	}
}

static void compare_thinned(const struct pw_table_spec *spec, uint64_t seed)
{
	bool log_x = spec->chart.log_x;
	struct pw_tables *tables = pw_test_document();
	struct pw_table *table = pw_table_add(tables, spec);
	struct strip want[2][PIXELS + 1];
	struct strip got[PIXELS + 1];
	struct pw_series series;
	struct pw_random random;
	uint64_t x = 1;

	pw_random_seed(&random, seed);
	for (int i = 0; i < 3000; i++) {
		x += pw_random_below(&random, 40);
		add_row(table, 1 + (double)pw_random_below(&random, 1000) / 7,
			x, 1 + pw_random_below(&random, 100));
	}
	read_series(&series, table);
	for (size_t c = 0; c < 2; c++)
		draw(&series, c, log_x, want[c]);
	pw_series_thin(&series, PIXELS, log_x);
	/* First, last, and two for each curve, in each column. */
	assert_true(series.points.count <= (size_t)(PIXELS + 1) * 6);
	for (size_t c = 0; c < 2; c++) {
		draw(&series, c, log_x, got);
		for (size_t p = 0; p <= PIXELS; p++) {
			assert_true(got[p].any == want[c][p].any);
			assert_true(got[p].first == want[c][p].first);
			assert_true(got[p].last == want[c][p].last);
			assert_true(got[p].least == want[c][p].least);
			assert_true(got[p].most == want[c][p].most);
		}
	}
	pw_series_free(&series);
	pw_tables_close(tables);
}

static void thinned_points_draw_the_same_columns(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 5; seed++) {
		compare_thinned(&linear, seed);
		compare_thinned(&logarithmic, seed);
	}
}

static void few_points_stay_as_they_are(void **state)
{
	struct pw_tables *tables = pw_test_document();
	struct pw_table *table = pw_table_add(tables, &linear);
	struct pw_series series;

	(void)state;
	for (uint64_t i = 0; i < 10; i++)
		add_row(table, (double)i, i * 100, 50 - i);
	read_series(&series, table);
	pw_series_thin(&series, 1000, false);
	assert_int_equal(series.points.count, 10);
	pw_series_free(&series);
	pw_tables_close(tables);
}

/* All at one place: one column, however many points there are. */
static void points_at_one_place_fall_into_one_column(void **state)
{
	struct pw_tables *tables = pw_test_document();
	struct pw_table *table = pw_table_add(tables, &linear);
	struct pw_series series;

	(void)state;
	for (uint64_t i = 0; i < 100; i++)
		add_row(table, 1, 5, i == 40 ? 9 : 1);
	read_series(&series, table);
	pw_series_thin(&series, PIXELS, false);
	/* The first (the least of both), the peak and the last. */
	assert_int_equal(series.points.count, 3);
	assert_true(point_at(&series, 1).y[0] == 9);
	pw_series_free(&series);
	pw_tables_close(tables);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			columns_are_found_by_name_in_the_chart_s_order),
		cmocka_unit_test(what_a_logarithm_cannot_show_is_left_out),
		cmocka_unit_test(thinned_points_draw_the_same_columns),
		cmocka_unit_test(few_points_stay_as_they_are),
		cmocka_unit_test(points_at_one_place_fall_into_one_column),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
