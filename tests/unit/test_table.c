/*
 * test_table.c - the document: rows, pairs, streams, groups, sticky errors.
 */
#include "tests/support/pw_test.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/table.h"

static const struct pw_table_spec rows_spec = {
	.name = "rows",
	.column = {{"page", NULL, PW_CELL_U64, PW_UNIT_ADDRESS},
		   {"share", NULL, PW_CELL_F64, PW_UNIT_RATIO},
		   {"who", NULL, PW_CELL_TEXT, PW_UNIT_NONE},
		   {"hot", NULL, PW_CELL_BOOL, PW_UNIT_NONE}},
};

static const struct pw_table_spec pairs_spec = {
	.name = "counters",
	.form = PW_FORM_PAIRS,
};

static int open_tables(void **state)
{
	struct pw_error err;

	return pw_tables_open((struct pw_tables **)state, &err) != PW_OK;
}

static int close_tables(void **state)
{
	pw_tables_close(*state);
	return 0;
}

static size_t next(struct pw_table *table)
{
	struct pw_error err;
	size_t rows;

	PW_TEST_OK(pw_table_next(table, &rows, &err), &err);
	return rows;
}

static void add_row(struct pw_table *table, uint64_t page, const char *who)
{
	pw_cell_u64(table, page);
	pw_cell_f64(table, (double)page / 8);
	pw_cell_text(table, who);
	pw_cell_bool(table, page % 2 != 0);
}

static void gives_back_the_cells_of_its_rows(void **state)
{
	struct pw_table *table = pw_table_add(*state, &rows_spec);
	char who[] = "first";

	add_row(table, 1, who);
	who[0] = 'X'; /* it has been copied */
	add_row(table, 2, "");
	assert_int_equal(pw_table_columns(table), 4);
	assert_int_equal(next(table), 2);
	assert_int_equal(pw_table_cell(table, 0, 0).u64, 1);
	assert_true(pw_table_cell(table, 0, 1).f64 == 0.125);
	assert_string_equal(pw_table_cell(table, 0, 2).text, "first");
	assert_true(pw_table_cell(table, 0, 3).boolean);
	assert_string_equal(pw_table_cell(table, 1, 2).text, "");
	assert_false(pw_table_cell(table, 1, 3).boolean);
	assert_int_equal(pw_table_cell_unit(table, 1, 0), PW_UNIT_ADDRESS);
	assert_int_equal(pw_table_cell_type(table, 1, 1), PW_CELL_F64);
	assert_int_equal(next(table), 0);
}

static void is_read_again_after_a_rewind(void **state)
{
	struct pw_table *table = pw_table_add(*state, &rows_spec);

	assert_int_equal(next(table), 0);
	pw_table_rewind(table);
	add_row(table, 3, "x");
	assert_int_equal(next(table), 1);
	assert_int_equal(next(table), 0);
	pw_table_rewind(table);
	assert_int_equal(next(table), 1);
}

static void gives_each_pair_its_type_and_unit(void **state)
{
	struct pw_table *table = pw_table_add(*state, &pairs_spec);

	pw_pair_u64(table, "rss.bytes", 4096, PW_UNIT_BYTES);
	pw_pair_f64(table, "miss.ratio", 0.5, PW_UNIT_RATIO);
	pw_pair_text(table, "model", "lru");
	assert_int_equal(pw_table_columns(table), 2);
	assert_int_equal(next(table), 3);
	assert_string_equal(pw_table_cell(table, 0, 0).text, "rss.bytes");
	assert_int_equal(pw_table_cell(table, 0, 1).u64, 4096);
	assert_int_equal(pw_table_cell_unit(table, 0, 1), PW_UNIT_BYTES);
	assert_int_equal(pw_table_cell_type(table, 0, 0), PW_CELL_TEXT);
	assert_int_equal(pw_table_cell_type(table, 1, 1), PW_CELL_F64);
	assert_true(pw_table_cell(table, 1, 1).f64 == 0.5);
	assert_string_equal(pw_table_cell(table, 2, 0).text, "model");
	assert_string_equal(pw_table_cell(table, 2, 1).text, "lru");
}

/* Counts down in batches of at most three rows. */
struct countdown {
	uint64_t left;
	bool fail;
	int closed;
};

static enum pw_status fill(void *source, struct pw_table *table,
			   struct pw_error *err)
{
	struct countdown *countdown = source;

	if (countdown->fail)
		return pw_fail(err, PW_ERR_FORMAT, "source failed");
	for (int i = 0; i < 3 && countdown->left; i++)
		add_row(table, countdown->left--, "row");
	return PW_OK;
}

