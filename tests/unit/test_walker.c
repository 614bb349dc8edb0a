/*
 * test_walker.c - page walks: closed forms, caches, lines, two dimensions.
 */
#include "tests/support/pw_test.h"

#include "replay/mmu/tlb_key.h"
#include "replay/mmu/walker.h"

struct fixture {
	struct pw_arena *arena;
	struct pw_machine machine;
	struct pw_counters counters;
	struct pw_guest guest;
	struct pw_tlb stlb;
	struct pw_walker walker;
};

static struct pw_tlb_choice cache(uint64_t entries)
{
	return (struct pw_tlb_choice){.ops = pw_tlb_find("set-assoc"),
				      .config = {.entries = entries}};
}

static struct pw_geometry x86_64(unsigned levels)
{
	return (struct pw_geometry){.page_shift = 12,
				    .levels = levels,
				    .bits = {9, 9, 9, 9, 9},
				    .leaves = 7};
}

/* A machine with tables of so many levels and no cache of any kind. */
static void setup(struct fixture *f, unsigned levels)
{
	memset(f, 0, sizeof(*f));
	f->machine.page_table = pw_page_table_find("radix-x86-64");
	f->machine.geometry = x86_64(levels);
	f->machine.cost.walk_reference_cycles = 14;
}

/* Its guest runs on a host with tables of so many levels. */
static void nest(struct fixture *f, unsigned levels, unsigned height)
{
	f->machine.nested.page_table = f->machine.page_table;
	f->machine.nested.geometry = x86_64(levels);
	f->machine.nested.height = height;
}

/* Make the walker when the machine is complete. */
static void start(struct fixture *f)
{
	struct pw_walker_parts parts = {&f->stlb, NULL, &f->counters};
	struct pw_error err;

	PW_TEST_OK(pw_arena_open(&f->arena, 0, &err), &err);
	PW_TEST_OK(pw_tlb_make(&f->stlb, &f->machine.stlb, f->arena, &err),
		   &err);
	if (f->machine.nested.page_table) {
		pw_guest_make(&f->guest, &f->machine.geometry, &f->counters);
		parts.guest = &f->guest;
	}
	PW_TEST_OK(
		pw_walker_make(&f->walker, &f->machine, &parts, f->arena, &err),
		&err);
}

static void finish(struct fixture *f)
{
	assert_false(f->guest.failed);
	pw_guest_free(&f->guest);
	pw_arena_close(f->arena);
}

/* Walk to @page, mapped by a leaf at @height; how many entries were read. */
static uint64_t walk_to(struct fixture *f, uint64_t page, unsigned height)
{
	unsigned order = pw_geometry_order(&f->machine.geometry, height);
	const struct pw_reference reference = {
		.page = page,
		.leaf = {.first = page >> order << order,
			 .pte = PW_PTE_PRESENT,
			 .height = height},
	};
	uint64_t before = f->counters.walk_references;

	pw_walker_walk(&f->walker, &reference);
	return f->counters.walk_references - before;
}

/* ---- one dimension ---- */

/* As many entries as there are levels, fewer by the height of the leaf. */
static void a_walk_without_caches_reads_an_entry_a_level(void **state)
{
	(void)state;
	for (unsigned levels = 4; levels <= 5; levels++) {
		for (unsigned height = 0; height < 3; height++) {
			struct fixture f;

			setup(&f, levels);
			start(&f);
			for (size_t i = 0; i < 3; i++)
				assert_int_equal(walk_to(&f, 7, height),
						 levels - height);
			assert_int_equal(f.counters.walk_count, 3);
			assert_int_equal(f.counters.pwc_hits, 0);
			assert_int_equal(f.counters.walk_cycles,
					 (uint64_t)14 * 3 * (levels - height));
			finish(&f);
		}
	}
}

