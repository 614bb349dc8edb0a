/*
 * exporter.h - a format that a trace can be written in for other tools.
 *
 * To add one: write formats/exporters/exporter_<name>.c with a
 * "const struct pw_exporter_ops pw_exporter_<name>" and one line
 * PW_EXPORTER(<name>) in formats/exporters.def.
 */
#ifndef PW_FORMATS_EXPORTER_H
#define PW_FORMATS_EXPORTER_H

#include "base/status.h"
#include "formats/trace.h"

/* What came of the accesses of a trace. */
struct pw_export_totals {
	uint64_t records;  /* written */
	uint64_t left_out; /* accesses that the format cannot hold */
};

struct pw_exporter_ops {
	const char *name;    /* [a-z0-9_]+ */
	const char *summary; /* a line */
	const char *source;  /* where the format is defined */
	const char *suffix;  /* of the file, with its dot */
	unsigned needs;	     /* enum pw_trace_unknown bits that must be known */
	bool one_thread;     /* the format holds one thread */
	/*
	 * Begin to write to @out. *state is closed with close, also after a
	 * failure. Errors: PW_ERR_SYSTEM; *state is NULL then.
	 */
	enum pw_status (*open)(void **state, FILE *out, struct pw_error *err);
	/* Write the accesses of @batch, of the trace that @info is about.
	 * Errors: PW_ERR_SYSTEM. What could not be written shows in ferror. */
	enum pw_status (*write)(void *state, const struct pw_trace_info *info,
				const struct pw_batch *batch,
				struct pw_error *err);
	/* Write what is left. Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM. */
	enum pw_status (*end)(void *state, struct pw_export_totals *totals,
			      struct pw_error *err);
	/* Go through the output again, which is @path and all written; NULL for
	 * formats that need no regular file. Errors: as end. */
	enum pw_status (*revise)(void *state, int fd, const char *path,
				 struct pw_error *err);
	void (*close)(void *state);
};

/*
 * The exporters of exporters.def, in order; NULL past the last one.
 */
const struct pw_exporter_ops *pw_exporter_at(size_t index);

/*
 * The exporter called @name, or NULL.
 */
const struct pw_exporter_ops *pw_exporter_find(const char *name);

#endif
