/*
 * touch_window.c - what some touches count, and how their references are made.
 */
#include "replay/mmu/touch_window.h"

#include "base/assert.h"
#include "replay/mmu/filter.h"

/* Counts below this add up to no more than 32 bits in a window. */
#define SMALL_BITS 22

_Static_assert((UINT64_C(3) << SMALL_BITS) * PW_TOUCH_WINDOW <= UINT32_MAX,
	       "sums of small counts fit");
_Static_assert(PW_FILTER_WRITE == PW_FILTER_READ + 1 && PW_TOUCH_FETCH == 1 &&
		       PW_FILTER_WRITE < PW_TOUCH_HOW_SIDE,
	       "how a reference is made is a sum");

void pw_touch_window_how(const struct pw_touches *touches, size_t first,
			 size_t count, uint8_t how[PW_TOUCH_WINDOW])
{
	const uint32_t *loads = touches->loads + first;
	const uint32_t *stores = touches->stores + first;
	const uint32_t *fetches = touches->fetches + first;
	const uint8_t *flags = touches->flags + first;

	PW_DEBUG_ASSERT(count <= PW_TOUCH_WINDOW);
	for (size_t i = 0; i < count; i++) {
		unsigned any = (loads[i] | stores[i] | fetches[i]) != 0;
		unsigned write = (stores[i] != 0) &
				 ((flags[i] & PW_TOUCH_LOAD_FIRST) == 0);
		unsigned side = flags[i] & PW_TOUCH_FETCH;

		how[i] = (uint8_t)((PW_FILTER_READ + write +
				    side * PW_TOUCH_HOW_SIDE) &
				   (0 - any));
	}
}

/* The references of records. */
struct sums {
	uint64_t all, fetched, stored;
};

/* Add up whatever counts there are. */
static struct sums add_up(const struct pw_touches *touches, size_t first,
			  size_t count)
{
	struct sums sums = {0};

	for (size_t i = first; i < first + count; i++) {
		uint64_t made = (uint64_t)touches->loads[i] +
				touches->stores[i] + touches->fetches[i];

		sums.all += made;
		sums.stored += touches->stores[i];
		if (touches->flags[i] & PW_TOUCH_FETCH)
			sums.fetched += made;
	}
	return sums;
}

void pw_touch_window_count(const struct pw_touches *touches, size_t first,
			   size_t count, struct pw_counters *counters)
{
	const uint32_t *loads = touches->loads + first;
	const uint32_t *stores = touches->stores + first;
	const uint32_t *fetches = touches->fetches + first;
	const uint8_t *flags = touches->flags + first;
	uint32_t all = 0, fetched = 0, stored = 0, bits = 0, touched = 0;
	struct sums sums;

	PW_DEBUG_ASSERT(count <= PW_TOUCH_WINDOW);
	for (size_t i = 0; i < count; i++) {
		uint32_t made = loads[i] + stores[i] + fetches[i];

		all += made;
		fetched += made & (0 - (uint32_t)(flags[i] & PW_TOUCH_FETCH));
		stored += stores[i];
		bits |= loads[i] | stores[i] | fetches[i];
		touched += (flags[i] & PW_TOUCH_NOT_COUNTED) == 0;
	}
	sums = (struct sums){all, fetched, stored};
	if (bits >> SMALL_BITS)
		sums = add_up(touches, first, count);
	counters->touches += touched;
	counters->reference_data += sums.all - sums.fetched;
	counters->reference_instruction += sums.fetched;
	counters->reference_store += sums.stored;
}
