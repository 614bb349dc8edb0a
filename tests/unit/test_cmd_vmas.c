/*
 * test_cmd_vmas.c - pagewalk vmas: where it looks, and what it shows.
 */
#include "tests/support/pw_test.h"

#include <stdio.h>
#include <unistd.h>

#include "base/bits.h"
#include "formats/writer.h"
#include "tests/support/command.h"
#include "tests/support/replay_fixture.h"

#define ANON UINT64_C(0x10000000)
#define FILE_AT UINT64_C(0x20000000)

static char directory[] = "/tmp/pw_cmd_vmas_XXXXXX";
static char path[sizeof(directory) + 16];

static void add_event(struct pw_writer *writer, uint32_t thread,
		      const struct pw_event *event)
{
	struct pw_error err;

	PW_TEST_OK(pw_writer_event(writer, thread, event, &err), &err);
}

static void touch(struct pw_writer *writer, uint32_t thread, uint64_t address,
		  uint8_t kind)
{
	const uint64_t pc = 0x1000;
	const uint32_t size = 8;
	const uint8_t bits = kind | PW_ACCESS_FIRST;
	const struct pw_accesses one = {.count = 1,
					.address = &address,
					.pc = &pc,
					.size_bytes = &size,
					.kind = &bits};
	struct pw_error err;

	PW_TEST_OK(pw_writer_accesses(writer, thread, &one, &err), &err);
}

static void map(struct pw_writer *writer, uint64_t address, uint64_t pages,
		const char *name)
{
	const struct pw_event event = {
		.kind = PW_EVENT_mmap,
		.result = address,
		.arg = {address, pages * PW_PAGE_BYTES, name ? 1 : 3,
			PW_TEST_PRIVATE | (name ? 0 : PW_TEST_ANONYMOUS), 3, 0,
			name ? 0xfe00 : 0, name ? 5 : 0,
			name ? pages * PW_PAGE_BYTES : 0},
		.text = name};

	add_event(writer, 0, &event);
}

/*
 * 10 anonymous pages of which 4 are stored to, mark "one"; a file of 20 pages
 * of which one is read, and 16 are mapped, mark "two"; a child of fork, which
 * ends; the end.
 */
static void write_trace(void)
{
	const struct pw_writer_options options = {.replace = true};
	const struct pw_thread parent = {.pid = 7, .tid = 7};
	const struct pw_thread child = {.process = 1, .pid = 8, .tid = 8};
	const struct pw_event one = {.kind = PW_EVENT_mark, .text = "one"};
	const struct pw_event two = {.kind = PW_EVENT_mark, .text = "two"};
	const struct pw_event fork = {.kind = PW_EVENT_clone, .result = 8};
	const struct pw_event end = {.kind = PW_EVENT_exit_group};
	struct pw_writer *writer;
	struct pw_error err;

	PW_TEST_OK(pw_writer_open(&writer, path, &options, &err), &err);
	PW_TEST_OK(pw_writer_thread(writer, &parent, &err), &err);
	PW_TEST_OK(pw_writer_thread(writer, &child, &err), &err);
	map(writer, ANON, 10, NULL);
	for (uint64_t i = 0; i < 4; i++)
		touch(writer, 0, ANON + i * PW_PAGE_BYTES, PW_ACCESS_STORE);
	add_event(writer, 0, &one);
	map(writer, FILE_AT, 20, "/lib/x\ty");
	touch(writer, 0, FILE_AT, PW_ACCESS_LOAD);
	add_event(writer, 0, &two);
	add_event(writer, 0, &fork);
	touch(writer, 1, ANON, PW_ACCESS_LOAD);
	add_event(writer, 1, &two);
	add_event(writer, 1, &end);
	add_event(writer, 0, &end);
	PW_TEST_OK(pw_writer_close(writer, &err), &err);
}

#define CALL(name, ...)                                               \
	pw_test_call(name, PW_COUNT(((const char *[]){__VA_ARGS__})), \
		     (const char *[]){__VA_ARGS__})
