/*
 * test_cmd_replay.c - pagewalk replay and pagewalk machines as commands.
 */
#include "tests/support/pw_test.h"

#include <stdio.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/command.h"
#include "formats/writer.h"
#include "tests/support/command.h"

#define ACCESSES 1000

static char directory[] = "/tmp/pw_cmd_replay_XXXXXX";
static char path[sizeof(directory) + 16];

/* 1000 stores to 10 pages in turn, and a mark in the middle. */
static void write_trace(unsigned unknown)
{
	const struct pw_writer_options options = {
		.unknown = unknown, .segment_accesses = 100, .replace = true};
	const struct pw_thread thread = {.pid = 7, .tid = 7};
	const struct pw_event mark = {.kind = PW_EVENT_mark, .text = "half"};
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

		if (i == ACCESSES / 2)
			PW_TEST_OK(pw_writer_event(writer, 0, &mark, &err),
				   &err);
		PW_TEST_OK(pw_writer_accesses(writer, 0, &one, &err), &err);
	}
	PW_TEST_OK(pw_writer_close(writer, &err), &err);
}

/* The table called @name, of element @element of its group. */
static struct pw_table *find(struct pw_tables *tables, const char *name,
			     size_t element)
{
	size_t count;
	const struct pw_item *items = pw_tables_items(tables, &count);

	for (size_t i = 0; i < count; i++) {
		if (items[i].kind == PW_ITEM_TABLE &&
		    strcmp(pw_table_spec(items[i].table)->name, name) == 0 &&
		    element-- == 0)
			return items[i].table;
	}
	fail_msg("no table %s", name);
	return NULL;
}

static union pw_cell pair(struct pw_table *table, const char *name)
{
	size_t rows = pw_test_rows_of(table);

	for (size_t i = 0; i < rows; i++) {
		if (strcmp(pw_table_cell(table, i, 0).text, name) == 0)
			return pw_table_cell(table, i, 1);
	}
	fail_msg("no value %s", name);
	return (union pw_cell){0};
}

/* 1000 / 128 rounded up is 8, and that to 1, 2 or 5 times a power of ten is
 * 10: 100 rows. */
static void a_trace_replays_on_the_default_machine(void **state)
{
	const char *const words[] = {path};
	struct pw_tables *tables;
	struct pw_table *counters;

	(void)state;
	write_trace(0);
	tables = pw_test_call("replay", 1, words);
	counters = find(tables, "counters", 0);
	assert_int_equal(pair(counters, "accesses").u64, ACCESSES);
	assert_int_equal(pair(counters, "stores").u64, ACCESSES);
	assert_int_equal(pair(counters, "fault.minor").u64, 10);
	assert_int_equal(pair(counters, "fault.assumed").u64, 10);
	assert_int_equal(pair(counters, "rss.peak_bytes").u64,
			 10 * PW_PAGE_BYTES);
	assert_int_equal(pair(counters, "dtlb.misses").u64, 10);
	assert_int_equal(pw_test_rows_of(find(tables, "intervals", 0)), 100);
	assert_int_equal(pw_test_rows_of(find(tables, "memory", 0)), 100);
	assert_int_equal(pw_test_rows_of(find(tables, "marks", 0)), 1);
	assert_string_equal(pw_table_cell(find(tables, "marks", 0), 0, 0).text,
			    "half");
	assert_string_equal(pair(find(tables, "machine", 0), "name").text,
			    "generic-x86-64");
	assert_null(pw_tables_partial(tables));
	assert_non_null(strstr(pw_tables_note_at(tables, 0), "memory: 10"));
	pw_tables_close(tables);
}

/* 10 faults of 1000 ns at 3 GHz: 30,000 cycles. Instructions at 0.5 each. No
 * STLB hit; walks of 4 + 9 * 1 entries at 14 cycles. */
static void time_is_the_sum_of_what_things_cost(void **state)
{
	const char *const words[] = {path};
	struct pw_tables *tables;
	struct pw_table *time;

	(void)state;
	write_trace(0);
	tables = pw_test_call("replay", 1, words);
	time = find(tables, "time", 0);
	assert_int_equal(pair(time, "base.cycles").u64, ACCESSES / 2);
	assert_int_equal(pair(time, "stlb.cycles").u64, 0);
	assert_int_equal(pair(time, "walk.cycles").u64, 13 * 14);
	assert_int_equal(pair(time, "fault.cycles").u64, 30000);
	assert_int_equal(pair(time, "total.cycles").u64, 500 + 182 + 30000);
	assert_true(pair(time, "translation_share").f64 > 0.0059);
	assert_true(pair(time, "translation_share").f64 < 0.0060);
	pw_tables_close(tables);
}

