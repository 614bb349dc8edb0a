/*
 * collapse_split.c - accesses to touches for those to whom the sides are two.
 */
#include "formats/collapse_split.h"

#include <string.h>

#include "base/assert.h"
#include "base/bits.h"
#include "formats/access_sum.h"

#define NO_PAGE PW_SPLIT_NO_PAGE
#define NO_RECORD SIZE_MAX
#define DATA 0
#define FETCH PW_TOUCH_FETCH

/* 4 KiB pages of the largest page that there may be, as a power of two. */
#define LARGEST_ORDER 18

#define BLOCK 1024 /* accesses that are looked through for crossing ones */

_Static_assert(PW_SPLIT_SLICE <= PW_SUM_ACCESSES_MAX, "a slice can be counted");

static void open_fetch(struct pw_split *split, uint64_t page)
{
	for (size_t kind = PW_ACCESS_FETCH; kind < PW_COUNT(split->known);
	     kind++)
		split->known[kind] = page;
}

void pw_split_begin(struct pw_split *split, uint64_t data_run,
		    uint64_t fetch_run, uint64_t instruction)
{
	*split = (struct pw_split){
		.begun = instruction,
		.side = {{data_run, NO_RECORD}, {fetch_run, NO_RECORD}},
		.far_stores = split->far_stores,
	};
	pw_split_cut(split);
}

/* Begin record @index of a side, in @page; whether it goes on with the run. */
static inline unsigned begin_record(struct pw_split_side *side, uint64_t page,
				    size_t index, unsigned again)
{
	bool first = side->open == NO_RECORD;
	bool same = page == side->run;

	side->open = index;
	side->run = page;
	if (!same)
		return 0;
	return first ? PW_TOUCH_CONTINUED : again;
}

/* Add @more to the counts of a record. */
static void settle(const struct pw_touch_room *out, size_t record,
		   uint64_t more)
{
	if (record == NO_RECORD)
		return;
	out->fetches[record] += (uint16_t)(more / PW_SUM_FETCH);
	out->loads[record] += (uint16_t)(more / PW_SUM_LOAD);
	out->stores[record] += (uint16_t)(more / PW_SUM_STORE);
}

/*
 * Finish records from @from on, which have as instruction the sum before their
 * accesses but for the begin of the instruction. From the last one back, the
 * next one of a side tells how far the counts of a record go. @open was that of
 * either side before.
 */
static void finish(struct pw_split *split, const struct pw_touch_room *out,
		   size_t from, const size_t open[2])
{
	static const uint64_t counted[2] = {
		[DATA] = PW_SUM_FIRST - PW_SUM_LOAD,
		[FETCH] = PW_SUM_LOAD - PW_SUM_FETCH,
	};
	uint64_t end[2] = {split->sum, split->sum};
	uint64_t begun = split->begun, before = split->sum_begun;

	for (size_t i = split->count; i-- > from;) {
		unsigned side = out->flags[i] & FETCH;
		uint64_t sum = out->instruction[i];
		uint64_t more = (end[side] - sum) & counted[side];
		uint64_t clock = begun + (sum - before) / PW_SUM_FIRST;

		end[side] = sum;
		out->instruction[i] = clock - (clock != 0);
		out->fetches[i] = (uint16_t)(more / PW_SUM_FETCH);
		out->loads[i] = (uint16_t)(more / PW_SUM_LOAD);
		out->stores[i] = (uint16_t)(more / PW_SUM_STORE);
	}
	settle(out, open[DATA], (end[DATA] - before) & counted[DATA]);
	settle(out, open[FETCH], (end[FETCH] - before) & counted[FETCH]);
	split->begun += (split->sum - before) / PW_SUM_FIRST;
	split->sum_begun = split->sum;
}

/* Let data in @page need no record any more, nor fetches in it or near it
 * unless a store has been made to @page already, as far as there is room to
 * remember. With far stores that makes no difference.
 */
static inline void open_data(struct pw_split *split, uint64_t page, bool store)
{
	uint64_t *stored = &split->stored[page % PW_SPLIT_STORED];
	uint64_t *known = split->known;

	known[0] = page;
	known[PW_ACCESS_LOAD] = page;
	known[PW_ACCESS_STORE] = store ? page : NO_PAGE;
	known[PW_ACCESS_MODIFY] = known[PW_ACCESS_STORE];
	if (!store || (*stored == page + 1 && !split->far_stores))
		return;
	*stored = page + 1;
	if (split->far_stores ||
	    (page ^ known[PW_ACCESS_FETCH]) >> LARGEST_ORDER == 0)
		open_fetch(split, NO_PAGE);
}

