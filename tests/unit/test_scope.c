/*
 * test_scope.c - marks and windows, worked out by hand.
 */
#include "tests/support/pw_test.h"

#include "capture/scope.h"

static struct pw_scope scope_of(const char *from, const char *to,
				uint64_t window, uint64_t every)
{
	const struct pw_scope_options options = {from, to, window, every};
	struct pw_scope scope;

	pw_scope_init(&scope, &options);
	return scope;
}

static void without_options_everything_is_wanted(void **state)
{
	struct pw_scope scope = scope_of(NULL, NULL, 0, 0);

	(void)state;
	assert_true(pw_scope_open(&scope));
	assert_true(pw_scope_left(&scope) == UINT64_MAX);
	pw_scope_mark(&scope, "anything");
	pw_scope_advance(&scope, 1000000);
	assert_true(pw_scope_open(&scope));
}

static void marks_open_and_close_and_open_again(void **state)
{
	struct pw_scope scope = scope_of("begin", "end", 0, 0);

	(void)state;
	assert_false(pw_scope_open(&scope));
	pw_scope_mark(&scope, "end");
	assert_false(pw_scope_open(&scope));
	pw_scope_mark(&scope, "begin");
	assert_true(pw_scope_open(&scope));
	assert_true(pw_scope_left(&scope) == UINT64_MAX);
	pw_scope_mark(&scope, "middle");
	assert_true(pw_scope_open(&scope));
	pw_scope_mark(&scope, "end");
	assert_false(pw_scope_open(&scope));
	pw_scope_mark(&scope, "begin");
	assert_true(pw_scope_open(&scope));
}

static void without_from_the_end_is_final(void **state)
{
	struct pw_scope scope = scope_of(NULL, "end", 0, 0);

	(void)state;
	assert_true(pw_scope_open(&scope));
	pw_scope_mark(&scope, "end");
	assert_false(pw_scope_open(&scope));
	pw_scope_mark(&scope, "begin");
	assert_false(pw_scope_open(&scope));
}

static void one_name_for_both_marks_opens_and_closes_in_turn(void **state)
{
	struct pw_scope scope = scope_of("turn", "turn", 0, 0);

	(void)state;
	assert_false(pw_scope_open(&scope));
	pw_scope_mark(&scope, "turn");
	assert_true(pw_scope_open(&scope));
	pw_scope_mark(&scope, "turn");
	assert_false(pw_scope_open(&scope));
	pw_scope_mark(&scope, "turn");
	assert_true(pw_scope_open(&scope));
}

/* The kernel keeps 15 bytes: "0123456789abcde" of both names. */
static void names_are_compared_to_fifteen_bytes(void **state)
{
	struct pw_scope scope = scope_of("0123456789abcdefgh", NULL, 0, 0);

	(void)state;
	pw_scope_mark(&scope, "0123456789abcd");
	assert_false(pw_scope_open(&scope));
	pw_scope_mark(&scope, "0123456789abcdX");
	assert_false(pw_scope_open(&scope));
	pw_scope_mark(&scope, "0123456789abcde");
	assert_true(pw_scope_open(&scope));

	scope = scope_of("short", NULL, 0, 0);
	pw_scope_mark(&scope, "shorter");
	assert_false(pw_scope_open(&scope));
	pw_scope_mark(&scope, "short");
	assert_true(pw_scope_open(&scope));
}

/* 3 of every 10: open at 0, 1, 2, closed at 3..9, and again. */
static void windows_open_at_the_start_of_each_period(void **state)
{
	struct pw_scope scope = scope_of(NULL, NULL, 3, 10);

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		unsigned phase = i % 10;

		assert_int_equal(pw_scope_open(&scope), phase < 3);
		assert_int_equal(pw_scope_left(&scope),
				 phase < 3 ? 3 - phase : 10 - phase);
		pw_scope_advance(&scope, 1);
	}
}

