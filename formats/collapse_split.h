/*
 * collapse_split.h - accesses to touches for those to whom the sides are two.
 *
 * Most models of a processor look at the pages of instructions and those of
 * data apart, and tell stores from loads by their faults only. Such a one needs
 * no record of which side was touched last, and none of a load after a run's
 * first store: there are half as many records, and the counts of the others
 * stand for the same references. A store that may change how the page under
 * the open run of fetches is mapped still ends its record.
 *
 * Counts are differences of sums, which are noted when a record begins.
 */
#ifndef PW_FORMATS_COLLAPSE_SPLIT_H
#define PW_FORMATS_COLLAPSE_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/batch.h"
#include "formats/touch_room.h"

#define PW_SPLIT_NO_PAGE UINT64_MAX
#define PW_SPLIT_SLICE ((size_t)1 << 15) /* accesses at a time, at most */
#define PW_SPLIT_STORED 64

struct pw_split_side {
	uint64_t run; /* page of the open run, or PW_SPLIT_NO_PAGE */
	size_t open;  /* record that counts go to; SIZE_MAX: none */
};

/* A batch that is being collapsed. */
struct pw_split {
	/* By kind: the page in which an access needs no record. */
	uint64_t known[8];
	uint64_t sum;		      /* of all accesses, as in the .c file */
	uint64_t begun;		      /* instructions, up to sum_begun */
	uint64_t sum_begun;	      /* likewise */
	struct pw_split_side side[2]; /* PW_TOUCH_FETCH tells it */
	bool far_stores;	      /* pw_collapse_far_stores */
	size_t count;		      /* records */
	/* Pages stored to in this batch, plus 1, by their lowest bits. */
	uint64_t stored[PW_SPLIT_STORED];
};

/*
 * Begin a batch of a thread whose open runs are in @data_run and @fetch_run,
 * and whose instruction clock stands at @instruction.
 */
void pw_split_begin(struct pw_split *split, uint64_t data_run,
		    uint64_t fetch_run, uint64_t instruction);

/*
 * Collapse accesses [@begin, @end), at most PW_SPLIT_SLICE, up to the first one
 * that crosses pages. Returns its index, or @end. There is room for a record of
 * each, and one more.
 */
size_t pw_split_add(struct pw_split *split, const struct pw_touch_room *out,
		    const struct pw_accesses *accesses, size_t begin,
		    size_t end);

/*
 * The same for one reference, in @page, of an access of @kind.
 */
void pw_split_refer(struct pw_split *split, const struct pw_touch_room *out,
		    uint64_t page, unsigned kind);

/*
 * End the open records, not the runs: what comes begins new ones.
 */
void pw_split_cut(struct pw_split *split);

#endif
