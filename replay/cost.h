/*
 * cost.h - what a machine has counted, as time: a linear model.
 */
#ifndef PW_REPLAY_COST_H
#define PW_REPLAY_COST_H

#include <stdint.h>

#include "replay/counters.h"
#include "replay/machine.h"

/* Cycles by what they were spent on. */
struct pw_cost_time {
	double base; /* instructions, if translation were free */
	double stlb;
	double walk;
	double fault;
	double total;
};

/*
 * The time of all that @counters counted.
 *
 * Units: cycles.
 */
struct pw_cost_time pw_cost_add_up(const struct pw_machine_cost *cost,
				   const struct pw_counters *counters);

/*
 * The total of it.
 *
 * Units: ns.
 */
uint64_t pw_cost_ns(const struct pw_machine_cost *cost,
		    const struct pw_counters *counters);

#endif
