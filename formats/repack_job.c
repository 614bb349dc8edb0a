/*
 * repack_job.c - thread by thread, what a group of segments holds.
 */
#include "formats/repack_job.h"

#include <stdlib.h>

#include "base/assert.h"
#include "formats/pwt_segment.h"

/* An ACCESSES chunk of the group. */
struct part {
	uint32_t thread;
	size_t index; /* in the list of chunks */
};

void pw_repack_worker_init(struct pw_repack_worker *worker,
			   const struct pw_repack_source *source)
{
	struct pw_error *err = &worker->opened;
	enum pw_status st;

	*worker = (struct pw_repack_worker){
		.source = source,
		.parts = PW_ARRAY(struct part),
		.left = PW_ARRAY(uint64_t),
		.buffer = PW_ARRAY(uint8_t),
		.records = PW_ARRAY(uint8_t),
	};
	st = pw_gather_init(&worker->gather, source->book, source->shapes, err);
	if (st == PW_OK)
		st = pw_generic_encoder_open(&worker->generic,
					     source->zstd_level, err);
	if (st == PW_OK)
		st = pw_dense_encoder_open(&worker->dense, source->zstd_level,
					   worker->generic, err);
	if (st == PW_OK && source->keep != PW_KEEP_ACCESSES)
		st = pw_writer_touches_open(&worker->touches,
					    source->touch_level, err);
	if (worker->touches)
		pw_writer_touches_share(worker->touches, source->shapes);
	if (st == PW_OK)
		st = pw_array_reserve(&worker->left, source->threads + 1, err);
	if (st == PW_OK)
		memset(worker->left.data, 0,
		       (source->threads + 1) * sizeof(uint64_t));
	PW_ASSERT(st == err->status);
}

void pw_repack_worker_free(struct pw_repack_worker *worker)
{
	pw_gather_free(&worker->gather);
	pw_writer_touches_close(worker->touches);
	pw_dense_encoder_close(worker->dense);
	pw_generic_encoder_close(worker->generic);
	pw_array_free(&worker->parts);
	pw_array_free(&worker->left);
	pw_array_free(&worker->buffer);
	pw_array_free(&worker->records);
}

void pw_repacked_free(struct pw_repacked *repacked)
{
	for (size_t i = 0; i < repacked->segments.count; i++)
		pw_ready_segment_free(&PW_ARRAY_AT(&repacked->segments,
						   struct pw_ready_segment, i));
	pw_array_free(&repacked->segments);
}

/* Say which chunk of which file a failure is about. */
static enum pw_status blame(const struct pw_repack_worker *worker,
			    const struct pw_chunk_place *place,
			    enum pw_status st, struct pw_error *err)
{
	struct pw_error why;

	if (st != PW_ERR_FORMAT)
		return st;
	why = *err;
	return pw_fail(err, st, "%s: offset %llu: %s: %s",
		       worker->source->file->path,
		       (unsigned long long)place->offset,
		       pw_chunk_name(place->chunk.kind), why.message);
}

static const struct pw_segment_place *
place_of(const struct pw_repack_worker *worker, size_t segment)
{
	PW_ASSERT(segment < worker->source->places->count);
	return &PW_ARRAY_AT(worker->source->places,
			    const struct pw_segment_place, segment);
}

/* ---- the order ---- */

/* Give each thread the accesses of its chunk in a segment, or take them back.*/
static void set_left(struct pw_repack_worker *worker,
		     const struct pw_segment_place *place, bool give)
{
	uint64_t *left = worker->left.data;

	for (size_t i = place->first; i < place->timeline; i++) {
		const struct pw_chunk *chunk =
			&pw_pwt_list_at(worker->source->list, i)->chunk;

		if (chunk->kind == PW_CHUNK_ACCESSES)
			left[chunk->thread] = give ? chunk->access_count : 0;
	}
}