static void close_countdown(void *source)
{
	((struct countdown *)source)->closed++;
}

static void brings_the_rows_of_a_source_batch_by_batch(void **state)
{
	struct countdown countdown = {.left = 7};
	const struct pw_row_source source = {&countdown, fill, close_countdown};
	struct pw_tables *tables;
	struct pw_table *table;
	struct pw_error err;

	(void)state;
	PW_TEST_OK(pw_tables_open(&tables, &err), &err);
	table = pw_table_add(tables, &rows_spec);
	assert_false(pw_table_is_stream(table));
	pw_table_stream(table, &source);
	assert_true(pw_table_is_stream(table));
	assert_int_equal(next(table), 3);
	assert_int_equal(pw_table_cell(table, 0, 0).u64, 7);
	assert_int_equal(next(table), 3);
	assert_int_equal(pw_table_cell(table, 0, 0).u64, 4);
	assert_int_equal(next(table), 1);
	assert_string_equal(pw_table_cell(table, 0, 2).text, "row");
	assert_int_equal(next(table), 0);
	assert_int_equal(next(table), 0);
	assert_int_equal(countdown.closed, 0);
	pw_tables_close(tables);
	assert_int_equal(countdown.closed, 1);
}

static void passes_on_what_a_source_says(void **state)
{
	struct countdown countdown = {.fail = true};
	const struct pw_row_source source = {&countdown, fill, NULL};
	struct pw_table *table = pw_table_add(*state, &rows_spec);
	struct pw_error err;
	size_t rows;

	pw_table_stream(table, &source);
	assert_int_equal(pw_table_next(table, &rows, &err), PW_ERR_FORMAT);
	assert_string_equal(err.message, "source failed");
	assert_int_equal(rows, 0);
}

static void lists_tables_and_groups_in_order(void **state)
{
	char label[] = "skylake";
	const struct pw_item *item;
	struct pw_table *first;
	size_t count;

	first = pw_table_add(*state, &rows_spec);
	pw_tables_group(*state, "machines", label);
	label[0] = 'X';
	pw_table_add(*state, &pairs_spec);
	pw_tables_group_end(*state);
	item = pw_tables_items(*state, &count);
	assert_int_equal(count, 4);
	assert_int_equal(item[0].kind, PW_ITEM_TABLE);
	assert_ptr_equal(item[0].table, first);
	assert_ptr_equal(pw_table_spec(item[0].table), &rows_spec);
	assert_int_equal(item[1].kind, PW_ITEM_GROUP);
	assert_string_equal(item[1].group, "machines");
	assert_string_equal(item[1].label, "skylake");
	assert_ptr_equal(pw_table_spec(item[2].table), &pairs_spec);
	assert_int_equal(item[3].kind, PW_ITEM_GROUP_END);
}

static void keeps_notes_requests_and_the_exit_status(void **state)
{
	const char *format;
	const char *path;

	assert_null(pw_tables_note_at(*state, 0));
	pw_tables_note(*state, "%d of %d", 1, 2);
	pw_tables_note(*state, "second");
	assert_string_equal(pw_tables_note_at(*state, 0), "1 of 2");
	assert_string_equal(pw_tables_note_at(*state, 1), "second");
	assert_null(pw_tables_note_at(*state, 2));
	assert_false(pw_tables_also_at(*state, 0, &format, &path));
	pw_tables_also(*state, "html", "r.html");
	assert_true(pw_tables_also_at(*state, 0, &format, &path));
	assert_string_equal(format, "html");
	assert_string_equal(path, "r.html");
	assert_int_equal(pw_tables_exit(*state), 0);
	pw_tables_set_exit(*state, 137);
	assert_int_equal(pw_tables_exit(*state), 137);
	assert_false(pw_tables_quiet(*state));
	pw_tables_set_quiet(*state, true);
	assert_true(pw_tables_quiet(*state));
}

static void joins_the_reasons_for_partial_results(void **state)
{
	assert_null(pw_tables_partial(*state));
	pw_tables_mark_partial(*state, "chunk %d is damaged", 3);
	assert_string_equal(pw_tables_partial(*state), "chunk 3 is damaged");
	pw_tables_mark_partial(*state, "the end is missing");
	assert_string_equal(pw_tables_partial(*state),
			    "chunk 3 is damaged; the end is missing");
	pw_tables_mark_partial(*state, "chunk %d is damaged", 3);
	assert_string_equal(pw_tables_partial(*state),
			    "chunk 3 is damaged; the end is missing");
}

