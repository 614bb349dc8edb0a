/*
 * oracle_call.c - calls that change mappings where they are.
 *
 * Source: replay/MODEL.md, "Address space".
 */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/bits.h"
#include "tests/oracle/oracle_replay.h"
#include "tests/oracle/oracle_tables.h"

#define RIGHTS ((uint64_t)(PW_ORACLE_RD | PW_ORACLE_WR | PW_ORACLE_EX))
#define SPECIAL ((uint64_t)(PW_ORACLE_IO | PW_ORACLE_DE | PW_ORACLE_PF))
#define LOCKS ((uint64_t)(PW_ORACLE_LO | PW_ORACLE_LF))

static bool failed(const struct pw_event *event)
{
	return event->result >= (uint64_t)-4095;
}

struct pw_oracle_mapping pw_oracle_part(const struct pw_oracle_space *space,
					uint64_t first, uint64_t end)
{
	const struct pw_oracle_mapping *m =
		pw_oracle_mapping_from(space, first);
	struct pw_oracle_mapping part = {.first = end, .end = end};

	if (first >= end || !m || m->first >= end)
		return part;
	part = *m;
	if (part.first < first) {
		part.offset += (first - part.first) << space->shape->page_shift;
		part.first = first;
	}
	if (part.end > end)
		part.end = end;
	return part;
}

/* The first page of [first, end) in no mapping, or @end. */
static uint64_t find_gap(const struct pw_oracle_space *space, uint64_t first,
			 uint64_t end)
{
	struct pw_oracle_mapping part = pw_oracle_part(space, first, end);

	while (part.first == first && part.first < end) {
		first = part.end;
		part = pw_oracle_part(space, first, end);
	}
	return first;
}

/* ---- mprotect ---- */

static uint64_t wanted_flags(const struct pw_oracle_space *space,
			     const struct pw_oracle_mapping *m, uint64_t prot)
{
	if (space->reads_execute && (prot & 1) && (m->flags & PW_ORACLE_ME))
		prot |= 4;
	return (m->flags & ~RIGHTS) | prot;
}

/* Whether a right is wanted that the mapping may not have. */
static bool lacks_right(uint64_t flags)
{
	return ((flags & PW_ORACLE_RD) && !(flags & PW_ORACLE_MR)) ||
	       ((flags & PW_ORACLE_WR) && !(flags & PW_ORACLE_MW)) ||
	       ((flags & PW_ORACLE_EX) && !(flags & PW_ORACLE_ME));
}

/* Pages that RLIMIT_DATA is about, and all. */
static bool is_data(uint64_t flags)
{
	return (flags & PW_ORACLE_WR) &&
	       !(flags & (PW_ORACLE_SH | PW_ORACLE_GD));
}

static uint64_t count_pages(const struct pw_oracle_space *space, bool data)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < space->mappings; i++)
		if (!data || is_data(space->mapping[i].flags))
			pages +=
				space->mapping[i].end - space->mapping[i].first;
	return pages;
}

/* Where mprotect of [first, end), which failed for want of memory, has met
 * RLIMIT_DATA, or @end. */
static uint64_t find_limit(const struct pw_oracle_space *space, uint64_t first,
			   uint64_t end, uint64_t prot)
{
	uint64_t limit =
		space->data_limit ? space->data_limit : space->data_hard;
	uint64_t all = count_pages(space, false);
	uint64_t data = count_pages(space, true);
	unsigned shift = space->shape->page_shift;
	struct pw_oracle_mapping m;

	for (m = pw_oracle_part(space, first, end); m.first < end;
	     m = pw_oracle_part(space, m.end, end)) {
		uint64_t pages = m.end - m.first;
		bool before = is_data(m.flags);
		bool after = is_data(wanted_flags(space, &m, prot));

		if (before == after)
			continue;
		data += after ? pages : -pages;
		if (after && all + pages <= space->size_limit >> shift &&
		    data > limit >> shift)
			return m.first;
	}
	return end;
}

