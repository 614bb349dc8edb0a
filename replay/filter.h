/*
 * filter.h - references of which no processor would notice anything.
 *
 * A thread that runs makes most of its references to pages that it has just
 * referred to. For every residue class of page numbers that the L1 TLBs of all
 * processors allow (pw_tlb_ops.filter_sets) a side keeps the page referred to
 * last. To refer to it again hits, changes nothing and needs no fault, as long
 * as the same thread runs and nothing was unmapped. Classes are of base pages;
 * of larger pages the last one of a side is kept.
 *
 * Source: Puzak's trace stripping as in Wang & Baer, "Efficient trace-driven
 *         simulation methods for cache performance analysis" (1991).
 */
#ifndef PW_REPLAY_FILTER_H
#define PW_REPLAY_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#define PW_FILTER_CLASSES_MAX 256

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
	/* page << 2 | enum pw_filter_how bits; UINT64_MAX: none */
	uint64_t recent[PW_FILTER_CLASSES_MAX];
	uint64_t mask; /* classes - 1; classes are a power of two */
	struct pw_filter_large large;
	/* Base pages that go together from TLBs, less 1; 0 or 2^n - 1. */
	uint64_t group_mask;
	bool usable; /* false: nothing is ever kept */
	/* Pages of all sizes lie in the same sets: only the last is kept. */
	bool sizes_mix;
};

/*
 * Begin with @classes classes, a power of two, or 0: no use of the filter.
 * What is more than PW_FILTER_CLASSES_MAX is left out.
 */
void pw_filter_init(struct pw_filter *filter, uint64_t classes, bool sizes_mix);

/*
 * Whether a reference to base page @page may be left out that is made by @how;
 * false for all in large pages.
 */
static inline bool pw_filter_knows(const struct pw_filter *filter,
				   uint64_t page, uint64_t how)
{
	uint64_t recent = filter->recent[page & filter->mask];

	return ((recent ^ page << 2) & ~(uint64_t)3) == 0 &&
	       (how & ~recent) == 0;
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
 * Note a reference to base page @page that all processors take notice of, and
 * how it can be made again.
 */
void pw_filter_note(struct pw_filter *filter, uint64_t page, uint64_t how);

/*
 * The same in a large page.
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
 */
void pw_filter_drop(struct pw_filter *filter, uint64_t first, uint64_t count);

/*
 * Forget everything.
 */
void pw_filter_clear(struct pw_filter *filter);

#endif
