/*
 * pwt_segment.c - decode one segment: chunks by thread to batches in order.
 */
#include "formats/pwt_segment.h"

#include "base/assert.h"
#include "formats/pwt_segment_part.h"
#include "formats/tally.h"
#include "formats/timeline.h"
#include "formats/touch_cut.h"

/* Windows and plans kept for the next segment. */
#define WINDOWS_KEPT 8

void pw_segment_init(struct pw_segment *segment)
{
	*segment = (struct pw_segment){
		.address = PW_ARRAY(uint64_t),
		.pc = PW_ARRAY(uint64_t),
		.size = PW_ARRAY(uint32_t),
		.kind = PW_ARRAY(uint8_t),
		.parts = PW_ARRAY(struct pw_segment_part),
		.windows = PW_ARRAY(struct pw_window *),
		.plans = PW_ARRAY(struct pw_touch_plan *),
		.batches = PW_ARRAY(struct pw_segment_batch),
		.event_kind = PW_ARRAY(uint16_t),
		.event_result = PW_ARRAY(uint64_t),
		.event_arg = PW_ARRAY(uint64_t[PW_EVENT_ARGS]),
		.event_text = PW_ARRAY(const char *),
		.timeline = PW_ARRAY(uint8_t),
	};
}

/* Close all windows but @kept. */
static void close_windows(struct pw_segment *segment, size_t kept)
{
	struct pw_window **window = segment->windows.data;

	while (segment->windows.count > kept)
		pw_window_close(window[--segment->windows.count]);
}

/* Close all plans but @kept. */
static void close_plans(struct pw_segment *segment, size_t kept)
{
	struct pw_touch_plan **plan = segment->plans.data;

	while (segment->plans.count > kept)
		pw_touch_plan_close(plan[--segment->plans.count]);
}

void pw_segment_free(struct pw_segment *segment)
{
	pw_array_free(&segment->address);
	pw_array_free(&segment->pc);
	pw_array_free(&segment->size);
	pw_array_free(&segment->kind);
	pw_array_free(&segment->parts);
	close_windows(segment, 0);
	pw_array_free(&segment->windows);
	close_plans(segment, 0);
	pw_array_free(&segment->plans);
	pw_array_free(&segment->batches);
	pw_array_free(&segment->event_kind);
	pw_array_free(&segment->event_result);
	pw_array_free(&segment->event_arg);
	pw_array_free(&segment->event_text);
	pw_array_free(&segment->timeline);
}

enum pw_status pw_segment_decoder_init(struct pw_segment_decoder *decoder,
				       size_t threads, bool touches,
				       struct pw_shape_loader *loader,
				       struct pw_error *err)
{
	decoder->threads = threads;
	decoder->touches = touches;
	decoder->loader = loader;
	decoder->shapes = (struct pw_pwt_shapes)PW_PWT_SHAPES;
	decoder->buffer = (struct pw_array)PW_ARRAY(uint8_t);
	return pw_generic_decoder_open(&decoder->generic, err);
}

void pw_segment_decoder_free(struct pw_segment_decoder *decoder)
{
	pw_generic_decoder_close(decoder->generic);
	decoder->generic = NULL;
	pw_array_free(&decoder->buffer);
}

static void clear(struct pw_segment *segment)
{
	segment->parts.count = 0;
	segment->windows_used = 0;
	close_windows(segment, WINDOWS_KEPT);
	segment->plans_used = 0;
	close_plans(segment, WINDOWS_KEPT);
	segment->batches.count = 0;
	segment->event_kind.count = 0;
	segment->event_result.count = 0;
	segment->event_arg.count = 0;
	segment->event_text.count = 0;
}

/* Room for all accesses of the segment, which the caller has bounded. */
static enum pw_status reserve(struct pw_segment *segment, size_t count,
			      struct pw_error *err)
{
	enum pw_status st;

	PW_ASSERT(count <= PW_SEGMENT_ACCESSES_MAX);
	count++; /* so there are always arrays */
	st = pw_array_reserve(&segment->address, count, err);
	if (st == PW_OK)
		st = pw_array_reserve(&segment->pc, count, err);
	if (st == PW_OK)
		st = pw_array_reserve(&segment->size, count, err);
	if (st == PW_OK)
		st = pw_array_reserve(&segment->kind, count, err);
	return st;
}

/* Say which chunk a failure is about. */
static enum pw_status blame(const struct pw_chunk_place *place,
			    enum pw_status st, struct pw_error *err)
{
	struct pw_error why;

	if (st != PW_ERR_FORMAT)
		return st;
	why = *err;
	return pw_fail(err, st,
		       "offset %llu: %s: %s, so segment %llu is left "
		       "out",
		       (unsigned long long)place->offset,
		       pw_chunk_name(place->chunk.kind), why.message,
		       (unsigned long long)place->chunk.segment);
}

