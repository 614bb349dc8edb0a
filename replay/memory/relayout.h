/*
 * relayout.h - move the regions of a trace to where Linux would have put them.
 *
 * A recording under qemu-user has the program at 0x4000000000 and grows its
 * mmap area upwards. This stands between such a trace and the machines: pages
 * of touches and addresses of events become those that Linux on x86-64,
 * without address-space randomization, would have chosen for the same calls.
 * At any moment different pages stay different. MODEL.md, "Relayout", has the
 * rules.
 */
#ifndef PW_REPLAY_RELAYOUT_H
#define PW_REPLAY_RELAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "formats/batch.h"
#include "formats/event.h"
#include "formats/lineage.h"
#include "formats/trace.h"

struct pw_relayout;

/*
 * Make a relayout for a trace. *out is NULL when the trace has the layout of
 * Linux already.
 *
 * Owns:   *out is the caller's; free it with pw_relayout_close.
 * Errors: PW_ERR_USAGE  the trace is not of x86-64, or of another layout than
 *                       qemu-user's.
 *         PW_ERR_FORMAT its metadata cannot be read.
 *         PW_ERR_SYSTEM.
 */
enum pw_status pw_relayout_open(struct pw_relayout **out,
				const struct pw_trace_info *info,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * Free it. NULL is allowed.
 */
void pw_relayout_close(struct pw_relayout *relayout);

/*
 * The touches of a process in space @space, at their new pages.
 *
 * Owns:   *out points into the relayout and into @touches; good until the next
 *         call.
 * Errors: PW_ERR_FORMAT no room is left in the address space; PW_ERR_SYSTEM.
 * Cost:   O(log regions) a touch.
 */
enum pw_status pw_relayout_touches(struct pw_relayout *relayout, uint32_t space,
				   const struct pw_touches *touches,
				   struct pw_touches *out,
				   struct pw_error *err) PW_MUST_CHECK;

/* An event of a trace, and what it does to the spaces. */
struct pw_relayout_event {
	uint32_t process;
	const struct pw_lineage_change *change;
	const struct pw_event *event;
};

/*
 * What to apply instead of an event of a trace: *count events, maybe none.
 *
 * Owns:   *out is the relayout's or the event itself; good until the next call.
 * Errors: as pw_relayout_touches.
 */
enum pw_status pw_relayout_event(struct pw_relayout *relayout,
				 const struct pw_trace_info *info,
				 const struct pw_relayout_event *what,
				 const struct pw_event **out, size_t *count,
				 struct pw_error *err) PW_MUST_CHECK;

#endif
