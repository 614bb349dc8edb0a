/*
 * timeline.c - the records of a TIMELINE chunk, to and from bytes.
 */
#include "formats/timeline.h"

#include "base/assert.h"
#include "formats/layout.h"
#include "formats/streams.h"
#include "formats/varint.h"

/* A record without its text: tag, length, 4 fields, arguments, text length. */
#define RECORD_MAX ((size_t)PW_VARINT_MAX * (7 + PW_EVENT_ARGS))

void pw_timeline_free(struct pw_timeline *timeline)
{
	pw_array_free(&timeline->bytes);
	pw_timeline_clear(timeline);
}

void pw_timeline_clear(struct pw_timeline *timeline)
{
	timeline->bytes.count = 0;
	timeline->records = 0;
	timeline->open_accesses = 0;
}

/* Append a record whose content is @head and then @tail. */
static enum pw_status append(struct pw_timeline *timeline,
			     enum pw_timeline_tag tag, const uint8_t *head,
			     size_t head_bytes, const char *tail,
			     struct pw_error *err)
{
	size_t tail_bytes = tail ? strlen(tail) + 1 : 0;
	struct pw_array *bytes = &timeline->bytes;
	uint8_t *out;
	enum pw_status st;

	PW_ASSERT(head_bytes <= RECORD_MAX);
	st = pw_array_reserve(bytes, bytes->count + RECORD_MAX * 2 + tail_bytes,
			      err);
	if (st != PW_OK)
		return st;
	out = (uint8_t *)bytes->data + bytes->count;
	out = pw_varint_put(out, tag);
	out = pw_varint_put(out, head_bytes + tail_bytes);
	memcpy(out, head, head_bytes);
	out += head_bytes;
	if (tail_bytes > 0)
		memcpy(out, tail, tail_bytes);
	out += tail_bytes;
	bytes->count = (size_t)(out - (uint8_t *)bytes->data);
	PW_ASSERT(bytes->count <= bytes->capacity);
	timeline->records++;
	return PW_OK;
}

enum pw_status pw_timeline_finish(struct pw_timeline *timeline,
				  struct pw_error *err)
{
	uint8_t head[RECORD_MAX], *out = head;
	enum pw_status st;

	if (timeline->open_accesses == 0)
		return PW_OK;
	out = pw_varint_put(out, timeline->open_thread);
	out = pw_varint_put(out, timeline->open_accesses);
	st = append(timeline, PW_TIMELINE_RUN, head, (size_t)(out - head), NULL,
		    err);
	if (st == PW_OK)
		timeline->open_accesses = 0;
	return st;
}

enum pw_status pw_timeline_run(struct pw_timeline *timeline, uint32_t thread,
			       uint64_t accesses, struct pw_error *err)
{
	enum pw_status st = PW_OK;

	PW_ASSERT(accesses > 0 && thread < PW_THREADS_MAX);
	PW_ASSERT(timeline->open_accesses <= PW_SEGMENT_DENSE_MAX);
	if (thread != timeline->open_thread)
		st = pw_timeline_finish(timeline, err);
	if (st != PW_OK)
		return st;
	timeline->open_thread = thread;
	timeline->open_accesses += accesses;
	return PW_OK;
}

enum pw_status pw_timeline_event(struct pw_timeline *timeline, uint32_t thread,
				 const struct pw_event *event,
				 struct pw_error *err)
{
	const char *text = event->text ? event->text : "";
	uint8_t head[RECORD_MAX], *out = head;
	size_t args = PW_EVENT_ARGS;
	enum pw_status st;

	if (strlen(text) > PW_EVENT_TEXT_MAX)
		return pw_fail(err, PW_ERR_OUTPUT,
			       "an event's text of %zu bytes is longer than "
			       "the trace format holds (1 MiB)",
			       strlen(text));
	st = pw_timeline_finish(timeline, err);
	if (st != PW_OK)
		return st;
	PW_ASSERT(thread < PW_THREADS_MAX);
	PW_ASSERT((unsigned)event->kind <= UINT16_MAX);
	while (args > 0 && event->arg[args - 1] == 0)
		args--;
	out = pw_varint_put(out, thread);
	out = pw_varint_put(out, (uint64_t)event->kind);
	out = pw_varint_put(out, event->result);
	out = pw_varint_put(out, args);
	for (size_t i = 0; i < args; i++)
		out = pw_varint_put(out, event->arg[i]);
	out = pw_varint_put(out, strlen(text));
	return append(timeline, PW_TIMELINE_EVENT, head, (size_t)(out - head),
		      text, err);
}

