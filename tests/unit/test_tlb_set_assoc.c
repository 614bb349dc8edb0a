/*
 * test_tlb_set_assoc.c - the set-associative TLB with LRU, by hand.
 */
#include "tests/support/pw_test.h"

#include "base/arena.h"
#include "base/random.h"
#include "replay/models.h"

struct fixture {
	struct pw_arena *arena;
	struct pw_tlb tlb;
};

static struct pw_tlb *make(struct fixture *f, uint64_t entries, uint64_t ways)
{
	const struct pw_tlb_choice choice = {
		.ops = pw_tlb_find("set-assoc"),
		.config = {.entries = entries, .ways = ways},
	};
	struct pw_error err;

	PW_TEST_OK(choice.ops->check(&choice.config, &err), &err);
	PW_TEST_OK(pw_arena_open(&f->arena, 0, &err), &err);
	PW_TEST_OK(pw_tlb_make(&f->tlb, &choice, f->arena, &err), &err);
	return &f->tlb;
}

/* Touch the pages in turn and say by 'h' and 'm' which hit and missed. */
static void expect(struct pw_tlb *tlb, const uint64_t *page, const char *want)
{
	for (size_t i = 0; want[i]; i++) {
		bool hit = tlb->ops->lookup(tlb->state, page[i]);

		if (!hit)
			tlb->ops->insert(tlb->state, page[i]);
		if (hit != (want[i] == 'h'))
			fail_msg("touch %zu of page %ju: hit is %d", i,
				 (uintmax_t)page[i], hit);
	}
}

/* 2 sets x 2 ways. Pages 0, 2 and 4 share set 0: 4 must evict 0, which 2 made
 * the least recent one; then 0 evicts 2. Page 1 is alone in set 1. */
static void evicts_the_least_recent_page_of_the_set(void **state)
{
	static const uint64_t page[] = {0, 2, 1, 0, 2, 4, 2, 0, 4, 1};
	struct fixture f;

	(void)state;
	expect(make(&f, 4, 2), page, "mmmhhmhmmh");
	pw_arena_close(f.arena);
}

/* 3 sets x 1 way: 0 and 3 share a set, 1 and 2 do not. */
static void sets_need_not_be_a_power_of_two(void **state)
{
	static const uint64_t page[] = {0, 1, 2, 0, 3, 0, 1, 2};
	struct fixture f;

	(void)state;
	expect(make(&f, 3, 1), page, "mmmhmmhh");
	pw_arena_close(f.arena);
}

/* Fully associative, 3 entries: the order of use alone decides. */
static void ways_of_zero_are_one_set(void **state)
{
	static const uint64_t page[] = {10, 20, 30, 10, 40, 20, 10, 30};
	struct fixture f;

	(void)state;
	/* 40 evicts 20, 20 evicts 30, 30 evicts 40. */
	expect(make(&f, 3, 0), page, "mmmhmmhm");
	pw_arena_close(f.arena);
}

/* One set of 3: after 1, 2, 3 page 2 goes; 4 must take the free way and evict
 * nothing, and 5 then evicts 1, the least recent. */
static void a_fill_takes_the_way_that_an_invalidation_left(void **state)
{
	static const uint64_t fill[] = {1, 2, 3};
	static const uint64_t then[] = {4, 3, 5, 1};
	struct fixture f;
	struct pw_tlb *tlb = make(&f, 3, 3);

	(void)state;
	expect(tlb, fill, "mmm");
	tlb->ops->invalidate(tlb->state, 2, 1);
	assert_false(tlb->ops->lookup(tlb->state, 2));
	expect(tlb, then, "mhmm");
	pw_arena_close(f.arena);
}

/* A range larger than the number of sets reaches every set once. */
static void a_long_invalidation_reaches_all_sets(void **state)
{
	static const uint64_t fill[] = {0, 1, 2, 3, 100};
	struct fixture f;
	struct pw_tlb *tlb = make(&f, 8, 2);

	(void)state;
	expect(tlb, fill, "mmmmm");
	tlb->ops->invalidate(tlb->state, 1, UINT64_C(90));
	for (uint64_t page = 1; page < 4; page++)
		assert_false(tlb->ops->lookup(tlb->state, page));
	assert_true(tlb->ops->lookup(tlb->state, 0));
	assert_true(tlb->ops->lookup(tlb->state, 100));
	pw_arena_close(f.arena);
}

