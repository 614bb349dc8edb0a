/*
 * test_process_list.c - the processes of a trace, as a table.
 */
#include "tests/support/pw_test.h"

#include <stdlib.h>

#include "base/table.h"
#include "formats/layout.h"
#include "formats/process_list.h"

/* With a look at all threads for each of them this would take minutes. */
static void a_million_processes_are_listed(void **state)
{
	struct pw_thread *threads = calloc(PW_THREADS_MAX, sizeof(*threads));
	struct pw_trace_info info = {.threads = threads,
				     .thread_count = PW_THREADS_MAX};
	struct pw_process_list list;
	struct pw_error err = {0};
	struct pw_tables *tables;
	struct pw_table *table;
	size_t items, rows;

	(void)state;
	assert_non_null(threads);
	for (uint32_t i = 0; i < PW_THREADS_MAX; i++)
		threads[i] = (struct pw_thread){.process = i, .parent = i};
	PW_TEST_OK(pw_tables_open(&tables, &err), &err);
	pw_process_list_init(&list);
	PW_TEST_OK(pw_process_list_table(&list, &info, tables, &err), &err);
	table = pw_tables_items(tables, &items)->table;
	PW_TEST_OK(pw_table_next(table, &rows, &err), &err);
	assert_int_equal(rows, PW_THREADS_MAX);
	pw_process_list_free(&list);
	pw_tables_close(tables);
	free(threads);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_million_processes_are_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
