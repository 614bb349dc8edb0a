/*
 * test_page_table.c - geometry of page tables.
 */
#include "tests/support/pw_test.h"

#include "base/random.h"
#include "replay/memory/slab.h"
#include "replay/models.h"

struct fixture {
	struct pw_arena *arena;
	struct pw_table_store store;
	const struct pw_page_table_ops *ops;
	struct pw_geometry geometry;
	void *table;
};

static void setup_as(struct fixture *f, const char *name, uint64_t levels,
		     unsigned page_shift)
{
	struct pw_page_table_config config = {.levels = levels,
					      .page_shift = page_shift};
	struct pw_error err;

	memset(f, 0, sizeof(*f));
	f->ops = pw_page_table_find(name);
	assert_non_null(f->ops);
	PW_TEST_OK(pw_arena_open(&f->arena, 0, &err), &err);
	f->store.slab.arena = f->arena;
	config.arena = f->arena;
	config.store = &f->store;
	PW_TEST_OK(f->ops->check(&config, &err), &err);
	f->geometry = f->ops->geometry(&config);
	f->table = pw_arena_alloc(f->arena, 1, f->ops->state_bytes);
	assert_non_null(f->table);
	assert_true(f->ops->init(f->table, &config));
}

static void setup(struct fixture *f)
{
	setup_as(f, "radix-x86-64", 4, 0);
}

static bool map_at(struct fixture *f, uint64_t first, unsigned height)
{
	const struct pw_leaf leaf = {
		.first = first, .pte = PW_PTE_PRESENT, .height = height};

	return f->ops->map(f->table, &leaf);
}

/* The entry of @page, or 0. */
static uint64_t find(struct fixture *f, uint64_t page)
{
	struct pw_leaf leaf;

	if (f->ops->expect)
		f->ops->expect(f->table, page);
	return f->ops->find(f->table, page, &leaf) ? leaf.pte : 0;
}

static void map_all(struct fixture *f, uint64_t first, uint64_t count,
		    uint64_t stride)
{
	for (uint64_t i = 0; i < count; i++)
		assert_true(map_at(f, first + i * stride, 0));
}

static void expect_tables(const struct fixture *f, uint64_t leaf, uint64_t pd,
			  uint64_t pdpt)
{
	assert_int_equal(f->store.use[0].tables, leaf);
	assert_int_equal(f->store.use[1].tables, pd);
	assert_int_equal(f->store.use[2].tables, pdpt);
	assert_int_equal(f->store.use[0].bytes, leaf * 4096);
}

static void expect_nothing(const struct fixture *f)
{
	static const struct pw_table_use none[PW_LEVELS_MAX];

	assert_memory_equal(f->store.use, none, sizeof(none));
}

/* 64 MiB = 16384 pages from a 1 GiB boundary: 32 leaf tables with 2048 lines of
 * 8 entries, 32 entries of one PD in 4 lines, one PDPT above. */
static void a_dense_range_has_few_tables_and_lines(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	map_all(&f, UINT64_C(1) << 18, 16384, 1);
	expect_tables(&f, 32, 1, 1);
	assert_int_equal(f.store.use[0].entries, 16384);
	assert_int_equal(f.store.use[0].lines, 2048);
	assert_int_equal(f.store.use[1].entries, 32);
	assert_int_equal(f.store.use[1].lines, 4);
	assert_int_equal(f.store.use[3].tables, 1);
	pw_arena_close(f.arena);
}

/* A page every 2 MiB: a leaf each. 64 of them lie in one GiB: 64 + PD + PDPT.
 * One page every GiB: leaf and PD each. One every 512 GiB: three each. */
static void a_sparse_range_has_many_tables(void **state)
{
	static const struct {
		uint64_t stride, leaf, pd, pdpt;
	} rows[] = {
		{UINT64_C(1) << 9, 64, 1, 1},
		{UINT64_C(1) << 18, 64, 64, 1},
		{UINT64_C(1) << 27, 64, 64, 64},
	};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(rows); i++) {
		struct fixture f;

		setup(&f);
		map_all(&f, 0, 64, rows[i].stride);
		expect_tables(&f, rows[i].leaf, rows[i].pd, rows[i].pdpt);
		for (uint64_t j = 0; j < 64; j++) {
			assert_true(find(&f, j * rows[i].stride));
			assert_false(find(&f, j * rows[i].stride + 1));
		}
		pw_arena_close(f.arena);
	}
}

