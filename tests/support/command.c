/*
 * command.c - commands called as a command line calls them.
 */
#include "tests/support/command.h"

#include "base/command.h"
#include "tests/support/pw_test.h"

struct pw_tables *pw_test_call(const char *name, size_t count,
			       const char *const *words)
{
	struct pw_tables *tables;
	struct pw_error err;

	PW_TEST_OK(pw_tables_open(&tables, &err), &err);
	PW_TEST_OK(pw_command_call(name, count, words, tables, &err), &err);
	PW_TEST_OK(pw_tables_check(tables, &err), &err);
	return tables;
}

void pw_test_refuse(const char *name, size_t count, const char *const *words,
		    enum pw_status status, const char *message)
{
	struct pw_tables *tables;
	struct pw_error err;

	PW_TEST_OK(pw_tables_open(&tables, &err), &err);
	assert_int_equal(pw_command_call(name, count, words, tables, &err),
			 status);
	if (!strstr(err.message, message))
		fail_msg("\"%s\" is not in \"%s\"", message, err.message);
	pw_tables_close(tables);
}

struct pw_table *pw_test_table(struct pw_tables *tables, const char *name)
{
	size_t count;
	const struct pw_item *items = pw_tables_items(tables, &count);

	for (size_t i = 0; i < count; i++) {
		if (items[i].kind == PW_ITEM_TABLE &&
		    strcmp(pw_table_spec(items[i].table)->name, name) == 0)
			return items[i].table;
	}
	fail_msg("no table %s", name);
	return NULL;
}

size_t pw_test_rows_of(struct pw_table *table)
{
	struct pw_error err;
	size_t rows;

	pw_table_rewind(table);
	PW_TEST_OK(pw_table_next(table, &rows, &err), &err);
	return rows;
}

union pw_cell pw_test_cell(struct pw_table *table, size_t row,
			   const char *column)
{
	const struct pw_table_spec *spec = pw_table_spec(table);

	assert_true(row < pw_test_rows_of(table));
	for (size_t i = 0; i < pw_table_columns(table); i++)
		if (strcmp(spec->column[i].name, column) == 0)
			return pw_table_cell(table, row, i);
	fail_msg("no column %s", column);
	return (union pw_cell){0};
}
