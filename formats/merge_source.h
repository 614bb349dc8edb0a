/*
 * merge_source.h - one of the recordings that are merged.
 */
#ifndef PW_FORMATS_MERGE_SOURCE_H
#define PW_FORMATS_MERGE_SOURCE_H

#include <stdbool.h>

#include "base/array.h"
#include "base/status.h"
#include "formats/merge_pace.h"
#include "formats/rewrite.h"
#include "formats/trace.h"

/* What lies between the thread ids of two recordings: Linux has fewer. */
#define PW_MERGE_IDS ((uint32_t)1 << 22)
#define PW_MERGE_SOURCES_MAX 1000

struct pw_merge_source {
	const char *path;
	uint32_t id_base; /* added to pids and tids */
	struct pw_trace *trace;
	const struct pw_batch *batch; /* being taken, or NULL */
	size_t taken;		      /* accesses of it */
	bool done;
	uint64_t clock; /* instructions begun or, if unknown, accesses */
	uint64_t clock_end;
	uint64_t accesses; /* taken */
	uint64_t events;
	struct pw_pace pace;
	struct pw_array threads;   /* uint32_t: their numbers in the output */
	struct pw_array processes; /* uint32_t: the same; NONE: not yet */
	size_t modules;		   /* declared so far */
};

/*
 * Open recording @index, which must be whole.
 *
 * Owns:   @source holds resources; free it with pw_merge_source_close, also
 *         after a failure.
 * Errors: as pw_trace_open, and PW_ERR_FORMAT.
 */
enum pw_status pw_merge_source_open(struct pw_merge_source *source,
				    const char *path, uint32_t index,
				    struct pw_error *err) PW_MUST_CHECK;

/*
 * Free what it holds.
 */
void pw_merge_source_close(struct pw_merge_source *source);

/*
 * Read a recording through beforehand: the end of its clock and, as points of
 * its pace, the times of its cpu events.
 *
 * Errors: as pw_trace_next, and PW_ERR_FORMAT.
 */
enum pw_status pw_merge_source_survey(struct pw_merge_source *source,
				      struct pw_error *err) PW_MUST_CHECK;

/*
 * Declare what has come up. *processes counts those of the output.
 *
 * Errors: PW_ERR_USAGE a thread id that no Linux has; PW_ERR_OUTPUT,
 *         PW_ERR_SYSTEM.
 */
enum pw_status pw_merge_source_declare(struct pw_merge_source *source,
				       struct pw_rewrite *rewrite,
				       uint32_t *processes,
				       struct pw_error *err) PW_MUST_CHECK;

/*
 * Take what comes before the clock is @slice further, accesses and events, up
 * to the next access that begins an instruction.
 *
 * Errors: as pw_trace_next, pw_merge_source_declare, and PW_ERR_FORMAT.
 */
enum pw_status pw_merge_source_advance(struct pw_merge_source *source,
				       uint64_t slice,
				       struct pw_rewrite *rewrite,
				       uint32_t *processes,
				       struct pw_error *err) PW_MUST_CHECK;

#endif
