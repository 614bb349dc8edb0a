/*
 * csv.c - a table as comma-separated values, RFC 4180.
 *
 * Source: RFC 4180; the neutralised beginnings are those of the OWASP page
 *         "CSV injection".
 */
#include "plots/csv.h"

#include "base/assert.h"
#include "plots/show.h"

static void put_text(FILE *out, const char *text, bool neutralise)
{
	bool quote = strpbrk(text, ",\"\r\n") || neutralise;

	if (!quote) {
		fputs_unlocked(text, out);
		return;
	}
	putc_unlocked('"', out);
	if (neutralise)
		putc_unlocked('\'', out);
	for (; *text; text++) {
		if (*text == '"')
			putc_unlocked('"', out);
		putc_unlocked(*text, out);
	}
	putc_unlocked('"', out);
}

/* A text from outside: cleaned, and no formula. */
static bool put_foreign(FILE *out, struct pw_show *show, const char *text)
{
	const char *clean = pw_show_text(show, text);

	if (!clean)
		return false;
	put_text(out, clean, text && *text && strchr("=+-@\t\r", *text));
	return true;
}

void pw_csv_header(FILE *out, const struct pw_table *table, size_t labels,
		   const char *const *label)
{
	size_t columns = pw_table_columns(table);

	PW_ASSERT(labels == 0 || label);
	PW_ASSERT(columns > 0 && columns <= PW_TABLE_COLUMNS_MAX);
	for (size_t i = 0; i < labels; i++) {
		put_text(out, label[i], false);
		putc_unlocked(',', out);
	}
	for (size_t i = 0; i < columns; i++) {
		if (i)
			putc_unlocked(',', out);
		put_text(out, pw_show_name(pw_table_spec(table), i), false);
	}
	putc_unlocked('\n', out);
}

static bool put_cell(FILE *out, struct pw_show *show,
		     const struct pw_table *table, size_t row, size_t column)
{
	const char *text;

	if (pw_table_cell_type(table, row, column) == PW_CELL_TEXT)
		return put_foreign(out, show,
				   pw_table_cell(table, row, column).text);
	text = pw_show_cell(show, table, row, column, PW_SHOW_EXACT);
	PW_ASSERT(text);
	fputs_unlocked(text, out);
	return true;
}

static bool put_row(FILE *out, struct pw_show *show,
		    const struct pw_table *table, size_t row, size_t columns)
{
	for (size_t i = 0; i < columns; i++) {
		if (i)
			putc_unlocked(',', out);
		if (!put_cell(out, show, table, row, i))
			return false;
	}
	putc_unlocked('\n', out);
	return true;
}

enum pw_status pw_csv_rows(FILE *out, struct pw_table *table, size_t labels,
			   const char *const *label, struct pw_error *err)
{
	size_t columns = pw_table_columns(table);
	struct pw_show show = PW_SHOW;
	enum pw_status st;
	size_t rows = 0;
	bool held = true;

	PW_ASSERT(labels == 0 || label);
	if (!pw_table_is_stream(table))
		pw_table_rewind(table);
	while ((st = pw_table_next(table, &rows, err)) == PW_OK && rows > 0) {
		for (size_t r = 0; r < rows && held; r++) {
			for (size_t i = 0; i < labels && held; i++) {
				held = put_foreign(out, &show, label[i]);
				putc_unlocked(',', out);
			}
			held = held && put_row(out, &show, table, r, columns);
		}
		if (!held) {
			st = pw_fail_memory(err, "a row of CSV");
			break;
		}
	}
	pw_show_free(&show);
	return st;
}
