/*
 * test_stack_distance.c - distances worked out by hand.
 */
#include "tests/support/pw_test.h"

#include "analyze/stack_distance.h"
#include "base/random.h"

static struct pw_stack_distance *open_stack(void)
{
	struct pw_stack_distance *stack;
	struct pw_error err;

	PW_TEST_OK(pw_stack_distance_open(&stack, 0, &err), &err);
	return stack;
}

static void add(struct pw_stack_distance *stack, const uint64_t *page,
		size_t count)
{
	struct pw_error err;

	PW_TEST_OK(pw_stack_distance_add(stack, page, count, &err), &err);
}

static void knows_nothing_at_first(void **state)
{
	struct pw_stack_distance *stack = open_stack();

	(void)state;
	assert_int_equal(pw_stack_distance_references(stack), 0);
	assert_int_equal(pw_stack_distance_pages(stack), 0);
	assert_int_equal(pw_stack_distance_hits(stack, 0), 0);
	assert_int_equal(pw_stack_distance_hits(stack, 1), 0);
	pw_stack_distance_close(stack);
	pw_stack_distance_close(NULL);
}

/*
 * A B C A B C B B: three cold, then A, B, C each with the two others between
 * (3, 3, 3), B with C between (2), B again (1).
 */
static void counts_the_distinct_pages_between(void **state)
{
	const uint64_t page[] = {10, 20, 30, 10, 20, 30, 20, 20};
	struct pw_stack_distance *stack = open_stack();

	(void)state;
	add(stack, page, PW_COUNT(page));
	assert_int_equal(pw_stack_distance_references(stack), 8);
	assert_int_equal(pw_stack_distance_pages(stack), 3);
	assert_int_equal(pw_stack_distance_hits(stack, 1), 1);
	assert_int_equal(pw_stack_distance_hits(stack, 2), 1);
	assert_int_equal(pw_stack_distance_hits(stack, 3), 3);
	assert_int_equal(pw_stack_distance_hits(stack, 4), 0);
	pw_stack_distance_close(stack);
}

/* A sweep over n pages, again and again: every re-use is at distance n. */
static void sweeps_are_at_the_distance_of_their_length(void **state)
{
	/* Around the list's length, a group of words, and renumbering. */
	const uint64_t length[] = {1,	 2,    15,   16,   17,	 18,   63,
				   1024, 1025, 4096, 4097, 9001, 70001};
	const size_t rounds = 7;

	(void)state;
	for (size_t i = 0; i < PW_COUNT(length); i++) {
		const uint64_t n = length[i];
		struct pw_stack_distance *stack = open_stack();

		for (uint64_t r = 0; r < rounds * n; r++) {
			uint64_t page = r % n * 513;

			add(stack, &page, 1);
		}
		assert_int_equal(pw_stack_distance_pages(stack), n);
		assert_int_equal(pw_stack_distance_hits(stack, n),
				 (rounds - 1) * n);
		for (uint64_t d = 1; d < n; d++)
			assert_int_equal(pw_stack_distance_hits(stack, d), 0);
		pw_stack_distance_close(stack);
	}
}

/*
 * Up and down, 0 1 .. n-1 n-1 .. 1 0: on the way back page p has n-1-p others
 * between its uses, so that every distance 1 .. n occurs once.
 */
static void a_way_back_has_every_distance_once(void **state)
{
	const uint64_t n = 50000;
	struct pw_stack_distance *stack = open_stack();

	(void)state;
	for (uint64_t i = 0; i < 2 * n; i++) {
		uint64_t page = i < n ? i : 2 * n - 1 - i;

		add(stack, &page, 1);
	}
	for (uint64_t d = 1; d <= n; d++)
		assert_int_equal(pw_stack_distance_hits(stack, d), 1);
	pw_stack_distance_close(stack);
}

/* Position of @page in @list, which holds @count; count when absent. */
static size_t position(const uint64_t *list, size_t count, uint64_t page)
{
	size_t i = 0;

	while (i < count && list[i] != page)
		i++;
	return i;
}

/* The obvious way: a list of all pages, most recent first. */
static void equals_a_plain_list_on_random_pages(void **state)
{
	enum { PAGES = 300, REFERENCES = 200000 };
	uint64_t list[PAGES], want[PAGES + 1] = {0};
	struct pw_stack_distance *stack = open_stack();
	struct pw_random random;
	size_t count = 0;

	(void)state;
	pw_random_seed(&random, 7);
	for (size_t i = 0; i < REFERENCES; i++) {
		/* The smaller of two: low pages are used more often. */
		uint64_t a = pw_random_below(&random, PAGES);
		uint64_t b = pw_random_below(&random, PAGES);
		uint64_t page = a < b ? a : b;
		size_t at = position(list, count, page);

		if (at == count)
			count++;
		else
			want[at + 1]++;
		memmove(list + 1, list, at * sizeof(*list));
		list[0] = page;
		add(stack, &page, 1);
	}
	assert_int_equal(pw_stack_distance_pages(stack), count);
	for (size_t d = 1; d <= count; d++)
		assert_int_equal(pw_stack_distance_hits(stack, d), want[d]);
	pw_stack_distance_close(stack);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_nothing_at_first),
		cmocka_unit_test(counts_the_distinct_pages_between),
		cmocka_unit_test(sweeps_are_at_the_distance_of_their_length),
		cmocka_unit_test(a_way_back_has_every_distance_once),
		cmocka_unit_test(equals_a_plain_list_on_random_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
