/*
 * touch_cut.h - where batches of touches end.
 *
 * Touches are cut at fixed places, so that they are the same whether they were
 * stored or are made while reading: at the ends of a timeline's runs, at each
 * multiple of PW_TOUCH_CUT accesses of the recording, and where accesses cross
 * into so many pages that a batch would become too long.
 */
#ifndef PW_FORMATS_TOUCH_CUT_H
#define PW_FORMATS_TOUCH_CUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bits.h"

#define PW_TOUCH_CUT ((uint64_t)16384)
/* Pages that accesses between two cuts cross into, except by one of them. */
#define PW_TOUCH_PAGES_MAX ((uint64_t)256 << 10)

/* What fits before the next cut. */
struct pw_touch_cut {
	uint64_t room;	/* accesses */
	uint64_t pages; /* crossed into so far */
	bool begun;
};

/*
 * Begin right behind a cut, at the recording's access number @position.
 */
static inline struct pw_touch_cut pw_touch_cut_begin(uint64_t position)
{
	struct pw_touch_cut cut = {
		.room = PW_TOUCH_CUT - position % PW_TOUCH_CUT,
	};

	return cut;
}

/*
 * How many of the next @count accesses of a run, which are taken then, come
 * before the next cut.
 */
static inline size_t pw_touch_cut_take(struct pw_touch_cut *cut,
				       const uint32_t *size_bytes, size_t count)
{
	uint64_t pages = 0;
	uint32_t bits = 0;
	size_t taken = count < cut->room ? count : (size_t)cut->room;

	for (size_t i = 0; i < taken; i++)
		bits |= size_bytes[i];
	for (size_t i = 0; i < taken && bits >> PW_PAGE_SHIFT; i++)
		pages += size_bytes[i] >> PW_PAGE_SHIFT;
	if (cut->pages + pages > PW_TOUCH_PAGES_MAX) {
		size_t most = taken;

		pages = 0;
		for (taken = 0; taken < most; taken++) {
			uint64_t more = size_bytes[taken] >> PW_PAGE_SHIFT;

			if ((cut->begun || taken > 0) &&
			    cut->pages + pages + more > PW_TOUCH_PAGES_MAX)
				break;
			pages += more;
		}
	}
	cut->begun |= taken > 0;
	cut->pages += pages;
	cut->room -= taken;
	return taken;
}

#endif
