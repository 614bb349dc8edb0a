/*
 * writer_touches.c - collapse each thread's accesses in the cuts of readers.
 */
#include "formats/writer_touches.h"

#include "base/assert.h"
#include "formats/collapse.h"
#include "formats/tally.h"
#include "formats/touch_cut.h"
#include "formats/window.h"

/* A run of the timeline. */
struct run {
	uint32_t thread;
	uint64_t position;
	uint64_t accesses;
};

/* Where the accesses of a thread come from, a view of some after the other. */
struct source {
	struct pw_window *window; /* NULL: there is but one view */
	size_t left;		  /* accesses in no view yet */
	struct pw_accesses view;
	size_t used; /* of the view */
};

struct pw_writer_touches {
	struct pw_pwt_shapes taken;
	const struct pw_pwt_shapes *shapes; /* these, or others' */
	struct pw_generic_decoder *generic;
	struct pw_window *window;
	struct pw_array address; /* uint64_t, of a decoded chunk; and so on */
	struct pw_array pc;
	struct pw_array size;
	struct pw_array kind;
	struct pw_collapse *collapse;
	struct pw_touch_encoder *encoder;
	struct pw_array runs; /* struct run, by thread and position */
	struct pw_array payload;
};

enum pw_status pw_writer_touches_open(struct pw_writer_touches **out, int level,
				      struct pw_error *err)
{
	struct pw_writer_touches *touches = calloc(1, sizeof(*touches));
	enum pw_status st;

	*out = NULL;
	if (!touches)
		return pw_fail_memory(err, "touches of a trace");
	touches->taken = (struct pw_pwt_shapes)PW_PWT_SHAPES;
	touches->shapes = &touches->taken;
	touches->address = (struct pw_array)PW_ARRAY(uint64_t);
	touches->pc = (struct pw_array)PW_ARRAY(uint64_t);
	touches->size = (struct pw_array)PW_ARRAY(uint32_t);
	touches->kind = (struct pw_array)PW_ARRAY(uint8_t);
	touches->runs = (struct pw_array)PW_ARRAY(struct run);
	touches->payload = (struct pw_array)PW_ARRAY(uint8_t);
	st = pw_generic_decoder_open(&touches->generic, err);
	if (st == PW_OK)
		st = pw_window_open(&touches->window, err);
	if (st == PW_OK)
		st = pw_collapse_open(&touches->collapse, err);
	if (st == PW_OK)
		st = pw_touch_encoder_open(&touches->encoder, level, err);
	if (st == PW_OK)
		*out = touches;
	else
		pw_writer_touches_close(touches);
	return st;
}

void pw_writer_touches_close(struct pw_writer_touches *touches)
{
	if (!touches)
		return;
	pw_touch_encoder_close(touches->encoder);
	pw_collapse_close(touches->collapse);
	pw_window_close(touches->window);
	pw_generic_decoder_close(touches->generic);
	pw_pwt_shapes_free(&touches->taken);
	pw_array_free(&touches->address);
	pw_array_free(&touches->pc);
	pw_array_free(&touches->size);
	pw_array_free(&touches->kind);
	pw_array_free(&touches->runs);
	pw_array_free(&touches->payload);
	free(touches);
}

enum pw_status pw_writer_touches_shapes(struct pw_writer_touches *touches,
					uint64_t first,
					const struct pw_array *raw,
					struct pw_error *err)
{
	enum pw_status st = pw_pwt_shapes_add(&touches->taken, first, raw->data,
					      raw->count, err);

	PW_ASSERT(st != PW_ERR_FORMAT);
	return st;
}

void pw_writer_touches_share(struct pw_writer_touches *touches,
			     const struct pw_pwt_shapes *shapes)
{
	touches->shapes = shapes;
}

static int by_thread(const void *a, const void *b)
{
	const struct run *left = a, *right = b;

	if (left->thread != right->thread)
		return left->thread < right->thread ? -1 : 1;
	return (left->position > right->position) -
	       (left->position < right->position);
}

enum pw_status pw_writer_touches_begin(struct pw_writer_touches *touches,
				       const struct pw_timeline *timeline,
				       uint64_t position, struct pw_error *err)
{
	struct pw_timeline_cursor cursor = {timeline->bytes.data, NULL};
	struct pw_timeline_record record;
	enum pw_status st;

	cursor.end = cursor.next + timeline->bytes.count;
	touches->runs.count = 0;
	do {
		st = pw_timeline_next(&cursor, &record, err);
		PW_ASSERT(st == PW_OK);
		if (record.tag == PW_TIMELINE_RUN) {
			struct run run = {record.thread, position,
					  record.accesses};

			st = pw_array_push(&touches->runs, &run, err);
			position += record.accesses;
		}
	} while (st == PW_OK && record.tag != PW_TIMELINE_STOP);
	if (st == PW_OK && touches->runs.count > 1)
		qsort(touches->runs.data, touches->runs.count,
		      sizeof(struct run), by_thread);
	return st;
}