static void a_table_goes_with_its_last_entry(void **state)
{
	struct fixture f;
	size_t used;

	(void)state;
	setup(&f);
	map_all(&f, 511, 2, 1); /* pages 511 and 512: two leaves */
	expect_tables(&f, 2, 1, 1);
	f.ops->unmap(f.table, 511);
	expect_tables(&f, 1, 1, 1);
	assert_int_equal(find(&f, 511), 0);
	assert_int_equal(find(&f, 512), PW_PTE_PRESENT);
	f.ops->unmap(f.table, 512);
	expect_nothing(&f);
	/* What was freed is used again. */
	map_all(&f, 0, 512, 1);
	used = pw_arena_used_bytes(f.arena);
	for (size_t round = 0; round < 100; round++) {
		for (uint64_t page = 0; page < 512; page++)
			f.ops->unmap(f.table, page);
		expect_nothing(&f);
		map_all(&f, 512 * round, 512, 1);
		expect_tables(&f, 1, 1, 1);
		for (uint64_t page = 0; page < 512; page++)
			f.ops->unmap(f.table, 512 * round + page);
		map_all(&f, 0, 512, 1);
	}
	assert_int_equal(pw_arena_used_bytes(f.arena), used);
	pw_arena_close(f.arena);
}

/* 5 levels, so that all 57 bits are one root's. */
static void present_pages_are_found_in_order(void **state)
{
	static const uint64_t pages[] = {3,
					 4,
					 511,
					 512,
					 1 << 18,
					 (1 << 27) + 5,
					 UINT64_C(1) << 35,
					 (UINT64_C(1) << 45) - 1};
	const uint64_t end = UINT64_C(1) << 45;

	(void)state;
	for (uint64_t levels = 4; levels <= 5; levels++) {
		struct fixture f;
		uint64_t from = 0, page;
		struct pw_leaf leaf;

		setup_as(&f, "radix-x86-64", levels, 0);
		for (size_t i = PW_COUNT(pages); i > 0; i--)
			map_all(&f, pages[i - 1], 1, 1);
		for (size_t i = 0; i < PW_COUNT(pages); i++) {
			assert_true(
				f.ops->next(f.table, from, end, &page, &leaf));
			assert_int_equal(page, pages[i]);
			assert_int_equal(leaf.first, pages[i]);
			assert_int_equal(leaf.pte, PW_PTE_PRESENT);
			from = page + 1;
		}
		assert_false(f.ops->next(f.table, from, end, &page, &leaf));
		assert_false(f.ops->next(f.table, 5, 511, &page, &leaf));
		assert_false(f.ops->next(f.table, 513, 1 << 18, &page, &leaf));
		pw_arena_close(f.arena);
	}
}

/* A 1 GiB leaf is one entry of a PDPT. Split, it is 512 entries of a PD, and
 * one of those, split, 512 of a leaf table. */
