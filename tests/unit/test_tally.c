/*
 * test_tally.c - counting eight kinds at a time equals counting one by one.
 */
#include "tests/support/pw_test.h"

#include "base/random.h"
#include "formats/tally.h"

#define KINDS 5000

static uint8_t pick(struct pw_random *random)
{
	unsigned kind = 1 + (unsigned)pw_random_below(random, 4);

	return (uint8_t)(kind | pw_random_below(random, 4) << 3);
}

static struct pw_tally count_slowly(const uint8_t *kind, size_t count)
{
	struct pw_tally tally = {0};

	for (size_t i = 0; i < count; i++) {
		unsigned bits = PW_ACCESS_KIND(kind[i]);

		tally.loads +=
			bits == PW_ACCESS_LOAD || bits == PW_ACCESS_MODIFY;
		tally.stores +=
			bits == PW_ACCESS_STORE || bits == PW_ACCESS_MODIFY;
		tally.modifies += bits == PW_ACCESS_MODIFY;
		tally.fetches += bits == PW_ACCESS_FETCH;
		tally.instructions += (kind[i] & PW_ACCESS_FIRST) != 0;
	}
	return tally;
}

static void assert_counts(const uint8_t *kind, size_t count)
{
	struct pw_tally want = count_slowly(kind, count), got = {0};

	pw_tally_add(&got, kind, count);
	assert_memory_equal(&got, &want, sizeof(got));
}

static void any_number_of_kinds_is_counted_right(void **state)
{
	struct pw_random random;
	uint8_t kind[KINDS];

	(void)state;
	pw_random_seed(&random, 1);
	for (size_t i = 0; i < KINDS; i++)
		kind[i] = pick(&random);
	for (size_t count = 0; count < 100; count++)
		assert_counts(kind + count % 8, count);
	for (size_t count = 2030; count < 2060; count++)
		assert_counts(kind + count % 8, count);
	assert_counts(kind, KINDS);
}

/* Every sum of every byte column reaches its largest value, 255. */
static void no_column_overflows(void **state)
{
	uint8_t kind[KINDS];

	(void)state;
	memset(kind, PW_ACCESS_MODIFY | PW_ACCESS_FIRST, sizeof(kind));
	assert_counts(kind, KINDS);
	memset(kind, PW_ACCESS_FETCH, sizeof(kind));
	assert_counts(kind, KINDS);
}

static void only_the_bits_of_an_access_are_valid(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 256; kind++) {
		bool want = kind < 32 && (kind & 7) >= 1 && (kind & 7) <= 4;

		assert_int_equal(pw_access_kind_valid((uint8_t)kind), want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_number_of_kinds_is_counted_right),
		cmocka_unit_test(no_column_overflows),
		cmocka_unit_test(only_the_bits_of_an_access_are_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
