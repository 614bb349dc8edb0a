/*
 * test_cmd_info.c - what pagewalk info says of a trace with gaps.
 */
#include "tests/support/pw_test.h"

#include <unistd.h>

#include "base/command.h"
#include "formats/writer.h"

static char path[] = "/tmp/pw_cmd_info_XXXXXX";

/* A trace of one thread with an "unrecorded" event for each of @why. */
static void write_trace(size_t count, const char *const *why)
{
	const struct pw_writer_options options = {.unknown = PW_UNKNOWN_SIZES,
						  .replace = true};
	const struct pw_thread thread = {.pid = 7, .tid = 7};
	const struct pw_event mark = {.kind = PW_EVENT_mark, .text = "thread"};
	struct pw_writer *writer;
	struct pw_error err;

	PW_TEST_OK(pw_writer_open(&writer, path, &options, &err), &err);
	PW_TEST_OK(pw_writer_thread(writer, &thread, &err), &err);
	PW_TEST_OK(pw_writer_event(writer, 0, &mark, &err), &err);
	for (size_t i = 0; i < count; i++) {
		const struct pw_event event = {.kind = PW_EVENT_unrecorded,
					       .arg = {56},
					       .text = why[i]};

		PW_TEST_OK(pw_writer_event(writer, 0, &event, &err), &err);
	}
	PW_TEST_OK(pw_writer_close(writer, &err), &err);
}

static struct pw_tables *call_info(void)
{
	const char *const words[] = {path};
	struct pw_tables *tables;
	struct pw_error err;

	PW_TEST_OK(pw_tables_open(&tables, &err), &err);
	PW_TEST_OK(pw_command_call("info", 1, words, tables, &err), &err);
	PW_TEST_OK(pw_tables_check(tables, &err), &err);
	return tables;
}

/* The table "unknown", whose row @index must be @text; NULL: the end. */
static void assert_unknown(struct pw_tables *tables, size_t index,
			   const char *text)
{
	size_t count, rows;
	const struct pw_item *items = pw_tables_items(tables, &count);
	struct pw_table *table = NULL;
	struct pw_error err;

	for (size_t i = 0; i < count; i++)
		if (items[i].kind == PW_ITEM_TABLE &&
		    strcmp(pw_table_spec(items[i].table)->name, "unknown") == 0)
			table = items[i].table;
	assert_non_null(table);
	pw_table_rewind(table);
	PW_TEST_OK(pw_table_next(table, &rows, &err), &err);
	if (!text)
		assert_int_equal(rows, index);
	else
		assert_true(index < rows);
	if (text)
		assert_string_equal(pw_table_cell(table, index, 0).text, text);
}

static void what_was_not_recorded_is_counted_and_noted(void **state)
{
	static const char *const why[] = {"thread", "process", "personality",
					  "thread", ""};
	struct pw_tables *tables;

	(void)state;
	write_trace(PW_COUNT(why), why);
	tables = call_info();
	assert_unknown(tables, 0, "access sizes");
	assert_unknown(tables, 1, "threads or processes: 3");
	assert_unknown(tables, 2, "effects of system calls: 2");
	assert_unknown(tables, 3, NULL);
	assert_string_equal(pw_tables_note_at(tables, 0),
			    "not recorded: threads or processes: 3");
	assert_string_equal(pw_tables_note_at(tables, 1),
			    "not recorded: effects of system calls: 2");
	assert_null(pw_tables_note_at(tables, 2));
	pw_tables_close(tables);
}

/* A mark called "thread" is none. */
static void nothing_is_noted_of_a_whole_recording(void **state)
{
	struct pw_tables *tables;

	(void)state;
	write_trace(0, NULL);
	tables = call_info();
	assert_unknown(tables, 0, "access sizes");
	assert_unknown(tables, 1, NULL);
	assert_null(pw_tables_note_at(tables, 0));
	pw_tables_close(tables);
}

static struct pw_table *find(struct pw_tables *tables, const char *name)
{
	size_t count, rows;
	const struct pw_item *items = pw_tables_items(tables, &count);
	struct pw_table *table = NULL;
	struct pw_error err;

	for (size_t i = 0; i < count; i++)
		if (items[i].kind == PW_ITEM_TABLE &&
		    strcmp(pw_table_spec(items[i].table)->name, name) == 0)
			table = items[i].table;
	assert_non_null(table);
	pw_table_rewind(table);
	PW_TEST_OK(pw_table_next(table, &rows, &err), &err);
	return table;
}

/* A shell that forks; the child runs a program and is killed. */
static void write_family(void)
{
	const struct pw_writer_options options = {.replace = true};
	const struct pw_thread thread[] = {{.pid = 7, .tid = 7},
					   {.process = 1, .pid = 8, .tid = 8}};
	const struct {
		uint32_t thread;
		struct pw_event event;
	} step[] = {
		{0, {.kind = PW_EVENT_map, .text = "/bin/sh"}},
		{0, {.kind = PW_EVENT_clone, .result = 8, .arg = {17}}},
		{1,
		 {.kind = PW_EVENT_exec,
		  .text = "/bin/no",
		  .result = (uint64_t)-2}},
		{1, {.kind = PW_EVENT_gap, .arg = {5}}},
		{0, {.kind = PW_EVENT_gap, .arg = {5}}},
		{1, {.kind = PW_EVENT_exec, .text = "/bin/ls"}},
		{1, {.kind = PW_EVENT_killed, .arg = {9}}},
		{0, {.kind = PW_EVENT_exit_group, .arg = {259}}},
	};
	struct pw_writer *writer;
	struct pw_error err;

	PW_TEST_OK(pw_writer_open(&writer, path, &options, &err), &err);
	for (size_t i = 0; i < PW_COUNT(thread); i++)
		PW_TEST_OK(pw_writer_thread(writer, &thread[i], &err), &err);
	for (size_t i = 0; i < PW_COUNT(step); i++)
		PW_TEST_OK(pw_writer_event(writer, step[i].thread,
					   &step[i].event, &err),
			   &err);
	PW_TEST_OK(pw_writer_close(writer, &err), &err);
}

static void processes_are_listed_with_program_and_end(void **state)
{
	struct pw_tables *tables;
	struct pw_table *table;

	(void)state;
	write_family();
	tables = call_info();
	table = find(tables, "process_list");
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(pw_table_cell(table, i, 0).u64, i);
		assert_int_equal(pw_table_cell(table, i, 1).u64, 7 + i);
		assert_int_equal(pw_table_cell(table, i, 2).u64, 0);
		assert_int_equal(pw_table_cell(table, i, 3).u64, 1);
	}
	assert_string_equal(pw_table_cell(table, 0, 6).text, "exit 3");
	assert_string_equal(pw_table_cell(table, 0, 7).text, "/bin/sh");
	assert_string_equal(pw_table_cell(table, 1, 6).text, "signal 9");
	assert_string_equal(pw_table_cell(table, 1, 7).text, "/bin/ls");
	pw_tables_close(tables);
}

static int set_up(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_not_recorded_is_counted_and_noted),
		cmocka_unit_test(nothing_is_noted_of_a_whole_recording),
		cmocka_unit_test(processes_are_listed_with_program_and_end),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
