/*
 * test_tlb_policies.c - who goes in each model of a TLB, by hand.
 */
#include "tests/support/pw_test.h"

#include "base/arena.h"
#include "replay/models.h"

/* Touch the pages in turn and say by 'h' and 'm' which hit and missed. */
static void expect(const char *model, struct pw_tlb_config config,
		   const uint64_t *page, const char *want)
{
	const struct pw_tlb_choice choice = {.ops = pw_tlb_find(model),
					     .config = config};
	struct pw_arena *arena;
	struct pw_tlb tlb;
	struct pw_error err;

	PW_TEST_OK(choice.ops->check(&config, &err), &err);
	PW_TEST_OK(pw_arena_open(&arena, 0, &err), &err);
	PW_TEST_OK(pw_tlb_make(&tlb, &choice, arena, &err), &err);
	for (size_t i = 0; want[i]; i++) {
		bool hit = tlb.ops->lookup(tlb.state, page[i]);

		if (!hit)
			tlb.ops->insert(tlb.state, page[i]);
		if (hit != (want[i] == 'h'))
			fail_msg("%s: touch %zu of page %ju: hit is %d", model,
				 i, (uintmax_t)page[i], hit);
	}
	pw_arena_close(arena);
}

/* Ways 0 to 3 hold 0 to 3. 4: the lower half, used before the upper, and there
 * way 0. 5: now the upper half, and there way 2. */
static void tree_plru_goes_where_the_last_use_was_not(void **state)
{
	static const uint64_t page[] = {0, 1, 2, 3, 4, 5, 1, 3, 0};

	(void)state;
	expect("tree-plru", (struct pw_tlb_config){.entries = 4, .ways = 4},
	       page, "mmmmmmhhm");
}

/* The tree has four leaves and three ways. 3: way 0. 4: the upper half, where
 * only way 2 is, though it was used last there. */
static void tree_plru_enters_no_half_without_ways(void **state)
{
	static const uint64_t page[] = {0, 1, 2, 3, 4, 1, 3, 4, 2};

	(void)state;
	expect("tree-plru", (struct pw_tlb_config){.entries = 3}, page,
	       "mmmmmhhhm");
}

/* 3 sets the last bit and clears the others. 4: way 0, the lowest without its
 * bit. 1 sets its bit, so 5 takes way 2, and its bit clears the others. */
static void bit_plru_takes_the_lowest_way_without_its_bit(void **state)
{
	static const uint64_t page[] = {0, 1, 2, 3, 4, 1, 5, 3, 2};

	(void)state;
	expect("bit-plru", (struct pw_tlb_config){.entries = 4}, page,
	       "mmmmmhmhm");
}

/* The hit of 0 does not save it from 2. */
static void fifo_does_not_look_at_hits(void **state)
{
	static const uint64_t page[] = {0, 1, 0, 2, 0};

	(void)state;
	expect("fifo", (struct pw_tlb_config){.entries = 2}, page, "mmhmm");
}

/* 4 sets of one way. Page 5 is 01 01: 0 when folded, as page 0 is, and 1
 * modulo 4. */
static void xor_folds_the_bits_above_the_set_into_it(void **state)
{
	static const uint64_t page[] = {0, 5, 0};
	struct pw_tlb_config config = {.entries = 4, .ways = 1};

	(void)state;
	for (size_t i = 0; pw_tlb_at(i); i++) {
		config.index = PW_TLB_MODULO;
		expect(pw_tlb_at(i)->name, config, page, "mmh");
		assert_int_equal(pw_tlb_at(i)->filter_sets(&config), 4);
		config.index = PW_TLB_XOR;
		expect(pw_tlb_at(i)->name, config, page, "mmm");
		assert_int_equal(pw_tlb_at(i)->filter_sets(&config), 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tree_plru_goes_where_the_last_use_was_not),
		cmocka_unit_test(tree_plru_enters_no_half_without_ways),
		cmocka_unit_test(bit_plru_takes_the_lowest_way_without_its_bit),
		cmocka_unit_test(fifo_does_not_look_at_hits),
		cmocka_unit_test(xor_folds_the_bits_above_the_set_into_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
