/*
 * test_sink_csv.c - one table as comma-separated values.
 */
#include "tests/support/pw_test.h"

#include "tests/support/render.h"

static const struct pw_table_spec mixed = {
	.name = "mixed",
	.form = PW_FORM_ROWS,
	.flags = PW_TABLE_PRIMARY,
	.column = {{"symbol", "Symbol", PW_CELL_TEXT, PW_UNIT_NONE},
		   {"address", "Address", PW_CELL_U64, PW_UNIT_ADDRESS},
		   {"bytes", "Size", PW_CELL_U64, PW_UNIT_BYTES},
		   {"ratio", "Share", PW_CELL_F64, PW_UNIT_RATIO},
		   {"hot", "Hot", PW_CELL_BOOL, PW_UNIT_NONE}},
};

static const struct pw_table_spec first = {
	.name = "first",
	.form = PW_FORM_RECORD,
	.column = {{"pages", NULL, PW_CELL_U64, PW_UNIT_PAGES}},
};

static const struct pw_table_spec counters = {
	.name = "counters",
	.form = PW_FORM_PAIRS,
};

static const struct pw_table_spec other_counters = {
	.name = "counters",
	.form = PW_FORM_ROWS,
	.column = {{"pages", NULL, PW_CELL_U64, PW_UNIT_PAGES}},
};

static void add_row(struct pw_table *table, const char *symbol, double ratio)
{
	pw_cell_text(table, symbol);
	pw_cell_u64(table, 0x7f001000);
	pw_cell_u64(table, 1536);
	pw_cell_f64(table, ratio);
	pw_cell_bool(table, true);
}

static void check(struct pw_tables *tables, const char *name, const char *want)
{
	const struct pw_sink_options options = {.table = name};
	char *got = pw_test_render("csv", tables, &options);

	assert_string_equal(got, want);
	free(got);
	pw_tables_close(tables);
}

static void numbers_are_exact_and_have_no_units(void **state)
{
	struct pw_tables *tables = pw_test_document();

	(void)state;
	add_row(pw_table_add(tables, &mixed), "main", 0.1);
	check(tables, NULL,
	      "symbol,address,bytes,ratio,hot\n"
	      "main,0x7f001000,1536,0.1,true\n");
}

/* RFC 4180, 2.6 and 2.7: such cells are quoted and quotes doubled. */
static void cells_with_commas_and_quotes_are_quoted(void **state)
{
	struct pw_tables *tables = pw_test_document();
	struct pw_table *table = pw_table_add(tables, &mixed);

	(void)state;
	add_row(table, "f<int, \"x\">", 1);
	add_row(table, "a\nb", 1);
	check(tables, NULL,
	      "symbol,address,bytes,ratio,hot\n"
	      "\"f<int, \"\"x\"\">\",0x7f001000,1536,1,true\n"
	      "a\\x0ab,0x7f001000,1536,1,true\n");
}

static void formulas_are_neutralised_but_negative_numbers_are_not(void **state)
{
	struct pw_tables *tables = pw_test_document();
	struct pw_table *table = pw_table_add(tables, &mixed);

	(void)state;
	add_row(table, "=cmd()", -2.5);
	add_row(table, "+1", 0);
	add_row(table, "-1", 0);
	add_row(table, "@x", 0);
	add_row(table, "\tx", 0);
	check(tables, NULL,
	      "symbol,address,bytes,ratio,hot\n"
	      "\"'=cmd()\",0x7f001000,1536,-2.5,true\n"
	      "\"'+1\",0x7f001000,1536,0,true\n"
	      "\"'-1\",0x7f001000,1536,0,true\n"
	      "\"'@x\",0x7f001000,1536,0,true\n"
	      "\"'\\x09x\",0x7f001000,1536,0,true\n");
}

static void
the_primary_table_is_printed_unless_another_is_asked_for(void **state)
{
	struct pw_tables *tables = pw_test_document();
	char *primary;

	(void)state;
	pw_cell_u64(pw_table_add(tables, &first), 7);
	add_row(pw_table_add(tables, &mixed), "main", 0.5);
	primary = pw_test_render("csv", tables, NULL);
	assert_string_equal(primary, "symbol,address,bytes,ratio,hot\n"
				     "main,0x7f001000,1536,0.5,true\n");
	free(primary);
	check(tables, "first", "pages\n7\n");
}

static void without_a_primary_table_the_first_is_printed(void **state)
{
	struct pw_tables *tables = pw_test_document();

	(void)state;
	pw_cell_u64(pw_table_add(tables, &first), 7);
	pw_pair_u64(pw_table_add(tables, &counters), "a", 1, PW_UNIT_COUNT);
	check(tables, NULL, "pages\n7\n");
}

static void add_machine(struct pw_tables *tables, const char *label,
			uint64_t value)
{
	struct pw_table *table;

	pw_tables_group(tables, "machines", label);
	table = pw_table_add(tables, &counters);
	pw_pair_u64(table, "dtlb.misses", value, PW_UNIT_COUNT);
	pw_pair_f64(table, "cpi", 0.25, PW_UNIT_NONE);
	pw_pair_text(table, "thp", "always");
	pw_tables_group_end(tables);
}

