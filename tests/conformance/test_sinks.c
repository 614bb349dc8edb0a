/*
 * test_sinks.c - every sink on the same documents: plain and hostile ones.
 */
#include "tests/support/pw_test.h"

#include <jansson.h>

#include "base/random.h"
#include "base/text.h"
#include "tests/support/render.h"
#include "tests/support/xml.h"

static const struct pw_table_spec info = {
	.name = "info",
	.title = "Trace",
	.help = "What was recorded.",
	.form = PW_FORM_RECORD,
	.column = {{"path", "File", PW_CELL_TEXT, PW_UNIT_NONE},
		   {"bytes", "Size", PW_CELL_U64, PW_UNIT_BYTES},
		   {"complete", NULL, PW_CELL_BOOL, PW_UNIT_NONE}},
};

/* Every type and unit that a column can have. */
static const struct pw_table_spec rows = {
	.name = "rows",
	.title = "Rows",
	.form = PW_FORM_ROWS,
	.flags = PW_TABLE_PRIMARY,
	.chart = {.kind = PW_CHART_LINE, .x = "count", .y = {"bytes"}},
	.column = {{"text", "Text", PW_CELL_TEXT, PW_UNIT_NONE},
		   {"plain", NULL, PW_CELL_U64, PW_UNIT_NONE},
		   {"count", NULL, PW_CELL_U64, PW_UNIT_COUNT},
		   {"bytes", NULL, PW_CELL_U64, PW_UNIT_BYTES},
		   {"pages", NULL, PW_CELL_U64, PW_UNIT_PAGES},
		   {"ns", NULL, PW_CELL_U64, PW_UNIT_NS},
		   {"cycles", NULL, PW_CELL_U64, PW_UNIT_CYCLES},
		   {"address", NULL, PW_CELL_U64, PW_UNIT_ADDRESS},
		   {"ratio", NULL, PW_CELL_F64, PW_UNIT_RATIO},
		   {"mean", NULL, PW_CELL_F64, PW_UNIT_NONE},
		   {"flag", NULL, PW_CELL_BOOL, PW_UNIT_NONE}},
};

#define ROWS_COLUMNS 11

static const struct pw_table_spec counters = {
	.name = "counters",
	.title = "Counters",
	.form = PW_FORM_PAIRS,
};

static const struct pw_table_spec stream = {
	.name = "stream",
	.form = PW_FORM_ROWS,
	.flags = PW_TABLE_DETAIL,
	.column = {{"text", NULL, PW_CELL_TEXT, PW_UNIT_NONE},
		   {"n", NULL, PW_CELL_U64, PW_UNIT_COUNT}},
};

#define MEBIBYTE ((size_t)1 << 20)

static const char *const hostile[] = {
	"\033[31mred\033[0m",
	"\033]0;title\007",
	"\033]8;;http://example.com\033\\link\033]8;;\033\\",
	"\033]52;c;cHduZWQ=\007",
	"\033P+q544e\033\\",
	"\302\23331m C1 \302\2350;x\302\234",
	"\23331m raw C1",
	"\xe2\x80\xaemirrored\xe2\x80\xac \xe2\x81\xa6isolated\xe2\x81\xa9",
	"\xef\xbb\xbf\xe2\x80\x8bzero width",
	"bad UTF-8 \xff\xfe \xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80 \xe2\x82",
	"\xef\xbf\xbf no character \xef\xb7\x90",
	"<script>alert(1)</script>",
	"</td></tr></table><img src=x onerror=alert(1)>",
	"<!-- --> ]]> <![CDATA[ &amp; &#0; &bogus;",
	"\" onmouseover=\"alert(1)\" '",
	"`touch pwned` $(touch pwned) ${x}",
	"'; system('touch pwned'); '",
	"=cmd|'/c calc'!A1",
	"+1+1",
	"-1-1",
	"@SUM(A1)",
	"\t=tab",
	"\r\n=line",
	"a,b;c\"d\"\"e",
	"line\none\rtwo\vthree\ffour",
	"| pipe | **bold** | [x](javascript:alert(1)) |",
	"# heading\n- list\n> quote",
	"%s%n%d %1$s",
	"\\x1b \\u001b \\\" \\",
	"\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f\x1f\x7f",
	"",
	" ",
	"\xc3\xa9t\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80",
};

static char *long_text;

static size_t hostile_count(void)
{
	return PW_COUNT(hostile) + 1;
}

/* The corpus, and after it a name of a mebibyte. */
static const char *hostile_at(size_t index)
{
	return index < PW_COUNT(hostile) ? hostile[index] : long_text;
}

