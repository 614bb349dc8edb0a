/*
 * test_tables.c - every page table against a list of pages, call by call.
 *
 * Pages of all legal sizes are mapped, split and unmapped around the borders of
 * tables; what is found, in which order, and the tables, bytes, entries and
 * lines in use must be those of the list.
 *
 * PW_SEEDS is the number of random runs, PW_SEED the first one.
 */
#include "tests/support/pw_test.h"

#include <stdlib.h>

#include "base/random.h"
#include "tests/oracle/oracle_seeds.h"
#include "tests/oracle/random_machine.h"

#define STEPS 1500
#define PAGES_MAX 2000

struct subject {
	uint64_t seed;
	struct pw_random random;
	struct pw_machine machine;
	struct pw_oracle_machine twin;
	struct pw_oracle_space list;
	struct pw_arena *arena;
	struct pw_table_store store;
	const struct pw_page_table_ops *ops;
	void *table;
	uint64_t near[4]; /* pages that others are near to */
};

static uint64_t below(struct subject *s, uint64_t bound)
{
	return pw_random_below(&s->random, bound);
}

static void open_subject(struct subject *s, uint64_t seed)
{
	struct pw_page_table_config config = {0};
	struct pw_error err;

	*s = (struct subject){.seed = seed};
	pw_random_seed(&s->random, seed);
	pw_random_machine(&s->random, &s->machine, &s->twin);
	PW_TEST_OK(pw_arena_open(&s->arena, 0, &err), &err);
	s->list.shape = &s->twin.shape;
	s->store.slab.arena = s->arena;
	s->ops = s->machine.page_table;
	config.levels = s->machine.page_table_levels;
	config.page_shift = s->machine.geometry.page_shift;
	config.arena = s->arena;
	config.store = &s->store;
	s->table = pw_arena_alloc(s->arena, 1, s->ops->state_bytes);
	assert_true(s->table && s->ops->init(s->table, &config));
	for (size_t i = 0; i < PW_COUNT(s->near); i++)
		s->near[i] = below(s, pw_oracle_pages(&s->twin.shape));
	s->near[0] = 0;
	s->near[1] = pw_oracle_pages(&s->twin.shape) - 1;
}

static void close_subject(struct subject *s)
{
	pw_oracle_space_clear(&s->list);
	pw_arena_close(s->arena);
}

static uint64_t pick_page(struct subject *s)
{
	uint64_t base = s->near[below(s, PW_COUNT(s->near))];
	uint64_t off = below(s, (uint64_t)1 << below(s, 22));

	if (below(s, 30) == 0)
		return below(s, pw_oracle_pages(&s->twin.shape));
	return base < pw_oracle_pages(&s->twin.shape) / 2
		       ? base + off
		       : base - (off < base ? off : base);
}

static uint64_t pte_of(enum pw_oracle_frame frame)
{
	return frame == PW_ORACLE_ZERO ? PW_PTE_PRESENT | PW_PTE_ZERO
				       : PW_PTE_PRESENT | PW_PTE_WRITABLE;
}

/* The lowest page of the list that ends above @first and begins below @end. */
static const struct pw_oracle_page *lowest(const struct subject *s,
					   uint64_t first, uint64_t end)
{
	const struct pw_oracle_page *found = NULL;

	for (size_t i = 0; i < s->list.pages; i++) {
		const struct pw_oracle_page *p = &s->list.page[i];
		uint64_t pages = (uint64_t)1
				 << pw_oracle_order(&s->twin.shape, p->height);

		if (p->page + pages > first && p->page < end &&
		    (!found || p->page < found->page))
			found = p;
	}
	return found;
}

static void map_page(struct subject *s, uint64_t page)
{
	unsigned height = (unsigned)below(s, s->twin.shape.leaves);
	unsigned order = pw_oracle_order(&s->twin.shape, height);
	uint64_t first = page >> order << order;
	enum pw_oracle_frame frame =
		below(s, 2) ? PW_ORACLE_ZERO : PW_ORACLE_OWN;
	struct pw_oracle_page *old = pw_oracle_page_at(&s->list, first);
	const struct pw_leaf leaf = {
		.first = first, .pte = pte_of(frame), .height = height};

	if (lowest(s, first, first + ((uint64_t)1 << order)) &&
	    !(old && old->height == height))
		return;
	assert_true(s->ops->map(s->table, &leaf));
	if (old)
		old->frame = frame;
	else
		pw_oracle_page_add(&s->list, first, height, frame, NULL);
}

static void unmap_page(struct subject *s, uint64_t page)
{
	const struct pw_oracle_page *found =
		lowest(s, page, pw_oracle_pages(&s->twin.shape));

	if (!found)
		return;
	s->ops->unmap(s->table, found->page);
	pw_oracle_page_remove(&s->list, found->page);
}

