/*
 * test_closed_forms.c - what is known without simulating.
 *
 * Whole machines, from references to counters: cold walks of one and two
 * dimensions, walks of which page-walk caches leave one reference, tables and
 * lines of contiguous memory, and miss ratios of LRU TLBs.
 */
#include "tests/support/pw_test.h"

#include "base/bits.h"
#include "base/random.h"
#include "tests/support/replay_fixture.h"

#define MIB_PAGES 256
#define AT (1 << 22) /* a page that all tables reach, where a GiB begins */

static void open_as(struct pw_test_system *test, const char **overrides)
{
	struct pw_text_list list = {overrides, 0};

	while (overrides[list.count])
		list.count++;
	pw_test_system_open_as(test, &list);
	pw_test_map(test, AT, 1 << 19, PW_TEST_PRIVATE | PW_TEST_ANONYMOUS,
		    NULL, 0);
}

/* References of the walk of the first touch. */
static uint64_t cold(const char **overrides)
{
	struct pw_test_system test;
	uint64_t references;

	open_as(&test, overrides);
	pw_test_touch(&test, AT, 'W');
	assert_int_equal(pw_test_counters(&test)->walk_count, 1);
	references = pw_test_counters(&test)->walk_references;
	pw_test_system_close(&test);
	return references;
}

#define COLD(...) cold((const char *[]){__VA_ARGS__, NULL})

static void a_cold_walk_reads_an_entry_of_each_level(void **state)
{
	(void)state;
	assert_int_equal(COLD("page_table.levels=4"), 4);
	assert_int_equal(COLD("page_table.levels=5"), 5);
	assert_int_equal(
		COLD("page_table.model=radix-riscv64", "page_table.levels=3"),
		3);
	assert_int_equal(
		COLD("page_table.model=radix-arm64-4k", "page_table.levels=4"),
		4);
	assert_int_equal(
		COLD("page_table.model=radix-arm64-16k", "page_table.levels=4"),
		4);
	assert_int_equal(
		COLD("page_table.model=radix-arm64-64k", "page_table.levels=3"),
		3);
	assert_int_equal(COLD("page_table.model=hashed", "page_table.levels=1"),
			 1);
}

static void a_cold_walk_to_a_large_page_ends_higher_up(void **state)
{
	(void)state;
	assert_int_equal(COLD("page_size.model=huge", "page_size.max=2M"), 3);
	assert_int_equal(COLD("page_size.model=huge", "page_size.max=1G"), 2);
	assert_int_equal(COLD("page_table.levels=5", "page_size.model=huge",
			      "page_size.max=2M"),
			 4);
}

/* (g + 1)(h + 1) - 1, g and h being the references of either dimension. */
static void a_cold_nested_walk_is_the_product_of_both(void **state)
{
	(void)state;
	assert_int_equal(COLD("nested.model=radix-x86-64", "nested.levels=4",
			      "nested.page=4K"),
			 24);
	assert_int_equal(COLD("page_table.levels=5",
			      "nested.model=radix-x86-64", "nested.levels=5",
			      "nested.page=4K"),
			 35);
	assert_int_equal(COLD("page_table.levels=4",
			      "nested.model=radix-x86-64", "nested.levels=5",
			      "nested.page=4K"),
			 5 * 6 - 1);
	assert_int_equal(COLD("nested.model=radix-x86-64", "nested.levels=4",
			      "nested.page=2M"),
			 5 * 4 - 1);
	assert_int_equal(COLD("page_size.model=huge", "page_size.max=2M",
			      "nested.model=radix-x86-64", "nested.levels=4",
			      "nested.page=2M"),
			 4 * 4 - 1);
	assert_int_equal(COLD("page_size.model=huge", "page_size.max=1G",
			      "nested.model=radix-x86-64", "nested.levels=4",
			      "nested.page=1G"),
			 3 * 3 - 1);
}

/* 32 PDEs are kept, those of 64 MiB: of all walks but the first in each 2 MiB
 * there is one reference left, however the pages are chosen. */
