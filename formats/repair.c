/*
 * repair.c - copy segments, chunk by chunk, into a new file.
 *
 * Payloads stay as they are; headers get the numbers of the new file.
 */
#include "formats/repair.h"

#include <jansson.h>

#include "base/assert.h"
#include "formats/chunk_role.h"
#include "formats/chunk_sink.h"
#include "formats/pwt_records.h"
#include "formats/pwt_segment.h"
#include "formats/shape_wire.h"
#include "formats/streams.h"
#include "formats/timeline.h"
#include "formats/touch_cut.h"

#define DECLARATIONS_BYTES ((size_t)1 << 20)
#define ZSTD_LEVEL 3
#define LOST_TOLD_MAX 1000

/* What a thread has in the new file so far. */
struct thread {
	uint64_t accesses;
	uint64_t instructions;
	uint64_t segments;		     /* up to which they are counted */
	uint64_t last_chunk[PW_CHUNK_KINDS]; /* offset, 0: none */
};

struct repair {
	const struct pw_verify *verify;
	const struct pw_repair_change *change; /* or NULL */
	struct pw_chunk_sink sink;
	struct pw_array threads; /* struct thread */
	struct pw_array buffer;	 /* uint8_t: a chunk of the old file */
	struct pw_array records; /* uint8_t: an unpacked timeline of it */
	struct pw_timeline timeline;
	uint64_t segments;
	uint64_t accesses;
	uint64_t instructions;
};

bool pw_repair_leaves_out(const struct pw_verify *verify)
{
	for (size_t i = 0; i < verify->lost.count; i++)
		if (PW_ARRAY_AT(&verify->lost, struct pw_lost, i).kept_before <
		    verify->kept.count)
			return true;
	return false;
}

/* ---- declarations ---- */

/* What is lost, by its place in the new trace. */
static json_t *describe_lost(const struct pw_verify *verify)
{
	json_t *list = json_array();

	for (size_t i = 0; i < verify->lost.count && i < LOST_TOLD_MAX; i++) {
		const struct pw_lost *lost =
			&PW_ARRAY_AT(&verify->lost, struct pw_lost, i);

		json_array_append_new(
			list,
			json_pack("{s:I, s:I, s:I, s:b}", "after_segments",
				  (json_int_t)lost->kept_before, "accesses",
				  (json_int_t)lost->accesses, "instructions",
				  (json_int_t)lost->instructions, "exact",
				  (int)lost->exact));
	}
	return list;
}

/* The metadata with what was found; free it with free. NULL: no memory. */
static char *describe(const struct pw_verify *verify)
{
	json_t *root = json_loads(verify->declared.metadata, 0, NULL);
	char *text = NULL;

	if (verify->problems > 0)
		json_object_set_new(root, "repaired",
				    json_pack("{s:I, s:o}", "problems",
					      (json_int_t)verify->problems,
					      "lost", describe_lost(verify)));
	if (root)
		text = json_dumps(root, JSON_COMPACT);
	json_decref(root);
	return text;
}

static enum pw_status write_meta(struct repair *repair, struct pw_error *err)
{
	const struct pw_verify *verify = repair->verify;
	struct pw_chunk chunk = {.kind = PW_CHUNK_META,
				 .flags = PW_CHUNK_CRITICAL};
	unsigned unknown = verify->declared.unknown;
	struct pw_array *payload = pw_chunk_sink_begin(&repair->sink, err);
	char *text = repair->change ? strdup(repair->change->metadata)
				    : describe(verify);
	uint64_t offset;
	enum pw_status st;

	if (!payload || !text) {
		free(text);
		return pw_fail_memory(err, "the metadata");
	}
	if (pw_repair_leaves_out(verify))
		unknown |= PW_UNKNOWN_ACCESSES;
	st = pw_meta_put(payload, unknown, text, strlen(text), err);
	free(text);
	if (st != PW_OK)
		return st;
	return pw_chunk_sink_write(&repair->sink, &chunk, &offset, err);
}

