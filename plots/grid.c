/*
 * grid.c - one table in aligned columns, for a terminal or a pipe.
 *
 * libsmartcols lays out what fits in memory. Streams and very long tables get
 * the widths of their first rows and pass through.
 */
#include "plots/grid.h"

#include <libsmartcols/libsmartcols.h>

#include "base/assert.h"

/* Longer tables pass through. */
#define HELD_ROWS 10000
/* What the widths of such a table are taken from. */
#define SEEN_ROWS 1000
/* A name of a mebibyte would pad every row to its width. */
#define TEXT_BYTES 240

#define GAP "  "

struct grid {
	FILE *out;
	struct pw_table *table;
	const struct pw_sink_options *options;
	enum pw_show_style style;
	struct pw_show show;
	struct libscols_table *columns;
};

/* Characters of valid UTF-8. */
static size_t measure(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

/* ---- tables in memory ---- */

static bool open_columns(struct grid *grid)
{
	struct libscols_table *columns = scols_new_table();
	bool narrow = grid->options->width > 0;

	grid->columns = columns;
	if (!columns)
		return false;
	/* Texts are clean already; encoding again would double the escapes. */
	PW_ASSERT(scols_table_get_ncols(columns) == 0);
	scols_table_enable_noencoding(columns, 1);
	if (scols_table_set_column_separator(columns, GAP) != 0)
		return false;
	scols_table_set_termforce(columns, narrow ? SCOLS_TERMFORCE_ALWAYS
						  : SCOLS_TERMFORCE_NEVER);
	if (narrow)
		scols_table_set_termwidth(columns, grid->options->width);
	return true;
}

static bool add_column(struct grid *grid, const char *title, bool number)
{
	int flags = number ? SCOLS_FL_RIGHT : SCOLS_FL_TRUNC;

	return scols_table_new_column(grid->columns, title, 0, flags) != NULL;
}

/* Print the layout without the blanks that end its lines. */
static bool print_columns(struct grid *grid)
{
	char *text = NULL;
	char *line;

	if (scols_print_table_to_string(grid->columns, &text) != 0 || !text) {
		free(text);
		return scols_table_is_empty(grid->columns);
	}
	line = text;
	while (*line) {
		size_t length = strcspn(line, "\n");
		size_t kept = length;

		while (kept > 0 && line[kept - 1] == ' ')
			kept--;
		fprintf(grid->out, "%.*s\n", (int)kept, line);
		line += length + (line[length] == '\n');
	}
	free(text);
	return true;
}

static bool add_rows(struct grid *grid, size_t rows)
{
	size_t columns = pw_table_columns(grid->table);

	for (size_t r = 0; r < rows; r++) {
		struct libscols_line *line =
			scols_table_new_line(grid->columns, NULL);

		for (size_t c = 0; line && c < columns; c++) {
			const char *text = pw_show_cell(
				&grid->show, grid->table, r, c, grid->style);

			if (!text || scols_line_set_data(line, c, text) != 0)
				return false;
		}
		if (!line)
			return false;
	}
	return true;
}

static bool print_held(struct grid *grid, size_t rows)
{
	const struct pw_table_spec *spec = pw_table_spec(grid->table);
	size_t columns = pw_table_columns(grid->table);

	PW_ASSERT(spec->form == PW_FORM_ROWS);
	if (!open_columns(grid))
		return false;
	for (size_t i = 0; i < columns; i++) {
		enum pw_cell_type type = spec->column[i].type;

		if (!add_column(grid, pw_show_title(spec, i),
				type == PW_CELL_U64 || type == PW_CELL_F64))
			return false;
	}
	return add_rows(grid, rows) && print_columns(grid);
}

/* ---- pairs ---- */

/* Where the @index-th value of a record or of pairs stands. */
struct place {
	size_t row, column;
};

static struct place locate(const struct pw_table *table, size_t index)
{
	if (pw_table_spec(table)->form == PW_FORM_PAIRS)
		return (struct place){index, 1};
	return (struct place){0, index};
}

static const char *name_at(struct grid *grid, size_t index)
{
	const struct pw_table_spec *spec = pw_table_spec(grid->table);

	if (spec->form == PW_FORM_RECORD)
		return pw_show_title(spec, index);
	return pw_show_pair(&grid->show, grid->table, index);
}

/* The widest number among the values, to which all numbers are padded. */
static size_t widest(struct grid *grid, size_t count)
{
	size_t width = 0;

	for (size_t i = 0; i < count; i++) {
		struct place at = locate(grid->table, i);
		size_t length;

		if (!pw_show_is_number(grid->table, at.row, at.column))
			continue;
		length = strlen(pw_show_cell(&grid->show, grid->table, at.row,
					     at.column, grid->style));
		width = length > width ? length : width;
	}
	return width;
}

static bool add_pair(struct grid *grid, size_t index, size_t width)
{
	struct place at = locate(grid->table, index);
	struct libscols_line *line = scols_table_new_line(grid->columns, NULL);
	const char *text = name_at(grid, index);
	char number[128];

	if (!line || !text || scols_line_set_data(line, 0, text) != 0)
		return false;
	text = pw_show_cell(&grid->show, grid->table, at.row, at.column,
			    grid->style);
	if (!text)
		return false;
	if (pw_show_is_number(grid->table, at.row, at.column)) {
		PW_ASSERT(width < sizeof(number));
		snprintf(number, sizeof(number), "%*s", (int)width, text);
		text = number;
	}
	return scols_line_set_data(line, 1, text) == 0;
}

static bool print_pairs(struct grid *grid, size_t rows)
{
	bool record = pw_table_spec(grid->table)->form == PW_FORM_RECORD;
	size_t count = record ? pw_table_columns(grid->table) : rows;
	size_t width;

	PW_ASSERT(!record || rows <= 1);
	if (rows == 0)
		return true;
	if (!open_columns(grid) || !add_column(grid, "name", false) ||
	    !add_column(grid, "value", false))
		return false;
	scols_table_enable_noheadings(grid->columns, 1);
	width = widest(grid, count);
	for (size_t i = 0; i < count; i++) {
		if (!add_pair(grid, i, width))
			return false;
	}
	return print_columns(grid);
}

/* ---- long tables ---- */

struct layout {
	size_t columns;
	size_t width[PW_TABLE_COLUMNS_MAX];
	bool number[PW_TABLE_COLUMNS_MAX];
};

static bool plan_layout(struct grid *grid, size_t rows, struct layout *layout)
{
	const struct pw_table_spec *spec = pw_table_spec(grid->table);

	layout->columns = pw_table_columns(grid->table);
	PW_ASSERT(layout->columns <= PW_TABLE_COLUMNS_MAX);
	for (size_t c = 0; c < layout->columns; c++) {
		size_t width = measure(pw_show_title(spec, c));

		for (size_t r = 0; r < rows && r < SEEN_ROWS; r++) {
			const char *text = pw_show_cell(
				&grid->show, grid->table, r, c, grid->style);

			if (!text)
				return false;
			if (measure(text) > width)
				width = measure(text);
		}
		layout->width[c] = width;
		layout->number[c] = spec->column[c].type == PW_CELL_U64 ||
				    spec->column[c].type == PW_CELL_F64;
	}
	return true;
}

/* One cell, padded; nothing follows a text in the last column. */
static void put_padded(FILE *out, const struct layout *layout, size_t column,
		       const char *text)
{
	size_t width = measure(text);
	size_t pad = layout->width[column] > width
			     ? layout->width[column] - width
			     : 0;
	bool last = column + 1 == layout->columns;

	PW_ASSERT(column < layout->columns);
	if (layout->number[column])
		fprintf(out, "%*s%s", (int)pad, "", text);
	else
		fprintf(out, "%s%*s", text, last ? 0 : (int)pad, "");
	fputs(last ? "\n" : GAP, out);
}

static bool pass_rows(struct grid *grid, const struct layout *layout,
		      size_t rows)
{
	for (size_t r = 0; r < rows; r++) {
		for (size_t c = 0; c < layout->columns; c++) {
			const char *text = pw_show_cell(
				&grid->show, grid->table, r, c, grid->style);

			if (!text)
				return false;
			put_padded(grid->out, layout, c, text);
		}
	}
	return true;
}

/* Print @rows rows that are here and all that follow. */
static enum pw_status print_long(struct grid *grid, size_t rows,
				 struct pw_error *err)
{
	const struct pw_table_spec *spec = pw_table_spec(grid->table);
	enum pw_status st = PW_OK;
	struct layout layout;

	if (!plan_layout(grid, rows, &layout))
		return pw_fail_memory(err, "the columns of a table");
	for (size_t c = 0; c < layout.columns; c++)
		put_padded(grid->out, &layout, c, pw_show_title(spec, c));
	while (st == PW_OK && rows > 0) {
		if (!pass_rows(grid, &layout, rows))
			return pw_fail_memory(err, "the rows of a table");
		st = pw_table_next(grid->table, &rows, err);
	}
	return st;
}

enum pw_status pw_grid_print(FILE *out, struct pw_table *table,
			     const struct pw_sink_options *options,
			     struct pw_error *err)
{
	struct grid grid = {
		.out = out,
		.table = table,
		.options = options,
		.style = options->raw_numbers ? PW_SHOW_EXACT : PW_SHOW_HUMAN,
		.show = PW_SHOW_CUT(TEXT_BYTES),
	};
	enum pw_status st;
	size_t rows = 0;
	bool printed;

	PW_ASSERT(options->width < INT32_MAX);
	if (!pw_table_is_stream(table))
		pw_table_rewind(table);
	st = pw_table_next(table, &rows, err);
	if (st != PW_OK)
		return st;
	if (pw_table_spec(table)->form == PW_FORM_ROWS &&
	    (pw_table_is_stream(table) || rows > HELD_ROWS)) {
		st = print_long(&grid, rows, err);
	} else {
		if (pw_table_spec(table)->form == PW_FORM_ROWS)
			printed = print_held(&grid, rows);
		else
			printed = print_pairs(&grid, rows);
		if (!printed)
			st = pw_fail_memory(err, "the columns of a table");
	}
	scols_unref_table(grid.columns);
	pw_show_free(&grid.show);
	return st;
}