#define REFUSE(message, ...)                                              \
	pw_test_refuse("vmas", PW_COUNT(((const char *[]){__VA_ARGS__})), \
		       (const char *[]){__VA_ARGS__}, PW_ERR_USAGE, message)

static void a_mark_shows_what_was_there(void **state)
{
	struct pw_tables *tables;
	struct pw_table *vmas;

	(void)state;
	tables = CALL("vmas", "--at", "one", path);
	vmas = pw_test_table(tables, "vmas");
	assert_int_equal(pw_test_rows_of(vmas), 1);
	assert_string_equal(pw_test_cell(vmas, 0, "mark").text, "one");
	assert_int_equal(pw_test_cell(vmas, 0, "access").u64, 4);
	assert_int_equal(pw_test_cell(vmas, 0, "process").u64, 7);
	assert_int_equal(pw_test_cell(vmas, 0, "start").u64, ANON);
	assert_int_equal(pw_test_cell(vmas, 0, "end").u64, ANON + 0xa000);
	assert_string_equal(pw_test_cell(vmas, 0, "perms").text, "rw-p");
	assert_string_equal(pw_test_cell(vmas, 0, "path").text, "");
	assert_int_equal(pw_test_cell(vmas, 0, "size_kb").u64, 40);
	assert_int_equal(pw_test_cell(vmas, 0, "rss_kb").u64, 16);
	assert_int_equal(pw_test_cell(vmas, 0, "pss_kb").u64, 16);
	assert_int_equal(pw_test_cell(vmas, 0, "pss_anon_kb").u64, 16);
	assert_int_equal(pw_test_cell(vmas, 0, "private_dirty_kb").u64, 16);
	assert_int_equal(pw_test_cell(vmas, 0, "private_clean_kb").u64, 0);
	assert_int_equal(pw_test_cell(vmas, 0, "anonymous_kb").u64, 16);
	assert_string_equal(pw_test_cell(vmas, 0, "vmflags").text,
			    "rd wr mr mw me ac");
	pw_tables_close(tables);
}

/* Page tables: the leaf table, the PD and the PDPT. */
static void a_status_has_the_sizes_of_the_process(void **state)
{
	struct pw_tables *tables;
	struct pw_table *status;

	(void)state;
	tables = CALL("vmas", "--at", "one", path);
	status = pw_test_table(tables, "status");
	assert_int_equal(pw_test_rows_of(status), 1);
	assert_int_equal(pw_test_cell(status, 0, "vmsize_kb").u64, 40);
	assert_int_equal(pw_test_cell(status, 0, "vmrss_kb").u64, 16);
	assert_int_equal(pw_test_cell(status, 0, "rssanon_kb").u64, 16);
	assert_int_equal(pw_test_cell(status, 0, "rssfile_kb").u64, 0);
	assert_int_equal(pw_test_cell(status, 0, "vmdata_kb").u64, 40);
	assert_int_equal(pw_test_cell(status, 0, "vmpte_kb").u64, 12);
	pw_tables_close(tables);
}

/* The parent sets "two", and the child again; a pattern meets both marks. */
static void every_process_that_lives_is_shown(void **state)
{
	struct pw_tables *tables;
	struct pw_table *status;

	(void)state;
	tables = CALL("vmas", "--at", "t*", path);
	status = pw_test_table(tables, "status");
	assert_int_equal(pw_test_rows_of(status), 3);
	assert_int_equal(pw_test_cell(status, 0, "process").u64, 7);
	assert_int_equal(pw_test_cell(status, 0, "rssfile_kb").u64, 64);
	assert_int_equal(pw_test_cell(status, 1, "process").u64, 7);
	assert_int_equal(pw_test_cell(status, 2, "process").u64, 8);
	/* A private mapping without pages of its own is not copied. */
	assert_int_equal(pw_test_cell(status, 2, "rssfile_kb").u64, 0);
	assert_int_equal(pw_test_cell(status, 2, "rssanon_kb").u64, 16);
	pw_tables_close(tables);
	tables = CALL("vmas", "--at", "all-marks", "--process", "8", path);
	assert_int_equal(pw_test_rows_of(pw_test_table(tables, "status")), 1);
	pw_tables_close(tables);
}

