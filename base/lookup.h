/*
 * lookup.h - single figures out of a document, for summaries of it.
 */
#ifndef PW_BASE_LOOKUP_H
#define PW_BASE_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/table.h"

/* A value with what is needed to show it again. */
struct pw_figure {
	enum pw_cell_type type;
	enum pw_unit unit;
	union pw_cell value; /* a text belongs to its table */
};

/*
 * The first table called @name from item *@cursor on, inside of an element of
 * the group @group (NULL: outside of all groups; whatever is around or inside
 * of that element does not matter). *label, if asked for, becomes the
 * element's label. *@cursor is set behind it, so that the next call finds the
 * next one; begin with 0.
 *
 * Owns: the document; NULL when there is none.
 */
struct pw_table *pw_lookup_table(const struct pw_tables *tables, size_t *cursor,
				 const char *group, const char *name,
				 const char **label);

/*
 * The figure called @name in a record (its column) or in a table of pairs (its
 * row). False when there is none, or the table is a stream. The table can be
 * read again afterwards.
 */
bool pw_lookup_figure(struct pw_table *table, const char *name,
		      struct pw_figure *figure);

#endif
