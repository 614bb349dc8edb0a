/*
 * oracle_tlb.c - set-associative LRU by searching all entries.
 *
 * Source: replay/MODEL.md, "TLBs".
 */
#include "tests/oracle/oracle_tlb.h"

#include <stdlib.h>

#include "base/assert.h"

void pw_oracle_tlb_init(struct pw_oracle_tlb *tlb,
			struct pw_oracle_geometry geometry)
{
	tlb->geometry = geometry;
	tlb->now = 0;
	tlb->entry = NULL;
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

bool pw_oracle_tlb_hit(struct pw_oracle_tlb *tlb, uint64_t page)
{
	struct pw_oracle_entry *entry = find(tlb, page);

	if (!entry)
		return false;
	entry->used = ++tlb->now;
	return true;
}

/* The entry to give up for @page: the oldest of its set when that is full. */
static struct pw_oracle_entry *choose(const struct pw_oracle_tlb *tlb,
				      uint64_t page)
{
	uint64_t sets = tlb->geometry.entries / tlb->geometry.ways;
	struct pw_oracle_entry *unused = NULL, *oldest = NULL;
	uint64_t members = 0;

	for (uint64_t i = 0; i < tlb->geometry.entries; i++) {
		struct pw_oracle_entry *entry = &tlb->entry[i];

		if (!entry->valid) {
			unused = entry;
			continue;
		}
		if (entry->page % sets != page % sets)
			continue;
		members++;
		if (!oldest || entry->used < oldest->used)
			oldest = entry;
	}
	PW_ASSERT(members <= tlb->geometry.ways);
	return members == tlb->geometry.ways ? oldest : unused;
}

void pw_oracle_tlb_fill(struct pw_oracle_tlb *tlb, uint64_t page)
{
	struct pw_oracle_entry *entry;

	if (tlb->geometry.entries == 0)
		return;
	PW_ASSERT(!find(tlb, page));
	entry = choose(tlb, page);
	PW_ASSERT(entry);
	entry->valid = true;
	entry->page = page;
	entry->used = ++tlb->now;
}

void pw_oracle_tlb_invalidate(struct pw_oracle_tlb *tlb, uint64_t page)
{
	struct pw_oracle_entry *entry = find(tlb, page);

	if (entry)
		entry->valid = false;
}

void pw_oracle_tlb_flush(struct pw_oracle_tlb *tlb)
{
	for (uint64_t i = 0; i < tlb->geometry.entries; i++)
		tlb->entry[i].valid = false;
}
