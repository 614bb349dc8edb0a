/*
 * call_seek.h - what /proc tells of the descriptors and paths of a process.
 *
 * Shared by all engines, under the same rules as call.h: nothing allocates.
 */
#ifndef PW_CAPTURE_CALL_SEEK_H
#define PW_CAPTURE_CALL_SEEK_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/call.h"

/*
 * What @path leads to in the process whose folder in /proc is @proc
 * ("/proc/12"), from its descriptor @dirfd on (AT_FDCWD: from where it is).
 * With @follow a link at the end is followed. All zero when there is nothing;
 * the path in *out stays "".
 */
void pw_call_seek_path(const char *proc, int dirfd, const char *path,
		       bool follow, struct pw_call_file *out);

/*
 * The process that descriptor @fd, a pidfd, stands for; 0 when it is none.
 */
uint64_t pw_call_seek_pid(const char *proc, int fd);

/*
 * Whether the process has a descriptor of this file.
 *
 * Cost: O(descriptors).
 */
bool pw_call_seek_open(const char *proc, uint64_t device, uint64_t inode);

#endif
