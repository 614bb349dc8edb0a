/*
 * test_miss_ratio.c - misses of LRU memories, worked out by hand.
 */
#include "tests/support/pw_test.h"

#include "analyze/miss_ratio.h"

static struct pw_miss_ratio *open_curve(enum pw_side side, uint64_t page_bytes)
{
	const struct pw_miss_ratio_options options = {.side = side,
						      .page_bytes = page_bytes};
	struct pw_miss_ratio *curve;
	struct pw_error err;

	PW_TEST_OK(pw_miss_ratio_open(&curve, &options, &err), &err);
	return curve;
}

static void access_in(struct pw_miss_ratio *curve, uint64_t space,
		      uint64_t address, uint32_t size_bytes, uint8_t kind)
{
	const struct pw_accesses accesses = {
		.count = 1,
		.address = &address,
		.size_bytes = &size_bytes,
		.kind = &kind,
	};
	struct pw_error err;

	PW_TEST_OK(pw_miss_ratio_add(curve, space, &accesses, &err), &err);
}

static void access_one(struct pw_miss_ratio *curve, uint64_t address,
		       uint32_t size_bytes, uint8_t kind)
{
	access_in(curve, 0, address, size_bytes, kind);
}

/*
 * Five pages swept three times: 15 references. A memory of 1 to 4 pages has
 * always just dropped the page that comes next, one of 5 misses only 5 times.
 */
static void a_sweep_is_a_cliff(void **state)
{
	struct pw_miss_ratio *curve = open_curve(PW_SIDE_ALL, 0);

	(void)state;
	for (uint64_t i = 0; i < 15; i++)
		access_one(curve, i % 5 << 12, 8, PW_ACCESS_LOAD);
	assert_int_equal(pw_miss_ratio_references(curve), 15);
	assert_int_equal(pw_miss_ratio_pages(curve), 5);
	for (uint64_t pages = 0; pages < 5; pages++)
		assert_int_equal(pw_miss_ratio_misses(curve, pages), 15);
	assert_int_equal(pw_miss_ratio_misses(curve, 5), 5);
	assert_int_equal(pw_miss_ratio_misses(curve, 6), 5);
	assert_int_equal(pw_miss_ratio_misses(curve, UINT64_MAX), 5);
	pw_miss_ratio_close(curve);
}

/*
 * Pages 0 1 0 2 0 1: distances - - 2 - 2 3, so 6 misses with one page, 4 with
 * two, 3 (cold) with three.
 */
static void misses_fall_with_every_page(void **state)
{
	const uint64_t page[] = {0, 1, 0, 2, 0, 1};
	struct pw_miss_ratio *curve = open_curve(PW_SIDE_ALL, 4096);

	(void)state;
	for (size_t i = 0; i < PW_COUNT(page); i++)
		access_one(curve, page[i] * 4096 + 100 * i, 4, PW_ACCESS_STORE);
	assert_int_equal(pw_miss_ratio_misses(curve, 1), 6);
	assert_int_equal(pw_miss_ratio_misses(curve, 2), 4);
	assert_int_equal(pw_miss_ratio_misses(curve, 3), 3);
	assert_int_equal(pw_miss_ratio_hits(curve, 2), 2);
	assert_int_equal(pw_miss_ratio_hits(curve, 3), 1);
	pw_miss_ratio_close(curve);
}

/*
 * 8 bytes at 0x1ffc cover pages 1 and 2; 4098 bytes at 0x2fff cover pages 2 to
 * 4; a size of 0 is one byte; 16 bytes at the end of the address space cover
 * its last page only. References: 1 2, 2 3 4, 3, last: 7 in 5 pages.
 */
static void an_access_refers_to_every_page_it_covers(void **state)
{
	struct pw_miss_ratio *curve = open_curve(PW_SIDE_ALL, 0);

	(void)state;
	access_one(curve, 0x1ffc, 8, PW_ACCESS_LOAD);
	access_one(curve, 0x2fff, 4098, PW_ACCESS_STORE);
	access_one(curve, 0x3fff, 0, PW_ACCESS_LOAD);
	access_one(curve, UINT64_MAX - 3, 16, PW_ACCESS_LOAD);
	assert_int_equal(pw_miss_ratio_references(curve), 7);
	assert_int_equal(pw_miss_ratio_pages(curve), 5);
	/* 2 after 2; 3 after 4: one page between. */
	assert_int_equal(pw_miss_ratio_hits(curve, 1), 1);
	assert_int_equal(pw_miss_ratio_hits(curve, 2), 1);
	pw_miss_ratio_close(curve);
}

