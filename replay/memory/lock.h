/*
 * lock.h - mlock, munlock and their relatives for whole processes.
 */
#ifndef PW_REPLAY_LOCK_H
#define PW_REPLAY_LOCK_H

#include "base/status.h"
#include "replay/memory/event_call.h"

/*
 * Carry out mlock, munlock, mlockall or munlockall. One that failed may have
 * come to a gap.
 *
 * Errors: PW_ERR_SYSTEM.
 * Source: Linux 6.18 mm/mlock.c; MODEL.md, "Address space".
 */
enum pw_status pw_call_lock(const struct pw_call_context *ctx,
			    struct pw_error *err) PW_MUST_CHECK;

#endif