static void protect(struct pw_oracle_replay *oracle,
		    struct pw_oracle_space *space, struct pw_oracle_mapping m,
		    uint64_t flags)
{
	const uint64_t old = m.flags;
	bool write = flags & PW_ORACLE_WR;

	if (lacks_right(flags) && m.shared)
		flags |= PW_ORACLE_MW | PW_ORACLE_SH;
	if (write && !(old & (PW_ORACLE_AC | PW_ORACLE_WR | PW_ORACLE_HT |
			      PW_ORACLE_SH | PW_ORACLE_NR)))
		flags |= PW_ORACLE_AC;
	if (!write && m.anonymous && !m.shared && !m.owner)
		flags &= ~(uint64_t)PW_ORACLE_AC;
	m.flags = flags;
	if ((flags & ~old) & PW_ORACLE_AC)
		pw_oracle_charge(oracle, &m, m.end - m.first);
	pw_oracle_modify(oracle, space, &m);
	for (size_t i = 0; i < space->pages; i++) {
		struct pw_oracle_page *p = &space->page[i];

		if (p->page >= m.first && p->page < m.end)
			pw_oracle_invalidate_in(oracle, p, m.first, m.end);
	}
	if (write && (old & PW_ORACLE_LO) &&
	    !(old & (PW_ORACLE_WR | PW_ORACLE_SH)))
		pw_oracle_populate(oracle, space, m.first, m.end, NULL);
}

static void mprotect(struct pw_oracle_replay *oracle,
		     struct pw_oracle_space *space,
		     const struct pw_event *event, uint64_t first, uint64_t end)
{
	const struct pw_oracle_mapping *here;
	uint64_t prot = event->arg[2] & 7;
	struct pw_oracle_mapping m;
	uint64_t stop;

	here = pw_oracle_mapping_at(space, first);
	if ((event->arg[2] & 0x1000000) && first < end && here)
		first = here->first;
	stop = find_gap(space, first, end);
	for (m = pw_oracle_part(space, first, stop);
	     m.first < stop && failed(event);
	     m = pw_oracle_part(space, m.end, stop))
		if (lacks_right(wanted_flags(space, &m, prot)))
			stop = m.first;
	if (event->result == (uint64_t)-12)
		stop = find_limit(space, first, stop, prot);
	if (failed(event) && stop == end)
		return;
	if (failed(event))
		end = stop;
	else if (stop < end)
		oracle->counts.forbidden++;
	for (m = pw_oracle_part(space, first, end); m.first < end;
	     m = pw_oracle_part(space, m.end, end)) {
		uint64_t flags = wanted_flags(space, &m, prot);

		if (flags != m.flags)
			protect(oracle, space, m, flags);
	}
}

/* ---- madvise ---- */

static bool is_refused(const struct pw_oracle_mapping *m, uint64_t advice)
{
	bool plain = m->anonymous && !m->shared && !m->hugetlb;
	bool locked = m->flags & PW_ORACLE_LO;
	bool foreign = m->flags & PW_ORACLE_PF;
	bool special = m->flags & SPECIAL;
	bool huge = m->flags & PW_ORACLE_HT;

	switch (advice) {
	case 4:
		return locked || foreign;
	case 24:
		return foreign;
	case 8:
		return !plain || locked || foreign;
	case 20:
	case 21:
		return locked || foreign || huge;
	case 9:
		return locked || !(m->flags & PW_ORACLE_SH) ||
		       !(m->flags & PW_ORACLE_WR);
	case 11:
		return special;
	case 18:
		return !plain || m->thing;
	case 19:
		return m->flags & PW_ORACLE_DP;
	case 17:
		return (special && !huge) || (m->flags & PW_ORACLE_DP);
	case 102:
		return special || huge || locked;
	case 103:
		return special || huge;
	default:
		return false;
	}
}

