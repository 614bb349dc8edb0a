/*
 * test_mmu_exact.c - the TLBs of a core equal their oracle, page sizes mixed.
 *
 * Random TLBs of all kinds; pages of 4 KiB, 2 MiB and 1 GiB of some spaces, in
 * both halves of the addresses, are mapped, referred to, changed and removed;
 * walks go through page-walk caches, lines and hosts of all kinds. The MMU is
 * spared what a filter knows; the oracle gets every reference.
 *
 * PW_SEEDS is the number of random machines, PW_SEED the first one.
 */
#include "tests/support/pw_test.h"

#include "base/arena.h"
#include "base/random.h"
#include "replay/mmu/filter.h"
#include "replay/mmu/mmu.h"
#include "tests/oracle/compare_walks.h"
#include "tests/oracle/oracle_seeds.h"
#include "tests/oracle/oracle_walk.h"
#include "tests/oracle/random_machine.h"

#define STEPS 1500
#define SPACES 3
#define HALF ((uint64_t)1 << 44)
#define TABLE 512  /* base pages of 2 MiB */
#define REGIONS 12 /* of 2 MiB, in each half; the last is one page of 1 GiB */
#define LARGEST_FIRST ((uint64_t)1 << 18)

/* What is mapped in 2 MiB: one page, or some of its base pages. */
struct region {
	bool large;
	uint64_t pte; /* of the large page */
	uint64_t small[TABLE];
};

struct space {
	struct region region[2][REGIONS];
};

struct subject {
	uint64_t seed;
	struct pw_random random;
	struct pw_arena *arena;
	struct pw_machine machine;
	struct pw_oracle_mmu_machine twin;
	struct pw_counters counters;
	struct pw_mmu mmu;
	struct pw_mmu_notice notice[2]; /* [1]: fetches */
	struct pw_filter filter[2];
	uint32_t asid; /* the filters are of */
	struct pw_oracle_mmu oracle;
	struct pw_guest guest;
	struct pw_oracle_walk_machine walks_twin;
	struct pw_oracle_walk_counts walked;
	struct pw_oracle_guest guest_oracle;
	struct pw_oracle_walks walker;
	struct space *space;   /* SPACES of them */
	uint64_t hits, misses; /* the second level's, by the oracle */
	bool crowded;	       /* few pages, so that they meet again */
	bool alike; /* most pages are mapped alike, so that they group */
};

static uint64_t below(struct subject *s, uint64_t bound)
{
	return pw_random_below(&s->random, bound);
}

/* ---- what is mapped ---- */

static struct region *region_at(struct space *space, uint64_t page)
{
	uint64_t in_half = page % HALF;
	uint64_t number = in_half / TABLE;

	if (in_half / LARGEST_FIRST == 1)
		number = REGIONS - 1;
	else if (number >= REGIONS - 1)
		return NULL;
	return &space->region[page / HALF][number];
}

static uint64_t *pte_at(struct region *region, uint64_t page)
{
	return region->large ? &region->pte : &region->small[page % TABLE];
}

static bool find(void *table, uint64_t page, struct pw_leaf *leaf)
{
	struct region *region = region_at(table, page);

	if (!region || !*pte_at(region, page))
		return false;
	leaf->pte = *pte_at(region, page);
	leaf->height = region->large;
	if (page % HALF / LARGEST_FIRST == 1)
		leaf->height = 2;
	leaf->first = page;
	if (leaf->height > 0)
		leaf->first -=
			page % (leaf->height == 1 ? TABLE : LARGEST_FIRST);
	return true;
}

static bool find_for_oracle(void *context, uint64_t page,
			    struct pw_oracle_mapping_entry *entry)
{
	struct subject *s = context;
	struct pw_leaf leaf;

	if (page >= 2 * HALF || !find(&s->space[s->asid], page, &leaf))
		return false;
	entry->height = leaf.height;
	entry->flags = leaf.pte;
	entry->zero = leaf.pte & PW_PTE_ZERO;
	return true;
}

static void walk_for_oracle(void *context, uint64_t page)
{
	struct subject *s = context;
	struct pw_leaf leaf;
	struct pw_oracle_target target = {
		.asid = s->asid, .space = s->asid, .page = page};

	assert_true(find(&s->space[s->asid], page, &leaf));
	target.height = leaf.height;
	pw_oracle_walk(&s->walker, &s->oracle.tlb[PW_ORACLE_STLB], &target);
}

static const struct pw_page_table_ops table_ops = {.find = find};

/* ---- one machine ---- */

