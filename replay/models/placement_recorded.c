/*
 * placement_recorded.c - threads where the recording saw them.
 */
#include "replay/mmu/placement.h"

static uint32_t cpu(const struct pw_placed *thread, uint32_t cpus)
{
	return (thread->seen_on == PW_CPU_UNKNOWN ? thread->order
						  : thread->seen_on) %
	       cpus;
}

const struct pw_placement_ops pw_placement_recorded = {
	.name = "recorded",
	.summary =
		"threads where the recording saw them, others as with spread",
	.source = "events \"cpu\" of the trace",
	.cpu = cpu,
};
