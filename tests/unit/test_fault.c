/*
 * test_fault.c - each row of the table of faults in replay/MODEL.md, by hand.
 */
#include "tests/support/pw_test.h"

#include "base/bits.h"
#include "tests/support/replay_fixture.h"

#define PAGE 0x1000 /* page number of the mappings here; a leaf's first */

#define WRITTEN (PW_PTE_WRITABLE | PW_PTE_MAY_WRITE | PW_PTE_DIRTY)
#define OWN (PW_PTE_PRESENT | WRITTEN)
#define ZERO (PW_PTE_PRESENT | PW_PTE_ZERO)
#define FILE_READ (PW_PTE_PRESENT | PW_PTE_FILE)
#define FILE_WRITE (PW_PTE_PRESENT | PW_PTE_FILE | WRITTEN)
#define SHARED_READ \
	(PW_PTE_PRESENT | PW_PTE_FILE | PW_PTE_SHMEM | PW_PTE_MAY_WRITE)
#define SHARED_WRITE (SHARED_READ | WRITTEN)

/* What one reference shall add, and leave behind. */
struct effect {
	uint64_t minor, zero_page, file, cow, assumed, invalidations;
	uint64_t rss_pages; /* in all */
	uint64_t pte;
};

static void expect(struct pw_test_system *test, uint64_t page, char how,
		   struct effect want)
{
	struct pw_counters before = *pw_test_counters(test);
	const struct pw_counters *after;

	pw_test_touch(test, page, how);
	after = pw_test_counters(test);
	assert_int_equal(after->fault_minor - before.fault_minor, want.minor);
	assert_int_equal(after->fault_zero_page - before.fault_zero_page,
			 want.zero_page);
	assert_int_equal(after->fault_file - before.fault_file, want.file);
	assert_int_equal(after->fault_cow - before.fault_cow, want.cow);
	assert_int_equal(after->fault_assumed - before.fault_assumed,
			 want.assumed);
	assert_int_equal(after->tlb_invalidations - before.tlb_invalidations,
			 want.invalidations);
	assert_int_equal(after->rss_bytes, want.rss_pages * PW_PAGE_BYTES);
	assert_int_equal(after->fault_major, 0);
	assert_int_equal(pw_test_pte(test, page), want.pte);
}

static void private_anonymous_memory_reads_the_zero_page_then_owns_one(void **s)
{
	struct pw_test_system test;

	(void)s;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, PAGE, 8, PW_TEST_PRIVATE | PW_TEST_ANONYMOUS, NULL,
		    0);
	expect(&test, PAGE, 'R',
	       (struct effect){.minor = 1, .zero_page = 1, .pte = ZERO});
	expect(&test, PAGE, 'R', (struct effect){.pte = ZERO});
	expect(&test, PAGE, 'W',
	       (struct effect){.minor = 1,
			       .invalidations = 1,
			       .rss_pages = 1,
			       .pte = OWN});
	expect(&test, PAGE, 'W', (struct effect){.rss_pages = 1, .pte = OWN});
	expect(&test, PAGE + 1, 'W',
	       (struct effect){.minor = 1, .rss_pages = 2, .pte = OWN});
	expect(&test, PAGE + 1, 'R',
	       (struct effect){.rss_pages = 2, .pte = OWN});
	pw_test_system_close(&test);
}

static void shared_anonymous_memory_is_writable_at_once(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, PAGE, 8, PW_TEST_SHARED | PW_TEST_ANONYMOUS, NULL,
		    0);
	expect(&test, PAGE, 'R',
	       (struct effect){.minor = 1, .rss_pages = 1, .pte = SHARED_READ});
	expect(&test, PAGE, 'W',
	       (struct effect){.rss_pages = 1, .pte = SHARED_WRITE});
	expect(&test, PAGE + 1, 'W',
	       (struct effect){
		       .minor = 1, .rss_pages = 2, .pte = SHARED_WRITE});
	pw_test_system_close(&test);
}

/* 40 pages: a read maps 16, a write of one of these copies it (RSS + 0), a
 * write of an absent one copies it at once (RSS + 1). */