/* ---- accesses ---- */

/* Decode a chunk into one view. */
static enum pw_status decode(struct pw_writer_touches *touches,
			     const struct pw_generic_payload *payload,
			     struct source *source, struct pw_error *err)
{
	size_t room = payload->count;
	struct pw_access_columns columns;
	enum pw_status st;

	st = pw_array_reserve(&touches->address, room, err);
	if (st == PW_OK)
		st = pw_array_reserve(&touches->pc, room, err);
	if (st == PW_OK)
		st = pw_array_reserve(&touches->size, room, err);
	if (st == PW_OK)
		st = pw_array_reserve(&touches->kind, room, err);
	if (st != PW_OK)
		return st;
	columns = (struct pw_access_columns){
		touches->address.data, touches->pc.data, touches->size.data,
		touches->kind.data};
	source->view = (struct pw_accesses){
		payload->count, touches->address.data, touches->pc.data,
		touches->size.data, touches->kind.data};
	return pw_generic_decode(touches->generic, payload, &columns, err);
}

static enum pw_status open_source(struct pw_writer_touches *touches,
				  const struct pw_writer_touched *touched,
				  struct source *source, struct pw_error *err)
{
	const struct pw_chunk *chunk = touched->chunk;
	struct pw_generic_payload payload = {
		.bytes = touched->payload,
		.payload_bytes = touched->payload_bytes,
		.raw_bytes = chunk->raw_bytes,
		.count = chunk->access_count,
	};
	struct pw_window_source shown = {.shapes = touches->shapes,
					 .generic = touches->generic,
					 .payload = &payload,
					 .no_pc = true};
	uint64_t instructions;

	*source = (struct source){0};
	if (touched->accesses) {
		source->view = *touched->accesses;
		return PW_OK;
	}
	if (chunk->codec == PW_CODEC_ZSTD)
		return decode(touches, &payload, source, err);
	source->window = touches->window;
	source->left = payload.count;
	return pw_window_show(touches->window, chunk->codec == PW_CODEC_DENSE,
			      &shown, &instructions, err);
}

/* At least one and at most @count accesses, which must be there. */
static struct pw_accesses look(struct source *source, uint64_t count)
{
	struct pw_accesses *view = &source->view;
	size_t left;

	if (source->used == view->count) {
		size_t more = source->left < PW_WINDOW_ACCESSES
				      ? source->left
				      : PW_WINDOW_ACCESSES;

		PW_ASSERT(more > 0);
		pw_window_next(source->window, more, view);
		source->left -= more;
		source->used = 0;
	}
	left = view->count - source->used;
	return (struct pw_accesses){
		.count = left < count ? left : (size_t)count,
		.address = view->address + source->used,
		.size_bytes = view->size_bytes + source->used,
		.kind = view->kind + source->used,
	};
}

/* ---- touches ---- */

/* Collapse what of the run comes before the next cut. */
static enum pw_status make_piece(struct pw_writer_touches *touches,
				 struct source *source, struct run *run,
				 struct pw_error *err)
{
	struct pw_touch_cut cut = pw_touch_cut_begin(run->position);
	struct pw_touch_piece piece = {0};
	struct pw_touches made;
	size_t taken = 1;
	enum pw_status st;

	pw_collapse_end_runs(touches->collapse, 0);
	st = pw_collapse_begin(touches->collapse, 0, 1, err);
	while (st == PW_OK && taken > 0 && run->accesses > 0 && cut.room > 0) {
		struct pw_accesses some = look(source, run->accesses);

		taken = pw_touch_cut_take(&cut, some.size_bytes, some.count);
		some.count = taken;
		pw_tally_add(&piece.tally, some.kind, taken);
		st = pw_collapse_add(touches->collapse, &some, err);
		source->used += taken;
		piece.accesses += taken;
		run->accesses -= taken;
		run->position += taken;
	}
	if (st != PW_OK)
		return st;
	pw_collapse_end(touches->collapse, &made);
	return pw_touch_encoder_add(touches->encoder, &piece, &made, err);
}

enum pw_status pw_writer_touches_make(struct pw_writer_touches *touches,
				      const struct pw_writer_touched *touched,
				      const struct pw_array **payload,
				      struct pw_touch_payload *packed,
				      struct pw_error *err)
{
	struct run *run = touches->runs.data;
	struct source source;
	enum pw_status st = open_source(touches, touched, &source, err);

	PW_ASSERT(st != PW_ERR_FORMAT); /* it was made by this program */
	pw_touch_encoder_clear(touches->encoder);
	for (size_t i = 0; i < touches->runs.count; i++)
		while (st == PW_OK && run[i].thread == touched->chunk->thread &&
		       run[i].accesses > 0)
			st = make_piece(touches, &source, &run[i], err);
	touches->payload.count = 0;
	if (st == PW_OK)
		st = pw_touch_encoder_finish(touches->encoder,
					     &touches->payload, packed, err);
	*payload = &touches->payload;
	return st;
}