/* 4 levels: 4 cold, 3 to a 2 MiB page, 2 to one of 1 GiB; 5 levels: 5. */
static void cold_walks_have_their_closed_forms(void **state)
{
	static const struct {
		unsigned levels, height, references;
	} rows[] = {{4, 0, 4}, {4, 1, 3}, {4, 2, 2}, {5, 0, 5}};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(rows); i++) {
		struct fixture f;

		setup(&f, rows[i].levels);
		for (size_t j = 0; j < PW_PWC_MAX; j++)
			f.machine.pwc.split[j] = cache(4);
		start(&f);
		assert_int_equal(walk_to(&f, 1 << 20, rows[i].height),
				 rows[i].references);
		/* What is above the leaf is known now. */
		assert_int_equal(walk_to(&f, 1 << 20, rows[i].height), 1);
		finish(&f);
	}
}

/* Cold: 4. Same 2 MiB: its PD entry is known, 1. Same GiB: 2. Same 512 GiB: 3.
 * Elsewhere: 4. After a flush: 4 again. */
static void caches_shorten_a_walk_to_what_they_lack(void **state)
{
	static const struct {
		uint64_t page;
		unsigned references;
	} rows[] = {
		{0, 4},
		{1, 1},
		{1 << 9, 2},
		{(1 << 9) + 3, 1},
		{1 << 18, 3},
		{UINT64_C(1) << 27, 4},
		{(UINT64_C(1) << 27) + 1, 1},
	};
	struct fixture f;

	(void)state;
	setup(&f, 4);
	for (size_t i = 0; i < PW_PWC_MAX; i++)
		f.machine.pwc.split[i] = cache(2);
	start(&f);
	for (size_t i = 0; i < PW_COUNT(rows); i++) {
		uint64_t hits = f.counters.pwc_hits;

		assert_int_equal(walk_to(&f, rows[i].page, 0),
				 rows[i].references);
		assert_int_equal(f.counters.pwc_hits - hits,
				 rows[i].references < 4);
	}
	pw_walker_flush(&f.walker);
	assert_int_equal(walk_to(&f, 1, 0), 4);
	assert_int_equal(f.counters.walk_height0, 8);
	assert_int_equal(f.counters.walk_height3, 3);
	finish(&f);
}

/* Three entries: those of the first walk are all there, and the PD entry of
 * the next 2 MiB takes the place of the oldest, which is that of the PML4. */
static void a_unified_cache_holds_entries_of_all_heights(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, 4);
	f.machine.pwc.unified = cache(3);
	start(&f);
	assert_int_equal(walk_to(&f, 0, 0), 4);
	assert_int_equal(walk_to(&f, 1, 0), 1);
	assert_int_equal(walk_to(&f, 512, 0), 2);
	/* Another GiB: the PML4 entry is gone. */
	assert_int_equal(walk_to(&f, 1 << 18, 0), 4);
	finish(&f);
}

/* The unified cache takes the heights that have no cache of their own. */
static void a_cache_of_its_own_comes_before_the_unified_one(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, 4);
	f.machine.pwc.split[0] = cache(1);
	f.machine.pwc.unified = cache(2);
	start(&f);
	assert_int_equal(walk_to(&f, 0, 0), 4);
	/* The only PD entry is replaced; two more are where they were. */
	assert_int_equal(walk_to(&f, 512, 0), 2);
	assert_int_equal(walk_to(&f, 0, 0), 2);
	finish(&f);
}

/* The STLB of two entries: the page's own goes in after the PD entry. */
static void entries_of_a_directory_compete_for_the_stlb(void **state)
{
	const struct pw_tlb_ops *ops = pw_tlb_find("set-assoc");
	struct fixture f;

	(void)state;
	setup(&f, 4);
	f.machine.stlb = cache(2);
	f.machine.pwc.in_stlb = true;
	start(&f);
	assert_int_equal(walk_to(&f, 3, 0), 4);
	ops->insert(f.stlb.state, pw_tlb_key(0, 0, 3));
	assert_int_equal(walk_to(&f, 4, 0), 1);
	ops->insert(f.stlb.state, pw_tlb_key(0, 0, 4));
	/* The PD entry was used last, so that page 3 had to go. */
	assert_false(ops->lookup(f.stlb.state, pw_tlb_key(0, 0, 3)));
	ops->insert(f.stlb.state, pw_tlb_key(0, 0, 5));
	assert_int_equal(walk_to(&f, 6, 0), 4);
	/* An invalidation takes it out, and leaves the pages. */
	pw_walker_invalidate(&f.walker, 0, 1 << 20, 1);
	assert_true(ops->lookup(f.stlb.state, pw_tlb_key(0, 0, 5)));
	assert_int_equal(walk_to(&f, 7, 0), 4);
	finish(&f);
}

