/*
 * test_random.c - the generator gives the published sequence.
 */
#include "tests/support/pw_test.h"

#include "base/random.h"

/*
 * From state {1, 2, 3, 4}, by hand: the first result is rotl(2 * 5, 7) * 9 =
 * 1280 * 9 = 11520. Then t = 2 << 17; s2 = 3 ^ 1 = 2, s3 = 4 ^ 2 = 6,
 * s1 = 2 ^ 2 = 0, s0 = 1 ^ 6 = 7, so the second result is 0. Third: s1 was 0
 * and becomes s1 ^ s2 where s2 = (2 ^ t) ^ s0: 2 ^ 262144 ^ 7 = 262149, so
 * rotl(262149 * 5, 7) * 9 = 1310745 * 128 * 9 = 1509978240.
 */
static void follows_the_published_algorithm(void **state)
{
	struct pw_random random = {{1, 2, 3, 4}};

	(void)state;
	assert_int_equal(pw_random_next(&random), 11520);
	assert_int_equal(pw_random_next(&random), 0);
	assert_int_equal(pw_random_next(&random), 1509978240);
}

/* splitmix64 from 0 begins so (Vigna's splitmix64.c). */
static void seeds_by_splitmix64(void **state)
{
	struct pw_random random;

	(void)state;
	pw_random_seed(&random, 0);
	assert_int_equal(random.state[0], UINT64_C(0xe220a8397b1dcdaf));
	assert_int_equal(random.state[1], UINT64_C(0x6e789e6aa1b965f4));
	assert_int_equal(random.state[2], UINT64_C(0x06c45d188009454f));
}

static void depends_on_the_seed_alone(void **state)
{
	struct pw_random a;
	struct pw_random b;
	struct pw_random c;

	(void)state;
	pw_random_seed(&a, 12);
	pw_random_seed(&b, 12);
	pw_random_seed(&c, 13);
	assert_int_equal(pw_random_next(&a), pw_random_next(&b));
	assert_int_not_equal(pw_random_next(&a), pw_random_next(&c));
}

static void stays_below_its_bound(void **state)
{
	const uint64_t bounds[] = {
		1, 2, 3, 1000, (UINT64_C(1) << 63) + 1, UINT64_MAX};
	struct pw_random random;

	(void)state;
	pw_random_seed(&random, 5);
	for (size_t b = 0; b < PW_COUNT(bounds); b++)
		for (int i = 0; i < 1000; i++)
			assert_true(pw_random_below(&random, bounds[b]) <
				    bounds[b]);
}

/*
 * 60000 draws below 6: each value 10000 times but for chance. The standard
 * deviation is sqrt(60000 * 1/6 * 5/6) = 91; 500 is more than five of them.
 * The seed is fixed, so that chance cannot fail the test twice.
 */
static void likes_every_number_below_its_bound_alike(void **state)
{
	struct pw_random random;
	int count[6] = {0};

	(void)state;
	pw_random_seed(&random, 6);
	for (int i = 0; i < 60000; i++)
		count[pw_random_below(&random, 6)]++;
	for (int i = 0; i < 6; i++)
		assert_in_range(count[i], 9500, 10500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_the_published_algorithm),
		cmocka_unit_test(seeds_by_splitmix64),
		cmocka_unit_test(depends_on_the_seed_alone),
		cmocka_unit_test(stays_below_its_bound),
		cmocka_unit_test(likes_every_number_below_its_bound_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
