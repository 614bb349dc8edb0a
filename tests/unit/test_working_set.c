/*
 * test_working_set.c - mean working sets, by hand and from the definition.
 */
#include "tests/support/pw_test.h"

#include "analyze/working_set.h"
#include "base/random.h"

static void access_pages_of(struct pw_working_set *set, uint64_t space,
			    const uint64_t *page, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const uint64_t address = page[i] << 12;
		const uint32_t size_bytes = 1;
		const uint8_t kind = PW_ACCESS_LOAD;
		const struct pw_accesses accesses = {
			.count = 1,
			.address = &address,
			.size_bytes = &size_bytes,
			.kind = &kind,
		};
		struct pw_error err;

		PW_TEST_OK(pw_working_set_add(set, space, &accesses, &err),
			   &err);
	}
}

static void access_pages(struct pw_working_set *set, const uint64_t *page,
			 size_t count)
{
	access_pages_of(set, 0, page, count);
}

static struct pw_working_set *open_set(const uint64_t *window, size_t count)
{
	const struct pw_working_set_options options = {.window = window,
						       .window_count = count};
	struct pw_working_set *set;
	struct pw_error err;

	PW_TEST_OK(pw_working_set_open(&set, &options, &err), &err);
	return set;
}

static uint64_t sum_of(const struct pw_working_set *set, uint64_t window)
{
	uint64_t sum = 0;

	assert_true(pw_working_set_sum(set, window, &sum));
	return sum;
}

/*
 * A B C A B C. W(t, 1) = 1 always: 6. W(t, 2) = 1 2 2 2 2 2: 11.
 * W(t, 3) = 1 2 3 3 3 3: 15, and so for every longer window.
 */
static void sums_distinct_pages_over_all_times(void **state)
{
	const uint64_t page[] = {1, 2, 3, 1, 2, 3};
	const uint64_t window = 3;
	struct pw_working_set *set = open_set(&window, 1);

	(void)state;
	access_pages(set, page, PW_COUNT(page));
	assert_int_equal(pw_working_set_references(set), 6);
	assert_int_equal(pw_working_set_pages(set), 3);
	assert_int_equal(sum_of(set, 1), 6);
	assert_int_equal(sum_of(set, 2), 11);
	assert_int_equal(sum_of(set, 3), 15);
	assert_int_equal(sum_of(set, 4), 15);
	assert_int_equal(sum_of(set, 6), 15);
	assert_int_equal(sum_of(set, 1000), 15);
	pw_working_set_close(set);
}

/*
 * A A B A: W(t, 2) = 1 1 2 2: 6; W(t, 4) = 1 1 2 2: 6. Then one more A makes
 * W(5, 2) = 1 and W(5, 4) = 2: sums go on from where they were.
 */
static void goes_on_after_being_asked(void **state)
{
	const uint64_t page[] = {5, 5, 6, 5, 5};
	struct pw_working_set *set = open_set(NULL, 0);

	(void)state;
	access_pages(set, page, 4);
	assert_int_equal(sum_of(set, 2), 6);
	assert_int_equal(sum_of(set, 4), 6);
	access_pages(set, page + 4, 1);
	assert_int_equal(sum_of(set, 2), 7);
	assert_int_equal(sum_of(set, 4), 8);
	pw_working_set_close(set);
}

static void one_page_is_always_one_page(void **state)
{
	const uint64_t page[] = {9, 9, 9, 9, 9, 9, 9, 9};
	struct pw_working_set *set = open_set(NULL, 0);

	(void)state;
	access_pages(set, page, PW_COUNT(page));
	assert_int_equal(sum_of(set, 1), 8);
	assert_int_equal(sum_of(set, 4), 8);
	assert_int_equal(sum_of(set, 8), 8);
	pw_working_set_close(set);
}

static void knows_only_windows_it_was_told(void **state)
{
	const uint64_t page[] = {1, 2, 3, 1, 2, 3, 1, 2};
	struct pw_working_set *set = open_set(NULL, 0);
	uint64_t sum;

	(void)state;
	assert_true(pw_working_set_sum(set, 3, &sum));
	assert_int_equal(sum, 0); /* nothing has happened yet */
	access_pages(set, page, PW_COUNT(page));
	assert_false(pw_working_set_sum(set, 3, &sum));
	assert_true(pw_working_set_sum(set, 8, &sum));
	pw_working_set_close(set);
}

static void refuses_an_empty_window(void **state)
{
	const uint64_t window[] = {4, 0};
	const struct pw_working_set_options options = {.window = window,
						       .window_count = 2};
	struct pw_working_set *set;
	struct pw_error err;

	(void)state;
	assert_int_equal(pw_working_set_open(&set, &options, &err),
			 PW_ERR_USAGE);
	assert_null(set);
}

#define REFERENCES 400

/* The definition: distinct pages among the last min(t, window), over all t. */
static uint64_t plain_sum(const uint64_t *page, size_t window)
{
	uint64_t sum = 0;

	for (size_t t = 1; t <= REFERENCES; t++) {
		for (size_t i = t > window ? t - window : 0; i < t; i++) {
			bool later = false;

			for (size_t j = i + 1; j < t; j++)
				later |= page[j] == page[i];
			sum += !later;
		}
	}
	return sum;
}

static void equals_the_definition_for_every_window(void **state)
{
	uint64_t page[REFERENCES], window[REFERENCES + 5];
	struct pw_working_set *set;
	struct pw_random random;

	(void)state;
	pw_random_seed(&random, 3);
	for (size_t i = 0; i < REFERENCES; i++)
		page[i] = pw_random_below(&random,
					  1 + pw_random_below(&random, 40));
	for (size_t i = 0; i < PW_COUNT(window); i++)
		window[i] = PW_COUNT(window) - i;
	set = open_set(window, PW_COUNT(window));
	access_pages(set, page, REFERENCES);
	for (size_t i = 0; i < PW_COUNT(window); i += 13)
		assert_int_equal(sum_of(set, window[i]),
				 plain_sum(page, window[i]));
	pw_working_set_close(set);
}

/*
 * Page 7 in spaces 0 1 0 1: two pages, A B A B. W(t, 1) = 1 always: 4.
 * W(t, 2) = 1 2 2 2: 7, and so for every longer window.
 */
static void the_same_address_in_two_spaces_is_two_pages(void **state)
{
	const uint64_t page = 7;
	struct pw_working_set *set = open_set(NULL, 0);

	(void)state;
	for (uint64_t i = 0; i < 4; i++)
		access_pages_of(set, i % 2, &page, 1);
	assert_int_equal(pw_working_set_pages(set), 2);
	assert_int_equal(sum_of(set, 1), 4);
	assert_int_equal(sum_of(set, 2), 7);
	assert_int_equal(sum_of(set, 4), 7);
	pw_working_set_close(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_address_in_two_spaces_is_two_pages),
		cmocka_unit_test(sums_distinct_pages_over_all_times),
		cmocka_unit_test(goes_on_after_being_asked),
		cmocka_unit_test(one_page_is_always_one_page),
		cmocka_unit_test(knows_only_windows_it_was_told),
		cmocka_unit_test(refuses_an_empty_window),
		cmocka_unit_test(equals_the_definition_for_every_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