/* The flags that advice gives, and takes before. */
static uint64_t advised_flags(const struct pw_oracle_mapping *m,
			      uint64_t advice)
{
	const uint64_t way = PW_ORACLE_SR | PW_ORACLE_RR;
	const uint64_t huge = PW_ORACLE_HG | PW_ORACLE_NH;
	uint64_t f = m->flags;

	switch (advice) {
	case 0:
		return f & ~way;
	case 1:
		return (f & ~way) | PW_ORACLE_RR;
	case 2:
		return (f & ~way) | PW_ORACLE_SR;
	case 10:
		return f | PW_ORACLE_DC;
	case 11:
		return f & ~(uint64_t)PW_ORACLE_DC;
	case 12:
		return m->flags & (PW_ORACLE_SH | PW_ORACLE_MS | SPECIAL |
				   PW_ORACLE_HT | PW_ORACLE_DP)
			       ? f
			       : f | PW_ORACLE_MG;
	case 13:
		return f & ~PW_ORACLE_MG;
	case 14:
		return (f & ~huge) | PW_ORACLE_HG;
	case 15:
		return (f & ~huge) | PW_ORACLE_NH;
	case 16:
		return f | PW_ORACLE_DD;
	case 17:
		return f & ~(uint64_t)PW_ORACLE_DD;
	case 18:
		return f | PW_ORACLE_WF;
	case 19:
		return f & ~(uint64_t)PW_ORACLE_WF;
	default:
		return f;
	}
}

static void install_guards(struct pw_oracle_replay *oracle,
			   struct pw_oracle_space *space,
			   const struct pw_oracle_mapping *part)
{
	struct pw_oracle_mapping *m = pw_oracle_mapping_at(space, part->first);

	m->flags |= PW_ORACLE_GU;
	if (m->anonymous)
		pw_oracle_own_page(space, part->first);
	pw_oracle_drop(oracle, space, part->first, part->end);
	for (uint64_t page = part->first; page < part->end; page++)
		pw_oracle_guard_set(space, page, true);
}

static void drop(struct pw_oracle_replay *oracle, struct pw_oracle_space *space,
		 const struct pw_oracle_mapping *part)
{
	if (oracle->machine.kernel < 618)
		pw_oracle_drain(oracle);
	pw_oracle_drop(oracle, space, part->first, part->end);
	if (oracle->machine.kernel >= 618)
		pw_oracle_tables_dropped(space, part->first, part->end);
}

/* MADV_COLLAPSE: each aligned range with small pages becomes a large one. */
static void enlarge(struct pw_oracle_replay *oracle,
		    struct pw_oracle_space *space,
		    const struct pw_oracle_mapping *m)
{
	uint64_t pages = UINT64_C(1) << space->shape->bits[0];

	if (!pw_oracle_may_enlarge(oracle, space, m))
		return;
	for (uint64_t first = (m->first + pages - 1) / pages * pages;
	     first + pages <= m->end; first += pages) {
		bool small = false, other = false;

		for (uint64_t page = first; page < first + pages; page++) {
			const struct pw_oracle_page *p =
				pw_oracle_page_at(space, page);

			small = small || (p && p->height == 0 &&
					  p->frame != PW_ORACLE_ZERO);
			other = other || (p && p->height > 0) ||
				pw_oracle_guard_at(space, page);
		}
		if (!small || other)
			continue;
		pw_oracle_drop(oracle, space, first, first + pages);
		pw_oracle_map_own(space, first, 1);
	}
}

static void advise(struct pw_oracle_replay *oracle,
		   struct pw_oracle_space *space, struct pw_oracle_mapping m,
		   uint64_t advice)
{
	bool write = advice == 23;
	uint64_t flags = advised_flags(&m, advice);

	if (advice == 3 || advice == 8 || advice == 9 || advice == 20 ||
	    advice == 21)
		pw_oracle_page_advice(oracle, space, &m, advice);
	if (advice == 4 || advice == 24)
		drop(oracle, space, &m);
	else if (advice == 22 || advice == 23)
		pw_oracle_populate(oracle, space, m.first, m.end, &write);
	else if (advice == 25)
		enlarge(oracle, space, &m);
	else if (advice == 102)
		install_guards(oracle, space, &m);
	else if (advice == 103)
		for (uint64_t page = m.first; page < m.end; page++)
			pw_oracle_guard_set(space, page, false);
	if (flags == m.flags)
		return;
	m.flags = flags;
	pw_oracle_modify(oracle, space, &m);
}

