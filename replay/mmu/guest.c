/*
 * guest.c - the physical memory of a virtual machine.
 */
#include "replay/mmu/guest.h"

#include "base/assert.h"
#include "base/pagemap.h"
#include "replay/mmu/tlb_key.h"

#define PLACES_EXPECTED 64
#define ENTRY_SHIFT 3 /* of 8 bytes */

/*
 * Where a space has its tables and pages: groups of 8 neighbours, most of which
 * are there if one is. It takes 11 to 14 bytes a page when all are.
 */
struct places {
	struct pw_pagemap *groups; /* name / 8 to place in list; or NULL */
	struct pw_array list;	   /* struct group */
};

#define GROUP_SHIFT 3
#define GROUP ((size_t)1 << GROUP_SHIFT)

struct group {
	uint64_t next[GROUP]; /* to the first frame of the block; 0: none */
};

/* What a space calls a table or page: number, height, which of both. */
#define HEIGHT_SHIFT PW_KEY_PAGE_BITS
#define HEIGHT_MASK 7
#define IS_PAGE ((uint64_t)1 << (HEIGHT_SHIFT + 3))

unsigned pw_guest_table_order(const struct pw_geometry *geometry,
			      unsigned height)
{
	unsigned shift = geometry->bits[height] + ENTRY_SHIFT;

	PW_ASSERT(height < geometry->levels);
	return shift > PW_FRAME_SHIFT ? shift - PW_FRAME_SHIFT : 0;
}

void pw_guest_make(struct pw_guest *guest, const struct pw_geometry *geometry,
		   struct pw_counters *counters)
{
	memset(guest, 0, sizeof(*guest));
	PW_ASSERT(geometry->page_shift >= PW_FRAME_SHIFT);
	guest->top = geometry->levels - 1;
	guest->counters = counters;
	guest->base_order = geometry->page_shift - PW_FRAME_SHIFT;
	for (unsigned height = 0; height <= guest->top; height++) {
		unsigned order = pw_geometry_order(geometry, height);

		guest->index_order[height] = order + geometry->bits[height];
		guest->table_order[height] =
			pw_guest_table_order(geometry, height);
		PW_ASSERT(guest->table_order[height] <= PW_FRAMES_ORDER_MAX);
		order += guest->base_order;
		guest->page_order[height] = order < PW_FRAMES_ORDER_MAX
						    ? order
						    : PW_FRAMES_ORDER_MAX;
	}
	pw_frames_make(&guest->frames);
	guest->places = (struct pw_array)PW_ARRAY(struct places);
}

static struct places *places_of(const struct pw_guest *guest, uint32_t space)
{
	PW_ASSERT(space < guest->places.count);
	return &PW_ARRAY_AT(&guest->places, struct places, space);
}

static void free_places(struct places *places)
{
	pw_pagemap_close(places->groups);
	places->groups = NULL;
	pw_array_free(&places->list);
}

void pw_guest_free(struct pw_guest *guest)
{
	for (uint32_t i = 0; i < guest->places.count; i++)
		free_places(places_of(guest, i));
	pw_array_free(&guest->places);
	pw_frames_free(&guest->frames);
}

static void count_used(struct pw_guest *guest)
{
	struct pw_counters *counters = guest->counters;

	counters->nested_guest_bytes = guest->frames.used << PW_FRAME_SHIFT;
	if (counters->nested_guest_peak_bytes < counters->nested_guest_bytes)
		counters->nested_guest_peak_bytes =
			counters->nested_guest_bytes;
}

static enum pw_status find_places(struct pw_guest *guest, uint32_t space,
				  struct places **out, struct pw_error *err)
{
	const struct places none = {NULL, PW_ARRAY(struct group)};
	enum pw_status st = PW_OK;

	while (guest->places.count <= space && st == PW_OK)
		st = pw_array_push(&guest->places, &none, err);
	if (st == PW_OK)
		*out = places_of(guest, space);
	if (st == PW_OK && !(*out)->groups)
		st = pw_pagemap_open(&(*out)->groups, PLACES_EXPECTED, err);
	return st;
}

/* Where the place of @name is kept, in a group that is made if need be. */
static enum pw_status find_slot(struct places *places, uint64_t name,
				uint64_t **slot, struct pw_error *err)
{
	uint64_t *number = pw_pagemap_find(places->groups, name >> GROUP_SHIFT);
	struct group *group;
	bool added = false;

	if (!number) {
		enum pw_status st = pw_array_push(&places->list, NULL, err);

		if (st == PW_OK)
			st = pw_pagemap_insert(places->groups,
					       name >> GROUP_SHIFT, &number,
					       &added, err);
		if (st != PW_OK)
			return st;
		PW_ASSERT(added);
		*number = places->list.count - 1;
	}
	group = &PW_ARRAY_AT(&places->list, struct group, *number);
	*slot = &group->next[name % GROUP];
	return PW_OK;
}

/* The first frame of what @space calls @name, a block of @order. */
static uint64_t place(struct pw_guest *guest, uint32_t space, uint64_t name,
		      unsigned order)
{
	struct places *places = NULL;
	uint64_t *slot = NULL;
	struct pw_error err;
	uint64_t frame = 0;

	if (guest->failed ||
	    find_places(guest, space, &places, &err) != PW_OK ||
	    find_slot(places, name, &slot, &err) != PW_OK)
		goto fail;
	if (*slot)
		return *slot - 1;
	if (pw_frames_take(&guest->frames, order, &frame, &err) != PW_OK)
		goto fail;
	count_used(guest);
	*slot = frame + 1;
	return frame;
fail:
	guest->failed = true;
	return 0;
}

uint64_t pw_guest_table(struct pw_guest *guest, uint32_t space, unsigned height,
			uint64_t page)
{
	/* A space has one root, whatever its addresses are. */
	uint64_t index =
		height == guest->top ? 0 : page >> guest->index_order[height];

	PW_DEBUG_ASSERT(height <= guest->top);
	return place(guest, space, index | (uint64_t)height << HEIGHT_SHIFT,
		     guest->table_order[height]);
}

uint64_t pw_guest_page(struct pw_guest *guest, uint32_t space, unsigned height,
		       uint64_t page)
{
	unsigned order = guest->page_order[height];
	unsigned shift = order - guest->base_order;
	uint64_t within = page & (((uint64_t)1 << shift) - 1);

	PW_DEBUG_ASSERT(height <= guest->top && order >= guest->base_order);
	return place(guest, space,
		     page >> shift | (uint64_t)height << HEIGHT_SHIFT | IS_PAGE,
		     order) +
	       (within << guest->base_order);
}

/* Give back the block that is called @name. */
static void give(struct pw_guest *guest, uint64_t name, uint64_t frame)
{
	unsigned height = name >> HEIGHT_SHIFT & HEIGHT_MASK;

	pw_frames_give(&guest->frames,
		       name & IS_PAGE ? guest->page_order[height]
				      : guest->table_order[height],
		       frame);
}

void pw_guest_end(struct pw_guest *guest, uint32_t space)
{
	struct places *places;
	uint64_t key, number;
	size_t cursor = 0;

	if (space >= guest->places.count || guest->failed)
		return;
	places = places_of(guest, space);
	while (places->groups &&
	       pw_pagemap_each(places->groups, &cursor, &key, &number)) {
		const struct group *group =
			&PW_ARRAY_AT(&places->list, struct group, number);

		for (size_t i = 0; i < GROUP; i++) {
			if (group->next[i])
				give(guest, key << GROUP_SHIFT | i,
				     group->next[i] - 1);
		}
	}
	free_places(places);
	count_used(guest);
}
