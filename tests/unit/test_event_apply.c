/*
 * test_event_apply.c - each row of the table of events in replay/MODEL.md.
 */
#include "tests/support/pw_test.h"

#include "base/bits.h"
#include "tests/support/replay_fixture.h"

#define PAGE 0x1000
#define OTHER 0x9000

#define BYTES(pages) ((pages)*PW_PAGE_BYTES)
#define ANONYMOUS (PW_TEST_PRIVATE | PW_TEST_ANONYMOUS)
#define FAILED ((uint64_t)-12) /* -ENOMEM */

enum { DONTNEED = 4, POPULATE_READ = 22, POPULATE_WRITE = 23 };

static void write_pages(struct pw_test_system *test, uint64_t first,
			uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		pw_test_touch(test, first + i, 'W');
}

static void expect(struct pw_test_system *test, uint64_t rss_pages,
		   uint64_t vsz_pages, uint64_t invalidations)
{
	const struct pw_counters *counters = pw_test_counters(test);

	assert_int_equal(counters->rss_bytes, BYTES(rss_pages));
	assert_int_equal(counters->vsz_bytes, BYTES(vsz_pages));
	assert_int_equal(counters->tlb_invalidations, invalidations);
}

static uint64_t faults(struct pw_test_system *test)
{
	return pw_test_counters(test)->fault_minor;
}

static void unmap(struct pw_test_system *test, uint64_t first, uint64_t count)
{
	pw_test_event(test,
		      (struct pw_event){.kind = PW_EVENT_munmap,
					.arg = {BYTES(first), BYTES(count)}});
}

static void mapping_twice_drops_the_first_mapping_and_its_pages(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, PAGE, 10, ANONYMOUS, NULL, 0);
	write_pages(&test, PAGE, 10);
	expect(&test, 10, 10, 0);
	pw_test_map(&test, PAGE + 8, 4, ANONYMOUS, NULL, 0);
	expect(&test, 8, 12, 2);
	pw_test_system_close(&test);
}

static void a_failed_call_changes_nothing(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, PAGE, 4, ANONYMOUS, NULL, 0);
	write_pages(&test, PAGE, 4);
	pw_test_event(&test, (struct pw_event){.kind = PW_EVENT_munmap,
					       .result = FAILED,
					       .arg = {BYTES(PAGE), BYTES(4)}});
	pw_test_event(&test, (struct pw_event){.kind = PW_EVENT_exec,
					       .result = (uint64_t)-2});
	expect(&test, 4, 4, 0);
	pw_test_system_close(&test);
}

/* Anonymous: by writes; read-only anonymous: zero pages; file: around. */
static void populating_faults_in_the_call(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, PAGE, 5, ANONYMOUS | PW_TEST_POPULATE, NULL, 0);
	expect(&test, 5, 5, 0);
	assert_int_equal(faults(&test), 5);
	write_pages(&test, PAGE, 5);
	assert_int_equal(faults(&test), 5);
	pw_test_map(&test, OTHER, 32, PW_TEST_SHARED | PW_TEST_POPULATE, "/x",
		    0);
	assert_int_equal(faults(&test), 5 + 2);
	expect(&test, 5 + 32, 5 + 32, 0);
	assert_int_equal(pw_test_counters(&test)->dtlb_misses, 5);
	pw_test_system_close(&test);
}

static void present_pages_need_no_fault(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, PAGE, 4, ANONYMOUS, NULL, 0);
	pw_test_map(&test, PAGE + 6, 4, PW_TEST_PRIVATE, "/x", 0);
	pw_test_event(&test, (struct pw_event){.kind = PW_EVENT_present,
					       .arg = {BYTES(PAGE), BYTES(8)}});
	expect(&test, 4 + 2, 8, 0);
	assert_int_equal(faults(&test), 0);
	assert_int_equal(pw_test_pte(&test, PAGE),
			 PW_PTE_PRESENT | PW_PTE_WRITABLE | PW_PTE_MAY_WRITE |
				 PW_PTE_DIRTY);
	assert_int_equal(pw_test_pte(&test, PAGE + 6),
			 PW_PTE_PRESENT | PW_PTE_FILE);
	assert_int_equal(pw_test_pte(&test, PAGE + 4), 0);
	pw_test_system_close(&test);
}

