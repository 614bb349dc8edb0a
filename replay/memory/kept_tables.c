/*
 * kept_tables.c - which tables the page table of a process has.
 *
 * A map for each height: of the numbers of tables, which are those of their
 * first page, shifted, 64 to a word of bits.
 */
#include "replay/memory/kept_tables.h"

#include "base/array.h"
#include "base/assert.h"
#include "base/pagemap.h"
#include "replay/memory/guard.h"

#define FIRST_TABLES 16
#define GROUP 64 /* tables of a word */

/* The pages that a table at @height spans, as a power of two. */
static unsigned span_order(const struct pw_system *system, unsigned height)
{
	return pw_geometry_order(&system->machine->geometry, height + 1);
}

/* Heights with tables, the root's not counted; a hash table is no tree. */
static unsigned below_root(const struct pw_system *system)
{
	return system->machine->geometry.levels - 1;
}

static uint64_t table_bytes(const struct pw_system *system, unsigned height)
{
	return (uint64_t)PW_PTE_BYTES << system->machine->geometry.bits[height];
}

static bool has(const struct pw_space *space, unsigned height, uint64_t number)
{
	const struct pw_pagemap *set = space->kept.set[height];
	const uint64_t *bits =
		set ? pw_pagemap_find(set, number / GROUP) : NULL;

	return bits && (*bits >> number % GROUP & 1);
}

/* A table is no larger than a page, and which of the frames it has does not
 * matter. */
static enum pw_status take_frame(struct pw_system *system,
				 struct pw_space *space, struct pw_error *err)
{
	uint32_t frame;
	enum pw_status st = pw_frame_take(&system->memory, 0,
					  PW_MIGRATE_UNMOVABLE, &frame, err);

	if (st != PW_OK)
		return st;
	st = pw_array_push(&space->kept.frames, &frame, err);
	if (st != PW_OK)
		pw_frame_give(&system->memory, frame);
	else
		system->table_frames++;
	return st;
}

static void give_frame(struct pw_system *system, struct pw_space *space)
{
	struct pw_array *frames = &space->kept.frames;

	PW_ASSERT(frames->count > 0);
	pw_frame_give(&system->memory,
		      PW_ARRAY_AT(frames, uint32_t, --frames->count));
	system->table_frames--;
}

static enum pw_status add(struct pw_system *system, struct pw_space *space,
			  uint64_t number, unsigned height,
			  struct pw_error *err)
{
	struct pw_pagemap **set = &space->kept.set[height];
	enum pw_status st = PW_OK;
	uint64_t *bits;
	bool added;

	if (has(space, height, number))
		return PW_OK;
	if (!*set)
		st = pw_pagemap_open(set, FIRST_TABLES, err);
	if (st == PW_OK)
		st = take_frame(system, space, err);
	if (st == PW_OK)
		st = pw_pagemap_insert(*set, number / GROUP, &bits, &added,
				       err);
	if (st != PW_OK)
		return st;
	*bits |= (uint64_t)1 << number % GROUP;
	space->kept.count[height]++;
	if (height < below_root(system))
		system->counters.pagetable_kept_bytes +=
			table_bytes(system, height);
	return PW_OK;
}

enum pw_status pw_kept_tables_need(struct pw_system *system,
				   struct pw_space *space, uint64_t page,
				   unsigned height, struct pw_error *err)
{
	uint64_t leaf = page >> system->machine->geometry.bits[0];
	unsigned root = below_root(system);
	enum pw_status st = PW_OK;

	PW_ASSERT(root < PW_LEVELS_MAX);
	if (root == 0 || (height == 0 && space->kept.recent == leaf + 1))
		return PW_OK;
	for (unsigned h = height; st == PW_OK && h <= root; h++)
		st = add(system, space, page >> span_order(system, h), h, err);
	if (st == PW_OK && height == 0)
		space->kept.recent = leaf + 1;
	return st;
}

bool pw_kept_tables_has_leaf(const struct pw_system *system,
			     const struct pw_space *space, uint64_t page)
{
	uint64_t leaf = page >> system->machine->geometry.bits[0];

	return below_root(system) == 0 || space->kept.recent == leaf + 1 ||
	       has(space, 0, leaf);
}

/* ---- tables of a range ---- */

/* The tables at one height with a part of a range. */
struct visit {
	struct pw_system *system;
	const struct pw_space *space;
	struct pw_range range;
	unsigned height;
	struct pw_array found; /* uint64_t: numbers of tables */
};

static uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Gather those from number @first to @last of a word of @bits. */
static enum pw_status push(struct visit *visit, uint64_t group, uint64_t bits,
			   const struct pw_range *numbers, struct pw_error *err)
{
	enum pw_status st = PW_OK;

	for (; st == PW_OK && bits; bits &= bits - 1) {
		uint64_t number =
			group * GROUP + (unsigned)__builtin_ctzll(bits);

		if (number >= numbers->first && number < numbers->end)
			st = pw_array_push(&visit->found, &number, err);
	}
	return st;
}

