/*
 * oracle_space.c - pages and mappings of one process in plain arrays.
 *
 * Source: replay/MODEL.md, "Page tables" and "Address space".
 */
#include "tests/oracle/oracle_space.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/bits.h"
#include "tests/oracle/oracle_tables.h"

/* Shared memory learns that it was written to when it is unmapped. */
static void tell_written(const struct pw_oracle_page *page)
{
	if (page->shmem && page->frame == PW_ORACLE_WRITTEN)
		page->phys->dirty = true;
}

void pw_oracle_space_clear(struct pw_oracle_space *space)
{
	for (size_t i = 0; i < space->pages; i++) {
		tell_written(&space->page[i]);
		pw_oracle_phys_unmap(space->page[i].phys);
	}
	free(space->page);
	free(space->mapping);
	free(space->guard);
	free(space->table);
	*space = (struct pw_oracle_space){.users = space->users,
					  .shape = space->shape};
}

unsigned pw_oracle_order(const struct pw_oracle_shape *shape, unsigned height)
{
	unsigned order = 0;

	for (unsigned h = 0; h < height; h++)
		order += shape->bits[h];
	return order;
}

uint64_t pw_oracle_pages(const struct pw_oracle_shape *shape)
{
	return (uint64_t)1 << (57 - shape->page_shift);
}

