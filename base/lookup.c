/*
 * lookup.c - find a table by its place and a figure by its name.
 */
#include "base/lookup.h"

#include "base/assert.h"

#define DEPTH_MAX 8 /* of groups in groups */

struct pw_table *pw_lookup_table(const struct pw_tables *tables, size_t *cursor,
				 const char *group, const char *name,
				 const char **label)
{
	const struct pw_item *open[DEPTH_MAX];
	const struct pw_item *item;
	size_t depth = 0;
	size_t count;

	item = pw_tables_items(tables, &count);
	for (size_t i = 0; i < count; i++) {
		const struct pw_item *inner = depth ? open[depth - 1] : NULL;

		if (item[i].kind == PW_ITEM_GROUP) {
			PW_ASSERT(depth < DEPTH_MAX);
			open[depth++] = &item[i];
		} else if (item[i].kind == PW_ITEM_GROUP_END) {
			PW_ASSERT(depth > 0);
			depth--;
		} else if (i >= *cursor && (inner != NULL) == (group != NULL) &&
			   (!group || strcmp(inner->group, group) == 0) &&
			   strcmp(pw_table_spec(item[i].table)->name, name) ==
				   0) {
			*cursor = i + 1;
			if (label)
				*label = inner ? inner->label : NULL;
			return item[i].table;
		}
	}
	return NULL;
}

/* The column of a record that is called @name; its columns when none is. */
static size_t find_column(const struct pw_table *table, const char *name)
{
	const struct pw_table_spec *spec = pw_table_spec(table);
	size_t columns = pw_table_columns(table);
	size_t i = 0;

	while (i < columns && strcmp(spec->column[i].name, name) != 0)
		i++;
	return i;
}

/* The row of a table of pairs that is called @name; @rows when none is. */
static size_t find_row(const struct pw_table *table, size_t rows,
		       const char *name)
{
	size_t i = 0;

	while (i < rows && strcmp(pw_table_cell(table, i, 0).text, name) != 0)
		i++;
	return i;
}

bool pw_lookup_figure(struct pw_table *table, const char *name,
		      struct pw_figure *figure)
{
	const enum pw_table_form form = pw_table_spec(table)->form;
	size_t row = 0, column = 1, rows;
	struct pw_error err;
	bool found = false;

	if (form == PW_FORM_ROWS || pw_table_is_stream(table))
		return false;
	pw_table_rewind(table);
	if (pw_table_next(table, &rows, &err) == PW_OK && rows > 0) {
		if (form == PW_FORM_PAIRS)
			row = find_row(table, rows, name);
		else
			column = find_column(table, name);
		found = row < rows && column < pw_table_columns(table);
	}
	if (found) {
		figure->type = pw_table_cell_type(table, row, column);
		figure->unit = pw_table_cell_unit(table, row, column);
		figure->value = pw_table_cell(table, row, column);
	}
	pw_table_rewind(table);
	return found;
}
