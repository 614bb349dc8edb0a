/*
 * cost.h - what a machine has counted, as time: a linear model.
 */
#ifndef PW_REPLAY_COST_H
#define PW_REPLAY_COST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replay/counters.h"
#include "replay/machine/machine.h"

/* Cycles by what they were spent on. */
struct pw_cost_time {
	double base; /* instructions, if translation were free */
	double stlb;
	double walk;
	double fault; /* minor and major */
	double call;  /* system calls, and what they unmap and copy */
	double shootdown;
	double total;
};

enum pw_cost_class {
	PW_COST_MINOR,
	PW_COST_MAJOR,
	PW_COST_CALL,
	PW_COST_SHOOTDOWN,
};

/* One line of the reckoning: events of one kind. */
struct pw_cost_item {
	const char *key;  /* in the section "cost" of machine files */
	const char *help; /* what the events are */
	enum pw_cost_class class;
	uint64_t count;
	uint64_t ns; /* each */
};

/*
 * The kinds of costs.def, and before them the minor faults that none of them
 * counts, in order; false past the last one.
 */
bool pw_cost_item_at(const struct pw_machine_cost *cost,
		     const struct pw_counters *counters, size_t index,
		     struct pw_cost_item *item);

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
