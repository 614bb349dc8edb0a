/*
 * oracle_fault.c - what a fault does, row by row of the table in the model.
 *
 * Source: replay/MODEL.md, "Faults".
 */
#include "base/assert.h"
#include "base/bits.h"
#include "tests/oracle/oracle_replay.h"
#include "tests/oracle/oracle_tables.h"
#include "tests/oracle/oracle_vma.h"

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
	uint64_t mapped = 0;

	for (size_t i = 0; i < space->mappings; i++) {
		struct pw_oracle_mapping *m = &space->mapping[i];

		if (m->first > page && (!above || m->first < above->first))
			above = m;
		if (m->end <= page && (!below || m->end > below->end))
			below = m;
	}
	if (!above || !(above->flags & PW_ORACLE_GD))
		return false;
	if (above->end - page > space->stack_limit >> space->shape->page_shift)
		return false;
	for (size_t i = 0; i < space->mappings; i++)
		mapped += space->mapping[i].end - space->mapping[i].first;
	if (mapped + (above->first - page) > space->size_limit >>
	    space->shape->page_shift)
		return false;
	if (below && page - below->end < GUARD_PAGES &&
	    !(below->flags & PW_ORACLE_GD) &&
	    (below->flags & (PW_ORACLE_RD | PW_ORACLE_WR | PW_ORACLE_EX)))
		return false;
	pw_oracle_own_page(space, above->first);
	above->offset -= (above->first - page) << space->shape->page_shift;
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

uint64_t pw_oracle_index(const struct pw_oracle_space *space,
			 const struct pw_oracle_mapping *m, uint64_t page)
{
	uint64_t offset =
		m->offset + ((page - m->first) << space->shape->page_shift);

	return offset % ((uint64_t)1 << 57) >> space->shape->page_shift;
}

/* Whether @page, of @m, begins at or after the end of the file. */
static bool lies_past_file(const struct pw_oracle_space *space,
			   const struct pw_oracle_mapping *m, uint64_t page)
{
	uint64_t offset =
		m->offset + ((page - m->first) << space->shape->page_shift);

	/* Offsets before the file are negative ones. */
	return m->object->bytes != 0 && offset < (uint64_t)1 << 63 &&
	       offset >= m->object->bytes;
}

void pw_oracle_map_own(struct pw_oracle_space *space, uint64_t page,
		       unsigned height)
{
	struct pw_oracle_phys *phys = pw_oracle_phys_new();

	phys->exclusive = true;
	pw_oracle_page_add(space, page, height, PW_ORACLE_OWN, phys);
}

void pw_oracle_map_cached(struct pw_oracle_replay *oracle,
			  struct pw_oracle_space *space, uint64_t page)
{
	const struct pw_oracle_mapping *m = pw_oracle_mapping_at(space, page);
	enum pw_oracle_frame frame = PW_ORACLE_PRIVATE;

	if (m->shared)
		frame = m->object->shmem ? PW_ORACLE_COMMON : PW_ORACLE_SHARED;
	pw_oracle_page_add(space, page, 0, frame,
			   pw_oracle_cached(&oracle->objects, m->object,
					    pw_oracle_index(space, m, page)));
	pw_oracle_page_at(space, page)->shmem = m->object->shmem;
}

/* ---- pages of files and of shared memory ---- */

static uint64_t ask(const struct pw_oracle_replay *oracle,
		    const struct pw_oracle_space *space,
		    const struct pw_oracle_mapping *m,
		    enum pw_oracle_saying what, uint64_t page)
{
	return pw_oracle_ask(&oracle->objects, m->object, what,
			     pw_oracle_index(space, m, page));
}

/* The pages that come with @page from its folio; *first..*end are those that
 * may, if it is not all of the folio. */
static void spread(const struct pw_oracle_replay *oracle,
		   const struct pw_oracle_space *space,
		   const struct pw_oracle_mapping *m, uint64_t page,
		   uint64_t *first, uint64_t *end)
{
	uint64_t index = pw_oracle_index(space, m, page);
	uint64_t before =
		index - pw_oracle_head(&oracle->objects, m->object, index);
	uint64_t after =
		pw_oracle_tail(&oracle->objects, m->object, index) - index;
	uint64_t leaf = (uint64_t)1 << space->shape->bits[0];
	bool whole = oracle->machine.kernel >= 618 && page >= before &&
		     page - before >= m->first && page + after <= m->end &&
		     (page - before) / leaf == (page + after - 1) / leaf &&
		     (m->object->shmem ||
		      !lies_past_file(space, m, page + after - 1));

	*first = whole ? page - before : page;
	if (whole || page + after < *end)
		*end = page + after;
}

