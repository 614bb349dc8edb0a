/*
 * test_space.c - mappings of an address space, by hand.
 */
#include "tests/support/pw_test.h"

#include "base/bits.h"
#include "replay/memory/space.h"
#include "replay/memory/space_merge.h"

#define READ_WRITE (PW_VM_READ | PW_VM_WRITE | PW_VM_MAY)

static const struct pw_mapping plain = {.flags = READ_WRITE, .anonymous = true};
static const struct pw_mapping stack = {.flags = READ_WRITE | PW_VM_GROWSDOWN,
					.anonymous = true};

struct fixture {
	struct pw_arena *arena;
	struct pw_table_store store;
	struct pw_backings backings;
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
	pw_backings_init(&f->backings, f->arena);
	PW_TEST_OK(pw_space_make(&f->space, 5, &f->backings,
				 pw_page_table_at(0), &config, &err),
		   &err);
}

static void teardown(struct fixture *f)
{
	pw_space_free(&f->space);
	pw_backings_free(&f->backings);
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
	const struct pw_mapping other = {.flags = PW_VM_READ};
	struct fixture f;

	(void)state;
	setup(&f);
	map(&f, 10, 20, &plain);
	map(&f, 13, 15, &other);
	expect_extent(&f, 12, 10, 13);
	expect_extent(&f, 13, 13, 15);
	expect_extent(&f, 15, 15, 20);
	assert_int_equal(pw_space_find(&f.space, 14, NULL)->flags, PW_VM_READ);
	assert_int_equal(pw_space_find(&f.space, 19, NULL)->flags, READ_WRITE);
	assert_null(pw_space_find(&f.space, 20, NULL));
	assert_int_equal(pw_space_pages(&f.space), 10);
	teardown(&f);
}

static void what_is_mapped_as_it_is_does_not_merge(void **state)
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

static void extend(struct fixture *f, uint64_t end, uint64_t new_end)
{
	struct pw_error err;

	PW_TEST_OK(pw_space_extend(&f->space, (struct pw_range){end, new_end},
				   &err),
		   &err);
}

static void only_the_mapping_that_ends_there_is_extended(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	map(&f, 10, 20, &plain);
	extend(&f, 21, 25);
	expect_extent(&f, 10, 10, 20);
	extend(&f, 20, 25);
	expect_extent(&f, 24, 10, 25);
	map(&f, 30, 35, &plain);
	extend(&f, 25, 30);
	expect_extent(&f, 24, 10, 35);
	teardown(&f);
}

static void add(struct fixture *f, uint64_t first, uint64_t end,
		const struct pw_mapping *mapping, bool below_only)
{
	struct pw_error err;

	PW_TEST_OK(pw_space_add(&f->space, (struct pw_range){first, end},
				mapping, below_only, &err),
		   &err);
}

static void modify(struct fixture *f, uint64_t first, uint64_t end,
		   uint64_t flags)
{
	struct pw_mapping mapping = *pw_space_find(&f->space, first, NULL);
	struct pw_error err;

	mapping.flags = flags;
	PW_TEST_OK(pw_space_modify(&f->space, (struct pw_range){first, end},
				   &mapping, &err),
		   &err);
}

static void own(struct fixture *f, uint64_t page)
{
	struct pw_error err;

	PW_TEST_OK(pw_space_own_page(&f->space, page, &err), &err);
}

static void new_memory_joins_both_neighbours_or_only_the_lower(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	map(&f, 10, 20, &plain);
	map(&f, 30, 40, &plain);
	add(&f, 20, 30, &plain, false);
	expect_extent(&f, 15, 10, 40);
	map(&f, 50, 60, &plain);
	add(&f, 40, 50, &plain, true);
	expect_extent(&f, 45, 10, 50);
	expect_extent(&f, 55, 50, 60);
	teardown(&f);
}

/* Each differs from its neighbour in one thing. */
static void mappings_that_differ_stay_apart(void **state)
{
	struct pw_mapping other[] = {plain, plain, plain, plain, plain};
	struct fixture f;

	(void)state;
	other[0].flags |= PW_VM_EXEC;
	other[1].backing = 1;
	other[2].label = 1;
	other[3].policy = 1;
	other[4].file_bias = PW_PAGE_BYTES;
	for (size_t i = 0; i < PW_COUNT(other); i++)
		assert_false(pw_vma_can_join(&plain, &other[i]));
	setup(&f);
	map(&f, 10, 20, &plain);
	add(&f, 20, 25, &other[0], false);
	add(&f, 25, 30, &other[2], false);
	add(&f, 30, 35, &other[4], false);
	expect_extent(&f, 19, 10, 20);
	expect_extent(&f, 20, 20, 25);
	expect_extent(&f, 25, 25, 30);
	expect_extent(&f, 30, 30, 35);
	teardown(&f);
}

