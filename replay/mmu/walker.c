/*
 * walker.c - page walks, and what shortens them and makes them dear.
 */
#include "replay/mmu/walker.h"

#include "base/assert.h"
#include "replay/mmu/tlb_key.h"

/* Log2 bytes of a page that an entry at @height maps. */
static unsigned page_shift(const struct pw_geometry *geometry, unsigned height)
{
	return geometry->page_shift + pw_geometry_order(geometry, height);
}

bool pw_walker_holds(const struct pw_machine *machine, unsigned order)
{
	const struct pw_nested_choice *host = &machine->nested;

	return !host->page_table ||
	       machine->geometry.page_shift + order <=
		       page_shift(&host->geometry, host->height);
}

unsigned pw_walker_held_height(const struct pw_machine *machine,
			       unsigned height)
{
	/* A TLB entry is for no more than one page of either dimension. */
	while (height > 0 &&
	       !pw_walker_holds(machine,
				pw_geometry_order(&machine->geometry, height)))
		height--;
	return height;
}

enum pw_status pw_walker_make(struct pw_walker *walker,
			      const struct pw_machine *machine,
			      const struct pw_walker_parts *parts,
			      struct pw_arena *arena, struct pw_error *err)
{
	enum pw_status st;

	memset(walker, 0, sizeof(*walker));
	PW_ASSERT(parts->counters);
	PW_ASSERT(!parts->guest == !machine->nested.page_table);
	walker->guest = parts->guest;
	walker->counters = parts->counters;
	walker->by_height[0] = &parts->counters->walk_height0;
	walker->by_height[1] = &parts->counters->walk_height1;
	walker->by_height[2] = &parts->counters->walk_height2;
	walker->by_height[3] = &parts->counters->walk_height3;
	walker->by_height[4] = &parts->counters->walk_height4;
	st = pw_walk_cache_make(&walker->caches, &machine->pwc,
				&machine->geometry, parts->stlb, arena, err);
	if (st == PW_OK)
		st = pw_walk_lines_make(&walker->lines, machine,
					parts->counters, arena, err);
	if (st == PW_OK && walker->guest)
		st = pw_nested_make(&walker->nested, machine, &walker->lines,
				    arena, err);
	return st;
}

/* Find the host's address of the table at @height. */
static void find_table(struct pw_walker *walker,
		       const struct pw_reference *reference, unsigned height)
{
	uint64_t frame = pw_guest_table(walker->guest, reference->space, height,
					reference->page);

	pw_nested_translate(&walker->nested, frame);
}

static void read_entry(struct pw_walker *walker,
		       const struct pw_reference *reference, unsigned height)
{
	walker->counters->walk_references++;
	++*walker->by_height[height];
	pw_walk_lines_read(&walker->lines, reference->space % PW_LINE_HOST,
			   height,
			   reference->page >> walker->caches.order[height]);
}

/* Read the lines of a hashed table: there is nothing above that a cache could
 * keep. */
static void probe(struct pw_walker *walker,
		  const struct pw_reference *reference)
{
	for (unsigned i = 0; i < reference->leaf.probes; i++) {
		struct pw_reference there = *reference;

		there.page += (uint64_t)i << PW_LINE_ENTRIES_SHIFT;
		if (walker->guest)
			find_table(walker, reference, 0);
		read_entry(walker, &there, 0);
	}
}

/* Read what leads from the root to the leaf. */
static void descend(struct pw_walker *walker,
		    const struct pw_reference *reference)
{
	struct pw_walk_cache *caches = &walker->caches;
	unsigned leaf = reference->leaf.height;
	unsigned from = pw_walk_cache_start(caches, reference->asid,
					    reference->page, leaf);
	bool hit = from < caches->top;

	walker->counters->pwc_hits += hit;
	for (unsigned height = from + 1; height-- > leaf;) {
		/* What a cache says of a table is the host's address. */
		if (walker->guest && !(hit && height == from))
			find_table(walker, reference, height);
		read_entry(walker, reference, height);
	}
	pw_walk_cache_fill(caches, reference->asid, reference->page, from,
			   leaf);
}

void pw_walker_walk(struct pw_walker *walker,
		    const struct pw_reference *reference)
{
	walker->counters->walk_count++;
	if (reference->leaf.probes)
		probe(walker, reference);
	else
		descend(walker, reference);
	if (walker->guest)
		pw_nested_translate(
			&walker->nested,
			pw_guest_page(walker->guest, reference->space,
				      reference->leaf.height, reference->page));
}

void pw_walker_invalidate(struct pw_walker *walker, uint32_t asid,
			  uint64_t first, uint64_t count)
{
	pw_walk_cache_invalidate(&walker->caches, asid, first, count);
}

void pw_walker_flush(struct pw_walker *walker)
{
	pw_walk_cache_flush(&walker->caches);
}
