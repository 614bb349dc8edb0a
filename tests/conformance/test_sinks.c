/*
 * test_sinks.c - every sink on the same documents: plain and hostile ones.
 */
#include "tests/support/pw_test.h"

#include <jansson.h>

#include "base/assert.h"
#include "base/text.h"
#include "tests/support/documents.h"
#include "tests/support/read_csv.h"
#include "tests/support/render.h"
#include "tests/support/xml.h"

/* ---- checks ---- */

static void check_bytes(const char *format, const char *text)
{
	char *clean = malloc(4 * strlen(text) + 1);
	const char *at = text;

	assert_non_null(clean);
	for (; *at; at++) {
		if ((unsigned char)*at < ' ' && *at != '\n' && *at != '\t')
			fail_msg("%s: control byte %d", format, *at);
	}
	/* Cleaning changes nothing but the ends of lines. */
	pw_text_clean(clean, 4 * strlen(text) + 1, text);
	for (char *c = clean; *text; text++) {
		size_t skip = 1;

		if (*text == '\n' || *text == '\t')
			skip = 4;
		else if (*c != *text)
			fail_msg("%s: unclean text at \"%.40s\"", format, text);
		c += skip;
	}
	free(clean);
}

static void no_sink_lets_a_control_character_out(void **state)
{
	const struct pw_sink_options options[] = {
		{.title = NULL},
		{.title = "\033[1mtitle\n"},
		{.title = "t", .width = 80},
		{.title = "t", .raw_numbers = true},
		{.title = "t", .table = "rows"},
		{.title = "t", .table = "counters"},
		{.title = "t", .table = "stream"},
	};
	const struct pw_sink_ops *sink;

	(void)state;
	for (size_t i = 0; (sink = pw_sink_at(i)); i++) {
		for (size_t o = 0; o < PW_COUNT(options); o++) {
			struct pw_tables *tables = pw_test_hostile();
			char *text =
				pw_test_render(sink->name, tables, &options[o]);

			assert_true(strlen(text) > 100);
			check_bytes(sink->name, text);
			free(text);
			pw_tables_close(tables);
		}
	}
}

static json_t *parse(const char *text)
{
	json_error_t err;
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &err);

	if (!root)
		fail_msg("line %d: %s", err.line, err.text);
	return root;
}

static void hostile_json_parses_and_says_the_cleaned_text(void **state)
{
	struct pw_tables *tables = pw_test_hostile();
	char *text = pw_test_render("json", tables, NULL);
	json_t *root = parse(text);
	json_t *machines = json_object_get(root, "machines");
	char *clean = malloc(4 * PW_TEST_MEBIBYTE + 1);

	(void)state;
	assert_non_null(clean);
	assert_int_equal(json_array_size(machines), pw_test_hostile_count());
	for (size_t i = 0; i < pw_test_hostile_count(); i++) {
		json_t *machine = json_array_get(machines, i);
		json_t *row =
			json_array_get(json_object_get(machine, "rows"), 0);

		pw_text_clean(clean, 4 * PW_TEST_MEBIBYTE + 1,
			      pw_test_hostile_at(i));
		assert_string_equal(
			json_string_value(json_object_get(machine, "name")),
			clean);
		assert_string_equal(
			json_string_value(json_object_get(row, "text")), clean);
	}
	assert_int_equal(json_array_size(json_object_get(root, "stream")),
			 pw_test_hostile_count());
	free(clean);
	json_decref(root);
	free(text);
	pw_tables_close(tables);
}

static void hostile_lines_of_json_each_parse(void **state)
{
	struct pw_tables *tables = pw_test_hostile();
	char *text = pw_test_render("jsonl", tables, NULL);
	size_t lines = 0;

	(void)state;
	for (char *line = text; *line; lines++) {
		char *end = strchr(line, '\n');

		assert_non_null(end);
		*end = '\0';
		json_decref(parse(line));
		line = end + 1;
	}
	assert_int_equal(lines, pw_test_hostile_count());
	free(text);
	pw_tables_close(tables);
}

static void hostile_text_adds_no_element_to_a_page(void **state)
{
	static const char *const element[] = {
		"html", "body", "table", "tr", "td", "th", "div",   "section",
		"a",	"li",	"ul",	 "dl", "dt", "dd", "style", "script",
		"img",	"meta", "h1",	 "h2", "h3", "p",  "strong"};
	struct pw_tables *tables = pw_test_hostile();
	char *page = pw_test_render("html", tables, NULL);
	struct pw_tables *harmless = pw_test_harmless();
	char *plain = pw_test_render("html", harmless, NULL);
	const char *why;

	(void)state;
	if (!pw_xml_check(page, &why))
		fail_msg("not well-formed: %s", why);
	for (size_t i = 0; i < PW_COUNT(element); i++)
		assert_int_equal(pw_xml_count(page, element[i]),
				 pw_xml_count(plain, element[i]));
	assert_int_equal(pw_xml_count(page, "script"), 0);
	/* A name of a mebibyte does not make a page of mebibytes. */
	assert_true(strlen(page) < 2 * PW_TEST_MEBIBYTE);
	free(page);
	free(plain);
	pw_tables_close(tables);
	pw_tables_close(harmless);
}