/* Append a record to the timeline of the group. */
static enum pw_status copy_record(struct pw_repack_worker *worker,
				  const struct pw_timeline_record *record,
				  struct pw_ready_segment *out, uint64_t *used,
				  struct pw_error *err)
{
	struct pw_event event = {.kind = (enum pw_event_kind)record->kind,
				 .result = record->result,
				 .text = record->text};
	uint64_t *left = worker->left.data;

	if (record->thread >= worker->source->threads)
		return pw_fail(err, PW_ERR_FORMAT, "thread %u is not declared",
			       record->thread);
	if (record->tag == PW_TIMELINE_EVENT) {
		memcpy(event.arg, record->arg, sizeof(event.arg));
		out->events++;
		return pw_timeline_event(&out->timeline, record->thread, &event,
					 err);
	}
	if (record->accesses > left[record->thread])
		return pw_fail(err, PW_ERR_FORMAT,
			       "it runs past the accesses of a thread");
	left[record->thread] -= record->accesses;
	*used += record->accesses;
	return pw_timeline_run(&out->timeline, record->thread, record->accesses,
			       err);
}

/* Append the timeline of one segment, which must use up its accesses. */
static enum pw_status copy_timeline(struct pw_repack_worker *worker,
				    const struct pw_chunk_place *at,
				    struct pw_ready_segment *out,
				    struct pw_error *err)
{
	struct pw_timeline_record record;
	struct pw_timeline_cursor cursor;
	const uint8_t *payload;
	uint64_t used = 0;
	enum pw_status st;

	st = pw_pwt_file_payload(worker->source->file, at, &worker->buffer,
				 &payload, err);
	if (st == PW_OK)
		st = pw_timeline_unpack(payload, at->chunk.payload_bytes,
					at->chunk.raw_bytes, &worker->records,
					err);
	if (st != PW_OK)
		return st;
	cursor.next = worker->records.data;
	cursor.end = cursor.next + worker->records.count;
	do {
		st = pw_timeline_next(&cursor, &record, err);
		if (st != PW_OK || record.tag == PW_TIMELINE_STOP)
			break;
		st = copy_record(worker, &record, out, &used, err);
	} while (st == PW_OK);
	if (st == PW_OK && used != at->chunk.access_count)
		st = pw_fail(err, PW_ERR_FORMAT, "it leaves accesses over");
	return st;
}

/* The timelines of all segments of the group, one after the other. */
static enum pw_status copy_timelines(struct pw_repack_worker *worker,
				     const struct pw_repack_group *group,
				     struct pw_ready_segment *out,
				     struct pw_error *err)
{
	enum pw_status st = PW_OK;

	pw_timeline_clear(&out->timeline);
	for (size_t i = 0; i < group->count && st == PW_OK; i++) {
		const struct pw_segment_place *place =
			place_of(worker, group->first + i);
		const struct pw_chunk_place *at =
			pw_pwt_list_at(worker->source->list, place->timeline);

		set_left(worker, place, true);
		st = copy_timeline(worker, at, out, err);
		set_left(worker, place, false);
		st = blame(worker, at, st, err);
	}
	if (st == PW_OK)
		st = pw_timeline_finish(&out->timeline, err);
	return st;
}

/* ---- accesses ---- */

static int by_thread(const void *a, const void *b)
{
	const struct part *left = a, *right = b;

	if (left->thread != right->thread)
		return left->thread < right->thread ? -1 : 1;
	return (left->index > right->index) - (left->index < right->index);
}

/* List the chunks of the group by thread, and each thread's in order. */
static enum pw_status list_parts(struct pw_repack_worker *worker,
				 const struct pw_repack_group *group,
				 struct pw_error *err)
{
	const struct pw_pwt_list *list = worker->source->list;
	size_t first = place_of(worker, group->first)->first;
	size_t last =
		place_of(worker, group->first + group->count - 1)->timeline;
	enum pw_status st = PW_OK;

