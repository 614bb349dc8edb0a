/*
 * test_quad_set.c - sets of up to 4 ways against a list that is searched.
 */
#include "tests/support/pw_test.h"

#include "base/random.h"
#include "replay/mmu/quad_set.h"
#include "tests/support/newest_first.h"

#define STEPS 20000
#define FREE PW_QUAD_FREE

static void use(struct pw_quad_set *set, struct list *list, uint64_t key)
{
	size_t place = place_of(list, key);

	assert_int_equal(pw_quad_set_holds(set, key), place < list->count);
	if (place < list->count) {
		pw_quad_set_raise(set, key);
		take_out(list, place);
	} else {
		pw_quad_set_insert(set, list->ways, key);
		list->count -= list->count == list->ways;
	}
	put_first(list, key);
}

static void remove_range(struct pw_quad_set *set, struct list *list,
			 uint64_t first, uint64_t count)
{
	pw_quad_set_remove(set, first, count);
	take_out_range(list, first, count);
}

static void a_set_does_what_a_list_does(void **state)
{
	struct pw_random random;

	(void)state;
	pw_random_seed(&random, 1);
	for (size_t ways = 1; ways <= PW_QUAD_WAYS; ways++) {
		struct list list = {.ways = ways};
		struct pw_quad_set set;

		pw_quad_set_init(&set);
		for (size_t i = 0; i < STEPS; i++) {
			uint64_t key = pw_random_below(&random, 2 * ways + 1);

			if (pw_random_below(&random, 30) == 0)
				remove_range(&set, &list, key,
					     1 + pw_random_below(&random, 3));
			else
				use(&set, &list, key);
			for (size_t age = 0; age < PW_QUAD_WAYS; age++)
				assert_true(set.key[age] ==
					    (age < list.count ? list.key[age]
							      : FREE));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_set_does_what_a_list_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