static void a_private_file_is_read_around_and_copied_when_written(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, PAGE, 40, PW_TEST_PRIVATE, "/bin/sort", 0);
	expect(&test, PAGE + 3, 'R',
	       (struct effect){.minor = 1,
			       .file = 1,
			       .rss_pages = 16,
			       .pte = FILE_READ});
	expect(&test, PAGE + 15, 'R',
	       (struct effect){.rss_pages = 16, .pte = FILE_READ});
	expect(&test, PAGE + 15, 'F',
	       (struct effect){.rss_pages = 16, .pte = FILE_READ});
	expect(&test, PAGE + 4, 'W',
	       (struct effect){.minor = 1,
			       .cow = 1,
			       .invalidations = 1,
			       .rss_pages = 16,
			       .pte = OWN});
	expect(&test, PAGE + 20, 'W',
	       (struct effect){
		       .minor = 1, .cow = 1, .rss_pages = 17, .pte = OWN});
	/* The window 16..31 lacks 15 pages now. */
	expect(&test, PAGE + 16, 'F',
	       (struct effect){.minor = 1,
			       .file = 1,
			       .rss_pages = 32,
			       .pte = FILE_READ});
	pw_test_system_close(&test);
}

static void a_shared_file_is_made_writable_in_place(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, PAGE, 40, PW_TEST_SHARED, "/tmp/data", 0);
	expect(&test, PAGE, 'R',
	       (struct effect){.minor = 1,
			       .file = 1,
			       .rss_pages = 16,
			       .pte = FILE_READ});
	expect(&test, PAGE + 1, 'W',
	       (struct effect){.minor = 1,
			       .invalidations = 1,
			       .rss_pages = 16,
			       .pte = FILE_WRITE});
	expect(&test, PAGE + 30, 'W',
	       (struct effect){.minor = 1,
			       .file = 1,
			       .rss_pages = 17,
			       .pte = FILE_WRITE});
	pw_test_system_close(&test);
}

static void memory_without_a_mapping_is_assumed_to_be_anonymous(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	expect(&test, PAGE, 'W',
	       (struct effect){
		       .minor = 1, .assumed = 1, .rss_pages = 1, .pte = OWN});
	expect(&test, PAGE + 1, 'R',
	       (struct effect){.minor = 1,
			       .assumed = 1,
			       .zero_page = 1,
			       .rss_pages = 1,
			       .pte = ZERO});
	expect(&test, PAGE + 1, 'W',
	       (struct effect){.minor = 1,
			       .invalidations = 1,
			       .rss_pages = 2,
			       .pte = OWN});
	assert_int_equal(pw_test_counters(&test)->vsz_bytes, 0);
	test.system.mappings_known = false;
	expect(&test, PAGE + 2, 'W',
	       (struct effect){.minor = 1, .rss_pages = 3, .pte = OWN});
	pw_test_system_close(&test);
}

/* A stack of 4 pages up to page E = 0x7000. 2048 pages below E is allowed, one
 * more is not; a mapping below must stay 256 pages away. */
static void a_stack_grows_as_far_as_the_kernel_lets_it(void **state)
{
	const uint64_t end = 0x7000;
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_event(
		&test,
		(struct pw_event){.kind = PW_EVENT_map,
				  .arg = {(end - 4) * PW_PAGE_BYTES,
					  4 * PW_PAGE_BYTES, 3,
					  PW_TEST_PRIVATE | PW_TEST_ANONYMOUS},
				  .text = "[stack]"});
	expect(&test, end - 2049, 'W',
	       (struct effect){
		       .minor = 1, .assumed = 1, .rss_pages = 1, .pte = OWN});
	expect(&test, end - 2048, 'W',
	       (struct effect){.minor = 1, .rss_pages = 2, .pte = OWN});
	assert_int_equal(pw_test_counters(&test)->vsz_bytes,
			 2048 * PW_PAGE_BYTES);
	pw_test_system_close(&test);

	pw_test_system_open(&test, NULL);
	pw_test_map(&test, end - 4, 4,
		    PW_TEST_PRIVATE | PW_TEST_ANONYMOUS | PW_TEST_GROWSDOWN,
		    NULL, 0);
	pw_test_map(&test, end - 400, 10, PW_TEST_PRIVATE | PW_TEST_ANONYMOUS,
		    NULL, 0);
	/* The mapping below ends at end - 390; 255 pages above: refused. */
	expect(&test, end - 390 + 255, 'W',
	       (struct effect){
		       .minor = 1, .assumed = 1, .rss_pages = 1, .pte = OWN});
	expect(&test, end - 390 + 256, 'W',
	       (struct effect){.minor = 1, .rss_pages = 2, .pte = OWN});
	pw_test_system_close(&test);
}