/* The first page that is found is of the last folio of its file, and has no
 * table yet: then nothing comes. */
static bool finds_no_table(const struct pw_oracle_replay *oracle,
			   const struct pw_oracle_space *space,
			   const struct pw_oracle_mapping *m, uint64_t page)
{
	uint64_t index = pw_oracle_index(space, m, page);
	uint64_t tail = pw_oracle_tail(&oracle->objects, m->object, index);

	return oracle->machine.kernel >= 618 && !m->object->shmem &&
	       lies_past_file(space, m, page + (tail - index)) &&
	       !pw_oracle_tables_has_leaf(space, page);
}

/* Map what is there around @p; true if it is. */
static bool fault_around(struct pw_oracle_replay *oracle,
			 struct pw_oracle_space *space,
			 const struct pw_oracle_mapping *m, uint64_t p)
{
	struct pw_oracle_reading *reading = pw_oracle_reading(oracle, m->thing);
	uint64_t n = oracle->machine.fault_around_pages;
	uint64_t leaf = (uint64_t)1 << space->shape->bits[0];
	uint64_t t = p % leaf, o = p - m->first, l = m->end - m->first;
	uint64_t from = max(t - t % n, t - min(t, o));
	uint64_t to = min(min(from + n, leaf), t + l - o) - 1;
	uint64_t passed = 0;

	PW_ASSERT(from <= t);
	PW_ASSERT(to >= t);
	for (uint64_t q = p - t + from; q <= p - t + to; q++) {
		uint64_t first, end = p - t + to + 1;
		uint64_t index = pw_oracle_index(space, m, q);

		PW_ASSERT(pw_oracle_mapping_at(space, q) == m);
		if (lies_past_file(space, m, q) ||
		    !ask(oracle, space, m, PW_ORACLE_THERE, q) ||
		    pw_oracle_ask(
			    &oracle->objects, m->object, PW_ORACLE_MARK,
			    pw_oracle_head(&oracle->objects, m->object, index)))
			continue;
		if (passed == 0 && finds_no_table(oracle, space, m, q))
			break;
		spread(oracle, space, m, q, &first, &end);
		for (uint64_t r = first; r < end; r++, passed++)
			if (!pw_oracle_page_at(space, r))
				pw_oracle_map_cached(oracle, space, r);
		q = end - 1;
	}
	if (!m->object->shmem)
		reading->misses -= (unsigned)min(reading->misses, passed);
	return pw_oracle_page_at(space, p) != NULL;
}

/* A page whose object has it: map it, or all of its folio. */
static void map_found(struct pw_oracle_replay *oracle,
		      struct pw_oracle_space *space,
		      const struct pw_oracle_mapping *m, uint64_t page,
		      bool write)
{
	uint64_t first, end = page + 1;

	spread(oracle, space, m, page, &first, &end);
	for (uint64_t q = first; q < end; q++) {
		if (!pw_oracle_page_at(space, q))
			continue;
		first = page;
		end = page + 1;
		break;
	}
	for (uint64_t q = first; q < end; q++) {
		pw_oracle_map_cached(oracle, space, q);
		if (!write)
			continue;
		pw_oracle_page_at(space, q)->frame = PW_ORACLE_WRITTEN;
		pw_oracle_soil(&oracle->objects, m->object,
			       pw_oracle_index(space, m, q));
	}
}

/* How large a page the policy wants at most, as a power of two of bytes. */
static unsigned wanted_shift(const struct pw_oracle_replay *oracle,
			     const struct pw_oracle_space *space,
			     const struct pw_oracle_mapping *m)
{
	unsigned most = oracle->machine.page_size_max;
	bool is_private = m && m->anonymous && !m->shared;
	unsigned wanted = 0;

	if (!(m && m->hugetlb) &&
	    (space->small ||
	     (space->small_unasked && !(m && m->flags & PW_ORACLE_HG))))
		return 0;
	if (m && m->hugetlb && m->anonymous &&
	    oracle->machine.page_size != PW_ORACLE_BASE)
		wanted = m->hugetlb;
	else if (oracle->machine.page_size == PW_ORACLE_HUGE)
		wanted = is_private && !(m->flags & PW_ORACLE_NH) ? most : 0;
	else if (oracle->machine.page_size == PW_ORACLE_MADVISE)
		wanted = is_private && (m->flags & PW_ORACLE_HG) ? most : 0;
	return wanted < most ? wanted : most;
}

