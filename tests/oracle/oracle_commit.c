/*
 * oracle_commit.c - memory that is promised.
 *
 * Source: replay/MODEL.md, "Address space".
 */
#include "tests/oracle/oracle_replay.h"

/* Whether any process maps a part of this. */
static bool is_mapped(const struct pw_oracle_replay *oracle, unsigned thing)
{
	for (size_t i = 0; i < PW_ORACLE_PROCESSES_MAX; i++) {
		const struct pw_oracle_space *space = oracle->space[i];

		for (size_t j = 0; space && j < space->mappings; j++)
			if (space->mapping[j].thing == thing)
				return true;
	}
	return false;
}

/* Whether an earlier process has the same space. */
static bool is_counted(const struct pw_oracle_replay *oracle, size_t process)
{
	for (size_t i = 0; i < process; i++)
		if (oracle->space[i] == oracle->space[process])
			return true;
	return false;
}

uint64_t pw_oracle_committed(const struct pw_oracle_replay *oracle)
{
	const struct pw_oracle_things *things = &oracle->things;
	uint64_t pages = 0;

	for (size_t i = 0; i < PW_ORACLE_PROCESSES_MAX; i++) {
		const struct pw_oracle_space *space = oracle->space[i];

		if (!space || is_counted(oracle, i))
			continue;
		for (size_t j = 0; j < space->mappings; j++)
			if (space->mapping[j].flags & PW_ORACLE_AC)
				pages += space->mapping[j].end -
					 space->mapping[j].first;
	}
	for (size_t i = 0; i < things->count; i++)
		if (things->list[i].kind == PW_ORACLE_SEGMENT ||
		    is_mapped(oracle, (unsigned)i + 1))
			pages += things->list[i].charged;
	return pages;
}

void pw_oracle_charge(struct pw_oracle_replay *oracle,
		      const struct pw_oracle_mapping *m, uint64_t pages)
{
	struct pw_oracle_thing *thing =
		m->thing ? &oracle->things.list[m->thing - 1] : NULL;
	uint64_t limit = oracle->machine.commit_limit >>
			 oracle->machine.shape.page_shift;
	bool made = thing && thing->kind != PW_ORACLE_OPEN_FILE && m->shared &&
		    thing->charged == 0 &&
		    !(m->flags & (PW_ORACLE_NR | PW_ORACLE_HT));

	if (made || (m->flags & PW_ORACLE_AC)) {
		if (oracle->machine.overcommit == 1)
			oracle->counts.refused += pages > limit;
		if (oracle->machine.overcommit == 3)
			oracle->counts.refused +=
				pw_oracle_committed(oracle) + pages > limit;
	}
	if (made)
		thing->charged = pages;
}