/* 100 pages from 5 pages past a window on, read one by one: the first window
 * begins with the mapping and is 16 pages long, the second has the 11 that are
 * left to the next boundary: 16 + 11 + 4 * 16 + 9, 7 faults, as on Linux. */
static void windows_are_aligned_by_address_and_cut_at_the_mapping(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, PAGE + 5, 100, PW_TEST_PRIVATE, "/bin/sort", 0);
	for (uint64_t i = 0; i < 100; i++)
		pw_test_touch(&test, PAGE + 5 + i, 'R');
	assert_int_equal(pw_test_counters(&test)->fault_file, 7);
	assert_int_equal(pw_test_counters(&test)->rss_bytes,
			 100 * PW_PAGE_BYTES);
	pw_test_system_close(&test);
}

/* Page 3 of a mapping that begins 5 pages into the window: from is
 * max(8 - 8 % 16, 8 - min(8, 3)) = 5, to is min(5 + 16, 512, end) - 1 = 20. */
static void a_window_that_begins_with_the_mapping_is_whole(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, PAGE + 5, 100, PW_TEST_PRIVATE, "/bin/sort", 0);
	pw_test_touch(&test, PAGE + 8, 'R');
	assert_int_equal(pw_test_pte(&test, PAGE + 4), 0);
	assert_int_equal(pw_test_pte(&test, PAGE + 5), FILE_READ);
	assert_int_equal(pw_test_pte(&test, PAGE + 20), FILE_READ);
	assert_int_equal(pw_test_pte(&test, PAGE + 21), 0);
	pw_test_system_close(&test);
}

/* A file of 5 pages and a byte has 6 pages; the one touched is mapped even
 * past that. */
static void pages_past_the_end_of_the_file_are_left_out(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, PAGE, 16, PW_TEST_PRIVATE, "/bin/true",
		    5 * PW_PAGE_BYTES + 1);
	pw_test_touch(&test, PAGE, 'R');
	assert_int_equal(pw_test_counters(&test)->rss_bytes, 6 * PW_PAGE_BYTES);
	pw_test_touch(&test, PAGE + 9, 'R');
	assert_int_equal(pw_test_counters(&test)->rss_bytes, 7 * PW_PAGE_BYTES);
	pw_test_system_close(&test);
}

static void fault_around_can_be_set(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, "memory.fault_around=4K");
	pw_test_map(&test, PAGE, 16, PW_TEST_PRIVATE, "/bin/true", 0);
	pw_test_touch(&test, PAGE + 2, 'R');
	assert_int_equal(pw_test_counters(&test)->rss_bytes, PW_PAGE_BYTES);
	pw_test_system_close(&test);
	/* 2M: the rest of the leaf table, cut at the end of the mapping. */
	pw_test_system_open(&test, "memory.fault_around=2M");
	pw_test_map(&test, PAGE + 500, 100, PW_TEST_PRIVATE, "/bin/true", 0);
	pw_test_touch(&test, PAGE + 505, 'R');
	assert_int_equal(pw_test_counters(&test)->rss_bytes,
			 12 * PW_PAGE_BYTES);
	pw_test_system_close(&test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			private_anonymous_memory_reads_the_zero_page_then_owns_one),
		cmocka_unit_test(shared_anonymous_memory_is_writable_at_once),
		cmocka_unit_test(
			a_private_file_is_read_around_and_copied_when_written),
		cmocka_unit_test(a_shared_file_is_made_writable_in_place),
		cmocka_unit_test(
			memory_without_a_mapping_is_assumed_to_be_anonymous),
		cmocka_unit_test(a_stack_grows_as_far_as_the_kernel_lets_it),
		cmocka_unit_test(
			windows_are_aligned_by_address_and_cut_at_the_mapping),
		cmocka_unit_test(
			a_window_that_begins_with_the_mapping_is_whole),
		cmocka_unit_test(pages_past_the_end_of_the_file_are_left_out),
		cmocka_unit_test(fault_around_can_be_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
