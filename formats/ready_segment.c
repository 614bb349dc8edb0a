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

/* Write ACCESSES or TOUCHES of one thread. */
static enum pw_status write_chunk(const struct pw_ready_segment *ready,
				  const struct pw_ready_chunk *from,
				  struct pw_writer_segment *segment,
				  struct pw_chunk_sink *sink,
				  struct pw_error *err)
{
	struct pw_chunk chunk = from->chunk;
	bool touches = chunk.kind == PW_CHUNK_TOUCHES;
	struct pw_writer_thread *thread;
	uint64_t *last;

	if (!copy_payload(ready, from, sink, err))
		return err->status;
	PW_ASSERT(touches || chunk.kind == PW_CHUNK_ACCESSES);
	PW_ASSERT(chunk.thread < segment->threads.count);
	thread = &PW_ARRAY_AT(&segment->threads, struct pw_writer_thread,
			      chunk.thread);
	chunk.segment = segment->number;
	chunk.first_access = thread->accesses;
	chunk.first_instruction = thread->instructions;
	last = touches ? &thread->last_touches : &thread->last_chunk;
	chunk.previous = *last;
	return pw_chunk_sink_write(sink, &chunk, last, err);
}

/* Count what a thread has done; @last is its last chunk. */
static void count(struct pw_writer_segment *segment,
		  const struct pw_chunk *last)
{
	struct pw_writer_thread *thread = &PW_ARRAY_AT(
		&segment->threads, struct pw_writer_thread, last->thread);

	thread->accesses += last->access_count;
	thread->instructions += last->instruction_count;
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
	for (size_t i = 0; i + 1 < ready->chunks.count && st == PW_OK; i++) {
		st = write_chunk(ready, last, segment, sink, err);
		if (last[1].chunk.kind == PW_CHUNK_TIMELINE ||
		    last[1].chunk.thread != last->chunk.thread)
			count(segment, &last->chunk);
		last++;
	}
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