/* All of the file is there, though not all is mapped. */
static void files_in_memory_are_listed(void **state)
{
	struct pw_tables *tables;
	struct pw_table *files;

	(void)state;
	tables = CALL("vmas", "--at", "one", "--at", "end", path);
	files = pw_test_table(tables, "files");
	assert_int_equal(pw_test_rows_of(files), 1);
	assert_string_equal(pw_test_cell(files, 0, "mark").text, "end");
	assert_string_equal(pw_test_cell(files, 0, "device").text, "fe:00");
	assert_int_equal(pw_test_cell(files, 0, "inode").u64, 5);
	assert_string_equal(pw_test_cell(files, 0, "path").text, "/lib/x\ty");
	assert_int_equal(pw_test_cell(files, 0, "resident_pages").u64, 20);
	assert_int_equal(pw_test_cell(files, 0, "dirty_pages").u64, 0);
	pw_tables_close(tables);
	tables = CALL("vmas", "--at", "two", "-s", "memory.cache=cold", path);
	files = pw_test_table(tables, "files");
	assert_int_equal(pw_test_rows_of(files), 2);
	assert_true(pw_test_cell(files, 0, "resident_pages").u64 > 0);
	pw_tables_close(tables);
}

/* The child has read one of the pages, which both map now. */
static void faults_tell_processes_by_the_same_number(void **state)
{
	struct pw_tables *tables = CALL("replay", "--faults", path);
	struct pw_table *faults = pw_test_table(tables, "faults");

	(void)state;
	assert_true(pw_test_rows_of(faults) > 0);
	assert_int_equal(pw_test_cell(faults, 0, "pid").u64, 7);
	pw_tables_close(tables);
}

static void pages_of_two_processes_are_shared(void **state)
{
	struct pw_tables *tables;
	struct pw_table *vmas;

	(void)state;
	tables = CALL("vmas", "--at", "two", path);
	vmas = pw_test_table(tables, "vmas");
	assert_int_equal(pw_test_rows_of(vmas), 6);
	assert_int_equal(pw_test_cell(vmas, 0, "pss_kb").u64, 16);
	assert_int_equal(pw_test_cell(vmas, 0, "private_dirty_kb").u64, 16);
	assert_int_equal(pw_test_cell(vmas, 1, "private_clean_kb").u64, 64);
	for (size_t row = 2; row <= 4; row += 2) {
		assert_int_equal(pw_test_cell(vmas, row, "start").u64, ANON);
		assert_int_equal(pw_test_cell(vmas, row, "rss_kb").u64, 16);
		assert_int_equal(pw_test_cell(vmas, row, "pss_kb").u64, 8);
		assert_int_equal(pw_test_cell(vmas, row, "shared_dirty_kb").u64,
				 16);
		assert_int_equal(
			pw_test_cell(vmas, row, "private_dirty_kb").u64, 0);
	}
	assert_int_equal(pw_test_cell(vmas, 2, "referenced_kb").u64, 16);
	assert_int_equal(pw_test_cell(vmas, 4, "referenced_kb").u64, 4);
	pw_tables_close(tables);
}

/* By default, as each was before it went. */
static void the_end_shows_what_processes_had(void **state)
{
	struct pw_tables *tables;
	struct pw_table *status;

	(void)state;
	tables = CALL("vmas", path);
	status = pw_test_table(tables, "status");
	assert_int_equal(pw_test_rows_of(status), 2);
	assert_string_equal(pw_test_cell(status, 0, "mark").text, "end");
	assert_int_equal(pw_test_cell(status, 0, "process").u64, 8);
	assert_int_equal(pw_test_cell(status, 1, "process").u64, 7);
	assert_int_equal(pw_test_cell(status, 1, "vmrss_kb").u64, 80);
	pw_tables_close(tables);
}

