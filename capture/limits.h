/*
 * limits.h - when a recording ends by itself: bounds on what is recorded, the
 * space left on the disk, the clock and the signals that the watcher sees.
 */
#ifndef PW_CAPTURE_LIMITS_H
#define PW_CAPTURE_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/engine.h"
#include "capture/watcher.h"

struct pw_limits {
	uint64_t instructions; /* UINT64_MAX for none, also below */
	uint64_t file_bytes;
	uint64_t min_free_bytes; /* 0 for none */
	const char *trace;
	bool attached;	   /* signals end the recording, not the target */
	int64_t looked_ns; /* at the disk */
	struct pw_watcher *watcher;
};

/*
 * Begin with the bounds of @request.
 *
 * Owns: the path of the trace and the watcher stay the caller's.
 */
void pw_limits_init(struct pw_limits *limits,
		    const struct pw_capture_request *request,
		    struct pw_watcher *watcher);

/*
 * Whether the recording, which holds so many instructions and bytes, shall
 * end; *end says why then.
 *
 * Cost: some comparisons; four looks at the disk a second at most.
 */
bool pw_limits_reached(struct pw_limits *limits, uint64_t instructions,
		       uint64_t file_bytes, enum pw_capture_end *end);

#endif
