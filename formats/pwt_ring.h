/*
 * pwt_ring.h - segments decoded ahead of their consumer, in order.
 *
 * Worker threads fill a ring of segments; the consumer takes them in the order
 * of the file, so that nothing depends on how many workers there are. One
 * worker is none: the consumer's thread decodes itself.
 */
#ifndef PW_FORMATS_PWT_RING_H
#define PW_FORMATS_PWT_RING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "formats/pwt_segment.h"

struct pw_ring;

/* What is decoded; all but the loader must stay as it is. */
struct pw_ring_source {
	const struct pw_pwt_file *file;
	const struct pw_pwt_list *list;
	const struct pw_array *places; /* struct pw_segment_place */
	size_t threads;		       /* declared */
	bool touches;		       /* instead of accesses */
	struct pw_shape_loader *shapes;
};

/*
 * Make a ring with @workers (at least 1). Threads start with the first
 * segment that is asked for.
 *
 * Owns:   *out is the caller's; free it with pw_ring_close. @source is
 *         copied.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_ring_open(struct pw_ring **out,
			    const struct pw_ring_source *source,
			    unsigned workers,
			    struct pw_error *err) PW_MUST_CHECK;

/*
 * Stop the workers and free the ring. NULL is allowed.
 */
void pw_ring_close(struct pw_ring *ring);

/*
 * The next segment, or *segment = NULL after the last one.
 *
 * Owns:   the ring; good until the next call.
 * Errors: PW_ERR_FORMAT this one is damaged: the next call brings the one
 *         after it; PW_ERR_SYSTEM.
 */
enum pw_status pw_ring_next(struct pw_ring *ring,
			    const struct pw_segment **segment,
			    struct pw_error *err) PW_MUST_CHECK;

#endif