struct pw_oracle_page *pw_oracle_page_at(const struct pw_oracle_space *space,
					 uint64_t page)
{
	for (size_t i = 0; i < space->pages; i++) {
		struct pw_oracle_page *p = &space->page[i];
		unsigned order = pw_oracle_order(space->shape, p->height);

		if (p->page >> order == page >> order)
			return p;
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

/*
 * How many different values the numbers of pages mapped at @height or below
 * have above @shift bits; they go to *out, in order, unless that is NULL.
 */
static uint64_t count_prefixes(const struct pw_oracle_space *space,
			       unsigned height, unsigned shift, uint64_t **out)
{
	uint64_t *prefix = calloc(space->pages + 1, sizeof(*prefix));
	uint64_t count = 0, distinct = 0;

	PW_ASSERT(prefix);
	for (size_t i = 0; i < space->pages; i++) {
		if (space->page[i].height <= height)
			prefix[count++] = space->page[i].page >> shift;
	}
	for (uint64_t i = 0; i < count; i++) {
		if (i == 0 || prefix[i] != prefix[i - 1])
			prefix[distinct++] = prefix[i];
	}
	if (out)
		*out = prefix;
	else
		free(prefix);
	return distinct;
}

static void note_lines(struct pw_oracle_space *space)
{
	uint64_t lines = count_prefixes(space, 0, 3, NULL);

	if (lines > space->most_lines)
		space->most_lines = lines;
}

/* Places for lines: twice as many as there ever were, a power of two. */
static uint64_t hash_places(const struct pw_oracle_space *space)
{
	uint64_t places = 64;

	while (places < 2 * space->most_lines)
		places *= 2;
	return places;
}

/* Put @line where its hash says, or behind; who is farther off goes first. */
static void hash_line(uint64_t *at, uint64_t places, uint64_t line)
{
	uint64_t i = pw_mix64(line) % places;

	while (at[i]) {
		uint64_t here = at[i];
		uint64_t off = (i - pw_mix64(line)) % places;
		uint64_t here_off = (i - pw_mix64(here)) % places;

		if (here_off < off || (here_off == off && line < here)) {
			at[i] = line;
			line = here;
		}
		i = (i + 1) % places;
	}
	at[i] = line;
}

uint64_t pw_oracle_probes(const struct pw_oracle_space *space, uint64_t page)
{
	uint64_t places = hash_places(space);
	uint64_t *at = calloc(places, sizeof(*at)), *line;
	uint64_t lines = count_prefixes(space, 0, 3, &line);
	uint64_t wanted = (page >> 3) + 1, probes = 1;

	PW_ASSERT(at);
	for (uint64_t i = 0; i < lines; i++)
		hash_line(at, places, line[i] + 1);
	while (at[(pw_mix64(wanted) + probes - 1) % places] != wanted)
		probes++;
	free(at);
	free(line);
	return probes;
}

unsigned pw_oracle_counted(const struct pw_oracle_shape *shape)
{
	return shape->hashed ? 1 : shape->levels - 1;
}

void pw_oracle_page_add(struct pw_oracle_space *space, uint64_t page,
			unsigned height, enum pw_oracle_frame frame,
			struct pw_oracle_phys *phys)
{
	size_t at = space->pages;

	PW_ASSERT(!pw_oracle_page_at(space, page));
	if (space->pages == space->page_room) {
		space->page_room = space->page_room * 2 + 64;
		space->page = realloc(space->page,
				      space->page_room * sizeof(*space->page));
		PW_ASSERT(space->page);
	}
	while (at > 0 && space->page[at - 1].page > page)
		at--;
	memmove(&space->page[at + 1], &space->page[at],
		(space->pages++ - at) * sizeof(*space->page));
	space->page[at] = (struct pw_oracle_page){
		.page = page, .height = height, .frame = frame, .phys = phys};
	if (pw_oracle_mapping_at(space, page))
		space->page[at].hugetlb =
			pw_oracle_mapping_at(space, page)->hugetlb != 0;
	pw_oracle_phys_map(phys);
	pw_oracle_tables_need(space, page, height);
	if (space->shape->hashed)
		note_lines(space);
}

void pw_oracle_page_remove(struct pw_oracle_space *space, uint64_t page)
{
	struct pw_oracle_page *found = pw_oracle_page_at(space, page);

	PW_ASSERT(found);
	tell_written(found);
	pw_oracle_phys_unmap(found->phys);
	memmove(found, found + 1,
		(size_t)(&space->page[--space->pages] - found) *
			sizeof(*found));
	if (space->pages == 0)
		space->most_lines = 0;
}

void pw_oracle_page_turn(struct pw_oracle_page *page,
			 enum pw_oracle_frame frame,
			 struct pw_oracle_phys *phys)
{
	struct pw_oracle_phys *before = page->phys;

	page->frame = frame;
	page->phys = phys;
	page->old = page->clean = page->shmem = false;
	pw_oracle_phys_map(phys);
	pw_oracle_phys_unmap(before);
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
	upper.offset += (page - m->first) << space->shape->page_shift;
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

bool pw_oracle_guard_at(const struct pw_oracle_space *space, uint64_t page)
{
	for (size_t i = 0; i < space->guards; i++)
		if (space->guard[i] == page)
			return true;
	return false;
}

void pw_oracle_guard_set(struct pw_oracle_space *space, uint64_t page,
			 bool guard)
{
	for (size_t i = 0; i < space->guards && !guard; i++)
		if (space->guard[i] == page)
			space->guard[i] = space->guard[--space->guards];
	if (!guard || pw_oracle_guard_at(space, page))
		return;
	if (space->guards == space->guard_room) {
		space->guard_room = space->guard_room * 2 + 16;
		space->guard =
			realloc(space->guard,
				space->guard_room * sizeof(*space->guard));
		PW_ASSERT(space->guard);
	}
	space->guard[space->guards++] = page;
	pw_oracle_tables_need(space, page, 0);
}

/* Whether @page counts as one of @kind. */
static bool is_resident(const struct pw_oracle_page *page,
			enum pw_oracle_rss kind)
{
	if (page->frame == PW_ORACLE_ZERO)
		return false;
	if (page->hugetlb || kind == PW_ORACLE_APART)
		return page->hugetlb && kind == PW_ORACLE_APART;
	if (page->frame == PW_ORACLE_OWN || page->frame == PW_ORACLE_FORKED)
		return kind == PW_ORACLE_ANON;
	return kind == (page->shmem ? PW_ORACLE_SHMEM : PW_ORACLE_FILE);
}

uint64_t pw_oracle_resident(const struct pw_oracle_space *space,
			    enum pw_oracle_rss kind)
{
	uint64_t resident = 0;

	for (size_t i = 0; i < space->pages; i++) {
		const struct pw_oracle_page *page = &space->page[i];

		resident += (uint64_t)is_resident(page, kind)
			    << pw_oracle_order(space->shape, page->height);
	}
	return resident;
}

void pw_oracle_add_use(const struct pw_oracle_space *space,
		       struct pw_oracle_use *use)
{
	const struct pw_oracle_shape *shape = space->shape;

	for (unsigned h = 0; space->pages && h < shape->levels; h++) {
		unsigned order = pw_oracle_order(shape, h);
		unsigned bits = shape->bits[h];
		uint64_t tables = count_prefixes(space, h, order + bits, NULL);

		use[h].tables += tables;
		use[h].bytes += shape->hashed ? hash_places(space) * 64
					      : tables * 8 << bits;
		use[h].entries += count_prefixes(space, h, order, NULL);
		use[h].lines += count_prefixes(
			space, h, order + (bits < 3 ? bits : 3), NULL);
	}
}
