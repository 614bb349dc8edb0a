/*
 * test_footprint.c - distinct pages of intervals, by hand and by counting.
 */
#include "tests/support/pw_test.h"

#include "analyze/footprint.h"
#include "base/random.h"

static struct pw_footprint *open_footprint(uint64_t interval)
{
	const struct pw_footprint_options options = {.interval = interval};
	struct pw_footprint *footprint;
	struct pw_error err;

	PW_TEST_OK(pw_footprint_open(&footprint, &options, &err), &err);
	return footprint;
}

static void access_page_of(struct pw_footprint *footprint, uint64_t space,
			   uint64_t page, bool fetch)
{
	const uint64_t address = page << 12;
	const uint32_t size_bytes = 1;
	const uint8_t kind = fetch ? PW_ACCESS_FETCH : PW_ACCESS_LOAD;
	const struct pw_accesses accesses = {
		.count = 1,
		.address = &address,
		.size_bytes = &size_bytes,
		.kind = &kind,
	};
	struct pw_error err;

	PW_TEST_OK(pw_footprint_add(footprint, space, &accesses, &err), &err);
}

static void access_page(struct pw_footprint *footprint, uint64_t page,
			bool fetch)
{
	access_page_of(footprint, 0, page, fetch);
}

/*
 * Intervals of 4: fetch 1, load 1, load 2, load 1 | load 3, fetch 1, load 3,
 * load 2 | fetch 4.
 */
static void counts_each_interval(void **state)
{
	const uint64_t page[] = {1, 1, 2, 1, 3, 1, 3, 2, 4};
	const bool fetch[] = {true, false, false, false, false,
			      true, false, false, true};
	const struct pw_footprint_row want[] = {
		{4, 2, 2, 1, 2},
		{4, 3, 2, 1, 1},
		{1, 1, 0, 1, 1},
	};
	struct pw_footprint *footprint = open_footprint(4);

	(void)state;
	for (size_t i = 0; i < PW_COUNT(page); i++)
		access_page(footprint, page[i], fetch[i]);
	assert_int_equal(pw_footprint_interval(footprint), 4);
	assert_int_equal(pw_footprint_rows(footprint), PW_COUNT(want));
	for (size_t i = 0; i < PW_COUNT(want); i++) {
		struct pw_footprint_row row = pw_footprint_at(footprint, i);

		assert_memory_equal(&row, &want[i], sizeof(row));
	}
	pw_footprint_close(footprint);
}

/*
 * Intervals of 4: page 5 is loaded in spaces 0 1 1 0, and then in 1 and 2,
 * where it is new.
 */
static void the_same_address_in_two_spaces_is_two_pages(void **state)
{
	const uint64_t space[] = {0, 1, 1, 0, 1, 2};
	const struct pw_footprint_row want[] = {
		{4, 2, 2, 0, 2},
		{2, 2, 2, 0, 1},
	};
	struct pw_footprint *footprint = open_footprint(4);

	(void)state;
	for (size_t i = 0; i < PW_COUNT(space); i++)
		access_page_of(footprint, space[i], 5, false);
	assert_int_equal(pw_footprint_rows(footprint), PW_COUNT(want));
	for (size_t i = 0; i < PW_COUNT(want); i++) {
		struct pw_footprint_row row = pw_footprint_at(footprint, i);

		assert_memory_equal(&row, &want[i], sizeof(row));
	}
	pw_footprint_close(footprint);
}

static void of_nothing_has_no_rows(void **state)
{
	struct pw_footprint *footprint = open_footprint(0);

	(void)state;
	assert_int_equal(pw_footprint_rows(footprint), 0);
	pw_footprint_close(footprint);
	pw_footprint_close(NULL);
}

/* 128 references fit in rows of 1; the 129th makes them rows of 2. */
static void doubles_when_the_rows_run_out(void **state)
{
	struct pw_footprint *footprint = open_footprint(0);

	(void)state;
	for (uint64_t i = 0; i < PW_FOOTPRINT_ROWS; i++)
		access_page(footprint, i / 2, false);
	assert_int_equal(pw_footprint_interval(footprint), 1);
	assert_int_equal(pw_footprint_rows(footprint), 128);
	access_page(footprint, 0, false);
	assert_int_equal(pw_footprint_interval(footprint), 2);
	assert_int_equal(pw_footprint_rows(footprint), 65);
	assert_int_equal(pw_footprint_at(footprint, 0).pages, 1);
	assert_int_equal(pw_footprint_at(footprint, 64).pages, 1);
	assert_int_equal(pw_footprint_at(footprint, 64).new_pages, 0);
	assert_int_equal(pw_footprint_at(footprint, 64).references, 1);
	pw_footprint_close(footprint);
}

/* Rows that doubled are what rows of that length would have been. */
static void doubling_changes_no_count(void **state)
{
	const uint64_t references[] = {1, 127, 129, 1000, 40000};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(references); i++) {
		struct pw_footprint *doubled = open_footprint(0);
		struct pw_footprint *fixed;
		struct pw_random random;

		pw_random_seed(&random, 11);
		for (uint64_t n = 0; n < references[i]; n++)
			access_page(doubled, pw_random_below(&random, 90),
				    pw_random_below(&random, 3) == 0);
		fixed = open_footprint(pw_footprint_interval(doubled));
		pw_random_seed(&random, 11);
		for (uint64_t n = 0; n < references[i]; n++)
			access_page(fixed, pw_random_below(&random, 90),
				    pw_random_below(&random, 3) == 0);
		assert_int_equal(pw_footprint_rows(doubled),
				 pw_footprint_rows(fixed));
		for (size_t r = 0; r < pw_footprint_rows(fixed); r++) {
			struct pw_footprint_row a, b;

			a = pw_footprint_at(doubled, r);
			b = pw_footprint_at(fixed, r);
			assert_memory_equal(&a, &b, sizeof(a));
		}
		pw_footprint_close(doubled);
		pw_footprint_close(fixed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_each_interval),
		cmocka_unit_test(the_same_address_in_two_spaces_is_two_pages),
		cmocka_unit_test(of_nothing_has_no_rows),
		cmocka_unit_test(doubles_when_the_rows_run_out),
		cmocka_unit_test(doubling_changes_no_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
