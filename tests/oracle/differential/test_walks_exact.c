/*
 * test_walks_exact.c - the walker against its oracle, walk by walk.
 *
 * Tables of random shapes, pages of mixed sizes, several spaces and
 * identifiers, and everything that a machine can have between a TLB miss and
 * memory. All counters must be equal after every step.
 *
 * PW_SEEDS is the number of random machines, PW_SEED the first one.
 */
#include "tests/support/pw_test.h"

#include "base/random.h"
#include "replay/mmu/tlb_key.h"
#include "replay/mmu/walker.h"
#include "tests/oracle/compare_walks.h"
#include "tests/oracle/oracle_seeds.h"
#include "tests/oracle/oracle_walk.h"
#include "tests/oracle/random_walk.h"

#define STEPS 600
#define SPACES 4
#define ASIDS 3

struct subject {
	uint64_t seed;
	struct pw_random random;
	struct pw_machine machine;
	struct pw_arena *arena;
	struct pw_counters counters;
	struct pw_guest guest;
	struct pw_tlb stlb;
	struct pw_walker walker;
	struct pw_oracle_walk_machine twin;
	struct pw_oracle_geometry stlb_twin;
	struct pw_oracle_walk_counts counts;
	struct pw_oracle_tlb stlb_oracle;
	struct pw_oracle_guest guest_oracle;
	struct pw_oracle_walks oracle;
	unsigned page_bits; /* of page numbers used */
	bool hashed;	    /* tables tell how many lines they read */
};

static uint64_t below(struct subject *s, uint64_t bound)
{
	return pw_random_below(&s->random, bound);
}

/* Levels of 1 to 11 bits, or those of x86-64; a page number has 45 at most. */
static void choose_shape(struct subject *s)
{
	struct pw_geometry *geometry = &s->machine.geometry;
	bool usual = below(s, 2);

	geometry->page_shift = usual ? 12 : 12 + 2 * (unsigned)below(s, 3);
	geometry->levels = 1 + (unsigned)below(s, PW_PWC_MAX + 1);
	s->page_bits = 0;
	for (unsigned i = 0; i < geometry->levels; i++) {
		geometry->bits[i] = usual ? 9 : 1 + (unsigned)below(s, 11);
		s->page_bits += geometry->bits[i];
	}
	/* Addresses of foreign traces may be larger than the tables. */
	s->page_bits += (unsigned)below(s, 4);
	if (s->page_bits > PW_KEY_PAGE_BITS)
		s->page_bits = PW_KEY_PAGE_BITS;
}

static void open_subject(struct subject *s, uint64_t seed)
{
	struct pw_walker_parts parts = {&s->stlb, NULL, &s->counters};
	struct pw_error err;

	memset(s, 0, sizeof(*s));
	s->seed = seed;
	pw_random_seed(&s->random, seed);
	s->machine.page_table = pw_page_table_at(0);
	choose_shape(s);
	s->hashed = below(s, 10) == 0;
	pw_random_small_tlb(&s->random, 8, true, &s->machine.stlb,
			    &s->stlb_twin);
	pw_random_walk(&s->random, &s->machine, &s->twin);
	PW_TEST_OK(pw_arena_open(&s->arena, 0, &err), &err);
	PW_TEST_OK(pw_tlb_make(&s->stlb, &s->machine.stlb, s->arena, &err),
		   &err);
	if (s->machine.nested.page_table) {
		pw_guest_make(&s->guest, &s->machine.geometry, &s->counters);
		parts.guest = &s->guest;
	}
	PW_TEST_OK(
		pw_walker_make(&s->walker, &s->machine, &parts, s->arena, &err),
		&err);
	pw_oracle_tlb_init(&s->stlb_oracle, s->stlb_twin);
	pw_oracle_walks_init(&s->oracle, &s->twin, &s->guest_oracle,
			     &s->counts);
}

static void close_subject(struct subject *s)
{
	assert_false(s->guest.failed);
	pw_guest_free(&s->guest);
	pw_arena_close(s->arena);
	pw_oracle_walks_free(&s->oracle);
	pw_oracle_guest_free(&s->guest_oracle);
	pw_oracle_tlb_free(&s->stlb_oracle);
}

static void compare(const struct subject *s, size_t step)
{
	pw_oracle_compare_walks(&s->counters, &s->counts, s->seed, step);
}

/* Pages come in clusters, so that walks share tables of all heights. */
static uint64_t pick_page(struct subject *s)
{
	uint64_t page = below(s, 24);
	unsigned shift = (unsigned)below(s, 4) * 9;

	page += below(s, 3) << shift;
	if (s->page_bits > 3 && below(s, 8) == 0)
		page += below(s, 6) << (s->page_bits - 3);
	return page & (((uint64_t)1 << s->page_bits) - 1);
}

