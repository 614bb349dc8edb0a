/*
 * summary.h - the first page of a report: few figures out of many tables.
 *
 * The tables are made first, so that they stand at the top, and filled when
 * the document holds the results of info, replay, wss and mrc. A figure that
 * is not there is left out.
 */
#ifndef PW_ANALYZE_SUMMARY_H
#define PW_ANALYZE_SUMMARY_H

#include <stdbool.h>

#include "base/table.h"

struct pw_summary {
	struct pw_table *figures;
	struct pw_table *machines; /* NULL for a single machine */
};

/*
 * Add the empty tables; @compare for a table with a row a machine.
 *
 * Owns: the document.
 */
struct pw_summary pw_summary_add(struct pw_tables *out, bool compare);

/*
 * Fill them from the other tables of @out.
 */
void pw_summary_fill(const struct pw_summary *summary, struct pw_tables *out);

#endif
