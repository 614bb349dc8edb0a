/*
 * test_chart.c - charts in a page and as files.
 */
#include "tests/support/pw_test.h"

#include <unistd.h>

#include "plots/chart.h"
#include "plots/gnuplot.h"
#include "tests/support/render.h"
#include "tests/support/xml.h"

static const struct pw_table_spec curve = {
	.name = "curve",
	.title = "The program's misses (4 KiB)",
	.form = PW_FORM_ROWS,
	.chart = {.kind = PW_CHART_STEPS,
		  .x = "pages",
		  .y = {"ratio"},
		  .log_x = true},
	.column = {{"pages", "Pages", PW_CELL_U64, PW_UNIT_PAGES},
		   {"ratio", "Miss ratio", PW_CELL_F64, PW_UNIT_RATIO}},
};

static const struct pw_table_spec series = {
	.name = "series",
	.form = PW_FORM_ROWS,
	.chart = {.kind = PW_CHART_LINE,
		  .x = "time",
		  .y = {"rss", "swap", "misses"},
		  .y_title = "memory"},
	.column = {{"time", "Time", PW_CELL_U64, PW_UNIT_NS},
		   {"rss", "Resident", PW_CELL_U64, PW_UNIT_BYTES},
		   {"swap", "Swapped", PW_CELL_U64, PW_UNIT_BYTES},
		   {"misses", "Misses", PW_CELL_U64, PW_UNIT_COUNT}},
};

static const struct pw_table_spec plain = {
	.name = "plain",
	.form = PW_FORM_ROWS,
	.column = {{"pages", NULL, PW_CELL_U64, PW_UNIT_PAGES}},
};

static struct pw_table *add_curve(struct pw_tables *tables, uint64_t rows)
{
	struct pw_table *table = pw_table_add(tables, &curve);

	for (uint64_t i = 0; i < rows; i++) {
		pw_cell_u64(table, i + 1);
		pw_cell_f64(table, 1.0 / (double)(i + 1));
	}
	return table;
}

static struct pw_table *add_series(struct pw_tables *tables, uint64_t rows)
{
	struct pw_table *table = pw_table_add(tables, &series);

	for (uint64_t i = 0; i < rows; i++) {
		pw_cell_u64(table, i * 1000000);
		pw_cell_u64(table, i % 97 * 100000);
		pw_cell_u64(table, i * 5000);
		pw_cell_u64(table, i % 31);
	}
	return table;
}

static enum pw_status fill(void *state, struct pw_table *table,
			   struct pw_error *err)
{
	(void)state;
	(void)table;
	(void)err;
	return PW_OK;
}

static void only_tables_in_memory_with_two_points_can_be_drawn(void **state)
{
	const struct pw_row_source source = {.fill = fill};
	struct pw_tables *tables = pw_test_document();
	struct pw_table *table;

	(void)state;
	assert_false(pw_chart_possible(add_curve(tables, 0)));
	assert_false(pw_chart_possible(add_curve(tables, 1)));
	assert_true(pw_chart_possible(add_curve(tables, 2)));
	assert_true(pw_chart_possible(add_series(tables, 2)));
	table = pw_table_add(tables, &plain);
	pw_cell_u64(table, 1);
	pw_cell_u64(table, 2);
	assert_false(pw_chart_possible(table));
	/* Zero has no place on a logarithmic axis. */
	table = pw_table_add(tables, &curve);
	for (int i = 0; i < 3; i++) {
		pw_cell_u64(table, i == 0);
		pw_cell_f64(table, 1);
	}
	assert_false(pw_chart_possible(table));
	table = pw_table_add(tables, &curve);
	pw_table_stream(table, &source);
	assert_false(pw_chart_possible(table));
	pw_tables_close(tables);
}

static size_t count(const char *text, const char *what)
{
	size_t found = 0;

	while ((text = strstr(text, what))) {
		found++;
		text++;
	}
	return found;
}

static void a_picture_for_a_page_is_one_clean_element(void **state)
{
	struct pw_tables *tables = pw_test_document();
	struct pw_table *table = add_series(tables, 500);
	struct pw_error err;
	const char *why;
	char *one;
	char *two;

	(void)state;
	if (!pw_test_has_gnuplot())
		skip();
	PW_TEST_OK(pw_chart_svg(table, &one, &err), &err);
	PW_TEST_OK(pw_chart_svg(table, &two, &err), &err);
	if (!pw_xml_check(one, &why))
		fail_msg("not well-formed: %s", why);
	assert_string_equal(one, two);
	assert_int_equal(strncmp(one, "<svg class=", 11), 0);
	assert_null(strstr(one, " id="));
	assert_null(strstr(one, "<script"));
	assert_non_null(strstr(one, "<text>memory (MiB)</text>"));
	assert_non_null(strstr(one, "<text>Misses (right)</text>"));
	/* A path for each curve, in colours that everybody can tell apart. */
	assert_int_equal(count(one, "stroke='#0072b2'"), 1);
	assert_int_equal(count(one, "stroke='#d55e00'"), 1);
	assert_int_equal(count(one, "stroke='#009e73'"), 1);
	free(one);
	free(two);
	pw_tables_close(tables);
}