static int make_long_text(void **state)
{
	(void)state;
	long_text = malloc(MEBIBYTE + 1);
	if (!long_text)
		return -1;
	for (size_t i = 0; i < MEBIBYTE; i++)
		long_text[i] = "ab\x1b<\xc3\xa9\"|"[i % 8];
	long_text[MEBIBYTE] = '\0';
	return 0;
}

static int free_long_text(void **state)
{
	(void)state;
	free(long_text);
	return 0;
}

/* ---- documents ---- */

static void add_row(struct pw_table *table, const char *text,
		    struct pw_random *random)
{
	static const double odd[] = {0,	   -0.0,    1e-300, 5e-324, 0.1,
				     1e22, 1.0 / 3, -2.5,   1e15,   123456.789};

	pw_cell_text(table, text);
	for (size_t i = 1; i < ROWS_COLUMNS - 3; i++)
		pw_cell_u64(table, pw_random_next(random) >>
					   (1 + pw_random_below(random, 63)));
	pw_cell_f64(table, (double)pw_random_next(random) * 0x1p-64);
	pw_cell_f64(table, odd[pw_random_below(random, PW_COUNT(odd))]);
	pw_cell_bool(table, pw_random_below(random, 2));
}

static enum pw_status fill(void *state, struct pw_table *table,
			   struct pw_error *err)
{
	uint64_t *next = state;

	(void)err;
	for (int i = 0; i < 4 && *next < hostile_count(); i++, (*next)++) {
		pw_cell_text(table, hostile_at(*next));
		pw_cell_u64(table, *next);
	}
	return PW_OK;
}

static void close_stream(void *state)
{
	free(state);
}

static void add_stream(struct pw_tables *tables)
{
	struct pw_row_source source = {.fill = fill, .close = close_stream};

	source.state = calloc(1, sizeof(uint64_t));
	assert_non_null(source.state);
	pw_table_stream(pw_table_add(tables, &stream), &source);
}

/* One document with every form, hostile text wherever text can stand. */
static struct pw_tables *make_hostile(void)
{
	struct pw_tables *tables = pw_test_document();
	struct pw_random random;
	struct pw_table *table;

	pw_random_seed(&random, 11);
	table = pw_table_add(tables, &info);
	pw_cell_text(table, hostile_at(0));
	pw_cell_u64(table, 1536);
	pw_cell_bool(table, true);
	for (size_t i = 0; i < hostile_count(); i++) {
		pw_tables_group(tables, "machines", hostile_at(i));
		table = pw_table_add(tables, &counters);
		pw_pair_text(table, hostile_at(i), hostile_at(i));
		pw_pair_u64(table, "dtlb.misses", i, PW_UNIT_COUNT);
		table = pw_table_add(tables, &rows);
		add_row(table, hostile_at(i), &random);
		pw_tables_group_end(tables);
		pw_tables_note(tables, "%s", hostile_at(i));
	}
	pw_tables_mark_partial(tables, "%s", hostile_at(1));
	add_stream(tables);
	return tables;
}

/* A document of numbers: rows, in @groups groups when there are any. */
static struct pw_tables *make_numbers(size_t groups, size_t count,
				      uint64_t seed)
{
	struct pw_tables *tables = pw_test_document();
	struct pw_random random;

	pw_random_seed(&random, seed);
	for (size_t g = 0; g < (groups ? groups : 1); g++) {
		struct pw_table *table;
		char label[20];

		snprintf(label, sizeof(label), "m%zu", g);
		if (groups)
			pw_tables_group(tables, "machines", label);
		table = pw_table_add(tables, &rows);
		for (size_t i = 0; i < count; i++)
			add_row(table, "a \"b\", c", &random);
		if (groups)
			pw_tables_group_end(tables);
	}
	return tables;
}

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
			struct pw_tables *tables = make_hostile();
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
	struct pw_tables *tables = make_hostile();
	char *text = pw_test_render("json", tables, NULL);
	json_t *root = parse(text);
	json_t *machines = json_object_get(root, "machines");
	char *clean = malloc(4 * MEBIBYTE + 1);

	(void)state;
	assert_non_null(clean);
	assert_int_equal(json_array_size(machines), hostile_count());
	for (size_t i = 0; i < hostile_count(); i++) {
		json_t *machine = json_array_get(machines, i);
		json_t *row =
			json_array_get(json_object_get(machine, "rows"), 0);

		pw_text_clean(clean, 4 * MEBIBYTE + 1, hostile_at(i));
		assert_string_equal(
			json_string_value(json_object_get(machine, "name")),
			clean);
		assert_string_equal(
			json_string_value(json_object_get(row, "text")), clean);
	}
	assert_int_equal(json_array_size(json_object_get(root, "stream")),
			 hostile_count());
	free(clean);
	json_decref(root);
	free(text);
	pw_tables_close(tables);
}

