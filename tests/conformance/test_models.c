/*
 * test_models.c - what every registered TLB and page-table model must do.
 */
#include "tests/support/pw_test.h"

#include "base/arena.h"
#include "base/random.h"
#include "replay/models.h"

#define STEPS 3000

/* Geometries that any model of entries and ways should take. */
static const struct pw_tlb_config geometries[] = {
	{.entries = 1, .ways = 1},
	{.entries = 4, .ways = 0},
	{.entries = 8, .ways = 2},
	{.entries = 12, .ways = 4},
	{.entries = 24, .ways = 8},
	{.entries = 64, .ways = 4},
	{.entries = 72, .ways = 0},
	{.entries = 384, .ways = 8},
	{.entries = 6, .ways = 3, .index = PW_TLB_XOR},
	{.entries = 256, .ways = 64, .index = PW_TLB_XOR},
	{.entries = 100, .ways = 0, .seed = 7},
};

struct subject {
	struct pw_arena *arena;
	struct pw_tlb tlb;
	struct pw_tlb_config config;
};

static void check_one(const struct pw_tlb_choice *choice,
		      void (*check)(const struct subject *))
{
	struct subject subject = {.config = choice->config};
	struct pw_error err;

	PW_TEST_OK(pw_arena_open(&subject.arena, 0, &err), &err);
	PW_TEST_OK(pw_tlb_make(&subject.tlb, choice, subject.arena, &err),
		   &err);
	check(&subject);
	pw_arena_close(subject.arena);
}

/* Call @check for every TLB model in every geometry it takes. */
static void each_tlb(void (*check)(const struct subject *))
{
	for (size_t i = 0; pw_tlb_at(i); i++) {
		size_t taken = 0;

		for (size_t j = 0; j < PW_COUNT(geometries); j++) {
			struct pw_tlb_choice choice = {.ops = pw_tlb_at(i),
						       .config = geometries[j]};
			struct pw_error err;

			if (choice.ops->check(&choice.config, &err) != PW_OK)
				continue;
			check_one(&choice, check);
			taken++;
		}
		assert_true(taken > 0);
	}
}

static bool touch(const struct pw_tlb *tlb, uint64_t page)
{
	if (tlb->ops->lookup(tlb->state, page))
		return true;
	tlb->ops->insert(tlb->state, page);
	return false;
}

static size_t count_present(const struct pw_tlb *tlb, uint64_t pages)
{
	size_t present = 0;

	for (uint64_t page = 0; page < pages; page++)
		present += tlb->ops->lookup(tlb->state, page);
	return present;
}

static void every_model_says_what_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; pw_tlb_at(i); i++) {
		const struct pw_tlb_ops *ops = pw_tlb_at(i);

		assert_true(ops->name[0] && ops->summary[0] && ops->source[0]);
		assert_null(strchr(ops->name, '_'));
		assert_ptr_equal(pw_tlb_find(ops->name), ops);
	}
	for (size_t i = 0; pw_page_table_at(i); i++) {
		const struct pw_page_table_ops *ops = pw_page_table_at(i);

		assert_true(ops->name[0] && ops->summary[0] && ops->source[0]);
		assert_null(strchr(ops->name, '_'));
		assert_ptr_equal(pw_page_table_find(ops->name), ops);
	}
	assert_non_null(pw_tlb_at(0));
	assert_non_null(pw_page_table_at(0));
	assert_null(pw_tlb_find("no such model"));
	assert_null(pw_page_table_find("no such model"));
}

static void check_empty(const struct subject *s)
{
	assert_int_equal(count_present(&s->tlb, 5000), 0);
}

static void a_new_tlb_is_empty(void **state)
{
	(void)state;
	each_tlb(check_empty);
}

static void check_capacity(const struct subject *s)
{
	uint64_t pages = s->config.entries * 3;
	struct pw_random random;

	pw_random_seed(&random, 7);
	for (size_t i = 0; i < STEPS; i++) {
		uint64_t page = pw_random_below(&random, pages);

		touch(&s->tlb, page);
		assert_true(s->tlb.ops->lookup(s->tlb.state, page));
	}
	assert_true(count_present(&s->tlb, pages) <= s->config.entries);
}

static void a_tlb_never_holds_more_than_its_entries(void **state)
{
	(void)state;
	each_tlb(check_capacity);
}

static void check_flush(const struct subject *s)
{
	struct pw_random random;
	bool hits[STEPS];

	for (size_t round = 0; round < 2; round++) {
		pw_random_seed(&random, 11);
		for (size_t i = 0; i < STEPS; i++) {
			uint64_t page =
				pw_random_below(&random, s->config.entries * 2);
			bool hit = touch(&s->tlb, page);

			if (round == 0)
				hits[i] = hit;
			else
				assert_int_equal(hit, hits[i]);
		}
		s->tlb.ops->flush(s->tlb.state);
		assert_int_equal(count_present(&s->tlb, s->config.entries * 2),
				 0);
	}
}

static void a_flushed_tlb_behaves_like_a_new_one(void **state)
{
	(void)state;
	each_tlb(check_flush);
}

