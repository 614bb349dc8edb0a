/*
 * neighbours.c - what a translation may be held or fetched together with.
 */
#include "replay/neighbours.h"

#include "base/assert.h"
#include "base/bits.h"
#include "replay/tlb_key.h"

/* What entries held as one have in common: it is taken that their frames are in
 * a row. */
#define ALIKE (PW_PTE_PRESENT | PW_PTE_WRITABLE | PW_PTE_FILE)

/* Whether the aligned group of @page is mapped alike, and not to one frame. */
static bool is_group(const struct pw_page_table_ops *ops, void *table,
		     unsigned order, uint64_t page)
{
	uint64_t first = page >> order << order;
	uint64_t pte = 0;

	for (uint64_t i = 0; i < (uint64_t)1 << order; i++) {
		struct pw_leaf leaf;

		if (!ops->find(table, first + i, &leaf) ||
		    leaf.pte & PW_PTE_ZERO ||
		    (i > 0 && (leaf.pte & ALIKE) != pte))
			return false;
		pte = leaf.pte & ALIKE;
	}
	return true;
}

static unsigned find_groups(const struct pw_page_table_ops *ops, void *table,
			    uint64_t page, unsigned wanted)
{
	unsigned found = 0;

	for (unsigned order = 2; order <= 3; order++)
		if (wanted & pw_neighbour_group(order) &&
		    is_group(ops, table, order, page))
			found |= pw_neighbour_group(order);
	return found;
}

unsigned pw_neighbours_find(const struct pw_page_table_ops *ops, void *table,
			    const struct pw_geometry *geometry, uint64_t page,
			    const struct pw_leaf *leaf, unsigned wanted)
{
	uint64_t next =
		leaf->first +
		((uint64_t)1 << pw_geometry_order(geometry, leaf->height));
	unsigned found = find_groups(ops, table, page, wanted);
	struct pw_leaf after;

	if (!(wanted & PW_NEIGHBOUR_NEXT) ||
	    next > PW_KEY_PAGE >> (geometry->page_shift - PW_PAGE_SHIFT) ||
	    !ops->find(table, next, &after) || after.height != leaf->height)
		return found;
	found |= PW_NEIGHBOUR_NEXT;
	return found | find_groups(ops, table, next, wanted)
			       << PW_NEIGHBOUR_NEXT_SHIFT;
}
