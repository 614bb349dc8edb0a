/*
 * analyzer.h - a question asked of a trace, answered with tables.
 *
 * To add one: write analyze/analyzers/analyzer_<name>.c with a
 * "const struct pw_analyzer_ops pw_analyzer_<name>" and one line
 * PW_ANALYZER(<name>) in analyze/analyzers.def. A command gives it a command
 * line: see cmd_wss.c.
 */
#ifndef PW_ANALYZE_ANALYZER_H
#define PW_ANALYZE_ANALYZER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "base/table.h"
#include "formats/batch.h"

struct pw_analyzer_ops {
	const char *name;    /* [a-z0-9_]+ */
	const char *summary; /* a line */
	const char *source;  /* paper that defines what is computed */
	bool takes_samples;  /* a trace that leaves accesses out will do */
	/*
	 * Begin; @args is the analyzer's own structure, NULL for its defaults.
	 * *state is closed with close, also after a failure of batch or end.
	 * Errors: PW_ERR_USAGE the args are wrong; PW_ERR_SYSTEM. *state is
	 * NULL then.
	 */
	enum pw_status (*begin)(void **state, const void *args,
				struct pw_error *err);
	/* Look at the next batch. The result does not depend on how a trace
	 * is cut into batches. Errors: PW_ERR_SYSTEM. */
	enum pw_status (*batch)(void *state, const struct pw_batch *batch,
				struct pw_error *err);
	/* Add the answer to @out; also of a trace without accesses. Errors:
	 * PW_ERR_SYSTEM. */
	enum pw_status (*end)(void *state, struct pw_tables *out,
			      struct pw_error *err);
	void (*close)(void *state);
};

/*
 * The analyzers of analyzers.def, in order; NULL past the last one.
 */
const struct pw_analyzer_ops *pw_analyzer_at(size_t index);

/*
 * The analyzer called @name, or NULL.
 */
const struct pw_analyzer_ops *pw_analyzer_find(const char *name);

/*
 * Show the trace @path to the analyzer and add its tables to @out. Damage of
 * the trace is no error: @out is marked partial.
 *
 * Errors: PW_ERR_USAGE  the trace cannot be opened, or the args are wrong.
 *         PW_ERR_FORMAT it is none.
 *         PW_ERR_SYSTEM.
 */
enum pw_status pw_analyze(const struct pw_analyzer_ops *ops, const void *args,
			  const char *path, struct pw_tables *out,
			  struct pw_error *err) PW_MUST_CHECK;

#endif