enum pw_status pw_timeline_pack(const struct pw_timeline *timeline, int level,
				struct pw_array *out, struct pw_error *err)
{
	PW_ASSERT(timeline->open_accesses == 0);
	PW_ASSERT(timeline->bytes.count <= PW_TIMELINE_RAW_MAX);
	return pw_frame_pack(&timeline->bytes, level, out, err);
}

enum pw_status pw_timeline_unpack(const uint8_t *payload, size_t payload_bytes,
				  uint64_t raw_bytes, struct pw_array *out,
				  struct pw_error *err)
{
	out->count = 0;
	if (raw_bytes > PW_TIMELINE_RAW_MAX)
		return pw_fail(err, PW_ERR_FORMAT, "it is too long");
	return pw_frame_unpack(payload, payload_bytes, raw_bytes, out, err);
}

/* Take the next varint of a record, at most @limit; false when there is none.*/
static bool take(struct pw_timeline_cursor *cursor, uint64_t limit,
		 uint64_t *value)
{
	const uint8_t *next = pw_varint_get(cursor->next, cursor->end, value);

	if (!next || *value > limit)
		return false;
	cursor->next = next;
	return true;
}

static bool read_run(struct pw_timeline_cursor *content,
		     struct pw_timeline_record *record)
{
	uint64_t thread;

	if (!take(content, PW_THREADS_MAX - 1, &thread) ||
	    !take(content, PW_SEGMENT_DENSE_MAX, &record->accesses) ||
	    record->accesses == 0)
		return false;
	record->thread = (uint32_t)thread;
	return content->next == content->end;
}

static bool read_event(struct pw_timeline_cursor *content,
		       struct pw_timeline_record *record)
{
	uint64_t thread, kind, args, text;

	if (!take(content, PW_THREADS_MAX - 1, &thread) ||
	    !take(content, UINT16_MAX, &kind) ||
	    !take(content, UINT64_MAX, &record->result) ||
	    !take(content, PW_EVENT_ARGS, &args))
		return false;
	record->thread = (uint32_t)thread;
	record->kind = (uint16_t)kind;
	memset(record->arg, 0, sizeof(record->arg));
	for (uint64_t i = 0; i < args; i++)
		if (!take(content, UINT64_MAX, &record->arg[i]))
			return false;
	if (!take(content, PW_EVENT_TEXT_MAX, &text) ||
	    text + 1 != (uint64_t)(content->end - content->next))
		return false;
	/* The only 0 must be the one that ends it. */
	if (memchr(content->next, 0, text + 1) != content->end - 1)
		return false;
	record->text = (const char *)content->next;
	return true;
}

enum pw_status pw_timeline_next(struct pw_timeline_cursor *cursor,
				struct pw_timeline_record *record,
				struct pw_error *err)
{
	struct pw_timeline_cursor content;
	uint64_t tag, bytes;
	bool good;

	do {
		record->tag = PW_TIMELINE_STOP;
		if (cursor->next == cursor->end)
			return PW_OK;
		if (!take(cursor, UINT32_MAX, &tag) ||
		    !take(cursor, (uint64_t)(cursor->end - cursor->next),
			  &bytes) ||
		    bytes > (uint64_t)(cursor->end - cursor->next))
			return pw_fail(err, PW_ERR_FORMAT,
				       "a record passes its end");
		content.next = cursor->next;
		content.end = cursor->next + bytes;
		cursor->next = content.end;
	} while (tag & 1);
	if (tag == PW_TIMELINE_RUN)
		good = read_run(&content, record);
	else if (tag == PW_TIMELINE_EVENT)
		good = read_event(&content, record);
	else
		return pw_fail(err, PW_ERR_FORMAT,
			       "a record of kind %u needs a newer pagewalk",
			       (unsigned)tag);
	if (!good)
		return pw_fail(err, PW_ERR_FORMAT, "a record is malformed");
	record->tag = (enum pw_timeline_tag)tag;
	return PW_OK;
}
