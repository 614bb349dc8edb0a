/*
 * oracle_mmu.c - the TLBs of a core, one reference at a time.
 *
 * Source: replay/MODEL.md, "TLBs".
 */
#include "tests/oracle/oracle_mmu.h"

#include <string.h>

#include "base/assert.h"

/* As tlb_arrays.def lists them. */
enum { L1D = 0, L1S = 3, L1I = 4, STLB = PW_ORACLE_STLB, STLB_I = 10 };

#define GROUP 4
#define RUN 5	/* and 6 */
#define TABLE 7 /* no page, but an entry that points to a table */

/* An entry: what oracle_tlb.c takes as a page. */
static uint64_t entry_of(const struct pw_oracle_mmu *mmu, uint32_t asid,
			 unsigned class, uint64_t number, uint64_t page)
{
	uint64_t space = page >= mmu->machine.upper_half ? 0x7fff : asid;

	return space << 48 | (uint64_t) class << 45 | number;
}

void pw_oracle_mmu_init(struct pw_oracle_mmu *mmu,
			const struct pw_oracle_mmu_machine *machine)
{
	*mmu = (struct pw_oracle_mmu){.machine = *machine};
	for (size_t i = 0; i < PW_ORACLE_ARRAYS; i++)
		pw_oracle_tlb_init(&mmu->tlb[i], machine->array[i].geometry);
}

void pw_oracle_mmu_free(struct pw_oracle_mmu *mmu)
{
	for (size_t i = 0; i < PW_ORACLE_ARRAYS; i++)
		pw_oracle_tlb_free(&mmu->tlb[i]);
}

static bool is_there(const struct pw_oracle_mmu *mmu, int array)
{
	return mmu->machine.array[array].declared;
}

/* How many arrays the base has with it: for larger pages come right after. */
static int family_of(int base)
{
	return base == L1S ? 1 : 3;
}

static bool has_any(const struct pw_oracle_mmu *mmu, int base)
{
	for (int i = 0; i < family_of(base); i++) {
		if (mmu->machine.array[base + i].geometry.entries > 0)
			return true;
	}
	return false;
}

/* The height of the entry for pages mapped at @height in @array. */
static unsigned entry_height(const struct pw_oracle_mmu *mmu, int array,
			     unsigned height)
{
	int largest = mmu->machine.array[array].largest;
	unsigned held = mmu->machine.held[height];

	return largest >= 0 && (unsigned)largest < held ? (unsigned)largest
							: held;
}

static int pick_array(const struct pw_oracle_mmu *mmu, int base,
		      unsigned height, uint64_t page)
{
	const struct pw_oracle_geometry *geometry =
		&mmu->machine.array[base].geometry;
	int picked = base;

	for (int i = 1; i < family_of(base); i++)
		if (is_there(mmu, base + i) &&
		    mmu->machine.held[height] >= (unsigned)i)
			picked = base + i;
	if (entry_height(mmu, picked, height) > 0 || geometry->entries == 0)
		return picked;
	for (int i = 1; i < family_of(base); i++)
		if (mmu->machine.array[base + i].also &&
		    page / (geometry->entries / geometry->ways) % 2 == 1)
			picked = base + i;
	return picked;
}

static uint64_t single_of(const struct pw_oracle_mmu *mmu, int array,
			  uint32_t asid, unsigned height, uint64_t page)
{
	unsigned class = entry_height(mmu, array, height);

	return entry_of(mmu, asid, class, page / mmu->machine.pages[class],
			page);
}

static uint64_t group_of(const struct pw_oracle_mmu *mmu, int array,
			 uint32_t asid, uint64_t page)
{
	return entry_of(mmu, asid, GROUP,
			page / mmu->machine.array[array].coalesce, page);
}

static bool coalesces(const struct pw_oracle_mmu *mmu, int array,
		      unsigned height)
{
	return mmu->machine.array[array].coalesce > 1 &&
	       entry_height(mmu, array, height) == 0;
}

/* Base pages of the run that a page mapped at @height is in; 0: @array holds no
 * such runs. */
static uint64_t run_pages(const struct pw_oracle_mmu *mmu, int array,
			  unsigned height)
{
	const struct pw_oracle_array *a = &mmu->machine.array[array];

	if (!a->runs || height > 1 ||
	    (a->largest >= 0 && (unsigned)a->largest <= height))
		return 0;
	return mmu->machine.run[height];
}

