/*
 * pids.h - the numbers by which people know the processes of a trace.
 */
#ifndef PW_FORMATS_PIDS_H
#define PW_FORMATS_PIDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "formats/trace.h"

struct pw_pids {
	const uint64_t *list; /* by process */
	size_t count;
};

/*
 * Of each process of @info the pid of its first thread, or its index where
 * that is not known.
 *
 * Owns:   @arena.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_pids_of(const struct pw_trace_info *info,
			  struct pw_arena *arena, struct pw_pids *pids,
			  struct pw_error *err) PW_MUST_CHECK;

#endif
