/*
 * test_page_size.c - large pages: who gets them, and how they are split; and
 * machines whose base pages are large. Counted by hand.
 */
#include "tests/support/pw_test.h"

#include "formats/lineage.h"
#include "replay/memory/fork.h"
#include "tests/support/replay_fixture.h"

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define PAGES(bytes) ((bytes) / (4 * KIB))

#define ANONYMOUS (PW_TEST_PRIVATE | PW_TEST_ANONYMOUS)
#define AT (4 * GIB) /* where mappings begin here */

static void open_as(struct pw_test_system *test, const char *one,
		    const char *two)
{
	const char *items[] = {one, two};
	const struct pw_text_list overrides = {items, 2};

	pw_test_system_open_as(test, &overrides);
}

static void open_huge(struct pw_test_system *test)
{
	open_as(test, "page_size.model=huge", "page_size.max=2M");
}

static void map(struct pw_test_system *test, uint64_t address, uint64_t bytes,
		uint64_t flags)
{
	pw_test_map(test, PAGES(address), PAGES(bytes), flags, NULL, 0);
}

static void touch(struct pw_test_system *test, uint64_t address, char how)
{
	pw_test_touch(test, PAGES(address), how);
}

/* Refer to each of these pages. */
static void touch_all(struct pw_test_system *test, uint64_t address,
		      uint64_t bytes, char how)
{
	for (uint64_t at = 0; at < bytes; at += 4 * KIB)
		touch(test, address + at, how);
}

static void call(struct pw_test_system *test, enum pw_event_kind kind,
		 uint64_t address, uint64_t bytes, uint64_t third)
{
	pw_test_event(test, (struct pw_event){
				    .kind = kind,
				    .arg = {address, bytes, third},
			    });
}

static void expect(struct pw_test_system *test, uint64_t faults,
		   uint64_t rss_bytes, uint64_t invalidations)
{
	const struct pw_counters *counters = pw_test_counters(test);

	assert_int_equal(counters->fault_minor, faults);
	assert_int_equal(counters->rss_bytes, rss_bytes);
	assert_int_equal(counters->tlb_invalidations, invalidations);
}

static void expect_leaf(struct pw_test_system *test, uint64_t address,
			unsigned height)
{
	const struct pw_space *space = test->system.current;
	struct pw_leaf leaf;

	assert_true(
		space->table_ops->find(space->table, PAGES(address), &leaf));
	assert_int_equal(leaf.height, height);
}

/* 1 MiB to 9 MiB above a border of 2 MiB: 256 small pages at each edge, three
 * large ones between; measured on Linux 6.18 as 3 + 512 faults. */
static void edges_of_a_mapping_have_small_pages(void **state)
{
	struct pw_test_system test;

	(void)state;
	open_huge(&test);
	map(&test, AT + 1 * MIB, 8 * MIB, ANONYMOUS);
	touch_all(&test, AT + 1 * MIB, 8 * MIB, 'W');
	expect(&test, 3 + 512, 8 * MIB, 0);
	assert_int_equal(pw_test_counters(&test)->pagetable_tables, 2 + 1 + 1);
	pw_test_system_close(&test);
}

/* Read first: the huge zero page, no RSS. Then a write gives a large page. */
static void a_large_zero_page_becomes_a_large_page(void **state)
{
	struct pw_test_system test;

	(void)state;
	open_huge(&test);
	map(&test, AT, 4 * MIB, ANONYMOUS);
	touch(&test, AT + 5 * KIB, 'R');
	expect(&test, 1, 0, 0);
	expect_leaf(&test, AT, 1);
	touch(&test, AT + 1 * MIB, 'W');
	expect(&test, 2, 2 * MIB, 1);
	expect_leaf(&test, AT, 1);
	assert_int_equal(pw_test_counters(&test)->fault_zero_page, 1);
	pw_test_system_close(&test);
}

/* The largest page that fits: 1 GiB in the middle of 2.5 GiB, 2 MiB beside. */
static void the_largest_page_that_fits_is_mapped(void **state)
{
	struct pw_test_system test;

	(void)state;
	open_as(&test, "page_size.model=huge", "page_size.max=1G");
	map(&test, AT + 512 * MIB, 2560 * MIB, ANONYMOUS);
	touch(&test, AT + 512 * MIB, 'W');
	expect_leaf(&test, AT + 512 * MIB, 1);
	touch(&test, AT + 1536 * MIB, 'W');
	expect_leaf(&test, AT + 1536 * MIB, 2);
	expect(&test, 2, 1 * GIB + 2 * MIB, 0);
	/* What is there already is in the way. */
	map(&test, AT + 2 * GIB, 4 * KIB, ANONYMOUS | PW_TEST_POPULATE);
	call(&test, PW_EVENT_mprotect, AT + 2 * GIB, 4 * KIB, 1);
	call(&test, PW_EVENT_mprotect, AT + 2 * GIB, 4 * KIB, 3);
	touch(&test, AT + 2 * GIB + 4 * KIB, 'W');
	expect_leaf(&test, AT + 2 * GIB + 4 * KIB, 0);
	pw_test_system_close(&test);
}

