/*
 * test_cache_count.c - how much of a file is in memory, against page by page.
 */
#include "tests/support/pw_test.h"

#include "base/random.h"
#include "replay/memory/cache.h"
#include "replay/memory/cache_count.h"
#include "tests/support/replay_fixture.h"

#define PAGES 64
#define ROUNDS 2000

static uint32_t make_file(struct pw_test_system *test, uint64_t pages)
{
	struct pw_error err;
	uint32_t number;

	PW_TEST_OK(pw_object_file(&test->system.objects, 1, 2, "/f", &number,
				  &err),
		   &err);
	pw_object_at(&test->system.objects, number)->bytes =
		pages * PW_PAGE_BYTES;
	return number;
}

static struct pw_cache_count count(struct pw_test_system *test, uint32_t file)
{
	return pw_cache_count(&test->system,
			      pw_object_at(&test->system.objects, file));
}

static struct pw_cache_count count_slowly(struct pw_test_system *test,
					  uint32_t file)
{
	struct pw_cache_count sum = {0};

	for (uint64_t i = 0; i < PAGES; i++) {
		struct pw_cached page = pw_cache_look(&test->system, file, i);

		sum.resident += page.there;
		sum.dirty += page.there && page.dirty;
	}
	return sum;
}

static void change(struct pw_test_system *test, uint32_t file,
		   struct pw_random *random)
{
	const struct pw_folios folios = {
		.first = pw_random_below(random, PAGES),
		.count = 1 + pw_random_below(random, 8),
		.dirty = pw_random_below(random, 2),
	};
	struct pw_system *system = &test->system;
	struct pw_array cleaned = PW_ARRAY(uint64_t);
	uint64_t end = folios.first + folios.count;
	struct pw_error err;
	uint32_t frame;
	enum pw_status st = PW_OK;

	if (end > PAGES)
		return;
	switch (pw_random_below(random, 5)) {
	case 0:
		st = pw_cache_fill(system, file, &folios, &err);
		break;
	case 1:
		st = pw_cache_drop(system, file, folios.first, end, &err);
		break;
	case 2:
		st = pw_cache_frame(system, file, folios.first, &frame, &err);
		break;
	case 3:
		st = pw_cache_clean(system, file, folios.first, end, &cleaned,
				    &err);
		break;
	default:
		if (pw_cache_look(system, file, folios.first).there)
			st = pw_cache_soil(system, file, folios.first, &err);
	}
	PW_TEST_OK(st, &err);
	pw_array_free(&cleaned);
}

static void counts_are_those_of_single_pages(void **state)
{
	static const char *const caches[] = {"memory.cache=warm",
					     "memory.cache=cold"};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(caches); i++) {
		struct pw_test_system test;
		struct pw_random random;
		uint32_t file;

		pw_test_system_open(&test, caches[i]);
		pw_random_seed(&random, 7 + i);
		file = make_file(&test, PAGES);
		for (size_t round = 0; round < ROUNDS; round++) {
			struct pw_cache_count fast, slow;

			change(&test, file, &random);
			fast = count(&test, file);
			slow = count_slowly(&test, file);
			assert_int_equal(fast.resident, slow.resident);
			assert_int_equal(fast.dirty, slow.dirty);
		}
		pw_test_system_close(&test);
	}
}

/* Of a share, what somebody came by is sure, and the rest is the share. */
static void a_share_of_a_file_counts_as_this_share(void **state)
{
	struct pw_test_system test;
	struct pw_error err;
	uint32_t file, frame;

	(void)state;
	pw_test_system_open(&test, "memory.cache=25%");
	file = make_file(&test, UINT64_C(1) << 40);
	assert_int_equal(count(&test, file).resident, UINT64_C(1) << 38);
	file = make_file(&test, 9);
	for (uint64_t i = 0; i < 5; i++)
		PW_TEST_OK(pw_cache_frame(&test.system, file, i, &frame, &err),
			   &err);
	assert_int_equal(count(&test, file).resident, 5 + 1);
	pw_test_system_close(&test);
}

static void a_file_of_unknown_size_counts_what_is_used(void **state)
{
	struct pw_test_system test;
	struct pw_error err;
	uint32_t file, frame;

	(void)state;
	pw_test_system_open(&test, "memory.cache=warm");
	file = make_file(&test, 0);
	assert_int_equal(count(&test, file).resident, 0);
	PW_TEST_OK(pw_cache_frame(&test.system, file, 77, &frame, &err), &err);
	assert_int_equal(count(&test, file).resident, 1);
	pw_test_system_close(&test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_are_those_of_single_pages),
		cmocka_unit_test(a_share_of_a_file_counts_as_this_share),
		cmocka_unit_test(a_file_of_unknown_size_counts_what_is_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