/* The next window of the segment. */
static enum pw_status take_window(struct pw_segment *segment,
				  struct pw_window **window,
				  struct pw_error *err)
{
	struct pw_array *windows = &segment->windows;
	enum pw_status st = PW_OK;

	if (segment->windows_used == windows->count) {
		st = pw_window_open(window, err);
		if (st != PW_OK)
			return st;
		st = pw_array_push(windows, window, err);
		if (st != PW_OK) {
			pw_window_close(*window);
			return st;
		}
	}
	*window = PW_ARRAY_AT(windows, struct pw_window *,
			      segment->windows_used++);
	return st;
}

/* Make ready the accesses of one thread in a chunk with shapes. */
static enum pw_status plan_thread(struct pw_segment_decoder *decoder,
				  const struct pw_chunk *chunk,
				  const struct pw_generic_payload *payload,
				  struct pw_segment *segment,
				  struct pw_segment_part *part,
				  struct pw_error *err)
{
	/* Touches are made without. */
	struct pw_window_source source = {&decoder->shapes, decoder->generic,
					  payload, decoder->touches};
	enum pw_status st = take_window(segment, &part->window, err);

	if (st != PW_OK)
		return st;
	return pw_window_show(part->window, chunk->codec == PW_CODEC_DENSE,
			      &source, &part->instructions, err);
}

/* Decode the accesses of one thread behind those that are there. */
static enum pw_status decode_thread(struct pw_segment_decoder *decoder,
				    const struct pw_pwt_file *file,
				    const struct pw_chunk_place *place,
				    struct pw_segment *segment, size_t first,
				    struct pw_error *err)
{
	const struct pw_chunk *chunk = &place->chunk;
	struct pw_segment_part part = {
		.thread = chunk->thread,
		.first = first,
		.count = chunk->access_count,
	};
	struct pw_generic_payload payload = {
		.payload_bytes = chunk->payload_bytes,
		.raw_bytes = chunk->raw_bytes,
		.count = chunk->access_count,
	};
	struct pw_access_columns columns = {
		.address = (uint64_t *)segment->address.data + first,
		.pc = (uint64_t *)segment->pc.data + first,
		.size_bytes = (uint32_t *)segment->size.data + first,
		.kind = (uint8_t *)segment->kind.data + first,
	};
	struct pw_tally tally = {0};
	enum pw_status st;

	PW_ASSERT(chunk->codec != PW_CODEC_ZSTD ||
		  first + part.count <= segment->kind.capacity);
	st = pw_pwt_file_payload(file, place, &decoder->buffer, &payload.bytes,
				 err);
	if (st == PW_OK && chunk->codec != PW_CODEC_ZSTD)
		st = plan_thread(decoder, chunk, &payload, segment, &part, err);
	else if (st == PW_OK)
		st = pw_generic_decode(decoder->generic, &payload, &columns,
				       err);
	if (st != PW_OK)
		return blame(place, st, err);
	if (!part.window) {
		pw_tally_add(&tally, columns.kind, part.count);
		part.instructions = tally.instructions;
	}
	if (part.instructions != chunk->instruction_count) {
		st = pw_fail(err, PW_ERR_FORMAT,
			     "it holds another number of instructions");
		return blame(place, st, err);
	}
	return pw_array_push(&segment->parts, &part, err);
}

static enum pw_status decode_threads(struct pw_segment_decoder *decoder,
				     const struct pw_pwt_file *file,
				     const struct pw_pwt_list *list,
				     const struct pw_segment_place *place,
				     struct pw_segment *segment,
				     struct pw_error *err)
{
	enum pw_status st = PW_OK;
	size_t first = 0;

	for (size_t i = place->first; i < place->timeline && st == PW_OK; i++) {
		const struct pw_chunk_place *at = pw_pwt_list_at(list, i);

		if (at->chunk.kind != PW_CHUNK_ACCESSES)
			continue;
		PW_ASSERT(at->chunk.segment == place->number);
		st = decode_thread(decoder, file, at, segment, first, err);
		if (at->chunk.codec == PW_CODEC_ZSTD)
			first += at->chunk.access_count;
	}
	return st;
}

/* The next plan of the segment. */
static enum pw_status take_plan(struct pw_segment *segment,
				struct pw_touch_plan **plan,
				struct pw_error *err)
{
	struct pw_array *plans = &segment->plans;
	enum pw_status st = PW_OK;

	if (segment->plans_used == plans->count) {
		st = pw_touch_plan_open(plan, err);
		if (st != PW_OK)
			return st;
		st = pw_array_push(plans, plan, err);
		if (st != PW_OK) {
			pw_touch_plan_close(*plan);
			return st;
		}
	}
	*plan = PW_ARRAY_AT(plans, struct pw_touch_plan *,
			    segment->plans_used++);
	return st;
}

