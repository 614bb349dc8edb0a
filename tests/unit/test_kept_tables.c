/*
 * test_kept_tables.c - which page tables stay, by the rules of the kernel.
 */
#include "tests/support/pw_test.h"

#include "base/bits.h"
#include "replay/memory/fork.h"
#include "replay/memory/kept_tables.h"
#include "tests/support/replay_fixture.h"

#define TABLE UINT64_C(512) /* pages of a leaf table */
#define HEAP 0x40000
#define OTHER 0x80000
#define ANONYMOUS (PW_TEST_PRIVATE | PW_TEST_ANONYMOUS)
#define DONTNEED 4
#define GUARD_INSTALL 102
#define FIXED 3 /* MREMAP_MAYMOVE | MREMAP_FIXED */
#define DONTUNMAP 4

/* KiB of page tables: 4 for the page directory, and 4 for the table above. */
static uint64_t kilobytes(const struct pw_test_system *test)
{
	return pw_kept_tables_bytes(&test->system, test->system.current) / 1024;
}

static void unmap(struct pw_test_system *test, uint64_t first, uint64_t count)
{
	pw_test_event(test, (struct pw_event){.kind = PW_EVENT_munmap,
					      .arg = {first * PW_PAGE_BYTES,
						      count * PW_PAGE_BYTES}});
}

static void advise(struct pw_test_system *test, uint64_t first, uint64_t count,
		   uint64_t advice)
{
	pw_test_event(test, (struct pw_event){.kind = PW_EVENT_madvise,
					      .arg = {first * PW_PAGE_BYTES,
						      count * PW_PAGE_BYTES,
						      advice}});
}

static void move(struct pw_test_system *test, uint64_t from, uint64_t to,
		 uint64_t count, uint64_t flags)
{
	pw_test_event(test,
		      (struct pw_event){.kind = PW_EVENT_mremap,
					.result = to * PW_PAGE_BYTES,
					.arg = {from * PW_PAGE_BYTES,
						count * PW_PAGE_BYTES,
						count * PW_PAGE_BYTES, flags,
						to * PW_PAGE_BYTES}});
}

/* Two mappings in the span of one leaf table, of which one has pages. */
static void a_table_stays_while_a_mapping_is_in_its_span(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, HEAP, 8, ANONYMOUS, NULL, 0);
	pw_test_map(&test, HEAP + 100, 8, PW_TEST_SHARED | PW_TEST_ANONYMOUS,
		    NULL, 0);
	assert_int_equal(kilobytes(&test), 0);
	pw_test_touch(&test, HEAP, 'W');
	assert_int_equal(kilobytes(&test), 12);
	unmap(&test, HEAP, 8);
	assert_int_equal(kilobytes(&test), 12);
	unmap(&test, HEAP + 100, 8);
	assert_int_equal(kilobytes(&test), 0);
	pw_test_system_close(&test);
}

/* A call that unmaps between two mappings takes the tables in the gap only. */
static void tables_of_a_gap_go(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, HEAP, 4 * TABLE, ANONYMOUS, NULL, 0);
	for (uint64_t i = 0; i < 4; i++)
		pw_test_touch(&test, HEAP + i * TABLE, 'W');
	assert_int_equal(kilobytes(&test), 8 + 4 * 4);
	/* From the middle of the first table to that of the last one. */
	unmap(&test, HEAP + TABLE / 2, 3 * TABLE);
	assert_int_equal(kilobytes(&test), 8 + 2 * 4);
	pw_test_system_close(&test);
}

/* Linux mm/madvise.c: a part of a table is not enough, and a page stays. */
static void whole_tables_are_given_back_by_dontneed(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, HEAP, 3 * TABLE, ANONYMOUS, NULL, 0);
	for (uint64_t i = 0; i < 3; i++)
		pw_test_touch(&test, HEAP + i * TABLE, 'W');
	advise(&test, HEAP, 2 * TABLE + 100, DONTNEED);
	assert_int_equal(kilobytes(&test), 8 + 4);
	pw_test_touch(&test, HEAP, 'R');
	assert_int_equal(kilobytes(&test), 8 + 8);
	pw_test_system_close(&test);
	pw_test_system_open(&test, "kernel=6.12");
	pw_test_map(&test, HEAP, TABLE, ANONYMOUS, NULL, 0);
	pw_test_touch(&test, HEAP, 'W');
	advise(&test, HEAP, TABLE, DONTNEED);
	assert_int_equal(kilobytes(&test), 12);
	pw_test_system_close(&test);
}

