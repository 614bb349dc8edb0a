/*
 * target.h - find and check the program to be recorded.
 */
#ifndef PW_CAPTURE_TARGET_H
#define PW_CAPTURE_TARGET_H

#include "base/arena.h"
#include "base/status.h"

/*
 * The file that @command names, found as execvp does, or as it stands when it
 * holds a slash. Programs that cannot be recorded are refused here, before
 * anything is written: missing, not executable, neither ELF nor "#!" script,
 * not 64-bit x86, set-user-ID or set-group-ID to somebody else.
 *
 * Owns:   *path is in @arena.
 * Errors: PW_ERR_TARGET with a hint; PW_ERR_SYSTEM.
 */
enum pw_status pw_target_find(const char *command, struct pw_arena *arena,
			      const char **path,
			      struct pw_error *err) PW_MUST_CHECK;

#endif
