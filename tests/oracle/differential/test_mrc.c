/*
 * test_mrc.c - miss-ratio curves and footprints against counting by hand.
 *
 * PW_SEEDS is the number of random traces, PW_SEED the first one.
 */
#include "tests/support/pw_test.h"

#include "analyze/footprint.h"
#include "analyze/miss_ratio.h"
#include "analyze/stack_distance.h"
#include "base/bits.h"
#include "base/random.h"
#include "tests/oracle/oracle_lru.h"
#include "tests/oracle/oracle_seeds.h"
#include "tests/oracle/random_trace.h"

#define CUT_MAX 700

static const uint64_t page_sizes[] = {4096, 4096, 16384, 65536, 2 << 20};

/* A trace, and its references as the options under test want them. */
struct subject {
	uint64_t seed;
	struct pw_random random;
	struct pw_random_trace trace;
	struct pw_oracle_references references;
	uint64_t spaces;
	enum pw_side side;
	uint64_t page_bytes;
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

static void make_subject(struct subject *s, uint64_t seed, uint64_t accesses)
{
	struct pw_accesses batch;
	size_t at = 0;

	*s = (struct subject){.seed = seed};
	pw_random_seed(&s->random, ~seed);
	pw_random_trace_make(&s->trace, seed,
			     1 + pw_random_below(&s->random, accesses));
	s->spaces = 1 + pw_random_below(&s->random, 4);
	s->side = (enum pw_side)pw_random_below(&s->random, 3);
	s->page_bytes =
		page_sizes[pw_random_below(&s->random, PW_COUNT(page_sizes))];
	for (size_t from = 0; (batch = next_batch(s, &at)).count; from = at)
		pw_oracle_refer(&s->references, space_at(s, from), &batch,
				s->page_bytes);
	if (s->side != PW_SIDE_ALL)
		pw_oracle_keep_side(&s->references,
				    s->side == PW_SIDE_INSTRUCTION);
}

static void free_subject(struct subject *s)
{
	pw_random_trace_free(&s->trace);
	pw_oracle_references_free(&s->references);
}

static void compare_curve(struct subject *s, const struct pw_miss_ratio *curve)
{
	struct pw_oracle_lru lru = {0};
	uint64_t misses;

	for (size_t i = 0; i < s->references.count; i++)
		pw_oracle_lru_refer(&lru, s->references.item[i].place);
	misses = lru.references;
	if (pw_miss_ratio_references(curve) != lru.references ||
	    pw_miss_ratio_pages(curve) != lru.pages)
		fail_msg("seed %ju: references or pages", (uintmax_t)s->seed);
	for (uint64_t size = 0; size <= lru.pages + 2; size++) {
		uint64_t hits = size && size <= lru.pages ? lru.hits[size] : 0;

		misses -= hits;
		if (pw_miss_ratio_hits(curve, size) != hits)
			fail_msg("seed %ju: hits at %ju", (uintmax_t)s->seed,
				 (uintmax_t)size);
		if (pw_miss_ratio_misses(curve, size) != misses)
			fail_msg("seed %ju: misses at %ju", (uintmax_t)s->seed,
				 (uintmax_t)size);
	}
	assert_true(pw_oracle_lru_misses(&lru, lru.pages) == lru.pages);
	pw_oracle_lru_free(&lru);
}

static void try_curve(uint64_t seed)
{
	struct pw_miss_ratio_options options = {0};
	struct pw_miss_ratio *curve;
	struct pw_accesses batch;
	struct pw_error err;
	struct subject s;
	size_t at = 0;

	make_subject(&s, seed, 3000);
	options.side = s.side;
	options.page_bytes = s.page_bytes;
	PW_TEST_OK(pw_miss_ratio_open(&curve, &options, &err), &err);
	for (size_t from = 0; (batch = next_batch(&s, &at)).count; from = at)
		PW_TEST_OK(pw_miss_ratio_add(curve, space_at(&s, from), &batch,
					     &err),
			   &err);
	compare_curve(&s, curve);
	pw_miss_ratio_close(curve);
	free_subject(&s);
}

static void misses_of_every_size_are_those_of_a_list(void **state)
{
	uint64_t first = pw_oracle_first_seed();
	uint64_t seeds = pw_oracle_seeds(150);

	(void)state;
	for (uint64_t i = 0; i < seeds; i++)
		try_curve(first + i);
}

/* A page by a law that changes with the seed: loops, skew, phases. */
static uint64_t pick_page(struct pw_random *random, uint64_t law, uint64_t time)
{
	uint64_t wide = pw_random_below(random, 3000);

	switch (law % 5) {
	case 0:
		return wide;
	case 1:
		return time % 2500;
	case 2: /* about 1/rank */
		return wide % (1 + pw_random_below(random, 3000));
	case 3:
		return time / 500 * 7 + pw_random_below(random, 40);
	default: /* there and back */
		return time / 1500 % 2 ? 1500 - time % 1500 : time % 1500;
	}
}

static void try_stack(uint64_t seed)
{
	struct pw_stack_distance *stack;
	struct pw_oracle_lru lru = {0};
	struct pw_random random;
	struct pw_error err;
	uint64_t page[512];
	uint64_t time = 0;

	pw_random_seed(&random, seed);
	PW_TEST_OK(pw_stack_distance_open(&stack, 0, &err), &err);
	while (time < 20000) {
		size_t count = 1 + pw_random_below(&random, PW_COUNT(page));

		for (size_t i = 0; i < count; i++) {
			page[i] = pick_page(&random, seed, time++);
			if (seed % 2)
				page[i] = pw_mix64(page[i]) >> 12;
			pw_oracle_lru_refer(
				&lru, (struct pw_oracle_place){0, page[i]});
		}
		PW_TEST_OK(pw_stack_distance_add(stack, page, count, &err),
			   &err);
	}
	assert_true(pw_stack_distance_references(stack) == lru.references);
	assert_true(pw_stack_distance_pages(stack) == lru.pages);
	for (uint64_t d = 1; d <= lru.pages; d++) {
		if (pw_stack_distance_hits(stack, d) != lru.hits[d])
			fail_msg("seed %ju: distance %ju", (uintmax_t)seed,
				 (uintmax_t)d);
	}
	assert_true(pw_stack_distance_hits(stack, 0) == 0);
	assert_true(pw_stack_distance_hits(stack, lru.pages + 1) == 0);
	pw_oracle_lru_free(&lru);
	pw_stack_distance_close(stack);
}

static void distances_are_depths_in_a_list_of_thousands(void **state)
{
	uint64_t first = pw_oracle_first_seed();
	uint64_t seeds = pw_oracle_seeds(150) / 10 + 5;

	(void)state;
	for (uint64_t i = 0; i < seeds; i++)
		try_stack(first + i);
}

/* Distinct pages of one side in [first, end). */
static uint64_t count_side(const struct subject *s, size_t first, size_t end,
			   bool fetch)
{
	struct pw_oracle_references some = {0};
	uint64_t distinct;

	some.item = calloc(end - first + 1, sizeof(*some.item));
	assert_non_null(some.item);
	memcpy(some.item, s->references.item + first,
	       (end - first) * sizeof(*some.item));
	some.count = end - first;
	pw_oracle_keep_side(&some, fetch);
	distinct = pw_oracle_distinct(&some, 0, some.count);
	pw_oracle_references_free(&some);
	return distinct;
}

static void compare_rows(const struct subject *s,
			 const struct pw_footprint *footprint)
{
	uint64_t interval = pw_footprint_interval(footprint);
	size_t rows = pw_footprint_rows(footprint);
	size_t first = 0;

	assert_true(interval > 0);
	for (size_t i = 0; i < rows; i++) {
		struct pw_footprint_row row = pw_footprint_at(footprint, i);
		size_t end = first + interval;
		uint64_t new_pages;

		if (end > s->references.count)
			end = s->references.count;
		new_pages = pw_oracle_distinct(&s->references, 0, end) -
			    pw_oracle_distinct(&s->references, 0, first);
		if (row.references != end - first ||
		    row.pages !=
			    pw_oracle_distinct(&s->references, first, end) ||
		    row.data_pages != count_side(s, first, end, false) ||
		    row.instruction_pages != count_side(s, first, end, true) ||
		    row.new_pages != new_pages)
			fail_msg("seed %ju: row %zu of %zu", (uintmax_t)s->seed,
				 i, rows);
		first = end;
	}
	assert_int_equal(first, s->references.count);
}

static void try_footprint(uint64_t seed)
{
	struct pw_footprint_options options = {0};
	struct pw_footprint *footprint;
	struct pw_accesses batch;
	struct pw_error err;
	struct subject s;
	size_t at = 0;

	make_subject(&s, seed, 1500);
	options.side = s.side;
	options.page_bytes = s.page_bytes;
	if (pw_random_below(&s.random, 2))
		options.interval = 1 + pw_random_below(&s.random, 400);
	PW_TEST_OK(pw_footprint_open(&footprint, &options, &err), &err);
	for (size_t from = 0; (batch = next_batch(&s, &at)).count; from = at)
		PW_TEST_OK(pw_footprint_add(footprint, space_at(&s, from),
					    &batch, &err),
			   &err);
	if (options.interval)
		assert_true(pw_footprint_interval(footprint) ==
			    options.interval);
	else
		assert_true(pw_footprint_rows(footprint) <= PW_FOOTPRINT_ROWS);
	compare_rows(&s, footprint);
	pw_footprint_close(footprint);
	free_subject(&s);
}

static void rows_hold_the_distinct_pages_of_their_interval(void **state)
{
	uint64_t first = pw_oracle_first_seed();
	uint64_t seeds = pw_oracle_seeds(150);

	(void)state;
	for (uint64_t i = 0; i < seeds; i++)
		try_footprint(first + i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(misses_of_every_size_are_those_of_a_list),
		cmocka_unit_test(distances_are_depths_in_a_list_of_thousands),
		cmocka_unit_test(
			rows_hold_the_distinct_pages_of_their_interval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