/* Behind the pages of [first, end) that MADV_POPULATE_* tries; 0: it has no
 * reason to fail. */
static uint64_t find_unpopulated(const struct pw_oracle_space *space,
				 uint64_t first, uint64_t end, uint64_t right)
{
	for (uint64_t page = first; page < end; page++) {
		const struct pw_oracle_mapping *m =
			pw_oracle_mapping_at(space, page);

		if (!m || (m->flags & (PW_ORACLE_IO | PW_ORACLE_PF)) ||
		    !(m->flags & right))
			return page;
		if (pw_oracle_guard_at(space, page) ||
		    pw_oracle_lies_past(space, m, page))
			return page + 1;
	}
	return 0;
}

static void madvise(struct pw_oracle_replay *oracle,
		    struct pw_oracle_space *space, const struct pw_event *event,
		    uint64_t first, uint64_t end)
{
	bool gap = find_gap(space, first, end) < end;
	uint64_t advice = event->arg[2];
	bool refused = false;
	struct pw_oracle_mapping m;

	if (failed(event) && event->arg[0] % PW_PAGE_BYTES)
		return;
	if (failed(event) && (advice == 22 || advice == 23)) {
		uint64_t stop = find_unpopulated(space, first, end,
						 advice == 22 ? PW_ORACLE_RD
							      : PW_ORACLE_WR);

		if (stop == 0)
			return;
		end = stop;
		gap = true;
	}
	m = pw_oracle_part(space, first, end);
	if (failed(event) && advice == 25 && m.first < end) {
		end = m.end;
		gap = true;
	}
	for (m = pw_oracle_part(space, first, end); m.first < end;
	     m = pw_oracle_part(space, m.end, end)) {
		if (!is_refused(&m, advice))
			continue;
		refused = true;
		if (failed(event))
			end = m.first;
		else
			oracle->counts.forbidden++;
	}
	if (failed(event) && !gap && !refused)
		return;
	for (m = pw_oracle_part(space, first, end); m.first < end;
	     m = pw_oracle_part(space, m.end, end))
		advise(oracle, space, m, advice);
}

/* ---- mlock and its kin ---- */

static void set_lock(struct pw_oracle_replay *oracle,
		     struct pw_oracle_space *space, uint64_t first,
		     uint64_t end, uint64_t lock)
{
	struct pw_oracle_mapping m;

	for (m = pw_oracle_part(space, first, end); m.first < end;
	     m = pw_oracle_part(space, m.end, end)) {
		uint64_t flags = (m.flags & ~LOCKS) | lock;

		if (flags == m.flags || (flags & (SPECIAL | PW_ORACLE_DP)))
			continue;
		if ((flags & PW_ORACLE_LO) != (m.flags & PW_ORACLE_LO))
			pw_oracle_drain(oracle);
		m.flags = flags;
		pw_oracle_modify(oracle, space, &m);
	}
}

/* The first page of [first, end) that nobody may use, or in no mapping. */
static uint64_t find_closed(const struct pw_oracle_space *space, uint64_t first,
			    uint64_t end)
{
	uint64_t gap = find_gap(space, first, end);
	struct pw_oracle_mapping m;

	for (m = pw_oracle_part(space, first, gap); m.first < gap;
	     m = pw_oracle_part(space, m.end, gap))
		for (uint64_t page = m.first; page < m.end; page++)
			if (!(m.flags & RIGHTS) ||
			    pw_oracle_guard_at(space, page) ||
			    pw_oracle_lies_past(space, &m, page))
				return page;
	return gap;
}