/* 200,000 rows: no more than 4 a column of pixels reach the picture. */
static void a_picture_does_not_grow_with_the_table(void **state)
{
	struct pw_tables *tables = pw_test_document();
	struct pw_table *table = add_curve(tables, 200000);
	struct pw_error err;
	char *svg;

	(void)state;
	if (!pw_test_has_gnuplot())
		skip();
	PW_TEST_OK(pw_chart_svg(table, &svg, &err), &err);
	assert_true(strlen(svg) < 300000);
	free(svg);
	pw_tables_close(tables);
}

/* Two curves in groups, with labels that must stay data. */
static struct pw_tables *make_document(const char *label)
{
	struct pw_tables *tables = pw_test_document();

	add_series(tables, 300);
	pw_tables_group(tables, "machines", label);
	add_curve(tables, 100);
	pw_tables_group_end(tables);
	pw_tables_group(tables, "machines", "b");
	add_curve(tables, 3);
	pw_tables_group_end(tables);
	pw_cell_u64(pw_table_add(tables, &plain), 1);
	return tables;
}

static void assert_has(const char *directory, const char *name,
		       const char *beginning)
{
	char *content = pw_test_content(directory, name);

	if (!content) {
		fail_msg("%s is not there", name);
		return;
	}
	if (strncmp(content, beginning, strlen(beginning)) != 0)
		fail_msg("%s begins with \"%.20s\"", name, content);
	free(content);
}

static void files_are_named_after_tables_and_numbered(void **state)
{
	struct pw_tables *tables = make_document("a");
	char *directory = pw_test_directory();
	struct pw_error err;
	char *csv;

	(void)state;
	if (!pw_test_has_gnuplot()) {
		pw_test_remove(directory);
		pw_tables_close(tables);
		skip();
	}
	PW_TEST_OK(pw_charts_write(tables, directory, &err), &err);
	assert_has(directory, "series.csv", "time,rss,swap,misses\n0,0,0,0\n");
	assert_has(directory, "series.gp", "# Draw again: gnuplot series.gp\n");
	assert_has(directory, "series.svg", "<?xml");
	assert_has(directory, "series.png", "\x89PNG");
	assert_has(directory, "curve-1.svg", "<?xml");
	assert_has(directory, "curve-1.label", "machines: a\n");
	assert_has(directory, "curve-2.png", "\x89PNG");
	csv = pw_test_content(directory, "curve-2.csv");
	assert_string_equal(csv, "pages,ratio\n1,1\n2,0.5\n"
				 "3,0.3333333333333333\n");
	free(csv);
	assert_null(pw_test_content(directory, "plain.csv"));
	assert_null(pw_test_content(directory, "series.label"));
	pw_test_remove(directory);
	pw_tables_close(tables);
}

static void the_script_draws_the_same_picture_again(void **state)
{
	struct pw_tables *tables = make_document("a");
	char *directory = pw_test_directory();
	struct pw_gnuplot request = {.directory = directory,
				     .timeout_ms = 60000};
	struct pw_error err;
	char *script;
	char *output;
	char *one;
	char *two;

	(void)state;
	if (!pw_test_has_gnuplot()) {
		pw_test_remove(directory);
		pw_tables_close(tables);
		skip();
	}
	PW_TEST_OK(pw_charts_write(tables, directory, &err), &err);
	one = pw_test_content(directory, "curve-1.svg");
	script = pw_test_content(directory, "curve-1.gp");
	assert_true(asprintf(&output, "%s/curve-1.svg", directory) > 0);
	assert_int_equal(unlink(output), 0);
	free(output);
	request.script = script;
	PW_TEST_OK(pw_gnuplot_run(&request, &output, &err), &err);
	two = pw_test_content(directory, "curve-1.svg");
	assert_non_null(two);
	assert_string_equal(one, two);
	free(output);
	free(script);
	free(one);
	free(two);
	pw_test_remove(directory);
	pw_tables_close(tables);
}

