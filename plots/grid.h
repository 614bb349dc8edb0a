/*
 * grid.h - one table in aligned columns, for a terminal or a pipe.
 */
#ifndef PW_PLOTS_GRID_H
#define PW_PLOTS_GRID_H

#include <stdio.h>

#include "plots/show.h"
#include "plots/sink.h"

/*
 * Print the rows of a table, or its pairs, or its one record as pairs. Texts
 * are cut to the terminal's width when there is one. A table that is a stream
 * or very long is printed batch by batch with the widths of its first rows.
 *
 * Errors: those of a row source; PW_ERR_SYSTEM.
 */
enum pw_status pw_grid_print(FILE *out, struct pw_table *table,
			     const struct pw_sink_options *options,
			     struct pw_error *err) PW_MUST_CHECK;

#endif
