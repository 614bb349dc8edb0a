/*
 * lock.h - mlock, munlock and their relatives for whole processes.
 */
#ifndef PW_REPLAY_LOCK_H
#define PW_REPLAY_LOCK_H

#include "base/status.h"
#include "formats/event.h"
#include "replay/system.h"

/*
 * Lock or unlock the mappings in @range, without bringing pages.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_lock_range(struct pw_system *system, struct pw_space *space,
			     struct pw_range range, enum pw_lock lock,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Carry out mlock, munlock, mlockall or munlockall, which succeeded.
 *
 * Errors: PW_ERR_SYSTEM.
 * Source: Linux mm/mlock.c; MODEL.md, "Address space".
 */
enum pw_status pw_lock_event(struct pw_system *system, struct pw_space *space,
			     const struct pw_event *event,
			     struct pw_error *err) PW_MUST_CHECK;

#endif
