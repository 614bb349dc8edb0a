/*
 * test_infer.c - guesses of mappings from what is touched.
 */
#include "tests/support/pw_test.h"

#include "formats/infer.h"

#define R PW_ACCESS_LOAD
#define W PW_ACCESS_STORE
#define M PW_ACCESS_MODIFY
#define X PW_ACCESS_FETCH
#define PAGE UINT64_C(4096)

static uint64_t position; /* accesses of the trace so far */

static void look(struct pw_infer *infer, uint32_t process, uint64_t address,
		 uint32_t size_bytes, uint8_t kind)
{
	const uint64_t pc = 0;
	const struct pw_accesses accesses = {1, &address, &pc, &size_bytes,
					     &kind};
	struct pw_error err;

	PW_TEST_OK(
		pw_infer_accesses(infer, process, position++, &accesses, &err),
		&err);
}

static void expect(const struct pw_infer *infer, const struct pw_guess *want,
		   size_t count)
{
	struct pw_array guesses = PW_ARRAY(struct pw_guess);
	struct pw_error err;

	PW_TEST_OK(pw_infer_guess(infer, &guesses, &err), &err);
	assert_int_equal(guesses.count, count);
	for (size_t i = 0; i < count; i++) {
		const struct pw_guess *got =
			&PW_ARRAY_AT(&guesses, struct pw_guess, i);

		assert_int_equal(got->process, want[i].process);
		assert_int_equal(got->rights, want[i].rights);
		assert_int_equal(got->address, want[i].address);
		assert_int_equal(got->bytes, want[i].bytes);
		assert_int_equal(got->pages, want[i].pages);
		assert_int_equal(got->first, want[i].first);
		assert_int_equal(got->why, want[i].why);
	}
	pw_array_free(&guesses);
}

/*
 * Pages 10 and 42 have 31 pages between them and are one mapping; 75 is 32
 * away from the end of that and begins another.
 */
static void pages_close_to_each_other_are_one_mapping(void **state)
{
	static const struct pw_guess want[] = {
		{0, 1, 10 * PAGE, 33 * PAGE, 2, 1, PW_GUESS_LOWEST},
		{0, 1, 75 * PAGE, PAGE, 1, 0, PW_GUESS_FAR},
	};
	struct pw_infer infer;

	(void)state;
	position = 0;
	pw_infer_init(&infer);
	look(&infer, 0, 75 * PAGE, 1, R);
	look(&infer, 0, 42 * PAGE + 5, 0, R);
	look(&infer, 0, 10 * PAGE, 8, R);
	expect(&infer, want, PW_COUNT(want));
	pw_infer_free(&infer);
}

/* An access across the end of page 5 touches page 6 too. */
static void pages_are_kept_apart_by_what_was_done_to_them(void **state)
{
	static const struct pw_guess want[] = {
		{0, 5, 1 * PAGE, PAGE, 1, 0, PW_GUESS_LOWEST},
		{0, 1, 2 * PAGE, PAGE, 1, 1, PW_GUESS_RIGHTS},
		{0, 3, 3 * PAGE, 4 * PAGE, 3, 2, PW_GUESS_RIGHTS},
		{1, 3, 3 * PAGE, PAGE, 1, 5, PW_GUESS_LOWEST},
	};
	struct pw_infer infer;

	(void)state;
	position = 0;
	pw_infer_init(&infer);
	look(&infer, 0, 1 * PAGE, 4, X);
	look(&infer, 0, 2 * PAGE, 8, R);
	look(&infer, 0, 3 * PAGE, 8, R);
	look(&infer, 0, 3 * PAGE, 8, W);
	look(&infer, 0, 6 * PAGE - 4, 8, M);
	look(&infer, 1, 3 * PAGE, 8, W);
	look(&infer, 1, UINT64_C(0xffffffff81000000), 8, R);
	expect(&infer, want, PW_COUNT(want));
	pw_infer_free(&infer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_close_to_each_other_are_one_mapping),
		cmocka_unit_test(pages_are_kept_apart_by_what_was_done_to_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
