/*
 * oracle_tables.c - which page tables the kernel keeps.
 */
#include "tests/oracle/oracle_tables.h"

#include <stdlib.h>

#include "base/assert.h"

/* The pages of a table at @height, as a power of two. */
static unsigned span_order(const struct pw_oracle_space *space, unsigned height)
{
	return pw_oracle_order(space->shape, height + 1);
}

/* A hash table is no tree. */
static bool is_one(const struct pw_oracle_space *space)
{
	return space->shape->levels == 1;
}

/* Roots go with the space. */
static bool is_root(const struct pw_oracle_space *space,
		    const struct pw_oracle_table *table)
{
	return table->height == space->shape->levels - 1;
}

static bool has(const struct pw_oracle_space *space, unsigned height,
		uint64_t number)
{
	for (size_t i = 0; i < space->tables; i++)
		if (space->table[i].height == height &&
		    space->table[i].number == number)
			return true;
	return false;
}

static void add(struct pw_oracle_space *space, unsigned height, uint64_t number)
{
	if (has(space, height, number))
		return;
	if (space->tables == space->table_room) {
		space->table_room = space->table_room * 2 + 16;
		space->table =
			realloc(space->table,
				space->table_room * sizeof(*space->table));
		PW_ASSERT(space->table);
	}
	space->table[space->tables++] =
		(struct pw_oracle_table){height, number};
}

void pw_oracle_tables_need(struct pw_oracle_space *space, uint64_t page,
			   unsigned height)
{
	for (unsigned h = height; h < space->shape->levels && !is_one(space);
	     h++)
		add(space, h, page >> span_order(space, h));
}

bool pw_oracle_tables_has_leaf(const struct pw_oracle_space *space,
			       uint64_t page)
{
	return is_one(space) || has(space, 0, page >> span_order(space, 0));
}

/* Whether a page, a mapping with @mapped, or a guard with @guarded lies in
 * [first, end). */
static bool is_used(const struct pw_oracle_space *space, uint64_t first,
		    uint64_t end, bool mapped, bool guarded)
{
	for (size_t i = 0; i < space->pages; i++)
		if (space->page[i].page >= first && space->page[i].page < end)
			return true;
	for (size_t i = 0; i < space->mappings && mapped; i++)
		if (space->mapping[i].first < end &&
		    space->mapping[i].end > first)
			return true;
	for (size_t i = 0; i < space->guards && guarded; i++)
		if (space->guard[i] >= first && space->guard[i] < end)
			return true;
	return false;
}

void pw_oracle_tables_unmapped(struct pw_oracle_space *space, uint64_t first,
			       uint64_t end)
{
	for (size_t i = 0; i < space->tables && first < end;) {
		unsigned order = span_order(space, space->table[i].height);
		uint64_t from = space->table[i].number << order;
		uint64_t to = (space->table[i].number + 1) << order;

		if (from < end && to > first &&
		    !is_root(space, &space->table[i]) &&
		    !is_used(space, from, to, true, false))
			space->table[i] = space->table[--space->tables];
		else
			i++;
	}
}

void pw_oracle_tables_dropped(struct pw_oracle_space *space, uint64_t first,
			      uint64_t end)
{
	for (size_t i = 0; i < space->tables;) {
		unsigned order = span_order(space, 0);
		uint64_t from = space->table[i].number << order;
		uint64_t to = (space->table[i].number + 1) << order;

		if (space->table[i].height == 0 && from >= first && to <= end &&
		    !is_used(space, from, to, false, true))
			space->table[i] = space->table[--space->tables];
		else
			i++;
	}
}

void pw_oracle_tables_copy(struct pw_oracle_space *child,
			   const struct pw_oracle_space *parent, uint64_t first,
			   uint64_t end)
{
	for (size_t i = 0; i < parent->tables; i++) {
		const struct pw_oracle_table *t = &parent->table[i];
		unsigned order = span_order(parent, t->height);

		if (t->number << order < end &&
		    (t->number + 1) << order > first)
			add(child, t->height, t->number);
	}
}

void pw_oracle_tables_move(struct pw_oracle_space *space, uint64_t first,
			   uint64_t end, uint64_t target)
{
	uint64_t pages = (uint64_t)1 << span_order(space, 0);
	uint64_t next;

	for (uint64_t at = first; at < end && !is_one(space); at = next) {
		uint64_t number = at / pages;
		uint64_t to = at - first + target;
		bool whole;

		/* A part that is of one table here and of one there. */
		next = at + pages - at % pages;
		if (next > at + pages - to % pages)
			next = at + pages - to % pages;
		if (next > end)
			next = end;
		whole = next - at == pages;
		if (!has(space, 0, number))
			continue;
		for (size_t i = 0; i < space->tables && whole; i++)
			if (space->table[i].height == 0 &&
			    space->table[i].number == number) {
				space->table[i] = space->table[--space->tables];
				break;
			}
		pw_oracle_tables_need(space, to, 0);
	}
}

uint64_t pw_oracle_tables_bytes(const struct pw_oracle_space *space)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < space->tables; i++)
		if (!is_root(space, &space->table[i]))
			bytes += (uint64_t)8
				 << space->shape->bits[space->table[i].height];
	return bytes;
}