static void a_large_leaf_is_split_one_level_at_a_time(void **state)
{
	const uint64_t giant = UINT64_C(3) << 18;
	struct pw_leaf leaf;
	struct fixture f;
	uint64_t page;

	(void)state;
	setup(&f);
	assert_true(map_at(&f, giant, 2));
	expect_tables(&f, 0, 0, 1);
	assert_true(f.ops->find(f.table, giant + 1000, &leaf));
	assert_int_equal(leaf.height, 2);
	assert_int_equal(leaf.first, giant);
	assert_true(f.ops->split(f.table, giant + 1000));
	expect_tables(&f, 0, 1, 1);
	assert_int_equal(f.store.use[1].entries, 512);
	assert_int_equal(f.store.use[1].lines, 64);
	assert_true(f.ops->split(f.table, giant + 1000));
	expect_tables(&f, 1, 1, 1);
	assert_int_equal(f.store.use[0].entries, 512);
	assert_int_equal(f.store.use[1].entries, 512);
	f.ops->unmap(f.table, giant + 1000);
	assert_false(f.ops->find(f.table, giant + 1000, &leaf));
	assert_true(f.ops->find(f.table, giant + 1001, &leaf));
	assert_int_equal(leaf.height, 0);
	assert_true(f.ops->find(f.table, giant + 100, &leaf));
	assert_int_equal(leaf.height, 1);
	assert_int_equal(leaf.first, giant);
	/* From the middle of a leaf on. */
	assert_true(
		f.ops->next(f.table, giant + 100, giant + 101, &page, &leaf));
	assert_int_equal(page, giant + 100);
	assert_int_equal(leaf.first, giant);
	assert_int_equal(leaf.height, 1);
	pw_arena_close(f.arena);
}

/* Larger base pages leave out the lowest levels. */
static void a_geometry_is_that_of_the_manual(void **state)
{
	static const struct {
		const char *model;
		uint64_t levels;
		unsigned page, want_levels, leaves, bits0, root;
	} rows[] = {
		{"radix-x86-64", 4, 0, 4, 7, 9, 9},
		{"radix-x86-64", 5, 12, 5, 7, 9, 9},
		{"radix-x86-64", 4, 21, 3, 3, 9, 9},
		{"radix-x86-64", 5, 30, 3, 1, 9, 9},
		{"radix-arm64-4k", 4, 0, 4, 7, 9, 9},
		{"radix-arm64-4k", 5, 0, 5, 7, 9, 4},
		{"radix-arm64-16k", 4, 0, 4, 3, 11, 1},
		{"radix-arm64-16k", 3, 25, 2, 1, 11, 11},
		{"radix-arm64-64k", 3, 0, 3, 3, 13, 6},
		{"radix-arm64-64k", 2, 0, 2, 3, 13, 13},
		{"radix-riscv64", 3, 0, 3, 7, 9, 9},
		{"radix-riscv64", 4, 0, 4, 15, 9, 9},
		{"radix-riscv64", 5, 21, 4, 7, 9, 9},
	};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(rows); i++) {
		struct fixture f;

		setup_as(&f, rows[i].model, rows[i].levels, rows[i].page);
		assert_int_equal(f.geometry.levels, rows[i].want_levels);
		assert_int_equal(f.geometry.counted, rows[i].want_levels - 1);
		assert_int_equal(f.geometry.leaves, rows[i].leaves);
		assert_int_equal(f.geometry.bits[0], rows[i].bits0);
		assert_int_equal(f.geometry.bits[rows[i].want_levels - 1],
				 rows[i].root);
		pw_arena_close(f.arena);
	}
}

static void levels_and_pages_that_are_not_there_are_refused(void **state)
{
	static const struct {
		const char *model;
		uint64_t levels;
		unsigned page;
	} rows[] = {
		{"radix-x86-64", 3, 0},	    {"radix-x86-64", 6, 0},
		{"radix-x86-64", 4, 14},    {"radix-x86-64", 4, 39},
		{"radix-arm64-4k", 2, 0},   {"radix-arm64-16k", 4, 36},
		{"radix-arm64-16k", 5, 0},  {"radix-arm64-64k", 3, 12},
		{"radix-arm64-64k", 2, 29}, {"radix-riscv64", 3, 30},
		{"radix-riscv64", 6, 0},
	};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(rows); i++) {
		const struct pw_page_table_config config = {
			.levels = rows[i].levels, .page_shift = rows[i].page};
		struct pw_error err;

		assert_int_equal(
			pw_page_table_find(rows[i].model)->check(&config, &err),
			PW_ERR_USAGE);
		assert_non_null(strstr(err.message, rows[i].model));
	}
}

/*
 * However sparse pages are, tables that few of them share take little memory:
 * rows of @run pages, @stride apart, up to a little more than 100000 pages.
 */