static enum pw_status write_threads(struct repair *repair, struct pw_error *err)
{
	const struct pw_array *threads = &repair->verify->declared.threads;
	const size_t most = DECLARATIONS_BYTES / PW_THREAD_BYTES;
	enum pw_status st = PW_OK;
	size_t i = 0;

	while (i < threads->count && st == PW_OK) {
		struct pw_chunk chunk = {.kind = PW_CHUNK_THREADS,
					 .flags = PW_CHUNK_CRITICAL,
					 .thread = (uint32_t)i};
		struct pw_array *payload =
			pw_chunk_sink_begin(&repair->sink, err);
		size_t end =
			threads->count - i < most ? threads->count : i + most;
		uint64_t offset;

		if (!payload)
			return err->status;
		for (; i < end && st == PW_OK; i++)
			st = pw_thread_put(
				payload,
				&PW_ARRAY_AT(threads, struct pw_thread, i),
				err);
		if (st == PW_OK)
			st = pw_chunk_sink_write(&repair->sink, &chunk, &offset,
						 err);
	}
	return st;
}

static enum pw_status put_module(struct repair *repair, size_t index,
				 struct pw_array *payload, struct pw_error *err)
{
	struct pw_module module = PW_ARRAY_AT(&repair->verify->declared.modules,
					      struct pw_module, index);
	enum pw_status st = PW_OK;

	if (repair->change)
		st = repair->change->module(repair->change->state, &module,
					    err);
	return st == PW_OK ? pw_module_put(payload, &module, err) : st;
}

static enum pw_status write_modules(struct repair *repair, struct pw_error *err)
{
	size_t count = repair->verify->declared.modules.count, i = 0;
	enum pw_status st = PW_OK;

	while (i < count && st == PW_OK) {
		struct pw_chunk chunk = {.kind = PW_CHUNK_MODULES};
		struct pw_array *payload =
			pw_chunk_sink_begin(&repair->sink, err);
		uint64_t offset;

		if (!payload)
			return err->status;
		while (i < count && st == PW_OK &&
		       payload->count < DECLARATIONS_BYTES)
			st = put_module(repair, i++, payload, err);
		if (st == PW_OK)
			st = pw_chunk_sink_write(&repair->sink, &chunk, &offset,
						 err);
	}
	return st;
}

/* ---- shapes ---- */

static enum pw_status write_shapes(struct repair *repair, uint64_t first,
				   const struct pw_array *raw,
				   struct pw_error *err)
{
	struct pw_chunk chunk = {
		.kind = PW_CHUNK_SHAPES,
		.flags = PW_CHUNK_CRITICAL,
		.codec = PW_CODEC_ZSTD,
		.thread = (uint32_t)first,
		.raw_bytes = raw->count,
	};
	struct pw_array *payload = pw_chunk_sink_begin(&repair->sink, err);
	uint64_t offset;
	enum pw_status st;

	if (!payload)
		return err->status;
	st = pw_frame_pack(raw, ZSTD_LEVEL, payload, err);
	if (st != PW_OK)
		return st;
	return pw_chunk_sink_write(&repair->sink, &chunk, &offset, err);
}

/* Shapes that nothing executes, in the place of @count lost ones. */
static enum pw_status fill_shapes(struct repair *repair, uint64_t first,
				  uint64_t count, struct pw_error *err)
{
	static const uint64_t pc;
	static const uint32_t size;
	static const uint8_t kind = PW_ACCESS_LOAD;
	const struct pw_shape shape = {1, &pc, &size, &kind};
	struct pw_array raw = PW_ARRAY(uint8_t);
	enum pw_status st = PW_OK;

	for (uint64_t i = 0; i < count && st == PW_OK; i++)
		st = pw_shape_put(&raw, &shape, err);
	if (st == PW_OK)
		st = write_shapes(repair, first, &raw, err);
	pw_array_free(&raw);
	return st;
}

