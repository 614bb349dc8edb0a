/*
 * placement_process.c - all threads of a process on one CPU.
 */
#include "replay/mmu/placement.h"

static uint32_t cpu(const struct pw_placed *thread, uint32_t cpus)
{
	return thread->process % cpus;
}

const struct pw_placement_ops pw_placement_process = {
	.name = "process",
	.summary = "all threads of a process on one CPU",
	.source = "taskset(1) for each process",
	.cpu = cpu,
};