/* Of all: nothing is left. By range: what leads elsewhere is. */
static void an_invalidation_drops_all_or_what_leads_there(void **state)
{
	(void)state;
	for (unsigned by_range = 0; by_range < 2; by_range++) {
		struct fixture f;

		setup(&f, 4);
		for (size_t i = 0; i < PW_PWC_MAX; i++)
			f.machine.pwc.split[i] = cache(4);
		f.machine.pwc.by_range = by_range;
		start(&f);
		assert_int_equal(walk_to(&f, 0, 0), 4);
		assert_int_equal(walk_to(&f, 1 << 9, 0), 2);
		assert_int_equal(walk_to(&f, UINT64_C(1) << 27, 0), 4);
		/* The first two directories' worth, but not the last. */
		pw_walker_invalidate(&f.walker, 0, 100, 500);
		assert_int_equal(walk_to(&f, (UINT64_C(1) << 27) + 1, 0),
				 by_range ? 1 : 4);
		assert_int_equal(walk_to(&f, 0, 0), 4);
		finish(&f);
	}
}

static void entries_of_another_identifier_survive(void **state)
{
	struct pw_reference reference = {.leaf = {.pte = PW_PTE_PRESENT}};
	struct fixture f;

	(void)state;
	setup(&f, 4);
	for (size_t i = 0; i < PW_PWC_MAX; i++)
		f.machine.pwc.split[i] = cache(4);
	start(&f);
	pw_walker_walk(&f.walker, &reference);
	reference.asid = 1;
	pw_walker_walk(&f.walker, &reference);
	assert_int_equal(f.counters.walk_references, 8);
	pw_walker_invalidate(&f.walker, 1, 0, 1);
	reference.asid = 0;
	pw_walker_walk(&f.walker, &reference);
	assert_int_equal(f.counters.walk_references, 9);
	reference.asid = 1;
	pw_walker_walk(&f.walker, &reference);
	assert_int_equal(f.counters.walk_references, 13);
	finish(&f);
}

/* ---- lines ---- */

/*
 * L1D of 2 lines, L2 of 8. A walk reads 4 lines, one a level, so the leaf's
 * and the directory's stay in the L1D. Pages 0..7 share the leaf's line, but
 * the entries above come before, so that each walk finds all 4 in the L2.
 */
static void lines_are_served_by_the_nearest_cache_that_has_them(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, 4);
	f.machine.lines = (struct pw_line_choice){
		.cached = true,
		.cache = {cache(2), cache(8)},
		.cycles = {4, 14, 50, 200},
	};
	start(&f);
	assert_int_equal(walk_to(&f, 0, 0), 4);
	assert_int_equal(f.counters.walk_served_memory, 4);
	assert_int_equal(f.counters.walk_cycles, 800);
	assert_int_equal(walk_to(&f, 7, 0), 4);
	assert_int_equal(f.counters.walk_served_l2, 4);
	assert_int_equal(f.counters.walk_cycles, 856);
	/* A page of 1 GiB: two lines of the L2, which stay in the L1D. */
	assert_int_equal(walk_to(&f, 0, 2), 2);
	assert_int_equal(walk_to(&f, 1, 2), 2);
	assert_int_equal(f.counters.walk_served_l2, 6);
	assert_int_equal(f.counters.walk_served_l1d, 2);
	/* Page 8 is in the next line of the leaf table. */
	assert_int_equal(walk_to(&f, 8, 0), 4);
	assert_int_equal(f.counters.walk_served_memory, 5);
	assert_int_equal(f.counters.walk_served_llc, 0);
	finish(&f);
}