static void positions_are_met_at_the_next_step(void **state)
{
	struct pw_tables *tables;
	struct pw_table *status;

	(void)state;
	tables = CALL("vmas", "--at", "access:3", "--at", "instruction:1",
		      "--at", "time:1ns", "--step", "2", path);
	status = pw_test_table(tables, "status");
	assert_int_equal(pw_test_rows_of(status), 2);
	assert_string_equal(pw_test_cell(status, 0, "mark").text,
			    "instruction:1");
	assert_int_equal(pw_test_cell(status, 0, "access").u64, 2);
	assert_int_equal(pw_test_cell(status, 0, "vmrss_kb").u64, 8);
	assert_string_equal(pw_test_cell(status, 1, "mark").text, "access:3");
	assert_int_equal(pw_test_cell(status, 1, "access").u64, 4);
	assert_int_equal(pw_test_cell(status, 1, "vmrss_kb").u64, 16);
	pw_tables_close(tables);
}

static const char *line(struct pw_tables *tables, size_t row)
{
	return pw_test_cell(pw_test_table(tables, "lines"), row, "line").text;
}

static void a_view_is_the_words_of_the_kernel(void **state)
{
	struct pw_tables *tables;

	(void)state;
	tables = CALL("vmas", "--at", "one", "--view", "smaps", path);
	assert_string_equal(line(tables, 0),
			    "10000000-1000a000 rw-p 00000000 00:00 0 ");
	assert_string_equal(line(tables, 1), "Size:                 40 kB");
	assert_string_equal(line(tables, 4), "Rss:                  16 kB");
	assert_string_equal(line(tables, 19), "Private_Hugetlb:       0 kB");
	assert_string_equal(line(tables, 24), "VmFlags: rd wr mr mw me ac ");
	assert_int_equal(pw_test_rows_of(pw_test_table(tables, "lines")), 25);
	pw_tables_close(tables);
	tables = CALL("vmas", "--at", "one", "--view", "status", path);
	assert_string_equal(line(tables, 0), "Name:\tone");
	assert_string_equal(line(tables, 1), "State:\tR (running)");
	assert_string_equal(line(tables, 2), "Tgid:\t7");
	assert_string_equal(line(tables, 4), "PPid:\t0");
	assert_string_equal(line(tables, 6), "VmSize:\t      40 kB");
	assert_string_equal(line(tables, 21), "Threads:\t1");
	pw_tables_close(tables);
	tables = CALL("vmas", "--at", "one", "--view", "stat", path);
	assert_memory_equal(line(tables, 0), "7 (one) R 0 0 ", 14);
	pw_tables_close(tables);
}

/* Of 20 pages of a file that are in the page cache 16 are mapped. */
static void a_pagemap_has_runs_of_pages(void **state)
{
	struct pw_tables *tables;

	(void)state;
	tables = CALL("vmas", "--at", "two", "--view", "pagemap", "--process",
		      "7", path);
	assert_string_equal(line(tables, 0), "==> two: process 7 <==");
	assert_string_equal(line(tables, 1),
			    "10000000-10004000 0x400 present exclusive");
	assert_string_equal(
		line(tables, 2),
		"20000000-20010000 0x404 present file exclusive cached");
	assert_string_equal(line(tables, 3), "20010000-20014000 - cached");
	assert_string_equal(line(tables, 5), "==> two: process 7 <==");
	assert_string_equal(line(tables, 6), "10000000-10004000 0x400 present");
	pw_tables_close(tables);
}

