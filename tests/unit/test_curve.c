/*
 * test_curve.c - which points of a curve are kept.
 */
#include "tests/support/pw_test.h"

#include "analyze/curve.h"

static size_t pick(const struct pw_curve *curve, size_t want, uint64_t *x,
		   double *apart)
{
	struct pw_error err;
	size_t chosen = 99;

	PW_TEST_OK(pw_curve_pick(curve, want, x, &chosen, apart, &err), &err);
	return chosen;
}

/* 10 10 10 10 10 10 2 2: the cliff is between 6 and 7. */
static void both_edges_of_a_cliff_are_found(void **state)
{
	const uint64_t height[] = {10, 10, 10, 10, 10, 10, 2, 2};
	const struct pw_curve curve = {height, PW_COUNT(height)};
	const uint64_t want[] = {1, 6, 7, 8};
	uint64_t x[4];
	double apart;

	(void)state;
	assert_int_equal(pick(&curve, 4, x, &apart), 4);
	assert_memory_equal(x, want, sizeof(want));
	assert_true(apart == 0);
}

static void a_flat_curve_needs_its_ends_only(void **state)
{
	const uint64_t height[] = {3, 3, 3, 3, 3};
	const struct pw_curve curve = {height, PW_COUNT(height)};
	uint64_t x[5];
	double apart;

	(void)state;
	assert_int_equal(pick(&curve, 5, x, &apart), 2);
	assert_int_equal(x[0], 1);
	assert_int_equal(x[1], 5);
}

static void short_curves_have_few_points(void **state)
{
	const uint64_t height[] = {4};
	struct pw_curve curve = {height, 1};
	uint64_t x[2];
	double apart;

	(void)state;
	assert_int_equal(pick(&curve, 2, x, &apart), 1);
	assert_int_equal(x[0], 1);
	curve.count = 0;
	assert_int_equal(pick(&curve, 2, x, &apart), 0);
}

/* With all points wanted each one that is off a line is there. */
static void says_how_far_off_the_rest_is(void **state)
{
	/* At x = 2 the line from 1 to 4 is half way (two octaves): 50. */
	const uint64_t height[] = {100, 10, 5, 0};
	const struct pw_curve curve = {height, PW_COUNT(height)};
	uint64_t x[4];
	double apart;

	(void)state;
	assert_int_equal(pick(&curve, 2, x, &apart), 2);
	assert_true(apart == 40);
	assert_int_equal(pick(&curve, 3, x, &apart), 3);
	assert_int_equal(x[1], 2);
	/* From 10 at 2 to 0 at 4, at 3 (half of that octave): 5. */
	assert_true(apart == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_edges_of_a_cliff_are_found),
		cmocka_unit_test(a_flat_curve_needs_its_ends_only),
		cmocka_unit_test(short_curves_have_few_points),
		cmocka_unit_test(says_how_far_off_the_rest_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
