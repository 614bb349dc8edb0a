/*
 * writer_segment.c - gather a segment in global order, write it by thread.
 */
#include "formats/writer_segment.h"

#include "base/assert.h"
#include "base/bits.h"
#include "formats/tally.h"

#define TIMELINE_RECORDS_MAX 65536
#define TIMELINE_BYTES_MAX ((size_t)4 << 20)
/* Accesses without a shape beside merged ones. */
#define DENSE_STAGED_MAX ((size_t)1 << 19)
#define DENSE_ADDED_MAX ((size_t)1 << 16) /* of them at once */

static void free_columns(struct pw_access_columns *columns)
{
	free(columns->address);
	free(columns->pc);
	free(columns->size_bytes);
	free(columns->kind);
	memset(columns, 0, sizeof(*columns));
}

static enum pw_status make_columns(struct pw_access_columns *columns,
				   size_t capacity, struct pw_error *err)
{
	columns->address = calloc(capacity, sizeof(*columns->address));
	columns->pc = calloc(capacity, sizeof(*columns->pc));
	columns->size_bytes = calloc(capacity, sizeof(*columns->size_bytes));
	columns->kind = calloc(capacity, 1);
	if (columns->address && columns->pc && columns->size_bytes &&
	    columns->kind)
		return PW_OK;
	free_columns(columns);
	pw_fail_memory(err, "a segment of a trace");
	return PW_ERR_SYSTEM;
}

static void copy_columns(struct pw_access_columns *to, size_t at,
			 const struct pw_accesses *from, size_t first,
			 size_t count)
{
	memcpy(to->address + at, from->address + first,
	       count * sizeof(*to->address));
	memcpy(to->pc + at, from->pc + first, count * sizeof(*to->pc));
	memcpy(to->size_bytes + at, from->size_bytes + first,
	       count * sizeof(*to->size_bytes));
	memcpy(to->kind + at, from->kind + first, count);
}

static struct pw_accesses view(const struct pw_access_columns *columns,
			       size_t first, size_t count)
{
	struct pw_accesses accesses = {
		.count = count,
		.address = columns->address + first,
		.pc = columns->pc + first,
		.size_bytes = columns->size_bytes + first,
		.kind = columns->kind + first,
	};

	return accesses;
}

static struct pw_writer_thread *thread_at(struct pw_writer_segment *segment,
					  uint32_t thread)
{
	PW_ASSERT(thread < segment->threads.count);
	return &PW_ARRAY_AT(&segment->threads, struct pw_writer_thread, thread);
}

enum pw_status pw_writer_segment_init(struct pw_writer_segment *segment,
				      size_t capacity, int zstd_level,
				      int fast_level, bool dense,
				      struct pw_error *err)
{
	enum pw_status st;

	PW_ASSERT(capacity > 0 && capacity <= PW_SEGMENT_DENSE_MAX);
	PW_ASSERT(dense || capacity <= PW_SEGMENT_ACCESSES_MAX);
	memset(segment, 0, sizeof(*segment));
	segment->capacity = capacity;
	segment->staged_capacity = dense && capacity > DENSE_STAGED_MAX
					   ? DENSE_STAGED_MAX
					   : capacity;
	segment->zstd_level = zstd_level;
	segment->accesses_kept = true;
	segment->threads = (struct pw_array)PW_ARRAY(struct pw_writer_thread);
	segment->runs = (struct pw_array)PW_ARRAY(struct pw_writer_run);
	segment->active = (struct pw_array)PW_ARRAY(uint32_t);
	segment->lanes = (struct pw_array)PW_ARRAY(struct pw_lane_store *);
	segment->spare = (struct pw_array)PW_ARRAY(struct pw_lane_store *);
	segment->timeline = (struct pw_timeline)PW_TIMELINE;
	st = make_columns(&segment->staged, segment->staged_capacity, err);
	if (st == PW_OK)
		st = pw_generic_encoder_open(&segment->generic, zstd_level,
					     err);
	if (st == PW_OK && dense)
		st = pw_dense_encoder_open(&segment->dense, fast_level,
					   segment->generic, err);
	else if (st == PW_OK)
		st = pw_fast_encoder_open(&segment->fast, fast_level,
					  segment->generic, err);
	return st;
}

enum pw_status pw_writer_segment_keep_touches(struct pw_writer_segment *segment,
					      bool alone, int level,
					      struct pw_error *err)
{
	segment->accesses_kept = !alone;
	return pw_writer_touches_open(&segment->touches, level, err);
}

