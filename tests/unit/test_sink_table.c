/*
 * test_sink_table.c - the document as text for people, and as Markdown.
 */
#include "tests/support/pw_test.h"

#include "tests/support/render.h"

static const struct pw_table_spec info = {
	.name = "info",
	.title = "Trace",
	.help = "What was recorded.",
	.form = PW_FORM_RECORD,
	.column = {{"path", "File", PW_CELL_TEXT, PW_UNIT_NONE},
		   {"bytes", "Size", PW_CELL_U64, PW_UNIT_BYTES},
		   {"accesses", "Accesses", PW_CELL_U64, PW_UNIT_COUNT}},
};

static const struct pw_table_spec top = {
	.name = "top",
	.title = "Hot symbols",
	.form = PW_FORM_ROWS,
	.flags = PW_TABLE_PRIMARY,
	.column = {{"symbol", "Symbol", PW_CELL_TEXT, PW_UNIT_NONE},
		   {"misses", "Misses", PW_CELL_U64, PW_UNIT_COUNT},
		   {"share", "Share", PW_CELL_F64, PW_UNIT_RATIO}},
};

static const struct pw_table_spec curve = {
	.name = "curve",
	.title = "Curve",
	.form = PW_FORM_ROWS,
	.flags = PW_TABLE_DETAIL,
	.column = {{"pages", "Pages", PW_CELL_U64, PW_UNIT_PAGES}},
};

static const struct pw_table_spec counters = {
	.name = "counters",
	.title = "Counters",
	.form = PW_FORM_PAIRS,
};

static void add_top(struct pw_tables *tables)
{
	struct pw_table *table = pw_table_add(tables, &top);

	pw_cell_text(table, "quicksort");
	pw_cell_u64(table, 1234567);
	pw_cell_f64(table, 0.5);
	pw_cell_text(table, "f");
	pw_cell_u64(table, 8);
	pw_cell_f64(table, 0.0325);
}

static struct pw_tables *make_document(void)
{
	struct pw_tables *tables = pw_test_document();
	struct pw_table *table = pw_table_add(tables, &info);

	pw_cell_text(table, "a.pwt");
	pw_cell_u64(table, 1536);
	pw_cell_u64(table, 1000000);
	add_top(tables);
	pw_cell_u64(pw_table_add(tables, &curve), 5);
	pw_tables_group(tables, "machines", "zen");
	table = pw_table_add(tables, &counters);
	pw_pair_u64(table, "walks", 12, PW_UNIT_COUNT);
	pw_pair_text(table, "thp", "always");
	pw_tables_group_end(tables);
	pw_tables_note(tables, "a remark");
	return tables;
}

static void check(struct pw_tables *tables, const char *format,
		  const struct pw_sink_options *options, const char *want)
{
	char *got = pw_test_render(format, tables, options);

	assert_string_equal(got, want);
	free(got);
	pw_tables_close(tables);
}

static void numbers_stand_right_with_units_under_headings(void **state)
{
	(void)state;
	check(make_document(), "table", NULL,
	      "Trace\n"
	      "What was recorded.\n"
	      "File      a.pwt\n"
	      "Size        1.5 KiB\n"
	      "Accesses  1,000,000\n"
	      "\n"
	      "Hot symbols\n"
	      "Symbol        Misses   Share\n"
	      "quicksort  1,234,567  50.00%\n"
	      "f                  8   3.25%\n"
	      "\n"
	      "== machines: zen\n"
	      "\n"
	      "Counters\n"
	      "walks  12\n"
	      "thp    always\n"
	      "\n"
	      "Note: a remark\n"
	      "More tables: curve (--table=NAME shows one, --format=json "
	      "all).\n");
}

static void raw_numbers_have_neither_units_nor_commas(void **state)
{
	const struct pw_sink_options options = {.table = "top",
						.raw_numbers = true};
	struct pw_tables *tables = pw_test_document();

	(void)state;
	add_top(tables);
	check(tables, "table", &options,
	      "Hot symbols\n"
	      "Symbol      Misses   Share\n"
	      "quicksort  1234567     0.5\n"
	      "f                8  0.0325\n");
}

static void a_long_table_is_shown_when_named(void **state)
{
	const struct pw_sink_options options = {.table = "curve"};

	(void)state;
	check(make_document(), "table", &options,
	      "Curve\n"
	      "Pages\n"
	      "    5\n"
	      "\n"
	      "Note: a remark\n");
}