static void a_walk_that_a_pde_covers_reads_one_entry(void **state)
{
	const char *overrides[] = {"pwc.pde.entries=32", "pwc.pde.ways=full",
				   NULL};
	const struct pw_counters *counters;
	struct pw_test_system test;
	uint64_t walks, references;
	struct pw_random random;

	(void)state;
	open_as(&test, overrides);
	for (uint64_t i = 0; i < 64 * MIB_PAGES; i++)
		pw_test_touch(&test, AT + i, 'W');
	walks = pw_test_counters(&test)->walk_count;
	references = pw_test_counters(&test)->walk_references;
	assert_int_equal(walks, 64 * MIB_PAGES);
	/* The first reads all 4, the other 31 first ones 2: AT is aligned. */
	assert_int_equal(references, walks + 3 + 31);
	pw_random_seed(&random, 1);
	for (uint64_t i = 0; i < 20000; i++)
		pw_test_touch(&test,
			      AT + pw_random_below(&random, 64 * MIB_PAGES),
			      'W');
	counters = pw_test_counters(&test);
	assert_true(counters->walk_count > walks + 10000);
	assert_int_equal(counters->walk_references - references,
			 counters->walk_count - walks);
	pw_test_system_close(&test);
}

/* 64 MiB of base pages in a row: tables and lines in use at heights 0 and 1. */
static void expect_contiguous(const char **overrides, uint64_t page_bytes,
			      uint64_t leaf_tables, uint64_t lines)
{
	struct pw_test_system test;
	const struct pw_table_use *use;

	open_as(&test, overrides);
	for (uint64_t i = 0; i < 64 * MIB_PAGES;
	     i += page_bytes / PW_PAGE_BYTES)
		pw_test_touch(&test, AT + i, 'W');
	use = test.system.tables.use;
	assert_int_equal(use[0].tables, leaf_tables);
	assert_int_equal(use[0].lines, lines);
	assert_int_equal(use[0].entries,
			 64 * MIB_PAGES * PW_PAGE_BYTES / page_bytes);
	assert_int_equal(use[1].tables, 1);
	assert_int_equal(use[1].entries, leaf_tables);
	pw_test_system_close(&test);
}

#define EXPECT_CONTIGUOUS(page, tables, lines, ...)                          \
	expect_contiguous((const char *[]){__VA_ARGS__, NULL}, page, tables, \
			  lines)

static void tables_of_contiguous_memory_are_few(void **state)
{
	(void)state;
	EXPECT_CONTIGUOUS(4096, 32, 2048, "page_table.levels=4");
	EXPECT_CONTIGUOUS(4096, 32, 2048, "page_table.levels=5");
	EXPECT_CONTIGUOUS(16384, 2, 512, "page_table.model=radix-arm64-16k",
			  "page_table.levels=3");
	EXPECT_CONTIGUOUS(65536, 1, 128, "page_table.model=radix-arm64-64k",
			  "page_table.levels=3");
	/* 2 MiB each: 32 entries of one table. */
	EXPECT_CONTIGUOUS(2 << 20, 1, 4, "page_table.page=2M");
}

/* Of 8 entries in a line the first comes from memory. */
static void a_line_serves_eight_walks_in_a_row(void **state)
{
	const char *overrides[] = {"walk.lines=cached",
				   "walk.memory=200",
				   "walk.l1d.model=set-assoc",
				   "walk.l1d.lines=1",
				   "walk.l1d.ways=full",
				   "walk.l1d.cycles=4",
				   "pwc.pde.entries=32",
				   "pwc.pde.ways=full",
				   NULL};
	const struct pw_counters *counters;
	struct pw_test_system test;

	(void)state;
	open_as(&test, overrides);
	for (uint64_t i = 0; i < 512; i++)
		pw_test_touch(&test, AT + i, 'W');
	counters = pw_test_counters(&test);
	/* And the 3 entries above it. */
	assert_int_equal(counters->walk_served_memory, 512 / 8 + 3);
	assert_int_equal(counters->walk_served_l1d, 512 - 512 / 8);
	assert_int_equal(counters->walk_cycles,
			 200 * (512 / 8 + 3) + 4 * (512 - 512 / 8));
	pw_test_system_close(&test);
}

/* A fully associative LRU TLB holds the pages referred to last; so of N pages
 * referred to evenly it lacks 1 - entries / N. */
static void expect_evenly(unsigned entries, uint64_t pages)
{
	char size[48];
	const char *overrides[] = {size, "tlb.l1d.ways=full",
				   "tlb.stlb.entries=0", NULL};
	const uint64_t references = 2000000;
	double want = 1 - (double)entries / (double)pages;
	struct pw_test_system test;
	struct pw_random random;
	uint64_t before;
	double ratio;

	snprintf(size, sizeof(size), "tlb.l1d.entries=%u", entries);
	pw_random_seed(&random, entries);
	open_as(&test, overrides);
	for (uint64_t i = 0; i < 20 * pages; i++)
		pw_test_touch(&test, AT + pw_random_below(&random, pages), 'W');
	before = pw_test_counters(&test)->dtlb_misses;
	for (uint64_t i = 0; i < references; i++)
		pw_test_touch(&test, AT + pw_random_below(&random, pages), 'W');
	ratio = (double)(pw_test_counters(&test)->dtlb_misses - before) /
		(double)references;
	if (ratio < want * 0.998 || ratio > want * 1.002)
		fail_msg("%u entries, %ju pages: %f, not %f", entries,
			 (uintmax_t)pages, ratio, want);
	pw_test_system_close(&test);
}