static uint64_t run_of(const struct pw_oracle_mmu *mmu, uint32_t asid,
		       unsigned height, uint64_t page)
{
	return entry_of(mmu, asid, RUN + height,
			page / mmu->machine.run[height], page);
}

static bool hit(struct pw_oracle_mmu *mmu, int array, uint32_t asid,
		unsigned height, uint64_t page)
{
	struct pw_oracle_tlb *tlb = &mmu->tlb[array];

	if (pw_oracle_tlb_hit(tlb, single_of(mmu, array, asid, height, page)))
		return true;
	if (coalesces(mmu, array, height) &&
	    pw_oracle_tlb_hit(tlb, group_of(mmu, array, asid, page)))
		return true;
	return run_pages(mmu, array, height) > 0 &&
	       pw_oracle_tlb_hit(tlb, run_of(mmu, asid, height, page));
}

static bool holds(struct pw_oracle_mmu *mmu, int array, uint32_t asid,
		  unsigned height, uint64_t page)
{
	const struct pw_oracle_tlb *tlb = &mmu->tlb[array];

	return pw_oracle_tlb_holds(tlb,
				   single_of(mmu, array, asid, height, page)) ||
	       (coalesces(mmu, array, height) &&
		pw_oracle_tlb_holds(tlb, group_of(mmu, array, asid, page))) ||
	       (run_pages(mmu, array, height) > 0 &&
		pw_oracle_tlb_holds(tlb, run_of(mmu, asid, height, page)));
}

/* Whether the aligned pages with @page are all mapped alike at @height. */
static bool is_run(uint64_t page, uint64_t pages, uint64_t each,
		   unsigned height, struct pw_oracle_mapper mapper)
{
	struct pw_oracle_mapping_entry first, entry;

	if (!mapper.find(mapper.context, page, &first) || first.zero)
		return false;
	for (uint64_t i = page / pages * pages;
	     i < page / pages * pages + pages; i += each) {
		if (!mapper.find(mapper.context, i, &entry) || entry.zero ||
		    entry.flags != first.flags || entry.height != height)
			return false;
	}
	return true;
}

/* Put the run of @page in, and take out what is a part of it. */
static void fill_run(struct pw_oracle_mmu *mmu, int array, uint32_t asid,
		     unsigned height, uint64_t page)
{
	struct pw_oracle_tlb *tlb = &mmu->tlb[array];
	uint64_t pages = mmu->machine.run[height];
	uint64_t first = page / pages * pages;

	for (uint64_t i = first; i < first + pages; i++) {
		pw_oracle_tlb_invalidate(
			tlb, single_of(mmu, array, asid, height, i));
		if (coalesces(mmu, array, height))
			pw_oracle_tlb_invalidate(tlb,
						 group_of(mmu, array, asid, i));
	}
	pw_oracle_tlb_fill(tlb, run_of(mmu, asid, height, page));
}

/* Whether all pages of the group of @page are mapped alike. */
static bool alike(uint64_t page, unsigned count, struct pw_oracle_mapper mapper)
{
	struct pw_oracle_mapping_entry first, entry;

	if (!mapper.find(mapper.context, page, &first) || first.zero)
		return false;
	for (uint64_t i = page / count * count;
	     i <= page / count * count + count - 1; i++) {
		if (!mapper.find(mapper.context, i, &entry) || entry.zero ||
		    entry.flags != first.flags)
			return false;
	}
	return true;
}

static void fill(struct pw_oracle_mmu *mmu, int array, uint32_t asid,
		 unsigned height, uint64_t page, struct pw_oracle_mapper mapper)
{
	struct pw_oracle_tlb *tlb = &mmu->tlb[array];
	unsigned count = mmu->machine.array[array].coalesce;
	uint64_t pages = run_pages(mmu, array, height);

	if (pages > 0 &&
	    is_run(page, pages, mmu->machine.pages[height], height, mapper)) {
		fill_run(mmu, array, asid, height, page);
		return;
	}
	if (!coalesces(mmu, array, height) || !alike(page, count, mapper)) {
		pw_oracle_tlb_fill(tlb,
				   single_of(mmu, array, asid, height, page));
		return;
	}
	for (uint64_t i = 0; i < count; i++)
		pw_oracle_tlb_invalidate(
			tlb,
			entry_of(mmu, asid, 0, page / count * count + i, page));
	pw_oracle_tlb_fill(tlb, group_of(mmu, array, asid, page));
}

