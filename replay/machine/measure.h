/*
 * measure.h - what translations and faults cost on the machine that runs this.
 *
 * Everything is measured in CPU time of the calling thread, as the least of
 * several rounds: what disturbs a round makes it longer.
 */
#ifndef PW_REPLAY_MEASURE_H
#define PW_REPLAY_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

/*
 * The clock, by a loop of additions of which each waits for the one before.
 *
 * Units: Hz.
 */
double pw_measure_clock(void);

/*
 * The time of one load in a chain of loads that goes round @lines cache lines
 * in random order: each in a page of 4 KiB of its own, at different places in
 * them, or with @dense 64 in a page. The difference of both is what
 * translations cost.
 *
 * Units:  ns.
 * Errors: PW_ERR_SYSTEM no memory.
 * Source: the method of InstLatx64's NewMemLat and of lat_mem_rd (lmbench).
 */
enum pw_status pw_measure_chase(uint64_t lines, bool dense, double *ns,
				struct pw_error *err) PW_MUST_CHECK;

/* Time of a page fault of 4 KiB. Units: ns; 0: it could not be measured. */
struct pw_measured_faults {
	double write;	  /* of anonymous memory: a page is cleared */
	double zero_page; /* a read of it */
	double fork;	  /* a write to a page shared since a fork */
};

/*
 * Measure page faults.
 *
 * Errors: PW_ERR_SYSTEM no memory.
 */
enum pw_status pw_measure_faults(struct pw_measured_faults *out,
				 struct pw_error *err) PW_MUST_CHECK;

#endif
