/*
 * test_wss.c - mean working sets against counting every window by hand.
 *
 * PW_SEEDS is the number of random traces, PW_SEED the first one.
 */
#include "tests/support/pw_test.h"

#include "analyze/working_set.h"
#include "base/bits.h"
#include "base/random.h"
#include "tests/oracle/oracle_lru.h"
#include "tests/oracle/oracle_seeds.h"
#include "tests/oracle/random_trace.h"

#define WINDOWS 6
#define CUT_MAX 100

struct subject {
	uint64_t seed;
	struct pw_random random;
	struct pw_random_trace trace;
	struct pw_oracle_references references;
	uint64_t spaces;
	struct pw_working_set_options options;
	uint64_t window[WINDOWS];
};

/* The address space of the accesses up to the next multiple of CUT_MAX. */
static uint64_t space_at(const struct subject *s, size_t access)
{
	return pw_mix64(s->seed + access / CUT_MAX) % s->spaces;
}

/* The next accesses, of one space and cut anywhere; count 0 at the end. */
static struct pw_accesses next_batch(struct subject *s, size_t *at)
{
	size_t left = s->trace.address.count - *at;
	size_t room = CUT_MAX - *at % CUT_MAX;
	size_t count = 1 + pw_random_below(&s->random, room);
	size_t first = *at;

	if (count > left)
		count = left;
	*at += count;
	return pw_random_accesses(&s->trace, first, count);
}

static void make_subject(struct subject *s, uint64_t seed)
{
	struct pw_accesses batch;
	size_t at = 0;

	*s = (struct subject){.seed = seed};
	pw_random_seed(&s->random, ~seed);
	pw_random_trace_make(&s->trace, seed,
			     1 + pw_random_below(&s->random, 400));
	s->spaces = 1 + pw_random_below(&s->random, 4);
	s->options.side = (enum pw_side)pw_random_below(&s->random, 3);
	s->options.page_bytes = (uint64_t)4096
				<< 3 * pw_random_below(&s->random, 4);
	for (size_t from = 0; (batch = next_batch(s, &at)).count; from = at)
		pw_oracle_refer(&s->references, space_at(s, from), &batch,
				s->options.page_bytes);
	if (s->options.side != PW_SIDE_ALL)
		pw_oracle_keep_side(&s->references,
				    s->options.side == PW_SIDE_INSTRUCTION);
	for (size_t i = 0; i < WINDOWS; i++)
		s->window[i] =
			1 + pw_random_below(&s->random, i % 2 ? 20 : 900);
	s->options.window = s->window;
	s->options.window_count = pw_random_below(&s->random, WINDOWS + 1);
}

static void compare(const struct subject *s, const struct pw_working_set *set,
		    uint64_t window)
{
	uint64_t want = pw_oracle_working_set(&s->references, window);
	uint64_t sum = 0;

	if (!pw_working_set_sum(set, window, &sum))
		fail_msg("seed %ju: window %ju is not known",
			 (uintmax_t)s->seed, (uintmax_t)window);
	if (sum != want)
		fail_msg("seed %ju: window %ju: %ju, not %ju",
			 (uintmax_t)s->seed, (uintmax_t)window, (uintmax_t)sum,
			 (uintmax_t)want);
}

static void compare_all(const struct subject *s,
			const struct pw_working_set *set)
{
	uint64_t references = s->references.count;

	assert_true(pw_working_set_references(set) == references);
	assert_true(pw_working_set_pages(set) ==
		    pw_oracle_distinct(&s->references, 0, references));
	for (size_t i = 0; i < s->options.window_count; i++)
		compare(s, set, s->window[i]);
	for (uint64_t window = 1; window < 4 * (references + 1); window *= 2)
		compare(s, set, window);
	if (references > 0)
		compare(s, set, references);
	compare(s, set, references + 1);
	compare(s, set, UINT64_MAX);
}

static void try_one(uint64_t seed)
{
	struct pw_working_set *set;
	struct pw_accesses batch;
	struct pw_error err;
	struct subject s;
	size_t at = 0;

	make_subject(&s, seed);
	PW_TEST_OK(pw_working_set_open(&set, &s.options, &err), &err);
	for (size_t from = 0; (batch = next_batch(&s, &at)).count; from = at)
		PW_TEST_OK(pw_working_set_add(set, space_at(&s, from), &batch,
					      &err),
			   &err);
	compare_all(&s, set);
	pw_working_set_close(set);
	pw_random_trace_free(&s.trace);
	pw_oracle_references_free(&s.references);
}

static void sums_are_those_of_every_window_counted(void **state)
{
	uint64_t first = pw_oracle_first_seed();
	uint64_t seeds = pw_oracle_seeds(120);

	(void)state;
	for (uint64_t i = 0; i < seeds; i++)
		try_one(first + i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_are_those_of_every_window_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
