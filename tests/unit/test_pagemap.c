/*
 * test_pagemap.c - the page map against a plain list of pairs.
 */
#include "tests/support/pw_test.h"

#include "base/pagemap.h"
#include "base/random.h"

#define TWIN_MAX 4096

/* The obvious twin: pairs in no order, searched from the front. */
struct twin {
	uint64_t key[TWIN_MAX];
	uint64_t value[TWIN_MAX];
	size_t count;
};

static size_t look_up(const struct twin *twin, uint64_t key)
{
	size_t i = 0;

	while (i < twin->count && twin->key[i] != key)
		i++;
	return i;
}

static int open_map(void **state)
{
	struct pw_error err;

	return pw_pagemap_open((struct pw_pagemap **)state, 0, &err) != PW_OK;
}

static int close_map(void **state)
{
	pw_pagemap_close(*state);
	return 0;
}

static void put(struct pw_pagemap *map, uint64_t key, uint64_t value)
{
	struct pw_error err;
	uint64_t *slot;
	bool added;

	PW_TEST_OK(pw_pagemap_insert(map, key, &slot, &added, &err), &err);
	*slot = value;
}

static void finds_what_was_inserted_and_nothing_else(void **state)
{
	put(*state, 5, 50);
	put(*state, 0, 10);
	put(*state, UINT64_MAX, 99);
	assert_int_equal(*pw_pagemap_find(*state, 5), 50);
	assert_int_equal(*pw_pagemap_find(*state, 0), 10);
	assert_int_equal(*pw_pagemap_find(*state, UINT64_MAX), 99);
	assert_null(pw_pagemap_find(*state, 1));
	assert_int_equal(pw_pagemap_count(*state), 3);
}

static void gives_zero_to_a_key_that_comes_back(void **state)
{
	const uint64_t keys[] = {0, 7};

	for (size_t i = 0; i < PW_COUNT(keys); i++) {
		struct pw_error err;
		uint64_t *slot;
		bool added;

		put(*state, keys[i], 123);
		assert_true(pw_pagemap_remove(*state, keys[i]));
		assert_false(pw_pagemap_remove(*state, keys[i]));
		PW_TEST_OK(
			pw_pagemap_insert(*state, keys[i], &slot, &added, &err),
			&err);
		assert_true(added);
		assert_int_equal(*slot, 0);
	}
}

static void says_that_a_key_was_there(void **state)
{
	struct pw_error err;
	uint64_t *slot;
	bool added;

	put(*state, 3, 33);
	PW_TEST_OK(pw_pagemap_insert(*state, 3, &slot, &added, &err), &err);
	assert_false(added);
	assert_int_equal(*slot, 33);
}

static void check_all(const struct pw_pagemap *map, const struct twin *twin)
{
	size_t cursor = 0;
	size_t seen = 0;
	uint64_t value;
	uint64_t key;

	assert_int_equal(pw_pagemap_count(map), twin->count);
	while (pw_pagemap_each(map, &cursor, &key, &value)) {
		size_t i = look_up(twin, key);

		assert_true(i < twin->count);
		assert_int_equal(value, twin->value[i]);
		seen++;
	}
	assert_int_equal(seen, twin->count);
	assert_false(pw_pagemap_each(map, &cursor, &key, &value));
}

static void insert_both(struct pw_pagemap *map, struct twin *twin, uint64_t key,
			uint64_t value)
{
	size_t i = look_up(twin, key);

	put(map, key, value);
	if (i == twin->count) {
		assert_true(twin->count < TWIN_MAX);
		twin->key[twin->count++] = key;
	}
	twin->value[i] = value;
}

static void remove_both(struct pw_pagemap *map, struct twin *twin, uint64_t key)
{
	size_t i = look_up(twin, key);

	assert_int_equal(pw_pagemap_remove(map, key), i < twin->count);
	if (i == twin->count)
		return;
	twin->count--;
	twin->key[i] = twin->key[twin->count];
	twin->value[i] = twin->value[twin->count];
}

/*
 * Random insertions, removals and look-ups of @range keys that lie @stride
 * apart: few keys fill and empty runs of slots, far ones collide.
 */
static void compare(struct pw_pagemap *map, uint64_t seed, uint64_t range,
		    uint64_t stride)
{
	static struct twin twin;
	struct pw_random random;

	twin.count = 0;
	pw_random_seed(&random, seed);
	for (int step = 0; step < 20000; step++) {
		uint64_t key = pw_random_below(&random, range) * stride;
		uint64_t what = pw_random_below(&random, 8);
		uint64_t *found = pw_pagemap_find(map, key);
		size_t i = look_up(&twin, key);

		assert_int_equal(found != NULL, i < twin.count);
		if (found)
			assert_int_equal(*found, twin.value[i]);
		if (what < 4)
			insert_both(map, &twin, key, pw_random_next(&random));
		else if (what < 7)
			remove_both(map, &twin, key);
		if (step % 1000 == 0)
			check_all(map, &twin);
	}
	check_all(map, &twin);
}

static void equals_its_twin_on_few_neighbouring_keys(void **state)
{
	compare(*state, 1, 40, 1);
}

static void equals_its_twin_on_keys_that_collide(void **state)
{
	compare(*state, 2, 60, UINT64_C(1) << 60);
}

static void equals_its_twin_while_it_grows(void **state)
{
	compare(*state, 3, 2000, 512);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			finds_what_was_inserted_and_nothing_else, open_map,
			close_map),
		cmocka_unit_test_setup_teardown(
			gives_zero_to_a_key_that_comes_back, open_map,
			close_map),
		cmocka_unit_test_setup_teardown(says_that_a_key_was_there,
						open_map, close_map),
		cmocka_unit_test_setup_teardown(
			equals_its_twin_on_few_neighbouring_keys, open_map,
			close_map),
		cmocka_unit_test_setup_teardown(
			equals_its_twin_on_keys_that_collide, open_map,
			close_map),
		cmocka_unit_test_setup_teardown(equals_its_twin_while_it_grows,
						open_map, close_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