/* Plan the touches of each thread. */
static enum pw_status decode_touches(struct pw_segment_decoder *decoder,
				     const struct pw_pwt_file *file,
				     const struct pw_pwt_list *list,
				     const struct pw_segment_place *place,
				     struct pw_segment *segment,
				     struct pw_error *err)
{
	enum pw_status st = PW_OK;

	for (size_t i = place->first; i < place->timeline && st == PW_OK; i++) {
		const struct pw_chunk_place *at = pw_pwt_list_at(list, i);
		struct pw_generic_payload payload = {
			.payload_bytes = at->chunk.payload_bytes,
			.raw_bytes = at->chunk.raw_bytes,
			.count = at->chunk.access_count,
		};
		struct pw_segment_part part = {
			.thread = at->chunk.thread,
			.count = at->chunk.access_count,
		};

		if (at->chunk.kind != PW_CHUNK_TOUCHES)
			continue;
		st = pw_pwt_file_payload(file, at, &decoder->buffer,
					 &payload.bytes, err);
		if (st == PW_OK)
			st = take_plan(segment, &part.plan, err);
		if (st == PW_OK)
			st = pw_touch_plan_make(
				part.plan, at->chunk.codec, &payload,
				at->chunk.instruction_count, err);
		st = blame(at, st, err);
		if (st == PW_OK)
			st = pw_array_push(&segment->parts, &part, err);
	}
	return st;
}