/* What exec has put there are faults of the process, and may be written. */
static void pages_of_exec_are_faults_and_its_own(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, PAGE, 4, PW_TEST_PRIVATE, "/x", 0);
	pw_test_map(&test, OTHER, 4, PW_TEST_SHARED, "/y", 0);
	pw_test_event(&test, (struct pw_event){.kind = PW_EVENT_present,
					       .arg = {BYTES(PAGE), BYTES(2),
						       PW_PRESENT_OWN}});
	assert_int_equal(faults(&test), 0);
	pw_test_event(&test,
		      (struct pw_event){
			      .kind = PW_EVENT_present,
			      .arg = {BYTES(PAGE + 1), BYTES(2),
				      PW_PRESENT_OWN | PW_PRESENT_FAULTED}});
	assert_int_equal(faults(&test), 1);
	write_pages(&test, PAGE, 3);
	assert_int_equal(faults(&test), 1);
	expect(&test, 3, 8, 0);
	pw_test_event(&test, (struct pw_event){.kind = PW_EVENT_present,
					       .arg = {BYTES(OTHER), BYTES(1),
						       PW_PRESENT_OWN}});
	assert_int_equal(pw_test_pte(&test, OTHER),
			 PW_PTE_PRESENT | PW_PTE_FILE);
	pw_test_system_close(&test);
}

static void munmap_frees_pages_and_their_tables(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, PAGE, 1024, ANONYMOUS, NULL, 0);
	write_pages(&test, PAGE, 1024);
	assert_int_equal(pw_test_counters(&test)->pagetable_tables, 2 + 1 + 1);
	unmap(&test, PAGE + 512, 512);
	assert_int_equal(pw_test_counters(&test)->pagetable_tables, 1 + 1 + 1);
	expect(&test, 512, 512, 512);
	unmap(&test, PAGE, 512);
	expect(&test, 0, 0, 1024);
	assert_int_equal(pw_test_counters(&test)->pagetable_bytes, 0);
	assert_int_equal(pw_test_counters(&test)->pagetable_peak_bytes,
			 4 * PW_PAGE_BYTES);
	assert_int_equal(pw_test_counters(&test)->rss_peak_bytes, BYTES(1024));
	pw_test_system_close(&test);
}

static void remap(struct pw_test_system *test, uint64_t count, uint64_t wanted,
		  uint64_t flags, uint64_t target)
{
	pw_test_event(test, (struct pw_event){.kind = PW_EVENT_mremap,
					      .result = BYTES(target),
					      .arg = {BYTES(PAGE), BYTES(count),
						      BYTES(wanted), flags}});
}

static void a_moved_mapping_takes_its_pages_along(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, PAGE, 8, ANONYMOUS, NULL, 0);
	write_pages(&test, PAGE, 8);
	remap(&test, 8, 12, 1, OTHER);
	expect(&test, 8, 12, 8);
	assert_int_equal(pw_test_pte(&test, PAGE), 0);
	write_pages(&test, OTHER, 8);
	assert_int_equal(faults(&test), 8);
	write_pages(&test, OTHER + 8, 4);
	assert_int_equal(faults(&test), 12);
	pw_test_system_close(&test);
}

static void a_move_can_leave_the_old_mapping_empty(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, PAGE, 8, ANONYMOUS, NULL, 0);
	write_pages(&test, PAGE, 8);
	remap(&test, 8, 8, 1 | 4, OTHER);
	expect(&test, 8, 16, 8);
	pw_test_touch(&test, PAGE, 'W');
	assert_int_equal(faults(&test), 9);
	assert_int_equal(pw_test_counters(&test)->fault_assumed, 0);
	pw_test_system_close(&test);
}

/* File of 20 pages: page 18 of it is at OTHER + 18 after the move, so that the
 * window there ends with the file. */
static void a_moved_file_mapping_keeps_its_offsets(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, PAGE, 32, PW_TEST_PRIVATE, "/x", BYTES(20));
	remap(&test, 32, 32, 1, OTHER);
	pw_test_touch(&test, OTHER + 18, 'R');
	expect(&test, 4, 32, 0);
	pw_test_system_close(&test);
}

