/*
 * cost.c - what a machine has counted, as time: a linear model.
 */
#include "replay/machine/cost.h"

#include "base/assert.h"

#define NS_A_SECOND 1e9

static const struct {
	const char *key, *help;
	enum pw_cost_class class;
	size_t ns;	/* in struct pw_machine_cost */
	size_t counter; /* in struct pw_counters */
} costs[] = {
#define PW_COST(name, counter, class, fallback, help) \
	{#name, help, PW_COST_##class,                \
	 offsetof(struct pw_machine_cost, name##_ns), \
	 offsetof(struct pw_counters, counter)},
#include "replay/machine/costs.def"
#undef PW_COST
};

static uint64_t member(const void *structure, size_t offset)
{
	uint64_t value;

	memcpy(&value, (const char *)structure + offset, sizeof(value));
	return value;
}

/* Minor faults that no kind counts. */
static uint64_t count_plain(const struct pw_counters *counters)
{
	uint64_t plain = counters->fault_minor;

	for (size_t i = 0; i < PW_COUNT(costs); i++) {
		uint64_t count = member(counters, costs[i].counter);

		if (costs[i].class != PW_COST_MINOR)
			continue;
		plain -= count < plain ? count : plain;
	}
	return plain;
}

bool pw_cost_item_at(const struct pw_machine_cost *cost,
		     const struct pw_counters *counters, size_t index,
		     struct pw_cost_item *item)
{
	if (index > PW_COUNT(costs))
		return false;
	if (index == 0)
		*item = (struct pw_cost_item){
			"minor_fault", "minor faults of no other kind",
			PW_COST_MINOR, count_plain(counters),
			cost->minor_fault_ns};
	else
		*item = (struct pw_cost_item){
			costs[index - 1].key, costs[index - 1].help,
			costs[index - 1].class,
			member(counters, costs[index - 1].counter),
			member(cost, costs[index - 1].ns)};
	return true;
}

static double *part_of(struct pw_cost_time *time, enum pw_cost_class class)
{
	switch (class) {
	case PW_COST_CALL:
		return &time->call;
	case PW_COST_SHOOTDOWN:
		return &time->shootdown;
	case PW_COST_MINOR:
	case PW_COST_MAJOR:
		break;
	}
	return &time->fault;
}

struct pw_cost_time pw_cost_add_up(const struct pw_machine_cost *cost,
				   const struct pw_counters *counters)
{
	double cycles = (double)cost->clock_hz / NS_A_SECOND; /* a ns */
	struct pw_cost_time time = {
		.base = (double)counters->instructions * cost->base_cpi,
		.stlb = (double)counters->stlb_hits *
			(double)cost->stlb_hit_cycles,
		.walk = (double)counters->walk_cycles,
	};
	struct pw_cost_item item;

	for (size_t i = 0; pw_cost_item_at(cost, counters, i, &item); i++)
		*part_of(&time, item.class) +=
			(double)item.count * (double)item.ns * cycles;
	time.total = time.base + time.stlb + time.walk + time.fault +
		     time.call + time.shootdown;
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
