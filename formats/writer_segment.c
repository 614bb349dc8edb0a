/*
 * writer_segment.c - gather a segment in global order, write it by thread.
 */
#include "formats/writer_segment.h"

#include "base/assert.h"
#include "base/bits.h"
#include "formats/tally.h"

#define TIMELINE_RECORDS_MAX 65536
#define TIMELINE_BYTES_MAX ((size_t)4 << 20)

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
				      struct pw_error *err)
{
	enum pw_status st;

	PW_ASSERT(capacity > 0 && capacity <= PW_SEGMENT_ACCESSES_MAX);
	memset(segment, 0, sizeof(*segment));
	segment->capacity = capacity;
	segment->zstd_level = zstd_level;
	segment->threads = (struct pw_array)PW_ARRAY(struct pw_writer_thread);
	segment->active = (struct pw_array)PW_ARRAY(uint32_t);
	segment->timeline = (struct pw_timeline)PW_TIMELINE;
	st = make_columns(&segment->staged, capacity, err);
	if (st != PW_OK)
		return st;
	return pw_generic_encoder_open(&segment->encoder, zstd_level, err);
}

void pw_writer_segment_free(struct pw_writer_segment *segment)
{
	free_columns(&segment->staged);
	free_columns(&segment->sorted);
	pw_array_free(&segment->threads);
	pw_array_free(&segment->active);
	pw_timeline_free(&segment->timeline);
	pw_generic_encoder_close(segment->encoder);
	segment->encoder = NULL;
}

bool pw_writer_segment_full(const struct pw_writer_segment *segment)
{
	return segment->count == segment->capacity ||
	       segment->timeline.records >= TIMELINE_RECORDS_MAX ||
	       segment->timeline.bytes.count >= TIMELINE_BYTES_MAX;
}

enum pw_status pw_writer_segment_add(struct pw_writer_segment *segment,
				     uint32_t thread,
				     const struct pw_accesses *accesses,
				     size_t from, size_t *taken,
				     struct pw_error *err)
{
	size_t room = segment->capacity - segment->count;
	size_t count = accesses->count - from;
	struct pw_writer_thread *owner = thread_at(segment, thread);
	enum pw_status st = PW_OK;

	PW_ASSERT(from < accesses->count && room > 0);
	if (count > room)
		count = room;
	if (owner->in_segment == 0)
		st = pw_array_push(&segment->active, &thread, err);
	if (st == PW_OK)
		st = pw_timeline_run(&segment->timeline, thread, count, err);
	if (st != PW_OK)
		return st;
	copy_columns(&segment->staged, segment->count, accesses, from, count);
	owner->in_segment += count;
	segment->count += count;
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
	struct pw_timeline_cursor cursor = {segment->timeline.bytes.data, NULL};
	struct pw_accesses staged = view(&segment->staged, 0, segment->count);
	struct pw_timeline_record record;
	enum pw_status st = PW_OK;
	size_t at = 0;

	if (!segment->sorted.kind)
		st = make_columns(&segment->sorted, segment->capacity, err);
	if (st != PW_OK)
		return st;
	for (size_t i = 0; i < segment->active.count; i++) {
		struct pw_writer_thread *thread = thread_at(
			segment, PW_ARRAY_AT(&segment->active, uint32_t, i));

		thread->cursor = at;
		at += thread->in_segment;
	}
	PW_ASSERT(at == segment->count);
	cursor.end = cursor.next + segment->timeline.bytes.count;
	at = 0;
	do {
		struct pw_writer_thread *thread;

		st = pw_timeline_next(&cursor, &record, err);
		PW_ASSERT(st == PW_OK);
		if (record.tag != PW_TIMELINE_RUN)
			continue;
		thread = thread_at(segment, record.thread);
		copy_columns(&segment->sorted, thread->cursor, &staged, at,
			     record.accesses);
		thread->cursor += record.accesses;
		at += record.accesses;
	} while (record.tag != PW_TIMELINE_STOP);
	PW_ASSERT(at == segment->count);
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
	chunk->min_page = a->count ? min >> PW_PAGE_SHIFT : 0;
	chunk->max_page = max >> PW_PAGE_SHIFT;
}

/* Write the accesses of one thread and count them in @whole. */
static enum pw_status write_thread(struct pw_writer_segment *segment,
				   struct pw_chunk_sink *sink, uint32_t number,
				   const struct pw_accesses *accesses,
				   struct pw_chunk *whole, struct pw_error *err)
{
	struct pw_writer_thread *thread = thread_at(segment, number);
	struct pw_array *payload = pw_chunk_sink_begin(sink, err);
	struct pw_tally tally = {0};
	enum pw_status st;
	struct pw_chunk chunk = {
		.kind = PW_CHUNK_ACCESSES,
		.flags = PW_CHUNK_CRITICAL,
		.codec = PW_CODEC_ZSTD,
		.segment = segment->number,
		.thread = number,
		.first_access = thread->accesses,
		.access_count = accesses->count,
		.first_instruction = thread->instructions,
		.previous = thread->last_chunk,
	};

	if (!payload)
		return err->status;
	pw_tally_add(&tally, accesses->kind, accesses->count);
	chunk.instruction_count = tally.instructions;
	find_pages(&chunk, accesses);
	st = pw_generic_encode(segment->encoder, accesses, payload,
			       &chunk.raw_bytes, err);
	if (st == PW_OK)
		st = pw_chunk_sink_write(sink, &chunk, &thread->last_chunk,
					 err);
	if (st != PW_OK)
		return st;
	thread->accesses += accesses->count;
	thread->instructions += tally.instructions;
	whole->access_count += accesses->count;
	whole->instruction_count += tally.instructions;
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
		st = sort(segment, err);
		columns = &segment->sorted;
	}
	for (size_t i = 0; i < active->count && st == PW_OK; i++) {
		uint32_t number = PW_ARRAY_AT(active, uint32_t, i);
		size_t count = thread_at(segment, number)->in_segment;
		struct pw_accesses accesses = view(columns, at, count);

		PW_ASSERT(count > 0);
		at += count;
		st = write_thread(segment, sink, number, &accesses, whole, err);
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
	for (size_t i = 0; i < segment->active.count; i++)
		thread_at(segment, PW_ARRAY_AT(&segment->active, uint32_t, i))
			->in_segment = 0;
	segment->active.count = 0;
	segment->count = 0;
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
