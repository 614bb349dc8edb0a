/*
 * fork.h - a process gets a copy of another one's address space.
 */
#ifndef PW_REPLAY_FORK_H
#define PW_REPLAY_FORK_H

#include <stdint.h>

#include "base/status.h"
#include "replay/memory/system.h"

/*
 * Fork the running process: space @child, which is empty, becomes a copy of
 * its own. PW_NO_SPACE: the child is not in the trace, but pages of the parent
 * become read-only all the same.
 *
 * Errors: PW_ERR_SYSTEM.
 * Cost:   O(mappings + pages of private mappings that own pages).
 * Source: Linux mm/memory.c copy_page_range, vma_needs_copy; kernel/fork.c
 *         dup_mmap; MODEL.md, "Processes".
 */
enum pw_status pw_fork(struct pw_system *system, uint32_t child,
		       struct pw_error *err) PW_MUST_CHECK;

#endif