/* A change cuts, and what is as its neighbour again joins it. */
static void a_change_cuts_and_its_return_joins(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	map(&f, 10, 40, &plain);
	modify(&f, 20, 30, PW_VM_READ | PW_VM_MAY);
	expect_extent(&f, 15, 10, 20);
	expect_extent(&f, 25, 20, 30);
	expect_extent(&f, 35, 30, 40);
	modify(&f, 15, 20, PW_VM_READ | PW_VM_MAY);
	expect_extent(&f, 25, 15, 30);
	modify(&f, 15, 30, READ_WRITE);
	expect_extent(&f, 25, 10, 40);
	teardown(&f);
}

/* Two with pages of their own stay apart, unless they were one before. */
static void pages_of_their_own_keep_mappings_apart(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	map(&f, 10, 20, &stack);
	map(&f, 30, 40, &plain);
	own(&f, 10);
	own(&f, 30);
	assert_int_not_equal(pw_space_find(&f.space, 10, NULL)->anon_vma,
			     pw_space_find(&f.space, 30, NULL)->anon_vma);
	modify(&f, 10, 20, READ_WRITE);
	add(&f, 20, 30, &plain, false);
	expect_extent(&f, 10, 10, 30);
	expect_extent(&f, 30, 30, 40);
	modify(&f, 15, 20, PW_VM_READ | PW_VM_MAY);
	modify(&f, 15, 20, READ_WRITE);
	expect_extent(&f, 10, 10, 30);
	teardown(&f);
}

/* The same, read-only and then writable: a neighbour's anon_vma is shared. */
static void a_neighbour_that_could_be_one_shares_its_pages(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	map(&f, 10, 20, &plain);
	modify(&f, 15, 20, PW_VM_READ | PW_VM_MAY);
	own(&f, 10);
	own(&f, 15);
	assert_int_equal(pw_space_find(&f.space, 10, NULL)->anon_vma,
			 pw_space_find(&f.space, 15, NULL)->anon_vma);
	modify(&f, 15, 20, READ_WRITE);
	expect_extent(&f, 10, 10, 20);
	teardown(&f);
}

static void inherited_pages_keep_new_memory_away(void **state)
{
	struct pw_mapping inherited = plain;
	struct fixture f;

	(void)state;
	inherited.anon_vma = 9;
	inherited.forked = true;
	setup(&f);
	map(&f, 10, 20, &inherited);
	add(&f, 20, 30, &plain, false);
	expect_extent(&f, 10, 10, 20);
	modify(&f, 12, 14, PW_VM_READ | PW_VM_MAY);
	modify(&f, 12, 14, READ_WRITE);
	expect_extent(&f, 10, 10, 20);
	teardown(&f);
}

static void attached_memory_is_not_merged_away(void **state)
{
	struct pw_mapping attached = plain;
	struct fixture f;

	(void)state;
	attached.attached = true;
	setup(&f);
	map(&f, 10, 20, &attached);
	modify(&f, 12, 14, PW_VM_READ | PW_VM_MAY);
	modify(&f, 12, 14, READ_WRITE);
	expect_extent(&f, 12, 12, 14);
	/* A part of it can go over to a neighbour. */
	modify(&f, 14, 16, PW_VM_READ | PW_VM_MAY);
	modify(&f, 15, 16, READ_WRITE);
	expect_extent(&f, 14, 14, 15);
	expect_extent(&f, 15, 15, 20);
	teardown(&f);
}