/* A tab ends a name in numa_maps, and does not in maps. */
static void several_processes_are_told_apart(void **state)
{
	struct pw_tables *tables;

	(void)state;
	tables = CALL("vmas", "--at", "two", "--view", "numa_maps", path);
	assert_string_equal(line(tables, 0), "==> two: process 7 <==");
	assert_string_equal(line(tables, 1),
			    "10000000 default anon=4 dirty=4 active=0 N0=4 "
			    "kernelpagesize_kB=4");
	assert_string_equal(line(tables, 2),
			    "20000000 default file=/lib/x\\011y mapped=16 "
			    "N0=16 kernelpagesize_kB=4");
	assert_string_equal(line(tables, 3), "");
	assert_string_equal(line(tables, 4), "==> two: process 8 <==");
	assert_string_equal(line(tables, 5),
			    "10000000 default anon=4 dirty=4 mapmax=2 "
			    "active=0 N0=4 kernelpagesize_kB=4");
	pw_tables_close(tables);
	tables = CALL("vmas", "--at", "two", "--view", "maps", "--process", "7",
		      "--process", "8", path);
	assert_string_equal(
		line(tables, 2),
		"20000000-20014000 r--p 00000000 fe:00 5                       "
		"           /lib/x\ty");
	pw_tables_close(tables);
}

static void a_view_of_the_machine_has_no_process(void **state)
{
	struct pw_tables *tables;

	(void)state;
	tables = CALL("vmas", "--at", "one", "--view", "meminfo", path);
	assert_string_equal(line(tables, 0), "MemTotal:       68719476736 kB");
	assert_string_equal(line(tables, 4), "Cached:                0 kB");
	assert_string_equal(line(tables, 20), "AnonPages:            16 kB");
	pw_tables_close(tables);
	/* 20 pages of a file are there, and 16 are mapped. */
	tables = CALL("vmas", "--view", "meminfo", path);
	assert_string_equal(line(tables, 4), "Cached:               80 kB");
	assert_string_equal(line(tables, 21), "Mapped:               64 kB");
	pw_tables_close(tables);
	/* At the end, before the last process goes; the page tables of the
	 * other one, four, went with it. */
	tables = CALL("vmas", "--view", "vmstat", path);
	assert_string_equal(line(tables, 2), "nr_anon_pages 4");
	assert_string_equal(line(tables, 4), "nr_file_pages 20");
	assert_string_equal(line(tables, 11), "pgpgin 0");
	assert_string_equal(line(tables, 13), "pgfree 4");
	pw_tables_close(tables);
	/* All of the file is read around its first page. */
	tables = CALL("vmas", "--view", "vmstat", "-s", "memory.cache=cold",
		      path);
	assert_string_equal(line(tables, 4), "nr_file_pages 20");
	assert_string_equal(line(tables, 11), "pgpgin 80");
	pw_tables_close(tables);
}

static void what_is_not_there_is_refused(void **state)
{
	(void)state;
	REFUSE("three: the trace has none", "--at", "three", path);
	REFUSE("access:7: the trace has none", "--at", "access:7", "--step",
	       "1", path);
	REFUSE("--process=9: none", "--process", "9", path);
	REFUSE("--process=x", "--process", "x", path);
	REFUSE("--at=time:5", "--at", "time:5", path);
	REFUSE("2 machines", "-m", "zen4", "-m", "zen3", path);
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
		cmocka_unit_test(a_mark_shows_what_was_there),
		cmocka_unit_test(a_status_has_the_sizes_of_the_process),
		cmocka_unit_test(every_process_that_lives_is_shown),
		cmocka_unit_test(files_in_memory_are_listed),
		cmocka_unit_test(faults_tell_processes_by_the_same_number),
		cmocka_unit_test(pages_of_two_processes_are_shared),
		cmocka_unit_test(the_end_shows_what_processes_had),
		cmocka_unit_test(positions_are_met_at_the_next_step),
		cmocka_unit_test(a_view_is_the_words_of_the_kernel),
		cmocka_unit_test(a_pagemap_has_runs_of_pages),
		cmocka_unit_test(several_processes_are_told_apart),
		cmocka_unit_test(a_view_of_the_machine_has_no_process),
		cmocka_unit_test(what_is_not_there_is_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
