/*
 * oracle_layout.h - the slow, obvious twin of the relayout: a list of pages.
 *
 * For each page that has a place, the list says which. Every search is linear.
 */
#ifndef PW_TESTS_ORACLE_ORACLE_LAYOUT_H
#define PW_TESTS_ORACLE_ORACLE_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/event.h"

struct pw_oracle_place {
	uint64_t page, target;
	bool stray; /* touched outside of all mappings */
	bool left;  /* out of forks */
};

/* The layout of one address space. */
struct pw_oracle_layout {
	struct pw_oracle_place *place;
	size_t places, room;
	bool main_seen, main_now;
	uint64_t image_first, image_first_end; /* its first segment */
	uint64_t image_end; /* where the last segment ends; 0: no image */
	uint64_t image_shift;
	uint64_t main_end; /* in the new layout */
	bool break_known;
	uint64_t break_page;
	uint64_t heap_shift;
};

/*
 * Free the list; the layout is empty and usable afterwards.
 */
void pw_oracle_layout_clear(struct pw_oracle_layout *layout);

/*
 * Make @to, which is empty, what a fork makes of @from.
 */
void pw_oracle_layout_copy(struct pw_oracle_layout *to,
			   const struct pw_oracle_layout *from);

/*
 * Where @page is; it gets a place if it has none.
 */
uint64_t pw_oracle_layout_page(struct pw_oracle_layout *layout, uint64_t page);

/*
 * A successful event of a process without modules.
 */
void pw_oracle_layout_event(struct pw_oracle_layout *layout,
			    const struct pw_event *event);

#endif
