/*
 * script.h - the gnuplot script of one chart.
 *
 * All text in a script is ours: names and titles of static specifications, of
 * a small set of characters, in single quotes. A back-quote in a double-quoted
 * string of gnuplot runs a shell; texts from outside (the labels of groups)
 * are therefore only ever in a data file.
 */
#ifndef PW_PLOTS_SCRIPT_H
#define PW_PLOTS_SCRIPT_H

#include "plots/series.h"

/* Columns of pixels that the pictures have at most. */
#define PW_SCRIPT_PIXELS 1440

struct pw_script {
	const struct pw_table_spec *spec;
	const struct pw_series *series; /* thinned, at least two points */
	/*
	 * Draw to <stem>.svg and <stem>.png, with a title; NULL: an SVG without
	 * title to standard output.
	 */
	const char *stem;
	bool labelled; /* <stem>.label holds a line to show as a subtitle */
};

/*
 * Write the script.
 *
 * Owns:   *text is the caller's; free it with free. NULL on failure.
 * Errors: PW_ERR_SYSTEM no memory.
 */
enum pw_status pw_script_write(const struct pw_script *script, char **text,
			       struct pw_error *err) PW_MUST_CHECK;

#endif
