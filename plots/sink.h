/*
 * sink.h - how tables become bytes.
 *
 * To add one: write plots/sinks/sink_<name>.c with a
 * "const struct pw_sink_ops pw_sink_<name>" and one line PW_SINK(<name>) in
 * plots/sinks.def. Every command then has the format.
 */
#ifndef PW_PLOTS_SINK_H
#define PW_PLOTS_SINK_H

#include <stdbool.h>
#include <stdio.h>

#include "base/status.h"
#include "base/table.h"

struct pw_sink_options {
	const char *table; /* only this table; NULL: the sink's own choice */
	bool color;	   /* escapes are wanted */
	bool raw_numbers;  /* text: digits only, no units */
	const char *title; /* "pagewalk replay sort.pwt" */
	size_t width;	   /* of the terminal; 0 when there is none */
};

struct pw_sink_ops {
	const char *name;      /* what --format takes */
	const char *summary;   /* a line */
	const char *extension; /* ".csv" */
	/*
	 * Write the document. Write errors are found by the caller when it
	 * closes the stream. Errors: PW_ERR_USAGE no such table; those of row
	 * sources; PW_ERR_SYSTEM.
	 */
	enum pw_status (*write)(FILE *out, struct pw_tables *tables,
				const struct pw_sink_options *options,
				struct pw_error *err);
};

/*
 * The sinks of sinks.def, in order; NULL past the last one.
 */
const struct pw_sink_ops *pw_sink_at(size_t index);

/*
 * The sink called @name, or NULL.
 */
const struct pw_sink_ops *pw_sink_find(const char *name);

/*
 * Steps through the tables a sink shall show, in document order: only the one
 * called options->table, or those whose flags hold all of @flags. Start with
 * *cursor = 0; NULL at the end.
 */
struct pw_table *pw_sink_next(struct pw_tables *tables,
			      const struct pw_sink_options *options,
			      unsigned flags, size_t *cursor);

#endif
