/*
 * test_buddy.c - the buddy allocator against a list of frames in use.
 *
 * A block is free, and as large as can be, if all of its frames are free and
 * not all of its buddy's are: so the free lists of each order are told by which
 * frames are in use, whatever happened before. Blocks of one order fail only
 * when no place for one is free.
 *
 * PW_SEEDS is the number of random runs, PW_SEED the first one.
 */
#include "tests/support/pw_test.h"

#include "base/random.h"
#include "replay/memory/frame.h"
#include "tests/oracle/oracle_seeds.h"

#define BLOCK (1U << PW_FRAME_ORDER_MAX)
#define BLOCKS 6
#define FRAMES (BLOCKS * BLOCK)
#define STEPS 3000

struct subject {
	uint64_t seed;
	struct pw_random random;
	struct pw_memory memory;
	bool used[FRAMES];
	uint32_t taken[FRAMES]; /* numbers, in no order */
	unsigned order[FRAMES];
	size_t count;
};

static bool is_free(const struct subject *s, uint64_t first, unsigned order)
{
	for (uint64_t i = 0; i < (uint64_t)1 << order; i++)
		if (s->used[first + i])
			return false;
	return true;
}

/* Free blocks of @order that are part of no larger one. */
static uint64_t count_free(const struct subject *s, unsigned order)
{
	uint64_t size = (uint64_t)1 << order, count = 0;

	for (uint64_t at = 0; at < FRAMES; at += size)
		count += is_free(s, at, order) &&
			 (order == PW_FRAME_ORDER_MAX ||
			  !is_free(s, at ^ size, order));
	return count;
}

static bool has_place(const struct subject *s, unsigned order)
{
	for (uint64_t at = 0; at < FRAMES; at += (uint64_t)1 << order)
		if (is_free(s, at, order))
			return true;
	return false;
}

/* Numbers begin with one block that is none. */
static void set_used(struct subject *s, uint32_t frame, unsigned order,
		     bool used)
{
	for (uint32_t i = 0; i < 1U << order; i++) {
		assert_true(frame >= BLOCK && frame + i < BLOCK + FRAMES);
		assert_true(s->used[frame - BLOCK + i] != used);
		s->used[frame - BLOCK + i] = used;
	}
}

static void take(struct subject *s)
{
	unsigned order = (unsigned)pw_random_below(&s->random, 4);
	struct pw_error err;
	uint32_t frame;
	enum pw_status st;

	if (pw_random_below(&s->random, 8) == 0)
		order = (unsigned)pw_random_below(&s->random,
						  PW_FRAME_ORDER_MAX + 1);
	st = pw_frame_take(&s->memory, order,
			   (enum pw_migrate_type)pw_random_below(
				   &s->random, PW_MIGRATE_TYPES),
			   &frame, &err);
	if ((st == PW_OK) != has_place(s, order))
		fail_msg("seed %ju: an order of %u is %s", (uintmax_t)s->seed,
			 order, st == PW_OK ? "there" : "not there");
	if (st != PW_OK)
		return;
	assert_int_equal(frame & ((1U << order) - 1), 0);
	set_used(s, frame, order, true);
	s->taken[s->count] = frame;
	s->order[s->count++] = order;
}

static void give(struct subject *s)
{
	size_t i = (size_t)pw_random_below(&s->random, s->count);

	pw_frame_give(&s->memory, s->taken[i]);
	set_used(s, s->taken[i], s->order[i], false);
	s->taken[i] = s->taken[--s->count];
	s->order[i] = s->order[s->count];
}

static void compare(const struct subject *s)
{
	for (unsigned order = 0; order <= PW_FRAME_ORDER_MAX; order++) {
		uint64_t got = pw_frame_free_blocks(&s->memory, order);
		uint64_t want = count_free(s, order);

		if (got != want)
			fail_msg("seed %ju: %ju free blocks of order %u, "
				 "not %ju",
				 (uintmax_t)s->seed, (uintmax_t)got, order,
				 (uintmax_t)want);
	}
}

/* There is now more taking and now more giving, so that memory gets full. */
static void run(uint64_t seed)
{
	static struct subject s;
	struct pw_arena *arena;
	struct pw_error err;

	s = (struct subject){.seed = seed};
	pw_random_seed(&s.random, seed);
	PW_TEST_OK(pw_arena_open(&arena, SIZE_MAX, &err), &err);
	pw_memory_make(&s.memory, FRAMES, arena);
	for (unsigned step = 0; step < STEPS; step++) {
		uint64_t of_ten = step / 500 % 2 ? 3 : 8;

		if (s.count == 0 || pw_random_below(&s.random, 10) < of_ten)
			take(&s);
		else
			give(&s);
		if (step % 50 == 0)
			compare(&s);
	}
	while (s.count > 0)
		give(&s);
	compare(&s);
	pw_arena_close(arena);
}

static void free_lists_are_told_by_the_frames_in_use(void **state)
{
	uint64_t first = pw_oracle_first_seed();
	uint64_t seeds = pw_oracle_seeds(20);

	(void)state;
	for (uint64_t seed = first; seed < first + seeds; seed++)
		run(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(free_lists_are_told_by_the_frames_in_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
