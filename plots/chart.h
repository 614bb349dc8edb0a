/*
 * chart.h - charts by gnuplot, as a child process.
 *
 * Text from outside reaches gnuplot only through data files, never as script
 * text that it could expand.
 */
#ifndef PW_PLOTS_CHART_H
#define PW_PLOTS_CHART_H

#include <stdbool.h>

#include "base/status.h"
#include "base/table.h"

/*
 * Whether @table says how to draw itself, is held in memory and has at least
 * two rows that its axes can show. Rewinds it.
 */
bool pw_chart_possible(struct pw_table *table);

/*
 * Write @directory/<stem>.csv, .gp, .svg and .png for every table that can be
 * drawn, and .label for one in a group. The .gp, run in that directory, draws
 * the picture again. The stem is the table's name, with a number where several
 * tables have that name.
 *
 * Errors: PW_ERR_OUTPUT a file cannot be written; PW_ERR_SYSTEM gnuplot is not
 *         installed or failed (with its message); .csv and .gp are there.
 */
enum pw_status pw_charts_write(struct pw_tables *tables, const char *directory,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * One table as an SVG element to put into a page.
 *
 * Owns:   *svg is the caller's; free it with free. NULL on failure.
 * Errors: PW_ERR_SYSTEM gnuplot is not installed or failed.
 */
enum pw_status pw_chart_svg(struct pw_table *table, char **svg,
			    struct pw_error *err) PW_MUST_CHECK;

#endif
