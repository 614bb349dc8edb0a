/*
 * pwt_each.h - all segments of a native trace, each by the worker that decoded
 * it, in whatever order they are ready.
 */
#ifndef PW_FORMATS_PWT_EACH_H
#define PW_FORMATS_PWT_EACH_H

#include "base/status.h"
#include "formats/damage.h"
#include "formats/pwt_ring.h"
#include "formats/trace.h"

/*
 * Deliver as pw_trace_each; the caller's thread is one of the workers. What was
 * delivered is added to @totals, and segments that are left out go to @damage,
 * in the order of the file.
 *
 * Errors: as pw_trace_each.
 */
enum pw_status pw_pwt_each(const struct pw_ring_source *source,
			   const struct pw_trace_taker *taker,
			   struct pw_totals *totals, struct pw_damage *damage,
			   struct pw_error *err) PW_MUST_CHECK;

#endif