/* 64 MiB, every page once, PD entries cached: 2048 lines of leaf tables. */
static void contiguous_pages_read_eight_to_a_line(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, 4);
	for (size_t i = 0; i < PW_PWC_MAX; i++)
		f.machine.pwc.split[i] = cache(4);
	f.machine.lines = (struct pw_line_choice){
		.cached = true,
		.cache = {cache(80)},
		.cycles = {4, 0, 0, 200},
	};
	start(&f);
	for (uint64_t page = 0; page < 16384; page++)
		(void)walk_to(&f, page, 0);
	assert_int_equal(f.counters.walk_height0, 16384);
	assert_int_equal(f.counters.walk_height1, 32);
	/* 2048 of leaf tables, 4 of the directory, one of each above. */
	assert_int_equal(f.counters.walk_served_memory, 2048 + 4 + 2);
	finish(&f);
}

/* Three lines from a page's own on; page 16 begins at the last of them. */
static void a_hashed_table_tells_how_many_lines_are_read(void **state)
{
	struct pw_reference reference = {
		.page = 7, .leaf = {.pte = PW_PTE_PRESENT, .probes = 3}};
	struct fixture f;

	(void)state;
	setup(&f, 4);
	for (size_t i = 0; i < PW_PWC_MAX; i++)
		f.machine.pwc.split[i] = cache(4);
	f.machine.lines = (struct pw_line_choice){
		.cached = true,
		.cache = {cache(8)},
		.cycles = {4, 0, 0, 200},
	};
	start(&f);
	pw_walker_walk(&f.walker, &reference);
	assert_int_equal(f.counters.walk_references, 3);
	assert_int_equal(f.counters.walk_height0, 3);
	assert_int_equal(f.counters.walk_served_memory, 3);
	reference.page = 16;
	pw_walker_walk(&f.walker, &reference);
	assert_int_equal(f.counters.walk_references, 6);
	assert_int_equal(f.counters.walk_served_l1d, 1);
	assert_int_equal(f.counters.pwc_hits, 0);
	assert_int_equal(f.counters.walk_count, 2);
	finish(&f);
}

/* ---- two dimensions ---- */

/* (g + 1)(h + 1) - 1 when nothing is cached, with g and h less by the heights
 * of the leaves: a table of the guest is found by h reads and read by one. */
static void cold_nested_walks_have_their_closed_form(void **state)
{
	(void)state;
	for (unsigned levels = 4; levels <= 5; levels++) {
		for (unsigned leaf = 0; leaf < 3; leaf++) {
			for (unsigned height = 0; height < 3; height++) {
				unsigned g = levels - leaf;
				unsigned h = levels - height;
				struct fixture f;

				setup(&f, levels);
				nest(&f, levels, height);
				start(&f);
				assert_int_equal(walk_to(&f, 5, leaf),
						 (g + 1) * (h + 1) - 1);
				assert_int_equal(f.counters.nested_references,
						 (g + 1) * h);
				assert_int_equal(f.counters.nested_walks,
						 g + 1);
				finish(&f);
			}
		}
	}
}

static void four_by_four_is_24_and_five_by_five_35(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, 4);
	nest(&f, 4, 0);
	start(&f);
	assert_int_equal(walk_to(&f, 0, 0), 24);
	finish(&f);
	setup(&f, 5);
	nest(&f, 5, 0);
	start(&f);
	assert_int_equal(walk_to(&f, 0, 0), 35);
	finish(&f);
}

/*
 * Frames are given out in the order of the walk: root 0, tables 1, 2, 3, page
 * 4; all in one 2 MiB page of the host. So the nested TLB misses once, for 3
 * references. The second page's walk begins at the leaf table, whose place
 * the PD entry tells: 1 reference.
 */
