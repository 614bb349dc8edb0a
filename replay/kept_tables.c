/*
 * kept_tables.c - which tables the page table of a process has.
 *
 * A set for each height: of the numbers of tables, which are those of their
 * first page, shifted.
 */
#include "replay/kept_tables.h"

#include "base/array.h"
#include "base/assert.h"
#include "base/pagemap.h"

#define FIRST_TABLES 16

/* The pages that a table at @height spans, as a power of two. */
static unsigned span_order(const struct pw_system *system, unsigned height)
{
	return pw_geometry_order(&system->machine->geometry, height + 1);
}

static enum pw_status add(struct pw_space *space, uint64_t number,
			  unsigned height, struct pw_error *err)
{
	struct pw_pagemap **set = &space->kept.set[height];
	enum pw_status st = PW_OK;
	uint64_t *value;
	bool added;

	if (!*set)
		st = pw_pagemap_open(set, FIRST_TABLES, err);
	return st == PW_OK
		       ? pw_pagemap_insert(*set, number, &value, &added, err)
		       : st;
}

enum pw_status pw_kept_tables_need(const struct pw_system *system,
				   struct pw_space *space, uint64_t page,
				   unsigned height, struct pw_error *err)
{
	const struct pw_geometry *geometry = &system->machine->geometry;
	uint64_t leaf = page >> geometry->bits[0];
	enum pw_status st = PW_OK;

	PW_ASSERT(geometry->counted <= PW_LEVELS_MAX);
	if (height == 0 && space->kept.recent == leaf + 1)
		return PW_OK;
	for (unsigned h = height; st == PW_OK && h < geometry->counted; h++)
		st = add(space, page >> span_order(system, h), h, err);
	if (height == 0)
		space->kept.recent = leaf + 1;
	return st;
}

/* ---- tables of a range ---- */

/* The tables at one height with a part of a range. */
struct visit {
	const struct pw_system *system;
	const struct pw_space *space;
	struct pw_range range;
	unsigned height;
	struct pw_array found; /* uint64_t: numbers of tables */
};

static uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Gather the tables at visit->height with a part of visit->range. */
static enum pw_status find(struct visit *visit, struct pw_error *err)
{
	const struct pw_pagemap *set = visit->space->kept.set[visit->height];
	unsigned order = span_order(visit->system, visit->height);
	uint64_t first = visit->range.first >> order;
	uint64_t last = (visit->range.end - 1) >> order;
	uint64_t number, value;
	size_t cursor = 0;
	enum pw_status st = PW_OK;

	visit->found.count = 0;
	if (!set || visit->range.first >= visit->range.end)
		return PW_OK;
	if (last - first < pw_pagemap_count(set)) {
		for (uint64_t n = first; st == PW_OK && n <= last; n++)
			if (pw_pagemap_find(set, n))
				st = pw_array_push(&visit->found, &n, err);
		return st;
	}
	while (st == PW_OK && pw_pagemap_each(set, &cursor, &number, &value))
		if (number >= first && number <= last)
			st = pw_array_push(&visit->found, &number, err);
	return st;
}

static struct pw_range span_of(const struct visit *visit, uint64_t number)
{
	unsigned order = span_order(visit->system, visit->height);

	return (struct pw_range){number << order, min((number + 1) << order,
						      visit->space->page_end)};
}

/* Whether nothing lies in @span: no mapping, and no page outside of one. */
static bool is_bare(const struct pw_space *space, struct pw_range span)
{
	struct pw_range extent;
	struct pw_leaf leaf;
	uint64_t page;

	if (pw_space_next(space, span.first, &extent) &&
	    extent.first < span.end)
		return false;
	return !space->table_ops->next(space->table, span.first, span.end,
				       &page, &leaf);
}

static void let_go(struct pw_space *space, unsigned height, uint64_t number)
{
	(void)pw_pagemap_remove(space->kept.set[height], number);
	space->kept.recent = 0;
}

enum pw_status pw_kept_tables_free(const struct pw_system *system,
				   struct pw_space *space,
				   struct pw_range range, struct pw_error *err)
{
	struct visit visit = {.system = system,
			      .space = space,
			      .range = range,
			      .found = PW_ARRAY(uint64_t)};
	unsigned counted = system->machine->geometry.counted;
	enum pw_status st = PW_OK;