	worker->parts.count = 0;
	for (size_t i = group->first; i < group->first + group->count; i++) {
		const struct pw_segment_place *place = place_of(worker, i);

		PW_ASSERT(place->first >= first && place->timeline <= last);
		for (size_t c = place->first; c < place->timeline; c++) {
			const struct pw_chunk *chunk =
				&pw_pwt_list_at(list, c)->chunk;
			struct part part = {chunk->thread, c};

			if (st == PW_OK && chunk->kind == PW_CHUNK_ACCESSES)
				st = pw_array_push(&worker->parts, &part, err);
		}
	}
	if (st == PW_OK && worker->parts.count > 0)
		qsort(worker->parts.data, worker->parts.count,
		      sizeof(struct part), by_thread);
	return st;
}

/* Add the executions of one chunk. */
static enum pw_status add_part(struct pw_repack_worker *worker,
			       const struct pw_chunk_place *place,
			       struct pw_error *err)
{
	const struct pw_chunk *chunk = &place->chunk;
	struct pw_generic_payload payload = {
		.payload_bytes = chunk->payload_bytes,
		.raw_bytes = chunk->raw_bytes,
		.count = chunk->access_count,
	};
	uint64_t before = worker->gather.tally.instructions;
	enum pw_status st;

	st = pw_pwt_file_payload(worker->source->file, place, &worker->buffer,
				 &payload.bytes, err);
	if (st == PW_OK)
		st = pw_gather_add(&worker->gather, chunk->codec, &payload,
				   err);
	if (st == PW_OK && worker->gather.tally.instructions - before !=
				   chunk->instruction_count)
		st = pw_fail(err, PW_ERR_FORMAT,
			     "it holds another number of instructions");
	return blame(worker, place, st, err);
}

/* Pack what was gathered of a thread; *fits when one chunk can hold it. */
static enum pw_status pack_thread(struct pw_repack_worker *worker,
				  struct pw_array *out, struct pw_chunk *chunk,
				  bool *fits, struct pw_error *err)
{
	struct pw_gather *gather = &worker->gather;
	struct pw_accesses rest = pw_gather_rest(gather);
	enum pw_status st;

	chunk->instruction_count = gather->tally.instructions;
	chunk->access_count = gather->accesses;
	chunk->min_page = gather->min_page;
	chunk->max_page = gather->max_page;
	*fits = rest.count <= PW_SEGMENT_ACCESSES_MAX;
	if (!*fits)
		return PW_OK;
	if (gather->executions.shapes.count == 0)
		return pw_generic_encode(worker->generic, &rest, out,
					 &chunk->raw_bytes, err);
	chunk->codec = PW_CODEC_DENSE;
	st = pw_gather_settle(gather, err);
	if (st == PW_OK)
		st = pw_dense_encode(worker->dense, &gather->executions, &rest,
				     out, &chunk->raw_bytes, err);
	*fits = chunk->raw_bytes <= PW_RAW_BYTES_MAX;
	return st;
}

/* Add a chunk whose payload is at the end. */
static enum pw_status add_chunk(struct pw_ready_segment *out,
				struct pw_ready_chunk *ready,
				struct pw_error *err)
{
	ready->chunk.payload_bytes = out->payload.count - ready->at;
	return pw_array_push(&out->chunks, ready, err);
}

/*
 * Append the touches of the accesses of @from, which stands at the end, unless
 * they do not fit.
 */