static void a_mapping_shrinks_and_grows_in_place(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, PAGE, 8, ANONYMOUS, NULL, 0);
	write_pages(&test, PAGE, 8);
	remap(&test, 8, 3, 0, PAGE);
	expect(&test, 3, 3, 5);
	pw_test_map(&test, PAGE + 5, 2, ANONYMOUS, NULL, 0);
	remap(&test, 3, 6, 0, PAGE);
	expect(&test, 3, 7, 5);
	remap(&test, 0, 6, 0, PAGE);
	expect(&test, 3, 7, 5);
	pw_test_system_close(&test);
}

static void brk_to(struct pw_test_system *test, uint64_t address)
{
	pw_test_event(test, (struct pw_event){.kind = PW_EVENT_brk,
					      .result = address,
					      .arg = {address}});
}

static void the_break_grows_and_shrinks_from_where_it_was_first(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	brk_to(&test, BYTES(PAGE) + 10);
	expect(&test, 0, 0, 0);
	/* Both ends rounded up: pages PAGE + 1 to PAGE + 4. */
	brk_to(&test, BYTES(PAGE + 4) + 1);
	expect(&test, 0, 4, 0);
	write_pages(&test, PAGE + 1, 4);
	assert_int_equal(pw_test_counters(&test)->fault_assumed, 0);
	brk_to(&test, BYTES(PAGE + 2));
	expect(&test, 1, 1, 3);
	pw_test_system_close(&test);

	pw_test_system_open(&test, NULL);
	pw_test_event(&test, (struct pw_event){.kind = PW_EVENT_map,
					       .arg = {BYTES(PAGE), BYTES(2), 3,
						       ANONYMOUS},
					       .text = "[heap]"});
	brk_to(&test, BYTES(PAGE + 5));
	expect(&test, 0, 5, 0);
	pw_test_system_close(&test);
}

static void protect(struct pw_test_system *test, uint64_t first, uint64_t count,
		    uint64_t prot)
{
	pw_test_event(test, (struct pw_event){
				    .kind = PW_EVENT_mprotect,
				    .arg = {BYTES(first), BYTES(count), prot}});
}

/* A page in the TLB whose protection changes misses again; setting what is
 * there already does nothing. */
static void a_changed_protection_invalidates_present_pages(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, PAGE, 8, ANONYMOUS, NULL, 0);
	write_pages(&test, PAGE, 2);
	protect(&test, PAGE, 4, 3);
	expect(&test, 2, 8, 0);
	pw_test_touch(&test, PAGE, 'R');
	assert_int_equal(pw_test_counters(&test)->dtlb_misses, 2);
	protect(&test, PAGE + 1, 7, 1);
	expect(&test, 2, 8, 1);
	pw_test_touch(&test, PAGE, 'R');
	assert_int_equal(pw_test_counters(&test)->dtlb_misses, 2);
	pw_test_touch(&test, PAGE + 1, 'R');
	assert_int_equal(pw_test_counters(&test)->dtlb_misses, 3);
	/* The recorded store was allowed, so it is not a fault either. */
	pw_test_touch(&test, PAGE + 1, 'W');
	assert_int_equal(faults(&test), 2);
	pw_test_system_close(&test);
}

static void advise(struct pw_test_system *test, uint64_t first, uint64_t count,
		   uint64_t advice)
{
	pw_test_event(test, (struct pw_event){.kind = PW_EVENT_madvise,
					      .arg = {BYTES(first),
						      BYTES(count), advice}});
}

static void unneeded_pages_go_and_come_back_by_faults(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, PAGE, 8, ANONYMOUS, NULL, 0);
	write_pages(&test, PAGE, 8);
	advise(&test, PAGE, 6, DONTNEED);
	expect(&test, 2, 8, 6);
	write_pages(&test, PAGE, 8);
	assert_int_equal(faults(&test), 8 + 6);
	advise(&test, PAGE, 8, 14); /* MADV_HUGEPAGE */
	expect(&test, 8, 8, 6);
	pw_test_system_close(&test);
}