static void mlock(struct pw_oracle_replay *oracle,
		  struct pw_oracle_space *space, const struct pw_event *event,
		  uint64_t first, uint64_t end)
{
	uint64_t gap = find_gap(space, first, end);
	uint64_t closed = find_closed(space, first, end);
	uint64_t locked = space->leaked;
	bool on_fault = event->arg[2] & 1;
	struct pw_oracle_mapping m;

	if (!failed(event)) {
		oracle->counts.forbidden += gap < end;
		set_lock(oracle, space, first, end,
			 on_fault ? LOCKS : PW_ORACLE_LO);
		if (!on_fault)
			pw_oracle_populate(oracle, space, first, end, NULL);
		return;
	}
	for (m = pw_oracle_part(space, first, end); m.first < end;
	     m = pw_oracle_part(space, m.end, end))
		locked += m.flags & PW_ORACLE_LO ? 0 : m.end - m.first;
	for (size_t i = 0; i < space->mappings; i++)
		if (space->mapping[i].flags & PW_ORACLE_LO)
			locked +=
				space->mapping[i].end - space->mapping[i].first;
	if (event->result != (uint64_t)-12 ||
	    (closed == end &&
	     locked > space->lock_limit >> space->shape->page_shift))
		return;
	set_lock(oracle, space, first, gap, on_fault ? LOCKS : PW_ORACLE_LO);
	if (!on_fault && gap == end)
		pw_oracle_populate(oracle, space, first,
				   closed < end ? closed + 1 : end, NULL);
}

static void munlock(struct pw_oracle_replay *oracle,
		    struct pw_oracle_space *space, const struct pw_event *event,
		    uint64_t first, uint64_t end)
{
	uint64_t gap = find_gap(space, first, end);

	if (failed(event) && gap == end)
		return;
	if (failed(event))
		end = gap;
	else
		oracle->counts.forbidden += gap < end;
	set_lock(oracle, space, first, end, 0);
}

static void mlockall(struct pw_oracle_replay *oracle,
		     struct pw_oracle_space *space, uint64_t how)
{
	uint64_t lock = how & 4 ? LOCKS : PW_ORACLE_LO;
	uint64_t all = pw_oracle_pages(space->shape);

	space->future_lock = how & 2 ? lock : 0;
	if (!(how & 1))
		return;
	set_lock(oracle, space, 0, all, lock);
	for (const struct pw_oracle_mapping *m =
		     pw_oracle_mapping_from(space, 0);
	     m && !(how & 4); m = pw_oracle_mapping_from(space, m->end))
		pw_oracle_populate(oracle, space, m->first, m->end, NULL);
}

void pw_oracle_call(struct pw_oracle_replay *oracle,
		    struct pw_oracle_space *space, const struct pw_event *event,
		    uint64_t first, uint64_t end)
{
	switch ((unsigned)event->kind) {
	case PW_EVENT_mprotect:
		mprotect(oracle, space, event, first, end);
		break;
	case PW_EVENT_madvise:
		madvise(oracle, space, event, first, end);
		break;
	case PW_EVENT_mlock:
		mlock(oracle, space, event, first, end);
		break;
	case PW_EVENT_munlock:
		munlock(oracle, space, event, first, end);
		break;
	case PW_EVENT_mlockall:
		if (!failed(event))
			mlockall(oracle, space, event->arg[0]);
		break;
	case PW_EVENT_munlockall:
		if (failed(event))
			break;
		space->future_lock = 0;
		set_lock(oracle, space, 0, pw_oracle_pages(space->shape), 0);
		break;
	case PW_EVENT_mbind:
	case PW_EVENT_home_node:
		pw_oracle_mark_parts(oracle, space, event, first, end);
		break;
	case PW_EVENT_prctl:
		pw_oracle_mark_parts(oracle, space, event, first, end);
		if (!failed(event) && event->arg[0] == 41) {
			space->small = event->arg[1] && !(event->arg[2] & 2);
			space->small_unasked =
				event->arg[1] && event->arg[2] & 2;
		}
		break;
	default:
		break;
	}
}
