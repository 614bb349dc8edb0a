/*
 * test_interval.c - ranges against one value a point.
 */
#include "tests/support/pw_test.h"

#include "base/interval.h"
#include "base/random.h"

#define POINTS 64
#define NOTHING UINT64_MAX

static void finds_the_range_that_holds_a_point(void **state)
{
	struct pw_intervals set = PW_INTERVALS;
	struct pw_error err;

	(void)state;
	PW_TEST_OK(pw_intervals_set(&set, 10, 20, 1, &err), &err);
	PW_TEST_OK(pw_intervals_set(&set, 30, 40, 2, &err), &err);
	assert_null(pw_intervals_find(&set, 9));
	assert_int_equal(pw_intervals_find(&set, 10)->value, 1);
	assert_int_equal(pw_intervals_find(&set, 19)->value, 1);
	assert_null(pw_intervals_find(&set, 20));
	assert_int_equal(pw_intervals_find(&set, 39)->value, 2);
	assert_null(pw_intervals_find(&set, 40));
	assert_int_equal(pw_intervals_lower(&set, 20), 1);
	assert_int_equal(pw_intervals_lower(&set, 40), 2);
	pw_intervals_free(&set);
}

/* [10,20)=1 with [13,15)=2 over it: [10,13)=1 [13,15)=2 [15,20)=1. */
static void replaces_the_middle_of_a_range(void **state)
{
	const struct pw_interval want[] = {
		{10, 13, 1}, {13, 15, 2}, {15, 20, 1}};
	struct pw_intervals set = PW_INTERVALS;
	struct pw_error err;

	(void)state;
	PW_TEST_OK(pw_intervals_set(&set, 10, 20, 1, &err), &err);
	PW_TEST_OK(pw_intervals_set(&set, 13, 15, 2, &err), &err);
	assert_int_equal(pw_intervals_count(&set), PW_COUNT(want));
	for (size_t i = 0; i < PW_COUNT(want); i++)
		assert_memory_equal(pw_intervals_at(&set, i), &want[i],
				    sizeof(want[i]));
	pw_intervals_free(&set);
}

static void never_merges_neighbours(void **state)
{
	struct pw_intervals set = PW_INTERVALS;
	struct pw_error err;

	(void)state;
	PW_TEST_OK(pw_intervals_set(&set, 0, 10, 1, &err), &err);
	PW_TEST_OK(pw_intervals_set(&set, 10, 20, 1, &err), &err);
	assert_int_equal(pw_intervals_count(&set), 2);
	PW_TEST_OK(pw_intervals_split(&set, 5, &err), &err);
	assert_int_equal(pw_intervals_count(&set), 3);
	PW_TEST_OK(pw_intervals_split(&set, 5, &err), &err);
	PW_TEST_OK(pw_intervals_split(&set, 0, &err), &err);
	PW_TEST_OK(pw_intervals_split(&set, 25, &err), &err);
	assert_int_equal(pw_intervals_count(&set), 3);
	pw_intervals_free(&set);
}

static void reaches_the_end_of_the_address_space(void **state)
{
	struct pw_intervals set = PW_INTERVALS;
	struct pw_error err;

	(void)state;
	PW_TEST_OK(pw_intervals_set(&set, 0, UINT64_MAX, 3, &err), &err);
	PW_TEST_OK(pw_intervals_clear(&set, 5, UINT64_MAX - 1, &err), &err);
	assert_int_equal(pw_intervals_count(&set), 2);
	assert_int_equal(pw_intervals_at(&set, 1)->start, UINT64_MAX - 1);
	assert_null(pw_intervals_find(&set, UINT64_MAX));
	pw_intervals_free(&set);
}

/* The ranges are sorted, apart, not empty, and say what the points say. */
static void check(const struct pw_intervals *set, const uint64_t *point)
{
	uint64_t end = 0;

	for (size_t i = 0; i < pw_intervals_count(set); i++) {
		const struct pw_interval *range = pw_intervals_at(set, i);

		assert_true(range->start >= end);
		assert_true(range->start < range->end);
		end = range->end;
	}
	for (uint64_t i = 0; i < POINTS; i++) {
		const struct pw_interval *range = pw_intervals_find(set, i);

		assert_int_equal(range ? range->value : NOTHING, point[i]);
	}
}

/* One change of the set and of its twin: one value a point. */
static void change(struct pw_intervals *set, uint64_t *point,
		   struct pw_random *random)
{
	uint64_t start = pw_random_below(random, POINTS);
	uint64_t end = start + pw_random_below(random, POINTS - start + 1);
	uint64_t what = pw_random_below(random, 5);
	uint64_t value = what < 3 ? pw_random_below(random, 9) : NOTHING;
	struct pw_error err;

	if (what == 4) { /* changes no point */
		PW_TEST_OK(pw_intervals_split(set, start, &err), &err);
		return;
	}
	if (what == 3)
		PW_TEST_OK(pw_intervals_clear(set, start, end, &err), &err);
	else
		PW_TEST_OK(pw_intervals_set(set, start, end, value, &err),
			   &err);
	for (uint64_t i = start; i < end; i++)
		point[i] = value;
}

static void equals_its_twin_under_random_changes(void **state)
{
	struct pw_intervals set = PW_INTERVALS;
	uint64_t point[POINTS];
	struct pw_random random;

	(void)state;
	memset(point, 0xff, sizeof(point));
	pw_random_seed(&random, 4);
	for (int step = 0; step < 5000; step++) {
		change(&set, point, &random);
		check(&set, point);
	}
	pw_intervals_free(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_range_that_holds_a_point),
		cmocka_unit_test(replaces_the_middle_of_a_range),
		cmocka_unit_test(never_merges_neighbours),
		cmocka_unit_test(reaches_the_end_of_the_address_space),
		cmocka_unit_test(equals_its_twin_under_random_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
