/*
 * oracle_space.c - pages and mappings of one process in plain arrays.
 *
 * Source: replay/MODEL.md, "Page tables" and "Address space".
 */
#include "tests/oracle/oracle_space.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/bits.h"

void pw_oracle_space_clear(struct pw_oracle_space *space)
{
	free(space->page);
	free(space->mapping);
	*space = (struct pw_oracle_space){.users = space->users};
}

struct pw_oracle_page *pw_oracle_page_at(const struct pw_oracle_space *space,
					 uint64_t page)
{
	for (size_t i = 0; i < space->pages; i++) {
		if (space->page[i].page == page)
			return &space->page[i];
	}
	return NULL;
}

struct pw_oracle_mapping *
pw_oracle_mapping_at(const struct pw_oracle_space *space, uint64_t page)
{
	for (size_t i = 0; i < space->mappings; i++) {
		struct pw_oracle_mapping *m = &space->mapping[i];

		if (m->first <= page && page < m->end)
			return m;
	}
	return NULL;
}

void pw_oracle_page_add(struct pw_oracle_space *space, uint64_t page,
			enum pw_oracle_frame frame)
{
	PW_ASSERT(!pw_oracle_page_at(space, page));
	if (space->pages == space->page_room) {
		space->page_room = space->page_room * 2 + 64;
		space->page = realloc(space->page,
				      space->page_room * sizeof(*space->page));
		PW_ASSERT(space->page);
	}
	space->page[space->pages].page = page;
	space->page[space->pages].frame = frame;
	space->pages++;
}

void pw_oracle_page_remove(struct pw_oracle_space *space, uint64_t page)
{
	struct pw_oracle_page *found = pw_oracle_page_at(space, page);

	PW_ASSERT(found);
	*found = space->page[--space->pages];
}

void pw_oracle_mapping_add(struct pw_oracle_space *space,
			   struct pw_oracle_mapping mapping)
{
	PW_ASSERT(mapping.first < mapping.end);
	for (size_t i = 0; i < space->mappings; i++)
		PW_ASSERT(space->mapping[i].end <= mapping.first ||
			  mapping.end <= space->mapping[i].first);
	if (space->mappings == space->mapping_room) {
		space->mapping_room = space->mapping_room * 2 + 16;
		space->mapping =
			realloc(space->mapping,
				space->mapping_room * sizeof(*space->mapping));
		PW_ASSERT(space->mapping);
	}
	space->mapping[space->mappings++] = mapping;
}

void pw_oracle_cut(struct pw_oracle_space *space, uint64_t page)
{
	struct pw_oracle_mapping *m = pw_oracle_mapping_at(space, page);
	struct pw_oracle_mapping upper;

	if (!m || m->first == page)
		return;
	upper = *m;
	upper.first = page;
	upper.offset += (page - m->first) * PW_PAGE_BYTES;
	m->end = page;
	pw_oracle_mapping_add(space, upper);
}

void pw_oracle_unmap(struct pw_oracle_space *space, uint64_t first,
		     uint64_t end)
{
	size_t i = 0;

	if (first == end)
		return;
	pw_oracle_cut(space, first);
	pw_oracle_cut(space, end);
	while (i < space->mappings) {
		struct pw_oracle_mapping *m = &space->mapping[i];

		if (m->first >= first && m->end <= end)
			*m = space->mapping[--space->mappings];
		else
			i++;
	}
}

uint64_t pw_oracle_resident(const struct pw_oracle_space *space)
{
	uint64_t resident = 0;

	for (size_t i = 0; i < space->pages; i++)
		resident += space->page[i].frame != PW_ORACLE_ZERO;
	return resident;
}

/* How many different values the page numbers have above @shift bits. */
static uint64_t count_prefixes(const struct pw_oracle_space *space,
			       unsigned shift)
{
	uint64_t *seen = calloc(space->pages + 1, sizeof(*seen));
	uint64_t distinct = 0;

	PW_ASSERT(seen);
	for (size_t i = 0; i < space->pages; i++) {
		uint64_t prefix = space->page[i].page >> shift;
		uint64_t j = 0;

		while (j < distinct && seen[j] != prefix)
			j++;
		if (j == distinct)
			seen[distinct++] = prefix;
	}
	free(seen);
	return distinct;
}

uint64_t pw_oracle_tables(const struct pw_oracle_space *space)
{
	return count_prefixes(space, 9) + count_prefixes(space, 18) +
	       count_prefixes(space, 27);
}
