/*
 * stat_tables.h - what happened when, in the words of vmstat and sar.
 */
#ifndef PW_REPLAY_STAT_TABLES_H
#define PW_REPLAY_STAT_TABLES_H

#include <stddef.h>
#include <stdint.h>

#include "base/table.h"
#include "replay/views/vmstat.h"

enum pw_stat_view { PW_STAT_VMSTAT, PW_STAT_SAR };

/* The end of a row; all are totals since the beginning. */
struct pw_stat_row {
	uint64_t ns;
	uint64_t accesses;
	uint64_t instructions;
	struct pw_vmstat vmstat;
};

/*
 * Add the tables of @view for @count rows to @out.
 */
void pw_stat_tables(struct pw_tables *out, enum pw_stat_view view,
		    const struct pw_stat_row *rows, size_t count);

#endif
