/*
 * row_series.c - what happened when: rows at exact multiples of accesses.
 */
#include "replay/views/row_series.h"

#include <stdbool.h>

#include "base/assert.h"

#define FIRST_INTERVAL 16384
#define ROWS_MAX 256
#define ROWS_MAX_ASKED ((size_t)1 << 16) /* when the interval was asked for */

void pw_row_series_start(struct pw_row_series *series, uint64_t interval)
{
	memset(series, 0, sizeof(*series));
	series->rows = (struct pw_array)PW_ARRAY(struct pw_replay_row);
	series->interval = interval ? interval : FIRST_INTERVAL;
	series->rows_max = interval ? ROWS_MAX_ASKED : ROWS_MAX;
	series->due = series->interval;
}

void pw_row_series_free(struct pw_row_series *series)
{
	pw_array_free(&series->rows);
}

static struct pw_replay_row take(const struct pw_counters *counters)
{
	struct pw_replay_row row = {
		.accesses = counters->accesses,
		.instructions = counters->instructions,
		.touches = counters->touches,
		.dtlb_misses = counters->dtlb_misses,
		.itlb_misses = counters->itlb_misses,
		.stlb_misses = counters->stlb_misses,
		.walk_count = counters->walk_count,
		.walk_references = counters->walk_references,
		.walk_cycles = counters->walk_cycles,
		.walk_served_l1d = counters->walk_served_l1d,
		.walk_served_l2 = counters->walk_served_l2,
		.walk_served_llc = counters->walk_served_llc,
		.walk_served_memory = counters->walk_served_memory,
		.shootdowns = counters->tlb_shootdowns,
		.faults = counters->fault_minor + counters->fault_major,
		.rss_bytes = counters->rss_bytes,
		.pagetable_bytes = counters->pagetable_bytes,
	};

	memcpy(row.tlb, counters->tlb, sizeof(row.tlb));
	return row;
}

/* Add @other to what @row counts of TLBs, or with @less subtract it. */
static void add_tlbs(struct pw_replay_row *row,
		     const struct pw_replay_row *other, bool less)
{
	for (size_t i = 0; i < PW_TLB_ARRAYS; i++) {
		for (size_t h = 0; h < PW_TLB_HEIGHTS; h++) {
			struct pw_tlb_tally *tally = &row->tlb[i][h];
			struct pw_tlb_tally change = other->tlb[i][h];

			if (less)
				change = (struct pw_tlb_tally){
					-change.lookups, -change.misses,
					-change.prefetches};
			tally->lookups += change.lookups;
			tally->misses += change.misses;
			tally->prefetches += change.prefetches;
		}
	}
}

/* What happened from @before to @now. */
static struct pw_replay_row subtract(const struct pw_replay_row *now,
				     const struct pw_replay_row *before)
{
	struct pw_replay_row row = *now;

	PW_ASSERT(now->accesses >= before->accesses);
	PW_ASSERT(now->faults >= before->faults);
	PW_ASSERT(now->dtlb_misses >= before->dtlb_misses);
	row.touches -= before->touches;
	row.dtlb_misses -= before->dtlb_misses;
	row.itlb_misses -= before->itlb_misses;
	row.stlb_misses -= before->stlb_misses;
	row.walk_count -= before->walk_count;
	row.walk_references -= before->walk_references;
	row.walk_cycles -= before->walk_cycles;
	row.walk_served_l1d -= before->walk_served_l1d;
	row.walk_served_l2 -= before->walk_served_l2;
	row.walk_served_llc -= before->walk_served_llc;
	row.walk_served_memory -= before->walk_served_memory;
	row.shootdowns -= before->shootdowns;
	row.faults -= before->faults;
	add_tlbs(&row, before, true);
	return row;
}

/* The row that @first and @second after it make together. */
static struct pw_replay_row join(const struct pw_replay_row *first,
				 const struct pw_replay_row *second)
{
	struct pw_replay_row row = *second;

	PW_ASSERT(second->accesses >= first->accesses);
	row.touches += first->touches;
	row.dtlb_misses += first->dtlb_misses;
	row.itlb_misses += first->itlb_misses;
	row.stlb_misses += first->stlb_misses;
	row.walk_count += first->walk_count;
	row.walk_references += first->walk_references;
	row.walk_cycles += first->walk_cycles;
	row.walk_served_l1d += first->walk_served_l1d;
	row.walk_served_l2 += first->walk_served_l2;
	row.walk_served_llc += first->walk_served_llc;
	row.walk_served_memory += first->walk_served_memory;
	row.shootdowns += first->shootdowns;
	row.faults += first->faults;
	add_tlbs(&row, first, false);
	return row;
}

static void merge_pairs(struct pw_row_series *series)
{
	struct pw_replay_row *rows = series->rows.data;

	PW_ASSERT(series->rows.count % 2 == 0);
	for (size_t i = 0; i < series->rows.count / 2; i++)
		rows[i] = join(&rows[2 * i], &rows[2 * i + 1]);
	series->rows.count /= 2;
	series->interval *= 2;
}

enum pw_status pw_row_series_note(struct pw_row_series *series,
				  const struct pw_counters *counters,
				  struct pw_error *err)
{
	struct pw_replay_row now;
	struct pw_replay_row row;
	enum pw_status st;

	if (counters->accesses < series->due)
		return PW_OK;
	now = take(counters);
	row = subtract(&now, &series->seen);
	st = pw_array_push(&series->rows, &row, err);
	if (st != PW_OK)
		return st;
	PW_ASSERT(series->rows.count <= series->rows_max);
	series->seen = now;
	if (series->rows.count == series->rows_max)
		merge_pairs(series);
	series->due = (now.accesses / series->interval + 1) * series->interval;
	PW_ASSERT(series->due > now.accesses);
	return PW_OK;
}

enum pw_status pw_row_series_finish(struct pw_row_series *series,
				    const struct pw_counters *counters,
				    struct pw_error *err)
{
	struct pw_replay_row now = take(counters);
	struct pw_replay_row row = subtract(&now, &series->seen);
	bool more = now.accesses > series->seen.accesses;
	struct pw_replay_row *last;

	series->seen = now;
	if (series->rows.count == 0 || more)
		return pw_array_push(&series->rows, &row, err);
	/* Only events came after the last row: they become part of it. */
	last = &PW_ARRAY_AT(&series->rows, struct pw_replay_row,
			    series->rows.count - 1);
	*last = join(last, &row);
	return PW_OK;
}