/* As on Linux: n zero-page faults by reads, then n more by writes. */
static void advice_populates_by_reads_or_writes(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, PAGE, 8, ANONYMOUS, NULL, 0);
	advise(&test, PAGE, 10, POPULATE_READ);
	expect(&test, 0, 8, 0);
	assert_int_equal(pw_test_counters(&test)->fault_zero_page, 8);
	advise(&test, PAGE, 10, POPULATE_WRITE);
	expect(&test, 8, 8, 8);
	assert_int_equal(faults(&test), 16);
	pw_test_system_close(&test);
}

static void exec_begins_with_nothing(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, PAGE, 8, ANONYMOUS, NULL, 0);
	write_pages(&test, PAGE, 8);
	brk_to(&test, BYTES(OTHER));
	pw_test_event(&test,
		      (struct pw_event){.kind = PW_EVENT_exec, .text = "/x"});
	expect(&test, 0, 0, 0);
	assert_int_equal(pw_test_counters(&test)->pagetable_tables, 0);
	brk_to(&test, BYTES(OTHER + 5)); /* the first one again */
	expect(&test, 0, 0, 0);
	pw_test_touch(&test, PAGE, 'W');
	assert_int_equal(pw_test_counters(&test)->dtlb_misses, 9);
	assert_int_equal(pw_test_counters(&test)->fault_assumed, 1);
	pw_test_system_close(&test);
}

/* Unmapping a page of one 2 MiB drops the PD entry of another: SDM 4.10.4.1.
 * Walks: 4 (cold), 1, then after the munmap 4 again. */
static void an_invalidation_empties_the_page_walk_caches(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, PAGE, 1024, ANONYMOUS, NULL, 0);
	write_pages(&test, PAGE, 2);
	assert_int_equal(pw_test_counters(&test)->walk_references, 4 + 1);
	unmap(&test, PAGE + 512, 1); /* absent: nothing is invalidated */
	write_pages(&test, PAGE + 2, 1);
	assert_int_equal(pw_test_counters(&test)->walk_references, 5 + 1);
	unmap(&test, PAGE, 1);
	write_pages(&test, PAGE + 3, 1);
	assert_int_equal(pw_test_counters(&test)->walk_references, 6 + 4);
	pw_test_system_close(&test);
}

/* 4 pages by mlock, 2 later by faults; the page of protection 0 never. */
static void locking_brings_pages_unless_on_fault(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, PAGE, 6, ANONYMOUS, NULL, 0);
	pw_test_event(&test,
		      (struct pw_event){.kind = PW_EVENT_mprotect,
					.arg = {BYTES(PAGE + 3), BYTES(1), 0}});
	/* One byte of page 0 to one of page 4: 5 pages, 4 can be had. */
	pw_test_event(&test, (struct pw_event){.kind = PW_EVENT_mlock,
					       .arg = {BYTES(PAGE) + 4095,
						       BYTES(3) + 2, 0}});
	assert_int_equal(faults(&test), 4);
	expect(&test, 4, 6, 0);
	pw_test_event(&test,
		      (struct pw_event){.kind = PW_EVENT_mlock,
					.arg = {BYTES(PAGE + 5), BYTES(1), 1}});
	assert_int_equal(faults(&test), 4);
	/* A locked page that becomes writable comes in the call. */
	pw_test_event(&test,
		      (struct pw_event){.kind = PW_EVENT_mprotect,
					.arg = {BYTES(PAGE + 3), BYTES(1), 3}});
	assert_int_equal(faults(&test), 5);
	pw_test_system_close(&test);
}

static void mlockall_counts_for_mappings_to_come(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, PAGE, 3, ANONYMOUS, NULL, 0);
	pw_test_event(&test,
		      (struct pw_event){.kind = PW_EVENT_mlockall, .arg = {2}});
	assert_int_equal(faults(&test), 0);
	pw_test_map(&test, OTHER, 5, ANONYMOUS, NULL, 0);
	assert_int_equal(faults(&test), 5);
	pw_test_event(&test,
		      (struct pw_event){.kind = PW_EVENT_mlockall, .arg = {1}});
	assert_int_equal(faults(&test), 8);
	pw_test_map(&test, OTHER + 8, 5, ANONYMOUS, NULL, 0);
	assert_int_equal(faults(&test), 8);
	pw_test_event(&test, (struct pw_event){.kind = PW_EVENT_munlockall});
	pw_test_system_close(&test);
}

