/*
 * placement_single.c - all threads take turns on the first CPU.
 */
#include "replay/mmu/placement.h"

static uint32_t cpu(const struct pw_placed *thread, uint32_t cpus)
{
	(void)thread;
	(void)cpus;
	return 0;
}

const struct pw_placement_ops pw_placement_single = {
	.name = "single",
	.summary = "all threads take turns on the first CPU",
	.source = "none: the plainest case",
	.cpu = cpu,
};
