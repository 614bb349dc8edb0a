/*
 * guest.h - the physical memory of a virtual machine: where it keeps its page
 * tables and its pages.
 *
 * A table or page gets a place when a walk first comes to it, and keeps it
 * until its address space ends. All cores share one guest.
 */
#ifndef PW_REPLAY_GUEST_H
#define PW_REPLAY_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"
#include "replay/counters.h"
#include "replay/memory/frames.h"
#include "replay/models.h"

struct pw_guest {
	unsigned top;			     /* height of the root */
	unsigned page_order[PW_LEVELS_MAX];  /* log2 frames of a page there */
	unsigned table_order[PW_LEVELS_MAX]; /* log2 frames of a table there */
	unsigned index_order[PW_LEVELS_MAX]; /* log2 base pages of a table */
	unsigned base_order;		     /* log2 frames of a base page */
	struct pw_frames frames;
	struct pw_array places; /* by space; see guest.c */
	struct pw_counters *counters;
	bool failed; /* memory ended: places told since are wrong */
};

/*
 * Log2 of the frames of a table at @height.
 */
unsigned pw_guest_table_order(const struct pw_geometry *geometry,
			      unsigned height);

/*
 * Make the memory of a guest whose page tables have the shape @geometry, with
 * nothing in it; its size is counted in @counters.
 *
 * Owns: what it grows; free it with pw_guest_free.
 */
void pw_guest_make(struct pw_guest *guest, const struct pw_geometry *geometry,
		   struct pw_counters *counters);

/*
 * Free the memory.
 */
void pw_guest_free(struct pw_guest *guest);

/*
 * The first frame of the table at @height that leads to base page @page of
 * @space.
 *
 * Errors: guest->failed is set when there is no memory.
 */
uint64_t pw_guest_table(struct pw_guest *guest, uint32_t space, unsigned height,
			uint64_t page);

/*
 * The frame in which base page @page of @space begins, mapped by a leaf at
 * @height.
 *
 * Errors: as pw_guest_table.
 */
uint64_t pw_guest_page(struct pw_guest *guest, uint32_t space, unsigned height,
		       uint64_t page);

/*
 * Give back what @space has; it ends or begins anew.
 */
void pw_guest_end(struct pw_guest *guest, uint32_t space);

#endif
