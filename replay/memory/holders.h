/*
 * holders.h - which processes have descriptors of files, as far as is known.
 *
 * A process holds a file from when a call of it names a descriptor of it; a
 * child holds the files without names that its parent holds. It does until it
 * says that it has no descriptor of it any more, or ends.
 */
#ifndef PW_REPLAY_HOLDERS_H
#define PW_REPLAY_HOLDERS_H

#include <stdint.h>

#include "base/status.h"
#include "replay/memory/system.h"

/*
 * Begin, with nothing held.
 */
void pw_holders_make(struct pw_holders *holders);

/*
 * Free what is kept of holders.
 */
void pw_holders_free(struct pw_holders *holders);

/*
 * Let @process hold @object.
 *
 * Errors: PW_ERR_SYSTEM.
 * Cost:   O(1).
 */
enum pw_status pw_hold(struct pw_system *system, uint32_t process,
		       uint32_t object, struct pw_error *err) PW_MUST_CHECK;

/*
 * Let @process hold @object no more, if it did.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_hold_not(struct pw_system *system, uint32_t process,
			   uint32_t object, struct pw_error *err) PW_MUST_CHECK;

/*
 * Let @child hold what @parent does and has no names.
 *
 * Errors: PW_ERR_SYSTEM.
 * Cost:   O(files that the parent ever held).
 */
enum pw_status pw_hold_inherited(struct pw_system *system, uint32_t child,
				 uint32_t parent,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * @process has ended, and holds nothing.
 *
 * Errors: PW_ERR_SYSTEM.
 * Cost:   O(files that it ever held).
 */
enum pw_status pw_hold_nothing(struct pw_system *system, uint32_t process,
			       struct pw_error *err) PW_MUST_CHECK;

#endif