/* Pages by class, as vm_stat_account has them. */
static void sums_follow_every_change(void **state)
{
	const struct pw_mapping code = {.flags = PW_VM_READ | PW_VM_EXEC};
	struct pw_mapping locked = plain;
	const struct pw_space_use *use;
	struct fixture f;

	(void)state;
	locked.flags |= PW_VM_LOCKED | PW_VM_ACCOUNT;
	setup(&f);
	use = &f.space.use;
	map(&f, 10, 20, &code);
	map(&f, 30, 35, &stack);
	map(&f, 40, 60, &locked);
	assert_int_equal(use->total, 35);
	assert_int_equal(use->exec, 10);
	assert_int_equal(use->stack, 5);
	assert_int_equal(use->data, 20);
	assert_int_equal(use->locked, 20);
	assert_int_equal(use->charged, 20);
	assert_int_equal(f.backings.committed_pages, 20);
	modify(&f, 45, 50, PW_VM_READ | PW_VM_EXEC | PW_VM_ACCOUNT);
	assert_int_equal(use->exec, 15);
	assert_int_equal(use->data, 15);
	assert_int_equal(use->locked, 15);
	pw_space_note_peak(&f.space);
	map(&f, 15, 42, &stack);
	assert_int_equal(use->total, 5 + 27 + 18);
	assert_int_equal(use->peak_total, 35);
	pw_space_clear(&f.space);
	assert_int_equal(use->total, 0);
	assert_int_equal(f.backings.committed_pages, 0);
	teardown(&f);
}

static bool grow_down(struct fixture *f, uint64_t page)
{
	struct pw_error err;
	bool grown;

	PW_TEST_OK(pw_space_grow_down(&f->space, page, &grown, &err), &err);
	return grown;
}

static void only_stacks_grow_down(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f);
	assert_false(grow_down(&f, 5));
	map(&f, 5000, 5010, &plain);
	assert_false(grow_down(&f, 4999));
	map(&f, 9000, 9010, &stack);
	assert_false(grow_down(&f, 9010 - 2049));
	assert_true(grow_down(&f, 9010 - 2048));
	expect_extent(&f, 9009, 9010 - 2048, 9010);
	teardown(&f);
}

/* 256 pages stay free above a mapping that can be used and is no stack. */
static void stacks_keep_a_gap_and_their_limit(void **state)
{
	struct pw_mapping closed = plain;
	struct fixture f;

	(void)state;
	closed.flags = PW_VM_MAY;
	setup(&f);
	map(&f, 1000, 1010, &plain);
	map(&f, 2000, 2010, &stack);
	assert_false(grow_down(&f, 1010 + 255));
	assert_true(grow_down(&f, 1010 + 256));
	map(&f, 1000, 1010, &closed);
	assert_true(grow_down(&f, 1010 + 3));
	f.space.limit_bytes[PW_LIMIT_STACK] = 998 * PW_PAGE_BYTES;
	assert_false(grow_down(&f, 1011));
	assert_true(grow_down(&f, 1012));
	f.space.limit_bytes[PW_LIMIT_STACK] = UINT64_MAX;
	f.space.limit_bytes[PW_LIMIT_AS] =
		(f.space.use.total + 1) * PW_PAGE_BYTES;
	assert_false(grow_down(&f, 1010));
	assert_true(grow_down(&f, 1011));
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

		mapping.file_bias = i;
		map(&f, i % 7 * 10, i % 7 * 10 + 10, &mapping);
	}
	assert_true(f.space.mappings.count < 4096);
	for (uint64_t i = 19993; i < 20000; i++)
		assert_int_equal(
			pw_space_find(&f.space, i % 7 * 10, NULL)->file_bias,
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
		cmocka_unit_test(what_is_mapped_as_it_is_does_not_merge),
		cmocka_unit_test(unmapping_cuts_mappings),
		cmocka_unit_test(only_the_mapping_that_ends_there_is_extended),
		cmocka_unit_test(
			new_memory_joins_both_neighbours_or_only_the_lower),
		cmocka_unit_test(mappings_that_differ_stay_apart),
		cmocka_unit_test(a_change_cuts_and_its_return_joins),
		cmocka_unit_test(pages_of_their_own_keep_mappings_apart),
		cmocka_unit_test(
			a_neighbour_that_could_be_one_shares_its_pages),
		cmocka_unit_test(inherited_pages_keep_new_memory_away),
		cmocka_unit_test(attached_memory_is_not_merged_away),
		cmocka_unit_test(sums_follow_every_change),
		cmocka_unit_test(only_stacks_grow_down),
		cmocka_unit_test(stacks_keep_a_gap_and_their_limit),
		cmocka_unit_test(descriptions_of_gone_mappings_do_not_pile_up),
		cmocka_unit_test(a_cleared_space_knows_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