/* Copy the SHAPES chunk at @place, if it is whole, behind those in @done. */
static enum pw_status copy_shapes(struct repair *repair,
				  const struct pw_chunk_place *place,
				  struct pw_pwt_shapes *done,
				  struct pw_array *raw, struct pw_error *err)
{
	const struct pw_chunk *chunk = &place->chunk;
	uint64_t before = done->offset.count;
	const uint8_t *payload;
	enum pw_status st = pw_pwt_file_payload(&repair->verify->file, place,
						&repair->buffer, &payload, err);

	if (st == PW_OK)
		st = pw_frame_unpack(payload, chunk->payload_bytes,
				     chunk->raw_bytes, raw, err);
	if (st == PW_OK)
		st = pw_pwt_shapes_add(done, chunk->thread, raw->data,
				       raw->count, err);
	if (st == PW_ERR_FORMAT)
		return PW_OK; /* it was found to be damaged */
	if (st == PW_OK && chunk->thread > before)
		st = fill_shapes(repair, before, chunk->thread - before, err);
	if (st == PW_OK && raw->count > 0)
		st = write_shapes(repair, chunk->thread, raw, err);
	return st;
}

static enum pw_status copy_all_shapes(struct repair *repair,
				      struct pw_error *err)
{
	const struct pw_pwt_list *list = &repair->verify->list;
	struct pw_pwt_shapes done = PW_PWT_SHAPES;
	struct pw_array raw = PW_ARRAY(uint8_t);
	enum pw_status st = PW_OK;

	for (size_t i = 0; i < list->chunks.count && st == PW_OK; i++) {
		const struct pw_chunk_place *place = pw_pwt_list_at(list, i);

		if (place->chunk.kind == PW_CHUNK_SHAPES)
			st = copy_shapes(repair, place, &done, &raw, err);
	}
	pw_pwt_shapes_free(&done);
	pw_array_free(&raw);
	return st;
}

/* ---- segments ---- */

static struct thread *thread_at(struct repair *repair, uint32_t index)
{
	PW_ASSERT(index < repair->threads.count);
	return &PW_ARRAY_AT(&repair->threads, struct thread, index);
}

/* Copy a chunk; its header has the numbers of the new file already. */
static enum pw_status copy_chunk(struct repair *repair,
				 const struct pw_chunk_place *place,
				 struct pw_chunk *chunk, uint64_t *offset,
				 struct pw_error *err)
{
	struct pw_array *to = pw_chunk_sink_begin(&repair->sink, err);
	const uint8_t *payload;
	enum pw_status st;

	*offset = 0;
	if (!to)
		return err->status;
	st = pw_pwt_file_payload(&repair->verify->file, place, &repair->buffer,
				 &payload, err);
	if (st != PW_OK)
		return st;
	st = pw_array_reserve(to, to->count + chunk->payload_bytes, err);
	if (st != PW_OK)
		return st;
	memcpy((uint8_t *)to->data + to->count, payload, chunk->payload_bytes);
	to->count += chunk->payload_bytes;
	return pw_chunk_sink_write(&repair->sink, chunk, offset, err);
}

static enum pw_status copy_thread(struct repair *repair,
				  const struct pw_chunk_place *place,
				  struct pw_error *err)
{
	struct thread *thread = thread_at(repair, place->chunk.thread);
	struct pw_chunk chunk = place->chunk;
	uint64_t offset;
	enum pw_status st;

	chunk.segment = repair->segments;
	chunk.first_access = thread->accesses;
	chunk.first_instruction = thread->instructions;
	chunk.previous = thread->last_chunk[chunk.kind];
	st = copy_chunk(repair, place, &chunk, &offset, err);
	/* What a reader can do without may be damaged. */
	if (st == PW_ERR_FORMAT && !(chunk.flags & PW_CHUNK_CRITICAL))
		return PW_OK;
	thread->last_chunk[chunk.kind] = offset;
	return st;
}

/* Take over a record of a timeline, changed if it is an event. */
static enum pw_status change_record(struct repair *repair,
				    const struct pw_timeline_record *record,
				    struct pw_error *err)
{
	struct pw_event event = {
		.kind = (enum pw_event_kind)record->kind,
		.result = record->result,
		.text = record->text,
	};
	enum pw_status st;

