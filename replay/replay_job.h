/*
 * replay_job.h - what commands that replay a trace have in common: machines,
 * trace, the loop over it, and what is to be said about the trace.
 */
#ifndef PW_REPLAY_REPLAY_JOB_H
#define PW_REPLAY_REPLAY_JOB_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "base/table.h"
#include "formats/trace.h"
#include "replay/machine/machine_options.h"
#include "replay/replay.h"

#define PW_REPLAY_JOBS_MAX 64

struct pw_replay_request {
	const struct pw_machine_args *on;
	const char *path;	/* of the trace */
	uint64_t interval;	/* accesses; 0: one that suits the trace */
	uint64_t interval_most; /* of one that suits; 0: any. A power of two
				   that is not below PW_TOUCH_CUT */
	uint64_t jobs;		/* threads; 0: as many as are good */
	enum pw_sweep_of sweep; /* on all machines */
	bool one_machine;	/* refuse to simulate several */
	bool log_faults;	/* see pw_fault_tables */
	const struct pw_replay_watch *watch; /* outlives the job; or NULL */
};

struct pw_replay_job {
	struct pw_machine **machines;
	size_t machine_count;
	struct pw_relayout *relayout; /* NULL: none */
	struct pw_replay *replay;
	struct pw_trace *trace;
};

/*
 * Load the machines, open the trace, and make the replay. Notes go to @out,
 * whose arena keeps the list of machines.
 *
 * Owns:   *job holds what pw_replay_job_close frees, after a failure too.
 * Errors: PW_ERR_USAGE a machine or the trace cannot be had; those of
 *         pw_replay_open.
 */
enum pw_status pw_replay_job_open(struct pw_replay_job *job,
				  const struct pw_replay_request *request,
				  struct pw_tables *out,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * Replay the trace to its end, and mark @out partial if some of it is damaged.
 *
 * Errors: those of the replay, its watch and the trace.
 */
enum pw_status pw_replay_job_run(struct pw_replay_job *job,
				 struct pw_tables *out,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * Note in @out what the reader of results should know about the trace.
 */
void pw_replay_job_notes(const struct pw_replay_job *job,
			 struct pw_tables *out);

/*
 * Free what the job holds.
 */
void pw_replay_job_close(struct pw_replay_job *job);

#endif
