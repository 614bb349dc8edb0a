/*
 * test_space.c - mappings of an address space, by hand.
 */
#include "tests/support/pw_test.h"

#include "base/bits.h"
#include "replay/space.h"

static const struct pw_mapping plain = {.prot = 3, .anonymous = true};
static const struct pw_mapping stack = {
	.prot = 3, .anonymous = true, .grows_down = true};

struct fixture {
	struct pw_arena *arena;
	struct pw_table_store store;
	struct pw_space space;
};

static void setup(struct fixture *f)
{
	struct pw_page_table_config config = {.levels = 4, .store = &f->store};
	struct pw_error err;

	memset(&f->store, 0, sizeof(f->store));
	PW_TEST_OK(pw_arena_open(&f->arena, 0, &err), &err);
	f->store.slab.arena = f->arena;
	config.arena = f->arena;
	PW_TEST_OK(
		pw_space_make(&f->space, 5, pw_page_table_at(0), &config, &err),
		&err);
}

static void teardown(struct fixture *f)
{
	pw_space_free(&f->space);
	pw_arena_close(f->arena);
}

static void map(struct fixture *f, uint64_t first, uint64_t end,
		const struct pw_mapping *mapping)
{
	struct pw_error err;

	PW_TEST_OK(pw_space_map(&f->space, (struct pw_range){first, end},
				mapping, &err),
		   &err);
}

static void expect_extent(struct fixture *f, uint64_t page, uint64_t first,
			  uint64_t end)
{
	struct pw_range extent;

	assert_non_null(pw_space_find(&f->space, page, &extent));
	assert_int_equal(extent.first, first);
	assert_int_equal(extent.end, end);
}

/* Addresses go down to pages and lengths up, and both stop at 2^45 pages. */
static void ranges_are_whole_pages_of_the_address_space(void **state)
{
	static const struct {
		uint64_t address, length, first, end;
	} rows[] = {
		{0, 0, 0, 0},
		{0x1fff, 1, 1, 2},
		{0x1000, 0x1001, 1, 3},
		{UINT64_MAX, UINT64_MAX, PW_PAGE_END - 1, PW_PAGE_END},
		{0, UINT64_MAX, 0, PW_PAGE_END},
	};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(rows); i++) {
		struct pw_range range =
			pw_range_of(rows[i].address, rows[i].length);

		assert_int_equal(range.first, rows[i].first);
		assert_int_equal(range.end, rows[i].end);
	}
}

static void a_new_mapping_replaces_what_was_there(void **state)
{
	const struct pw_mapping other = {.prot = 1};
	struct fixture f;

	(void)state;
	setup(&f);
	map(&f, 10, 20, &plain);
	map(&f, 13, 15, &other);
	expect_extent(&f, 12, 10, 13);
	expect_extent(&f, 13, 13, 15);
	expect_extent(&f, 15, 15, 20);
	assert_int_equal(pw_space_find(&f.space, 14, NULL)->prot, 1);
	assert_int_equal(pw_space_find(&f.space, 19, NULL)->prot, 3);
	assert_null(pw_space_find(&f.space, 20, NULL));
	assert_int_equal(pw_space_pages(&f.space), 10);
	teardown(&f);
}

static void neighbours_are_never_merged(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	map(&f, 10, 12, &plain);
	map(&f, 12, 14, &plain);
	expect_extent(&f, 10, 10, 12);
	expect_extent(&f, 12, 12, 14);
	teardown(&f);
}

static void unmapping_cuts_mappings(void **state)
{
	struct pw_error err;
	struct fixture f;

	(void)state;
	setup(&f);
	map(&f, 10, 20, &plain);
	PW_TEST_OK(pw_space_unmap(&f.space, (struct pw_range){12, 13}, &err),
		   &err);
	PW_TEST_OK(pw_space_unmap(&f.space, (struct pw_range){15, 15}, &err),
		   &err);
	expect_extent(&f, 11, 10, 12);
	assert_null(pw_space_find(&f.space, 12, NULL));
	expect_extent(&f, 14, 13, 20);
	assert_int_equal(pw_space_pages(&f.space), 9);
	teardown(&f);
}

static void only_the_mapping_that_ends_there_is_extended(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	map(&f, 10, 20, &plain);
	pw_space_extend(&f.space, 19, 25);
	pw_space_extend(&f.space, 21, 25);
	expect_extent(&f, 10, 10, 20);
	pw_space_extend(&f.space, 20, 25);
	expect_extent(&f, 24, 10, 25);
	teardown(&f);
}

static void only_stacks_grow_down(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	assert_false(pw_space_grow_down(&f.space, 5));
	map(&f, 5000, 5010, &plain);
	assert_false(pw_space_grow_down(&f.space, 4999));
	map(&f, 9000, 9010, &stack);
	assert_false(pw_space_grow_down(&f.space, 9010 - 2049));
	assert_true(pw_space_grow_down(&f.space, 9010 - 2048));
	expect_extent(&f, 9009, 9010 - 2048, 9010);
	teardown(&f);
}

/* One mapping set again and again leaves old descriptions, which must go. */
static void descriptions_of_gone_mappings_do_not_pile_up(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	for (uint64_t i = 0; i < 20000; i++) {
		struct pw_mapping mapping = plain;

		mapping.file_bytes = i;
		map(&f, i % 7 * 10, i % 7 * 10 + 10, &mapping);
	}
	assert_true(f.space.mappings.count < 4096);
	for (uint64_t i = 19993; i < 20000; i++)
		assert_int_equal(
			pw_space_find(&f.space, i % 7 * 10, NULL)->file_bytes,
			i);
	teardown(&f);
}

static void a_cleared_space_knows_nothing(void **state)
{
	struct fixture f;
	struct pw_range extent;

	(void)state;
	setup(&f);
	map(&f, 10, 20, &plain);
	f.space.break_known = true;
	pw_space_clear(&f.space);
	assert_null(pw_space_next(&f.space, 0, &extent));
	assert_false(f.space.break_known);
	map(&f, 10, 20, &plain);
	assert_int_equal(pw_space_pages(&f.space), 10);
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_are_whole_pages_of_the_address_space),
		cmocka_unit_test(a_new_mapping_replaces_what_was_there),
		cmocka_unit_test(neighbours_are_never_merged),
		cmocka_unit_test(unmapping_cuts_mappings),
		cmocka_unit_test(only_the_mapping_that_ends_there_is_extended),
		cmocka_unit_test(only_stacks_grow_down),
		cmocka_unit_test(descriptions_of_gone_mappings_do_not_pile_up),
		cmocka_unit_test(a_cleared_space_knows_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