static void hostile_csv_has_its_columns_and_no_formula(void **state)
{
	static const char *const names[] = {"rows", "counters", "stream"};

	(void)state;
	for (size_t n = 0; n < PW_COUNT(names); n++) {
		const struct pw_sink_options options = {.table = names[n]};
		struct pw_tables *tables = pw_test_hostile();
		struct pw_test_csv csv = pw_test_csv_read(
			pw_test_render("csv", tables, &options));

		assert_true(csv.cells >= csv.columns * pw_test_hostile_count());
		for (size_t i = 0; i < csv.cells; i++) {
			const char *cell = csv.cell[i];
			char *end;

			if (!*cell || !strchr("=+-@\t", *cell))
				continue;
			/* Only numbers may begin like this. */
			(void)strtod(cell, &end);
			if (*end || !strchr("0123456789", cell[1]))
				fail_msg("a formula: %.40s", cell);
		}
		pw_test_csv_free(&csv);
		pw_tables_close(tables);
	}
}

/* A cell of CSV and the value of JSON that should be the same. */
static void compare_cell(const char *cell, const json_t *value)
{
	char *end;

	if (json_is_string(value)) {
		assert_string_equal(cell, json_string_value(value));
	} else if (json_is_boolean(value)) {
		assert_string_equal(cell,
				    json_is_true(value) ? "true" : "false");
	} else if (json_is_integer(value)) {
		assert_true(strtod(cell, &end) ==
			    (double)json_integer_value(value));
		if (!strpbrk(cell, ".e"))
			assert_int_equal(strtoll(cell, &end, 10),
					 json_integer_value(value));
		assert_string_equal(end, "");
	} else {
		assert_true(json_is_real(value));
		assert_true(strtod(cell, &end) == json_real_value(value));
		assert_string_equal(end, "");
	}
}

static void compare_formats(size_t groups, size_t count, uint64_t seed)
{
	struct pw_tables *tables = pw_test_numbers(groups, count, seed);
	struct pw_test_csv csv =
		pw_test_csv_read(pw_test_render("csv", tables, NULL));
	char *lines = pw_test_render("jsonl", tables, NULL);
	char *text = pw_test_render("json", tables, NULL);
	json_t *root = parse(text);
	size_t labels = groups > 1;
	char *line = lines;

	PW_ASSERT(count > 0 && csv.columns > 0);
	assert_int_equal(csv.columns, PW_TEST_NUMBER_COLUMNS + labels);
	assert_int_equal(csv.cells,
			 csv.columns * (1 + count * (groups ? groups : 1)));
	for (size_t r = 0; r < csv.cells / csv.columns - 1; r++) {
		json_t *parent = root;
		json_t *row;
		json_t *own;

		if (groups)
			parent = json_array_get(
				json_object_get(root, "machines"), r / count);
		row = json_array_get(json_object_get(parent, "rows"),
				     r % count);
		*strchr(line, '\n') = '\0';
		own = parse(line);
		line += strlen(line) + 1;
		assert_int_equal(json_object_size(own), csv.columns);
		for (size_t c = labels; c < csv.columns; c++) {
			const char *name = csv.cell[c];
			const char *cell = csv.cell[(r + 1) * csv.columns + c];

			assert_non_null(json_object_get(row, name));
			compare_cell(cell, json_object_get(row, name));
			compare_cell(cell, json_object_get(own, name));
		}
		json_decref(own);
	}
	assert_string_equal(line, "");
	json_decref(root);
	free(text);
	free(lines);
	pw_test_csv_free(&csv);
	pw_tables_close(tables);
}

static void numbers_are_equal_in_csv_json_and_lines(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++) {
		compare_formats(0, 50, seed);
		compare_formats(1, 20, seed);
		compare_formats(3, 20, seed);
	}
}

/* ---- every sink ---- */

static void every_sink_writes_an_empty_document(void **state)
{
	const struct pw_sink_ops *sink;

	(void)state;
	for (size_t i = 0; (sink = pw_sink_at(i)); i++) {
		struct pw_tables *tables = pw_test_document();
		char *text = pw_test_render(sink->name, tables, NULL);

		check_bytes(sink->name, text);
		free(text);
		pw_tables_close(tables);
	}
}