/* A page out of the middle of 1 GiB: split into 512 of 2 MiB, one of those into
 * 512 small pages, and the page goes: 3 entries. */
static void a_hole_splits_a_large_page_as_far_as_needed(void **state)
{
	struct pw_test_system test;

	(void)state;
	open_as(&test, "page_size.model=huge", "page_size.max=1G");
	map(&test, AT, 1 * GIB, ANONYMOUS);
	touch(&test, AT, 'W');
	assert_int_equal(pw_test_counters(&test)->pagetable_tables, 1);
	call(&test, PW_EVENT_munmap, AT + 6 * MIB + 4 * KIB, 4 * KIB, 0);
	expect(&test, 1, 1 * GIB - 4 * KIB, 3);
	assert_int_equal(pw_test_counters(&test)->pagetable_tables, 3);
	expect_leaf(&test, AT + 4 * MIB, 1);
	expect_leaf(&test, AT + 6 * MIB, 0);
	/* From 2 MiB to 4 MiB nothing needs to be split: one entry goes. */
	call(&test, PW_EVENT_madvise, AT + 2 * MIB, 2 * MIB, 4);
	expect(&test, 1, 1 * GIB - 4 * KIB - 2 * MIB, 4);
	touch(&test, AT + 3 * MIB, 'W');
	expect_leaf(&test, AT + 3 * MIB, 1);
	pw_test_system_close(&test);
}

/* No pages from the middle of a large one on are no reason to split it. */
static void a_range_of_no_pages_splits_nothing(void **state)
{
	struct pw_test_system test;

	(void)state;
	open_as(&test, "page_size.model=huge", "page_size.max=2M");
	map(&test, AT, 4 * MIB, ANONYMOUS);
	touch(&test, AT, 'W');
	call(&test, PW_EVENT_madvise, AT + 1 * MIB, 0, 4);
	expect_leaf(&test, AT, 1);
	expect(&test, 1, 2 * MIB, 0);
	pw_test_system_close(&test);
}

/* The protection of half a large page splits it, and changes 256 entries. */
static void a_mapping_cut_in_a_large_page_splits_it(void **state)
{
	struct pw_test_system test;

	(void)state;
	open_huge(&test);
	map(&test, AT, 4 * MIB, ANONYMOUS);
	touch(&test, AT, 'W');
	touch(&test, AT + 2 * MIB, 'W');
	call(&test, PW_EVENT_mprotect, AT, 1 * MIB, 1);
	expect(&test, 2, 4 * MIB, 1 + 256);
	expect_leaf(&test, AT + 1 * MIB, 0);
	expect_leaf(&test, AT + 2 * MIB, 1);
	/* MADV_DONTFORK for a part cuts too; nothing else changes. */
	call(&test, PW_EVENT_madvise, AT + 3 * MIB, 1 * MIB, 10);
	expect(&test, 2, 4 * MIB, 1 + 256 + 1);
	expect_leaf(&test, AT + 2 * MIB, 0);
	pw_test_system_close(&test);
}

/* A large page moves as it is to a border of its size, else in small parts. */
static void a_large_page_moves_whole_where_it_fits(void **state)
{
	struct pw_test_system test;
	struct pw_event event = {
		.kind = PW_EVENT_mremap,
		.result = AT + 64 * MIB,
		.arg = {AT, 2 * MIB, 2 * MIB, 3, AT + 64 * MIB},
	};

	(void)state;
	open_huge(&test);
	map(&test, AT, 2 * MIB, ANONYMOUS);
	touch(&test, AT, 'W');
	pw_test_event(&test, event);
	expect(&test, 1, 2 * MIB, 1);
	expect_leaf(&test, AT + 64 * MIB, 1);
	event.arg[0] = event.result;
	event.result = AT + 5 * MIB;
	pw_test_event(&test, event);
	expect(&test, 1, 2 * MIB, 1 + 1 + 512);
	expect_leaf(&test, AT + 5 * MIB, 0);
	pw_test_system_close(&test);
}