static void a_hostile_label_is_shown_and_runs_nothing(void **state)
{
	static const char *const labels[] = {
		"`touch pwned`",
		"\"`touch pwned`\"",
		"'; system('touch pwned')",
		"\"; !touch pwned\n!touch pwned",
		"$(touch pwned) @x {/=50 y}",
		"# \\n % \xff \033[31m",
		"<script>alert(1)</script>",
		"",
	};

	(void)state;
	if (!pw_test_has_gnuplot())
		skip();
	for (size_t i = 0; i < PW_COUNT(labels); i++) {
		struct pw_tables *tables = make_document(labels[i]);
		char *directory = pw_test_directory();
		struct pw_error err;
		const char *why;
		char *svg;
		char *script;

		PW_TEST_OK(pw_charts_write(tables, directory, &err), &err);
		assert_null(pw_test_content(directory, "pwned"));
		assert_int_equal(access("pwned", F_OK), -1);
		svg = pw_test_content(directory, "curve-1.svg");
		assert_non_null(svg);
		if (!pw_xml_check(strstr(svg, "<svg"), &why))
			fail_msg("label %zu: not well-formed: %s", i, why);
		assert_int_equal(pw_xml_count(svg, "script"), 0);
		assert_non_null(strstr(svg, "machines:"));
		if (i == 0)
			assert_non_null(strstr(svg, "`touch pwned`"));
		script = pw_test_content(directory, "curve-1.gp");
		assert_null(strstr(script, "touch"));
		assert_null(strchr(script, '`'));
		assert_null(strchr(script, '"'));
		free(script);
		/* gnuplot takes double quotes for the borders of a cell. */
		script = pw_test_content(directory, "curve-1.label");
		assert_null(strchr(script, '"'));
		free(script);
		free(svg);
		pw_test_remove(directory);
		pw_tables_close(tables);
	}
}

static void without_gnuplot_data_and_scripts_are_there(void **state)
{
	struct pw_tables *tables = make_document("a");
	char *directory = pw_test_directory();
	char *path = pw_test_fake_gnuplot(NULL);
	struct pw_error err;
	char *svg;

	(void)state;
	assert_int_equal(pw_charts_write(tables, directory, &err),
			 PW_ERR_SYSTEM);
	assert_string_equal(err.hint, "install gnuplot-nox");
	assert_int_equal(pw_chart_svg(add_curve(tables, 5), &svg, &err),
			 PW_ERR_SYSTEM);
	assert_null(svg);
	pw_test_restore_path(path);
	assert_has(directory, "series.csv", "time,");
	assert_has(directory, "series.gp", "# Draw again");
	assert_has(directory, "curve-1.csv", "pages,");
	assert_has(directory, "curve-2.gp", "# Draw again");
	assert_null(pw_test_content(directory, "series.svg"));
	pw_test_remove(directory);
	pw_tables_close(tables);
}

static void a_directory_that_cannot_be_made_is_an_output_error(void **state)
{
	struct pw_tables *tables = make_document("a");
	struct pw_error err;

	(void)state;
	assert_int_equal(pw_charts_write(tables, "/dev/null/charts", &err),
			 PW_ERR_OUTPUT);
	pw_tables_close(tables);
}

/* Nothing but zeros, one value, equal places: a picture all the same. */
static void flat_data_can_be_drawn(void **state)
{
	struct pw_tables *tables = pw_test_document();
	struct pw_table *table = pw_table_add(tables, &series);
	struct pw_error err;
	char *svg;

	(void)state;
	if (!pw_test_has_gnuplot())
		skip();
	for (int i = 0; i < 3; i++) {
		pw_cell_u64(table, 5);
		pw_cell_u64(table, 0);
		pw_cell_u64(table, 0);
		pw_cell_u64(table, UINT64_MAX);
	}
	PW_TEST_OK(pw_chart_svg(table, &svg, &err), &err);
	free(svg);
	pw_tables_close(tables);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			only_tables_in_memory_with_two_points_can_be_drawn),
		cmocka_unit_test(a_picture_for_a_page_is_one_clean_element),
		cmocka_unit_test(a_picture_does_not_grow_with_the_table),
		cmocka_unit_test(files_are_named_after_tables_and_numbered),
		cmocka_unit_test(the_script_draws_the_same_picture_again),
		cmocka_unit_test(a_hostile_label_is_shown_and_runs_nothing),
		cmocka_unit_test(without_gnuplot_data_and_scripts_are_there),
		cmocka_unit_test(
			a_directory_that_cannot_be_made_is_an_output_error),
		cmocka_unit_test(flat_data_can_be_drawn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
