/*
 * verify_look.h - what a decoded segment holds, whatever its headers say.
 */
#ifndef PW_FORMATS_VERIFY_LOOK_H
#define PW_FORMATS_VERIFY_LOOK_H

#include <stdint.h>

#include "base/array.h"
#include "base/status.h"
#include "formats/batch.h"
#include "formats/pwt_segment.h"

/* The lowest and the highest page; UINT64_MAX and 0 of nothing. */
struct pw_pages {
	uint64_t min;
	uint64_t max;
};

struct pw_look {
	struct pw_array pages; /* struct pw_pages, by part of the segment */
	struct pw_tally tally;
	uint64_t accesses;
	uint64_t events;
};

#define PW_LOOK                                       \
	{                                             \
		PW_ARRAY(struct pw_pages), {0}, 0, 0, \
	}

/*
 * Look at all accesses of a segment, or at all touches of one that was decoded
 * to these, and at what they stand for. Nothing else may have asked for them.
 *
 * Owns:   @look holds memory; free it with pw_look_free, also after a failure.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_look_at(struct pw_look *look,
			  const struct pw_segment *segment,
			  struct pw_error *err) PW_MUST_CHECK;

/*
 * Free what it holds.
 */
void pw_look_free(struct pw_look *look);

#endif
