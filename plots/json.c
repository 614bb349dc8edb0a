/*
 * json.c - values, rows and texts as JSON.
 *
 * Source: RFC 8259.
 */
#include "plots/json.h"

#include <jansson.h>

#include "base/assert.h"

bool pw_json_text(FILE *out, struct pw_show *show, const char *text)
{
	const char *clean = pw_show_text(show, text);
	json_t *value = clean ? json_string(clean) : NULL;

	if (!value)
		return false;
	/* A full disk is found when the stream is closed. */
	(void)json_dumpf(value, out, JSON_ENCODE_ANY);
	json_decref(value);
	return true;
}

bool pw_json_cell(FILE *out, struct pw_show *show, const struct pw_table *table,
		  size_t row, size_t column)
{
	bool quoted =
		pw_table_cell_unit(table, row, column) == PW_UNIT_ADDRESS &&
		pw_table_cell_type(table, row, column) == PW_CELL_U64;
	const char *text;

	if (pw_table_cell_type(table, row, column) == PW_CELL_TEXT)
		return pw_json_text(out, show,
				    pw_table_cell(table, row, column).text);
	text = pw_show_cell(show, table, row, column, PW_SHOW_EXACT);
	PW_ASSERT(text && *text);
	if (quoted)
		putc_unlocked('"', out);
	fputs_unlocked(text, out);
	if (quoted)
		putc_unlocked('"', out);
	return true;
}

bool pw_json_row(FILE *out, struct pw_show *show, const struct pw_table *table,
		 size_t row)
{
	const struct pw_table_spec *spec = pw_table_spec(table);
	size_t columns = pw_table_columns(table);

	PW_ASSERT(columns > 0 && columns <= PW_TABLE_COLUMNS_MAX);
	for (size_t i = 0; i < columns; i++) {
		PW_ASSERT(!strpbrk(pw_show_name(spec, i), "\"\\"));
		fprintf(out, "%s\"%s\": ", i ? ", " : "",
			pw_show_name(spec, i));
		if (!pw_json_cell(out, show, table, row, i))
			return false;
	}
	return true;
}
