/*
 * test_mmu_exact.c - the TLBs of a core equal their oracle, page sizes mixed.
 *
 * Random TLBs of all kinds; pages of 4 KiB, 2 MiB and 1 GiB of some spaces, in
 * both halves of the addresses, are mapped, referred to, changed and removed.
 * The MMU gets records and is spared what its filter knows; the oracle gets
 * every reference.
 *
 * PW_SEEDS is the number of random machines, PW_SEED the first one.
 */
#include "tests/support/pw_test.h"

#include "base/arena.h"
#include "base/random.h"
#include "replay/mmu.h"
#include "tests/oracle/oracle_seeds.h"
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
	struct pw_oracle_mmu oracle;
	struct space *space;   /* SPACES of them */
	uint64_t hits, misses; /* the second level's, by the oracle */
	uint64_t walks;
	bool crowded; /* few pages, so that they meet again */
	bool alike;   /* most pages are mapped alike, so that they group */
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

static bool find_for_oracle(void *table, uint64_t page,
			    struct pw_oracle_mapping_entry *entry)
{
	struct pw_leaf leaf;

	if (page >= 2 * HALF || !find(table, page, &leaf))
		return false;
	entry->height = leaf.height;
	entry->flags = leaf.pte;
	entry->zero = leaf.pte & PW_PTE_ZERO;
	return true;
}

static const struct pw_page_table_ops table_ops = {.find = find};

/* ---- one machine ---- */

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
	pw_random_tlbs(&s->random, &s->machine, &s->twin);
	PW_TEST_OK(pw_arena_open(&s->arena, 0, &err), &err);
	s->space = pw_arena_alloc(s->arena, SPACES, sizeof(*s->space));
	assert_non_null(s->space);
	for (size_t i = 0; i < SPACES; i++)
		for (size_t j = 0; j < 2 * (size_t)REGIONS; j++)
			s->space[i].region[j / REGIONS][j % REGIONS].large =
				j % REGIONS == REGIONS - 1 || below(s, 2);
	PW_TEST_OK(
		pw_mmu_make(&s->mmu, &s->machine, &s->counters, s->arena, &err),
		&err);
	pw_oracle_mmu_init(&s->oracle, &s->twin);
}

static void close_subject(struct subject *s)
{
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

static void invalidate(struct subject *s, uint32_t asid, uint64_t first,
		       uint64_t count)
{
	pw_mmu_invalidate(&s->mmu, asid, first, count);
	for (uint64_t i = 0; i < count; i++)
		pw_oracle_mmu_invalidate(&s->oracle, asid, first + i);
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

static void refer_fast(struct subject *s, enum pw_tlb_side side, uint32_t asid,
		       uint64_t page, bool write,
		       const struct pw_mmu_record *record)
{
	struct pw_reference reference = {.page = page, .asid = asid};

	s->counters.reference_data += record->loads + record->stores;
	s->counters.reference_store += record->stores;
	s->counters.reference_instruction += record->fetches;
	if (pw_mmu_is_recent(&s->mmu, side, asid, page, write) ||
	    pw_mmu_is_recent_large(&s->mmu, side, asid, page, write, record))
		return;
	assert_true(find(&s->space[asid], page, &reference.leaf));
	pw_mmu_refer(&s->mmu, side, &reference, record);
}

static void refer_slowly(struct subject *s, char how, uint32_t asid,
			 uint64_t page, uint32_t count)
{
	const struct pw_oracle_mapper mapper = {&s->space[asid],
						find_for_oracle};

	for (uint32_t i = 0; i < count; i++) {
		struct pw_oracle_outcome outcome = pw_oracle_mmu_refer(
			&s->oracle, how, asid, page, mapper);

		s->hits += outcome.second_hit;
		s->misses +=
			!outcome.hit && outcome.second && !outcome.second_hit;
		s->walks += !outcome.hit && !outcome.second_hit;
	}
}

static void refer(struct subject *s, char how, uint32_t asid, uint64_t page)
{
	struct pw_mmu_record record = {0};
	uint32_t count = 1 + (uint32_t)below(s, 3);
	enum pw_tlb_side side;

	fault(s, asid, page, how == 'W');
	side = pw_mmu_side_of(&s->mmu, how == 'F', how == 'W');
	pw_mmu_map(&s->mmu, &table_ops, &s->space[asid]);
	*(how == 'F'   ? &record.fetches
	  : how == 'W' ? &record.stores
		       : &record.loads) = count;
	refer_fast(s, side, asid, page, how == 'W', &record);
	refer_slowly(s, how, asid, page, count);
}

/* A record of loads and stores of a page that both were made of just now. */
static void refer_mixed(struct subject *s, uint32_t asid, uint64_t page)
{
	struct pw_mmu_record record = {.loads = 2, .stores = 3};
	bool write = below(s, 2);

	refer(s, 'W', asid, page);
	refer(s, 'R', asid, page);
	refer_fast(s, pw_mmu_side_of(&s->mmu, false, write), asid, page, write,
		   &record);
	refer_slowly(s, write ? 'W' : 'R', asid, page, 1);
	refer_slowly(s, 'R', asid, page, 2 - !write);
	refer_slowly(s, 'W', asid, page, 3 - write);
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
	assert_int_equal(s->counters.walk_count, s->walks);
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
		if (below(s, 4) == 0) {
			pw_mmu_flush(&s->mmu);
			pw_oracle_mmu_flush(&s->oracle);
		} else {
			pw_mmu_flush_space(&s->mmu, asid);
			pw_oracle_mmu_flush_space(&s->oracle, asid);
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
