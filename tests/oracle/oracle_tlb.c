/*
 * oracle_tlb.c - TLBs by searching all entries.
 *
 * Source: replay/MODEL.md, "TLBs".
 */
#include "tests/oracle/oracle_tlb.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define NUMBERS ((uint64_t)1 << 45)

void pw_oracle_tlb_init(struct pw_oracle_tlb *tlb,
			struct pw_oracle_geometry geometry)
{
	tlb->geometry = geometry;
	tlb->now = 0;
	tlb->entry = NULL;
	pw_random_seed(&tlb->random, geometry.seed);
	if (geometry.entries == 0)
		return;
	PW_ASSERT(geometry.ways > 0);
	PW_ASSERT(geometry.entries % geometry.ways == 0);
	tlb->entry = calloc(geometry.entries, sizeof(*tlb->entry));
	PW_ASSERT(tlb->entry);
}

void pw_oracle_tlb_free(struct pw_oracle_tlb *tlb)
{
	free(tlb->entry);
	tlb->entry = NULL;
}

static struct pw_oracle_entry *find(const struct pw_oracle_tlb *tlb,
				    uint64_t page)
{
	for (uint64_t i = 0; i < tlb->geometry.entries; i++) {
		if (tlb->entry[i].valid && tlb->entry[i].page == page)
			return &tlb->entry[i];
	}
	return NULL;
}

/* The first entry of the set of @page. */
static struct pw_oracle_entry *set_of(const struct pw_oracle_tlb *tlb,
				      uint64_t page)
{
	uint64_t sets = tlb->geometry.entries / tlb->geometry.ways;
	uint64_t number = page % NUMBERS;
	uint64_t set = number % sets;

	if (tlb->geometry.folded)
		set ^= number / sets % sets;
	return &tlb->entry[set * tlb->geometry.ways];
}

static void use(struct pw_oracle_tlb *tlb, struct pw_oracle_entry *entry)
{
	struct pw_oracle_entry *set = set_of(tlb, entry->page);
	uint64_t marked = 0;

	entry->used = ++tlb->now;
	entry->marked = true;
	for (uint64_t i = 0; i < tlb->geometry.ways; i++)
		marked += set[i].marked;
	for (uint64_t i = 0; i < tlb->geometry.ways; i++)
		if (marked == tlb->geometry.ways && &set[i] != entry)
			set[i].marked = false;
}

bool pw_oracle_tlb_holds(const struct pw_oracle_tlb *tlb, uint64_t page)
{
	return find(tlb, page) != NULL;
}

bool pw_oracle_tlb_hit(struct pw_oracle_tlb *tlb, uint64_t page)
{
	struct pw_oracle_entry *entry = find(tlb, page);

	if (entry)
		use(tlb, entry);
	return entry != NULL;
}

static struct pw_oracle_entry *oldest(struct pw_oracle_entry *set,
				      uint64_t ways, bool by_fill)
{
	struct pw_oracle_entry *found = &set[0];

	for (uint64_t i = 1; i < ways; i++) {
		if (by_fill ? set[i].filled < found->filled
			    : set[i].used < found->used)
			found = &set[i];
	}
	return found;
}

/* When a way of [first, first + count) was used last, of those there are. */
static uint64_t last_use(const struct pw_oracle_entry *set, uint64_t ways,
			 uint64_t first, uint64_t count)
{
	uint64_t last = 0;

	for (uint64_t i = first; i < first + count && i < ways; i++)
		if (set[i].used > last)
			last = set[i].used;
	return last;
}

/* Halve the ways until one is left: to where the last use was not. */
static struct pw_oracle_entry *by_tree(struct pw_oracle_entry *set,
				       uint64_t ways)
{
	uint64_t first = 0, count = 1;

	while (count < ways)
		count *= 2;
	while (count > 1) {
		count /= 2;
		if (first + count < ways &&
		    last_use(set, ways, first, count) >
			    last_use(set, ways, first + count, count))
			first += count;
	}
	return &set[first];
}

static struct pw_oracle_entry *choose(struct pw_oracle_tlb *tlb,
				      struct pw_oracle_entry *set)
{
	uint64_t ways = tlb->geometry.ways;

	switch (tlb->geometry.policy) {
	case PW_ORACLE_LRU:
		return oldest(set, ways, false);
	case PW_ORACLE_FIFO:
		return oldest(set, ways, true);
	case PW_ORACLE_RANDOM:
		return &set[pw_random_below(&tlb->random, ways)];
	case PW_ORACLE_TREE_PLRU:
		return by_tree(set, ways);
	case PW_ORACLE_BIT_PLRU:
		break;
	}
	for (uint64_t i = 0; i < ways; i++) {
		if (!set[i].marked)
			return &set[i];
	}
	return &set[0];
}

void pw_oracle_tlb_fill(struct pw_oracle_tlb *tlb, uint64_t page)
{
	struct pw_oracle_entry *set;
	struct pw_oracle_entry *entry = NULL;

	if (tlb->geometry.entries == 0)
		return;
	PW_ASSERT(!find(tlb, page));
	set = set_of(tlb, page);
	for (uint64_t i = 0; i < tlb->geometry.ways && !entry; i++)
		if (!set[i].valid)
			entry = &set[i];
	if (!entry)
		entry = choose(tlb, set);
	entry->valid = true;
	entry->page = page;
	use(tlb, entry);
	entry->filled = tlb->now;
}

void pw_oracle_tlb_invalidate(struct pw_oracle_tlb *tlb, uint64_t page)
{
	struct pw_oracle_entry *entry = find(tlb, page);

	if (entry)
		entry->valid = false;
}

void pw_oracle_tlb_flush(struct pw_oracle_tlb *tlb)
{
	uint64_t entries = tlb->geometry.entries;

	tlb->now = 0;
	pw_random_seed(&tlb->random, tlb->geometry.seed);
	if (entries > 0)
		memset(tlb->entry, 0, entries * sizeof(*tlb->entry));
}
