/*
 * oracle_fault.c - what a fault does, row by row of the table in the model.
 *
 * Source: replay/MODEL.md, "Faults".
 */
#include "base/assert.h"
#include "base/bits.h"
#include "tests/oracle/oracle_replay.h"

#define STACK_PAGES 2048 /* 8 MiB */
#define GUARD_PAGES 256

static uint64_t min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Extend the stack above @page down to it, if the rules allow it. */
static bool grow_stack(struct pw_oracle_space *space, uint64_t page)
{
	struct pw_oracle_mapping *above = NULL, *below = NULL;

	for (size_t i = 0; i < space->mappings; i++) {
		struct pw_oracle_mapping *m = &space->mapping[i];

		if (m->first > page && (!above || m->first < above->first))
			above = m;
		if (m->end <= page && (!below || m->end > below->end))
			below = m;
	}
	if (!above || !above->grows_down)
		return false;
	if (above->end - page > STACK_PAGES)
		return false;
	if (below && page - below->end < GUARD_PAGES)
		return false;
	above->first = page;
	return true;
}

/* The mapping that a fault at @page happens in; NULL: one is assumed. */
static const struct pw_oracle_mapping *
find_mapping(struct pw_oracle_replay *oracle, struct pw_oracle_space *space,
	     uint64_t page)
{
	const struct pw_oracle_mapping *m = pw_oracle_mapping_at(space, page);

	if (m)
		return m;
	if (grow_stack(space, page))
		return pw_oracle_mapping_at(space, page);
	if (oracle->machine.mappings_known)
		oracle->counts.assumed++;
	return NULL;
}

/* Whether @page, of @mapping, begins at or after the end of the file. */
static bool lies_past_file(const struct pw_oracle_mapping *mapping,
			   uint64_t page)
{
	uint64_t offset =
		mapping->offset + (page - mapping->first) * PW_PAGE_BYTES;

	return mapping->file_bytes != 0 && offset >= mapping->file_bytes;
}

static void fault_around(struct pw_oracle_replay *oracle,
			 struct pw_oracle_space *space, uint64_t p)
{
	const struct pw_oracle_mapping *m = pw_oracle_mapping_at(space, p);
	uint64_t n = oracle->machine.fault_around_pages;
	uint64_t t = p % 512, o = p - m->first, l = m->end - m->first;
	uint64_t from = max(t - t % n, t - min(t, o));
	uint64_t to = min(min(from + n, 512), t + l - o) - 1;

	PW_ASSERT(from <= t);
	PW_ASSERT(to >= t);
	for (uint64_t q = p - t + from; q <= p - t + to; q++) {
		PW_ASSERT(pw_oracle_mapping_at(space, q) == m);
		if (q != p && lies_past_file(m, q))
			continue;
		if (!pw_oracle_page_at(space, q))
			pw_oracle_page_add(space, q,
					   m->shared ? PW_ORACLE_SHARED
						     : PW_ORACLE_PRIVATE);
	}
}

static void fault_absent(struct pw_oracle_replay *oracle,
			 struct pw_oracle_space *space, uint64_t page,
			 bool write)
{
	const struct pw_oracle_mapping *m = find_mapping(oracle, space, page);
	bool anonymous = !m || m->anonymous;
	bool shared = m && m->shared;

	if (anonymous && (shared || write || oracle->machine.no_zero_page)) {
		pw_oracle_page_add(space, page, PW_ORACLE_OWN);
	} else if (anonymous) {
		pw_oracle_page_add(space, page, PW_ORACLE_ZERO);
		oracle->counts.zero_page++;
	} else if (!write) {
		fault_around(oracle, space, page);
		oracle->counts.file++;
	} else if (shared) {
		pw_oracle_page_add(space, page, PW_ORACLE_WRITTEN);
		oracle->counts.file++;
	} else {
		pw_oracle_page_add(space, page, PW_ORACLE_OWN);
		oracle->counts.cow++;
	}
}

static void fault_present(struct pw_oracle_replay *oracle,
			  struct pw_oracle_page *present)
{
	oracle->counts.cow += present->frame == PW_ORACLE_PRIVATE;
	oracle->counts.forked += present->frame == PW_ORACLE_FORKED;
	present->frame = present->frame == PW_ORACLE_SHARED ? PW_ORACLE_WRITTEN
							    : PW_ORACLE_OWN;
	pw_oracle_invalidate(oracle, present->page);
}

void pw_oracle_own_page(struct pw_oracle_space *space, uint64_t page)
{
	struct pw_oracle_mapping *m = pw_oracle_mapping_at(space, page);

	if (m && !m->shared)
		m->owns_pages = true;
}

void pw_oracle_fault(struct pw_oracle_replay *oracle,
		     struct pw_oracle_space *space, uint64_t page, bool write)
{
	struct pw_oracle_page *present = pw_oracle_page_at(space, page);

	if (!present)
		fault_absent(oracle, space, page, write);
	else if (write && present->frame != PW_ORACLE_OWN &&
		 present->frame != PW_ORACLE_WRITTEN)
		fault_present(oracle, present);
	else
		return;
	oracle->counts.minor++;
	present = pw_oracle_page_at(space, page);
	PW_ASSERT(present);
	if (present->frame == PW_ORACLE_OWN)
		pw_oracle_own_page(space, page);
}
