/*
 * test_few_set.c - sets without branches against a list that is searched.
 */
#include "tests/support/pw_test.h"

#include "base/random.h"
#include "replay/mmu/few_set.h"
#include "tests/support/newest_first.h"

#define STEPS 20000

static void compare(const struct pw_few_set *set, const struct list *list)
{
	for (size_t age = 0; age < list->ways; age++) {
		uint64_t key = set->key[pw_few_set_aged(set, age)];

		assert_true(key ==
			    (age < list->count ? list->key[age] : PW_FEW_FREE));
	}
}

/* Vectors or not, a way with the tag is among those that are looked at. */
static void compare_matches(const struct pw_few_set *set, uint64_t key)
{
	unsigned ways = 0;

	for (unsigned way = 0; way < PW_FEW_WAYS; way++)
		if ((uint8_t)(set->tags[way / 8] >> way % 8 * 8) ==
		    pw_few_set_tag(key))
			ways |= 1U << way;
	assert_int_equal(ways & ~pw_few_set_match(set, pw_few_set_tag(key)), 0);
	assert_int_equal(
		ways & ~pw_few_set_match_words(set, pw_few_set_tag(key)), 0);
}

/* Find @key, and then raise it or put it in as the draw says. */
static void use(struct pw_few_set *set, struct list *list, uint64_t key,
		bool raise)
{
	size_t place = place_of(list, key);
	size_t way = pw_few_set_find(set, list->ways, key);

	PW_ASSERT(list->ways > 0);
	compare_matches(set, key);
	assert_int_equal(way != PW_FEW_NONE, place < list->count);
	if (way == PW_FEW_NONE) {
		if (list->count == list->ways)
			list->count--;
		pw_few_set_insert(set, list->ways, key);
		put_first(list, key);
	} else if (raise) {
		pw_few_set_raise(set, way);
		take_out(list, place);
		put_first(list, key);
	}
}

/* Keys that differ little and much, so that some have equal tags. */
static void a_set_does_what_a_list_does(void **state)
{
	struct pw_few_set *set = malloc(pw_few_set_bytes(PW_FEW_WAYS));
	struct pw_random random;

	(void)state;
	assert_non_null(set);
	pw_random_seed(&random, 1);
	for (size_t ways = 1; ways <= PW_FEW_WAYS; ways++) {
		struct list list = {.ways = ways};
		uint64_t step = ways % 3 ? 1 : UINT64_C(0x10000000001);

		pw_few_set_init(set, ways);
		for (size_t i = 0; i < STEPS; i++) {
			uint64_t key = pw_random_below(&random, 3 * ways);
			uint64_t count = 1 + pw_random_below(&random, ways);

			if (pw_random_below(&random, 30) == 0) {
				pw_few_set_remove(set, ways, key * step,
						  count * step);
				take_out_range(&list, key * step, count * step);
			} else {
				use(set, &list, key * step,
				    pw_random_below(&random, 4) != 0);
			}
			compare(set, &list);
		}
	}
	free(set);
}

/* Two keys whose hashes have the same byte live beside each other. */
static void keys_with_equal_tags_are_told_apart(void **state)
{
	struct pw_few_set *set = malloc(pw_few_set_bytes(PW_FEW_WAYS));
	uint64_t other = 1;

	(void)state;
	assert_non_null(set);
	while (pw_few_set_tag(other) != pw_few_set_tag(0))
		other++;
	assert_true(other < 1 << 16);
	pw_few_set_init(set, PW_FEW_WAYS);
	pw_few_set_insert(set, PW_FEW_WAYS, other);
	assert_int_equal(pw_few_set_find(set, PW_FEW_WAYS, 0), PW_FEW_NONE);
	pw_few_set_insert(set, PW_FEW_WAYS, 0);
	assert_int_equal(set->key[pw_few_set_find(set, PW_FEW_WAYS, other)],
			 other);
	assert_int_equal(set->key[pw_few_set_find(set, PW_FEW_WAYS, 0)], 0);
	free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_set_does_what_a_list_does),
		cmocka_unit_test(keys_with_equal_tags_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
