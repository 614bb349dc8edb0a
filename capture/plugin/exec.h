/*
 * exec.h - an exec that the plugin makes for the program, in the making.
 */
#ifndef PW_CAPTURE_PLUGIN_EXEC_H
#define PW_CAPTURE_PLUGIN_EXEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/plugin/state.h"

#define PW_EXEC_ARENA_BYTES ((size_t)8 << 20)

/* An exec in the making; its memory goes with the old image. */
struct pw_exec {
	char path[PW_PATH_BYTES]; /* what the kernel would open */
	char *text;		  /* strings */
	size_t text_bytes;
	char **argv; /* of the new program; room for OWN_WORDS before it */
	size_t argc;
	char **envp;
	size_t env_count;
	char **word; /* of QEMU */
	size_t word_count;
	size_t longest;	 /* string */
	int fd;		 /* that the path stands for; -1: none */
	const char *why; /* it must run natively */
};

enum pw_exec_verdict {
	PW_EXEC_EMULATE,
	PW_EXEC_NATIVE,
	PW_EXEC_SCRIPT,
	PW_EXEC_FAILS
};

/*
 * Copy a string of the program; NULL when it cannot be read or is too long.
 */
char *pw_exec_copy(struct pw_exec *exec, uint64_t address);

/*
 * Three strings one after the other, as one; NULL when it is too long.
 */
char *pw_exec_join(struct pw_exec *exec, const char *first, const char *second,
		   const char *third);

/*
 * Find the path as seen from this process, for execveat relative to @dir.
 */
bool pw_exec_find(struct pw_exec *exec, int dir, uint64_t path, uint64_t flags);

/*
 * Whether the program can run under this QEMU. For a script its interpreter
 * and that one's argument come in front of the arguments.
 */
enum pw_exec_verdict pw_exec_judge(struct pw_exec *exec);

#endif
