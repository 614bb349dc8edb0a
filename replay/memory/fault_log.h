/*
 * fault_log.h - the faults of each process, in order.
 *
 * Faults that come one after the other at a steady distance are one run.
 */
#ifndef PW_REPLAY_FAULT_LOG_H
#define PW_REPLAY_FAULT_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"

enum pw_fault_how {
	PW_FAULT_MAJOR = 1,
	PW_FAULT_IN_CALL = 2, /* a system call saw to it: no exception */
};

struct pw_fault_run {
	uint64_t first; /* pages */
	uint64_t last;
	uint64_t stride; /* from one to the next, modulo 2^64; 0 of one fault */
	uint64_t count;
	unsigned how; /* enum pw_fault_how */
};

struct pw_fault_log {
	struct pw_array processes; /* struct pw_array of struct pw_fault_run */
};

/*
 * Begin with no faults.
 *
 * Owns: end the log with pw_fault_log_free.
 */
void pw_fault_log_init(struct pw_fault_log *log);

/*
 * Free what the log holds.
 */
void pw_fault_log_free(struct pw_fault_log *log);

/*
 * Append a fault of @process at @page.
 *
 * Errors: PW_ERR_SYSTEM.
 * Cost:   O(1); memory for each run.
 */
enum pw_status pw_fault_log_add(struct pw_fault_log *log, uint32_t process,
				uint64_t page, unsigned how,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * The runs of @process, and how many there are.
 *
 * Owns: the log; good until a fault is added.
 */
const struct pw_fault_run *pw_fault_log_runs(const struct pw_fault_log *log,
					     uint32_t process, size_t *count);

#endif