static void makes_details_of_tables_set_aside(void **state)
{
	const struct pw_table_spec spec = {
		.name = "main",
		.flags = PW_TABLE_PRIMARY,
		.column = {{"page", NULL, PW_CELL_U64, PW_UNIT_NONE}},
	};
	struct pw_table *table;

	pw_tables_aside(*state, true);
	table = pw_table_add(*state, &spec);
	assert_int_equal(pw_table_spec(table)->flags, PW_TABLE_DETAIL);
	assert_string_equal(pw_table_spec(table)->name, "main");
	pw_tables_aside(*state, false);
	table = pw_table_add(*state, &spec);
	assert_int_equal(pw_table_spec(table)->flags, PW_TABLE_PRIMARY);
}

/* In a child that may have 256 MiB in all. */
static int fill_until_memory_ends(void)
{
	const struct rlimit limit = {(rlim_t)256 << 20, (rlim_t)256 << 20};
	struct pw_tables *tables;
	struct pw_table *table;
	struct pw_error err;
	size_t rows;

	if (pw_tables_open(&tables, &err) != PW_OK ||
	    setrlimit(RLIMIT_AS, &limit) != 0)
		return 2;
	table = pw_table_add(tables, &rows_spec);
	for (uint64_t i = 0; i < 20000000; i++) {
		add_row(table, i, "some text");
		if (i % 4096 == 0 && pw_tables_check(tables, &err) != PW_OK)
			break;
	}
	/* What comes after the failure is swallowed. */
	add_row(table, 1, "more");
	add_row(pw_table_add(tables, &rows_spec), 2, "more");
	pw_pair_u64(pw_table_add(tables, &pairs_spec), "a", 1, PW_UNIT_NONE);
	if (pw_tables_check(tables, &err) != PW_ERR_SYSTEM)
		return 3;
	if (pw_table_next(table, &rows, &err) != PW_ERR_SYSTEM)
		return 4;
	pw_tables_close(tables);
	return 0;
}

static void remembers_that_memory_ran_out(void **state)
{
	int status;
	pid_t child;

	(void)state;
#if defined(__SANITIZE_ADDRESS__)
	skip();
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
	skip();
#endif
#endif
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(fill_until_memory_ends());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* A recording comes before its report and is read after it. */
static void moves_what_came_first_behind_the_rest(void **state)
{
	struct pw_tables *tables = *state;
	const struct pw_item *item;
	struct pw_table *later;
	size_t before, count;

	pw_tables_group(tables, "sections", "capture");
	pw_table_add(tables, &rows_spec);
	pw_tables_group_end(tables);
	pw_tables_items(tables, &before);
	assert_int_equal(before, 3);
	later = pw_table_add(tables, &pairs_spec);
	pw_tables_move_last(tables, before);
	item = pw_tables_items(tables, &count);
	assert_int_equal(count, 4);
	assert_ptr_equal(item[0].table, later);
	assert_int_equal(item[1].kind, PW_ITEM_GROUP);
	assert_ptr_equal(pw_table_spec(item[2].table), &rows_spec);
	assert_int_equal(item[3].kind, PW_ITEM_GROUP_END);
}

static void calls_a_pair_by_its_title(void **state)
{
	struct pw_tables *tables = *state;
	struct pw_table *table = pw_table_add(tables, &pairs_spec);

	pw_pair_title(table, "of nothing");
	pw_pair_u64(table, "rss.bytes", 1, PW_UNIT_BYTES);
	pw_pair_title(table, "Resident set");
	pw_pair_u64(table, "plain", 2, PW_UNIT_NONE);
	assert_string_equal(pw_table_pair_title(table, 0), "Resident set");
	assert_null(pw_table_pair_title(table, 1));
	assert_string_equal(pw_table_cell(table, 0, 0).text, "rss.bytes");
}

#define WITH_TABLES(test) \
	cmocka_unit_test_setup_teardown(test, open_tables, close_tables)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TABLES(gives_back_the_cells_of_its_rows),
		WITH_TABLES(is_read_again_after_a_rewind),
		WITH_TABLES(gives_each_pair_its_type_and_unit),
		cmocka_unit_test(brings_the_rows_of_a_source_batch_by_batch),
		WITH_TABLES(passes_on_what_a_source_says),
		WITH_TABLES(lists_tables_and_groups_in_order),
		WITH_TABLES(keeps_notes_requests_and_the_exit_status),
		WITH_TABLES(joins_the_reasons_for_partial_results),
		WITH_TABLES(makes_details_of_tables_set_aside),
		WITH_TABLES(moves_what_came_first_behind_the_rest),
		WITH_TABLES(calls_a_pair_by_its_title),
		cmocka_unit_test(remembers_that_memory_ran_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