/* The slow twin: pages of a set, most recent first. */
struct slow_set {
	uint64_t page[128];
	size_t count;
};

static void slow_remove(struct slow_set *set, uint64_t first, uint64_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < set->count; i++) {
		if (set->page[i] < first || set->page[i] >= first + count)
			set->page[kept++] = set->page[i];
	}
	set->count = kept;
}

static bool slow_touch(struct slow_set *set, size_t ways, uint64_t page)
{
	size_t before = set->count;
	bool hit;

	slow_remove(set, page, 1);
	hit = set->count < before;
	if (set->count == ways)
		set->count--;
	memmove(set->page + 1, set->page, set->count * sizeof(page));
	set->page[0] = page;
	set->count++;
	return hit;
}

/* Few ways and many are kept differently: both must be LRU, also when pages
 * are invalidated one by one, in part and all at once. */
static void any_number_of_ways_is_lru(void **state)
{
	static const size_t ways[] = {1, 2, 15, 16, 17, 32, 33, 64, 100};
	struct pw_random random;

	(void)state;
	pw_random_seed(&random, 3);
	for (size_t i = 0; i < PW_COUNT(ways); i++) {
		struct slow_set slow[3] = {{{0}, 0}};
		struct fixture f;
		struct pw_tlb *tlb = make(&f, ways[i] * 3, ways[i]);

		for (size_t step = 0; step < 20000; step++) {
			uint64_t pages = ways[i] * 3 + 1 + step % 50;
			uint64_t page = pw_random_below(&random, pages) << 20 |
					pw_random_below(&random, 3);
			uint64_t count = pw_random_below(&random, 400) ? 0 : 1;
			bool hit;

			if (count && pw_random_below(&random, 2))
				count = pw_random_below(&random, pages) << 20;
			for (size_t j = 0; count && j < 3; j++)
				slow_remove(&slow[j], page, count);
			if (count)
				tlb->ops->invalidate(tlb->state, page, count);
			hit = tlb->ops->lookup(tlb->state, page);
			if (!hit)
				tlb->ops->insert(tlb->state, page);
			assert_int_equal(hit, slow_touch(&slow[page % 3],
							 ways[i], page));
		}
		pw_arena_close(f.arena);
	}
}

static void impossible_sizes_are_refused(void **state)
{
	static const struct pw_tlb_config bad[] = {
		{.entries = 0, .ways = 0},
		{.entries = 0, .ways = 4},
		{.entries = 63, .ways = 4},
		{.entries = 4, .ways = 8},
		{.entries = UINT64_C(1) << 40, .ways = 4},
		{.entries = 12, .ways = 4, .index = PW_TLB_XOR}};
	const struct pw_tlb_ops *ops = pw_tlb_find("set-assoc");

	(void)state;
	for (size_t i = 0; i < PW_COUNT(bad); i++) {
		struct pw_error err = {PW_OK, "", ""};

		assert_int_equal(ops->check(&bad[i], &err), PW_ERR_USAGE);
		assert_true(err.message[0] != '\0');
	}
}

/* 64 entries of 4 ways: 16 sets. 3072 of 8: 384 sets = 3 x 128. */
static void filter_classes_divide_the_sets(void **state)
{
	const struct pw_tlb_ops *ops = pw_tlb_find("set-assoc");

	(void)state;
	assert_int_equal(ops->filter_sets(&(struct pw_tlb_config){.entries = 64,
								  .ways = 4}),
			 16);
	assert_int_equal(ops->filter_sets(&(struct pw_tlb_config){
				 .entries = 3072, .ways = 8}),
			 128);
	assert_int_equal(ops->filter_sets(&(struct pw_tlb_config){.entries = 72,
								  .ways = 0}),
			 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(evicts_the_least_recent_page_of_the_set),
		cmocka_unit_test(sets_need_not_be_a_power_of_two),
		cmocka_unit_test(ways_of_zero_are_one_set),
		cmocka_unit_test(
			a_fill_takes_the_way_that_an_invalidation_left),
		cmocka_unit_test(a_long_invalidation_reaches_all_sets),
		cmocka_unit_test(any_number_of_ways_is_lru),
		cmocka_unit_test(impossible_sizes_are_refused),
		cmocka_unit_test(filter_classes_divide_the_sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
