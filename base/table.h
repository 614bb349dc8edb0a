/*
 * table.h - results: tables of typed columns with units.
 *
 * Commands and analyses fill a struct pw_tables; sinks render it; neither
 * knows the other. Builders keep a sticky error that is asked for once, at
 * the end, with pw_tables_check.
 *
 * The document is a list of tables. Each has a form (rows, one record, or
 * name/value pairs) and may belong to a group: in JSON the groups named
 * "machines" become the array machines[], each element holding its tables.
 */
#ifndef PW_BASE_TABLE_H
#define PW_BASE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

enum pw_cell_type { PW_CELL_U64, PW_CELL_F64, PW_CELL_TEXT, PW_CELL_BOOL };

enum pw_unit {
	PW_UNIT_NONE,
	PW_UNIT_COUNT,	 /* a number of things: 12,345 */
	PW_UNIT_BYTES,	 /* 1.5 MiB */
	PW_UNIT_PAGES,	 /* a number of 4 KiB pages */
	PW_UNIT_RATIO,	 /* 0..1, shown in per cent */
	PW_UNIT_NS,	 /* nanoseconds */
	PW_UNIT_CYCLES,	 /* processor cycles */
	PW_UNIT_ADDRESS, /* hexadecimal with 0x */
};

enum pw_table_form {
	PW_FORM_ROWS,	/* JSON: an array of objects, under the table's name */
	PW_FORM_RECORD, /* one row; JSON: its columns join the parent object */
	PW_FORM_PAIRS, /* columns name, value; JSON: an object under the name */
};

enum pw_table_flag {
	PW_TABLE_PRIMARY = 1, /* what csv and jsonl print unless asked */
	PW_TABLE_DETAIL = 2,  /* long: text and md print it only when named */
	PW_TABLE_LINES = 4, /* one column of texts: text prints nothing else */
};

struct pw_column {
	const char *name;  /* machine name: [a-z0-9_.]+ */
	const char *title; /* for people; NULL means the name */
	enum pw_cell_type type;
	enum pw_unit unit;
};

enum pw_chart_kind { PW_CHART_NONE, PW_CHART_LINE, PW_CHART_STEPS };

#define PW_CHART_SERIES_MAX 6

/* How a table of rows can be drawn; columns by name. */
struct pw_chart {
	enum pw_chart_kind kind;
	const char *x;
	const char *y[PW_CHART_SERIES_MAX]; /* NULL ends the list */
	const char *y_title;
	bool log_x;
	bool log_y;
	bool x_ends; /* steps: x is where a row ends, not where it begins */
};

#define PW_TABLE_COLUMNS_MAX 40

struct pw_table_spec {
	const char *name;  /* [a-z0-9_]+, unique within its group */
	const char *title; /* a heading for people */
	const char *help;  /* one sentence: what the numbers mean; or NULL */
	enum pw_table_form form;
	unsigned flags; /* of enum pw_table_flag */
	struct pw_chart chart;
	struct pw_column column[PW_TABLE_COLUMNS_MAX]; /* name NULL ends it */
};

union pw_cell {
	uint64_t u64;
	double f64;
	const char *text;
	bool boolean;
};

struct pw_table;
struct pw_tables;

/*
 * Rows made on demand, for tables too long to hold: fill appends the next
 * rows with the pw_cell functions and appends none at the end.
 */
struct pw_row_source {
	void *state;
	enum pw_status (*fill)(void *state, struct pw_table *table,
			       struct pw_error *err);
	void (*close)(void *state); /* NULL: nothing to do */
};

/*
 * Make an empty document.
 *
 * Owns:   *out is the caller's; free it with pw_tables_close.
 * Errors: PW_ERR_SYSTEM no memory.
 */
