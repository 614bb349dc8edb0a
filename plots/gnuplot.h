/*
 * gnuplot.h - gnuplot as a child process, without a shell.
 */
#ifndef PW_PLOTS_GNUPLOT_H
#define PW_PLOTS_GNUPLOT_H

#include <stddef.h>

#include "base/status.h"

struct pw_gnuplot {
	const char *script;    /* the whole of it */
	const char *directory; /* where it runs; NULL: here */
	unsigned timeout_ms;   /* then it is killed */
};

/*
 * Run a script and wait for its end. The settings of the user and of the site
 * are not read.
 *
 * Owns:   *output is what it wrote to standard output, ended by a 0 byte; the
 *         caller frees it with free. NULL on failure.
 * Errors: PW_ERR_SYSTEM it is not installed (the hint says how to install
 *         it), failed (with its message), hung or wrote too much.
 */
enum pw_status pw_gnuplot_run(const struct pw_gnuplot *request, char **output,
			      struct pw_error *err) PW_MUST_CHECK;

#endif