/* Tables that move whole are handed on, others are new. */
static void moved_pages_leave_parts_of_tables(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, HEAP, TABLE + 8, ANONYMOUS, NULL, 0);
	pw_test_touch(&test, HEAP, 'W');
	pw_test_touch(&test, HEAP + TABLE, 'W');
	assert_int_equal(kilobytes(&test), 16);
	move(&test, HEAP, OTHER, TABLE + 8, FIXED | DONTUNMAP);
	/* The old directory and the table of 8 pages; all of the new. */
	assert_int_equal(kilobytes(&test), 4 + 8 + 4 + 8);
	/* Askew, 8 pages are in two tables; the old places are unmapped. */
	move(&test, OTHER + TABLE, OTHER + 3 * TABLE - 4, 8, FIXED);
	assert_int_equal(kilobytes(&test), 4 + 8 + 4 + 4 + 8);
	pw_test_system_close(&test);
}

static void guards_are_entries(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, HEAP, 2 * TABLE, ANONYMOUS, NULL, 0);
	advise(&test, HEAP + TABLE - 1, 2, GUARD_INSTALL);
	assert_int_equal(kilobytes(&test), 16);
	pw_test_system_close(&test);
}

/* MADV_DONTNEED leaves guards, so the first table stays, and the second not. */
static void a_table_with_a_guard_is_not_given_back(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, HEAP, 2 * TABLE, ANONYMOUS, NULL, 0);
	pw_test_touch(&test, HEAP, 'W');
	pw_test_touch(&test, HEAP + TABLE, 'W');
	advise(&test, HEAP + 2, 1, GUARD_INSTALL);
	advise(&test, HEAP, 2 * TABLE, DONTNEED);
	assert_int_equal(kilobytes(&test), 12);
	pw_test_system_close(&test);
}

/* Each table has a frame, which no page can have, and so has the root. */
static void tables_take_frames(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, HEAP, 2 * TABLE, ANONYMOUS, NULL, 0);
	pw_test_touch(&test, HEAP, 'R');
	pw_test_touch(&test, HEAP + TABLE, 'R');
	assert_int_equal(test.system.memory.used, 2 + 2 + 1);
	assert_int_equal(pw_test_counters(&test)->pagetable_kept_bytes,
			 4 * 4096);
	unmap(&test, HEAP, 2 * TABLE);
	assert_int_equal(test.system.memory.used, 1);
	pw_system_empty(&test.system);
	assert_int_equal(test.system.memory.used, 0);
	assert_int_equal(pw_test_counters(&test)->pagetable_kept_bytes, 0);
	pw_test_system_close(&test);
}

/* A child has a table where its parent has one, also if nothing is in it. */
static void a_fork_copies_empty_tables(void **state)
{
	struct pw_test_system test;
	struct pw_error err;

	(void)state;
	pw_test_system_open(&test, NULL);
	pw_test_map(&test, HEAP, 2 * TABLE, ANONYMOUS, NULL, 0);
	pw_test_touch(&test, HEAP, 'W');
	pw_test_touch(&test, HEAP + TABLE, 'W');
	advise(&test, HEAP, 8, DONTNEED);
	PW_TEST_OK(pw_fork(&test.system, 1, &err), &err);
	PW_TEST_OK(pw_system_switch(&test.system, &(struct pw_runner){1, 1, 1},
				    &err),
		   &err);
	assert_int_equal(kilobytes(&test), 16);
	pw_test_event(&test, (struct pw_event){.kind = PW_EVENT_exec});
	assert_int_equal(kilobytes(&test), 0);
	pw_test_system_close(&test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_stays_while_a_mapping_is_in_its_span),
		cmocka_unit_test(tables_of_a_gap_go),
		cmocka_unit_test(whole_tables_are_given_back_by_dontneed),
		cmocka_unit_test(moved_pages_leave_parts_of_tables),
		cmocka_unit_test(guards_are_entries),
		cmocka_unit_test(a_table_with_a_guard_is_not_given_back),
		cmocka_unit_test(tables_take_frames),
		cmocka_unit_test(a_fork_copies_empty_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
