/*
 * chart.h - charts by gnuplot, as a child process.
 *
 * Names reach gnuplot only through data files and quoted by our own rules,
 * never as script text that it could expand.
 */
#ifndef PW_PLOTS_CHART_H
#define PW_PLOTS_CHART_H

#include <stdbool.h>

#include "base/status.h"
#include "base/table.h"

/*
 * Whether @table says how to draw itself and has at least two rows.
 */
bool pw_chart_possible(const struct pw_table *table);

/*
 * Write @directory/<stem>.csv, .gp, .svg and .png for every table that can be
 * drawn. The .gp, run in that directory, draws the picture again.
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
