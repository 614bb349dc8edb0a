/*
 * cost.c - what a machine has counted, as time: a linear model.
 */
#include "replay/cost.h"

#include "base/assert.h"

#define NS_A_SECOND 1e9

struct pw_cost_time pw_cost_add_up(const struct pw_machine_cost *cost,
				   const struct pw_counters *counters)
{
	struct pw_cost_time time = {
		.base = (double)counters->instructions * cost->base_cpi,
		.stlb = (double)counters->stlb_hits *
			(double)cost->stlb_hit_cycles,
		.walk = (double)counters->walk_cycles,
		.fault = (double)counters->fault_minor *
			 (double)cost->minor_fault_ns * (double)cost->clock_hz /
			 NS_A_SECOND,
	};

	time.total = time.base + time.stlb + time.walk + time.fault;
	return time;
}

uint64_t pw_cost_ns(const struct pw_machine_cost *cost,
		    const struct pw_counters *counters)
{
	PW_ASSERT(cost->clock_hz > 0);
	return (uint64_t)(pw_cost_add_up(cost, counters).total * NS_A_SECOND /
				  (double)cost->clock_hz +
			  0.5);
}
