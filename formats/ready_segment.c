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

/* Write @chunk with its payload. */
static enum pw_status write_chunk(const struct pw_ready_segment *ready,
				  const struct pw_ready_chunk *from,
				  struct pw_chunk_sink *sink,
				  struct pw_chunk *chunk, uint64_t *offset,
				  struct pw_error *err)
{
	struct pw_array *out = pw_chunk_sink_begin(sink, err);
	size_t bytes = chunk->payload_bytes;
	enum pw_status st;

	if (!out)
		return err->status;
	PW_ASSERT(from->at + bytes <= ready->payload.count);
	st = pw_array_reserve(out, out->count + bytes, err);
	if (st != PW_OK)
		return st;
	memcpy((uint8_t *)out->data + out->count,
	       (const uint8_t *)ready->payload.data + from->at, bytes);
	out->count += bytes;
	return pw_chunk_sink_write(sink, chunk, offset, err);
}

/* Write the accesses of one thread. */
static enum pw_status write_accesses(const struct pw_ready_segment *ready,
				     const struct pw_ready_chunk *from,
				     struct pw_writer_segment *segment,
				     struct pw_chunk_sink *sink,
				     struct pw_error *err)
{
	struct pw_chunk chunk = from->chunk;
	struct pw_writer_thread *thread;
	enum pw_status st;

	PW_ASSERT(chunk.kind == PW_CHUNK_ACCESSES);
	PW_ASSERT(chunk.thread < segment->threads.count);
	thread = &PW_ARRAY_AT(&segment->threads, struct pw_writer_thread,
			      chunk.thread);
	chunk.segment = segment->number;
	chunk.first_access = thread->accesses;
	chunk.first_instruction = thread->instructions;
	chunk.previous = thread->last_chunk;
	st = write_chunk(ready, from, sink, &chunk, &thread->last_chunk, err);
	thread->accesses += chunk.access_count;
	thread->instructions += chunk.instruction_count;
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
	return write_chunk(ready, last, sink, &chunk, &offset, err);
}
