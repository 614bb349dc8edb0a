/*
 * pagemap_text.c - which page of a process is in which frame, as text.
 */
#include "replay/views/pagemap_text.h"

#include "base/assert.h"
#include "replay/memory/cache.h"
#include "replay/memory/pages.h"

enum word {
	PRESENT = 1,
	ZERO = 2,
	FILE_PAGE = 4,
	EXCLUSIVE = 8,
	CACHED = 16,
	HEAD = 32,
	TAIL = 64,
};

static const char *const words[] = {" present", " zero", " file", " exclusive",
				    " cached",	" head", " tail"};

/* Pages in a row that are alike. */
struct row {
	struct pw_range pages;
	uint64_t frame; /* of the first one; PW_NO_FRAME: none has one */
	unsigned words; /* 0: nothing is told of them */
};

struct lister {
	struct pw_proc_text *text;
	const struct pw_system *system;
	const struct pw_space *space;
	struct row row;
};

static void end_row(struct lister *lister)
{
	const struct row *row = &lister->row;
	unsigned shift = lister->space->page_shift;
	char frame[24] = "-";
	char said[80];
	size_t used = 0;

	if (!row->words)
		return;
	if (row->words & PRESENT)
		snprintf(frame, sizeof(frame), "%#llx",
			 (unsigned long long)row->frame);
	said[0] = '\0';
	for (size_t i = 0; i < PW_COUNT(words); i++)
		if (row->words & 1U << i)
			used += (size_t)snprintf(said + used,
						 sizeof(said) - used, "%s",
						 words[i]);
	pw_proc_text_put(lister->text, "%llx-%llx %s%s",
			 (unsigned long long)row->pages.first << shift,
			 (unsigned long long)row->pages.end << shift, frame,
			 said);
}

static void add(struct lister *lister, const struct row *next)
{
	struct row *row = &lister->row;
	uint64_t pages = row->pages.end - row->pages.first;

	if (row->words == next->words && row->pages.end == next->pages.first &&
	    next->frame == (row->frame ? row->frame + pages : PW_NO_FRAME)) {
		row->pages.end = next->pages.end;
		return;
	}
	end_row(lister);
	*row = *next;
}

/* What the page cache says of @page, if @mapping is one of a file. */
static unsigned look_cached(const struct lister *lister,
			    const struct pw_mapping *mapping, uint64_t page)
{
	const struct pw_object *object;
	struct pw_cached found;
	uint64_t index;

	if (mapping->object == PW_NO_OBJECT)
		return 0;
	object = pw_object_at(&lister->system->objects, mapping->object);
	index = pw_cache_index(lister->space, mapping, page);
	if (object->bytes && /* unknown, or nothing is cached */
	    index > (object->bytes - 1) >> lister->space->page_shift)
		return 0;
	found = pw_cache_look(lister->system, mapping->object, index);
	if (!found.there)
		return 0;
	if (found.order == 0)
		return CACHED;
	return CACHED |
	       (index >> found.order << found.order == index ? HEAD : TAIL);
}

static void add_absent(struct lister *lister, const struct pw_mapping *mapping,
		       struct pw_range range)
{
	if (mapping->object == PW_NO_OBJECT)
		return;
	for (uint64_t page = range.first; page < range.end; page++) {
		const struct row row = {
			.pages = {page, page + 1},
			.words = look_cached(lister, mapping, page),
		};

		add(lister, &row);
	}
}

static void add_leaf(struct lister *lister, const struct pw_mapping *mapping,
		     const struct pw_leaf *leaf, struct pw_range range)
{
	uint32_t frame = pw_pte_frame(leaf->pte);
	struct row row = {.pages = range, .words = PRESENT};

	if (leaf->pte & PW_PTE_ZERO)
		row.words |= ZERO;
	if (frame) {
		row.frame = frame + (range.first - leaf->first);
		if (pw_frame_at(&lister->system->memory, frame)->maps == 1)
			row.words |= EXCLUSIVE;
	}
	if (leaf->pte & PW_PTE_FILE) {
		row.words |=
			FILE_PAGE | look_cached(lister, mapping, range.first);
	}
	add(lister, &row);
}

static void add_mapping(struct lister *lister, const struct pw_mapping *mapping,
			struct pw_range range)
{
	const struct pw_space *space = lister->space;
	struct pw_leaf leaf;
	uint64_t page;

	while (range.first < range.end &&
	       space->table_ops->next(space->table, range.first, range.end,
				      &page, &leaf)) {
		struct pw_range part = {range.first, range.end};
		uint64_t end = pw_pages_end(lister->system, &leaf);

		if (leaf.first > part.first)
			part.first = leaf.first;
		if (end < part.end)
			part.end = end;
		add_absent(lister, mapping,
			   (struct pw_range){range.first, part.first});
		if (leaf.pte & PW_PTE_GUARD)
			add_absent(lister, mapping, part);
		else
			add_leaf(lister, mapping, &leaf, part);
		PW_ASSERT(part.end > range.first);
		range.first = part.end;
	}
	add_absent(lister, mapping, range);
}

void pw_pagemap_text(struct pw_proc_text *text, const struct pw_system *system,
		     const struct pw_space *space)
{
	struct lister lister = {.text = text, .system = system, .space = space};
	struct pw_range extent = {0, 0};
	const struct pw_mapping *mapping;

	while ((mapping = pw_space_next(space, extent.end, &extent)))
		add_mapping(&lister, mapping, extent);
	end_row(&lister);
}