static void make_mmu(struct subject *s)
{
	struct pw_guest *guest = NULL;
	struct pw_error err;

	if (s->machine.nested.page_table) {
		guest = &s->guest;
		pw_guest_make(guest, &s->machine.geometry, &s->counters);
	}
	PW_TEST_OK(pw_mmu_make(&s->mmu, &s->machine, guest, &s->counters,
			       s->arena, &err),
		   &err);
}

static void open_subject(struct subject *s, uint64_t seed)
{
	const struct pw_page_table_config config = {.levels = 4};
	struct pw_error err;

	*s = (struct subject){.seed = seed};
	pw_random_seed(&s->random, seed);
	s->crowded = below(s, 2);
	s->alike = below(s, 2);
	s->machine.page_table = pw_page_table_find("radix-x86-64");
	s->machine.geometry = s->machine.page_table->geometry(&config);
	/* Runs as Arm has them, and short ones, which come up more often. */
	s->machine.geometry.contiguous[0] = 4 + (unsigned)below(s, 2);
	s->machine.geometry.contiguous[1] = 1 + (unsigned)below(s, 2);
	pw_random_tlbs(&s->random, &s->machine, &s->twin);
	pw_random_walks(&s->random, &s->machine, &s->twin, &s->walks_twin);
	PW_TEST_OK(pw_arena_open(&s->arena, 0, &err), &err);
	s->space = pw_arena_alloc(s->arena, SPACES, sizeof(*s->space));
	assert_non_null(s->space);
	for (size_t i = 0; i < SPACES; i++)
		for (size_t j = 0; j < 2 * (size_t)REGIONS; j++)
			s->space[i].region[j / REGIONS][j % REGIONS].large =
				j % REGIONS == REGIONS - 1 || below(s, 2);
	make_mmu(s);
	pw_oracle_mmu_init(&s->oracle, &s->twin);
	pw_oracle_walks_init(&s->walker, &s->walks_twin, &s->guest_oracle,
			     &s->walked);
	for (size_t i = 0; i < 2; i++) {
		s->notice[i] = pw_mmu_notices(&s->machine, i);
		pw_filter_init(&s->filter[i], s->notice[i].classes,
			       s->notice[i].depth, true);
		s->filter[i].group_mask = s->notice[i].group_mask;
	}
}

static void close_subject(struct subject *s)
{
	assert_false(s->guest.failed);
	pw_guest_free(&s->guest);
	pw_oracle_walks_free(&s->walker);
	pw_oracle_guest_free(&s->guest_oracle);
	pw_oracle_mmu_free(&s->oracle);
	pw_arena_close(s->arena);
}

static uint64_t pick_page(struct subject *s)
{
	uint64_t half = below(s, 5) ? 0 : HALF;
	uint64_t page = below(s, s->crowded ? 3 : REGIONS - 1) * TABLE;

	if (below(s, 8) == 0)
		page = LARGEST_FIRST + below(s, 4) * TABLE;
	return half + page + below(s, below(s, 2) ? 16 : TABLE);
}

/* Make the references that were put off. */
static void catch_up(struct subject *s)
{
	for (size_t side = 0; side < 2; side++) {
		struct pw_filter *filter = &s->filter[side];
		uint64_t pages[PW_FILTER_DEPTH];

		for (uint64_t i = 0; i <= filter->mask; i++) {
			size_t n = pw_filter_overdue(filter, i, pages);

			for (size_t j = 0; j < n; j++) {
				const struct pw_reference again = {
					.page = pages[j],
					.leaf = {.first = pages[j],
						 .pte = PW_PTE_PRESENT},
					.asid = s->asid,
					.space = s->asid};

				pw_mmu_refer(&s->mmu,
					     pw_mmu_side_of(&s->mmu, side != 0,
							    false),
					     &again);
			}
		}
	}
}

static void forget(struct subject *s)
{
	catch_up(s);
	pw_filter_clear(&s->filter[0]);
	pw_filter_clear(&s->filter[1]);
}

static void invalidate(struct subject *s, uint32_t asid, uint64_t first,
		       uint64_t count)
{
	catch_up(s);
	pw_mmu_invalidate(&s->mmu, asid, first, count);
	pw_filter_drop(&s->filter[0], first, count);
	pw_filter_drop(&s->filter[1], first, count);
	pw_oracle_mmu_invalidate(&s->oracle, asid, first, count);
	pw_oracle_walks_invalidate(&s->walker, &s->oracle.tlb[PW_ORACLE_STLB],
				   asid, first, first + count);
}