/* 4 GiB - 1 bytes from 0: 2^20 pages in order, more than one block of them. */
static void the_longest_access_has_no_end_too_many(void **state)
{
	struct pw_miss_ratio *curve = open_curve(PW_SIDE_ALL, 65536);

	(void)state;
	access_one(curve, 0, UINT32_MAX, PW_ACCESS_LOAD);
	assert_int_equal(pw_miss_ratio_references(curve), 65536);
	access_one(curve, 0, UINT32_MAX, PW_ACCESS_LOAD);
	assert_int_equal(pw_miss_ratio_references(curve), 131072);
	assert_int_equal(pw_miss_ratio_pages(curve), 65536);
	assert_int_equal(pw_miss_ratio_hits(curve, 65536), 65536);
	pw_miss_ratio_close(curve);
}

/* Fetches of pages 7 8, loads of 7 9, a kernel store to 9. */
static void sides_are_kept_apart(void **state)
{
	const uint64_t page[] = {7, 7, 8, 9, 9};
	const uint8_t kind[] = {
		PW_ACCESS_FETCH | PW_ACCESS_FIRST, PW_ACCESS_LOAD,
		PW_ACCESS_FETCH | PW_ACCESS_FIRST, PW_ACCESS_MODIFY,
		PW_ACCESS_STORE | PW_ACCESS_KERNEL};
	const uint64_t references[] = {5, 3, 2};
	const uint64_t pages[] = {3, 2, 2};

	(void)state;
	for (enum pw_side side = PW_SIDE_ALL; side <= PW_SIDE_INSTRUCTION;
	     side++) {
		struct pw_miss_ratio *curve = open_curve(side, 0);

		for (size_t i = 0; i < PW_COUNT(page); i++)
			access_one(curve, page[i] << 12, 1, kind[i]);
		assert_int_equal(pw_miss_ratio_references(curve),
				 references[side]);
		assert_int_equal(pw_miss_ratio_pages(curve), pages[side]);
		pw_miss_ratio_close(curve);
	}
}

/* Two 4 KiB pages of one 2 MiB page are one page there. */
static void coarser_pages_merge(void **state)
{
	struct pw_miss_ratio *curve = open_curve(PW_SIDE_ALL, 2 << 20);

	(void)state;
	access_one(curve, 0x1fff, 2, PW_ACCESS_LOAD);
	access_one(curve, 0x1fffff, 1, PW_ACCESS_LOAD);
	access_one(curve, 0x200000, 1, PW_ACCESS_LOAD);
	assert_int_equal(pw_miss_ratio_references(curve), 3);
	assert_int_equal(pw_miss_ratio_pages(curve), 2);
	pw_miss_ratio_close(curve);
}

static void refuses_bad_page_sizes(void **state)
{
	const uint64_t bad[] = {1, 2048, 4097, 12288, UINT64_MAX};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(bad); i++) {
		const struct pw_miss_ratio_options options = {.page_bytes =
								      bad[i]};
		struct pw_miss_ratio *curve;
		struct pw_error err;

		assert_int_equal(pw_miss_ratio_open(&curve, &options, &err),
				 PW_ERR_USAGE);
		assert_null(curve);
		assert_non_null(strstr(err.message, "power of two"));
	}
}

/*
 * 8 bytes at 0x1ffc cover pages 1 and 2, in spaces 0 1 0: 1 2, 1' 2', 1 2. Four
 * pages, and the last two references hit with four.
 */
static void the_same_address_in_two_spaces_is_two_pages(void **state)
{
	struct pw_miss_ratio *curve = open_curve(PW_SIDE_ALL, 0);

	(void)state;
	access_in(curve, 0, 0x1ffc, 8, PW_ACCESS_LOAD);
	access_in(curve, 1, 0x1ffc, 8, PW_ACCESS_LOAD);
	access_in(curve, 0, 0x1ffc, 8, PW_ACCESS_LOAD);
	assert_int_equal(pw_miss_ratio_pages(curve), 4);
	assert_int_equal(pw_miss_ratio_misses(curve, 3), 6);
	assert_int_equal(pw_miss_ratio_misses(curve, 4), 4);
	pw_miss_ratio_close(curve);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_address_in_two_spaces_is_two_pages),
		cmocka_unit_test(a_sweep_is_a_cliff),
		cmocka_unit_test(misses_fall_with_every_page),
		cmocka_unit_test(an_access_refers_to_every_page_it_covers),
		cmocka_unit_test(the_longest_access_has_no_end_too_many),
		cmocka_unit_test(sides_are_kept_apart),
		cmocka_unit_test(coarser_pages_merge),
		cmocka_unit_test(refuses_bad_page_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
