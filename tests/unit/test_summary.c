/*
 * test_summary.c - the first page of a report, from tables made by hand.
 */
#include "tests/support/pw_test.h"

#include "analyze/summary.h"
#include "base/lookup.h"

static const struct pw_table_spec counters_spec = {
	.name = "counters",
	.form = PW_FORM_PAIRS,
};

static const struct pw_table_spec time_spec = {
	.name = "time",
	.form = PW_FORM_PAIRS,
};

static const struct pw_table_spec set_spec = {
	.name = "working_set",
	.form = PW_FORM_RECORD,
	.column = {{"distinct_bytes", NULL, PW_CELL_U64, PW_UNIT_BYTES},
		   {"p50_bytes", NULL, PW_CELL_U64, PW_UNIT_BYTES}},
};

static struct pw_tables *open_tables(void)
{
	struct pw_tables *tables;
	struct pw_error err;

	PW_TEST_OK(pw_tables_open(&tables, &err), &err);
	return tables;
}

static void add_machine(struct pw_tables *tables, const char *name,
			uint64_t misses, double share)
{
	struct pw_table *table;

	pw_tables_group(tables, "machines", name);
	table = pw_table_add(tables, &counters_spec);
	pw_pair_u64(table, "instructions", 4000, PW_UNIT_COUNT);
	pw_pair_u64(table, "dtlb.misses", misses, PW_UNIT_COUNT);
	pw_pair_u64(table, "walk.count", 8, PW_UNIT_COUNT);
	pw_pair_u64(table, "walk.references", 12, PW_UNIT_COUNT);
	pw_pair_u64(table, "fault.minor", 5, PW_UNIT_COUNT);
	pw_pair_u64(table, "rss.peak_bytes", 8192, PW_UNIT_BYTES);
	table = pw_table_add(tables, &time_spec);
	pw_pair_f64(table, "translation_share", share, PW_UNIT_RATIO);
	pw_tables_group_end(tables);
}

static struct pw_figure figure_of(struct pw_table *table, const char *name)
{
	struct pw_figure figure = {0};

	if (!pw_lookup_figure(table, name, &figure))
		fail_msg("no figure %s", name);
	return figure;
}

/* 6 misses in 4000 instructions: 1.5 per 1000. 12 / 8 references a walk. */
static void takes_figures_from_the_other_tables(void **state)
{
	struct pw_tables *tables = open_tables();
	struct pw_summary summary = pw_summary_add(tables, false);
	struct pw_figure figure;
	struct pw_table *set;

	(void)state;
	assert_null(summary.machines);
	pw_tables_group(tables, "sections", "replay");
	add_machine(tables, "first", 6, 0.25);
	pw_tables_group_end(tables);
	pw_tables_group(tables, "sections", "wss");
	set = pw_table_add(tables, &set_spec);
	pw_cell_u64(set, 12288);
	pw_cell_u64(set, 4096);
	pw_tables_group_end(tables);
	pw_summary_fill(&summary, tables);
	assert_string_equal(figure_of(summary.figures, "machine").value.text,
			    "first");
	assert_true(figure_of(summary.figures, "dtlb.mpki").value.f64 == 1.5);
	assert_true(figure_of(summary.figures, "walk.references_per_walk")
			    .value.f64 == 1.5);
	assert_true(figure_of(summary.figures, "time.translation_share")
			    .value.f64 == 0.25);
	figure = figure_of(summary.figures, "memory.touched_bytes");
	assert_int_equal(figure.value.u64, 12288);
	assert_int_equal(figure.unit, PW_UNIT_BYTES);
	figure = figure_of(summary.figures, "memory.working_set_p50_bytes");
	assert_int_equal(figure.value.u64, 4096);
	/* No table said anything of an LRU memory. */
	assert_false(pw_lookup_figure(summary.figures,
				      "memory.lru_within_1pct_bytes", &figure));
	pw_tables_close(tables);
}

static void compares_machines_in_their_order(void **state)
{
	struct pw_tables *tables = open_tables();
	struct pw_summary summary = pw_summary_add(tables, true);
	struct pw_error err;
	size_t rows;

	(void)state;
	add_machine(tables, "first", 6, 0.25);
	add_machine(tables, "second", 8, 0.5);
	pw_summary_fill(&summary, tables);
	PW_TEST_OK(pw_table_next(summary.machines, &rows, &err), &err);
	assert_int_equal(rows, 2);
	assert_string_equal(pw_table_cell(summary.machines, 0, 0).text,
			    "first");
	assert_string_equal(pw_table_cell(summary.machines, 1, 0).text,
			    "second");
	assert_true(pw_table_cell(summary.machines, 0, 1).f64 == 1.5);
	assert_true(pw_table_cell(summary.machines, 1, 1).f64 == 2.0);
	/* The share of each machine is its own. */
	assert_true(pw_table_cell(summary.machines, 0, 6).f64 == 0.25);
	assert_true(pw_table_cell(summary.machines, 1, 6).f64 == 0.5);
	pw_tables_close(tables);
}

static void says_nothing_of_nothing(void **state)
{
	struct pw_tables *tables = open_tables();
	struct pw_summary summary = pw_summary_add(tables, true);
	struct pw_error err;
	size_t rows;

	(void)state;
	pw_summary_fill(&summary, tables);
	PW_TEST_OK(pw_table_next(summary.figures, &rows, &err), &err);
	assert_int_equal(rows, 0);
	PW_TEST_OK(pw_table_next(summary.machines, &rows, &err), &err);
	assert_int_equal(rows, 0);
	pw_tables_close(tables);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_figures_from_the_other_tables),
		cmocka_unit_test(compares_machines_in_their_order),
		cmocka_unit_test(says_nothing_of_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
