/*
 * show.h - one cell as text, for people or exact.
 *
 * All text from outside passes through pw_show_text on its way to any sink:
 * what comes back is valid UTF-8 on one line, without control characters.
 * Markup is each sink's own business.
 */
#ifndef PW_PLOTS_SHOW_H
#define PW_PLOTS_SHOW_H

#include "base/table.h"

enum pw_show_style {
	PW_SHOW_HUMAN, /* 1.5 MiB, 12,345, 3.4 %, yes */
	PW_SHOW_EXACT, /* 1572864, 12345, 0.034, true */
};

/* Memory for one text at a time; start with PW_SHOW or PW_SHOW_CUT. */
struct pw_show {
	char *data;
	size_t capacity_bytes;
	size_t limit_bytes; /* longer texts are cut and end in "..." */
	char number[80];
};

#define PW_SHOW                    \
	{                          \
		NULL, 0, SIZE_MAX, \
		{                  \
			0          \
		}                  \
	}
#define PW_SHOW_CUT(limit)        \
	{                         \
		NULL, 0, (limit), \
		{                 \
			0         \
		}                 \
	}

/*
 * Free the memory.
 */
void pw_show_free(struct pw_show *show);

/*
 * @text made safe to show (NULL is the empty text).
 *
 * Owns:   @show, or @text itself; good until the next call.
 * Errors: NULL no memory.
 */
const char *pw_show_text(struct pw_show *show, const char *text);

/*
 * A cell of the present batch of @table. Addresses are hexadecimal with 0x in
 * either style.
 *
 * Owns:   @show; good until the next call.
 * Errors: NULL no memory.
 */
const char *pw_show_cell(struct pw_show *show, const struct pw_table *table,
			 size_t row, size_t column, enum pw_show_style style);

/*
 * Whether a cell holds a number, which is aligned to the right.
 */
bool pw_show_is_number(const struct pw_table *table, size_t row, size_t column);

/*
 * A column's name for programs, and what people read above it. Tables of
 * pairs have the columns name and value.
 */
const char *pw_show_name(const struct pw_table_spec *spec, size_t column);
const char *pw_show_title(const struct pw_table_spec *spec, size_t column);

/*
 * What people call pair @row of a table of pairs: its title, else its name.
 *
 * Owns:   the show or the table, as pw_show_text.
 * Errors: NULL without memory.
 */
const char *pw_show_pair(struct pw_show *show, const struct pw_table *table,
			 size_t row);

#endif
