/*
 * oracle_fault.c - what a fault does, row by row of the table in the model.
 *
 * Source: replay/MODEL.md, "Faults".
 */
#include "base/assert.h"
#include "base/bits.h"
#include "tests/oracle/oracle_replay.h"

#define STACK_BYTES (UINT64_C(8) << 20)
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
	if ((above->end - page) << space->shape->page_shift > STACK_BYTES)
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
static bool lies_past_file(const struct pw_oracle_space *space,
			   const struct pw_oracle_mapping *mapping,
			   uint64_t page)
{
	uint64_t offset = mapping->offset +
			  ((page - mapping->first) << space->shape->page_shift);

	/* Offsets before the file are negative ones. */
	return mapping->file_bytes != 0 && offset < (uint64_t)1 << 63 &&
	       offset >= mapping->file_bytes;
}

static void fault_around(struct pw_oracle_replay *oracle,
			 struct pw_oracle_space *space, uint64_t p)
{
	const struct pw_oracle_mapping *m = pw_oracle_mapping_at(space, p);
	uint64_t n = oracle->machine.fault_around_pages;
	uint64_t leaf = (uint64_t)1 << space->shape->bits[0];
	uint64_t t = p % leaf, o = p - m->first, l = m->end - m->first;
	uint64_t from = max(t - t % n, t - min(t, o));
	uint64_t to = min(min(from + n, leaf), t + l - o) - 1;

	PW_ASSERT(from <= t);
	PW_ASSERT(to >= t);
	for (uint64_t q = p - t + from; q <= p - t + to; q++) {
		PW_ASSERT(pw_oracle_mapping_at(space, q) == m);
		if (q != p && lies_past_file(space, m, q))
			continue;
		if (!pw_oracle_page_at(space, q))
			pw_oracle_page_add(space, q, 0,
					   m->shared ? PW_ORACLE_SHARED
						     : PW_ORACLE_PRIVATE);
	}
}

/* How large a page the policy wants at most, as a power of two of bytes. */
static unsigned wanted_shift(const struct pw_oracle_replay *oracle,
			     const struct pw_oracle_mapping *m)
{
	unsigned most = oracle->machine.page_size_max;
	bool is_private = m && m->anonymous && !m->shared;
	unsigned wanted = 0;

	if (oracle->machine.page_size == PW_ORACLE_HUGE)
		wanted = is_private && m->huge != 2 ? most : 0;
	else if (oracle->machine.page_size == PW_ORACLE_MADVISE)
		wanted = is_private && m->huge == 1 ? most : 0;
	else if (oracle->machine.page_size == PW_ORACLE_HUGETLB)
		wanted = m && m->anonymous ? m->hugetlb : 0;
	return wanted < most ? wanted : most;
}

/* The height of the largest page that holds @page and can be mapped. */
static unsigned choose_height(const struct pw_oracle_replay *oracle,
			      const struct pw_oracle_space *space,
			      const struct pw_oracle_mapping *m, uint64_t page)
{
	unsigned best = 0;

	for (unsigned h = 1; h < space->shape->leaves; h++) {
		unsigned order = pw_oracle_order(space->shape, h);
		uint64_t first = page >> order << order;
		uint64_t end = first + ((uint64_t)1 << order);
		bool is_free = true;

		if (space->shape->page_shift + order > wanted_shift(oracle, m))
			continue;
		if (!m || m->first > first || m->end < end)
			continue;
		for (size_t i = 0; i < space->pages; i++)
			is_free = is_free && (space->page[i].page < first ||
					      space->page[i].page >= end);
		if (is_free)
			best = h;
	}
	return best;
}

static void fault_anonymous(struct pw_oracle_replay *oracle,
			    struct pw_oracle_space *space,
			    const struct pw_oracle_mapping *m, uint64_t page,
			    bool write)
{
	unsigned height = choose_height(oracle, space, m, page);
	unsigned order = pw_oracle_order(space->shape, height);
	bool zero = !write && !(m && (m->shared || m->hugetlb)) &&
		    !oracle->machine.no_zero_page &&
		    oracle->machine.mappings_known;

	pw_oracle_page_add(space, page >> order << order, height,
			   zero ? PW_ORACLE_ZERO : PW_ORACLE_OWN);
	oracle->counts.zero_page += zero;
}

static void fault_absent(struct pw_oracle_replay *oracle,
			 struct pw_oracle_space *space, uint64_t page,
			 bool write)
{
	const struct pw_oracle_mapping *m = find_mapping(oracle, space, page);
	bool anonymous = !m || m->anonymous;
	bool shared = m && m->shared;

	if (anonymous) {
		fault_anonymous(oracle, space, m, page, write);
	} else if (!write) {
		fault_around(oracle, space, page);
		oracle->counts.file++;
	} else if (shared) {
		pw_oracle_page_add(space, page, 0, PW_ORACLE_WRITTEN);
		oracle->counts.file++;
	} else {
		pw_oracle_page_add(space, page, 0, PW_ORACLE_OWN);
		oracle->counts.cow++;
	}
}

void pw_oracle_split(struct pw_oracle_replay *oracle,
		     struct pw_oracle_space *space, uint64_t page)
{
	struct pw_oracle_page old = *pw_oracle_page_at(space, page);
	unsigned below = old.height - 1;
	uint64_t count = (uint64_t)1 << space->shape->bits[below];

	PW_ASSERT(old.height > 0);
	pw_oracle_invalidate(oracle, &old);
	pw_oracle_page_remove(space, page);
	for (uint64_t i = 0; i < count; i++)
		pw_oracle_page_add(
			space,
			old.page + (i << pw_oracle_order(space->shape, below)),
			below, old.frame);
}

/* Whether a copy after a fork is of the whole of a large page. */
static bool copies_whole(const struct pw_oracle_replay *oracle,
			 const struct pw_oracle_space *space,
			 const struct pw_oracle_page *present)
{
	const struct pw_oracle_mapping *m =
		pw_oracle_mapping_at(space, present->page);

	return oracle->machine.page_size == PW_ORACLE_HUGETLB &&
	       space->shape->page_shift +
			       pw_oracle_order(space->shape, present->height) <=
		       wanted_shift(oracle, m);
}

static void fault_present(struct pw_oracle_replay *oracle,
			  struct pw_oracle_space *space, uint64_t page)
{
	struct pw_oracle_page *present = pw_oracle_page_at(space, page);

	while (present->frame == PW_ORACLE_FORKED && present->height > 0 &&
	       !copies_whole(oracle, space, present)) {
		pw_oracle_split(oracle, space, page);
		present = pw_oracle_page_at(space, page);
	}
	oracle->counts.cow += present->frame == PW_ORACLE_PRIVATE;
	oracle->counts.forked += present->frame == PW_ORACLE_FORKED;
	present->frame = present->frame == PW_ORACLE_SHARED ? PW_ORACLE_WRITTEN
							    : PW_ORACLE_OWN;
	pw_oracle_invalidate(oracle, present);
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
		fault_present(oracle, space, page);
	else
		return;
	oracle->counts.minor++;
	present = pw_oracle_page_at(space, page);
	PW_ASSERT(present);
	if (present->frame == PW_ORACLE_OWN)
		pw_oracle_own_page(space, page);
}
