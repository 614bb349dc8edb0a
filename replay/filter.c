/*
 * filter.c - references of which no processor would notice anything.
 */
#include "replay/filter.h"

#include "base/assert.h"
#include "base/bits.h"

#define NONE UINT64_MAX

void pw_filter_init(struct pw_filter *filter, uint64_t classes, bool sizes_mix)
{
	PW_ASSERT(classes == 0 || pw_is_pow2(classes));
	filter->usable = classes != 0;
	filter->sizes_mix = sizes_mix;
	filter->group_mask = 0;
	if (classes > PW_FILTER_CLASSES_MAX)
		classes = PW_FILTER_CLASSES_MAX;
	filter->mask = classes ? classes - 1 : 0;
	pw_filter_clear(filter);
}

void pw_filter_clear(struct pw_filter *filter)
{
	for (uint64_t i = 0; i <= filter->mask; i++)
		filter->recent[i] = NONE;
	filter->large.count = 0;
	PW_ASSERT(filter->mask < PW_FILTER_CLASSES_MAX);
}

uint64_t pw_filter_how(const struct pw_filter *filter, uint64_t page)
{
	uint64_t recent = filter->recent[page & filter->mask];

	PW_DEBUG_ASSERT(page < NONE >> 2);
	if (recent >> 2 == page && recent != NONE)
		return recent & 3;
	return page - filter->large.first < filter->large.count
		       ? filter->large.how
		       : 0;
}

void pw_filter_note(struct pw_filter *filter, uint64_t page, uint64_t how)
{
	if (!filter->usable)
		return;
	filter->recent[page & filter->mask] = page << 2 | how;
	if (filter->sizes_mix)
		filter->large.count = 0;
}

void pw_filter_note_large(struct pw_filter *filter,
			  const struct pw_filter_large *large)
{
	if (!filter->usable)
		return;
	/* Where sizes mix, a base page that was in a set may be below now. */
	if (filter->sizes_mix) {
		filter->mask = 0;
		filter->recent[0] = NONE;
	}
	filter->large = *large;
	PW_DEBUG_ASSERT(large->count > 1);
}

void pw_filter_drop(struct pw_filter *filter, uint64_t first, uint64_t count)
{
	uint64_t last = (first + count - 1) | filter->group_mask;

	PW_ASSERT(count > 0);
	first &= ~filter->group_mask;
	count = last - first + 1;
	for (uint64_t i = 0; i <= filter->mask && i < count; i++) {
		uint64_t *recent = &filter->recent[(first + i) & filter->mask];

		if ((*recent >> 2) - first < count)
			*recent = NONE;
	}
	/* It may be a piece of a page that a TLB holds whole. */
	filter->large.count = 0;
}
