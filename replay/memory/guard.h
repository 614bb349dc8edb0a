/*
 * guard.h - guard regions, in which every access is a fatal fault.
 */
#ifndef PW_REPLAY_GUARD_H
#define PW_REPLAY_GUARD_H

#include "base/status.h"
#include "replay/memory/system.h"

/*
 * Make @part, which lies in one mapping, a guard region: its pages go. The
 * mapping is flagged, and if it is private and anonymous, is from now on taken
 * to have pages of its own.
 *
 * Errors: PW_ERR_SYSTEM.
 * Source: Linux 6.18 mm/madvise.c madvise_guard_install.
 */
enum pw_status pw_guard_install(struct pw_system *system,
				struct pw_space *space, struct pw_range part,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * Make @range ordinary memory again.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_guard_remove(struct pw_space *space, struct pw_range range,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * Move the guard regions of @range to @first on, where none are.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_guard_move(struct pw_space *space, struct pw_range range,
			     uint64_t first,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Let @child have the guard regions of @parent in @range.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_guard_copy(struct pw_space *child,
			     const struct pw_space *parent,
			     struct pw_range range,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * The first page of @range in a guard region, or the end of @range.
 */
uint64_t pw_guard_first(const struct pw_space *space, struct pw_range range);

/*
 * Whether @page lies in a guard region.
 */
bool pw_guard_holds(const struct pw_space *space, uint64_t page);

#endif