void pw_writer_segment_free(struct pw_writer_segment *segment)
{
	free_columns(&segment->staged);
	free_columns(&segment->sorted);
	pw_array_free(&segment->threads);
	pw_array_free(&segment->runs);
	pw_array_free(&segment->active);
	pw_writer_segment_lanes_free(segment);
	pw_timeline_free(&segment->timeline);
	pw_writer_touches_close(segment->touches);
	segment->touches = NULL;
	pw_dense_encoder_close(segment->dense);
	segment->dense = NULL;
	pw_fast_encoder_close(segment->fast);
	segment->fast = NULL;
	pw_generic_encoder_close(segment->generic);
	segment->generic = NULL;
}

bool pw_writer_segment_full(struct pw_writer_segment *segment)
{
	return segment->count >= segment->capacity ||
	       segment->staged_count >= segment->staged_capacity ||
	       pw_writer_segment_dense_full(segment) ||
	       segment->timeline.records >= TIMELINE_RECORDS_MAX ||
	       segment->timeline.bytes.count >= TIMELINE_BYTES_MAX;
}

/* Note whose the next @count staged accesses are. */
static enum pw_status add_run(struct pw_writer_segment *segment,
			      uint32_t thread, size_t count,
			      struct pw_error *err)
{
	struct pw_writer_run run = {thread, count};
	struct pw_writer_run *last = segment->runs.data;

	if (segment->runs.count > 0) {
		last += segment->runs.count - 1;
		if (last->thread == thread) {
			last->count += count;
			return PW_OK;
		}
	}
	return pw_array_push(&segment->runs, &run, err);
}

enum pw_status pw_writer_segment_add(struct pw_writer_segment *segment,
				     uint32_t thread,
				     const struct pw_accesses *accesses,
				     size_t from, size_t *taken,
				     struct pw_error *err)
{
	size_t room = segment->capacity - segment->count;
	size_t staged_room = segment->staged_capacity - segment->staged_count;
	size_t count = accesses->count - from;
	struct pw_writer_thread *owner = thread_at(segment, thread);
	enum pw_status st = PW_OK;

	PW_ASSERT(from < accesses->count && segment->count < segment->capacity);
	if (count > room)
		count = room;
	if (count > staged_room)
		count = staged_room;
	if (segment->dense && count > DENSE_ADDED_MAX)
		count = DENSE_ADDED_MAX;
	if (owner->in_segment == 0)
		st = pw_array_push(&segment->active, &thread, err);
	if (st == PW_OK)
		st = pw_timeline_run(&segment->timeline, thread, count, err);
	if (st == PW_OK)
		st = add_run(segment, thread, count, err);
	if (st != PW_OK)
		return st;
	copy_columns(&segment->staged, segment->staged_count, accesses, from,
		     count);
	owner->in_segment += count;
	owner->staged += count;
	if (owner->lane)
		owner->lane->pending += count;
	segment->count += count;
	segment->staged_count += count;
	PW_ASSERT(segment->count <= segment->capacity);
	*taken = count;
	return PW_OK;
}

