/*
 * test_lookup.c - figures found again in a document.
 */
#include "tests/support/pw_test.h"

#include "base/lookup.h"

static const struct pw_table_spec record_spec = {
	.name = "facts",
	.form = PW_FORM_RECORD,
	.column = {{"pages", NULL, PW_CELL_U64, PW_UNIT_COUNT},
		   {"share", NULL, PW_CELL_F64, PW_UNIT_RATIO}},
};

static const struct pw_table_spec pairs_spec = {
	.name = "counters",
	.form = PW_FORM_PAIRS,
	.flags = PW_TABLE_PRIMARY,
};

static const struct pw_table_spec rows_spec = {
	.name = "rows",
	.form = PW_FORM_ROWS,
	.column = {{"pages", NULL, PW_CELL_U64, PW_UNIT_COUNT}},
};

/* facts, sections{ counters=1, machines{ counters=2 } }, machines{ =3 }. */
static struct pw_tables *make_document(void)
{
	struct pw_tables *tables;
	struct pw_table *table;
	struct pw_error err;

	PW_TEST_OK(pw_tables_open(&tables, &err), &err);
	table = pw_table_add(tables, &record_spec);
	pw_cell_u64(table, 77);
	pw_cell_f64(table, 0.5);
	pw_tables_group(tables, "sections", "replay");
	pw_pair_u64(pw_table_add(tables, &pairs_spec), "n", 1, PW_UNIT_COUNT);
	pw_tables_group(tables, "machines", "two");
	pw_pair_u64(pw_table_add(tables, &pairs_spec), "n", 2, PW_UNIT_BYTES);
	pw_tables_group_end(tables);
	pw_tables_group_end(tables);
	pw_tables_group(tables, "machines", "three");
	table = pw_table_add(tables, &pairs_spec);
	pw_pair_text(table, "colour", "red");
	pw_pair_u64(table, "n", 3, PW_UNIT_BYTES);
	pw_tables_group_end(tables);
	pw_cell_u64(pw_table_add(tables, &rows_spec), 5);
	return tables;
}

static void finds_tables_by_their_innermost_group(void **state)
{
	struct pw_tables *tables = make_document();
	struct pw_figure figure;
	struct pw_table *table;
	const char *label;
	size_t cursor = 0;

	(void)state;
	table = pw_lookup_table(tables, &cursor, "machines", "counters",
				&label);
	assert_non_null(table);
	assert_string_equal(label, "two");
	assert_true(pw_lookup_figure(table, "n", &figure));
	assert_int_equal(figure.value.u64, 2);
	table = pw_lookup_table(tables, &cursor, "machines", "counters",
				&label);
	assert_non_null(table);
	assert_string_equal(label, "three");
	assert_true(pw_lookup_figure(table, "n", &figure));
	assert_int_equal(figure.value.u64, 3);
	assert_null(pw_lookup_table(tables, &cursor, "machines", "counters",
				    &label));
	cursor = 0;
	assert_null(pw_lookup_table(tables, &cursor, NULL, "counters", NULL));
	assert_non_null(pw_lookup_table(tables, &cursor, NULL, "facts", NULL));
	pw_tables_close(tables);
}

static void finds_figures_with_type_and_unit(void **state)
{
	struct pw_tables *tables = make_document();
	struct pw_figure figure;
	struct pw_table *table;
	struct pw_error err;
	size_t cursor = 0, rows;

	(void)state;
	table = pw_lookup_table(tables, &cursor, NULL, "facts", NULL);
	assert_true(pw_lookup_figure(table, "share", &figure));
	assert_int_equal(figure.type, PW_CELL_F64);
	assert_int_equal(figure.unit, PW_UNIT_RATIO);
	assert_true(figure.value.f64 == 0.5);
	assert_false(pw_lookup_figure(table, "shares", &figure));
	PW_TEST_OK(pw_table_next(table, &rows, &err), &err);
	assert_int_equal(rows, 1); /* it can still be read */
	cursor = 0;
	pw_lookup_table(tables, &cursor, "machines", "counters", NULL);
	table = pw_lookup_table(tables, &cursor, "machines", "counters", NULL);
	assert_true(pw_lookup_figure(table, "colour", &figure));
	assert_int_equal(figure.type, PW_CELL_TEXT);
	assert_string_equal(figure.value.text, "red");
	cursor = 0;
	table = pw_lookup_table(tables, &cursor, NULL, "rows", NULL);
	assert_false(pw_lookup_figure(table, "pages", &figure));
	pw_tables_close(tables);
}

static void tables_set_aside_are_details(void **state)
{
	struct pw_tables *tables;
	struct pw_table *table;
	struct pw_error err;

	(void)state;
	PW_TEST_OK(pw_tables_open(&tables, &err), &err);
	pw_tables_aside(tables, true);
	table = pw_table_add(tables, &pairs_spec);
	assert_int_equal(pw_table_spec(table)->flags, PW_TABLE_DETAIL);
	assert_string_equal(pw_table_spec(table)->name, "counters");
	pw_tables_aside(tables, false);
	table = pw_table_add(tables, &pairs_spec);
	assert_int_equal(pw_table_spec(table)->flags, PW_TABLE_PRIMARY);
	pw_tables_close(tables);
}

static void the_same_damage_is_named_once(void **state)
{
	struct pw_tables *tables;
	struct pw_error err;

	(void)state;
	PW_TEST_OK(pw_tables_open(&tables, &err), &err);
	pw_tables_mark_partial(tables, "a.pwt: cut at %d", 7);
	pw_tables_mark_partial(tables, "a.pwt: cut at %d", 7);
	assert_string_equal(pw_tables_partial(tables), "a.pwt: cut at 7");
	pw_tables_mark_partial(tables, "b.pwt: cut");
	assert_string_equal(pw_tables_partial(tables),
			    "a.pwt: cut at 7; b.pwt: cut");
	pw_tables_close(tables);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_tables_by_their_innermost_group),
		cmocka_unit_test(finds_figures_with_type_and_unit),
		cmocka_unit_test(tables_set_aside_are_details),
		cmocka_unit_test(the_same_damage_is_named_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
