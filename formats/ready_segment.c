/*
 * ready_segment.c - give chunks their places in a trace and write them.
 */
#include "formats/ready_segment.h"

#include <string.h>

#include "base/assert.h"
#include "formats/writer_segment.h"

void pw_ready_segment_free(struct pw_ready_segment *ready)
{
	pw_array_free(&ready->chunks);
	pw_array_free(&ready->payload);
	pw_timeline_free(&ready->timeline);
}

/* Begin a chunk in @sink and copy the payload of @from into it. */
static struct pw_array *copy_payload(const struct pw_ready_segment *ready,
				     const struct pw_ready_chunk *from,
				     struct pw_chunk_sink *sink,
				     struct pw_error *err)
{
	struct pw_array *out = pw_chunk_sink_begin(sink, err);
	size_t bytes = from->chunk.payload_bytes;

	PW_ASSERT(from->at + bytes <= ready->payload.count);
	if (!out || pw_array_reserve(out, out->count + bytes, err) != PW_OK)
		return NULL;
	memcpy((uint8_t *)out->data + out->count,
	       (const uint8_t *)ready->payload.data + from->at, bytes);
	out->count += bytes;
	return out;
}

/* Write what is kept of the accesses of one thread. */
static enum pw_status write_accesses(const struct pw_ready_segment *ready,
				     const struct pw_ready_chunk *from,
				     struct pw_writer_segment *segment,
				     struct pw_chunk_sink *sink,
				     struct pw_error *err)
{
	const struct pw_array *payload = copy_payload(ready, from, sink, err);
	struct pw_chunk chunk = from->chunk;
	struct pw_writer_thread *thread;
	enum pw_status st;

	if (!payload)
		return err->status;
	PW_ASSERT(chunk.kind == PW_CHUNK_ACCESSES);
	PW_ASSERT(chunk.thread < segment->threads.count);
	thread = &PW_ARRAY_AT(&segment->threads, struct pw_writer_thread,
			      chunk.thread);
	chunk.segment = segment->number;
	chunk.first_access = thread->accesses;
	chunk.first_instruction = thread->instructions;
	chunk.previous = thread->last_chunk;
	st = pw_writer_segment_keep(segment, sink, &chunk, payload,
				    payload->count - chunk.payload_bytes, err);
	thread->accesses += from->chunk.access_count;
	thread->instructions += from->chunk.instruction_count;
	return st;
}

enum pw_status pw_ready_segment_write(const struct pw_ready_segment *ready,
				      struct pw_writer_segment *segment,
				      struct pw_chunk_sink *sink,
				      struct pw_error *err)
{
	const struct pw_ready_chunk *last = ready->chunks.data;
	enum pw_status st = PW_OK;
	struct pw_chunk chunk;
	uint64_t offset;

	PW_ASSERT(segment->count == 0 && ready->chunks.count > 0);
	if (segment->touches)
		st = pw_writer_touches_begin(segment->touches, &ready->timeline,
					     segment->accesses, err);
	for (size_t i = 0; i + 1 < ready->chunks.count && st == PW_OK; i++)
		st = write_accesses(ready, last++, segment, sink, err);
	if (st != PW_OK)
		return st;
	chunk = last->chunk;
	PW_ASSERT(chunk.kind == PW_CHUNK_TIMELINE);
	chunk.segment = segment->number++;
	chunk.first_access = segment->accesses;
	chunk.first_instruction = segment->instructions;
	segment->accesses += chunk.access_count;
	segment->instructions += chunk.instruction_count;
	if (!copy_payload(ready, last, sink, err))
		return err->status;
	return pw_chunk_sink_write(sink, &chunk, &offset, err);
}
