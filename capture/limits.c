/*
 * limits.c - bounds of a recording.
 */
#include "capture/limits.h"

#include <sys/statvfs.h>
#include <time.h>

#include "base/assert.h"

#define LOOK_NS INT64_C(250000000)
#define SECOND_NS INT64_C(1000000000)

static uint64_t bound(uint64_t wanted)
{
	return wanted ? wanted : UINT64_MAX;
}

void pw_limits_init(struct pw_limits *limits,
		    const struct pw_capture_request *request,
		    struct pw_watcher *watcher)
{
	*limits = (struct pw_limits){
		.instructions = bound(request->max_instructions),
		.file_bytes = bound(request->max_bytes),
		.min_free_bytes = request->trace ? request->min_free_bytes : 0,
		.trace = request->trace,
		.attached = request->pid != 0,
		.watcher = watcher,
	};
}

/* Good to a few milliseconds, without a call into the kernel. */
static int64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

/* Whether too little space is left; a disk that cannot be asked is no limit. */
static bool is_full(struct pw_limits *limits)
{
	int64_t now_ns = clock_ns();
	struct statvfs disk;

	PW_ASSERT(limits->trace != NULL);
	if (limits->looked_ns && now_ns - limits->looked_ns < LOOK_NS)
		return false;
	limits->looked_ns = now_ns;
	return statvfs(limits->trace, &disk) == 0 &&
	       (uint64_t)disk.f_bavail * disk.f_frsize < limits->min_free_bytes;
}

bool pw_limits_reached(struct pw_limits *limits, uint64_t instructions,
		       uint64_t file_bytes, enum pw_capture_end *end)
{
	enum pw_watch reason = pw_watcher_reason(limits->watcher);

	if (instructions >= limits->instructions)
		*end = PW_CAPTURE_INSTRUCTIONS;
	else if (file_bytes >= limits->file_bytes)
		*end = PW_CAPTURE_BYTES;
	else if (reason == PW_WATCH_TIME)
		*end = PW_CAPTURE_SECONDS;
	else if (reason == PW_WATCH_SIGNAL)
		*end = limits->attached ? PW_CAPTURE_DETACHED
					: PW_CAPTURE_TERMINATED;
	else if (limits->min_free_bytes && is_full(limits))
		*end = PW_CAPTURE_FREE;
	else
		return false;
	return true;
}