static void shared_memory_comes_and_goes_with_shmat_and_shmdt(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_event(&test, (struct pw_event){.kind = PW_EVENT_shmat,
					       .result = BYTES(PAGE),
					       .arg = {7, 0, 0, 5000}});
	pw_test_touch(&test, PAGE, 'R');
	pw_test_touch(&test, PAGE, 'W');
	assert_int_equal(faults(&test), 1);
	expect(&test, 1, 2, 0);
	pw_test_event(&test, (struct pw_event){.kind = PW_EVENT_shmdt,
					       .arg = {BYTES(PAGE), 5000}});
	expect(&test, 0, 0, 1);
	pw_test_system_close(&test);
}

/* A move in between takes all of it away from where it was. */
static void shared_memory_that_nobody_maps_is_free(void **state)
{
	const struct pw_event move = {
		.kind = PW_EVENT_mremap,
		.result = BYTES(OTHER),
		.arg = {BYTES(PAGE), BYTES(4), BYTES(4), 1}};
	const struct pw_event map = {
		.kind = PW_EVENT_mmap,
		.result = BYTES(PAGE),
		.arg = {BYTES(PAGE), BYTES(4), 3,
			PW_TEST_SHARED | PW_TEST_ANONYMOUS}};
	struct pw_test_system test;
	uint64_t before;

	(void)state;
	pw_test_system_open(&test, "memory.size=64M");
	/* Page tables stay where the mapping was that moves away. */
	pw_test_map(&test, PAGE + 8, 1, PW_TEST_PRIVATE | PW_TEST_ANONYMOUS,
		    NULL, 0);
	write_pages(&test, PAGE + 8, 1);
	pw_test_map(&test, OTHER + 8, 1, PW_TEST_PRIVATE | PW_TEST_ANONYMOUS,
		    NULL, 0);
	write_pages(&test, OTHER + 8, 1);
	before = test.system.memory.used;
	for (size_t round = 0; round < 2; round++) {
		pw_test_event(&test, map);
		write_pages(&test, PAGE, 3);
		assert_int_equal(test.system.memory.used, before + 3);
		pw_test_event(&test, move);
		assert_int_equal(test.system.memory.used, before + 3);
		unmap(&test, OTHER, 2);
		assert_int_equal(test.system.memory.used, before + 3);
		unmap(&test, OTHER + 2, 2);
		assert_int_equal(test.system.memory.used, before);
		assert_int_equal(test.system.memory.freed, 3 * (round + 1));
	}
	pw_test_system_close(&test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			mapping_twice_drops_the_first_mapping_and_its_pages),
		cmocka_unit_test(a_failed_call_changes_nothing),
		cmocka_unit_test(populating_faults_in_the_call),
		cmocka_unit_test(present_pages_need_no_fault),
		cmocka_unit_test(pages_of_exec_are_faults_and_its_own),
		cmocka_unit_test(munmap_frees_pages_and_their_tables),
		cmocka_unit_test(a_moved_mapping_takes_its_pages_along),
		cmocka_unit_test(a_move_can_leave_the_old_mapping_empty),
		cmocka_unit_test(a_moved_file_mapping_keeps_its_offsets),
		cmocka_unit_test(a_mapping_shrinks_and_grows_in_place),
		cmocka_unit_test(
			the_break_grows_and_shrinks_from_where_it_was_first),
		cmocka_unit_test(
			a_changed_protection_invalidates_present_pages),
		cmocka_unit_test(unneeded_pages_go_and_come_back_by_faults),
		cmocka_unit_test(advice_populates_by_reads_or_writes),
		cmocka_unit_test(exec_begins_with_nothing),
		cmocka_unit_test(an_invalidation_empties_the_page_walk_caches),
		cmocka_unit_test(locking_brings_pages_unless_on_fault),
		cmocka_unit_test(mlockall_counts_for_mappings_to_come),
		cmocka_unit_test(
			shared_memory_comes_and_goes_with_shmat_and_shmdt),
		cmocka_unit_test(shared_memory_that_nobody_maps_is_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
