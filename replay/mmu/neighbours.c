/*
 * neighbours.c - what a translation may be held or fetched together with.
 */
#include "replay/mmu/neighbours.h"

#include "base/assert.h"
#include "base/bits.h"
#include "replay/mmu/tlb_key.h"

/* What entries held as one have in common: it is taken that their frames are in
 * a row. */
#define ALIKE (PW_PTE_PRESENT | PW_PTE_WRITABLE | PW_PTE_FILE)

/* Pages, each so many base pages after the one before it. */
struct run {
	uint64_t first;
	uint64_t count;
	unsigned step_order;
};

#define ANY_HEIGHT PW_LEVELS_MAX

/* Whether all of @run is mapped alike, and not to one frame, by leaves at
 * @height. */
static bool is_alike(const struct pw_page_table_ops *ops, void *table,
		     const struct run *run, unsigned height)
{
	uint64_t pte = 0;

	for (uint64_t i = 0; i < run->count; i++) {
		struct pw_leaf leaf;

		if (!ops->find(table, run->first + (i << run->step_order),
			       &leaf) ||
		    (height != ANY_HEIGHT && leaf.height != height) ||
		    leaf.pte & PW_PTE_ZERO ||
		    (i > 0 && (leaf.pte & ALIKE) != pte))
			return false;
		pte = leaf.pte & ALIKE;
	}
	return true;
}

/* Whether the aligned group of @page is mapped alike, by whatever leaves. */
static bool is_group(const struct pw_page_table_ops *ops, void *table,
		     unsigned order, uint64_t page)
{
	const struct run run = {.first = page >> order << order,
				.count = (uint64_t)1 << order};

	return is_alike(ops, table, &run, ANY_HEIGHT);
}

/* Whether the leaf of @page, at @height, is one of a contiguous run. */
static bool is_contiguous(const struct pw_page_table_ops *ops, void *table,
			  const struct pw_geometry *geometry, unsigned height,
			  uint64_t page)
{
	struct run run;
	unsigned order;

	if (height >= PW_CONTIGUOUS_HEIGHTS || !geometry->contiguous[height])
		return false;
	run.count = (uint64_t)1 << geometry->contiguous[height];
	run.step_order = pw_geometry_order(geometry, height);
	order = run.step_order + geometry->contiguous[height];
	run.first = page >> order << order;
	return is_alike(ops, table, &run, height);
}

/* A leaf that is looked at. */
struct place {
	void *table;
	const struct pw_geometry *geometry;
	uint64_t page;
	unsigned height;
};

static unsigned find_groups(const struct pw_page_table_ops *ops,
			    const struct place *at, unsigned wanted)
{
	unsigned found = 0;

	for (unsigned order = 2; order <= 3; order++)
		if (wanted & pw_neighbour_group(order) &&
		    is_group(ops, at->table, order, at->page))
			found |= pw_neighbour_group(order);
	if (wanted & PW_NEIGHBOUR_CONTIGUOUS &&
	    is_contiguous(ops, at->table, at->geometry, at->height, at->page))
		found |= PW_NEIGHBOUR_CONTIGUOUS;
	return found;
}

unsigned pw_neighbours_find(const struct pw_page_table_ops *ops, void *table,
			    const struct pw_geometry *geometry, uint64_t page,
			    const struct pw_leaf *leaf, unsigned wanted)
{
	uint64_t next =
		leaf->first +
		((uint64_t)1 << pw_geometry_order(geometry, leaf->height));
	struct place at = {table, geometry, page, leaf->height};
	unsigned found = find_groups(ops, &at, wanted);
	struct pw_leaf after;

	if (!(wanted & PW_NEIGHBOUR_NEXT) ||
	    next > PW_KEY_PAGE >> (geometry->page_shift - PW_PAGE_SHIFT) ||
	    !ops->find(table, next, &after) || after.height != leaf->height)
		return found;
	found |= PW_NEIGHBOUR_NEXT;
	at.page = next;
	return found | find_groups(ops, &at, wanted) << PW_NEIGHBOUR_NEXT_SHIFT;
}
