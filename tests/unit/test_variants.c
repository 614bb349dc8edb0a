/*
 * test_variants.c - lists and ranges of values, and the machines they mean.
 */
#include "tests/support/pw_test.h"

#include <stdio.h>

#include "replay/machine/variants.h"

static void values_are_listed_or_counted(void **state)
{
	static const struct {
		const char *text;
		const char *values; /* with a blank after each */
	} rows[] = {
		{"64", "64 "},
		{"full", "full "},
		{"2,4,full", "2 4 full "},
		{"512..4096*2", "512 1024 2048 4096 "},
		{"512..5000", "512 1024 2048 4096 "},
		{"4..16+4", "4 8 12 16 "},
		{"4..18+4", "4 8 12 16 "},
		{"24M..96M*2", "24M 48M 96M "},
		{"7..7", "7 "},
		{"0..2+1", "0 1 2 "},
		{"18446744073709551615..18446744073709551615*2",
		 "18446744073709551615 "},
	};
	struct pw_arena *arena;
	struct pw_error err;

	(void)state;
	PW_TEST_OK(pw_arena_open(&arena, 0, &err), &err);
	for (size_t i = 0; i < PW_COUNT(rows); i++) {
		struct pw_text_list values;
		char all[256] = "";

		PW_TEST_OK(pw_variants_of(rows[i].text, &values, arena, &err),
			   &err);
		for (size_t j = 0; j < values.count; j++) {
			size_t used = strlen(all);

			snprintf(all + used, sizeof(all) - used, "%s ",
				 values.item[j]);
		}
		assert_string_equal(all, rows[i].values);
	}
	pw_arena_close(arena);
}

static void what_is_no_range_is_refused(void **state)
{
	static const char *const texts[] = {
		"..",
		"1..",
		"..4",
		"8..4",
		"1..8*1",
		"1..8+0",
		"0..8*2",
		"1..8*",
		"1..8*2x",
		"1K..8",
		"1K..8M*2",
		"a..b",
		"1,,2",
		",",
		"1..8-2",
		"1..9999+1",
		"-1..4+1",
		"1...4",
		"99999999999999999999..99999999999999999999999",
	};
	struct pw_arena *arena;
	struct pw_error err;

	(void)state;
	PW_TEST_OK(pw_arena_open(&arena, 0, &err), &err);
	for (size_t i = 0; i < PW_COUNT(texts); i++) {
		struct pw_text_list values;

		if (pw_variants_of(texts[i], &values, arena, &err) !=
		    PW_ERR_USAGE)
			fail_msg("\"%s\" is taken", texts[i]);
	}
	pw_arena_close(arena);
}

static void machines_are_all_combinations(void **state)
{
	static const char *names[] = {"zen4", "skylake-sp"};
	static const char *sets[] = {"tlb.l1d.ways=1..4*2", "cost.clock=1GHz",
				     "tlb.stlb.entries=96,192"};
	const struct pw_text_list machines = {names, PW_COUNT(names)};
	const struct pw_text_list overrides = {sets, PW_COUNT(sets)};
	struct pw_machine **all;
	struct pw_arena *arena;
	struct pw_error err;
	size_t count;

	(void)state;
	PW_TEST_OK(pw_arena_open(&arena, 0, &err), &err);
	PW_TEST_OK(pw_variants_load(&all, &count, &machines, &overrides, arena,
				    &err),
		   &err);
	assert_int_equal(count, 12);
	assert_string_equal(all[0]->name,
			    "zen4 tlb.l1d.ways=1 tlb.stlb.entries=96");
	assert_string_equal(all[11]->name,
			    "skylake-sp tlb.l1d.ways=4 tlb.stlb.entries=192");
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(all[i]->l1d.config.ways, 1U << i / 2 % 3);
		assert_int_equal(all[i]->stlb.config.entries, 96 << i % 2);
		assert_int_equal(all[i]->cost.clock_hz, 1000000000);
		pw_machine_close(all[i]);
	}
	pw_arena_close(arena);
}

static void a_machine_that_does_not_vary_keeps_its_name(void **state)
{
	static const char *names[] = {"zen4"};
	static const char *sets[] = {"tlb.l1d.ways=2", "tlb.l1d.entries=x..y",
				     "nonsense"};
	const struct pw_text_list machines = {names, 1};
	struct pw_text_list overrides = {sets, 1};
	struct pw_machine **all;
	struct pw_arena *arena;
	struct pw_error err;
	size_t count;

	(void)state;
	PW_TEST_OK(pw_arena_open(&arena, 0, &err), &err);
	PW_TEST_OK(pw_variants_load(&all, &count, &machines, &overrides, arena,
				    &err),
		   &err);
	assert_int_equal(count, 1);
	assert_string_equal(all[0]->name, "zen4");
	pw_machine_close(all[0]);
	overrides.count = 2;
	assert_int_equal(pw_variants_load(&all, &count, &machines, &overrides,
					  arena, &err),
			 PW_ERR_USAGE);
	assert_non_null(strstr(err.message, "tlb.l1d.entries=x..y"));
	overrides = (struct pw_text_list){sets + 2, 1};
	assert_int_equal(pw_variants_load(&all, &count, &machines, &overrides,
					  arena, &err),
			 PW_ERR_USAGE);
	pw_arena_close(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_listed_or_counted),
		cmocka_unit_test(what_is_no_range_is_refused),
		cmocka_unit_test(machines_are_all_combinations),
		cmocka_unit_test(a_machine_that_does_not_vary_keeps_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
