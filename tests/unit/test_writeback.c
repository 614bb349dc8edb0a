/*
 * test_writeback.c - when the flusher writes dirty pages back.
 *
 * Machines run an instruction in a nanosecond, and nothing else takes time.
 * With 64 MiB there are 16384 frames: the thresholds of 1 % and 2 % are
 * 40 / 4096 and 81 / 4096 of them, 160 and 324 pages; half way lies 242.
 */
#include "tests/support/pw_test.h"

#include "base/bits.h"
#include "replay/memory/cache.h"
#include "replay/memory/rmap.h"
#include "replay/memory/writeback.h"
#include "tests/support/replay_fixture.h"

#define DEVICE 8
#define AT UINT64_C(0x1000) /* page number of the mapping */
#define NS_A_SECOND UINT64_C(1000000000)

static void open_system(struct pw_test_system *test)
{
	static const char *words[] = {
		"kernel=6.12",		"memory.size=64M",
		"memory.dirty_ratio=2", "memory.dirty_background_ratio=1",
		"cost.clock=1GHz",	"cost.base_cpi=1",
		"cost.minor_fault=0ns", "cost.file_fault=0ns",
	};
	const struct pw_text_list overrides = {words, PW_COUNT(words)};

	pw_test_system_open_as(test, &overrides);
}

static void write_pages(struct pw_test_system *test, uint64_t inode,
			uint64_t count, const char *path)
{
	pw_test_event(test, (struct pw_event){
				    .kind = PW_EVENT_file_write,
				    .arg = {3, 0, count * PW_PAGE_BYTES, DEVICE,
					    inode},
				    .text = path,
			    });
}

/* Map the first pages of file 1, shared. */
static void map_file(struct pw_test_system *test, uint64_t pages)
{
	pw_test_event(test, (struct pw_event){
				    .kind = PW_EVENT_mmap,
				    .result = AT * PW_PAGE_BYTES,
				    .arg = {0, pages * PW_PAGE_BYTES, 3,
					    PW_TEST_SHARED, 3, 0, DEVICE, 1,
					    pages * PW_PAGE_BYTES},
				    .text = "/a",
			    });
}

static void tick(struct pw_test_system *test, uint64_t ns)
{
	struct pw_error err;

	test->system.counters.instructions = ns;
	PW_TEST_OK(pw_writeback_tick(&test->system, &err), &err);
}

static void expect(struct pw_test_system *test, uint64_t dirty,
		   uint64_t dirtied, uint64_t written)
{
	const struct pw_counters *counters = pw_test_counters(test);

	assert_int_equal(counters->nr_dirty, dirty);
	assert_int_equal(counters->nr_dirtied, dirtied);
	assert_int_equal(counters->nr_written, written);
	assert_int_equal(counters->pgpgout, 4 * written);
}

/* It wakes after 5 s, and then 5 s after it last did. */
static void the_flusher_writes_what_is_dirty_for_30_seconds(void **state)
{
	struct pw_test_system test;

	(void)state;
	open_system(&test);
	write_pages(&test, 1, 3, "/a");
	tick(&test, 28 * NS_A_SECOND);
	write_pages(&test, 2, 4, "/b");
	tick(&test, 33 * NS_A_SECOND - 1);
	expect(&test, 7, 7, 0);
	tick(&test, 33 * NS_A_SECOND);
	expect(&test, 4, 7, 3);
	tick(&test, 57 * NS_A_SECOND);
	expect(&test, 4, 7, 3);
	tick(&test, 62 * NS_A_SECOND);
	expect(&test, 0, 7, 7);
	pw_test_system_close(&test);
}

static void a_store_after_write_back_faults_again(void **state)
{
	struct pw_test_system test;

	(void)state;
	open_system(&test);
	map_file(&test, 3);
	pw_test_touch(&test, AT, 'W');
	pw_test_touch(&test, AT, 'W');
	assert_int_equal(pw_test_counters(&test)->fault_minor, 1);
	assert_true(pw_test_pte(&test, AT) & PW_PTE_WRITABLE);
	tick(&test, 30 * NS_A_SECOND);
	expect(&test, 0, 1, 1);
	assert_false(pw_test_pte(&test, AT) & PW_PTE_WRITABLE);
	pw_test_touch(&test, AT, 'R');
	assert_int_equal(pw_test_counters(&test)->fault_minor, 1);
	pw_test_touch(&test, AT, 'W');
	assert_int_equal(pw_test_counters(&test)->fault_minor, 2);
	expect(&test, 1, 2, 1);
	pw_test_system_close(&test);
}

static void above_the_background_threshold_the_oldest_file_goes(void **state)
{
	struct pw_test_system test;

	(void)state;
	open_system(&test);
	write_pages(&test, 1, 100, "/a");
	write_pages(&test, 2, 60, "/b");
	tick(&test, 1);
	expect(&test, 160, 160, 0);
	write_pages(&test, 3, 1, "/c");
	tick(&test, 2);
	expect(&test, 61, 161, 100);
	pw_test_system_close(&test);
}