	if (record->tag == PW_TIMELINE_RUN)
		return pw_timeline_run(&repair->timeline, record->thread,
				       record->accesses, err);
	memcpy(event.arg, record->arg, sizeof(event.arg));
	st = repair->change->event(repair->change->state, &event, err);
	if (st != PW_OK)
		return st;
	return pw_timeline_event(&repair->timeline, record->thread, &event,
				 err);
}

/* Make the timeline anew with its events changed. */
static enum pw_status change_timeline(struct repair *repair,
				      const struct pw_chunk_place *place,
				      struct pw_error *err)
{
	const struct pw_chunk *chunk = &place->chunk;
	struct pw_timeline_cursor cursor;
	struct pw_timeline_record record;
	const uint8_t *payload;
	enum pw_status st = pw_pwt_file_payload(&repair->verify->file, place,
						&repair->buffer, &payload, err);

	if (st == PW_OK)
		st = pw_timeline_unpack(payload, chunk->payload_bytes,
					chunk->raw_bytes, &repair->records,
					err);
	if (st != PW_OK)
		return st;
	pw_timeline_clear(&repair->timeline);
	cursor.next = repair->records.data;
	cursor.end = cursor.next + repair->records.count;
	do {
		st = pw_timeline_next(&cursor, &record, err);
		if (st == PW_OK && record.tag != PW_TIMELINE_STOP)
			st = change_record(repair, &record, err);
	} while (st == PW_OK && record.tag != PW_TIMELINE_STOP);
	return st == PW_OK ? pw_timeline_finish(&repair->timeline, err) : st;
}

static enum pw_status write_timeline(struct repair *repair,
				     const struct pw_chunk_place *place,
				     struct pw_chunk *chunk,
				     struct pw_error *err)
{
	struct pw_array *payload;
	uint64_t offset;
	enum pw_status st = change_timeline(repair, place, err);

	if (st != PW_OK)
		return st;
	payload = pw_chunk_sink_begin(&repair->sink, err);
	if (!payload)
		return err->status;
	chunk->raw_bytes = repair->timeline.bytes.count;
	if (chunk->raw_bytes > PW_TIMELINE_RAW_MAX)
		return pw_fail(err, PW_ERR_OUTPUT,
			       "%s: the changed events of a segment are more "
			       "than the format holds",
			       repair->verify->path);
	st = pw_timeline_pack(&repair->timeline, ZSTD_LEVEL, payload, err);
	if (st != PW_OK)
		return st;
	return pw_chunk_sink_write(&repair->sink, chunk, &offset, err);
}

static enum pw_status copy_timeline(struct repair *repair,
				    const struct pw_chunk_place *place,
				    struct pw_error *err)
{
	struct pw_chunk chunk = place->chunk;
	uint64_t offset;

	chunk.segment = repair->segments++;
	chunk.first_access = repair->accesses;
	chunk.first_instruction = repair->instructions;
	repair->accesses += chunk.access_count;
	repair->instructions += chunk.instruction_count;
	if (repair->change)
		return write_timeline(repair, place, &chunk, err);
	return copy_chunk(repair, place, &chunk, &offset, err);
}

/* Count a segment once for each of its threads, whatever is in it of them. */
static void count_thread(struct repair *repair, const struct pw_chunk *chunk)
{
	struct thread *thread = thread_at(repair, chunk->thread);

	if (thread->segments > repair->segments)
		return;
	thread->segments = repair->segments + 1;
	thread->accesses += chunk->access_count;
	thread->instructions += chunk->instruction_count;
}

/*
 * Touches are cut where the recording says. Behind lost accesses that is
 * elsewhere, unless a multiple of PW_TOUCH_CUT is lost.
 */
static bool has_moved(const struct repair *repair, const struct pw_chunk *chunk)
{
	return (chunk->first_access - repair->accesses) % PW_TOUCH_CUT != 0;
}

