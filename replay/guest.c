/*
 * guest.c - the physical memory of a virtual machine.
 */
#include "replay/guest.h"

#include "base/assert.h"
#include "base/pagemap.h"
#include "replay/tlb_key.h"

#define PLACES_EXPECTED 64
#define ENTRY_SHIFT 3 /* of 8 bytes */

/* What a space's map calls a table or page: number, height, which of both. */
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
	guest->places = (struct pw_array)PW_ARRAY(struct pw_pagemap *);
}

static struct pw_pagemap **places_of(const struct pw_guest *guest,
				     uint32_t space)
{
	PW_ASSERT(space < guest->places.count);
	return &PW_ARRAY_AT(&guest->places, struct pw_pagemap *, space);
}

void pw_guest_free(struct pw_guest *guest)
{
	for (uint32_t i = 0; i < guest->places.count; i++)
		pw_pagemap_close(*places_of(guest, i));
	pw_array_free(&guest->places);
	pw_frames_free(&guest->frames);
}

static void count_used(struct pw_guest *guest)
{
	guest->counters->nested_guest_bytes = guest->frames.used
					      << PW_FRAME_SHIFT;
}

static enum pw_status find_places(struct pw_guest *guest, uint32_t space,
				  struct pw_pagemap **out, struct pw_error *err)
{
	enum pw_status st = PW_OK;

	while (guest->places.count <= space && st == PW_OK)
		st = pw_array_push(&guest->places, NULL, err);
	if (st == PW_OK && !*places_of(guest, space))
		st = pw_pagemap_open(places_of(guest, space), PLACES_EXPECTED,
				     err);
	if (st == PW_OK)
		*out = *places_of(guest, space);
	return st;
}

/* The first frame of what @space calls @name, a block of @order. */
static uint64_t place(struct pw_guest *guest, uint32_t space, uint64_t name,
		      unsigned order)
{
	struct pw_pagemap *places = NULL;
	uint64_t *value = NULL;
	struct pw_error err;
	bool added = false;
	uint64_t frame = 0;

	if (guest->failed || find_places(guest, space, &places, &err) != PW_OK)
		goto fail;
	value = pw_pagemap_find(places, name);
	if (value)
		return *value;
	if (pw_frames_take(&guest->frames, order, &frame, &err) != PW_OK)
		goto fail;
	count_used(guest);
	if (pw_pagemap_insert(places, name, &value, &added, &err) != PW_OK)
		goto fail;
	*value = frame;
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

void pw_guest_end(struct pw_guest *guest, uint32_t space)
{
	struct pw_pagemap **places;
	uint64_t name, frame;
	size_t cursor = 0;

	if (space >= guest->places.count || guest->failed)
		return;
	places = places_of(guest, space);
	while (*places && pw_pagemap_each(*places, &cursor, &name, &frame)) {
		unsigned height = name >> HEIGHT_SHIFT & HEIGHT_MASK;

		pw_frames_give(&guest->frames,
			       name & IS_PAGE ? guest->page_order[height]
					      : guest->table_order[height],
			       frame);
	}
	pw_pagemap_close(*places);
	*places = NULL;
	count_used(guest);
}