static enum pw_status pack_touches(struct pw_repack_worker *worker,
				   struct pw_ready_segment *out,
				   const struct pw_ready_chunk *from,
				   bool *fits, struct pw_error *err)
{
	bool alone = worker->source->keep == PW_KEEP_TOUCHES;
	struct pw_ready_chunk ready = *from;
	const struct pw_writer_touched touched = {
		.chunk = &from->chunk,
		.payload = (const uint8_t *)out->payload.data + from->at,
		.payload_bytes = out->payload.count - from->at,
	};
	const struct pw_array *made = NULL;
	struct pw_touch_payload packed;
	enum pw_status st;

	st = pw_writer_touches_make(worker->touches, &touched, &made, &packed,
				    err);
	if (st != PW_OK)
		return st;
	*fits = packed.raw_bytes > 0;
	if (alone)
		out->payload.count = from->at;
	ready.at = out->payload.count;
	ready.chunk.kind = PW_CHUNK_TOUCHES;
	ready.chunk.flags = alone ? PW_CHUNK_CRITICAL : 0;
	ready.chunk.codec = packed.codec;
	ready.chunk.raw_bytes = packed.raw_bytes;
	st = pw_array_reserve(&out->payload, ready.at + made->count, err);
	if (st != PW_OK || !*fits)
		return st;
	memcpy((uint8_t *)out->payload.data + ready.at, made->data,
	       made->count);
	out->payload.count += made->count;
	return add_chunk(out, &ready, err);
}

/* Add what is kept of the accesses of @ready; *fits when the touches do. */
static enum pw_status keep_thread(struct pw_repack_worker *worker,
				  struct pw_ready_chunk *ready,
				  struct pw_ready_segment *out, bool *fits,
				  struct pw_error *err)
{
	enum pw_writer_keep keep = worker->source->keep;
	enum pw_status st = PW_OK;

	if (keep != PW_KEEP_TOUCHES)
		st = add_chunk(out, ready, err);
	if (st != PW_OK || keep == PW_KEEP_ACCESSES)
		return st;
	return pack_touches(worker, out, ready, fits, err);
}

static void add_tally(struct pw_tally *tally, const struct pw_tally *more)
{
	tally->loads += more->loads;
	tally->stores += more->stores;
	tally->modifies += more->modifies;
	tally->fetches += more->fetches;
	tally->instructions += more->instructions;
}

/* Repack the chunks of one thread, of which there are @count. */
static enum pw_status repack_thread(struct pw_repack_worker *worker,
				    const struct part *part, size_t count,
				    struct pw_ready_segment *out, bool *fits,
				    struct pw_error *err)
{
	struct pw_ready_chunk ready = {
		.chunk = {.kind = PW_CHUNK_ACCESSES,
			  .flags = PW_CHUNK_CRITICAL,
			  .codec = PW_CODEC_ZSTD,
			  .thread = part->thread},
		.at = out->payload.count,
	};
	enum pw_status st = PW_OK;

	pw_gather_clear(&worker->gather);
	for (size_t i = 0; i < count && st == PW_OK; i++)
		st = add_part(
			worker,
			pw_pwt_list_at(worker->source->list, part[i].index),
			err);
	if (st == PW_OK)
		st = pack_thread(worker, &out->payload, &ready.chunk, fits,
				 err);
	if (st != PW_OK || !*fits)
		return st;
	add_tally(&out->tally, &worker->gather.tally);
	return keep_thread(worker, &ready, out, fits, err);
}

/* Repack all threads. */
static enum pw_status repack_threads(struct pw_repack_worker *worker,
				     const struct pw_repack_group *group,
				     struct pw_ready_segment *out, bool *fits,
				     struct pw_error *err)
{
	enum pw_status st = list_parts(worker, group, err);
	const struct part *part = worker->parts.data;
	size_t left = worker->parts.count;

	while (left > 0 && st == PW_OK && *fits) {
		size_t count = 1;

		while (count < left && part[count].thread == part->thread)
			count++;
		st = repack_thread(worker, part, count, out, fits, err);
		part += count;
		left -= count;
	}
	return st;
}

/* ---- segments ---- */