static void every_sink_is_found_by_its_own_name(void **state)
{
	static const char *const names[] = {"table", "csv", "json",
					    "jsonl", "md",  "html"};
	size_t count = 0;

	(void)state;
	for (; pw_sink_at(count); count++) {
		const struct pw_sink_ops *sink = pw_sink_at(count);

		assert_ptr_equal(pw_sink_find(sink->name), sink);
		assert_true(strlen(sink->summary) > 10);
		assert_int_equal(sink->extension[0], '.');
	}
	assert_int_equal(count, PW_COUNT(names));
	for (size_t i = 0; i < PW_COUNT(names); i++)
		assert_non_null(pw_sink_find(names[i]));
	assert_null(pw_sink_find("pdf"));
}

static void every_sink_refuses_a_table_that_is_not_there(void **state)
{
	const struct pw_sink_options options = {.table = "nothing"};
	const struct pw_sink_ops *sink;

	(void)state;
	for (size_t i = 0; (sink = pw_sink_at(i)); i++) {
		struct pw_tables *tables = pw_test_numbers(0, 2, 1);
		struct pw_error err;
		char *text = NULL;
		size_t bytes;
		FILE *out = open_memstream(&text, &bytes);

		assert_non_null(out);
		assert_int_equal(sink->write(out, tables, &options, &err),
				 PW_ERR_USAGE);
		assert_non_null(strstr(err.hint, "rows"));
		assert_int_equal(fclose(out), 0);
		assert_int_equal(bytes, 0);
		free(text);
		pw_tables_close(tables);
	}
}

static void every_sink_writes_the_same_twice(void **state)
{
	const struct pw_sink_ops *sink;

	(void)state;
	for (size_t i = 0; (sink = pw_sink_at(i)); i++) {
		struct pw_tables *tables = pw_test_numbers(2, 60, 3);
		char *one = pw_test_render(sink->name, tables, NULL);
		char *two = pw_test_render(sink->name, tables, NULL);

		assert_string_equal(one, two);
		free(one);
		free(two);
		pw_tables_close(tables);
	}
}

static enum pw_status fill_badly(void *state, struct pw_table *table,
				 struct pw_error *err)
{
	(void)state;
	(void)table;
	return pw_fail(err, PW_ERR_FORMAT, "chunk 3: damaged");
}

static void every_sink_passes_on_the_failure_of_a_source(void **state)
{
	const struct pw_row_source source = {.fill = fill_badly};
	const struct pw_sink_options options = {.table = "stream"};
	const struct pw_sink_ops *sink;

	(void)state;
	for (size_t i = 0; (sink = pw_sink_at(i)); i++) {
		struct pw_tables *tables = pw_test_document();
		struct pw_error err;
		FILE *out = fopen("/dev/null", "w");

		assert_non_null(out);
		pw_table_stream(pw_table_add(tables, &pw_test_stream), &source);
		assert_int_equal(sink->write(out, tables, &options, &err),
				 PW_ERR_FORMAT);
		fclose(out);
		pw_tables_close(tables);
	}
}

static void sink_next_steps_through_the_tables_that_match(void **state)
{
	struct pw_sink_options options = {0};
	struct pw_tables *tables = pw_test_document();
	struct pw_table *one;
	struct pw_table *two;
	size_t cursor = 0;

	(void)state;
	one = pw_table_add(tables, &pw_test_rows);
	pw_tables_group(tables, "machines", "a");
	two = pw_table_add(tables, &pw_test_counters_spec);
	pw_tables_group_end(tables);
	assert_ptr_equal(pw_sink_next(tables, &options, 0, &cursor), one);
	assert_ptr_equal(pw_sink_next(tables, &options, 0, &cursor), two);
	assert_null(pw_sink_next(tables, &options, 0, &cursor));
	cursor = 0;
	assert_ptr_equal(
		pw_sink_next(tables, &options, PW_TABLE_PRIMARY, &cursor), one);
	assert_null(pw_sink_next(tables, &options, PW_TABLE_PRIMARY, &cursor));
	cursor = 0;
	options.table = "counters";
	assert_ptr_equal(
		pw_sink_next(tables, &options, PW_TABLE_PRIMARY, &cursor), two);
	pw_tables_close(tables);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_sink_lets_a_control_character_out),
		cmocka_unit_test(hostile_json_parses_and_says_the_cleaned_text),
		cmocka_unit_test(hostile_lines_of_json_each_parse),
		cmocka_unit_test(hostile_text_adds_no_element_to_a_page),
		cmocka_unit_test(hostile_csv_has_its_columns_and_no_formula),
		cmocka_unit_test(numbers_are_equal_in_csv_json_and_lines),
		cmocka_unit_test(every_sink_writes_an_empty_document),
		cmocka_unit_test(every_sink_is_found_by_its_own_name),
		cmocka_unit_test(every_sink_refuses_a_table_that_is_not_there),
		cmocka_unit_test(every_sink_writes_the_same_twice),
		cmocka_unit_test(every_sink_passes_on_the_failure_of_a_source),
		cmocka_unit_test(sink_next_steps_through_the_tables_that_match),
	};

	return cmocka_run_group_tests(tests, pw_test_hostile_open,
				      pw_test_hostile_close);
}