static void split_page(struct subject *s, uint64_t page)
{
	const struct pw_oracle_page *found =
		lowest(s, page, pw_oracle_pages(&s->twin.shape));
	struct pw_oracle_page old;
	uint64_t pages;

	if (!found || found->height == 0 || s->list.pages > PAGES_MAX)
		return;
	old = *found;
	pages = (uint64_t)1 << pw_oracle_order(&s->twin.shape, old.height - 1);
	assert_true(s->ops->split(
		s->table,
		old.page +
			below(s, pages << s->twin.shape.bits[old.height - 1])));
	pw_oracle_page_remove(&s->list, old.page);
	for (uint64_t i = 0; i >> s->twin.shape.bits[old.height - 1] == 0; i++)
		pw_oracle_page_add(&s->list, old.page + i * pages,
				   old.height - 1, old.frame, NULL);
}

/* What is at hand of an entry is the entry, one at height 0. */
static void check_glance(struct subject *s, uint64_t page)
{
	const struct pw_oracle_page *want = pw_oracle_page_at(&s->list, page);
	uint64_t pte = s->ops->glance ? s->ops->glance(s->table, page) : 0;

	if (pte == 0)
		return;
	assert_non_null(want);
	assert_int_equal(want->height, 0);
	assert_int_equal(pte, pte_of(want->frame));
}

static void check_page(struct subject *s, uint64_t page)
{
	const struct pw_oracle_page *want = pw_oracle_page_at(&s->list, page);
	struct pw_leaf leaf;
	bool found;

	check_glance(s, page);
	found = s->ops->find(s->table, page, &leaf);
	check_glance(s, page);

	if (found != (want != NULL))
		fail_msg("seed %ju: page %ju is %sthere", (uintmax_t)s->seed,
			 (uintmax_t)page, found ? "" : "not ");
	if (!found || !want)
		return;
	assert_int_equal(leaf.first, want->page);
	assert_int_equal(leaf.height, want->height);
	assert_int_equal(leaf.pte, pte_of(want->frame));
	if (s->twin.shape.hashed)
		assert_int_equal(leaf.probes, pw_oracle_probes(&s->list, page));
	else
		assert_int_equal(leaf.probes, 0);
}

static void check_next(struct subject *s, uint64_t first)
{
	uint64_t pages = pw_oracle_pages(&s->twin.shape);
	uint64_t end = first + 1 + below(s, (uint64_t)1 << below(s, 24));
	const struct pw_oracle_page *want;
	struct pw_leaf leaf;
	uint64_t page;
	bool found;

	if (end > pages || below(s, 4) == 0)
		end = pages;
	want = lowest(s, first, end);
	found = s->ops->next(s->table, first, end, &page, &leaf);
	if (found != (want != NULL))
		fail_msg("seed %ju: a page from %ju on is %sthere",
			 (uintmax_t)s->seed, (uintmax_t)first,
			 found ? "" : "not ");
	if (!found || !want)
		return;
	assert_int_equal(page, want->page > first ? want->page : first);
	assert_int_equal(leaf.first, want->page);
	assert_int_equal(leaf.height, want->height);
	assert_int_equal(leaf.pte, pte_of(want->frame));
}

static void check_use(const struct subject *s)
{
	struct pw_oracle_use want[PW_ORACLE_LEVELS] = {{0, 0, 0, 0}};

	pw_oracle_add_use(&s->list, want);
	for (unsigned h = 0; h < s->twin.shape.levels; h++) {
		const struct pw_table_use *use = &s->store.use[h];

		if (use->tables != want[h].tables ||
		    use->bytes != want[h].bytes ||
		    use->entries != want[h].entries ||
		    use->lines != want[h].lines)
			fail_msg("seed %ju: use at height %u",
				 (uintmax_t)s->seed, h);
	}
}

static void step(struct subject *s)
{
	uint64_t page = pick_page(s);
	uint64_t dice = below(s, 20);

	if (dice < 8)
		map_page(s, page);
	else if (dice < 12)
		unmap_page(s, page);
	else if (dice < 13)
		split_page(s, page);
	else if (dice < 17)
		check_page(s, page);
	else
		check_next(s, page);
}

static void every_page_table_is_a_list_of_pages(void **state)
{
	uint64_t first = pw_oracle_first_seed();
	uint64_t seeds = pw_oracle_seeds(50);

	(void)state;
	for (uint64_t i = 0; i < seeds; i++) {
		struct subject s;

		open_subject(&s, first + i);
		for (size_t j = 0; j < STEPS; j++) {
			step(&s);
			if (j % 100 == 99)
				check_use(&s);
		}
		while (s.list.pages > 0) {
			s.ops->unmap(s.table, s.list.page[0].page);
			pw_oracle_page_remove(&s.list, s.list.page[0].page);
		}
		check_use(&s);
		check_next(&s, 0);
		close_subject(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_page_table_is_a_list_of_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
