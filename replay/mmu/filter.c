/*
 * filter.c - references of which no processor would notice anything.
 */
#include "replay/mmu/filter.h"

#include "base/assert.h"
#include "base/bits.h"

#define NONE UINT64_MAX

void pw_filter_init(struct pw_filter *filter, uint64_t classes, size_t depth,
		    bool sizes_mix)
{
	PW_ASSERT(classes == 0 || pw_is_pow2(classes));
	PW_ASSERT(depth > 0 && depth <= PW_FILTER_DEPTH);
	filter->usable = classes != 0;
	filter->depth = depth;
	filter->sizes_mix = sizes_mix;
	filter->group_mask = 0;
	if (classes > PW_FILTER_CLASSES_MAX)
		classes = PW_FILTER_CLASSES_MAX;
	filter->mask = classes ? classes - 1 : 0;
	pw_filter_clear(filter);
}

void pw_filter_clear(struct pw_filter *filter)
{
	PW_ASSERT(filter->mask < PW_FILTER_CLASSES_MAX);
	memset(filter->recent, 0xff,
	       (filter->mask + 1) * sizeof(*filter->recent));
	filter->large.count = 0;
}

/* The place of @page in its class, or PW_FILTER_DEPTH. */
static size_t place_of(const struct pw_filter *filter, uint64_t page)
{
	const uint64_t *recent = filter->recent[page & filter->mask];
	size_t i = 0;

	while (i < PW_FILTER_DEPTH &&
	       (recent[i] ^ page << PW_FILTER_BITS) > PW_FILTER_FLAGS)
		i++;
	return i;
}

uint64_t pw_filter_how(const struct pw_filter *filter, uint64_t page)
{
	size_t place = place_of(filter, page);

	PW_DEBUG_ASSERT(page < NONE >> PW_FILTER_BITS);
	if (place < PW_FILTER_DEPTH)
		return filter->recent[page & filter->mask][place] &
		       (PW_FILTER_READ | PW_FILTER_WRITE);
	return page - filter->large.first < filter->large.count
		       ? filter->large.how
		       : 0;
}

size_t pw_filter_overdue(struct pw_filter *filter, uint64_t class,
			 uint64_t pages[PW_FILTER_DEPTH])
{
	uint64_t *recent;
	size_t count = 0;

	PW_DEBUG_ASSERT(class <= filter->mask);
	recent = filter->recent[class];
	while (count < PW_FILTER_DEPTH && recent[count] != NONE &&
	       recent[count] & PW_FILTER_OVERDUE)
		count++;
	for (size_t i = 0; i < count; i++) {
		recent[i] &= ~(uint64_t)PW_FILTER_OVERDUE;
		pages[count - 1 - i] = recent[i] >> PW_FILTER_BITS;
	}
	return count;
}

void pw_filter_note_large(struct pw_filter *filter,
			  const struct pw_filter_large *large)
{
	if (!filter->usable)
		return;
	/* Where sizes mix, a base page that was in a set may be below now. */
	if (filter->sizes_mix) {
		filter->mask = 0;
		filter->depth = 1;
		memset(filter->recent[0], 0xff, sizeof(filter->recent[0]));
	}
	filter->large = *large;
	PW_DEBUG_ASSERT(large->count > 1);
}

/*
 * Remove the pages of a class that are in [first, first + count). Those that
 * are only @near, to be left out too, may stay in TLBs: pages that were
 * referred to before them are as many places farther back there as they would
 * not be here.
 */
static void sweep(uint64_t *recent, uint64_t first, uint64_t count,
		  uint64_t near)
{
	size_t kept = 0;

	for (size_t i = 0; i < PW_FILTER_DEPTH; i++) {
		uint64_t page = recent[i] >> PW_FILTER_BITS;

		PW_DEBUG_ASSERT(recent[i] == NONE ||
				!(recent[i] & PW_FILTER_OVERDUE));
		if (page - first < count)
			continue;
		if (page >= (first & ~near) &&
		    page <= ((first + count - 1) | near))
			break;
		recent[kept++] = recent[i];
	}
	while (kept < PW_FILTER_DEPTH)
		recent[kept++] = NONE;
}

void pw_filter_drop(struct pw_filter *filter, uint64_t first, uint64_t count)
{
	uint64_t near = filter->group_mask;
	uint64_t from = first & ~near;
	uint64_t pages = ((first + count - 1) | near) - from + 1;

	PW_ASSERT(count > 0);
	for (uint64_t i = 0; i <= filter->mask && i < pages; i++)
		sweep(filter->recent[(from + i) & filter->mask], first, count,
		      near);
	/* It may be a piece of a page that a TLB holds whole. */
	filter->large.count = 0;
}
