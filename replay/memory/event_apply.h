/*
 * event_apply.h - what the events of a trace do to an address space.
 */
#ifndef PW_REPLAY_EVENT_APPLY_H
#define PW_REPLAY_EVENT_APPLY_H

#include <stdbool.h>

#include "base/status.h"
#include "formats/event.h"
#include "formats/lineage.h"
#include "replay/memory/system.h"

/*
 * Apply @event of the running process of @system, by the rules of MODEL.md, to
 * the space @about, or with PW_NO_SPACE to its own. Failed calls and kinds
 * without a rule change nothing.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_event_apply(struct pw_system *system,
			      const struct pw_event *event, uint32_t about,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Whether events of @kind are system calls that may change an address space,
 * which call.count counts.
 */
bool pw_event_is_memory_call(enum pw_event_kind kind);

#endif