/* When 243 pages are dirty, the writer of the next one waits. */
static void half_way_to_the_limit_writers_wait(void **state)
{
	struct pw_test_system test;

	(void)state;
	open_system(&test);
	write_pages(&test, 1, 243, "/a");
	expect(&test, 243, 243, 0);
	write_pages(&test, 2, 1, "/b");
	expect(&test, 1, 244, 243);
	write_pages(&test, 1, 300, "/a");
	expect(&test, 58, 544, 486);
	pw_test_system_close(&test);
}

/* Page tables have 4 frames, the root's among them: of 16380 frames 40 / 4096
 * are 159 and 81 / 4096 are 323, half way is 241. */
static void stores_wait_as_calls_do(void **state)
{
	struct pw_test_system test;

	(void)state;
	open_system(&test);
	map_file(&test, 300);
	for (uint64_t i = 0; i < 242; i++)
		pw_test_touch(&test, AT + i, 'W');
	expect(&test, 242, 242, 0);
	pw_test_touch(&test, AT + 242, 'W');
	expect(&test, 1, 243, 242);
	assert_true(pw_test_pte(&test, AT + 242) & PW_PTE_WRITABLE);
	pw_test_system_close(&test);
}

/* Of 15384 frames, 40 / 4096 are 150; what files have counts as if free. */
static void programs_memory_lowers_the_thresholds(void **state)
{
	struct pw_test_system test;

	(void)state;
	open_system(&test);
	map_file(&test, 1000);
	for (uint64_t i = 0; i < 1000; i++)
		pw_test_touch(&test, AT + i, 'R');
	write_pages(&test, 2, 151, "/b");
	tick(&test, 1);
	expect(&test, 151, 151, 0);
	pw_test_map(&test, 2 * AT, 1000, PW_TEST_PRIVATE | PW_TEST_ANONYMOUS,
		    NULL, 0);
	for (uint64_t i = 0; i < 1000; i++)
		pw_test_touch(&test, 2 * AT + i, 'W');
	tick(&test, 2);
	expect(&test, 0, 151, 151);
	pw_test_system_close(&test);
}

static void what_is_cut_off_is_never_written(void **state)
{
	struct pw_test_system test;

	(void)state;
	open_system(&test);
	write_pages(&test, 1, 8, "/a");
	pw_test_event(&test, (struct pw_event){
				     .kind = PW_EVENT_ftruncate,
				     .arg = {3, 2 * PW_PAGE_BYTES, DEVICE, 1},
				     .text = "/a",
			     });
	expect(&test, 2, 8, 0);
	pw_test_event(&test, (struct pw_event){.kind = PW_EVENT_fsync,
					       .arg = {3, 0, DEVICE, 1},
					       .text = "/a"});
	expect(&test, 0, 8, 2);
	pw_test_system_close(&test);
}

/* Also what was taken for a file's, until it turns out not to be. */
static void shared_memory_is_never_dirty(void **state)
{
	struct pw_test_system test;

	(void)state;
	open_system(&test);
	write_pages(&test, 1, 400, "/dev/shm/x");
	expect(&test, 0, 0, 0);
	write_pages(&test, 2, 5, "/b");
	write_pages(&test, 3, 6, "/c");
	write_pages(&test, 2, 5, "/dev/shm/y");
	expect(&test, 6, 11, 0);
	tick(&test, 40 * NS_A_SECOND);
	expect(&test, 0, 11, 6);
	pw_test_system_close(&test);
}

static void pages_with_frames_and_without_count_once(void **state)
{
	struct pw_test_system test;
	struct pw_error err;

	(void)state;
	open_system(&test);
	map_file(&test, 8);
	pw_test_touch(&test, AT + 1, 'W');
	expect(&test, 1, 1, 0);
	pw_test_event(&test,
		      (struct pw_event){
			      .kind = PW_EVENT_munmap,
			      .arg = {AT * PW_PAGE_BYTES, 8 * PW_PAGE_BYTES},
		      });
	expect(&test, 1, 1, 0);
	PW_TEST_OK(pw_rmap_write_back(&test.system, 1, 0, 8, &err), &err);
	expect(&test, 0, 1, 1);
	write_pages(&test, 1, 8, "/a");
	map_file(&test, 8);
	pw_test_touch(&test, AT + 5, 'R');
	pw_test_touch(&test, AT + 5, 'W');
	expect(&test, 8, 9, 1);
	pw_test_system_close(&test);
}

static void files_read_count_in_kib(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, "memory.cache=cold");
	pw_test_event(&test, (struct pw_event){
				     .kind = PW_EVENT_file,
				     .arg = {DEVICE, 1, 1000 * PW_PAGE_BYTES, 0,
					     UINT64_C(128) << 10},
				     .text = "/a",
			     });
	pw_test_event(&test, (struct pw_event){
				     .kind = PW_EVENT_file_read,
				     .arg = {3, 500 * PW_PAGE_BYTES,
					     PW_PAGE_BYTES, DEVICE, 1},
			     });
	assert_int_equal(pw_test_counters(&test)->pgpgin, 4);
	expect(&test, 0, 0, 0);
	pw_test_system_close(&test);
}