/* Gather the tables at visit->height with a part of visit->range. */
static enum pw_status find(struct visit *visit, struct pw_error *err)
{
	const struct pw_pagemap *set = visit->space->kept.set[visit->height];
	unsigned order = span_order(visit->system, visit->height);
	struct pw_range numbers = {visit->range.first >> order, 0};
	uint64_t group, bits;
	size_t cursor = 0;
	enum pw_status st = PW_OK;

	visit->found.count = 0;
	if (!set || visit->range.first >= visit->range.end)
		return PW_OK;
	numbers.end = ((visit->range.end - 1) >> order) + 1;
	group = numbers.first / GROUP;
	if ((numbers.end - 1) / GROUP - group < pw_pagemap_count(set)) {
		for (; st == PW_OK && group * GROUP < numbers.end; group++) {
			const uint64_t *found = pw_pagemap_find(set, group);

			if (found)
				st = push(visit, group, *found, &numbers, err);
		}
		return st;
	}
	while (st == PW_OK && pw_pagemap_each(set, &cursor, &group, &bits))
		st = push(visit, group, bits, &numbers, err);
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

static void let_go(struct pw_system *system, struct pw_space *space,
		   unsigned height, uint64_t number)
{
	struct pw_pagemap *set = space->kept.set[height];
	uint64_t *bits = pw_pagemap_find(set, number / GROUP);

	*bits &= ~((uint64_t)1 << number % GROUP);
	if (*bits == 0)
		(void)pw_pagemap_remove(set, number / GROUP);
	give_frame(system, space);
	space->kept.count[height]--;
	space->kept.recent = 0;
	system->counters.pagetable_kept_bytes -= table_bytes(system, height);
}

enum pw_status pw_kept_tables_free(struct pw_system *system,
				   struct pw_space *space,
				   struct pw_range range, struct pw_error *err)
{
	struct visit visit = {.system = system,
			      .space = space,
			      .range = range,
			      .found = PW_ARRAY(uint64_t)};
	enum pw_status st = PW_OK;

	for (unsigned h = 0; st == PW_OK && h < below_root(system); h++) {
		visit.height = h;
		st = find(&visit, err);
		for (size_t i = 0; st == PW_OK && i < visit.found.count; i++) {
			uint64_t n = PW_ARRAY_AT(&visit.found, uint64_t, i);

			if (is_bare(space, span_of(&visit, n)))
				let_go(system, space, visit.height, n);
		}
	}
	pw_array_free(&visit.found);
	return st;
}

void pw_kept_tables_drop(struct pw_system *system, struct pw_space *space)
{
	system->counters.pagetable_kept_bytes -=
		pw_kept_tables_bytes(system, space);
	while (space->kept.frames.count > 0)
		give_frame(system, space);
	for (unsigned h = 0; h < PW_LEVELS_MAX; h++) {
		pw_pagemap_close(space->kept.set[h]);
		space->kept.set[h] = NULL;
		space->kept.count[h] = 0;
	}
	space->kept.recent = 0;
}

/* Whether entries are left in @span: a guard is one. */
static bool is_empty(const struct pw_space *space, struct pw_range span)
{
	struct pw_leaf leaf;
	uint64_t page;

	return pw_guard_first(space, span) == span.end &&
	       !space->table_ops->next(space->table, span.first, span.end,
				       &page, &leaf);
}

enum pw_status pw_kept_tables_reclaim(struct pw_system *system,
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

		if (span.first >= range.first && span.end <= range.end &&
		    is_empty(space, span))
			let_go(system, space, visit.height, n);
	}
	pw_array_free(&visit.found);
	return st;
}

enum pw_status pw_kept_tables_copy(struct pw_system *system,
				   struct pw_space *child,
				   const struct pw_space *parent,
				   struct pw_range range, struct pw_error *err)
{
	struct visit visit = {.system = system,
			      .space = parent,
			      .range = range,
			      .found = PW_ARRAY(uint64_t)};
	enum pw_status st = PW_OK;

	for (unsigned h = 0; st == PW_OK && h <= below_root(system); h++) {
		visit.height = h;
		st = find(&visit, err);
		for (size_t i = 0; st == PW_OK && i < visit.found.count; i++)
			st = add(system, child,
				 PW_ARRAY_AT(&visit.found, uint64_t, i), h,
				 err);
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
		let_go(visit->system, space, 0, number);
	while (st == PW_OK && at < span.end) {
		uint64_t to = at + shift;

		st = pw_kept_tables_need(visit->system, space, to, 0, err);
		at += min(span.end - at, pages - to % pages);
	}
	return st;
}

enum pw_status pw_kept_tables_move(struct pw_system *system,
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
	uint64_t bytes = 0;

	for (unsigned h = 0; h < below_root(system); h++)
		bytes += space->kept.count[h] * table_bytes(system, h);
	return bytes;
}
