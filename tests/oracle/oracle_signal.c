/*
 * oracle_signal.c - faults that end in a signal.
 *
 * Source: replay/MODEL.md, "Signals".
 */
#include "tests/oracle/oracle_replay.h"

/* Whether a stack would grow down to @page. */
static bool stack_comes(const struct pw_oracle_space *space, uint64_t page)
{
	const struct pw_oracle_mapping *above = NULL, *below = NULL;
	unsigned shift = space->shape->page_shift;
	uint64_t mapped = 0;

	for (size_t i = 0; i < space->mappings; i++) {
		const struct pw_oracle_mapping *m = &space->mapping[i];

		mapped += m->end - m->first;
		if (m->first > page && (!above || m->first < above->first))
			above = m;
		if (m->end <= page && (!below || m->end > below->end))
			below = m;
	}
	if (!above || !(above->flags & PW_ORACLE_GD) ||
	    above->end - page > space->stack_limit >> shift ||
	    mapped + above->first - page > space->size_limit >> shift)
		return false;
	return !below || page - below->end >= 256 ||
	       (below->flags & PW_ORACLE_GD) ||
	       !(below->flags & (PW_ORACLE_RD | PW_ORACLE_WR | PW_ORACLE_EX));
}

bool pw_oracle_lies_past(const struct pw_oracle_space *space,
			 const struct pw_oracle_mapping *m, uint64_t page)
{
	uint64_t offset =
		m->offset + ((page - m->first) << space->shape->page_shift);

	offset = offset % ((uint64_t)1 << 57) >>
		 space->shape->page_shift << space->shape->page_shift;
	if (!m->object || m->hugetlb)
		return false;
	if (m->object->memory_bytes)
		return offset >= m->object->memory_bytes;
	return m->object->bytes ? offset >= m->object->bytes
				: m->object->emptied;
}

/* Signal * 1000 + code that is expected, or 0. */
static unsigned expect(const struct pw_oracle_space *space, uint64_t address,
		       uint64_t seen)
{
	uint64_t page =
		address % ((uint64_t)1 << 57) >> space->shape->page_shift;
	const struct pw_oracle_mapping *m = pw_oracle_mapping_at(space, page);

	if (address >= UINT64_C(1) << 56 && address < UINT64_C(0xff) << 56)
		return 11128;
	if (!m)
		return stack_comes(space, page) ? 0 : 11001;
	if (!(m->flags & (PW_ORACLE_RD | PW_ORACLE_WR | PW_ORACLE_EX)))
		return 11002;
	if (pw_oracle_guard_at(space, page) ||
	    pw_oracle_lies_past(space, m, page)) {
		if (seen == 11002 && !(m->flags & PW_ORACLE_WR))
			return 11002;
		return pw_oracle_guard_at(space, page) ? 11001 : 7002;
	}
	if ((m->flags & PW_ORACLE_WR) && (m->flags & PW_ORACLE_EX))
		return 0;
	return 11002;
}

void pw_oracle_signal(struct pw_oracle_replay *oracle,
		      struct pw_oracle_space *space,
		      const struct pw_event *event)
{
	uint64_t number = event->arg[0], code = event->arg[1];
	uint64_t seen = number * 1000 + code;
	unsigned expected;

	if (code > 128 || number > 100 ||
	    (seen != 11001 && seen != 11002 && seen != 11128 && seen != 7002))
		return;
	expected = seen == 11128 && event->arg[2] == 0
			   ? 11128
			   : expect(space, event->arg[2], seen);
	oracle->counts.unlike += expected != seen;
	oracle->counts.fatal += expected != 0;
	oracle->counts.fatal_unmapped += expected == 11001;
	oracle->counts.fatal_forbidden += expected == 11002;
	oracle->counts.fatal_other += expected == 11128;
	oracle->counts.fatal_bus += expected == 7002;
	if (expected == 7002 && seen == 7002 && event->arg[3])
		pw_oracle_fault_failed(oracle, space,
				       event->arg[2] % ((uint64_t)1 << 57) >>
					       space->shape->page_shift,
				       event->arg[3] != 1);
}

void pw_oracle_unreached(struct pw_oracle_replay *oracle,
			 struct pw_oracle_space *space,
			 const struct pw_event *event)
{
	const uint64_t address = event->arg[0], access = event->arg[1];
	/* A store to what may not be written has another reason. */
	const uint64_t seen = access == 1 ? 7002 : 11002;

	if (access && expect(space, address, seen) == 7002)
		pw_oracle_fault_failed(oracle, space,
				       address % ((uint64_t)1 << 57) >>
					       space->shape->page_shift,
				       access != 1);
}