/* Leave out chunks that were not decoded, and touches that cannot be moved. */
static bool is_copied(const struct repair *repair,
		      const struct pw_segment_place *segment, size_t index)
{
	const struct pw_pwt_list *list = &repair->verify->list;
	const struct pw_chunk *chunk = &pw_pwt_list_at(list, index)->chunk;

	if (pw_chunk_role(chunk->kind) != PW_ROLE_THREAD ||
	    chunk->thread >= repair->threads.count)
		return false;
	if (chunk->kind == PW_CHUNK_TOUCHES)
		return segment->touches &&
		       !has_moved(
			       repair,
			       &pw_pwt_list_at(list, segment->timeline)->chunk);
	return segment->accesses;
}

static enum pw_status copy_segment(struct repair *repair,
				   const struct pw_segment_place *segment,
				   struct pw_error *err)
{
	const struct pw_pwt_list *list = &repair->verify->list;
	const struct pw_chunk_place *timeline =
		pw_pwt_list_at(list, segment->timeline);
	enum pw_status st = PW_OK;

	if (timeline->chunk.raw_bytes == 0)
		return PW_OK; /* nothing happens in it */
	if (!segment->accesses && segment->touches &&
	    has_moved(repair, &timeline->chunk)) {
		pw_fail(err, PW_ERR_FORMAT,
			"%s: segments are lost before others, and touches "
			"cannot be moved to another place",
			repair->verify->path);
		return pw_hint(err, "replay what is whole of it as it is");
	}
	/* First what tells of the threads before it, then what it adds. */
	for (unsigned pass = 0; pass < 2; pass++) {
		for (size_t i = segment->first;
		     i < segment->timeline && st == PW_OK; i++) {
			const struct pw_chunk_place *place =
				pw_pwt_list_at(list, i);

			if (!is_copied(repair, segment, i))
				continue;
			if (pass == 0)
				st = copy_thread(repair, place, err);
			else
				count_thread(repair, &place->chunk);
		}
	}
	return st == PW_OK ? copy_timeline(repair, timeline, err) : st;
}

static enum pw_status copy_all(struct repair *repair, struct pw_error *err)
{
	const struct pw_verify *verify = repair->verify;
	enum pw_status st = pw_array_reserve(
		&repair->threads, verify->declared.threads.count + 1, err);

	while (st == PW_OK &&
	       repair->threads.count < verify->declared.threads.count)
		st = pw_array_push(&repair->threads, NULL, err);
	if (st == PW_OK)
		st = write_meta(repair, err);
	if (st == PW_OK)
		st = write_threads(repair, err);
	if (st == PW_OK)
		st = write_modules(repair, err);
	if (st == PW_OK)
		st = copy_all_shapes(repair, err);
	for (size_t i = 0; i < verify->kept.count && st == PW_OK; i++)
		st = copy_segment(
			repair,
			&PW_ARRAY_AT(&verify->kept, struct pw_segment_place, i),
			err);
	return st;
}

enum pw_status pw_repair_write(const struct pw_verify *verify, const char *path,
			       const struct pw_repair_change *change,
			       uint64_t *file_bytes, struct pw_error *err)
{
	struct repair repair = {
		.verify = verify,
		.change = change,
		.threads = PW_ARRAY(struct thread),
		.buffer = PW_ARRAY(uint8_t),
		.records = PW_ARRAY(uint8_t),
		.timeline = PW_TIMELINE,
	};
	struct pw_totals totals = verify->totals;
	enum pw_status st = pw_chunk_sink_open(&repair.sink, path, true, err);

	if (st == PW_OK)
		st = copy_all(&repair, err);
	if (st == PW_OK)
		st = pw_chunk_sink_finish(&repair.sink, &totals,
					  repair.segments, err);
	else
		pw_chunk_sink_abandon(&repair.sink);
	*file_bytes = totals.file_bytes;
	pw_array_free(&repair.threads);
	pw_array_free(&repair.buffer);
	pw_array_free(&repair.records);
	pw_timeline_free(&repair.timeline);
	return st;
}