/* Make the page present, and writable if need be. */
static void fault(struct subject *s, uint32_t asid, uint64_t page, bool write)
{
	uint64_t *pte = pte_at(region_at(&s->space[asid], page), page);

	if (*pte == 0 && s->alike && below(s, 10))
		*pte = PW_PTE_PRESENT | PW_PTE_WRITABLE;
	if (*pte == 0)
		*pte = PW_PTE_PRESENT | (write || below(s, 2) ? PW_PTE_WRITABLE
					 : below(s, 3)	      ? 0
							      : PW_PTE_ZERO);
	if (!write || *pte & PW_PTE_WRITABLE)
		return;
	*pte = PW_PTE_PRESENT | PW_PTE_WRITABLE;
	invalidate(s, asid, page, 1);
}

/* References in a row to one page, of which the first one does the work. */
struct record {
	uint32_t count[PW_REFERENCE_KINDS];
	bool fetch;
	bool write; /* the first one stores */
};

/* Another space than the filters are of: they know nothing of it. */
static void run_in(struct subject *s, uint32_t asid)
{
	if (asid == s->asid)
		return;
	forget(s);
	s->asid = asid;
}

static void note(struct subject *s, const struct pw_reference *reference,
		 const struct record *record)
{
	struct pw_filter *filter = &s->filter[record->fetch];
	unsigned height = reference->leaf.height;
	unsigned held = s->notice[record->fetch].held[height];
	uint64_t count = (uint64_t)1
			 << pw_geometry_order(&s->machine.geometry, held);
	uint64_t how = record->write ? PW_FILTER_WRITE : PW_FILTER_READ;

	if (!pw_tlb_is_declared(&s->machine.l1s))
		how = PW_FILTER_READ |
		      (reference->leaf.pte & PW_PTE_WRITABLE ? PW_FILTER_WRITE
							     : 0);
	else
		how |= pw_filter_how(filter, reference->page);
	if (held == 0 && height > 0)
		pw_filter_clear(filter);
	else if (held == 0)
		pw_filter_note(filter, reference->page, how);
	else
		pw_filter_note_large(filter,
				     &(struct pw_filter_large){
					     reference->page / count * count,
					     count, how, height});
}

static void refer_fast(struct subject *s, uint32_t asid, uint64_t page,
		       const struct record *record)
{
	struct pw_reference reference = {
		.page = page, .asid = asid, .space = asid};
	struct pw_filter *filter = &s->filter[record->fetch];
	uint64_t how = record->write ? PW_FILTER_WRITE : PW_FILTER_READ;

	run_in(s, asid);
	assert_true(find(&s->space[asid], page, &reference.leaf));
	s->counters.reference_data += record->count[PW_REFERENCE_LOAD] +
				      record->count[PW_REFERENCE_STORE];
	s->counters.reference_store += record->count[PW_REFERENCE_STORE];
	s->counters.reference_instruction += record->count[PW_REFERENCE_FETCH];
	for (size_t i = 0; i < PW_REFERENCE_KINDS; i++)
		s->counters.reference_large[i][reference.leaf.height] +=
			record->count[i];
	if (pw_filter_knows(filter, page, how) ||
	    pw_filter_knows_large(filter, page, how))
		return;
	reference.neighbours = pw_neighbours_find(
		&table_ops, &s->space[asid], &s->machine.geometry, page,
		&reference.leaf, pw_mmu_wants(&s->machine));
	catch_up(s);
	pw_mmu_refer(&s->mmu,
		     pw_mmu_side_of(&s->mmu, record->fetch, record->write),
		     &reference);
	note(s, &reference, record);
}

static void refer_slowly(struct subject *s, char how, uint32_t asid,
			 uint64_t page, uint32_t count)
{
	const struct pw_oracle_mapper mapper = {s, find_for_oracle,
						walk_for_oracle};

	assert_int_equal(asid, s->asid);
	for (uint32_t i = 0; i < count; i++) {
		struct pw_oracle_outcome outcome = pw_oracle_mmu_refer(
			&s->oracle, how, asid, page, mapper);

		s->hits += outcome.second_hit;
		s->misses +=
			!outcome.hit && outcome.second && !outcome.second_hit;
	}
}

static void refer(struct subject *s, char how, uint32_t asid, uint64_t page)
{
	uint32_t count = 1 + (uint32_t)below(s, 3);
	struct record record = {.fetch = how == 'F', .write = how == 'W'};

	run_in(s, asid);
	fault(s, asid, page, how == 'W');
	record.count[how == 'F'	  ? PW_REFERENCE_FETCH
		     : how == 'W' ? PW_REFERENCE_STORE
				  : PW_REFERENCE_LOAD] = count;
	refer_fast(s, asid, page, &record);
	refer_slowly(s, how, asid, page, count);
}

