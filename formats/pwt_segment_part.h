/*
 * pwt_segment_part.h - what a thread has in a decoded segment; between
 * pwt_segment.c and pwt_segment_take.c.
 */
#ifndef PW_FORMATS_PWT_SEGMENT_PART_H
#define PW_FORMATS_PWT_SEGMENT_PART_H

#include <stddef.h>
#include <stdint.h>

#include "formats/codec_touch.h"
#include "formats/window.h"

/* The accesses of one thread in a segment. */
struct pw_segment_part {
	uint32_t thread;
	size_t first; /* in the columns; of no use with a window */
	size_t count;
	size_t used; /* by runs of the timeline so far */
	uint64_t instructions;
	struct pw_window *window;   /* of a chunk with shapes, or NULL */
	struct pw_touch_plan *plan; /* of a touch chunk, or NULL */
	size_t piece;		    /* of the plan that comes next */
};

#endif
