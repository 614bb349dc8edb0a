/*
 * test_readahead.c - windows that were measured on Linux 6.18, and those of
 * older kernels by its sources.
 */
#include "tests/support/pw_test.h"

#include "base/bits.h"
#include "replay/memory/cache.h"
#include "tests/support/replay_fixture.h"

#define DEVICE 8
#define INODE 77
#define FILE_PAGES 1000
#define AT 0x1000 /* page number of the mapping; 64 KiB go with it */
#define MADV_RANDOM 1

/* A file of which nothing is in memory, read 128 KiB ahead. */
static void open_with(struct pw_test_system *test, const char *override)
{
	pw_test_system_open(test, override);
	pw_test_event(test,
		      (struct pw_event){
			      .kind = PW_EVENT_file,
			      .arg = {DEVICE, INODE, FILE_PAGES * PW_PAGE_BYTES,
				      0, UINT64_C(128) << 10},
			      .text = "/data",
		      });
}

static void map_file(struct pw_test_system *test)
{
	pw_test_event(test, (struct pw_event){
				    .kind = PW_EVENT_mmap,
				    .result = AT * PW_PAGE_BYTES,
				    .arg = {0, FILE_PAGES * PW_PAGE_BYTES, 1,
					    PW_TEST_SHARED, 3, 0, DEVICE, INODE,
					    FILE_PAGES * PW_PAGE_BYTES},
				    .text = "/data",
			    });
}

static void read_page(struct pw_test_system *test, uint64_t page)
{
	pw_test_event(test, (struct pw_event){
				    .kind = PW_EVENT_file_read,
				    .arg = {3, page * PW_PAGE_BYTES,
					    PW_PAGE_BYTES, DEVICE, INODE},
			    });
}

/* Pages of the file, which is object 1, in the cache. */
static uint64_t count_pages(const struct pw_test_system *test)
{
	uint64_t count = 0;

	for (uint64_t i = 0; i < FILE_PAGES; i++)
		count += pw_cache_look(&test->system, 1, i).there;
	return count;
}

/* What is in memory when these pages have been read, all in order. */
static void expect_windows(const char *kernel, const uint64_t want[8])
{
	static const uint64_t page[8] = {0, 1, 2, 4, 12, 28, 60, 92};
	struct pw_test_system test;
	uint64_t next = 0;

	open_with(&test, kernel);
	for (size_t i = 0; i < PW_COUNT(page); i++) {
		while (next <= page[i])
			read_page(&test, next++);
		assert_int_equal(count_pages(&test), want[i]);
	}
	pw_test_system_close(&test);
}

static void windows_of_reads_grow_and_end_at_multiples(void **state)
{
	static const uint64_t want[8] = {4, 12, 12, 16, 24, 48, 96, 128};

	(void)state;
	expect_windows("kernel=6.18", want);
}

static void windows_of_older_kernels_only_grow(void **state)
{
	static const uint64_t want[8] = {4, 12, 12, 28, 60, 92, 124, 156};

	(void)state;
	expect_windows("kernel=6.12", want);
}

static void a_small_read_somewhere_is_read_alone(void **state)
{
	struct pw_test_system test;

	(void)state;
	open_with(&test, NULL);
	read_page(&test, 500);
	read_page(&test, 700);
	assert_int_equal(count_pages(&test), 2);
	pw_test_system_close(&test);
}

/* Of pages 500 - 16 .. 500 + 15 the mark is on 508, in the window 496 .. 511,
 * whose other 15 pages are mapped; its own fault then reads on. */
static void a_missing_page_is_read_with_those_around_it(void **state)
{
	struct pw_test_system test;
	const struct pw_counters *counters;

	(void)state;
	open_with(&test, NULL);
	map_file(&test);
	pw_test_touch(&test, AT + 500, 'R');
	counters = pw_test_counters(&test);
	assert_int_equal(counters->fault_major, 1);
	assert_int_equal(counters->fault_minor, 0);
	assert_int_equal(counters->rss_bytes, 15 * PW_PAGE_BYTES);
	assert_int_equal(count_pages(&test), 32);
	pw_test_touch(&test, AT + 508, 'R');
	counters = pw_test_counters(&test);
	assert_int_equal(counters->fault_minor, 1);
	assert_int_equal(counters->rss_bytes, 16 * PW_PAGE_BYTES);
	assert_true(count_pages(&test) > 32);
	pw_test_system_close(&test);
}

static void random_advice_reads_one_page_a_major_fault(void **state)
{
	struct pw_test_system test;
	const struct pw_counters *counters;

	(void)state;
	open_with(&test, NULL);
	map_file(&test);
	pw_test_event(&test,
		      (struct pw_event){
			      .kind = PW_EVENT_madvise,
			      .arg = {AT * PW_PAGE_BYTES,
				      FILE_PAGES * PW_PAGE_BYTES, MADV_RANDOM},
		      });
	for (uint64_t i = 0; i < 20; i++)
		pw_test_touch(&test, AT + i * 23, 'R');
	counters = pw_test_counters(&test);
	assert_int_equal(counters->fault_major, 20);
	assert_int_equal(counters->rss_bytes, 20 * PW_PAGE_BYTES);
	assert_int_equal(count_pages(&test), 20);
	pw_test_system_close(&test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows_of_reads_grow_and_end_at_multiples),
		cmocka_unit_test(windows_of_older_kernels_only_grow),
		cmocka_unit_test(a_small_read_somewhere_is_read_alone),
		cmocka_unit_test(a_missing_page_is_read_with_those_around_it),
		cmocka_unit_test(random_advice_reads_one_page_a_major_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