/* The accesses of @thread, or NULL when it has none here. */
static struct pw_segment_part *find_part(struct pw_segment *segment,
					 uint32_t thread)
{
	size_t low = 0, high = segment->parts.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct pw_segment_part *part = &PW_ARRAY_AT(
			&segment->parts, struct pw_segment_part, middle);

		if (part->thread == thread)
			return part;
		if (part->thread < thread)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* Give the run in @batch the pieces that it consists of. */
static enum pw_status add_pieces(struct pw_segment *segment,
				 struct pw_segment_part *part,
				 struct pw_segment_batch batch,
				 struct pw_error *err)
{
	size_t pieces, left = batch.count;
	const struct pw_touch_piece *piece =
		pw_touch_plan_pieces(part->plan, &pieces);
	enum pw_status st = PW_OK;

	while (st == PW_OK && left > 0) {
		uint64_t room = PW_TOUCH_CUT - batch.position % PW_TOUCH_CUT;

		if (part->piece == pieces ||
		    piece[part->piece].accesses > left ||
		    piece[part->piece].accesses > room)
			return pw_fail(err, PW_ERR_FORMAT,
				       "it cuts touches at another place");
		batch.first = part->piece;
		batch.count = piece[part->piece++].accesses;
		left -= batch.count;
		st = pw_array_push(&segment->batches, &batch, err);
		batch.position += batch.count;
	}
	return st;
}

static enum pw_status add_run(struct pw_segment *segment,
			      const struct pw_timeline_record *record,
			      uint64_t position, struct pw_error *err)
{
	struct pw_segment_part *part = find_part(segment, record->thread);
	struct pw_segment_batch batch = {
		.thread = record->thread,
		.count = record->accesses,
		.position = position,
		.first_event = segment->event_kind.count,
	};

	if (!part || record->accesses > part->count - part->used)
		return pw_fail(err, PW_ERR_FORMAT,
			       "it runs past the accesses of a thread");
	batch.part = (uint32_t)(part -
				(struct pw_segment_part *)segment->parts.data);
	batch.first = part->used;
	part->used += record->accesses;
	PW_ASSERT(part->used <= part->count);
	if (part->plan)
		return add_pieces(segment, part, batch, err);
	return pw_array_push(&segment->batches, &batch, err);
}

static enum pw_status add_event(struct pw_segment *segment,
				const struct pw_timeline_record *record,
				struct pw_error *err)
{
	struct pw_array *batches = &segment->batches;
	struct pw_segment_batch *last = batches->data;
	enum pw_status st = PW_OK;

	if (batches->count > 0)
		last += batches->count - 1;
	if (batches->count == 0 || last->thread != record->thread) {
		struct pw_segment_batch batch = {
			.thread = record->thread,
			.first_event = segment->event_kind.count,
		};

		st = pw_array_push(batches, &batch, err);
		last = (struct pw_segment_batch *)batches->data +
		       batches->count - 1;
	}
	if (st == PW_OK)
		st = pw_array_push(&segment->event_kind, &record->kind, err);
	if (st == PW_OK)
		st = pw_array_push(&segment->event_result, &record->result,
				   err);
	if (st == PW_OK)
		st = pw_array_push(&segment->event_arg, record->arg, err);
	if (st == PW_OK)
		st = pw_array_push(&segment->event_text, &record->text, err);
	if (st == PW_OK) {
		last->event_count++;
		PW_ASSERT(last->first_event + last->event_count ==
			  segment->event_text.count);
	}
	return st;
}

/* Turn the unpacked timeline into batches that use up all accesses. */
static enum pw_status order(struct pw_segment *segment, size_t threads,
			    uint64_t position, struct pw_error *err)
{
	struct pw_timeline_cursor cursor = {segment->timeline.data, NULL};
	struct pw_timeline_record record;
	enum pw_status st;

	cursor.end = cursor.next + segment->timeline.count;
	do {
		st = pw_timeline_next(&cursor, &record, err);
		if (st == PW_OK && record.tag != PW_TIMELINE_STOP &&
		    record.thread >= threads)
			st = pw_fail(err, PW_ERR_FORMAT,
				     "thread %u is not declared",
				     record.thread);
		if (st == PW_OK && record.tag == PW_TIMELINE_RUN) {
			st = add_run(segment, &record, position, err);
			position += record.accesses;
		}
		if (st == PW_OK && record.tag == PW_TIMELINE_EVENT)
			st = add_event(segment, &record, err);
	} while (st == PW_OK && record.tag != PW_TIMELINE_STOP);
	for (size_t i = 0; i < segment->parts.count && st == PW_OK; i++) {
		const struct pw_segment_part *part = &PW_ARRAY_AT(
			&segment->parts, struct pw_segment_part, i);

		if (part->used != part->count)
			st = pw_fail(err, PW_ERR_FORMAT,
				     "it leaves accesses over");
	}
	return st;
}

/* The accesses that are in no window, which finding bounded. */
static size_t count_plain(const struct pw_pwt_list *list,
			  const struct pw_segment_place *place)
{
	size_t count = 0;

	for (size_t i = place->first; i < place->timeline; i++) {
		const struct pw_chunk *chunk = &pw_pwt_list_at(list, i)->chunk;

		if (chunk->kind == PW_CHUNK_ACCESSES &&
		    chunk->codec == PW_CODEC_ZSTD)
			count += chunk->access_count;
	}
	return count;
}

/* Decode the accesses of all threads. */
static enum pw_status decode_accesses(struct pw_segment_decoder *decoder,
				      const struct pw_pwt_file *file,
				      const struct pw_pwt_list *list,
				      const struct pw_segment_place *place,
				      struct pw_segment *segment,
				      struct pw_error *err)
{
	enum pw_status st = pw_shape_loader_load(
		decoder->loader, place->timeline, &decoder->shapes, err);

	if (st == PW_OK)
		st = reserve(segment, count_plain(list, place), err);
	if (st == PW_OK)
		st = decode_threads(decoder, file, list, place, segment, err);
	return st;
}

/* Decode to accesses, or to @touches. */
static enum pw_status decode(struct pw_segment_decoder *decoder,
			     const struct pw_pwt_file *file,
			     const struct pw_pwt_list *list,
			     const struct pw_segment_place *place,
			     struct pw_segment *segment, struct pw_error *err)
{
	const struct pw_chunk_place *at = pw_pwt_list_at(list, place->timeline);
	const uint8_t *payload;
	enum pw_status st = PW_OK;

	if (segment->touches)
		st = decode_touches(decoder, file, list, place, segment, err);
	else
		st = decode_accesses(decoder, file, list, place, segment, err);
	if (st != PW_OK)
		return st;
	st = pw_pwt_file_payload(file, at, &decoder->buffer, &payload, err);
	if (st == PW_OK)
		st = pw_timeline_unpack(payload, at->chunk.payload_bytes,
					at->chunk.raw_bytes, &segment->timeline,
					err);
	if (st == PW_OK)
		st = order(segment, decoder->threads, at->chunk.first_access,
			   err);
	return blame(at, st, err);
}

enum pw_status pw_segment_decode(struct pw_segment_decoder *decoder,
				 const struct pw_pwt_file *file,
				 const struct pw_pwt_list *list,
				 const struct pw_segment_place *place,
				 struct pw_segment *segment,
				 struct pw_error *err)
{
	const struct pw_chunk_place *at = pw_pwt_list_at(list, place->timeline);
	enum pw_status st;

	PW_ASSERT(at->chunk.kind == PW_CHUNK_TIMELINE);
	PW_ASSERT(at->chunk.segment == place->number);
	PW_ASSERT(decoder->touches || place->accesses || !place->touches);
	clear(segment);
	segment->touches = decoder->touches && place->touches;
	st = decode(decoder, file, list, place, segment, err);
	if (st == PW_ERR_FORMAT && segment->touches && place->accesses) {
		clear(segment);
		segment->touches = false;
		st = decode(decoder, file, list, place, segment, err);
	}
	if (st != PW_OK) {
		clear(segment);
		close_windows(segment, 0);
		close_plans(segment, 0);
	}
	return st;
}