static void partial_results_say_so_first(void **state)
{
	struct pw_tables *tables = pw_test_document();

	(void)state;
	pw_tables_mark_partial(tables, "chunk 3 is damaged");
	add_top(tables);
	check(tables, "table", NULL,
	      "PARTIAL RESULTS: chunk 3 is damaged\n"
	      "\n"
	      "Hot symbols\n"
	      "Symbol        Misses   Share\n"
	      "quicksort  1,234,567  50.00%\n"
	      "f                  8   3.25%\n");
}

static void an_empty_table_keeps_its_heading(void **state)
{
	struct pw_tables *tables = pw_test_document();

	(void)state;
	pw_table_add(tables, &top);
	check(tables, "table", NULL, "Hot symbols\n");
}

static void escapes_come_only_when_color_is_wanted(void **state)
{
	struct pw_sink_options options = {.color = true};
	struct pw_tables *tables = make_document();
	char *got = pw_test_render("table", tables, &options);

	(void)state;
	assert_non_null(strstr(got, "\033[1mTrace\033[0m\n"));
	free(got);
	options.color = false;
	got = pw_test_render("table", tables, &options);
	assert_null(strchr(got, '\033'));
	free(got);
	pw_tables_close(tables);
}

static size_t longest_line(const char *text)
{
	size_t longest = 0;

	while (*text) {
		size_t length = strcspn(text, "\n");

		longest = length > longest ? length : longest;
		text += length + (text[length] == '\n');
	}
	return longest;
}

static void only_a_terminal_cuts_texts(void **state)
{
	static const char name[] =
		"a_symbol_with_a_name_of_some_length_that_no_terminal_of_forty"
		"_columns_can_hold";
	struct pw_sink_options options = {.width = 40};
	struct pw_tables *tables = pw_test_document();
	struct pw_table *table = pw_table_add(tables, &top);
	char *got;

	(void)state;
	pw_cell_text(table, name);
	pw_cell_u64(table, 1234567);
	pw_cell_f64(table, 0.5);
	got = pw_test_render("table", tables, &options);
	assert_true(longest_line(got) <= 40);
	assert_non_null(strstr(got, "1,234,567"));
	free(got);
	options.width = 0;
	got = pw_test_render("table", tables, &options);
	assert_non_null(strstr(got, name));
	free(got);
	pw_tables_close(tables);
}

/* U+00E9 is two bytes and one column wide, in the C locale of a test too. */
static void accents_do_not_shift_the_columns(void **state)
{
	const struct pw_sink_options options = {.raw_numbers = true};
	struct pw_tables *tables = pw_test_document();
	struct pw_table *table = pw_table_add(tables, &top);

	(void)state;
	pw_cell_text(table, "\xc3\xa9t\xc3\xa9");
	pw_cell_u64(table, 1);
	pw_cell_f64(table, 1);
	pw_cell_text(table, "winter");
	pw_cell_u64(table, 2);
	pw_cell_f64(table, 0);
	check(tables, "table", &options,
	      "Hot symbols\n"
	      "Symbol  Misses  Share\n"
	      "\xc3\xa9t\xc3\xa9          1      1\n"
	      "winter       2      0\n");
}

/* ---- tables that pass through ---- */

static enum pw_status fill(void *state, struct pw_table *table,
			   struct pw_error *err)
{
	uint64_t *next = state;

	(void)err;
	for (int i = 0; i < 2 && *next < 4; i++, (*next)++) {
		pw_cell_text(table, *next % 2 ? "odd" : "even");
		pw_cell_u64(table, *next);
		pw_cell_f64(table, 1);
	}
	return PW_OK;
}

static void a_stream_has_the_columns_of_its_first_rows(void **state)
{
	const struct pw_sink_options options = {.raw_numbers = true};
	struct pw_tables *tables = pw_test_document();
	uint64_t next = 0;
	const struct pw_row_source source = {.state = &next, .fill = fill};

	(void)state;
	pw_table_stream(pw_table_add(tables, &top), &source);
	check(tables, "table", &options,
	      "Hot symbols\n"
	      "Symbol  Misses  Share\n"
	      "even         0      1\n"
	      "odd          1      1\n"
	      "even         2      1\n"
	      "odd          3      1\n");
}