/* 5 pages and, rounded up, 16: half way lies 10. There need be no end of
 * memory.
 */
static void sizes_stand_in_place_of_the_ratios(void **state)
{
	static const char *words[] = {"kernel=6.12", "memory.dirty_bytes=65535",
				      "memory.dirty_background_bytes=20K"};
	const struct pw_text_list overrides = {words, PW_COUNT(words)};
	struct pw_test_system test;

	(void)state;
	pw_test_system_open_as(&test, &overrides);
	write_pages(&test, 1, 5, "/a");
	tick(&test, 1);
	expect(&test, 5, 5, 0);
	write_pages(&test, 1, 11, "/a");
	expect(&test, 11, 11, 0);
	write_pages(&test, 2, 1, "/b");
	expect(&test, 1, 12, 11);
	write_pages(&test, 2, 6, "/b");
	tick(&test, 2);
	expect(&test, 0, 17, 17);
	pw_test_system_close(&test);
}

static void lose_name(struct pw_test_system *test, uint64_t inode, bool open)
{
	pw_test_event(test, (struct pw_event){.kind = PW_EVENT_unnamed,
					      .arg = {DEVICE, inode, open}});
}

/* One is open still when it loses its name, the other is mapped. */
static void what_nobody_can_see_is_never_written(void **state)
{
	struct pw_test_system test;

	(void)state;
	open_system(&test);
	write_pages(&test, 2, 3, "/b");
	lose_name(&test, 2, true);
	expect(&test, 3, 3, 0);
	lose_name(&test, 2, false);
	expect(&test, 0, 3, 0);
	map_file(&test, 2);
	pw_test_touch(&test, AT, 'W');
	lose_name(&test, 1, false);
	expect(&test, 1, 4, 0);
	pw_test_event(&test, (struct pw_event){.kind = PW_EVENT_munmap,
					       .arg = {AT * PW_PAGE_BYTES,
						       2 * PW_PAGE_BYTES}});
	expect(&test, 0, 4, 0);
	assert_int_equal(test.system.memory.used, 1); /* the root */
	pw_test_system_close(&test);
}

/* No file has pages there, but mappings may say so. */
static void the_end_of_all_files_is_where_writing_back_ends(void **state)
{
	struct pw_test_system test;
	uint64_t last;

	(void)state;
	open_system(&test);
	last = (pw_cache_end(&test.system) - 1) * PW_PAGE_BYTES;
	pw_test_event(&test,
		      (struct pw_event){
			      .kind = PW_EVENT_mmap,
			      .result = AT * PW_PAGE_BYTES,
			      .arg = {0, 2 * PW_PAGE_BYTES, 3, PW_TEST_SHARED,
				      3, last, DEVICE, 1, last + PW_PAGE_BYTES},
			      .text = "/a",
		      });
	pw_test_touch(&test, AT, 'W');
	expect(&test, 1, 1, 0);
	pw_test_event(&test, (struct pw_event){.kind = PW_EVENT_msync,
					       .arg = {AT * PW_PAGE_BYTES,
						       2 * PW_PAGE_BYTES, 4}});
	expect(&test, 0, 1, 1);
	pw_test_system_close(&test);
}

/* The pages that were written before are dirty still. */
static void a_file_that_is_told_of_stays_dirty(void **state)
{
	struct pw_test_system test;

	(void)state;
	open_system(&test);
	write_pages(&test, 1, 3, "/a");
	pw_test_event(&test, (struct pw_event){
				     .kind = PW_EVENT_file,
				     .arg = {DEVICE, 1, 3 * PW_PAGE_BYTES, 3},
				     .text = "/a",
			     });
	pw_test_event(&test, (struct pw_event){.kind = PW_EVENT_resident,
					       .arg = {DEVICE, 1, 0, 3}});
	expect(&test, 3, 3, 0);
	tick(&test, 30 * NS_A_SECOND);
	expect(&test, 0, 3, 3);
	pw_test_system_close(&test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_flusher_writes_what_is_dirty_for_30_seconds),
		cmocka_unit_test(a_store_after_write_back_faults_again),
		cmocka_unit_test(
			above_the_background_threshold_the_oldest_file_goes),
		cmocka_unit_test(half_way_to_the_limit_writers_wait),
		cmocka_unit_test(stores_wait_as_calls_do),
		cmocka_unit_test(sizes_stand_in_place_of_the_ratios),
		cmocka_unit_test(programs_memory_lowers_the_thresholds),
		cmocka_unit_test(what_is_cut_off_is_never_written),
		cmocka_unit_test(shared_memory_is_never_dirty),
		cmocka_unit_test(what_nobody_can_see_is_never_written),
		cmocka_unit_test(a_file_that_is_told_of_stays_dirty),
		cmocka_unit_test(
			the_end_of_all_files_is_where_writing_back_ends),
		cmocka_unit_test(pages_with_frames_and_without_count_once),
		cmocka_unit_test(files_read_count_in_kib),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
