/*
 * test_page_ids.c - dense page numbers, and how many pages may be numbered.
 */
#include "tests/support/pw_test.h"

#include "analyze/analyzers/analyzer_mrc.h"
#include "analyze/analyzers/analyzer_wss.h"
#include "analyze/page_ids.h"
#include "base/bits.h"
#include "base/memory.h"

static void pages_are_numbered_in_the_order_of_their_first_use(void **state)
{
	/* 1 and 257 share a line of the cache. */
	static const uint64_t page[] = {7, 0, 7, 1, 257, 1, 257, 0};
	static const uint32_t want[] = {0, 1, 0, 2, 3, 2, 3, 1};
	struct pw_page_ids ids;
	struct pw_error err = {0};

	(void)state;
	PW_TEST_OK(pw_page_ids_open(&ids, 0, &err), &err);
	for (size_t i = 0; i < PW_COUNT(page); i++) {
		uint32_t id;

		PW_TEST_OK(pw_page_ids_get(&ids, page[i], &id, &err), &err);
		assert_int_equal(id, want[i]);
	}
	assert_int_equal(pw_page_ids_count(&ids), 4);
	pw_page_ids_close(&ids);
}

static void only_a_page_above_the_limit_is_refused(void **state)
{
	static const uint64_t page[] = {7, 0, 9, 0, 7, 9};
	struct pw_page_ids ids;
	struct pw_error err = {0};
	uint32_t id;

	(void)state;
	PW_TEST_OK(pw_page_ids_open(&ids, 3, &err), &err);
	for (size_t i = 0; i < PW_COUNT(page); i++)
		PW_TEST_OK(pw_page_ids_get(&ids, page[i], &id, &err), &err);
	assert_int_equal(pw_page_ids_get(&ids, 8, &id, &err), PW_ERR_SYSTEM);
	assert_string_equal(err.message,
			    "more than 3 distinct pages: too many for this "
			    "machine's memory");
	assert_non_null(strstr(err.hint, "--side data"));
	pw_page_ids_close(&ids);
}

/* An access of 4 GiB - 1 byte, in 2^20 pages, where 1000 are allowed. */
static void refuses_a_huge_access(const struct pw_analyzer_ops *ops,
				  const void *args)
{
	const uint64_t address = 0, pc = 0;
	const uint32_t size_bytes = UINT32_MAX;
	const uint8_t kind = PW_ACCESS_LOAD;
	const struct pw_batch batch = {
		.accesses = {1, &address, &pc, &size_bytes, &kind}};
	struct pw_error err = {0};
	void *state;

	PW_TEST_OK(ops->begin(&state, args, &err), &err);
	assert_int_equal(ops->batch(state, &batch, &err), PW_ERR_SYSTEM);
	assert_non_null(strstr(err.message, "more than 1000 distinct pages"));
	ops->close(state);
}

static void the_analyses_stop_at_their_limit(void **state)
{
	const struct pw_mrc_args mrc = {.pages_max = 1000};
	const struct pw_wss_args wss = {.pages_max = 1000};

	(void)state;
	refuses_a_huge_access(&pw_analyzer_mrc, &mrc);
	refuses_a_huge_access(&pw_analyzer_wss, &wss);
}

/* Of any machine that runs this: at least 16 MiB, and whole pages. */
static void half_of_the_memory_is_known(void **state)
{
	(void)state;
	assert_true(pw_memory_half() >= (size_t)16 << 20);
	assert_int_equal(pw_memory_half() % PW_PAGE_BYTES, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			pages_are_numbered_in_the_order_of_their_first_use),
		cmocka_unit_test(only_a_page_above_the_limit_is_refused),
		cmocka_unit_test(the_analyses_stop_at_their_limit),
		cmocka_unit_test(half_of_the_memory_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