static void evenly_chosen_pages_miss_by_what_is_not_held(void **state)
{
	(void)state;
	expect_evenly(1, 16);
	expect_evenly(48, 64);
	expect_evenly(64, 1024);
	expect_evenly(72, 144);
	expect_evenly(1536, 16384);
}

/* LRU, going round: all hits if the pages fit, none if one more is there. */
static void going_round_hits_always_or_never(void **state)
{
	const char *overrides[] = {"tlb.l1d.entries=48", "tlb.l1d.ways=full",
				   NULL};

	(void)state;
	for (uint64_t pages = 47; pages < 51; pages++) {
		struct pw_test_system test;

		open_as(&test, overrides);
		for (uint64_t i = 0; i < 100 * pages; i++)
			pw_test_touch(&test, AT + i % pages, 'W');
		assert_int_equal(pw_test_counters(&test)->dtlb_misses,
				 pages <= 48 ? pages : 100 * pages);
		pw_test_system_close(&test);
	}
}

/* Misses of the last of three rounds through @pages base pages of 4 KiB, @step
 * apart: pages are mapped in the first, and found mapped as a whole in the
 * second. */
static uint64_t go_round(const char **overrides, uint64_t pages, uint64_t step)
{
	struct pw_test_system test;
	const struct pw_machine *machine;
	uint64_t before = 0;
	uint64_t misses;

	open_as(&test, overrides);
	machine = test.machine;
	pw_system_filter(&test.system, &machine, 1, PW_FILTER_CLASSES_MAX);
	for (size_t round = 0; round < 3; round++) {
		before = pw_test_counters(&test)->dtlb_misses;
		for (uint64_t i = 0; i < pages; i += step)
			pw_test_touch(&test, AT + i, 'W');
	}
	misses = pw_test_counters(&test)->dtlb_misses - before;
	pw_test_system_close(&test);
	return misses;
}

/* 4 entries hold 4 runs, and going round 5 of them misses once in each. */
static void a_contiguous_run_takes_one_entry(void **state)
{
	const char *arm_4k[] = {"page_table.model=radix-arm64-4k",
				"page_table.contiguous=yes",
				"tlb.l1d.entries=4", "tlb.l1d.ways=full", NULL};
	const char *arm_16k[] = {
		"page_table.model=radix-arm64-16k", "page_table.contiguous=yes",
		"tlb.l1d.entries=4", "tlb.l1d.ways=full", NULL};
	const char *risc_v[] = {"page_table.model=radix-riscv64",
				"page_table.contiguous=yes",
				"tlb.l1d.entries=4", "tlb.l1d.ways=full", NULL};
	const char *none[] = {"page_table.model=radix-arm64-4k",
			      "tlb.l1d.entries=4", "tlb.l1d.ways=full", NULL};

	(void)state;
	assert_int_equal(go_round(arm_4k, 64, 1), 0);
	assert_int_equal(go_round(arm_4k, 80, 1), 5);
	assert_int_equal(go_round(risc_v, 64, 1), 0);
	assert_int_equal(go_round(none, 64, 1), 64);
	/* 128 pages of 16 KiB, 2 MiB. */
	assert_int_equal(go_round(arm_16k, 4 * 512, 4), 0);
	assert_int_equal(go_round(arm_16k, 5 * 512, 4), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cold_walk_reads_an_entry_of_each_level),
		cmocka_unit_test(a_cold_walk_to_a_large_page_ends_higher_up),
		cmocka_unit_test(a_cold_nested_walk_is_the_product_of_both),
		cmocka_unit_test(a_walk_that_a_pde_covers_reads_one_entry),
		cmocka_unit_test(tables_of_contiguous_memory_are_few),
		cmocka_unit_test(a_line_serves_eight_walks_in_a_row),
		cmocka_unit_test(evenly_chosen_pages_miss_by_what_is_not_held),
		cmocka_unit_test(a_contiguous_run_takes_one_entry),
		cmocka_unit_test(going_round_hits_always_or_never),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