enum pw_status pw_tables_open(struct pw_tables **out,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Free the document, its tables and its row sources. NULL is allowed.
 */
void pw_tables_close(struct pw_tables *tables);

/*
 * The arena that lives as long as the document, for texts shown in it.
 *
 * Owns: the document owns it.
 */
struct pw_arena *pw_tables_arena(struct pw_tables *tables);

/*
 * Add a table; @spec must outlive the document (make it static const).
 *
 * Owns:   the document owns the table.
 * Errors: never NULL; without memory the document's sticky error is set and
 *         the table swallows what it is given.
 */
struct pw_table *pw_table_add(struct pw_tables *tables,
			      const struct pw_table_spec *spec);

/*
 * Begin one element of the group @group (JSON array of that name); tables
 * added until pw_tables_group_end belong to it. @label is its heading, and
 * its "name" member in JSON. Both are copied.
 */
void pw_tables_group(struct pw_tables *tables, const char *group,
		     const char *label);

/*
 * End the group begun last.
 */
void pw_tables_group_end(struct pw_tables *tables);

/*
 * Move what the document holds so far behind all that is still to come, when
 * that is there: @count is what pw_tables_items said then, and no group was
 * open. For results that must be had first and are read last.
 */
void pw_tables_move_last(struct pw_tables *tables, size_t count);

/*
 * While @aside is set, tables that are added are details and none is primary,
 * whatever their specification says: for a command that sums up others.
 */
void pw_tables_aside(struct pw_tables *tables, bool aside);

/*
 * Append one cell; rows fill from left to right. The type must be the
 * column's. pw_cell_text copies its text.
 */
void pw_cell_u64(struct pw_table *table, uint64_t value);
void pw_cell_f64(struct pw_table *table, double value);
void pw_cell_text(struct pw_table *table, const char *value);
void pw_cell_bool(struct pw_table *table, bool value);

/*
 * One row of a table of PW_FORM_PAIRS, with a unit of its own.
 */
void pw_pair_u64(struct pw_table *table, const char *name, uint64_t value,
		 enum pw_unit unit);
void pw_pair_f64(struct pw_table *table, const char *name, double value,
		 enum pw_unit unit);
void pw_pair_text(struct pw_table *table, const char *name, const char *value);

/*
 * How the pair added last is called for people; static text.
 */
void pw_pair_title(struct pw_table *table, const char *title);

/*
 * Give the table a source of rows. The table owns source->state from here on
 * and closes it with the document.
 */
void pw_table_stream(struct pw_table *table,
		     const struct pw_row_source *source);

/*
 * Add a remark shown with the results (a warning, how to read a figure).
 */
void pw_tables_note(struct pw_tables *tables, const char *fmt, ...)
	PW_PRINTF(2, 3);

/*
 * Say that the results cover only part of the input, and why. The program
 * then ends with PW_ERR_FORMAT (2) after printing them. What was said before
 * is not said again.
 */
void pw_tables_mark_partial(struct pw_tables *tables, const char *fmt, ...)
	PW_PRINTF(2, 3);

/*
 * The status a traced target ended with, to be passed on by the program.
 */
void pw_tables_set_exit(struct pw_tables *tables, int exit_status);

/*
 * Ask that the document also be written to @path by the sink @format
 * ("html"), or, with the format "charts", as charts into the directory @path.
 * Both are copied. The program does it after the command has returned.
 */
void pw_tables_also(struct pw_tables *tables, const char *format,
		    const char *path);

/*
 * Whether progress shall not be shown; the program sets it before a command
 * runs.
 */
void pw_tables_set_quiet(struct pw_tables *tables, bool quiet);
bool pw_tables_quiet(const struct pw_tables *tables);

/*
 * The sticky error of the builders.
 *
 * Errors: PW_ERR_SYSTEM a table or a note could not be kept.
 */
enum pw_status pw_tables_check(const struct pw_tables *tables,
			       struct pw_error *err) PW_MUST_CHECK;

/* ---- for sinks ---- */

/* One step of the document, in order. */
enum pw_item_kind { PW_ITEM_TABLE, PW_ITEM_GROUP, PW_ITEM_GROUP_END };

struct pw_item {
	enum pw_item_kind kind;
	struct pw_table *table; /* PW_ITEM_TABLE */
	const char *group;	/* PW_ITEM_GROUP */
	const char *label;	/* PW_ITEM_GROUP */
};

/*
 * The document's items and how many there are.
 *
 * Owns: the document.
 */
const struct pw_item *pw_tables_items(const struct pw_tables *tables,
				      size_t *count);

/*
 * Note @index, or NULL past the last one.
 */
const char *pw_tables_note_at(const struct pw_tables *tables, size_t index);

/*
 * Why the results are partial, or NULL when they are whole.
 */
const char *pw_tables_partial(const struct pw_tables *tables);

/*
 * Request @index of pw_tables_also; false past the last one.
 */
bool pw_tables_also_at(const struct pw_tables *tables, size_t index,
		       const char **format, const char **path);

/*
 * What pw_tables_set_exit was given, or 0.
 */
int pw_tables_exit(const struct pw_tables *tables);

/*
 * The table's specification.
 */
const struct pw_table_spec *pw_table_spec(const struct pw_table *table);

/*
 * Columns in the specification.
 */
size_t pw_table_columns(const struct pw_table *table);

/*
 * Bring the next batch of rows: the held rows of an ordinary table once, or
 * the next ones of a source. *rows is 0 at the end. A table in memory can be
 * read again after pw_table_rewind; one with a source only once.
 *
 * Errors: what the row source says.
 */
enum pw_status pw_table_next(struct pw_table *table, size_t *rows,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Start again with the first row of a table held in memory.
 */
void pw_table_rewind(struct pw_table *table);

/*
 * Whether the rows come from a source and can be read only once.
 */
bool pw_table_is_stream(const struct pw_table *table);

/*
 * A cell of the present batch, and the type and unit it has (a table of pairs
 * has them row by row in its second column).
 */
union pw_cell pw_table_cell(const struct pw_table *table, size_t row,
			    size_t column);
enum pw_cell_type pw_table_cell_type(const struct pw_table *table, size_t row,
				     size_t column);
enum pw_unit pw_table_cell_unit(const struct pw_table *table, size_t row,
				size_t column);

/*
 * How pair @row is called for people: its title, or NULL when its name is all
 * there is.
 */
const char *pw_table_pair_title(const struct pw_table *table, size_t row);

#endif
