/*
 * target.h - find and check the program to be recorded.
 */
#ifndef PW_CAPTURE_TARGET_H
#define PW_CAPTURE_TARGET_H

#include <sys/types.h>

#include "base/arena.h"
#include "base/status.h"

struct pw_target {
	const char *path;
	const char *machine; /* "x86_64", "aarch64"; of a script, that of its
				interpreter; static */
};

/*
 * The file that @command names, found as execvp does, or as it stands when it
 * holds a slash. Programs that cannot be recorded are refused here, before
 * anything is written: missing, not executable, neither ELF nor "#!" script,
 * not for 64-bit x86 or Arm, set-user-ID or set-group-ID to somebody else.
 *
 * Owns:   out->path is in @arena, or @command itself.
 * Errors: PW_ERR_TARGET with a hint; PW_ERR_SYSTEM.
 */
enum pw_status pw_target_find(struct pw_target *out, const char *command,
			      struct pw_arena *arena,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * The program that the process @pid runs.
 *
 * Owns:   out->path is in @arena.
 * Errors: PW_ERR_TARGET there is no such process, it is this one, or its
 *         program cannot be recorded; PW_ERR_SYSTEM.
 */
enum pw_status pw_target_running(struct pw_target *out, pid_t pid,
				 struct pw_arena *arena,
				 struct pw_error *err) PW_MUST_CHECK;

#endif