/* 30,682 cycles by 1.25, 0.75 and 2.92. */
static void an_estimate_comes_with_its_limits(void **state)
{
	const char *const words[] = {path};
	struct pw_tables *tables;
	struct pw_table *runtime;

	(void)state;
	write_trace(0);
	tables = pw_test_call("replay", 1, words);
	runtime = find(tables, "runtime", 0);
	assert_int_equal(pair(runtime, "estimate.cycles").u64, 30682);
	assert_true(pair(runtime, "best.error").f64 == 0.25);
	assert_int_equal(pair(runtime, "best.low.cycles").u64, 24546);
	assert_int_equal(pair(runtime, "best.high.cycles").u64, 40909);
	assert_true(pair(runtime, "worst.error").f64 == 1.92);
	assert_int_equal(pair(runtime, "worst.low.cycles").u64, 10508);
	pw_tables_close(tables);
}

/* The first of 10 walks reads 24 entries. The others find the guest's PD entry
 * and read one of its own, and 4 of the host to find the page. */
static void a_guest_walks_in_two_dimensions(void **state)
{
	const char *const words[] = {"-s", "nested.model=radix-x86-64",
				     "-s", "nested.levels=4",
				     "-s", "nested.page=4K",
				     path};
	struct pw_tables *tables;
	struct pw_table *counters;

	(void)state;
	write_trace(0);
	tables = pw_test_call("replay", PW_COUNT(words), words);
	counters = find(tables, "counters", 0);
	assert_int_equal(pair(counters, "walk.count").u64, 10);
	assert_int_equal(pair(counters, "walk.references").u64, 24 + 9 * 5);
	assert_int_equal(pair(counters, "nested.references").u64, 20 + 9 * 4);
	assert_int_equal(pair(counters, "walk.cycles").u64, 69 * 14);
	/* The root, 3 tables below it, and the pages. */
	assert_int_equal(pair(counters, "nested.guest_bytes").u64, 14 * 4096);
	pw_tables_close(tables);
}

static void machines_and_overrides_come_from_the_command_line(void **state)
{
	const char *const words[] = {"-m",
				     "skylake-sp",
				     "-m",
				     "zen4",
				     "-s",
				     "pwc.pde_in_stlb=no",
				     "-s",
				     "tlb.stlb.entries=0",
				     "-s",
				     "tlb.stlb_1g.entries=0",
				     "--interval=500",
				     path};
	struct pw_tables *tables;

	(void)state;
	write_trace(PW_UNKNOWN_MAPPINGS);
	tables = pw_test_call("replay", PW_COUNT(words), words);
	assert_string_equal(pair(find(tables, "machine", 0), "name").text,
			    "skylake-sp");
	assert_string_equal(pair(find(tables, "machine", 1), "name").text,
			    "zen4");
	for (size_t i = 0; i < 2; i++) {
		struct pw_table *counters = find(tables, "counters", i);

		assert_int_equal(pw_test_rows_of(find(tables, "intervals", i)),
				 2);
		assert_int_equal(pair(counters, "stlb.misses").u64, 0);
		assert_int_equal(pair(counters, "walk.count").u64, 10);
		assert_int_equal(pair(counters, "fault.assumed").u64, 0);
	}
	assert_non_null(strstr(pw_tables_note_at(tables, 0), "no mappings"));
	pw_tables_close(tables);
}

/*
 * A region of 4 pages across 0x4000200000 and one of a page above it. As
 * recorded the first needs 2 leaf tables and the second another, with 1 PD and
 * 1 PDPT: 5. In the layout of Linux all 5 pages lie below 0x7ffff7fff000, in
 * the 2 MiB from 0x7ffff7e00000: 3.
 */
static void write_qemu_trace(const char *metadata)
{
	static const struct {
		uint64_t address, pages;
	} region[] = {{0x40001fe000, 4}, {0x4000600000, 1}};
	const struct pw_writer_options options = {.metadata = metadata,
						  .replace = true};
	const struct pw_thread thread = {.pid = 7, .tid = 7};
	struct pw_writer *writer;
	struct pw_error err;

	PW_TEST_OK(pw_writer_open(&writer, path, &options, &err), &err);
	PW_TEST_OK(pw_writer_thread(writer, &thread, &err), &err);
	for (size_t i = 0; i < PW_COUNT(region); i++) {
		const uint64_t bytes = region[i].pages * PW_PAGE_BYTES;
		const struct pw_event event = {.kind = PW_EVENT_mmap,
					       .result = region[i].address,
					       .arg = {0, bytes, 3, 0x22}};
		const uint64_t pc = 0;
		const uint32_t size = (uint32_t)bytes;
		const uint8_t kind = PW_ACCESS_STORE;
		const struct pw_accesses one = {.count = 1,
						.address = &region[i].address,
						.pc = &pc,
						.size_bytes = &size,
						.kind = &kind};

		PW_TEST_OK(pw_writer_event(writer, 0, &event, &err), &err);
		PW_TEST_OK(pw_writer_accesses(writer, 0, &one, &err), &err);
	}
	PW_TEST_OK(pw_writer_close(writer, &err), &err);
}

