/*
 * test_tlb_exact.c - every TLB model equals its oracle, touch by touch.
 *
 * Random sizes, indices and seeds; pages of several spaces and sizes are
 * touched, looked for and removed alone, in ranges and all at once.
 *
 * PW_SEEDS is the number of random TLBs of each model, PW_SEED the first one.
 */
#include "tests/support/pw_test.h"

#include "base/arena.h"
#include "base/bits.h"
#include "base/random.h"
#include "replay/mmu/tlb_key.h"
#include "tests/oracle/oracle_seeds.h"
#include "tests/oracle/random_machine.h"
#include "tests/oracle/random_walk.h"

#define STEPS 1500

struct subject {
	uint64_t seed;
	struct pw_random random;
	struct pw_arena *arena;
	struct pw_tlb_choice choice;
	struct pw_tlb tlb;
	struct pw_oracle_tlb twin;
	uint64_t pages; /* of one size and space */
	uint64_t first; /* number of the first */
	uint64_t stride;
};

static uint64_t below(struct subject *s, uint64_t bound)
{
	return pw_random_below(&s->random, bound);
}

static void open_subject(struct subject *s, uint64_t seed)
{
	struct pw_oracle_geometry geometry;
	struct pw_error err;

	*s = (struct subject){.seed = seed, .stride = 1};
	pw_random_seed(&s->random, seed);
	geometry = pw_random_tlb(&s->random, 12, &s->choice);
	s->pages = 1 + below(s, geometry.entries * 2);
	s->first = below(s, 2) ? 0 : pw_random_next(&s->random) & PW_KEY_PAGE;
	if (below(s, 3) == 0)
		s->stride = 1 + below(s, 64);
	if (s->first > PW_KEY_PAGE - s->pages * s->stride)
		s->first = 0;
	PW_TEST_OK(pw_arena_open(&s->arena, 0, &err), &err);
	PW_TEST_OK(pw_tlb_make(&s->tlb, &s->choice, s->arena, &err), &err);
	pw_oracle_tlb_init(&s->twin, geometry);
}

static void close_subject(struct subject *s)
{
	pw_oracle_tlb_free(&s->twin);
	pw_arena_close(s->arena);
}

static uint64_t pick_key(struct subject *s)
{
	uint32_t space = below(s, 8) ? 1 : (uint32_t)below(s, 3);
	unsigned class = below(s, 8) ? 0 : (unsigned)below(s, 5);

	return pw_tlb_key(space, class,
			  s->first + below(s, s->pages) * s->stride);
}

static void touch(struct subject *s, uint64_t key, uint64_t step)
{
	bool hit = s->tlb.ops->lookup(s->tlb.state, key);
	bool expected = pw_oracle_tlb_hit(&s->twin, key);

	if (hit != expected)
		fail_msg("%s, seed %ju, step %ju: hit is %d", s->tlb.ops->name,
			 (uintmax_t)s->seed, (uintmax_t)step, hit);
	if (hit)
		return;
	s->tlb.ops->insert(s->tlb.state, key);
	pw_oracle_tlb_fill(&s->twin, key);
}

/* The same for some keys at once. */
static void touch_some(struct subject *s, uint64_t step)
{
	uint64_t key[24];
	uint8_t hit[PW_COUNT(key)];
	size_t count = (size_t)below(s, PW_COUNT(key) + 1);

	for (size_t i = 0; i < count; i++)
		key[i] = pick_key(s);
	s->tlb.ops->refer(s->tlb.state, key, count, hit);
	for (size_t i = 0; i < count; i++) {
		bool expected = pw_oracle_tlb_hit(&s->twin, key[i]);

		if (hit[i] != expected)
			fail_msg("%s, seed %ju, step %ju, key %zu: hit is %d",
				 s->tlb.ops->name, (uintmax_t)s->seed,
				 (uintmax_t)step, i, hit[i]);
		if (!expected)
			pw_oracle_tlb_fill(&s->twin, key[i]);
	}
}

