/*
 * timeline.h - the global order of a segment: runs of accesses and events.
 */
#ifndef PW_FORMATS_TIMELINE_H
#define PW_FORMATS_TIMELINE_H

#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"
#include "formats/event.h"

/* A timeline being written. */
struct pw_timeline {
	struct pw_array bytes; /* uint8_t: finished records */
	size_t records;
	uint32_t open_thread; /* of the run that may still grow */
	uint64_t open_accesses;
};

#define PW_TIMELINE                        \
	{                                  \
		PW_ARRAY(uint8_t), 0, 0, 0 \
	}

enum pw_timeline_tag {
	PW_TIMELINE_STOP = 0, /* not on the wire: no more records */
	PW_TIMELINE_RUN = 2,
	PW_TIMELINE_EVENT = 4,
};

/* A record read back. */
struct pw_timeline_record {
	enum pw_timeline_tag tag;
	uint32_t thread;
	uint64_t accesses; /* of a run */
	uint16_t kind;	   /* of an event, and what follows */
	uint64_t result;
	uint64_t arg[PW_EVENT_ARGS];
	const char *text; /* points into the bytes read */
};

struct pw_timeline_cursor {
	const uint8_t *next;
	const uint8_t *end;
};

/*
 * Free the memory; the timeline is empty afterwards.
 */
void pw_timeline_free(struct pw_timeline *timeline);

/*
 * Empty the timeline but keep its memory.
 */
void pw_timeline_clear(struct pw_timeline *timeline);

/*
 * Append @accesses (not 0) of @thread; runs of one thread merge.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_timeline_run(struct pw_timeline *timeline, uint32_t thread,
			       uint64_t accesses,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * Append an event of @thread.
 *
 * Errors: PW_ERR_OUTPUT its text is longer than PW_EVENT_TEXT_MAX;
 *         PW_ERR_SYSTEM. Nothing is appended then.
 */
enum pw_status pw_timeline_event(struct pw_timeline *timeline, uint32_t thread,
				 const struct pw_event *event,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * Finish the run that may still grow, so that timeline->bytes is complete.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_timeline_finish(struct pw_timeline *timeline,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * Append the payload of a TIMELINE chunk made of @timeline, which is finished,
 * to @out, an array of bytes.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_timeline_pack(const struct pw_timeline *timeline, int level,
				struct pw_array *out,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * Unpack a payload into @out, an array of bytes that is emptied first.
 *
 * Errors: PW_ERR_FORMAT it does not hold exactly @raw_bytes; PW_ERR_SYSTEM.
 */
enum pw_status pw_timeline_unpack(const uint8_t *payload, size_t payload_bytes,
				  uint64_t raw_bytes, struct pw_array *out,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * Read the next record; its tag is PW_TIMELINE_STOP at the end. Unknown
 * records that may be skipped are.
 *
 * Owns:   record->text points into the bytes.
 * Errors: PW_ERR_FORMAT a malformed or unknown record.
 */
enum pw_status pw_timeline_next(struct pw_timeline_cursor *cursor,
				struct pw_timeline_record *record,
				struct pw_error *err) PW_MUST_CHECK;

#endif