/* 10,001 rows are more than are laid out in memory. */
static void a_table_of_many_rows_loses_none(void **state)
{
	const struct pw_sink_options options = {.table = "curve",
						.raw_numbers = true};
	struct pw_tables *tables = pw_test_document();
	struct pw_table *table = pw_table_add(tables, &curve);
	char *got;
	char *line;

	(void)state;
	for (uint64_t i = 0; i < 10001; i++)
		pw_cell_u64(table, i);
	got = pw_test_render("table", tables, &options);
	line = strstr(got, "Pages\n");
	assert_non_null(line);
	line += strlen("Pages\n");
	for (uint64_t i = 0; i < 10001; i++) {
		char *end;

		assert_int_equal(strtoull(line, &end, 10), i);
		assert_int_equal(*end, '\n');
		line = end + 1;
	}
	assert_string_equal(line, "");
	free(got);
	pw_tables_close(tables);
}

/* ---- Markdown ---- */

static void markdown_has_tables_and_headings(void **state)
{
	(void)state;
	check(make_document(), "md", NULL,
	      "# pagewalk test\n"
	      "\n"
	      "## Trace\n"
	      "\n"
	      "What was recorded.\n"
	      "\n"
	      "| name | value |\n"
	      "| --- | ---: |\n"
	      "| File | a.pwt |\n"
	      "| Size | 1.5 KiB |\n"
	      "| Accesses | 1,000,000 |\n"
	      "\n"
	      "## Hot symbols\n"
	      "\n"
	      "| Symbol | Misses | Share |\n"
	      "| --- | ---: | ---: |\n"
	      "| quicksort | 1,234,567 | 50.00% |\n"
	      "| f | 8 | 3.25% |\n"
	      "\n"
	      "## machines: zen\n"
	      "\n"
	      "### Counters\n"
	      "\n"
	      "| name | value |\n"
	      "| --- | ---: |\n"
	      "| walks | 12 |\n"
	      "| thp | always |\n"
	      "\n"
	      "- a remark\n"
	      "- Long tables left out: curve (see one with `--table=NAME`).\n");
}

static void markdown_escapes_what_would_be_markup(void **state)
{
	const struct pw_sink_options options = {.raw_numbers = true};
	struct pw_tables *tables = pw_test_document();
	struct pw_table *table = pw_table_add(tables, &top);

	(void)state;
	pw_cell_text(table, "a|b *c* _d_ `e` <f> & [g](h) \\");
	pw_cell_u64(table, 1);
	pw_cell_f64(table, 1);
	check(tables, "md", &options,
	      "## Hot symbols\n"
	      "\n"
	      "| Symbol | Misses | Share |\n"
	      "| --- | ---: | ---: |\n"
	      "| a\\|b \\*c\\* \\_d\\_ \\`e\\` &lt;f\\> &amp; \\[g\\](h) "
	      "\\\\ | 1 | 1 |\n"
	      "\n");
}

/* For people by its title, for programs by its name. */
static void a_pair_is_called_by_its_title(void **state)
{
	static const char *const formats[] = {"table", "md", "html"};
	struct pw_tables *tables;
	struct pw_error err;
	char *got;

	(void)state;
	for (size_t i = 0; i <= PW_COUNT(formats); i++) {
		bool people = i < PW_COUNT(formats);
		struct pw_table *table;

		PW_TEST_OK(pw_tables_open(&tables, &err), &err);
		table = pw_table_add(tables, &counters);
		pw_pair_u64(table, "rss.peak", 4096, PW_UNIT_BYTES);
		pw_pair_title(table, "Peak <memory>");
		got = pw_test_render(people ? formats[i] : "json", tables,
				     NULL);
		assert_int_equal(strstr(got, "Peak ") != NULL, people);
		assert_int_equal(strstr(got, "rss.peak") != NULL, !people);
		free(got);
		pw_tables_close(tables);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pair_is_called_by_its_title),
		cmocka_unit_test(numbers_stand_right_with_units_under_headings),
		cmocka_unit_test(raw_numbers_have_neither_units_nor_commas),
		cmocka_unit_test(a_long_table_is_shown_when_named),
		cmocka_unit_test(partial_results_say_so_first),
		cmocka_unit_test(an_empty_table_keeps_its_heading),
		cmocka_unit_test(escapes_come_only_when_color_is_wanted),
		cmocka_unit_test(only_a_terminal_cuts_texts),
		cmocka_unit_test(accents_do_not_shift_the_columns),
		cmocka_unit_test(a_stream_has_the_columns_of_its_first_rows),
		cmocka_unit_test(a_table_of_many_rows_loses_none),
		cmocka_unit_test(markdown_has_tables_and_headings),
		cmocka_unit_test(markdown_escapes_what_would_be_markup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