static void invalidate(struct subject *s)
{
	uint64_t first = pick_key(s);
	uint64_t count = 1;

	if (below(s, 3) == 0)
		count = 1 + below(s, s->pages * s->stride);
	if (below(s, 8) == 0) {
		first = pw_tlb_key((uint32_t)below(s, 3), 0, 0);
		count = (uint64_t)1 << PW_KEY_ASID_SHIFT;
	}
	s->tlb.ops->invalidate(s->tlb.state, first, count);
	for (uint64_t i = 0; i < s->twin.geometry.entries; i++) {
		const struct pw_oracle_entry *entry = &s->twin.entry[i];

		if (entry->valid && entry->page - first < count)
			pw_oracle_tlb_invalidate(&s->twin, entry->page);
	}
}

static void step(struct subject *s, uint64_t number)
{
	uint64_t key = pick_key(s);

	assert_int_equal(s->tlb.ops->holds(s->tlb.state, key),
			 pw_oracle_tlb_holds(&s->twin, key));
	if (below(s, 2))
		touch(s, key, number);
	if (below(s, 16) == 0)
		touch_some(s, number);
	if (below(s, 40) == 0)
		invalidate(s);
	if (below(s, 600) == 0) {
		s->tlb.ops->flush(s->tlb.state);
		pw_oracle_tlb_flush(&s->twin);
	}
}

static void every_tlb_does_what_its_oracle_does(void **state)
{
	uint64_t first = pw_oracle_first_seed();
	uint64_t seeds = pw_oracle_seeds(600);

	(void)state;
	for (uint64_t i = 0; i < seeds; i++) {
		struct subject s;

		open_subject(&s, first + i);
		for (uint64_t j = 0; j < STEPS; j++)
			step(&s, j);
		close_subject(&s);
	}
}

static void every_model_has_an_oracle(void **state)
{
	(void)state;
	for (size_t i = 0; pw_tlb_at(i); i++) {
		enum pw_oracle_policy policy;

		assert_true(pw_random_policy(pw_tlb_at(i)->name, &policy));
	}
}

/*
 * Pages drawn evenly from N, fully associative LRU with E entries: in the long
 * run a touch misses with probability 1 - E / N. Half a million touches: the
 * standard error is below 0.07 %.
 */
static void random_pages_miss_as_often_as_there_is_no_room(void **state)
{
	static const struct {
		uint64_t entries, pages;
	} rows[] = {{64, 256}, {1536, 16384}, {1000, 1500}};
	struct pw_error err;

	(void)state;
	for (size_t i = 0; i < PW_COUNT(rows); i++) {
		const struct pw_tlb_choice choice = {
			.ops = pw_tlb_find("set-assoc"),
			.config = {.entries = rows[i].entries},
		};
		double want =
			1 - (double)rows[i].entries / (double)rows[i].pages;
		struct subject s = {.choice = choice};
		uint64_t misses = 0;
		double ratio;

		pw_random_seed(&s.random, i + 1);
		PW_TEST_OK(pw_arena_open(&s.arena, 0, &err), &err);
		PW_TEST_OK(pw_tlb_make(&s.tlb, &choice, s.arena, &err), &err);
		for (uint64_t j = 0; j < 600000; j++) {
			uint64_t page = below(&s, rows[i].pages);
			bool hit = s.tlb.ops->lookup(s.tlb.state, page);

			if (!hit)
				s.tlb.ops->insert(s.tlb.state, page);
			misses += j >= 100000 && !hit;
		}
		ratio = (double)misses / 500000;
		if (ratio > want + 0.002 || ratio < want - 0.002)
			fail_msg("%f missed, not %f", ratio, want);
		pw_arena_close(s.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_model_has_an_oracle),
		cmocka_unit_test(every_tlb_does_what_its_oracle_does),
		cmocka_unit_test(
			random_pages_miss_as_often_as_there_is_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
