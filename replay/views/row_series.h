/*
 * row_series.h - what happened when: rows at exact multiples of accesses.
 */
#ifndef PW_REPLAY_ROW_SERIES_H
#define PW_REPLAY_ROW_SERIES_H

#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"
#include "replay/counters.h"

/* What happened between the row before and @accesses. */
struct pw_replay_row {
	uint64_t accesses;     /* since the beginning of the trace */
	uint64_t instructions; /* likewise */
	uint64_t touches;
	uint64_t dtlb_misses;
	uint64_t itlb_misses;
	uint64_t stlb_misses;
	uint64_t walk_count;
	uint64_t walk_references;
	uint64_t walk_cycles;
	uint64_t walk_served_l1d;
	uint64_t walk_served_l2;
	uint64_t walk_served_llc;
	uint64_t walk_served_memory;
	uint64_t shootdowns;
	uint64_t faults;
	struct pw_tlb_tally tlb[PW_TLB_ARRAYS][PW_TLB_HEIGHTS];
	uint64_t rss_bytes;	  /* at the end of the row */
	uint64_t pagetable_bytes; /* likewise */
};

struct pw_row_series {
	uint64_t interval; /* accesses in a row; doubles when rows are merged */
	uint64_t due;	   /* accesses at which the next row ends */
	size_t rows_max;   /* as many rows are merged by pairs */
	struct pw_replay_row seen; /* totals at the end of the last row */
	struct pw_array rows;	   /* struct pw_replay_row */
};

/*
 * Begin a series of rows of @interval accesses, or, if that is 0, of as many
 * as keep it below 256 rows. When there are 65536 rows, each two become one.
 */
void pw_row_series_start(struct pw_row_series *series, uint64_t interval);

/*
 * Free the rows.
 */
void pw_row_series_free(struct pw_row_series *series);

/*
 * Say what the counters are now; a row is added when it is due.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_row_series_note(struct pw_row_series *series,
				  const struct pw_counters *counters,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * Add the last row, which may be short.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_row_series_finish(struct pw_row_series *series,
				    const struct pw_counters *counters,
				    struct pw_error *err) PW_MUST_CHECK;

#endif