bool pw_oracle_may_enlarge(const struct pw_oracle_replay *oracle,
			   const struct pw_oracle_space *space,
			   const struct pw_oracle_mapping *m)
{
	const uint64_t never =
		PW_ORACLE_NH | PW_ORACLE_IO | PW_ORACLE_PF | PW_ORACLE_DE;
	unsigned shift =
		space->shape->page_shift + pw_oracle_order(space->shape, 1);

	return m->anonymous && !m->shared && !m->hugetlb && m->owner &&
	       !(m->flags & never) && !space->small && !space->shape->hashed &&
	       space->shape->leaves > 1 &&
	       (oracle->machine.page_size == PW_ORACLE_HUGE ||
		oracle->machine.page_size == PW_ORACLE_MADVISE) &&
	       shift <= oracle->machine.page_size_max;
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

		if (space->shape->page_shift + order >
		    wanted_shift(oracle, space, m))
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

/* A trace without mappings does not tell what a program has. */
static bool has_no_zero_page(const struct pw_oracle_replay *oracle)
{
	return oracle->machine.no_zero_page || !oracle->machine.mappings_known;
}

static void fault_anonymous(struct pw_oracle_replay *oracle,
			    struct pw_oracle_space *space,
			    const struct pw_oracle_mapping *m, uint64_t page,
			    bool write, unsigned height)
{
	unsigned order = pw_oracle_order(space->shape, height);
	uint64_t first = page >> order << order;

	if (write || (m && (m->shared || m->hugetlb)) ||
	    has_no_zero_page(oracle)) {
		pw_oracle_map_own(space, first, height);
		oracle->counts.large += height > 0 && !(m && m->hugetlb);
		return;
	}
	pw_oracle_page_add(space, first, height, PW_ORACLE_ZERO, NULL);
	oracle->counts.zero_page++;
}

/* A fault of a page of an object; true if it is a major one. */
static bool fault_object(struct pw_oracle_replay *oracle,
			 struct pw_oracle_space *space,
			 const struct pw_oracle_mapping *m, uint64_t page,
			 bool write)
{
	bool around = !write && !m->attached &&
		      oracle->machine.fault_around_pages > 1;
	bool found = around && fault_around(oracle, space, m, page);
	bool again = false, major = false;

	if (!found && !m->object->shmem && !lies_past_file(space, m, page)) {
		major = !ask(oracle, space, m, PW_ORACLE_THERE, page);
		if (major)
			pw_oracle_read_missing(oracle, space, m, page);
		again = major || pw_oracle_read_found(oracle, space, m, page);
	}
	if (again && around)
		found = fault_around(oracle, space, m, page);
	if (write && !m->shared) {
		pw_oracle_map_own(space, page, 0);
		oracle->counts.cow++;
		return major;
	}
	oracle->counts.file += !m->object->shmem;
	if (!found)
		map_found(oracle, space, m, page, write);
	return major;
}

static bool fault_absent(struct pw_oracle_replay *oracle,
			 struct pw_oracle_space *space, uint64_t page,
			 bool write)
{
	const struct pw_oracle_mapping *m = find_mapping(oracle, space, page);
	unsigned height = 0;

	if (!m || m->anonymous)
		height = choose_height(oracle, space, m, page);
	if (m && m->anonymous && has_no_zero_page(oracle))
		write = true;
	if (m && m->object && height == 0)
		return fault_object(oracle, space, m, page, write);
	fault_anonymous(oracle, space, m, page, write, height);
	return false;
}

void pw_oracle_split(struct pw_oracle_replay *oracle,
		     struct pw_oracle_space *space, uint64_t page)
{
	struct pw_oracle_page old = *pw_oracle_page_at(space, page);
	bool exclusive = old.phys && old.phys->exclusive;
	unsigned below = old.height - 1;
	unsigned order = pw_oracle_order(space->shape, below);
	uint64_t count = (uint64_t)1 << space->shape->bits[below];

	PW_ASSERT(old.height > 0);
	oracle->counts.splits++;
	pw_oracle_note_change(oracle, space, &old);
	pw_oracle_page_remove(space, page);
	for (uint64_t i = 0; i < count; i++) {
		uint64_t first = old.page + (i << order);
		struct pw_oracle_phys *phys = NULL;

		if (old.frame != PW_ORACLE_ZERO) {
			phys = pw_oracle_phys_new();
			phys->exclusive = exclusive;
			phys->piece = !exclusive;
		}
		pw_oracle_page_add(space, first, below, old.frame, phys);
		pw_oracle_page_at(space, first)->old = old.old;
		pw_oracle_page_at(space, first)->clean = old.clean;
	}
}

/* Whether a copy after a fork is of the whole of a large page. */
static bool copies_whole(const struct pw_oracle_replay *oracle,
			 const struct pw_oracle_space *space,
			 const struct pw_oracle_page *present)
{
	const struct pw_oracle_mapping *m =
		pw_oracle_mapping_at(space, present->page);

	return m && m->hugetlb &&
	       space->shape->page_shift +
			       pw_oracle_order(space->shape, present->height) <=
		       wanted_shift(oracle, space, m);
}

/* Whether the page may become writable again without a copy. */
static bool may_reuse(const struct pw_oracle_phys *phys)
{
	return phys->exclusive || (phys->maps == 1 && !phys->piece);
}

static void fault_present(struct pw_oracle_replay *oracle,
			  struct pw_oracle_space *space, uint64_t page)
{
	struct pw_oracle_page *present = pw_oracle_page_at(space, page);

	while (present->frame == PW_ORACLE_FORKED && present->height > 0 &&
	       !may_reuse(present->phys) &&
	       !copies_whole(oracle, space, present)) {
		pw_oracle_split(oracle, space, page);
		present = pw_oracle_page_at(space, page);
	}
	oracle->counts.cow += present->frame == PW_ORACLE_PRIVATE;
	oracle->counts.forked += present->frame == PW_ORACLE_FORKED;
	if (present->frame == PW_ORACLE_SHARED) {
		const struct pw_oracle_mapping *m =
			pw_oracle_mapping_at(space, page);

		pw_oracle_soil(&oracle->objects, m->object,
			       pw_oracle_index(space, m, page));
		pw_oracle_page_turn(present, PW_ORACLE_WRITTEN, present->phys);
	} else if (present->frame == PW_ORACLE_FORKED &&
		   may_reuse(present->phys)) {
		oracle->counts.reuses++;
		present->phys->exclusive = true;
		pw_oracle_page_turn(present, PW_ORACLE_OWN, present->phys);
	} else {
		struct pw_oracle_phys *copy = pw_oracle_phys_new();

		const struct pw_oracle_mapping *m =
			pw_oracle_mapping_at(space, page);

		oracle->counts.large +=
			present->height > 0 && !(m && m->hugetlb);
		oracle->counts.copies += present->frame == PW_ORACLE_FORKED;
		copy->exclusive = true;
		pw_oracle_page_turn(present, PW_ORACLE_OWN, copy);
		present->hugetlb = m && m->hugetlb;
	}
	pw_oracle_invalidate(oracle, present);
}

/* Whether nothing but a note is made of a write to @page. */
static bool is_writable(const struct pw_oracle_page *page)
{
	return page->frame == PW_ORACLE_OWN ||
	       page->frame == PW_ORACLE_WRITTEN ||
	       page->frame == PW_ORACLE_COMMON;
}

/* Whoever makes pages of a shared file dirty may have to wait. */
static void throttle(struct pw_oracle_replay *oracle,
		     const struct pw_oracle_space *space, uint64_t page)
{
	const struct pw_oracle_mapping *m = pw_oracle_mapping_at(space, page);

	if (m && m->shared && m->object)
		pw_oracle_throttle(oracle, m->object);
}

void pw_oracle_fault(struct pw_oracle_replay *oracle,
		     struct pw_oracle_space *space, uint64_t page, bool write)
{
	struct pw_oracle_page *present = pw_oracle_page_at(space, page);
	bool major = false;

	if (present && (!write || is_writable(present))) {
		present->old = false;
		if (write)
			present->clean = false;
		if (write && present->frame == PW_ORACLE_COMMON)
			present->frame = PW_ORACLE_WRITTEN;
		return;
	}
	if (write)
		throttle(oracle, space, page);
	if (!present)
		major = fault_absent(oracle, space, page, write);
	else
		fault_present(oracle, space, page);
	oracle->counts.major += major;
	oracle->counts.minor += !major;
	present = pw_oracle_page_at(space, page);
	PW_ASSERT(present);
	if (present->frame == PW_ORACLE_OWN)
		pw_oracle_own_page(space, page);
}

void pw_oracle_fault_failed(struct pw_oracle_replay *oracle,
			    struct pw_oracle_space *space, uint64_t page,
			    bool write)
{
	const struct pw_oracle_mapping *m = pw_oracle_mapping_at(space, page);

	if (pw_oracle_page_at(space, page))
		return;
	pw_oracle_tables_need(space, page, 1);
	if (write && !m->shared)
		pw_oracle_own_page(space, page);
	else if (!write && !m->attached &&
		 oracle->machine.fault_around_pages > 1)
		(void)fault_around(oracle, space, m, page);
}