/* The child inherits large pages; what is written is copied by 4 KiB. */
static void a_copy_after_a_fork_splits_a_large_page(void **state)
{
	struct pw_test_system test;
	struct pw_error err;

	(void)state;
	open_huge(&test);
	map(&test, AT, 16 * MIB, ANONYMOUS);
	touch_all(&test, AT, 16 * MIB, 'W');
	expect(&test, 8, 16 * MIB, 0);
	PW_TEST_OK(pw_fork(&test.system, 1, &err), &err);
	expect(&test, 8, 32 * MIB, 8);
	PW_TEST_OK(pw_system_switch(&test.system, &(struct pw_runner){1, 1, 1},
				    &err),
		   &err);
	expect_leaf(&test, AT, 1);
	touch_all(&test, AT, 16 * MIB, 'W');
	expect(&test, 8 + 4096, 32 * MIB, 8 + 8 + 4096);
	assert_int_equal(pw_test_counters(&test)->fault_fork, 4096);
	pw_test_system_close(&test);
}

/* hugetlb: a read gives a page of its own, a copy is of all of it; memory that
 * does not ask for it has small pages. */
static void hugetlb_pages_are_copied_whole(void **state)
{
	const uint64_t flags = ANONYMOUS | PW_TEST_HUGETLB;
	struct pw_test_system test;
	struct pw_error err;

	(void)state;
	open_as(&test, "page_size.model=hugetlb", "page_size.max=1G");
	map(&test, AT, 4 * MIB, flags);
	map(&test, AT + 1 * GIB, 2 * GIB, flags | UINT64_C(30) << 26);
	map(&test, AT + 4 * GIB, 4 * MIB, ANONYMOUS);
	touch(&test, AT, 'R');
	expect_leaf(&test, AT, 1);
	touch(&test, AT + 2 * GIB, 'W');
	expect_leaf(&test, AT + 2 * GIB, 2);
	touch(&test, AT + 4 * GIB, 'W');
	expect_leaf(&test, AT + 4 * GIB, 0);
	/* The kernel keeps them apart from the resident set. */
	expect(&test, 3, 4 * KIB, 0);
	assert_int_equal(pw_test_counters(&test)->hugetlb_bytes,
			 1 * GIB + 2 * MIB);
	assert_int_equal(test.system.current->rss_peak, 1);
	PW_TEST_OK(pw_fork(&test.system, PW_NO_SPACE, &err), &err);
	touch(&test, AT + 1 * MIB, 'W');
	expect(&test, 4, 4 * KIB, 3 + 1);
	assert_int_equal(pw_test_counters(&test)->hugetlb_bytes,
			 1 * GIB + 2 * MIB);
	expect_leaf(&test, AT, 1);
	pw_test_system_close(&test);
}

