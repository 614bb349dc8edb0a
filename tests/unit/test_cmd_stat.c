/*
 * test_cmd_stat.c - pagewalk stat: rows, rates and their time.
 */
#include "tests/support/pw_test.h"

#include <stdio.h>
#include <unistd.h>

#include "base/bits.h"
#include "formats/writer.h"
#include "tests/support/command.h"

#define ACCESSES 1000

static char directory[] = "/tmp/pw_cmd_stat_XXXXXX";
static char path[sizeof(directory) + 16];

/* 1000 stores to 10 pages in turn. */
static void write_trace(void)
{
	const struct pw_writer_options options = {.replace = true};
	const struct pw_thread thread = {.pid = 7, .tid = 7};
	const uint64_t pc = 0x1000;
	const uint32_t size = 8;
	const uint8_t kind = PW_ACCESS_STORE | PW_ACCESS_FIRST;
	struct pw_writer *writer;
	struct pw_error err;

	PW_TEST_OK(pw_writer_open(&writer, path, &options, &err), &err);
	PW_TEST_OK(pw_writer_thread(writer, &thread, &err), &err);
	for (uint64_t i = 0; i < ACCESSES; i++) {
		uint64_t address = (0x5000 + i % 10) * PW_PAGE_BYTES;
		const struct pw_accesses one = {.count = 1,
						.address = &address,
						.pc = &pc,
						.size_bytes = &size,
						.kind = &kind};

		PW_TEST_OK(pw_writer_accesses(writer, 0, &one, &err), &err);
	}
	PW_TEST_OK(pw_writer_close(writer, &err), &err);
}

/*
 * All faults are in the first 100 accesses: 10 of 1000 ns, 13 table entries of
 * 14 cycles and 100 instructions of half a cycle at 3 GHz are 10,077 ns; 900
 * instructions more are 150.
 */
static void rows_are_what_happened_in_them(void **state)
{
	const char *const words[] = {"--interval", "100", path};
	struct pw_tables *tables;
	struct pw_table *rows;

	(void)state;
	tables = pw_test_call("stat", PW_COUNT(words), words);
	rows = pw_test_table(tables, "vmstat");
	assert_int_equal(pw_test_rows_of(rows), 10);
	assert_int_equal(pw_test_cell(rows, 0, "time_ns").u64, 10077);
	assert_int_equal(pw_test_cell(rows, 9, "time_ns").u64, 10227);
	assert_int_equal(pw_test_cell(rows, 0, "pgfault").u64, 10);
	assert_int_equal(pw_test_cell(rows, 0, "nr_anon_pages").u64, 10);
	assert_int_equal(pw_test_cell(rows, 0, "nr_page_table_pages").u64, 4);
	for (size_t i = 0; i < 10; i++) {
		assert_int_equal(pw_test_cell(rows, i, "accesses").u64, 100);
		assert_int_equal(pw_test_cell(rows, i, "instructions").u64,
				 100);
		assert_int_equal(pw_test_cell(rows, i, "nr_anon_pages").u64,
				 10);
	}
	assert_int_equal(pw_test_cell(rows, 1, "pgfault").u64, 0);
	pw_tables_close(tables);
}

/* The first of 100 steps is past 5 us, and 15 us never come: a row for it and
 * one for the rest. */
static void rows_of_a_time_end_at_the_next_step(void **state)
{
	const char *const words[] = {"--interval", "5us", path};
	struct pw_tables *tables;
	struct pw_table *rows;

	(void)state;
	tables = pw_test_call("stat", PW_COUNT(words), words);
	rows = pw_test_table(tables, "vmstat");
	assert_int_equal(pw_test_rows_of(rows), 2);
	assert_int_equal(pw_test_cell(rows, 0, "accesses").u64, 10);
	assert_int_equal(pw_test_cell(rows, 1, "accesses").u64, 990);
	pw_tables_close(tables);
}

/* 10 faults in 10,077 ns, and in 10,227 ns on the average. */
static void sar_has_rates_a_second(void **state)
{
	const char *const words[] = {"--interval", "100", "--view", "sar",
				     path};
	struct pw_tables *tables;
	struct pw_table *rows, *average;

	(void)state;
	tables = pw_test_call("stat", PW_COUNT(words), words);
	rows = pw_test_table(tables, "sar");
	average = pw_test_table(tables, "average");
	assert_int_equal(pw_test_rows_of(rows), 10);
	assert_true(pw_test_cell(rows, 0, "fault_s").f64 > 992358);
	assert_true(pw_test_cell(rows, 0, "fault_s").f64 < 992360);
	assert_true(pw_test_cell(rows, 1, "fault_s").f64 == 0);
	assert_true(pw_test_cell(average, 0, "fault_s").f64 > 977803);
	assert_true(pw_test_cell(average, 0, "fault_s").f64 < 977805);
	pw_tables_close(tables);
}

static void an_interval_is_a_time_or_a_number(void **state)
{
	static const char *const wrong[] = {"0", "x", "0ms", "-1", "5q"};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(wrong); i++) {
		char word[32];
		const char *const words[] = {word, path};

		snprintf(word, sizeof(word), "--interval=%s", wrong[i]);
		pw_test_refuse("stat", PW_COUNT(words), words, PW_ERR_USAGE,
			       "neither a time nor");
	}
}

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/trace.pwt", directory);
	write_trace();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return unlink(path) || rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_what_happened_in_them),
		cmocka_unit_test(rows_of_a_time_end_at_the_next_step),
		cmocka_unit_test(sar_has_rates_a_second),
		cmocka_unit_test(an_interval_is_a_time_or_a_number),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
