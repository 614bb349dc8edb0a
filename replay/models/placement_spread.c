/*
 * placement_spread.c - threads on all CPUs in turn, in the order in which they
 * began.
 */
#include "replay/mmu/placement.h"

static uint32_t cpu(const struct pw_placed *thread, uint32_t cpus)
{
	return thread->order % cpus;
}

const struct pw_placement_ops pw_placement_spread = {
	.name = "spread",
	.summary = "each new thread on the next CPU, where it stays",
	.source = "Linux kernel/sched/fair.c, select_task_rq_fair on fork, "
		  "with idle CPUs",
	.cpu = cpu,
};
