/*
 * test_page_table.c - geometry of x86-64 page tables.
 */
#include "tests/support/pw_test.h"

#include "replay/models.h"
#include "replay/pool.h"

struct fixture {
	struct pw_arena *arena;
	struct pw_pool pool;
	const struct pw_page_table_ops *ops;
	void *table;
};

static void setup(struct fixture *f)
{
	struct pw_page_table_config config = {.levels = 4};
	struct pw_error err;

	memset(f, 0, sizeof(*f));
	f->ops = pw_page_table_find("radix-x86-64");
	assert_non_null(f->ops);
	PW_TEST_OK(pw_arena_open(&f->arena, 0, &err), &err);
	f->pool.arena = f->arena;
	f->pool.item_bytes = f->ops->table_bytes;
	config.arena = f->arena;
	config.pool = &f->pool;
	PW_TEST_OK(f->ops->check(&config, &err), &err);
	f->table = pw_arena_alloc(f->arena, 1, f->ops->state_bytes(&config));
	assert_non_null(f->table);
	assert_true(f->ops->init(f->table, &config));
}

static bool map(struct fixture *f, uint64_t page)
{
	const struct pw_leaf leaf = {.first = page, .pte = PW_PTE_PRESENT};

	return f->ops->map(f->table, &leaf);
}

/* The entry of @page, or 0. */
static uint64_t find(struct fixture *f, uint64_t page)
{
	struct pw_leaf leaf;

	return f->ops->find(f->table, page, &leaf) ? leaf.pte : 0;
}

static void map_all(struct fixture *f, uint64_t first, uint64_t count,
		    uint64_t stride)
{
	for (uint64_t i = 0; i < count; i++)
		assert_true(map(f, first + i * stride));
}

/* 64 MiB = 16384 pages from a 1 GiB boundary: 32 leaf tables, one PD and one
 * PDPT above them. */
static void a_dense_range_has_few_tables(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	map_all(&f, UINT64_C(1) << 18, 16384, 1);
	assert_int_equal(f.pool.used, 32 + 1 + 1);
	pw_arena_close(f.arena);
}

/* A page every 2 MiB: a leaf each. 64 of them lie in one GiB: 64 + PD + PDPT.
 * One page every GiB: leaf and PD each. One every 512 GiB: three each. */
static void a_sparse_range_has_many_tables(void **state)
{
	static const struct {
		uint64_t stride, tables;
	} rows[] = {
		{UINT64_C(1) << 9, 64 + 1 + 1},
		{UINT64_C(1) << 18, UINT64_C(64) * 2 + 1},
		{UINT64_C(1) << 27, UINT64_C(64) * 3},
	};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(rows); i++) {
		struct fixture f;

		setup(&f);
		map_all(&f, 0, 64, rows[i].stride);
		assert_int_equal(f.pool.used, rows[i].tables);
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
	assert_int_equal(f.pool.used, 2 + 1 + 1);
	f.ops->unmap(f.table, 511);
	assert_int_equal(f.pool.used, 1 + 1 + 1);
	assert_int_equal(find(&f, 511), 0);
	assert_int_equal(find(&f, 512), PW_PTE_PRESENT);
	f.ops->unmap(f.table, 512);
	assert_int_equal(f.pool.used, 0);
	/* What was freed is used again. */
	used = pw_arena_used_bytes(f.arena);
	map_all(&f, 0, 512, 1);
	assert_int_equal(f.pool.used, 3);
	assert_int_equal(pw_arena_used_bytes(f.arena), used);
	pw_arena_close(f.arena);
}

static void present_pages_are_found_in_order(void **state)
{
	static const uint64_t pages[] = {3,
					 4,
					 511,
					 512,
					 1 << 18,
					 (1 << 27) + 5,
					 UINT64_C(1) << 35,
					 (UINT64_C(1) << 52) - 1};
	struct fixture f;
	uint64_t from = 0, page;
	struct pw_leaf leaf;

	(void)state;
	setup(&f);
	for (size_t i = PW_COUNT(pages); i > 0; i--)
		map_all(&f, pages[i - 1], 1, 1);
	for (size_t i = 0; i < PW_COUNT(pages); i++) {
		assert_true(f.ops->next(f.table, from, UINT64_C(1) << 52, &page,
					&leaf));
		assert_int_equal(page, pages[i]);
		assert_int_equal(leaf.pte, PW_PTE_PRESENT);
		from = page + 1;
	}
	assert_false(
		f.ops->next(f.table, from, UINT64_C(1) << 52, &page, &leaf));
	assert_false(f.ops->next(f.table, 5, 511, &page, &leaf));
	assert_false(f.ops->next(f.table, 513, 1 << 18, &page, &leaf));
	pw_arena_close(f.arena);
}

/* Contiguous pages cost little more than their 8-byte entries. */
static void dense_pages_cost_less_than_24_bytes(void **state)
{
	struct fixture f;
	size_t before;

	(void)state;
	setup(&f);
	before = pw_arena_used_bytes(f.arena);
	map_all(&f, 0, 100000, 1);
	assert_true(pw_arena_used_bytes(f.arena) - before < 100000 * 9 + 16384);
	pw_arena_close(f.arena);
}

static void memory_that_ends_is_said(void **state)
{
	struct pw_page_table_config config = {.levels = 4};
	struct pw_pool pool = {0};
	struct pw_error err;
	const struct pw_page_table_ops *ops = pw_page_table_at(0);
	bool mapped = true;
	void *table;

	(void)state;
	PW_TEST_OK(pw_arena_open(&config.arena, 64 << 10, &err), &err);
	config.pool = &pool;
	pool.arena = config.arena;
	pool.item_bytes = ops->table_bytes;
	table = pw_arena_alloc(config.arena, 1, ops->state_bytes(&config));
	assert_true(ops->init(table, &config));
	for (uint64_t i = 0; i < 64 && mapped; i++)
		mapped = ops->map(table,
				  &(struct pw_leaf){.first = i << 9,
						    .pte = PW_PTE_PRESENT});
	assert_false(mapped);
	pw_arena_close(config.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dense_range_has_few_tables),
		cmocka_unit_test(a_sparse_range_has_many_tables),
		cmocka_unit_test(a_table_goes_with_its_last_entry),
		cmocka_unit_test(present_pages_are_found_in_order),
		cmocka_unit_test(dense_pages_cost_less_than_24_bytes),
		cmocka_unit_test(memory_that_ends_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