static void hostile_lines_of_json_each_parse(void **state)
{
	struct pw_tables *tables = make_hostile();
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
	assert_int_equal(lines, hostile_count());
	free(text);
	pw_tables_close(tables);
}

/* The page with harmless texts in place of all hostile ones. */
static struct pw_tables *make_harmless(void)
{
	struct pw_tables *tables = pw_test_document();
	struct pw_random random;
	struct pw_table *table;

	pw_random_seed(&random, 11);
	table = pw_table_add(tables, &info);
	pw_cell_text(table, "x");
	pw_cell_u64(table, 1536);
	pw_cell_bool(table, true);
	for (size_t i = 0; i < hostile_count(); i++) {
		pw_tables_group(tables, "machines", "x");
		table = pw_table_add(tables, &counters);
		pw_pair_text(table, "x", "x");
		pw_pair_u64(table, "dtlb.misses", i, PW_UNIT_COUNT);
		table = pw_table_add(tables, &rows);
		add_row(table, "x", &random);
		pw_tables_group_end(tables);
		pw_tables_note(tables, "x");
	}
	pw_tables_mark_partial(tables, "x");
	add_stream(tables);
	return tables;
}

static void hostile_text_adds_no_element_to_a_page(void **state)
{
	static const char *const element[] = {
		"html", "body", "table", "tr", "td", "th", "div",   "section",
		"a",	"li",	"ul",	 "dl", "dt", "dd", "style", "script",
		"img",	"meta", "h1",	 "h2", "h3", "p",  "strong"};
	struct pw_tables *tables = make_hostile();
	char *page = pw_test_render("html", tables, NULL);
	struct pw_tables *harmless = make_harmless();
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
	assert_true(strlen(page) < 2 * MEBIBYTE);
	free(page);
	free(plain);
	pw_tables_close(tables);
	pw_tables_close(harmless);
}

/* ---- CSV read back ---- */

struct csv {
	char *text; /* cells in place, each ended by a 0 byte */
	char **cell;
	size_t cells;
	size_t columns;
};

/* Cut the cell at @at; returns where the next one begins. */
static char *cut_cell(char *at, char *end)
{
	char *to = at;
	bool quoted = *at == '"';

	for (at += quoted; *at; at++) {
		if (quoted && at[0] == '"' && at[1] == '"')
			at++;
		else if (quoted ? *at == '"' : strchr(",\n", *at) != NULL)
			break;
		*to++ = *at;
	}
	at += quoted;
	assert_true(*at == ',' || *at == '\n');
	*end = *at;
	*to = '\0';
	return at + 1;
}

static struct csv read_csv(char *text)
{
	struct csv csv = {.text = text};
	size_t room = 1;
	char *at = text;

	for (const char *c = text; *c; c++)
		room += *c == ',' || *c == '\n';
	csv.cell = calloc(room, sizeof(*csv.cell));
	assert_non_null(csv.cell);
	while (*at) {
		char end;

		csv.cell[csv.cells++] = at;
		at = cut_cell(at, &end);
		if (end == '\n' && csv.columns == 0)
			csv.columns = csv.cells;
		if (end == '\n')
			assert_int_equal(csv.cells % csv.columns, 0);
	}
	return csv;
}

static void free_csv(struct csv *csv)
{
	free(csv->cell);
	free(csv->text);
}

static void hostile_csv_has_its_columns_and_no_formula(void **state)
{
	static const char *const names[] = {"rows", "counters", "stream"};

	(void)state;
	for (size_t n = 0; n < PW_COUNT(names); n++) {
		const struct pw_sink_options options = {.table = names[n]};
		struct pw_tables *tables = make_hostile();
		struct csv csv =
			read_csv(pw_test_render("csv", tables, &options));

		assert_true(csv.cells >= csv.columns * hostile_count());
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
		free_csv(&csv);
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
	struct pw_tables *tables = make_numbers(groups, count, seed);
	struct csv csv = read_csv(pw_test_render("csv", tables, NULL));
	char *lines = pw_test_render("jsonl", tables, NULL);
	char *text = pw_test_render("json", tables, NULL);
	json_t *root = parse(text);
	size_t labels = groups > 1;
	char *line = lines;

	assert_int_equal(csv.columns, ROWS_COLUMNS + labels);
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
	free_csv(&csv);
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
		struct pw_tables *tables = make_numbers(0, 2, 1);
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
		struct pw_tables *tables = make_numbers(2, 60, 3);
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
		pw_table_stream(pw_table_add(tables, &stream), &source);
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
	one = pw_table_add(tables, &rows);
	pw_tables_group(tables, "machines", "a");
	two = pw_table_add(tables, &counters);
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

	return cmocka_run_group_tests(tests, make_long_text, free_long_text);
}
