/*
 * layout.h - where Linux on x86-64 puts the regions of one address space.
 *
 * Keeps the map from the pages of a trace to those of the new layout, and
 * writes down the events that do there what an event of the trace does here.
 */
#ifndef PW_REPLAY_LAYOUT_H
#define PW_REPLAY_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"
#include "formats/event.h"
#include "formats/trace.h"
#include "replay/memory/shifts.h"

/* The ELF file whose segments are being mapped at the start. */
struct pw_layout_image {
	struct pw_range range; /* pages of the trace; empty: none */
	bool has_module;       /* so the range is that of all segments */
	uint64_t mapped_end;   /* where its last segment so far ends */
	uint64_t shift;
	bool is_main;
};

struct pw_layout {
	struct pw_shifts shifts;
	struct pw_layout_image image;
	bool main_seen;
	uint64_t main_end; /* behind the main program, in the new layout */
	bool break_known;
	uint64_t break_page; /* of the trace, rounded up */
	uint64_t heap_shift;
};

/* One call of pw_layout_event. */
struct pw_layout_call {
	const struct pw_trace_info *info; /* its modules are looked at */
	uint32_t process;
	const struct pw_event *event; /* which succeeded */
	struct pw_array *out;	      /* struct pw_event, appended to */
};

/*
 * Make an empty layout; free it with pw_layout_free, after which it is empty.
 */
void pw_layout_init(struct pw_layout *layout);
void pw_layout_free(struct pw_layout *layout);

/*
 * Make @to, which is empty, what a fork makes of @from.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_layout_copy(struct pw_layout *to,
			      const struct pw_layout *from,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Let an event of the trace happen.
 *
 * Errors: PW_ERR_FORMAT no room is left in the address space; PW_ERR_SYSTEM.
 */
enum pw_status pw_layout_event(struct pw_layout *layout,
			       const struct pw_layout_call *call,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * A page that is touched outside of all regions: it gets a place, its own
 * number if that is free.
 *
 * Errors: as pw_layout_event.
 */
enum pw_status pw_layout_stray(struct pw_layout *layout, uint64_t page,
			       struct pw_error *err) PW_MUST_CHECK;

/* ---- between layout.c and layout_remap.c ---- */

/* What a region asks for. */
struct pw_layout_wish {
	struct pw_range range; /* pages of the trace */
	const uint64_t *shift; /* to be taken if they lead to free pages */
	size_t shift_count;
	bool align;	       /* to 2 MiB if it is not there */
	uint64_t offset_pages; /* of the file: aligned is what fits it */
};

/*
 * Choose the shift of a region, whose pages have none.
 *
 * Errors: PW_ERR_FORMAT.
 */
enum pw_status pw_layout_choose(const struct pw_layout *layout,
				const struct pw_layout_wish *wish,
				uint64_t *shift,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * Append an event for each run of pages of @range, with address and
 * length of the run, and kind and other arguments of @like.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_layout_each(struct pw_layout *layout,
			      const struct pw_event *like,
			      struct pw_range range, struct pw_array *out,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Unmap @range: events, and its pages have no shift any more.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_layout_vacate(struct pw_layout *layout, struct pw_range range,
				struct pw_array *out,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * mremap.
 *
 * Errors: as pw_layout_event.
 * Source: Linux mm/mremap.c.
 */
enum pw_status pw_layout_remap(struct pw_layout *layout,
			       const struct pw_event *event,
			       struct pw_array *out,
			       struct pw_error *err) PW_MUST_CHECK;

#endif
