/*
 * run.h - one machine of a replay: its processor and what it answers.
 */
#ifndef PW_REPLAY_RUN_H
#define PW_REPLAY_RUN_H

#include "base/array.h"
#include "base/status.h"
#include "replay/mmu/operation.h"
#include "replay/mmu/processor.h"
#include "replay/replay.h"
#include "replay/views/row_series.h"

struct pw_run {
	struct pw_processor processor;
	struct pw_row_series series;
	struct pw_array marks;	  /* struct pw_replay_mark */
	struct pw_counters total; /* for pw_replay_counters */
	enum pw_status status;	  /* the first failure; then nothing more */
	struct pw_error err;
};

/*
 * Begin the run of @machine with rows of @interval accesses; see row_series.h.
 *
 * Owns:   @run stays where it is; free it with pw_run_free.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_run_make(struct pw_run *run, const struct pw_machine *machine,
			   uint64_t interval, struct pw_arena *arena,
			   struct pw_error *err) PW_MUST_CHECK;

/*
 * Free what the run holds outside of the arena.
 */
void pw_run_free(struct pw_run *run);

/*
 * Take @operations in order. A failure is kept in run->status.
 */
void pw_run_take(struct pw_run *run, const struct pw_operations *operations);

#endif
