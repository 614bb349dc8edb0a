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
		.side = {{data_run, NO_RECORD, 0}, {fetch_run, NO_RECORD, 0}},
	};
	pw_split_cut(split);
}

/* Add to the open record of a side what its counts lack up to @sum. */
static inline void settle(struct pw_split_side *side,
			  const struct pw_touch_room *out, uint64_t sum,
			  bool fetch)
{
	uint64_t more = sum - side->sum;
	size_t open = side->open;

	side->sum = sum;
	if (open == NO_RECORD)
		return;
	if (fetch) {
		out->fetches[open] += (uint16_t)(more / PW_SUM_FETCH);
		return;
	}
	out->loads[open] += (uint16_t)(more / PW_SUM_LOAD);
	out->stores[open] += (uint16_t)(more / PW_SUM_STORE);
}

/* What a record of @kind in @page is to the run of its side. */
static inline unsigned relate(const struct pw_split_side *side, uint64_t page,
			      bool fetch, bool store)
{
	bool first = side->open == NO_RECORD;
	unsigned flags = 0;

	if (!fetch && !store)
		flags = PW_TOUCH_LOAD_FIRST;
	if (page != side->run)
		return flags;
	if (first)
		flags |= PW_TOUCH_CONTINUED;
	else if (fetch)
		flags |= PW_TOUCH_ORDER;
	if (store)
		flags |= PW_TOUCH_UPGRADE;
	return flags;
}

/* Finish records from @from on: a record has its page, its access's kind in
 * flags, and the sum before it in instruction. Then count up to the end. */
static void finish(struct pw_split *split, const struct pw_touch_room *out,
		   size_t from)
{
	for (size_t i = from; i < split->count; i++) {
		unsigned kind = out->flags[i];
		uint64_t sum = out->instruction[i];
		bool fetch = (kind & PW_ACCESS_FETCH) != 0;
		bool store = !fetch && (kind & PW_ACCESS_STORE);
		struct pw_split_side *side = &split->side[fetch];

		settle(side, out, sum, fetch);
		split->begun += (sum - split->sum_begun) / PW_SUM_FIRST;
		split->sum_begun = sum;
		out->instruction[i] =
			split->begun + ((kind & PW_ACCESS_FIRST) != 0);
		out->instruction[i] -= out->instruction[i] != 0;
		out->loads[i] = 0;
		out->stores[i] = 0;
		out->fetches[i] = 0;
		out->flags[i] =
			(uint8_t)((fetch ? FETCH : 0) |
				  relate(side, out->page[i], fetch, store));
		side->run = out->page[i];
		side->open = i;
	}
	settle(&split->side[DATA], out, split->sum, false);
	settle(&split->side[FETCH], out, split->sum, true);
	split->begun += (split->sum - split->sum_begun) / PW_SUM_FIRST;
	split->sum_begun = split->sum;
}

/* Let data in @page need no record any more, nor fetches in it or near it
 * unless a store has been made to @page already, as far as there is room to
 * remember.
 */
static inline void open_data(struct pw_split *split, uint64_t page, bool store)
{
	uint64_t *stored = &split->stored[page % PW_SPLIT_STORED];
	uint64_t *known = split->known;

	known[0] = page;
	known[PW_ACCESS_LOAD] = page;
	known[PW_ACCESS_STORE] = store ? page : NO_PAGE;
	known[PW_ACCESS_MODIFY] = known[PW_ACCESS_STORE];
	if (!store || *stored == page + 1)
		return;
	*stored = page + 1;
	if ((page ^ known[PW_ACCESS_FETCH]) >> LARGEST_ORDER == 0)
		open_fetch(split, NO_PAGE);
}

/* Collapse accesses [@begin, @end), none of which crosses pages. */
static void add(struct pw_split *split, const struct pw_touch_room *out,
		const struct pw_accesses *accesses, size_t begin, size_t end)
{
	const uint64_t *address = accesses->address;
	const uint8_t *kinds = accesses->kind;
	const uint64_t *known = split->known;
	uint64_t sum = split->sum;
	size_t n = split->count;

	for (size_t i = begin; i < end; i++) {
		uint64_t page = address[i] >> PW_PAGE_SHIFT;
		unsigned kind = kinds[i];

		if (page != known[PW_ACCESS_KIND(kind)]) {
			out->page[n] = page;
			out->instruction[n] = sum;
			out->flags[n++] = (uint8_t)kind;
			if (kind & PW_ACCESS_FETCH)
				open_fetch(split, page);
			else
				open_data(split, page, kind & PW_ACCESS_STORE);
		}
		sum += pw_access_weight(kind);
	}
	begin = split->count;
	split->sum = sum;
	split->count = n;
	finish(split, out, begin);
}

/* The first of accesses [@begin, @end) that crosses pages, or @end. */
static size_t find_crossing(const struct pw_accesses *accesses, size_t begin,
			    size_t end)
{
	const uint64_t *address = accesses->address;
	const uint32_t *bytes = accesses->size_bytes;
	uint64_t beyond = 0;

	/* The highest bit is set by what is beyond the end of a page. */
	for (size_t i = begin; i < end; i++)
		beyond |= PW_PAGE_BYTES - (address[i] & (PW_PAGE_BYTES - 1)) -
			  bytes[i];
	if (beyond >> 63 == 0)
		return end;
	while ((address[begin] & (PW_PAGE_BYTES - 1)) + bytes[begin] <=
	       PW_PAGE_BYTES)
		begin++;
	PW_DEBUG_ASSERT(begin < end);
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