static void caches_of_both_dimensions_shorten_a_walk(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, 4);
	nest(&f, 4, 1);
	f.machine.nested.tlb = cache(4);
	for (size_t i = 0; i < PW_PWC_MAX; i++)
		f.machine.pwc.split[i] = cache(4);
	start(&f);
	assert_int_equal(walk_to(&f, 0, 0), 4 + 3);
	assert_int_equal(f.counters.nested_tlb_misses, 1);
	assert_int_equal(f.counters.nested_tlb_hits, 4);
	assert_int_equal(f.counters.nested_guest_bytes, 5 * 4096);
	assert_int_equal(walk_to(&f, 1, 0), 1);
	assert_int_equal(f.counters.nested_tlb_hits, 5);
	finish(&f);
}

/* The host's directory entry is known after the first of five addresses. */
static void the_host_has_page_walk_caches_too(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, 4);
	nest(&f, 4, 0);
	f.machine.nested.pwc.split[0] = cache(1);
	start(&f);
	assert_int_equal(walk_to(&f, 0, 0), 4 + 4 + 4 * 1);
	assert_int_equal(f.counters.nested_pwc_hits, 4);
	finish(&f);
}

/* A TLB entry is for the smaller of both pages. */
static void tlbs_hold_the_smaller_of_both_pages(void **state)
{
	(void)state;
	for (unsigned host = 0; host < 3; host++) {
		struct fixture f;

		setup(&f, 4);
		nest(&f, 4, host);
		start(&f);
		for (unsigned height = 0; height < 3; height++)
			assert_int_equal(
				pw_walker_held_height(&f.machine, height),
				height < host ? height : host);
		finish(&f);
	}
}

/* A guest of 16 KiB pages (11 bits a level) has blocks of 32 MiB, which a
 * host's page of 2 MiB does not hold, and one of 1 GiB does. */
static void sizes_are_compared_across_architectures(void **state)
{
	(void)state;
	for (unsigned host = 1; host < 3; host++) {
		struct fixture f;

		setup(&f, 4);
		f.machine.geometry = (struct pw_geometry){
			.page_shift = 14,
			.levels = 4,
			.bits = {11, 11, 11, 1},
			.leaves = 3,
		};
		nest(&f, 4, host);
		start(&f);
		assert_int_equal(pw_walker_held_height(&f.machine, 0), 0);
		assert_int_equal(pw_walker_held_height(&f.machine, 1),
				 host == 1 ? 0 : 1);
		finish(&f);
	}
}

static void without_a_host_tlbs_hold_what_is_mapped(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, 4);
	start(&f);
	for (unsigned height = 0; height < 4; height++)
		assert_int_equal(pw_walker_held_height(&f.machine, height),
				 height);
	finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_walk_without_caches_reads_an_entry_a_level),
		cmocka_unit_test(cold_walks_have_their_closed_forms),
		cmocka_unit_test(caches_shorten_a_walk_to_what_they_lack),
		cmocka_unit_test(a_unified_cache_holds_entries_of_all_heights),
		cmocka_unit_test(
			a_cache_of_its_own_comes_before_the_unified_one),
		cmocka_unit_test(entries_of_a_directory_compete_for_the_stlb),
		cmocka_unit_test(an_invalidation_drops_all_or_what_leads_there),
		cmocka_unit_test(entries_of_another_identifier_survive),
		cmocka_unit_test(
			lines_are_served_by_the_nearest_cache_that_has_them),
		cmocka_unit_test(contiguous_pages_read_eight_to_a_line),
		cmocka_unit_test(a_hashed_table_tells_how_many_lines_are_read),
		cmocka_unit_test(cold_nested_walks_have_their_closed_form),
		cmocka_unit_test(four_by_four_is_24_and_five_by_five_35),
		cmocka_unit_test(caches_of_both_dimensions_shorten_a_walk),
		cmocka_unit_test(the_host_has_page_walk_caches_too),
		cmocka_unit_test(tlbs_hold_the_smaller_of_both_pages),
		cmocka_unit_test(sizes_are_compared_across_architectures),
		cmocka_unit_test(without_a_host_tlbs_hold_what_is_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