/* A record of loads and stores of a page that both were made of just now. */
static void refer_mixed(struct subject *s, uint32_t asid, uint64_t page)
{
	struct record record = {.count = {2, 3, 0}, .write = below(s, 2)};

	refer(s, 'W', asid, page);
	refer(s, 'R', asid, page);
	refer_fast(s, asid, page, &record);
	refer_slowly(s, record.write ? 'W' : 'R', asid, page, 1);
	refer_slowly(s, 'R', asid, page, 2 - !record.write);
	refer_slowly(s, 'W', asid, page, 3 - record.write);
}

/* ---- what is compared ---- */

static void compare(struct subject *s, uint64_t step)
{
	uint64_t first = 0;

	pw_mmu_settle(&s->machine, &s->counters);
	for (size_t i = 0; i < PW_TLB_ARRAYS; i++) {
		for (size_t h = 0; h < PW_TLB_HEIGHTS; h++) {
			const struct pw_tlb_tally *got = &s->counters.tlb[i][h];
			const struct pw_oracle_row *want = &s->oracle.row[i][h];

			if (got->lookups != want->lookups ||
			    got->misses != want->misses ||
			    got->prefetches != want->prefetches)
				fail_msg("seed %ju, step %ju: %s, height %zu: "
					 "%ju %ju %ju, not %ju %ju %ju",
					 (uintmax_t)s->seed, (uintmax_t)step,
					 pw_tlb_array_info(i)->name, h,
					 (uintmax_t)got->lookups,
					 (uintmax_t)got->misses,
					 (uintmax_t)got->prefetches,
					 (uintmax_t)want->lookups,
					 (uintmax_t)want->misses,
					 (uintmax_t)want->prefetches);
			if (i < PW_TLB_ARRAY_stlb)
				first += want->misses;
		}
	}
	assert_int_equal(s->counters.dtlb_misses + s->counters.itlb_misses,
			 first);
	assert_int_equal(s->counters.stlb_hits, s->hits);
	assert_int_equal(s->counters.stlb_misses, s->misses);
	pw_oracle_compare_walks(&s->counters, &s->walked, s->seed, step);
}

/* Unmap some pages in a row, or one large one. */
static void unmap(struct subject *s, uint32_t asid, uint64_t page)
{
	struct region *region = region_at(&s->space[asid], page);
	uint64_t count = 1 + below(s, below(s, 2) ? 4 : 40);

	if (region->large) {
		region->pte = 0;
		if (page % HALF / LARGEST_FIRST != 1 && below(s, 2))
			region->large = false;
		invalidate(s, asid, page, 1);
		return;
	}
	if (page % TABLE + count > TABLE)
		count = TABLE - page % TABLE;
	for (uint64_t i = 0; i < count; i++)
		region->small[page % TABLE + i] = 0;
	invalidate(s, asid, page, count);
}

static void act(struct subject *s)
{
	uint32_t asid = below(s, 6) ? 1 : (uint32_t)below(s, SPACES);
	uint64_t page = pick_page(s);

	switch (below(s, 60)) {
	case 0:
		unmap(s, asid, page);
		break;
	case 1:
		invalidate(s, asid, page, 1 + below(s, 200));
		break;
	case 2:
		forget(s);
		if (below(s, 4) == 0) {
			pw_mmu_flush(&s->mmu);
			pw_oracle_mmu_flush(&s->oracle);
			pw_oracle_walks_flush(&s->walker);
		} else {
			pw_mmu_flush_space(&s->mmu, asid);
			pw_oracle_mmu_flush_space(&s->oracle, asid);
			pw_oracle_walks_invalidate(
				&s->walker, &s->oracle.tlb[PW_ORACLE_STLB],
				asid, 0, 2 * HALF);
		}
		break;
	case 3:
		invalidate(s, asid, HALF - 20 + below(s, 40), 1 + below(s, 40));
		break;
	default:
		if (below(s, 6) == 0)
			refer_mixed(s, asid, page);
		else
			refer(s, "RRWF"[below(s, 4)], asid, page);
		/* Often the same large page again. */
		if (below(s, 3) == 0)
			refer(s, "RWF"[below(s, 3)], asid,
			      page - page % TABLE + below(s, TABLE));
		break;
	}
}

static void every_core_does_what_its_oracle_does(void **state)
{
	uint64_t first = pw_oracle_first_seed();
	uint64_t seeds = pw_oracle_seeds(300);

	(void)state;
	for (uint64_t i = 0; i < seeds; i++) {
		struct subject s;

		open_subject(&s, first + i);
		for (uint64_t j = 0; j < STEPS; j++) {
			act(&s);
			if (j % 50 == 49)
				compare(&s, j);
		}
		close_subject(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_core_does_what_its_oracle_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
