/*
 * test_fork.c - copy on write after a fork, counted by hand.
 */
#include "tests/support/pw_test.h"

#include "base/bits.h"
#include "formats/lineage.h"
#include "replay/memory/fork.h"
#include "tests/support/replay_fixture.h"

#define HEAP 0x1000
#define FILE_AT 0x2000
#define SHARED_AT 0x3000

#define BYTES(pages) ((pages)*PW_PAGE_BYTES)
#define ANONYMOUS (PW_TEST_PRIVATE | PW_TEST_ANONYMOUS)

static void touch_pages(struct pw_test_system *test, uint64_t first,
			uint64_t count, char how)
{
	for (uint64_t i = 0; i < count; i++)
		pw_test_touch(test, first + i, how);
}

static void fork_into(struct pw_test_system *test, uint32_t child)
{
	struct pw_error err;

	PW_TEST_OK(pw_fork(&test->system, child, &err), &err);
}

static void switch_to(struct pw_test_system *test, uint32_t space)
{
	struct pw_error err;

	PW_TEST_OK(pw_system_switch(&test->system,
				    &(struct pw_runner){space, space, space},
				    &err),
		   &err);
}

/*
 * The measured case of 1024 pages, at 16: the child writes half (8 faults), the
 * parent all (16), the child the rest (8). 16 + 16 pages stay resident.
 */
static void both_sides_fault_once_for_each_page_they_write(void **state)
{
	struct pw_test_system test;
	const struct pw_counters *counters;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, HEAP, 16, ANONYMOUS, NULL, 0);
	touch_pages(&test, HEAP, 16, 'W');
	fork_into(&test, 1);
	counters = pw_test_counters(&test);
	assert_int_equal(counters->fault_minor, 16);
	assert_int_equal(counters->tlb_invalidations, 16);
	assert_int_equal(counters->rss_bytes, BYTES(32));
	assert_int_equal(counters->vsz_bytes, BYTES(32));
	assert_int_equal(counters->pagetable_tables, 6);
	switch_to(&test, 1);
	touch_pages(&test, HEAP, 16, 'R');
	assert_int_equal(pw_test_counters(&test)->fault_minor, 16);
	touch_pages(&test, HEAP, 8, 'W');
	assert_int_equal(pw_test_counters(&test)->fault_minor, 16 + 8);
	switch_to(&test, 0);
	touch_pages(&test, HEAP, 16, 'W');
	assert_int_equal(pw_test_counters(&test)->fault_minor, 16 + 8 + 16);
	switch_to(&test, 1);
	touch_pages(&test, HEAP, 16, 'W');
	counters = pw_test_counters(&test);
	assert_int_equal(counters->fault_minor, 16 + 8 + 16 + 8);
	assert_int_equal(counters->fault_fork, 8 + 16 + 8);
	assert_int_equal(counters->rss_bytes, BYTES(32));
	pw_test_system_close(&test);
}

/*
 * 32 file pages are read by 2 faults and not copied: the child has none, and
 * no tables for them. Once one page of the mapping is written, all 32 are.
 */
static void file_pages_are_copied_only_where_a_page_is_owned(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, FILE_AT, 32, PW_TEST_PRIVATE, "/x", 0);
	pw_test_map(&test, SHARED_AT, 4, PW_TEST_SHARED | PW_TEST_ANONYMOUS,
		    NULL, 0);
	touch_pages(&test, FILE_AT, 32, 'R');
	touch_pages(&test, SHARED_AT, 4, 'W');
	fork_into(&test, 1);
	assert_int_equal(pw_test_counters(&test)->rss_bytes, BYTES(36));
	assert_int_equal(pw_test_counters(&test)->tlb_invalidations, 0);
	pw_test_touch(&test, FILE_AT, 'W');
	fork_into(&test, 2);
	assert_int_equal(pw_test_counters(&test)->rss_bytes, BYTES(36 + 32));
	/* The write changed one entry, the fork that one again. */
	assert_int_equal(pw_test_counters(&test)->tlb_invalidations, 2);
	assert_int_equal(pw_test_counters(&test)->vsz_bytes, BYTES(3 * 36));
	pw_test_system_close(&test);
}

static void advice_keeps_mappings_from_the_child(void **state)
{
	enum { DONTFORK = 10, WIPEONFORK = 18 };
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, HEAP, 6, ANONYMOUS, NULL, 0);
	touch_pages(&test, HEAP, 6, 'W');
	pw_test_event(&test, (struct pw_event){
				     .kind = PW_EVENT_madvise,
				     .arg = {BYTES(HEAP), BYTES(2), DONTFORK}});
	pw_test_event(&test, (struct pw_event){.kind = PW_EVENT_madvise,
					       .arg = {BYTES(HEAP + 2),
						       BYTES(1), WIPEONFORK}});
	fork_into(&test, 1);
	assert_int_equal(pw_test_counters(&test)->vsz_bytes, BYTES(6 + 4));
	assert_int_equal(pw_test_counters(&test)->rss_bytes, BYTES(6 + 3));
	assert_int_equal(pw_test_counters(&test)->tlb_invalidations, 3);
	pw_test_system_close(&test);
}

static void the_parent_of_an_unknown_child_faults_as_well(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, HEAP, 3, ANONYMOUS, NULL, 0);
	touch_pages(&test, HEAP, 3, 'W');
	fork_into(&test, PW_NO_SPACE);
	touch_pages(&test, HEAP, 3, 'W');
	assert_int_equal(pw_test_counters(&test)->fault_minor, 6);
	assert_int_equal(pw_test_counters(&test)->rss_bytes, BYTES(3));
	pw_test_system_close(&test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			both_sides_fault_once_for_each_page_they_write),
		cmocka_unit_test(
			file_pages_are_copied_only_where_a_page_is_owned),
		cmocka_unit_test(advice_keeps_mappings_from_the_child),
		cmocka_unit_test(the_parent_of_an_unknown_child_faults_as_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