static void advice_says_where_large_pages_are_wanted(void **state)
{
	static const struct {
		const char *model;
		unsigned unsaid, wanted, refused;
	} rows[] = {
		{"page_size.model=base", 0, 0, 0},
		{"page_size.model=huge", 1, 1, 0},
		{"page_size.model=madvise", 0, 1, 0},
		{"page_size.model=hugetlb", 0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(rows); i++) {
		struct pw_test_system test;

		open_as(&test, rows[i].model, "page_size.max=2M");
		map(&test, AT, 6 * MIB, ANONYMOUS);
		call(&test, PW_EVENT_madvise, AT + 2 * MIB, 2 * MIB, 14);
		call(&test, PW_EVENT_madvise, AT + 4 * MIB, 2 * MIB, 15);
		for (uint64_t at = 0; at < 6 * MIB; at += 2 * MIB)
			touch(&test, AT + at, 'W');
		expect_leaf(&test, AT, rows[i].unsaid);
		expect_leaf(&test, AT + 2 * MIB, rows[i].wanted);
		expect_leaf(&test, AT + 4 * MIB, rows[i].refused);
		pw_test_system_close(&test);
	}
}

/* A heap that grows by 132 KiB is one mapping, in which large pages fit. */
static void a_heap_that_grows_is_one_mapping(void **state)
{
	struct pw_test_system test;

	(void)state;
	open_huge(&test);
	for (uint64_t end = AT; end < AT + 5 * MIB; end += 132 * KIB)
		pw_test_event(&test, (struct pw_event){.kind = PW_EVENT_brk,
						       .result = end});
	touch(&test, AT + 3 * MIB, 'W');
	expect(&test, 1, 2 * MIB, 0);
	pw_test_system_close(&test);
}

/* Base pages of 2 MiB: ranges are those of all pages they touch; three levels.
 * 4 KiB at the end of one and 4 KiB at the start of the next are two pages. */
static void a_machine_can_have_larger_base_pages(void **state)
{
	struct pw_test_system test;
	const struct pw_counters *counters;

	(void)state;
	pw_test_system_open(&test, "page_table.page=2M");
	map(&test, AT + 2 * MIB - 4 * KIB, 8 * KIB, ANONYMOUS);
	touch(&test, AT, 'W');
	touch(&test, AT + 1 * MIB, 'W');
	counters = pw_test_counters(&test);
	assert_int_equal(counters->vsz_bytes, 4 * MIB);
	assert_int_equal(counters->walk_references, 3);
	assert_int_equal(counters->dtlb_misses, 1);
	assert_int_equal(counters->pagetable_tables, 2);
	expect(&test, 1, 2 * MIB, 0);
	touch(&test, AT + 2 * MIB, 'R');
	expect(&test, 2, 2 * MIB, 0);
	call(&test, PW_EVENT_munmap, AT + 3 * MIB, 1, 0);
	expect(&test, 2, 2 * MIB, 1);
	assert_int_equal(pw_test_counters(&test)->vsz_bytes, 2 * MIB);
	pw_test_system_close(&test);
}

/* A walk reads a table of each level down to the one that maps the page. */
static void a_cold_walk_reads_an_entry_of_each_level(void **state)
{
	static const struct {
		const char *levels, *max;
		uint64_t references;
	} rows[] = {
		{"page_table.levels=4", "page_size.max=4K", 4},
		{"page_table.levels=4", "page_size.max=2M", 3},
		{"page_table.levels=4", "page_size.max=1G", 2},
		{"page_table.levels=5", "page_size.max=4K", 5},
		{"page_table.levels=5", "page_size.max=2M", 4},
		{"page_table.levels=5", "page_size.max=1G", 3},
	};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(rows); i++) {
		const char *items[] = {rows[i].levels, "page_size.model=huge",
				       rows[i].max};
		const struct pw_text_list overrides = {items, 3};
		struct pw_test_system test;

		pw_test_system_open_as(&test, &overrides);
		map(&test, AT, 1 * GIB, ANONYMOUS);
		touch(&test, AT, 'W');
		assert_int_equal(pw_test_counters(&test)->walk_references,
				 rows[i].references);
		pw_test_system_close(&test);
	}
}

/* A single line is where its hash says; a table of 64 lines is 4 KiB, one of
 * more than 32 lines 8 KiB. */
static void a_hashed_table_is_one_table_that_doubles(void **state)
{
	struct pw_test_system test;

	(void)state;
	open_as(&test, "page_table.model=hashed", "page_table.levels=1");
	map(&test, AT, 2 * MIB, ANONYMOUS);
	touch(&test, AT, 'W');
	assert_int_equal(pw_test_counters(&test)->walk_references, 1);
	touch_all(&test, AT, 1 * MIB, 'W'); /* 256 pages, 32 lines */
	assert_int_equal(pw_test_counters(&test)->pagetable_tables, 1);
	assert_int_equal(pw_test_counters(&test)->pagetable_bytes, 4 * KIB);
	touch(&test, AT + 1 * MIB, 'W');
	assert_int_equal(pw_test_counters(&test)->pagetable_bytes, 8 * KIB);
	assert_int_equal(test.system.tables.use[0].lines, 33);
	call(&test, PW_EVENT_munmap, AT, 2 * MIB, 0);
	expect(&test, 257, 0, 257);
	assert_int_equal(pw_test_counters(&test)->pagetable_bytes, 0);
	pw_test_system_close(&test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edges_of_a_mapping_have_small_pages),
		cmocka_unit_test(a_large_zero_page_becomes_a_large_page),
		cmocka_unit_test(the_largest_page_that_fits_is_mapped),
		cmocka_unit_test(a_hole_splits_a_large_page_as_far_as_needed),
		cmocka_unit_test(a_range_of_no_pages_splits_nothing),
		cmocka_unit_test(a_mapping_cut_in_a_large_page_splits_it),
		cmocka_unit_test(a_large_page_moves_whole_where_it_fits),
		cmocka_unit_test(a_copy_after_a_fork_splits_a_large_page),
		cmocka_unit_test(hugetlb_pages_are_copied_whole),
		cmocka_unit_test(advice_says_where_large_pages_are_wanted),
		cmocka_unit_test(a_heap_that_grows_is_one_mapping),
		cmocka_unit_test(a_machine_can_have_larger_base_pages),
		cmocka_unit_test(a_cold_walk_reads_an_entry_of_each_level),
		cmocka_unit_test(a_hashed_table_is_one_table_that_doubles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
