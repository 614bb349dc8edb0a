/*
 * filter.h - references of which no processor would notice anything.
 *
 * A thread that runs makes most of its references to pages that it has just
 * referred to. For every residue class of page numbers that the L1 TLBs of all
 * processors allow (pw_tlb_ops.filter_sets) a side keeps the pages referred to
 * last, as many as they allow (filter_depth), the last one first. To refer to
 * them again hits and needs no fault, as long as the same thread runs and
 * nothing was unmapped. To refer to the first one changes nothing. To refer to
 * another one changes the order in which processors let pages go, which can
 * wait until another page of the class comes: then they are told those pages
 * once, in order, that were referred to since. Classes are of base pages; of
 * larger pages the last one of a side is kept.
 *
 * Source: Puzak's trace stripping as in Wang & Baer, "Efficient trace-driven
 *         simulation methods for cache performance analysis" (1991).
 */
#ifndef PW_REPLAY_FILTER_H
#define PW_REPLAY_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"

#define PW_FILTER_CLASSES_MAX 256
#define PW_FILTER_DEPTH 4 /* pages of a class, at most */

/* A word of a page: its number, then these bits. */
#define PW_FILTER_OVERDUE 4 /* processors do not know that it was the last */
#define PW_FILTER_BITS 3
#define PW_FILTER_FLAGS (((uint64_t)1 << PW_FILTER_BITS) - 1)

/* How a reference was made, and so may be made again. */
enum pw_filter_how { PW_FILTER_READ = 1, PW_FILTER_WRITE = 2 };

/* A large page, or the piece of it that TLBs hold. */
struct pw_filter_large {
	uint64_t first;	 /* base pages */
	uint64_t count;	 /* 0: there is none */
	uint64_t how;	 /* enum pw_filter_how bits */
	unsigned height; /* of the entry that maps it */
};

struct pw_filter {
	/* Words by class, the last page first; UINT64_MAX: none */
	uint64_t recent[PW_FILTER_CLASSES_MAX][PW_FILTER_DEPTH];
	size_t depth;  /* of them, those that may be in use */
	uint64_t mask; /* classes - 1; classes are a power of two */
	struct pw_filter_large large;
	/* Base pages that go together from TLBs, less 1; 0 or 2^n - 1. */
	uint64_t group_mask;
	bool usable; /* false: nothing is ever kept */
	/* Pages of all sizes lie in the same sets: only the last is kept. */
	bool sizes_mix;
};

/*
 * Begin with @classes classes, a power of two, or 0: no use of the filter, of
 * @depth pages each, from 1 to PW_FILTER_DEPTH. What is more than
 * PW_FILTER_CLASSES_MAX is left out.
 */
void pw_filter_init(struct pw_filter *filter, uint64_t classes, size_t depth,
		    bool sizes_mix);

/*
 * The rest of pw_filter_knows: look for the page of @key, a word without flags,
 * behind the last one of its class, and make it the last.
 */
static inline bool pw_filter_raise(uint64_t *recent, uint64_t key, uint64_t how)
{
	uint64_t first = recent[0], second = recent[1], third = recent[2];
	bool at_1 = (second ^ key) <= PW_FILTER_FLAGS;
	bool at_2 = (third ^ key) <= PW_FILTER_FLAGS;
	bool at_3 = (recent[3] ^ key) <= PW_FILTER_FLAGS;
	uint64_t found = at_1 ? second : at_2 ? third : recent[3];

	if (!(at_1 | at_2 | at_3) || (how & ~found))
		return false;
	recent[0] = found | PW_FILTER_OVERDUE;
	recent[1] = first;
	recent[2] = at_1 ? third : second;
	recent[3] = at_3 ? third : recent[3];
	return true;
}

/*
 * Whether a reference to base page @page may be left out that is made by @how;
 * false for all in large pages.
 */
static inline bool pw_filter_knows(struct pw_filter *filter, uint64_t page,
				   uint64_t how)
{
	uint64_t *recent = filter->recent[page & filter->mask];
	uint64_t key = page << PW_FILTER_BITS;

	if ((recent[0] ^ key) <= PW_FILTER_FLAGS)
		return (how & ~recent[0]) == 0;
	return pw_filter_raise(recent, key, how);
}

/*
 * The same for those in the large page that is known.
 */
static inline bool pw_filter_knows_large(const struct pw_filter *filter,
					 uint64_t page, uint64_t how)
{
	return page - filter->large.first < filter->large.count &&
	       (how & ~filter->large.how) == 0;
}

/*
 * Whether there is anything that processors must be told so.
 */
static inline bool pw_filter_has_overdue(const struct pw_filter *filter,
					 uint64_t class)
{
	uint64_t first = filter->recent[class][0];

	return (first & PW_FILTER_OVERDUE) && first != UINT64_MAX;
}

/*
 * The pages of @class, below or at filter->mask, that processors must be told
 * before they take notice of another reference to a page of the class, in this
 * order; then they are told. Returns how many: none where there is no such
 * class.
 */
size_t pw_filter_overdue(struct pw_filter *filter, uint64_t class,
			 uint64_t pages[PW_FILTER_DEPTH]);

/*
 * Note a reference to base page @page that all processors take notice of, and
 * how it can be made again. Nothing is overdue in its class.
 */
static inline void pw_filter_note(struct pw_filter *filter, uint64_t page,
				  uint64_t how)
{
	uint64_t *recent = filter->recent[page & filter->mask];
	uint64_t first = recent[0], second = recent[1], third = recent[2];
	uint64_t key = page << PW_FILTER_BITS;
	/* Whether those behind the first, the second, the third move on. */
	bool move_1 = ((first ^ key) > PW_FILTER_FLAGS) & (filter->depth > 1);
	bool move_2 = move_1 & ((second ^ key) > PW_FILTER_FLAGS) &
		      (filter->depth > 2);
	bool move_3 = move_2 & ((third ^ key) > PW_FILTER_FLAGS) &
		      (filter->depth > 3);

	if (!filter->usable)
		return;
	PW_DEBUG_ASSERT(first == UINT64_MAX || !(first & PW_FILTER_OVERDUE));
	recent[0] = key | how;
	recent[1] = move_1 ? first : second;
	recent[2] = move_2 ? second : third;
	recent[3] = move_3 ? third : recent[3];
	if (filter->sizes_mix)
		filter->large.count = 0;
}

/*
 * The same in a large page; nothing is overdue.
 */
void pw_filter_note_large(struct pw_filter *filter,
			  const struct pw_filter_large *large);

/*
 * How a reference to base page @page can be made again: enum pw_filter_how
 * bits, 0 when nothing is known of it.
 */
uint64_t pw_filter_how(const struct pw_filter *filter, uint64_t page);

/*
 * Forget base pages [first, first + count) and the large page; @count is not 0.
 * Nothing is overdue.
 */
void pw_filter_drop(struct pw_filter *filter, uint64_t first, uint64_t count);

/*
 * Forget everything, even what is overdue.
 */
void pw_filter_clear(struct pw_filter *filter);

#endif