	for (unsigned h = 0; st == PW_OK && h < counted; h++) {
		visit.height = h;
		st = find(&visit, err);
		for (size_t i = 0; st == PW_OK && i < visit.found.count; i++) {
			uint64_t n = PW_ARRAY_AT(&visit.found, uint64_t, i);

			if (is_bare(space, span_of(&visit, n)))
				let_go(space, visit.height, n);
		}
	}
	pw_array_free(&visit.found);
	return st;
}

enum pw_status pw_kept_tables_reclaim(const struct pw_system *system,
				      struct pw_space *space,
				      struct pw_range range,
				      struct pw_error *err)
{
	struct visit visit = {.system = system,
			      .space = space,
			      .range = range,
			      .found = PW_ARRAY(uint64_t)};
	enum pw_status st;

	/* CONFIG_PT_RECLAIM came with 6.14. */
	if (system->machine->kernel < PW_KERNEL_6_18)
		return PW_OK;
	st = find(&visit, err);
	for (size_t i = 0; st == PW_OK && i < visit.found.count; i++) {
		uint64_t n = PW_ARRAY_AT(&visit.found, uint64_t, i);
		struct pw_range span = span_of(&visit, n);
		uint64_t page;
		struct pw_leaf leaf;

		if (span.first >= range.first && span.end <= range.end &&
		    !space->table_ops->next(space->table, span.first, span.end,
					    &page, &leaf))
			let_go(space, visit.height, n);
	}
	pw_array_free(&visit.found);
	return st;
}

enum pw_status pw_kept_tables_copy(const struct pw_system *system,
				   struct pw_space *child,
				   const struct pw_space *parent,
				   struct pw_range range, struct pw_error *err)
{
	struct visit visit = {.system = system,
			      .space = parent,
			      .range = range,
			      .found = PW_ARRAY(uint64_t)};
	unsigned counted = system->machine->geometry.counted;
	enum pw_status st = PW_OK;

	for (unsigned h = 0; st == PW_OK && h < counted; h++) {
		visit.height = h;
		st = find(&visit, err);
		for (size_t i = 0; st == PW_OK && i < visit.found.count; i++)
			st = add(child, PW_ARRAY_AT(&visit.found, uint64_t, i),
				 h, err);
	}
	pw_array_free(&visit.found);
	return st;
}

/*
 * Move what the leaf table @number has of visit->range by @shift pages, a part
 * of a table there after the other.
 */
static enum pw_status move_table(const struct visit *visit,
				 struct pw_space *space, uint64_t number,
				 uint64_t shift, struct pw_error *err)
{
	struct pw_range span = span_of(visit, number);
	uint64_t pages = (uint64_t)1 << span_order(visit->system, 0);
	uint64_t at = span.first;
	enum pw_status st = PW_OK;

	if (at < visit->range.first)
		at = visit->range.first;
	span.end = min(span.end, visit->range.end);
	/* The whole table is handed on. */
	if (span.end - at == pages && (at + shift) % pages == 0)
		let_go(space, 0, number);
	while (st == PW_OK && at < span.end) {
		uint64_t to = at + shift;

		st = pw_kept_tables_need(visit->system, space, to, 0, err);
		at += min(span.end - at, pages - to % pages);
	}
	return st;
}

enum pw_status pw_kept_tables_move(const struct pw_system *system,
				   struct pw_space *space,
				   struct pw_range range, uint64_t first,
				   struct pw_error *err)
{
	struct visit visit = {.system = system,
			      .space = space,
			      .range = range,
			      .found = PW_ARRAY(uint64_t)};
	enum pw_status st = find(&visit, err);

	PW_ASSERT(range.first <= range.end);
	for (size_t i = 0; st == PW_OK && i < visit.found.count; i++)
		st = move_table(&visit, space,
				PW_ARRAY_AT(&visit.found, uint64_t, i),
				first - range.first, err);
	pw_array_free(&visit.found);
	return st;
}

uint64_t pw_kept_tables_bytes(const struct pw_system *system,
			      const struct pw_space *space)
{
	const struct pw_geometry *geometry = &system->machine->geometry;
	uint64_t bytes = 0;

	for (unsigned h = 0; h < geometry->counted; h++)
		if (space->kept.set[h])
			bytes += pw_pagemap_count(space->kept.set[h])
				 << geometry->bits[h];
	return bytes * PW_PTE_BYTES;
}