static void prefetch(struct pw_oracle_mmu *mmu, int base, uint32_t asid,
		     unsigned height, uint64_t page,
		     struct pw_oracle_mapper mapper)
{
	uint64_t pages = mmu->machine.pages[height];
	uint64_t next = page / pages * pages + pages;
	struct pw_oracle_mapping_entry entry;
	int array;

	if (next >= 2 * mmu->machine.upper_half ||
	    !mapper.find(mapper.context, next, &entry) ||
	    entry.height != height)
		return;
	array = pick_array(mmu, base, height, next);
	if (mmu->machine.array[array].geometry.entries == 0 ||
	    holds(mmu, array, asid, height, next))
		return;
	fill(mmu, array, asid, height, next, mapper);
	mmu->row[array][entry_height(mmu, array, height)].prefetches++;
}

struct pw_oracle_outcome pw_oracle_mmu_refer(struct pw_oracle_mmu *mmu,
					     char how, uint32_t asid,
					     uint64_t page,
					     struct pw_oracle_mapper mapper)
{
	struct pw_oracle_outcome outcome = {0};
	struct pw_oracle_mapping_entry entry;
	struct pw_oracle_row *row;
	int base = how == 'F' ? L1I : L1D;
	int second = how == 'F' && has_any(mmu, STLB_I) ? STLB_I : STLB;
	int array;

	PW_ASSERT(mapper.find(mapper.context, page, &entry));
	if (how == 'W' && is_there(mmu, L1S))
		base = L1S;
	array = pick_array(mmu, base, entry.height, page);
	row = &mmu->row[array][entry_height(mmu, array, entry.height)];
	row->lookups++;
	outcome.second = has_any(mmu, second);
	outcome.hit = hit(mmu, array, asid, entry.height, page);
	if (outcome.hit)
		return outcome;
	row->misses++;
	if (outcome.second) {
		int below = pick_array(mmu, second, entry.height, page);

		row = &mmu->row[below][entry_height(mmu, below, entry.height)];
		row->lookups++;
		outcome.second_hit = hit(mmu, below, asid, entry.height, page);
		row->misses += !outcome.second_hit;
		if (!outcome.second_hit && mapper.walk)
			mapper.walk(mapper.context, page);
		if (!outcome.second_hit)
			fill(mmu, below, asid, entry.height, page, mapper);
		if (!outcome.second_hit && mmu->machine.prefetch)
			prefetch(mmu, second, asid, entry.height, page, mapper);
	} else if (mapper.walk) {
		mapper.walk(mapper.context, page);
	}
	fill(mmu, array, asid, entry.height, page, mapper);
	return outcome;
}

/* The base pages of the entry @key of @array. */
static uint64_t first_of(const struct pw_oracle_mmu *mmu, int array,
			 uint64_t key, uint64_t *count)
{
	unsigned class = key >> 45 & 7;

	if (class == GROUP)
		*count = mmu->machine.array[array].coalesce;
	else if (class >= RUN)
		*count = mmu->machine.run[class - RUN];
	else
		*count = mmu->machine.pages[class];
	return (key & (((uint64_t)1 << 45) - 1)) * *count;
}

void pw_oracle_mmu_invalidate(struct pw_oracle_mmu *mmu, uint32_t asid,
			      uint64_t first, uint64_t count)
{
	for (int i = 0; i < PW_ORACLE_ARRAYS; i++) {
		struct pw_oracle_tlb *tlb = &mmu->tlb[i];

		for (uint64_t j = 0; j < tlb->geometry.entries; j++) {
			uint64_t key = tlb->entry[j].page;
			uint64_t pages, at;

			/* What walks keep here, they drop. */
			if ((key >> 45 & 7) == TABLE)
				continue;
			at = first_of(mmu, i, key, &pages);
			if (at < first + count && first < at + pages &&
			    (key >> 48 == asid ||
			     at >= mmu->machine.upper_half))
				tlb->entry[j].valid = false;
		}
	}
}

void pw_oracle_mmu_flush_space(struct pw_oracle_mmu *mmu, uint32_t asid)
{
	for (int i = 0; i < PW_ORACLE_ARRAYS; i++) {
		struct pw_oracle_tlb *tlb = &mmu->tlb[i];

		for (uint64_t j = 0; j < tlb->geometry.entries; j++)
			if (tlb->entry[j].page >> 48 == asid)
				tlb->entry[j].valid = false;
	}
}

void pw_oracle_mmu_flush(struct pw_oracle_mmu *mmu)
{
	for (int i = 0; i < PW_ORACLE_ARRAYS; i++)
		pw_oracle_tlb_flush(&mmu->tlb[i]);
}