static void check_invalidation(const struct subject *s)
{
	struct pw_random random;
	const struct pw_tlb *tlb = &s->tlb;
	uint64_t pages = s->config.entries * 2;
	bool before[1024];

	assert_true(pages <= PW_COUNT(before));
	pw_random_seed(&random, 13);
	for (size_t i = 0; i < 200; i++) {
		uint64_t first = pw_random_below(&random, pages);
		uint64_t count = pw_random_below(&random, pages) + 1;

		for (size_t j = 0; j < 50; j++)
			touch(tlb, pw_random_below(&random, pages));
		for (uint64_t page = 0; page < pages; page++)
			before[page] = tlb->ops->lookup(tlb->state, page);
		tlb->ops->invalidate(tlb->state, first, count);
		for (uint64_t page = 0; page < pages; page++) {
			bool gone = page >= first && page - first < count;

			assert_int_equal(tlb->ops->lookup(tlb->state, page),
					 before[page] && !gone);
		}
	}
}

static void an_invalidation_removes_its_pages_and_no_others(void **state)
{
	(void)state;
	each_tlb(check_invalidation);
}

/* The promise of filter_sets: skipping the touch changes no later answer. */
static void check_filter(const struct subject *s)
{
	const struct pw_tlb_choice choice = {.ops = s->tlb.ops,
					     .config = s->config};
	uint64_t classes = s->tlb.ops->filter_sets(&s->config);
	uint64_t recent[1024];
	struct pw_random random;
	struct pw_tlb plain;
	struct pw_error err;

	if (classes == 0)
		return;
	assert_true((classes & (classes - 1)) == 0);
	assert_true(classes <= PW_COUNT(recent));
	memset(recent, 0xff, sizeof(recent));
	PW_TEST_OK(pw_tlb_make(&plain, &choice, s->arena, &err), &err);
	pw_random_seed(&random, 17);
	for (size_t i = 0; i < STEPS; i++) {
		uint64_t page = pw_random_below(&random, s->config.entries + 3);
		uint64_t *last = &recent[page & (classes - 1)];
		bool hit = *last == page || touch(&s->tlb, page);

		assert_int_equal(hit, touch(&plain, page));
		*last = page;
	}
}

static void touching_the_most_recent_page_of_a_class_changes_nothing(void **s)
{
	(void)s;
	each_tlb(check_filter);
}

#define DEPTH_MAX 64

/* Touch again what was left out of a class, the page left out first at last. */
static void catch_up(const struct subject *s, const uint64_t *recent,
		     size_t *left_out)
{
	for (; *left_out > 0; --*left_out)
		assert_true(touch(&s->tlb, recent[*left_out - 1]));
}

/* The promise of filter_depth: the same of touches that are put off. */
static void check_depth(const struct subject *s)
{
	const struct pw_tlb_choice choice = {.ops = s->tlb.ops,
					     .config = s->config};
	uint64_t classes = s->tlb.ops->filter_sets(&s->config);
	size_t depth = classes ? s->tlb.ops->filter_depth(&s->config) : 0;
	uint64_t(*recent)[DEPTH_MAX] =
		pw_arena_alloc(s->arena, 1024, sizeof(*recent));
	size_t left_out[1024] = {0};
	struct pw_random random;
	struct pw_tlb plain;
	struct pw_error err;

	if (classes == 0)
		return;
	assert_non_null(recent);
	assert_true(depth > 0 && classes <= 1024);
	if (depth > DEPTH_MAX)
		depth = DEPTH_MAX;
	memset(recent, 0xff, 1024 * sizeof(*recent));
	PW_TEST_OK(pw_tlb_make(&plain, &choice, s->arena, &err), &err);
	pw_random_seed(&random, 18);
	for (size_t i = 0; i < STEPS; i++) {
		uint64_t page = pw_random_below(&random, s->config.entries + 3);
		uint64_t class = page & (classes - 1);
		uint64_t *last = recent[class];
		size_t place = 0;

		while (place < depth && last[place] != page)
			place++;
		if (place == depth) {
			catch_up(s, last, &left_out[class]);
			assert_int_equal(touch(&s->tlb, page),
					 touch(&plain, page));
			place--;
		} else {
			assert_true(touch(&plain, page));
			/* All above are left out already but those told. */
			if (place > 0 && place >= left_out[class])
				left_out[class]++;
		}
		memmove(last + 1, last, place * sizeof(*last));
		last[0] = page;
	}
}

static void touches_of_recent_pages_can_be_put_off(void **s)
{
	(void)s;
	each_tlb(check_depth);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_model_says_what_it_is),
		cmocka_unit_test(a_new_tlb_is_empty),
		cmocka_unit_test(a_tlb_never_holds_more_than_its_entries),
		cmocka_unit_test(a_flushed_tlb_behaves_like_a_new_one),
		cmocka_unit_test(
			an_invalidation_removes_its_pages_and_no_others),
		cmocka_unit_test(
			touching_the_most_recent_page_of_a_class_changes_nothing),
		cmocka_unit_test(touches_of_recent_pages_can_be_put_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
