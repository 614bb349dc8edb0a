/*
 * documents.c - the documents that every sink has to write.
 */
#include "tests/support/documents.h"

#include "base/random.h"
#include "tests/support/pw_test.h"
#include "tests/support/render.h"

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
const struct pw_table_spec pw_test_rows = {
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

const struct pw_table_spec pw_test_counters_spec = {
	.name = "counters",
	.title = "Counters",
	.form = PW_FORM_PAIRS,
};

const struct pw_table_spec pw_test_stream = {
	.name = "stream",
	.form = PW_FORM_ROWS,
	.flags = PW_TABLE_DETAIL,
	.column = {{"text", NULL, PW_CELL_TEXT, PW_UNIT_NONE},
		   {"n", NULL, PW_CELL_U64, PW_UNIT_COUNT}},
};

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

size_t pw_test_hostile_count(void)
{
	return PW_COUNT(hostile) + 1;
}

/* The corpus, and after it a name of a mebibyte. */
const char *pw_test_hostile_at(size_t index)
{
	return index < PW_COUNT(hostile) ? hostile[index] : long_text;
}

int pw_test_hostile_open(void **state)
{
	(void)state;
	long_text = malloc(PW_TEST_MEBIBYTE + 1);
	if (!long_text)
		return -1;
	for (size_t i = 0; i < PW_TEST_MEBIBYTE; i++)
		long_text[i] = "ab\x1b<\xc3\xa9\"|"[i % 8];
	long_text[PW_TEST_MEBIBYTE] = '\0';
	return 0;
}

int pw_test_hostile_close(void **state)
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
	for (size_t i = 1; i < PW_TEST_NUMBER_COLUMNS - 3; i++)
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
	for (int i = 0; i < 4 && *next < pw_test_hostile_count();
	     i++, (*next)++) {
		pw_cell_text(table, pw_test_hostile_at(*next));
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
	pw_table_stream(pw_table_add(tables, &pw_test_stream), &source);
}

/* One document with every form, hostile text wherever text can stand. */
struct pw_tables *pw_test_hostile(void)
{
	struct pw_tables *tables = pw_test_document();
	struct pw_random random;
	struct pw_table *table;

	pw_random_seed(&random, 11);
	table = pw_table_add(tables, &info);
	pw_cell_text(table, pw_test_hostile_at(0));
	pw_cell_u64(table, 1536);
	pw_cell_bool(table, true);
	for (size_t i = 0; i < pw_test_hostile_count(); i++) {
		pw_tables_group(tables, "machines", pw_test_hostile_at(i));
		table = pw_table_add(tables, &pw_test_counters_spec);
		pw_pair_text(table, pw_test_hostile_at(i),
			     pw_test_hostile_at(i));
		pw_pair_u64(table, "dtlb.misses", i, PW_UNIT_COUNT);
		table = pw_table_add(tables, &pw_test_rows);
		add_row(table, pw_test_hostile_at(i), &random);
		pw_tables_group_end(tables);
		pw_tables_note(tables, "%s", pw_test_hostile_at(i));
	}
	pw_tables_mark_partial(tables, "%s", pw_test_hostile_at(1));
	add_stream(tables);
	return tables;
}

/* A document of numbers: rows, in @groups groups when there are any. */
struct pw_tables *pw_test_numbers(size_t groups, size_t count, uint64_t seed)
{
	struct pw_tables *tables = pw_test_document();
	struct pw_random random;

	pw_random_seed(&random, seed);
	for (size_t g = 0; g < (groups ? groups : 1); g++) {
		struct pw_table *table;
		char label[24];

		snprintf(label, sizeof(label), "m%zu", g);
		if (groups)
			pw_tables_group(tables, "machines", label);
		table = pw_table_add(tables, &pw_test_rows);
		for (size_t i = 0; i < count; i++)
			add_row(table, "a \"b\", c", &random);
		if (groups)
			pw_tables_group_end(tables);
	}
	return tables;
}

/* The page with harmless texts in place of all hostile ones. */
struct pw_tables *pw_test_harmless(void)
{
	struct pw_tables *tables = pw_test_document();
	struct pw_random random;
	struct pw_table *table;

	pw_random_seed(&random, 11);
	table = pw_table_add(tables, &info);
	pw_cell_text(table, "x");
	pw_cell_u64(table, 1536);
	pw_cell_bool(table, true);
	for (size_t i = 0; i < pw_test_hostile_count(); i++) {
		pw_tables_group(tables, "machines", "x");
		table = pw_table_add(tables, &pw_test_counters_spec);
		pw_pair_text(table, "x", "x");
		pw_pair_u64(table, "dtlb.misses", i, PW_UNIT_COUNT);
		table = pw_table_add(tables, &pw_test_rows);
		add_row(table, "x", &random);
		pw_tables_group_end(tables);
		pw_tables_note(tables, "x");
	}
	pw_tables_mark_partial(tables, "x");
	add_stream(tables);
	return tables;
}
