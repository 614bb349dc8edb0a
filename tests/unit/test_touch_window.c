/*
 * test_touch_window.c - what touches count, against a loop that adds them up.
 */
#include "tests/support/pw_test.h"

#include "base/random.h"
#include "replay/mmu/filter.h"
#include "replay/mmu/touch_window.h"

#define RECORDS 1000
#define ROUNDS 200

static uint32_t loads[RECORDS], stores[RECORDS], fetches[RECORDS];
static uint8_t flags[RECORDS];

static const struct pw_touches touches = {.count = RECORDS,
					  .loads = loads,
					  .stores = stores,
					  .fetches = fetches,
					  .flags = flags};

/* Records of all flags, some without references; counts of up to @bits. */
static void draw(struct pw_random *random, unsigned bits)
{
	uint64_t most = (uint64_t)1 << bits;

	for (size_t i = 0; i < RECORDS; i++) {
		bool none = pw_random_below(random, 8) == 0;

		flags[i] = (uint8_t)pw_random_below(random, 32);
		loads[i] = none ? 0 : (uint32_t)pw_random_below(random, most);
		stores[i] = none || pw_random_below(random, 2)
				    ? 0
				    : (uint32_t)pw_random_below(random, most);
		fetches[i] = none ? 0 : (uint32_t)pw_random_below(random, most);
	}
}

static void compare(size_t first, size_t count)
{
	struct pw_counters counted = {0}, expected = {0};
	uint8_t how[PW_TOUCH_WINDOW];

	pw_touch_window_count(&touches, first, count, &counted);
	pw_touch_window_how(&touches, first, count, how);
	for (size_t i = first; i < first + count; i++) {
		uint64_t made = (uint64_t)loads[i] + stores[i] + fetches[i];
		bool write = stores[i] && !(flags[i] & PW_TOUCH_LOAD_FIRST);
		unsigned wanted = write ? PW_FILTER_WRITE : PW_FILTER_READ;

		if (!(flags[i] & PW_TOUCH_NOT_COUNTED))
			expected.touches++;
		expected.reference_store += stores[i];
		if (flags[i] & PW_TOUCH_FETCH) {
			expected.reference_instruction += made;
			wanted += PW_TOUCH_HOW_SIDE;
		} else {
			expected.reference_data += made;
		}
		assert_int_equal(how[i - first], made ? wanted : 0);
	}
	assert_memory_equal(&counted, &expected, sizeof(counted));
}

static void windows_count_what_their_records_do(void **state)
{
	struct pw_random random;

	(void)state;
	pw_random_seed(&random, 1);
	for (unsigned i = 0; i < ROUNDS; i++) {
		size_t count = pw_random_below(&random, PW_TOUCH_WINDOW + 1);

		draw(&random, 1 + i % 32);
		compare(pw_random_below(&random, RECORDS - count), count);
	}
}

/* All counts at their largest, or at the largest that are called small. */
static void the_largest_counts_do_not_overflow(void **state)
{
	static const uint32_t most[] = {UINT32_MAX, (1U << 22) - 1, 1U << 22};

	(void)state;
	for (size_t m = 0; m < PW_COUNT(most); m++) {
		for (size_t i = 0; i < RECORDS; i++) {
			loads[i] = stores[i] = fetches[i] = most[m];
			flags[i] = i % 2 ? PW_TOUCH_FETCH : 0;
		}
		compare(0, PW_TOUCH_WINDOW);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows_count_what_their_records_do),
		cmocka_unit_test(the_largest_counts_do_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