static void refer(struct subject *s)
{
	const struct pw_geometry *geometry = &s->machine.geometry;
	uint64_t page = pick_page(s);
	unsigned height = below(s, 3) ? 0 : (unsigned)below(s, 4);
	uint32_t asid = (uint32_t)below(s, ASIDS);
	uint32_t space = (uint32_t)below(s, SPACES);
	struct pw_reference reference = {
		.page = page, .asid = asid, .space = space};
	uint64_t key;

	if (height >= geometry->levels)
		height = geometry->levels - 1;
	reference.leaf.height = height;
	if (s->hashed)
		reference.leaf.probes = 1 + (unsigned)below(s, 3);
	reference.leaf.first =
		page >> pw_geometry_order(geometry, height)
				<< pw_geometry_order(geometry, height);
	key = pw_tlb_key(asid, height & 3,
			 page >> pw_geometry_order(geometry, height));
	if (s->stlb.ops && s->stlb.ops->lookup(s->stlb.state, key)) {
		assert_true(pw_oracle_tlb_hit(&s->stlb_oracle, key));
		return;
	}
	assert_false(pw_oracle_tlb_hit(&s->stlb_oracle, key));
	pw_walker_walk(&s->walker, &reference);
	pw_oracle_walk(&s->oracle, &s->stlb_oracle,
		       &(struct pw_oracle_target){asid, space, page, height,
						  reference.leaf.probes});
	if (s->stlb.ops)
		s->stlb.ops->insert(s->stlb.state, key);
	pw_oracle_tlb_fill(&s->stlb_oracle, key);
}

static void invalidate(struct subject *s)
{
	uint32_t asid = (uint32_t)below(s, ASIDS);
	uint64_t first = pick_page(s);
	uint64_t count = 1 + below(s, below(s, 2) ? 3 : 2000);

	if (first + count > (uint64_t)1 << s->page_bits)
		count = 1;
	pw_walker_invalidate(&s->walker, asid, first, count);
	pw_oracle_walks_invalidate(&s->oracle, &s->stlb_oracle, asid, first,
				   first + count);
}

/* As on a switch of spaces; some TLBs are emptied along with it. */
static void flush(struct subject *s)
{
	if (s->stlb.ops && below(s, 2)) {
		s->stlb.ops->flush(s->stlb.state);
		pw_oracle_tlb_flush(&s->stlb_oracle);
	}
	pw_walker_flush(&s->walker);
	pw_oracle_walks_flush(&s->oracle);
}

static void end_space(struct subject *s)
{
	uint32_t space = (uint32_t)below(s, SPACES);

	pw_guest_end(&s->guest, space);
	pw_oracle_walks_end(&s->oracle, space);
}

static void every_counter_of_walks_equals_the_oracle_s(void **state)
{
	uint64_t first = pw_oracle_first_seed();
	uint64_t seeds = pw_oracle_seeds(300);

	(void)state;
	for (uint64_t i = 0; i < seeds; i++) {
		struct subject s;

		open_subject(&s, first + i);
		for (size_t step = 0; step < STEPS; step++) {
			uint64_t what = below(&s, 100);

			if (what < 92)
				refer(&s);
			else if (what < 97)
				invalidate(&s);
			else if (what < 99)
				flush(&s);
			else
				end_space(&s);
			compare(&s, step);
		}
		close_subject(&s);
	}
}

/* ---- frames ---- */

struct blocks {
	struct pw_oracle_block block[200]; /* height is the order */
	size_t count;
};

/* The lowest multiple of @size at which no block is in the way. */
static uint64_t find_room(const struct blocks *blocks, uint64_t size)
{
	uint64_t first = 0;
	size_t i = 0;

	while (i < blocks->count) {
		const struct pw_oracle_block *block = &blocks->block[i++];

		if (block->first < first + size &&
		    first < block->first + block->frames) {
			first += size;
			i = 0;
		}
	}
	return first;
}

static void take(struct blocks *blocks, struct pw_frames *frames,
		 unsigned order)
{
	struct pw_oracle_block block = {.height = order,
					.frames = (uint64_t)1 << order};
	struct pw_error err;

	PW_TEST_OK(pw_frames_take(frames, order, &block.first, &err), &err);
	assert_int_equal(block.first, find_room(blocks, block.frames));
	blocks->block[blocks->count++] = block;
}

static void give(struct blocks *blocks, struct pw_frames *frames, size_t index)
{
	const struct pw_oracle_block *block = &blocks->block[index];

	pw_frames_give(frames, block->height, block->first);
	blocks->block[index] = blocks->block[--blocks->count];
}

static void frames_are_the_lowest_that_are_free(void **state)
{
	uint64_t first = pw_oracle_first_seed();
	uint64_t seeds = pw_oracle_seeds(300) / 10 + 1;

	(void)state;
	for (uint64_t i = 0; i < seeds; i++) {
		struct blocks blocks = {.count = 0};
		struct pw_random random;
		struct pw_frames frames;

		pw_random_seed(&random, first + i);
		pw_frames_make(&frames);
		for (size_t step = 0; step < 400; step++) {
			bool large = pw_random_below(&random, 2);

			if (blocks.count == PW_COUNT(blocks.block) ||
			    (blocks.count > 0 &&
			     pw_random_below(&random, 3) == 0))
				give(&blocks, &frames,
				     pw_random_below(&random, blocks.count));
			else
				take(&blocks, &frames,
				     (unsigned)pw_random_below(
					     &random,
					     large ? PW_FRAMES_ORDER_MAX + 1
						   : 3));
		}
		pw_frames_free(&frames);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_counter_of_walks_equals_the_oracle_s),
		cmocka_unit_test(frames_are_the_lowest_that_are_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