static void long_advances_skip_whole_periods(void **state)
{
	struct pw_scope scope = scope_of(NULL, NULL, 3, 10);

	(void)state;
	pw_scope_advance(&scope, 3); /* 3 */
	assert_false(pw_scope_open(&scope));
	assert_int_equal(pw_scope_left(&scope), 7);
	pw_scope_advance(&scope, 7); /* 10 */
	assert_true(pw_scope_open(&scope));
	assert_int_equal(pw_scope_left(&scope), 3);
	pw_scope_advance(&scope, 99); /* 109 */
	assert_false(pw_scope_open(&scope));
	assert_int_equal(pw_scope_left(&scope), 1);
	pw_scope_advance(&scope, 33); /* 142 */
	assert_true(pw_scope_open(&scope));
	assert_int_equal(pw_scope_left(&scope), 1);
}

/* 2^63 + 2^63 passes 64 bits; 2^64 mod (2^64 - 1) is 1. */
static void a_period_near_the_end_of_64_bits_does_not_wrap(void **state)
{
	struct pw_scope scope = scope_of(NULL, NULL, 5, UINT64_MAX);

	(void)state;
	pw_scope_advance(&scope, UINT64_C(1) << 63);
	assert_false(pw_scope_open(&scope));
	assert_true(pw_scope_left(&scope) == (UINT64_C(1) << 63) - 1);
	pw_scope_advance(&scope, UINT64_C(1) << 63);
	assert_true(pw_scope_open(&scope));
	assert_int_equal(pw_scope_left(&scope), 4);
}

static void a_window_as_long_as_its_period_never_closes(void **state)
{
	struct pw_scope scope = scope_of(NULL, NULL, 10, 10);

	(void)state;
	pw_scope_advance(&scope, 10);
	assert_true(pw_scope_open(&scope));
	assert_true(pw_scope_left(&scope) == UINT64_MAX);
}

/*
 * 4 of every 10. Before "begin" nothing counts; 6 instructions later the
 * window is over; after "end" the clock stands; the second "begin" starts a
 * period of its own.
 */
static void periods_begin_anew_at_each_opening_mark(void **state)
{
	struct pw_scope scope = scope_of("begin", "end", 4, 10);

	(void)state;
	assert_true(pw_scope_left(&scope) == UINT64_MAX);
	pw_scope_advance(&scope, 7);
	pw_scope_mark(&scope, "begin");
	assert_true(pw_scope_open(&scope));
	assert_int_equal(pw_scope_left(&scope), 4);
	pw_scope_advance(&scope, 6);
	assert_false(pw_scope_open(&scope));
	assert_int_equal(pw_scope_left(&scope), 4);
	pw_scope_mark(&scope, "begin"); /* open already: no new period */
	assert_int_equal(pw_scope_left(&scope), 4);
	pw_scope_mark(&scope, "end");
	pw_scope_advance(&scope, 4);
	assert_false(pw_scope_open(&scope));
	assert_true(pw_scope_left(&scope) == UINT64_MAX);
	pw_scope_mark(&scope, "begin");
	assert_true(pw_scope_open(&scope));
	assert_int_equal(pw_scope_left(&scope), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_options_everything_is_wanted),
		cmocka_unit_test(marks_open_and_close_and_open_again),
		cmocka_unit_test(without_from_the_end_is_final),
		cmocka_unit_test(
			one_name_for_both_marks_opens_and_closes_in_turn),
		cmocka_unit_test(names_are_compared_to_fifteen_bytes),
		cmocka_unit_test(windows_open_at_the_start_of_each_period),
		cmocka_unit_test(long_advances_skip_whole_periods),
		cmocka_unit_test(
			a_period_near_the_end_of_64_bits_does_not_wrap),
		cmocka_unit_test(a_window_as_long_as_its_period_never_closes),
		cmocka_unit_test(periods_begin_anew_at_each_opening_mark),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