static void pages_cost_less_than_24_bytes_in_any_pattern(void **state)
{
	static const struct {
		uint64_t run, stride;
	} rows[] = {
		{100000, 100000}, {1, 2},     {1, 8},	  {1, 64},
		{1, 512},	  {2, 512},   {3, 512},	  {11, 512},
		{43, 512},	  {83, 512},  {1, 513},	  {1, 1536},
		{1, 4096},	  {1, 70000}, {7, 70000}, {1, 1 << 17},
	};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(rows); i++) {
		struct fixture f;
		uint64_t pages = 0;
		size_t before;

		setup(&f);
		before = pw_arena_used_bytes(f.arena);
		for (uint64_t at = 0; pages < 100000; at += rows[i].stride) {
			map_all(&f, at, rows[i].run, 1);
			pages += rows[i].run;
		}
		assert_int_equal(f.store.use[0].entries, pages);
		if (pw_arena_used_bytes(f.arena) - before >=
		    pages * 24 + (128 << 10))
			fail_msg("row %zu: %zu bytes for %ju pages", i,
				 pw_arena_used_bytes(f.arena) - before,
				 (uintmax_t)pages);
		pw_arena_close(f.arena);
	}
}

#define SPREAD_TABLES 300
#define SPREAD_PAGES 6 /* of each table */

/* The nth page of those that come and go. */
static uint64_t spread(size_t n)
{
	return (uint64_t)(n / SPREAD_PAGES) * 512 + n % SPREAD_PAGES;
}

/* So many leaf tables that those looked up last are remembered in more places
 * after a while; what is found does not change by it. */
static void pages_are_found_however_many_tables_there_are(void **state)
{
	bool present[SPREAD_TABLES * SPREAD_PAGES] = {false};
	struct pw_random random;
	struct fixture f;

	(void)state;
	setup(&f);
	pw_random_seed(&random, 1);
	for (size_t i = 0; i < 60000; i++) {
		size_t n = (size_t)pw_random_below(&random, PW_COUNT(present));

		assert_int_equal(find(&f, spread(n)) != 0, present[n]);
		if (pw_random_below(&random, 4) != 0)
			continue;
		if (present[n])
			f.ops->unmap(f.table, spread(n));
		else
			map_all(&f, spread(n), 1, 1);
		present[n] = !present[n];
	}
	for (size_t n = 0; n < PW_COUNT(present); n++)
		if (present[n])
			f.ops->unmap(f.table, spread(n));
	expect_nothing(&f);
	pw_arena_close(f.arena);
}

static void memory_that_ends_is_said(void **state)
{
	struct pw_page_table_config config = {.levels = 4};
	struct pw_table_store store = {0};
	struct pw_error err;
	const struct pw_page_table_ops *ops = pw_page_table_at(0);
	bool mapped = true;
	void *table;

	(void)state;
	PW_TEST_OK(pw_arena_open(&config.arena, 256 << 10, &err), &err);
	config.store = &store;
	store.slab.arena = config.arena;
	table = pw_arena_alloc(config.arena, 1, ops->state_bytes);
	assert_true(ops->init(table, &config));
	for (uint64_t i = 0; i < 100000 && mapped; i++)
		mapped = ops->map(table,
				  &(struct pw_leaf){.first = i << 9,
						    .pte = PW_PTE_PRESENT});
	assert_false(mapped);
	pw_arena_close(config.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dense_range_has_few_tables_and_lines),
		cmocka_unit_test(a_sparse_range_has_many_tables),
		cmocka_unit_test(a_table_goes_with_its_last_entry),
		cmocka_unit_test(present_pages_are_found_in_order),
		cmocka_unit_test(a_large_leaf_is_split_one_level_at_a_time),
		cmocka_unit_test(a_geometry_is_that_of_the_manual),
		cmocka_unit_test(
			levels_and_pages_that_are_not_there_are_refused),
		cmocka_unit_test(pages_cost_less_than_24_bytes_in_any_pattern),
		cmocka_unit_test(pages_are_found_however_many_tables_there_are),
		cmocka_unit_test(memory_that_ends_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
