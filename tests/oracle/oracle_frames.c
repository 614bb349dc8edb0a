/*
 * oracle_frames.c - how much memory is in use.
 *
 * Source: replay/MODEL.md, "Memory".
 */
#include "tests/oracle/oracle_replay.h"

static uint64_t count_once(const struct pw_oracle_replay *oracle,
			   struct pw_oracle_phys *phys, unsigned height,
			   bool counted)
{
	if (!phys || phys->counted == counted)
		return 0;
	phys->counted = counted;
	return (uint64_t)1 << pw_oracle_order(&oracle->machine.shape, height);
}

/* Say of all pages in memory that they are counted or not; how many were, those
 * of files in the page cache only with @files. */
static uint64_t count_all(const struct pw_oracle_replay *oracle, bool counted,
			  bool files)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < oracle->objects.count; i++) {
		struct pw_oracle_object *o = oracle->objects.object[i];

		for (size_t k = 0; k < o->helds; k++)
			(void)count_once(oracle, o->held[k].phys, 0, counted);
		sum += files || o->shmem ? pw_oracle_taken(o) : 0;
	}
	for (size_t i = 0; i < PW_ORACLE_PROCESSES_MAX; i++) {
		const struct pw_oracle_space *space = oracle->space[i];

		for (size_t k = 0; k < i; k++)
			if (oracle->space[k] == space)
				space = NULL;
		/* Each table has one, the roots too. */
		sum += space ? space->tables : 0;
		for (size_t k = 0; space && k < space->pages; k++)
			sum += count_once(oracle, space->page[k].phys,
					  space->page[k].height, counted);
	}
	for (size_t i = 0; i < oracle->lazies; i++)
		sum += count_once(oracle, oracle->lazy[i], 0, counted);
	return sum;
}

uint64_t pw_oracle_memory(const struct pw_oracle_replay *oracle, bool files)
{
	uint64_t sum = count_all(oracle, true, files);

	(void)count_all(oracle, false, false);
	return sum;
}
