/*
 * oracle_run.h - a whole random trace through the replay's oracle.
 */
#ifndef PW_TESTS_ORACLE_ORACLE_RUN_H
#define PW_TESTS_ORACLE_ORACLE_RUN_H

#include "tests/oracle/oracle_replay.h"
#include "tests/oracle/random_trace.h"

#define PW_ORACLE_COUNTERS_MAX 128

/* All counters at one moment, in the order of pw_oracle_replay_name. */
struct pw_oracle_snapshot {
	const char *name; /* of the mark */
	uint32_t thread;
	uint64_t value[PW_ORACLE_COUNTERS_MAX];
	struct pw_oracle_row tlb[PW_ORACLE_ARRAYS][PW_ORACLE_HEIGHTS];
};

struct pw_oracle_run {
	struct pw_array marks; /* struct pw_oracle_snapshot */
	struct pw_array rows;  /* after each interval of accesses */
	struct pw_oracle_snapshot final;
	struct pw_oracle_use use[PW_ORACLE_LEVELS]; /* at the end, by height */
	struct pw_oracle_use peak[PW_ORACLE_LEVELS];
};

/*
 * Run @trace on @machine and note the counters at every mark, after every
 * @interval accesses and at the end.
 *
 * Owns:   *run holds memory until pw_oracle_run_free.
 * Errors: none; without memory it aborts, being a test.
 */
void pw_oracle_run(struct pw_oracle_run *run,
		   const struct pw_random_trace *trace,
		   const struct pw_oracle_machine *machine, uint64_t interval);

/*
 * Free the snapshots.
 */
void pw_oracle_run_free(struct pw_oracle_run *run);

/*
 * The counter @name in @snapshot; a name that the oracle does not know aborts
 * the test with a message.
 */
uint64_t pw_oracle_value(const struct pw_oracle_snapshot *snapshot,
			 const char *name);

#endif
