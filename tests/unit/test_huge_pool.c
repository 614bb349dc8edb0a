/*
 * test_huge_pool.c - the pool of huge pages: what is promised, taken and free.
 */
#include "tests/support/pw_test.h"

#include "replay/memory/fork.h"
#include "replay/memory/huge_pool.h"
#include "replay/memory/signals.h"
#include "tests/support/replay_fixture.h"

#define HUGE UINT64_C(512) /* pages */
#define PLACE (HUGE * 1000)
#define OTHER (HUGE * 2000)
#define HUGETLB (PW_TEST_PRIVATE | PW_TEST_ANONYMOUS | 0x40000)
#define NORESERVE 0x4000

static void set_pool(struct pw_test_system *test, uint64_t pages)
{
	pw_test_event(test, (struct pw_event){.kind = PW_EVENT_setting,
					      .arg = {pages},
					      .text = "nr_hugepages"});
}

static void open_system(struct pw_test_system *test, const char *model)
{
	const char *list[] = {model, "page_size.max=2M"};
	const struct pw_text_list overrides = {list, 2};

	pw_test_system_open_as(test, &overrides);
}

/* Total, free and reserved pages as one number. */
static uint64_t pool(const struct pw_test_system *test)
{
	struct pw_huge_sizes sizes;

	pw_huge_pool_sizes(&test->system, &sizes);
	return sizes.total * 10000 + sizes.free * 100 + sizes.reserved;
}

static unsigned signal_at(const struct pw_test_system *test, uint64_t page)
{
	struct pw_signal signal = pw_signal_expect(
		&test->system, test->system.current, page * PW_PAGE_BYTES);

	return signal.number * 1000 + signal.code;
}

static void mappings_have_a_promise_that_faults_redeem(void **state)
{
	struct pw_test_system test;

	(void)state;
	open_system(&test, "page_size.model=madvise");
	pw_test_map(&test, PLACE, 3 * HUGE, HUGETLB, NULL, 0);
	assert_int_equal(pool(&test), 0);
	pw_test_touch(&test, PLACE, 'R');
	assert_int_equal(pool(&test), 10000);
	set_pool(&test, 8);
	assert_int_equal(pool(&test), 80702);
	pw_test_touch(&test, PLACE + HUGE + 7, 'W');
	assert_int_equal(pool(&test), 80601);
	set_pool(&test, 0);
	assert_int_equal(pool(&test), 20001);
	pw_test_system_close(&test);
}

static void what_has_no_promise_may_find_nothing(void **state)
{
	struct pw_test_system test;

	(void)state;
	open_system(&test, "page_size.model=madvise");
	set_pool(&test, 4);
	pw_test_map(&test, PLACE, 3 * HUGE, HUGETLB, NULL, 0);
	pw_test_map(&test, OTHER, 4 * HUGE, HUGETLB | NORESERVE, NULL, 0);
	assert_int_equal(pool(&test), 40403);
	assert_int_equal(signal_at(&test, OTHER), 11002);
	pw_test_touch(&test, OTHER, 'W');
	assert_int_equal(pool(&test), 40303);
	assert_int_equal(signal_at(&test, OTHER + HUGE), 7002);
	assert_int_equal(signal_at(&test, OTHER + 1), 11002);
	assert_int_equal(signal_at(&test, PLACE), 11002);
	pw_test_system_close(&test);
}

static void a_shared_page_is_taken_once(void **state)
{
	struct pw_test_system test;
	struct pw_error err;

	(void)state;
	open_system(&test, "page_size.model=huge");
	set_pool(&test, 4);
	pw_test_map(&test, PLACE, 2 * HUGE, HUGETLB, NULL, 0);
	pw_test_touch(&test, PLACE, 'W');
	PW_TEST_OK(pw_fork(&test.system, 1, &err), &err);
	assert_int_equal(pool(&test), 40301);
	pw_test_touch(&test, PLACE, 'W');
	assert_int_equal(pool(&test), 40201);
	pw_test_system_close(&test);
}

static void policies_without_large_pages_have_no_pool(void **state)
{
	struct pw_test_system test;

	(void)state;
	pw_test_system_open(&test, NULL);
	set_pool(&test, 4);
	pw_test_map(&test, PLACE, 2 * HUGE, HUGETLB, NULL, 0);
	pw_test_touch(&test, PLACE, 'W');
	assert_int_equal(pool(&test), 40400);
	pw_test_system_close(&test);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mappings_have_a_promise_that_faults_redeem),
		cmocka_unit_test(what_has_no_promise_may_find_nothing),
		cmocka_unit_test(a_shared_page_is_taken_once),
		cmocka_unit_test(policies_without_large_pages_have_no_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