static int by_number(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a;
	uint32_t right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

/* Copy the staged accesses to their threads' places in segment->sorted. */
static enum pw_status sort(struct pw_writer_segment *segment,
			   struct pw_error *err)
{
	struct pw_accesses staged =
		view(&segment->staged, 0, segment->staged_count);
	enum pw_status st = PW_OK;
	size_t at = 0;

	if (!segment->sorted.kind)
		st = make_columns(&segment->sorted, segment->staged_capacity,
				  err);
	if (st != PW_OK)
		return st;
	for (size_t i = 0; i < segment->active.count; i++) {
		struct pw_writer_thread *thread = thread_at(
			segment, PW_ARRAY_AT(&segment->active, uint32_t, i));

		thread->cursor = at;
		at += thread->staged;
	}
	PW_ASSERT(at == segment->staged_count);
	at = 0;
	for (size_t i = 0; i < segment->runs.count; i++) {
		const struct pw_writer_run *run =
			&PW_ARRAY_AT(&segment->runs, struct pw_writer_run, i);
		struct pw_writer_thread *thread =
			thread_at(segment, run->thread);

		copy_columns(&segment->sorted, thread->cursor, &staged, at,
			     run->count);
		thread->cursor += run->count;
		at += run->count;
	}
	PW_ASSERT(at == segment->staged_count);
	return PW_OK;
}

static void find_pages(struct pw_chunk *chunk, const struct pw_accesses *a)
{
	uint64_t min = UINT64_MAX, max = 0;

	for (size_t i = 0; i < a->count; i++) {
		uint64_t last =
			pw_access_last_byte(a->address[i], a->size_bytes[i]);

		min = a->address[i] < min ? a->address[i] : min;
		max = last > max ? last : max;
	}
	if (a->count == 0)
		return;
	min >>= PW_PAGE_SHIFT;
	max >>= PW_PAGE_SHIFT;
	chunk->min_page = min < chunk->min_page ? min : chunk->min_page;
	chunk->max_page = max > chunk->max_page ? max : chunk->max_page;
}

/*
 * Pack the accesses of one thread: those in @staged, and the executions of its
 * lane when there are any.
 */
static enum pw_status pack(struct pw_writer_segment *segment,
			   struct pw_lane_store *lane,
			   const struct pw_accesses *staged,
			   struct pw_chunk *chunk, struct pw_array *payload,
			   struct pw_error *err)
{
	struct pw_tally tally = {0};
	enum pw_status st;

	pw_tally_add(&tally, staged->kind, staged->count);
	chunk->instruction_count = tally.instructions;
	chunk->min_page = UINT64_MAX;
	find_pages(chunk, staged);
	if (!lane || lane->met.count == 0)
		return pw_generic_encode(segment->generic, staged, payload,
					 &chunk->raw_bytes, err);
	chunk->codec = segment->dense ? PW_CODEC_DENSE : PW_CODEC_FAST;
	chunk->instruction_count += lane->tally[PW_LANE_INSTRUCTIONS];
	if (lane->min_page < chunk->min_page)
		chunk->min_page = lane->min_page;
	if (lane->max_page > chunk->max_page)
		chunk->max_page = lane->max_page;
	st = pw_lane_store_settle(lane, err);
	if (st != PW_OK)
		return st;
	if (segment->dense)
		return pw_dense_encode_lane(segment->dense, lane, staged,
					    payload, &chunk->raw_bytes, err);
	return pw_fast_encode(segment->fast, lane, staged, payload,
			      &chunk->raw_bytes, err);
}

/* Write the touches of a thread, whose accesses are those of @chunk. */
static enum pw_status
write_touches(struct pw_writer_segment *segment, struct pw_chunk_sink *sink,
	      const struct pw_chunk *accesses, const struct pw_array *made,
	      const struct pw_touch_payload *packed, struct pw_error *err)
{
	struct pw_writer_thread *thread = thread_at(segment, accesses->thread);
	struct pw_array *payload = pw_chunk_sink_begin(sink, err);
	struct pw_chunk chunk = *accesses;
	enum pw_status st;

	if (!payload)
		return err->status;
	st = pw_array_reserve(payload, payload->count + made->count, err);
	if (st != PW_OK)
		return st;
	memcpy((uint8_t *)payload->data + payload->count, made->data,
	       made->count);
	payload->count += made->count;
	chunk.kind = PW_CHUNK_TOUCHES;
	chunk.flags = segment->accesses_kept ? 0 : PW_CHUNK_CRITICAL;
	chunk.codec = packed->codec;
	chunk.raw_bytes = packed->raw_bytes;
	chunk.previous = thread->last_touches;
	return pw_chunk_sink_write(sink, &chunk, &thread->last_touches, err);
}

/*
 * Write what is kept of the accesses of a thread. @chunk is what is known of
 * them, and their payload was put into @payload from @first on.
 */
static enum pw_status keep(struct pw_writer_segment *segment,
			   struct pw_chunk_sink *sink, struct pw_chunk *chunk,
			   const struct pw_array *payload, size_t first,
			   struct pw_error *err)
{
	struct pw_writer_thread *thread = thread_at(segment, chunk->thread);
	const struct pw_writer_touched touched = {
		.chunk = chunk,
		.payload = (const uint8_t *)payload->data + first,
		.payload_bytes = payload->count - first,
	};
	const struct pw_array *made = NULL;
	struct pw_touch_payload packed = {0};
	enum pw_status st = PW_OK;

	if (segment->touches)
		st = pw_writer_touches_make(segment->touches, &touched, &made,
					    &packed, err);
	if (st == PW_OK && segment->accesses_kept)
		st = pw_chunk_sink_write(sink, chunk, &thread->last_chunk, err);
	if (st == PW_OK && packed.raw_bytes > 0)
		return write_touches(segment, sink, chunk, made, &packed, err);
	if (st == PW_OK && !segment->accesses_kept)
		return pw_fail(err, PW_ERR_OUTPUT,
			       "more touches than a chunk of a trace holds");
	return st;
}

/* Write the accesses of one thread and count them in @whole. */
static enum pw_status write_thread(struct pw_writer_segment *segment,
				   struct pw_chunk_sink *sink, uint32_t number,
				   const struct pw_accesses *staged,
				   struct pw_chunk *whole, struct pw_error *err)
{
	struct pw_writer_thread *thread = thread_at(segment, number);
	struct pw_array *payload = pw_chunk_sink_begin(sink, err);
	enum pw_status st;
	size_t first;
	struct pw_chunk chunk = {
		.kind = PW_CHUNK_ACCESSES,
		.flags = PW_CHUNK_CRITICAL,
		.codec = PW_CODEC_ZSTD,
		.segment = segment->number,
		.thread = number,
		.first_access = thread->accesses,
		.access_count = thread->in_segment,
		.first_instruction = thread->instructions,
		.previous = thread->last_chunk,
	};

	if (!payload)
		return err->status;
	first = payload->count;
	st = pack(segment, thread->lane, staged, &chunk, payload, err);
	if (st == PW_OK)
		st = keep(segment, sink, &chunk, payload, first, err);
	if (st != PW_OK)
		return st;
	thread->accesses += chunk.access_count;
	thread->instructions += chunk.instruction_count;
	whole->access_count += chunk.access_count;
	whole->instruction_count += chunk.instruction_count;
	if (chunk.min_page < whole->min_page)
		whole->min_page = chunk.min_page;
	if (chunk.max_page > whole->max_page)
		whole->max_page = chunk.max_page;
	return PW_OK;
}

static enum pw_status write_threads(struct pw_writer_segment *segment,
				    struct pw_chunk_sink *sink,
				    struct pw_chunk *whole,
				    struct pw_error *err)
{
	const struct pw_access_columns *columns = &segment->staged;
	struct pw_array *active = &segment->active;
	enum pw_status st = PW_OK;
	size_t at = 0;

	if (active->count > 1) {
		qsort(active->data, active->count, sizeof(uint32_t), by_number);
		columns = &segment->sorted;
		st = sort(segment, err);
	}
	for (size_t i = 0; i < active->count && st == PW_OK; i++) {
		uint32_t number = PW_ARRAY_AT(active, uint32_t, i);
		size_t count = thread_at(segment, number)->staged;
		struct pw_accesses staged = view(columns, at, count);

		PW_ASSERT(thread_at(segment, number)->in_segment > 0);
		at += count;
		st = write_thread(segment, sink, number, &staged, whole, err);
	}
	return st;
}

/* Write the chunk that commits the segment. */
static enum pw_status write_timeline(struct pw_writer_segment *segment,
				     struct pw_chunk_sink *sink,
				     struct pw_chunk *whole,
				     struct pw_error *err)
{
	struct pw_array *payload = pw_chunk_sink_begin(sink, err);
	uint64_t offset;
	enum pw_status st;

	if (!payload)
		return err->status;
	whole->raw_bytes = segment->timeline.bytes.count;
	st = pw_timeline_pack(&segment->timeline, segment->zstd_level, payload,
			      err);
	if (st != PW_OK)
		return st;
	return pw_chunk_sink_write(sink, whole, &offset, err);
}

static void clear(struct pw_writer_segment *segment)
{
	for (size_t i = 0; i < segment->active.count; i++) {
		struct pw_writer_thread *thread = thread_at(
			segment, PW_ARRAY_AT(&segment->active, uint32_t, i));

		thread->in_segment = 0;
		thread->staged = 0;
	}
	pw_writer_segment_lanes_clear(segment);
	segment->active.count = 0;
	segment->runs.count = 0;
	segment->count = 0;
	segment->staged_count = 0;
	pw_timeline_clear(&segment->timeline);
}

enum pw_status pw_writer_segment_flush(struct pw_writer_segment *segment,
				       struct pw_chunk_sink *sink,
				       struct pw_error *err)
{
	struct pw_chunk whole = {
		.kind = PW_CHUNK_TIMELINE,
		.flags = PW_CHUNK_CRITICAL,
		.codec = PW_CODEC_ZSTD,
		.segment = segment->number,
		.first_access = segment->accesses,
		.first_instruction = segment->instructions,
		.min_page = UINT64_MAX,
	};
	enum pw_status st = pw_timeline_finish(&segment->timeline, err);

	if (st != PW_OK || segment->timeline.records == 0)
		return st;
	if (segment->touches)
		st = pw_writer_touches_begin(segment->touches,
					     &segment->timeline,
					     segment->accesses, err);
	if (st == PW_OK)
		st = write_threads(segment, sink, &whole, err);
	if (segment->count == 0)
		whole.min_page = 0;
	if (st == PW_OK)
		st = write_timeline(segment, sink, &whole, err);
	if (st != PW_OK)
		return st;
	PW_ASSERT(whole.access_count == segment->count);
	segment->accesses += whole.access_count;
	segment->instructions += whole.instruction_count;
	segment->number++;
	clear(segment);
	return PW_OK;
}
