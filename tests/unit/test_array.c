/*
 * test_array.c - the growing array.
 */
#include "tests/support/pw_test.h"

#include "base/array.h"

static void keeps_items_in_order_while_it_grows(void **state)
{
	struct pw_array array = PW_ARRAY(uint32_t);
	struct pw_error err;

	(void)state;
	for (uint32_t i = 0; i < 5000; i++)
		PW_TEST_OK(pw_array_push(&array, &i, &err), &err);
	assert_int_equal(array.count, 5000);
	for (uint32_t i = 0; i < 5000; i++)
		assert_int_equal(PW_ARRAY_AT(&array, uint32_t, i), i);
	pw_array_free(&array);
	assert_int_equal(array.count, 0);
	assert_null(array.data);
}

static void appends_zeroes_for_null(void **state)
{
	struct pw_array array = PW_ARRAY(uint64_t);
	uint64_t ones = UINT64_MAX;
	struct pw_error err;

	(void)state;
	PW_TEST_OK(pw_array_push(&array, &ones, &err), &err);
	array.count = 0;
	PW_TEST_OK(pw_array_push(&array, NULL, &err), &err);
	assert_int_equal(PW_ARRAY_AT(&array, uint64_t, 0), 0);
	pw_array_free(&array);
}

static void does_not_move_within_what_was_reserved(void **state)
{
	struct pw_array array = PW_ARRAY(char);
	struct pw_error err;
	void *data;

	(void)state;
	PW_TEST_OK(pw_array_reserve(&array, 1000, &err), &err);
	data = array.data;
	for (int i = 0; i < 1000; i++)
		PW_TEST_OK(pw_array_push(&array, "x", &err), &err);
	assert_ptr_equal(array.data, data);
	pw_array_free(&array);
}

static void refuses_sizes_that_overflow_and_stays_as_it_was(void **state)
{
	struct pw_array array = PW_ARRAY(uint64_t);
	uint64_t item = 7;
	struct pw_error err;

	(void)state;
	PW_TEST_OK(pw_array_push(&array, &item, &err), &err);
	assert_int_equal(pw_array_reserve(&array, SIZE_MAX, &err),
			 PW_ERR_SYSTEM);
	assert_int_equal(pw_array_reserve(&array, SIZE_MAX / 8, &err),
			 PW_ERR_SYSTEM);
	assert_int_equal(err.status, PW_ERR_SYSTEM);
	assert_int_equal(array.count, 1);
	assert_int_equal(PW_ARRAY_AT(&array, uint64_t, 0), 7);
	pw_array_free(&array);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_items_in_order_while_it_grows),
		cmocka_unit_test(appends_zeroes_for_null),
		cmocka_unit_test(does_not_move_within_what_was_reserved),
		cmocka_unit_test(
			refuses_sizes_that_overflow_and_stays_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