static void a_relayout_changes_tables_and_no_faults(void **state)
{
	const char *const words[] = {"--relayout", "native", path};
	struct pw_tables *tables[2];

	(void)state;
	write_qemu_trace("{\"layout\":\"qemu-user\"}");
	tables[0] = pw_test_call("replay", 1, &words[2]);
	tables[1] = pw_test_call("replay", 3, words);
	for (size_t i = 0; i < 2; i++) {
		struct pw_table *counters = find(tables[i], "counters", 0);

		assert_int_equal(pair(counters, "fault.minor").u64, 5);
		assert_int_equal(pair(counters, "fault.assumed").u64, 0);
		assert_int_equal(pair(counters, "touches").u64, 5);
		assert_int_equal(pair(counters, "vsz.bytes").u64,
				 5 * PW_PAGE_BYTES);
		assert_int_equal(pair(counters, "pagetable.tables").u64,
				 i == 0 ? 5 : 3);
		assert_null(pw_tables_note_at(tables[i], 0));
		pw_tables_close(tables[i]);
	}
	write_qemu_trace("{\"layout\":\"native\"}");
	tables[0] = pw_test_call("replay", 3, words);
	assert_non_null(strstr(pw_tables_note_at(tables[0], 0), "--relayout"));
	pw_tables_close(tables[0]);
}

static void a_relayout_is_for_x86_64_only(void **state)
{
	const char *const words[] = {"--relayout", "native", path};
	struct pw_tables *tables;
	struct pw_error err;

	(void)state;
	write_qemu_trace("{\"layout\":\"qemu-user\",\"machine\":\"aarch64\"}");
	PW_TEST_OK(pw_tables_open(&tables, &err), &err);
	assert_int_equal(pw_command_call("replay", 3, words, tables, &err),
			 PW_ERR_USAGE);
	assert_non_null(strstr(err.message, "x86-64 only"));
	pw_tables_close(tables);
}

static void a_damaged_trace_gives_a_partial_result(void **state)
{
	const char *const words[] = {path};
	struct pw_tables *tables;
	FILE *file;
	long bytes;

	(void)state;
	write_trace(0);
	file = fopen(path, "rb");
	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	bytes = ftell(file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(truncate(path, bytes / 2), 0);
	tables = pw_test_call("replay", 1, words);
	assert_non_null(pw_tables_partial(tables));
	assert_true(pair(find(tables, "counters", 0), "accesses").u64 <
		    ACCESSES);
	pw_tables_close(tables);
}

static void wrong_words_are_refused(void **state)
{
	static const char *const rows[][3] = {
		{"-m", "no-such-machine", path},
		{"-s", "tlb.l1d.entries=63", path},
		{"-s", "colour=red", path},
		{"--interval", "0", path},
		{"--interval", "5", "/nonexistent/trace.pwt"},
	};

	(void)state;
	write_trace(0);
	for (size_t i = 0; i < PW_COUNT(rows); i++) {
		struct pw_tables *tables;
		struct pw_error err;

		PW_TEST_OK(pw_tables_open(&tables, &err), &err);
		assert_int_equal(
			pw_command_call("replay", 3, rows[i], tables, &err),
			PW_ERR_USAGE);
		assert_true(err.message[0] != '\0');
		pw_tables_close(tables);
	}
}

static void machines_are_listed_and_shown(void **state)
{
	const char *const one[] = {"zen4"};
	struct pw_tables *tables = pw_test_call("machines", 0, NULL);

	(void)state;
	assert_true(pw_test_rows_of(find(tables, "machines", 0)) >= 4);
	pw_tables_close(tables);
	tables = pw_test_call("machines", 1, one);
	assert_string_equal(
		pair(find(tables, "machine", 0), "tlb.l1d.entries").text, "72");
	assert_true(pw_test_rows_of(find(tables, "yaml", 0)) > 20);
	pw_tables_close(tables);
}

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/trace.pwt", directory);
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
		cmocka_unit_test(a_trace_replays_on_the_default_machine),
		cmocka_unit_test(time_is_the_sum_of_what_things_cost),
		cmocka_unit_test(an_estimate_comes_with_its_limits),
		cmocka_unit_test(a_guest_walks_in_two_dimensions),
		cmocka_unit_test(
			machines_and_overrides_come_from_the_command_line),
		cmocka_unit_test(a_relayout_changes_tables_and_no_faults),
		cmocka_unit_test(a_relayout_is_for_x86_64_only),
		cmocka_unit_test(a_damaged_trace_gives_a_partial_result),
		cmocka_unit_test(wrong_words_are_refused),
		cmocka_unit_test(machines_are_listed_and_shown),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
