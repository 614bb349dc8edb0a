/*
 * neighbours.h - what a translation may be held or fetched together with.
 *
 * Some TLBs hold an aligned group of pages in one entry, if all are mapped
 * alike; some fetch the next page's translation too. Whether they can is found
 * when the reference is made.
 */
#ifndef PW_REPLAY_NEIGHBOURS_H
#define PW_REPLAY_NEIGHBOURS_H

#include <stdint.h>

#include "replay/models.h"

enum pw_neighbour {
	PW_NEIGHBOUR_NEXT = 1, /* the next page of the same size is mapped */
	PW_NEIGHBOUR_CONTIGUOUS = 2, /* the page is one of a contiguous run */
	/* The aligned 4 or 8 base pages are mapped alike. */
	PW_NEIGHBOUR_GROUP_4 = 4,
	PW_NEIGHBOUR_GROUP_8 = 8,
};

#define PW_NEIGHBOUR_NEXT_SHIFT 4 /* groups of the next page */

/* The bit for a group of 2^@order base pages, 4 or 8. */
static inline unsigned pw_neighbour_group(unsigned order)
{
	return 1U << order;
}

/* What the neighbours of the next page are. */
static inline unsigned pw_neighbours_of_next(unsigned neighbours)
{
	return neighbours >> PW_NEIGHBOUR_NEXT_SHIFT;
}

/*
 * Which of @wanted hold for base page @page, which @leaf of @table maps, and
 * which groups for the next page, PW_NEIGHBOUR_NEXT_SHIFT higher.
 */
unsigned pw_neighbours_find(const struct pw_page_table_ops *ops, void *table,
			    const struct pw_geometry *geometry, uint64_t page,
			    const struct pw_leaf *leaf, unsigned wanted);

#endif