/* Begin a record of an access of @kind in @page; its flags. */
static inline unsigned record(struct pw_split *split, uint64_t page,
			      unsigned kind, size_t index)
{
	struct pw_split_side *side = &split->side[DATA];
	bool store = kind & PW_ACCESS_STORE;

	if (kind & PW_ACCESS_FETCH) {
		open_fetch(split, page);
		return FETCH | begin_record(&split->side[FETCH], page, index,
					    PW_TOUCH_ORDER);
	}
	open_data(split, page, store);
	if (!store)
		return PW_TOUCH_LOAD_FIRST |
		       begin_record(side, page, index, PW_TOUCH_ORDER);
	return (page == side->run ? PW_TOUCH_UPGRADE : 0) |
	       begin_record(side, page, index, 0);
}

/* Collapse accesses [@begin, @end), none of which crosses pages. */
static void add(struct pw_split *split, const struct pw_touch_room *out,
		const struct pw_accesses *accesses, size_t begin, size_t end)
{
	const uint64_t *address = accesses->address;
	const uint8_t *kinds = accesses->kind;
	const uint64_t *known = split->known;
	const size_t open[2] = {split->side[DATA].open,
				split->side[FETCH].open};
	uint64_t sum = split->sum;
	size_t from = split->count, n = from;

	for (size_t i = begin; i < end; i++) {
		uint64_t page = address[i] >> PW_PAGE_SHIFT;
		unsigned kind = kinds[i];

		if (page != known[PW_ACCESS_KIND(kind)]) {
			out->page[n] = page;
			out->instruction[n] =
				sum +
				(kind & PW_ACCESS_FIRST ? PW_SUM_FIRST : 0);
			out->flags[n] = (uint8_t)record(split, page, kind, n);
			n++;
		}
		sum += pw_access_weight(kind);
	}
	split->sum = sum;
	split->count = n;
	finish(split, out, from, open);
}

/*
 * Whether any of accesses [@begin, @end) may cross pages: none that is as large
 * as the sums of 32 bits here would be wrong for is left out.
 */
static bool may_cross(const struct pw_accesses *accesses, size_t begin,
		      size_t end)
{
	const uint64_t *address = accesses->address;
	const uint32_t *bytes = accesses->size_bytes;
	const uint32_t page = PW_PAGE_BYTES;
	uint32_t beyond = 0;

	/* The highest bit is set by what is beyond the end of a page. */
	for (size_t i = begin; i < end; i++)
		beyond |= (page - ((uint32_t)address[i] & (page - 1)) -
			   bytes[i]) |
			  bytes[i];
	return beyond >> 31;
}

/* The first of accesses [@begin, @end) that crosses pages, or @end. */
static size_t find_crossing(const struct pw_accesses *accesses, size_t begin,
			    size_t end)
{
	const uint64_t *address = accesses->address;
	const uint32_t *bytes = accesses->size_bytes;

	if (!may_cross(accesses, begin, end))
		return end;
	while (begin < end &&
	       (address[begin] & (PW_PAGE_BYTES - 1)) + bytes[begin] <=
		       PW_PAGE_BYTES)
		begin++;
	return begin;
}

size_t pw_split_add(struct pw_split *split, const struct pw_touch_room *out,
		    const struct pw_accesses *accesses, size_t begin,
		    size_t end)
{
	PW_ASSERT(end - begin <= PW_SPLIT_SLICE);
	while (begin < end) {
		size_t most = end - begin < BLOCK ? end : begin + BLOCK;
		size_t to = find_crossing(accesses, begin, most);

		add(split, out, accesses, begin, to);
		if (to < most)
			return to;
		begin = to;
	}
	return end;
}

void pw_split_refer(struct pw_split *split, const struct pw_touch_room *out,
		    uint64_t page, unsigned kind)
{
	const uint64_t address = page << PW_PAGE_SHIFT;
	const uint64_t pc = 0;
	const uint32_t bytes = 1;
	const uint8_t byte = (uint8_t)kind;
	const struct pw_accesses one = {1, &address, &pc, &bytes, &byte};

	PW_DEBUG_ASSERT(page <= UINT64_MAX >> PW_PAGE_SHIFT);
	(void)pw_split_add(split, out, &one, 0, 1);
}

void pw_split_cut(struct pw_split *split)
{
	for (size_t kind = 0; kind < PW_COUNT(split->known); kind++)
		split->known[kind] = NO_PAGE;
	split->side[DATA].open = NO_RECORD;
	split->side[FETCH].open = NO_RECORD;
	PW_DEBUG_ASSERT(split->sum_begun == split->sum);
}