/* Append what commits the segment, which has all its ACCESSES. */
static enum pw_status add_timeline(struct pw_repack_worker *worker,
				   struct pw_ready_segment *out,
				   struct pw_error *err)
{
	struct pw_ready_chunk ready = {
		.chunk = {.kind = PW_CHUNK_TIMELINE,
			  .flags = PW_CHUNK_CRITICAL,
			  .codec = PW_CODEC_ZSTD,
			  .raw_bytes = out->timeline.bytes.count,
			  .min_page = UINT64_MAX},
		.at = out->payload.count,
	};
	struct pw_chunk *whole = &ready.chunk;
	enum pw_status st;

	for (size_t i = 0; i < out->chunks.count; i++) {
		const struct pw_chunk *chunk =
			&PW_ARRAY_AT(&out->chunks, struct pw_ready_chunk, i)
				 .chunk;

		if (chunk->kind == PW_CHUNK_TOUCHES &&
		    worker->source->keep == PW_KEEP_ALL)
			continue; /* of accesses that have been counted */
		whole->access_count += chunk->access_count;
		whole->instruction_count += chunk->instruction_count;
		if (chunk->min_page < whole->min_page)
			whole->min_page = chunk->min_page;
		if (chunk->max_page > whole->max_page)
			whole->max_page = chunk->max_page;
	}
	if (whole->access_count == 0)
		whole->min_page = 0;
	out->accesses = whole->access_count;
	st = pw_timeline_pack(&out->timeline, worker->source->zstd_level,
			      &out->payload, err);
	whole->payload_bytes = out->payload.count - ready.at;
	return st == PW_OK ? pw_array_push(&out->chunks, &ready, err) : st;
}

/* Repack segments into one, unless they do not fit. */
static enum pw_status repack(struct pw_repack_worker *worker,
			     const struct pw_repack_group *group,
			     struct pw_ready_segment *out, bool *fits,
			     struct pw_error *err)
{
	enum pw_status st;

	out->chunks.count = 0;
	out->payload.count = 0;
	out->tally = (struct pw_tally){0};
	out->accesses = 0;
	out->events = 0;
	*fits = true;
	st = copy_timelines(worker, group, out, err);
	/* Segments in which nothing happens are left out. */
	if (st != PW_OK || out->timeline.records == 0)
		return st;
	if (worker->touches)
		st = pw_writer_touches_begin(worker->touches, &out->timeline,
					     group->position, err);
	if (st == PW_OK)
		st = repack_threads(worker, group, out, fits, err);
	return st == PW_OK && *fits ? add_timeline(worker, out, err) : st;
}

/* Room for the next segment of @out. */
static enum pw_status next_segment(struct pw_repacked *out,
				   struct pw_ready_segment **segment,
				   struct pw_error *err)
{
	const struct pw_ready_segment none = PW_READY_SEGMENT;
	enum pw_status st = PW_OK;

	if (out->count == out->segments.count)
		st = pw_array_push(&out->segments, &none, err);
	if (st == PW_OK)
		*segment = &PW_ARRAY_AT(&out->segments, struct pw_ready_segment,
					out->count);
	return st;
}

void pw_repack_group(struct pw_repack_worker *worker,
		     const struct pw_repack_group *group,
		     struct pw_repacked *out)
{
	size_t end = group->first + group->count;
	struct pw_repack_group next = *group;
	struct pw_ready_segment *segment;
	enum pw_status st = worker->opened.status;
	bool fits;

	out->count = 0;
	out->fits = true;
	out->err = worker->opened;
	while (next.first < end && st == PW_OK) {
		st = next_segment(out, &segment, &out->err);
		if (st == PW_OK)
			st = repack(worker, &next, segment, &fits, &out->err);
		if (st != PW_OK)
			break;
		if (!fits && next.count > 1) {
			next.count /= 2;
			continue;
		}
		if (!fits) {
			out->fits = false;
			break;
		}
		out->count += segment->chunks.count > 0;
		next.first += next.count;
		next.position += segment->accesses;
		if (next.count > end - next.first)
			next.count = end - next.first;
	}
	PW_ASSERT(st == out->err.status);
}