static void several_groups_put_their_labels_in_front(void **state)
{
	struct pw_tables *tables = pw_test_document();

	(void)state;
	add_machine(tables, "skylake", 3);
	add_machine(tables, "=zen", 4);
	check(tables, "counters",
	      "machines,name,value\n"
	      "skylake,dtlb.misses,3\n"
	      "skylake,cpi,0.25\n"
	      "skylake,thp,always\n"
	      "\"'=zen\",dtlb.misses,4\n"
	      "\"'=zen\",cpi,0.25\n"
	      "\"'=zen\",thp,always\n");
}

static void a_single_group_needs_no_label(void **state)
{
	struct pw_tables *tables = pw_test_document();

	(void)state;
	add_machine(tables, "skylake", 3);
	check(tables, NULL,
	      "name,value\ndtlb.misses,3\ncpi,0.25\nthp,always\n");
}

static void
an_unknown_table_is_a_usage_error_that_lists_the_tables(void **state)
{
	const struct pw_sink_options options = {.table = "countres"};
	struct pw_tables *tables = pw_test_document();
	struct pw_error err;

	(void)state;
	add_machine(tables, "skylake", 3);
	add_machine(tables, "zen", 3);
	pw_cell_u64(pw_table_add(tables, &first), 7);
	assert_int_equal(
		pw_sink_find("csv")->write(stdout, tables, &options, &err),
		PW_ERR_USAGE);
	assert_string_equal(err.message,
			    "countres: no table of this name in the results");
	assert_string_equal(err.hint, "the tables are: counters, first");
	pw_tables_close(tables);
}

static void tables_of_one_name_with_other_columns_are_refused(void **state)
{
	const struct pw_sink_options options = {0};
	struct pw_tables *tables = pw_test_document();
	struct pw_error err;

	(void)state;
	add_machine(tables, "skylake", 3);
	pw_cell_u64(pw_table_add(tables, &other_counters), 7);
	assert_int_equal(
		pw_sink_find("csv")->write(stdout, tables, &options, &err),
		PW_ERR_USAGE);
	assert_non_null(strstr(err.message, "counters"));
	pw_tables_close(tables);
}

static void nothing_comes_of_an_empty_document(void **state)
{
	(void)state;
	check(pw_test_document(), NULL, "");
}

/* ---- streams ---- */

static enum pw_status fill(void *state, struct pw_table *table,
			   struct pw_error *err)
{
	uint64_t *next = state;

	(void)err;
	for (int i = 0; i < 3 && *next < 7; i++)
		pw_cell_u64(table, (*next)++);
	return PW_OK;
}

static enum pw_status fill_and_fail(void *state, struct pw_table *table,
				    struct pw_error *err)
{
	uint64_t *next = state;

	if (*next == 3)
		return pw_fail(err, PW_ERR_FORMAT, "chunk 3: damaged");
	pw_cell_u64(table, (*next)++);
	return PW_OK;
}

static void a_stream_is_printed_batch_by_batch(void **state)
{
	struct pw_tables *tables = pw_test_document();
	uint64_t next = 0;
	const struct pw_row_source source = {.state = &next, .fill = fill};

	(void)state;
	pw_table_stream(pw_table_add(tables, &first), &source);
	check(tables, NULL, "pages\n0\n1\n2\n3\n4\n5\n6\n");
}

static void a_failing_stream_keeps_its_rows_and_its_status(void **state)
{
	const struct pw_sink_options options = {0};
	struct pw_tables *tables = pw_test_document();
	uint64_t next = 0;
	const struct pw_row_source source = {.state = &next,
					     .fill = fill_and_fail};
	struct pw_error err;
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	(void)state;
	assert_non_null(out);
	pw_table_stream(pw_table_add(tables, &first), &source);
	assert_int_equal(
		pw_sink_find("csv")->write(out, tables, &options, &err),
		PW_ERR_FORMAT);
	fclose(out);
	assert_string_equal(text, "pages\n0\n1\n2\n");
	assert_string_equal(err.message, "chunk 3: damaged");
	free(text);
	pw_tables_close(tables);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_exact_and_have_no_units),
		cmocka_unit_test(cells_with_commas_and_quotes_are_quoted),
		cmocka_unit_test(
			formulas_are_neutralised_but_negative_numbers_are_not),
		cmocka_unit_test(
			the_primary_table_is_printed_unless_another_is_asked_for),
		cmocka_unit_test(without_a_primary_table_the_first_is_printed),
		cmocka_unit_test(several_groups_put_their_labels_in_front),
		cmocka_unit_test(a_single_group_needs_no_label),
		cmocka_unit_test(
			an_unknown_table_is_a_usage_error_that_lists_the_tables),
		cmocka_unit_test(
			tables_of_one_name_with_other_columns_are_refused),
		cmocka_unit_test(nothing_comes_of_an_empty_document),
		cmocka_unit_test(a_stream_is_printed_batch_by_batch),
		cmocka_unit_test(
			a_failing_stream_keeps_its_rows_and_its_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
