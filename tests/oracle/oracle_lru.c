/*
 * oracle_lru.c - stack distances and working sets from their definitions.
 *
 * Source: Mattson et al., IBM Systems Journal 9(2), 1970; Denning, "The
 *         working set model for program behavior", CACM 11(5), 1968.
 */
#include "tests/oracle/oracle_lru.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

static bool same(struct pw_oracle_place a, struct pw_oracle_place b)
{
	return a.space == b.space && a.page == b.page;
}

static void add(struct pw_oracle_references *references,
		struct pw_oracle_place place, bool fetch)
{
	if (references->count == references->room) {
		references->room = references->room * 2 + 256;
		references->item =
			realloc(references->item,
				references->room * sizeof(*references->item));
		PW_ASSERT(references->item);
	}
	references->item[references->count].place = place;
	references->item[references->count].fetch = fetch;
	references->count++;
}

void pw_oracle_refer(struct pw_oracle_references *references, uint64_t space,
		     const struct pw_accesses *accesses, uint64_t page_bytes)
{
	for (size_t i = 0; i < accesses->count; i++) {
		uint64_t address = accesses->address[i];
		uint64_t bytes = accesses->size_bytes[i];
		uint64_t last = address + (bytes ? bytes - 1 : 0);

		if (last < address)
			last = UINT64_MAX;
		for (uint64_t page = address / page_bytes;
		     page <= last / page_bytes; page++)
			add(references, (struct pw_oracle_place){space, page},
			    accesses->kind[i] & PW_ACCESS_FETCH);
	}
}

void pw_oracle_keep_side(struct pw_oracle_references *references, bool fetch)
{
	size_t kept = 0;

	for (size_t i = 0; i < references->count; i++) {
		if (references->item[i].fetch == fetch)
			references->item[kept++] = references->item[i];
	}
	references->count = kept;
}

void pw_oracle_references_free(struct pw_oracle_references *references)
{
	free(references->item);
	*references = (struct pw_oracle_references){0};
}

void pw_oracle_lru_refer(struct pw_oracle_lru *lru,
			 struct pw_oracle_place place)
{
	size_t depth = 0; /* pages above it */

	if (lru->pages == lru->room) {
		lru->room = lru->room * 2 + 256;
		lru->stack =
			realloc(lru->stack, lru->room * sizeof(*lru->stack));
		lru->hits = realloc(lru->hits,
				    (lru->room + 1) * sizeof(*lru->hits));
		PW_ASSERT(lru->stack && lru->hits);
	}
	lru->references++;
	while (depth < lru->pages && !same(lru->stack[depth], place))
		depth++;
	if (depth < lru->pages) {
		lru->hits[depth + 1]++;
	} else {
		lru->pages++;
		lru->hits[lru->pages] = 0;
	}
	memmove(lru->stack + 1, lru->stack, depth * sizeof(*lru->stack));
	lru->stack[0] = place;
}

uint64_t pw_oracle_lru_misses(const struct pw_oracle_lru *lru, uint64_t pages)
{
	uint64_t misses = lru->references;

	for (uint64_t depth = 1; depth <= pages && depth <= lru->pages; depth++)
		misses -= lru->hits[depth];
	return misses;
}

void pw_oracle_lru_free(struct pw_oracle_lru *lru)
{
	free(lru->stack);
	free(lru->hits);
	*lru = (struct pw_oracle_lru){0};
}

uint64_t pw_oracle_distinct(const struct pw_oracle_references *references,
			    size_t first, size_t end)
{
	struct pw_oracle_place *seen = calloc(end - first + 1, sizeof(*seen));
	uint64_t distinct = 0;

	PW_ASSERT(seen);
	PW_ASSERT(end <= references->count);
	for (size_t i = first; i < end; i++) {
		uint64_t j = 0;

		while (j < distinct &&
		       !same(seen[j], references->item[i].place))
			j++;
		if (j == distinct)
			seen[distinct++] = references->item[i].place;
	}
	free(seen);
	return distinct;
}

uint64_t pw_oracle_working_set(const struct pw_oracle_references *references,
			       uint64_t window)
{
	uint64_t sum = 0;

	for (size_t end = 1; end <= references->count; end++) {
		size_t first = end > window ? end - window : 0;

		sum += pw_oracle_distinct(references, first, end);
	}
	return sum;
}
