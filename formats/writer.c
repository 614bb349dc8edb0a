/*
 * writer.c - write a trace: declarations, accesses and events in order.
 *
 * After a failure nothing more is written, and every later call repeats it.
 */
#include "formats/writer.h"

#include "base/assert.h"
#include "formats/chunk_sink.h"
#include "formats/lane.h"
#include "formats/pwt_records.h"
#include "formats/ready_segment.h"
#include "formats/shape_book.h"
#include "formats/streams.h"
#include "formats/tally.h"
#include "formats/writer_segment.h"

#define SEGMENT_ACCESSES ((uint64_t)1 << 20)
#define ZSTD_LEVEL 3
#define ZSTD_LEVEL_FAST 1
#define ZSTD_LEVEL_TOUCHES 9 /* beside or from dense chunks, at least */
/* Declarations are written before they fill a chunk. */
#define DECLARATIONS_BYTES_MAX ((size_t)1 << 20)
#define SHAPES_BYTES_MAX ((size_t)4 << 20)

struct pw_writer {
	struct pw_chunk_sink sink;
	struct pw_writer_segment segment;
	struct pw_array threads; /* uint8_t: payload of the next THREADS */
	struct pw_array modules; /* uint8_t: payload of the next MODULES */
	struct pw_shape_book shapes;
	struct pw_lane_store *lane; /* the stretch that is open, or NULL */
	int fast_level;
	struct pw_totals totals;
	struct pw_error failure; /* the first one; status PW_OK: none */
};

/* Keep the first failure, so that later calls can repeat it. */
static enum pw_status finish(struct pw_writer *writer, enum pw_status st,
			     const struct pw_error *err)
{
	if (st != PW_OK && writer->failure.status == PW_OK)
		writer->failure = *err;
	return st;
}

static enum pw_status check(const struct pw_writer *writer,
			    struct pw_error *err)
{
	if (writer->failure.status != PW_OK)
		*err = writer->failure;
	return writer->failure.status;
}

static void release(struct pw_writer *writer)
{
	pw_writer_segment_free(&writer->segment);
	pw_array_free(&writer->threads);
	pw_array_free(&writer->modules);
	pw_shape_book_free(&writer->shapes);
	free(writer);
}

static enum pw_status check_metadata(const char *json, struct pw_error *err)
{
	if (json && (strlen(json) > PW_META_BYTES_MAX - PW_META_HEAD_BYTES ||
		     !pw_metadata_valid(json, strlen(json))))
		return pw_fail(err, PW_ERR_OUTPUT,
			       "the trace's metadata is no JSON object of at "
			       "most 16 MiB");
	return PW_OK;
}

static enum pw_status write_meta(struct pw_writer *writer,
				 const struct pw_writer_options *options,
				 struct pw_error *err)
{
	const char *json = options->metadata ? options->metadata : "{}";
	unsigned unknown = options->unknown;
	struct pw_chunk chunk = {.kind = PW_CHUNK_META,
				 .flags = PW_CHUNK_CRITICAL};
	struct pw_array *payload = pw_chunk_sink_begin(&writer->sink, err);
	uint64_t offset;
	enum pw_status st;

	if (!payload)
		return err->status;
	if (options->keep == PW_KEEP_TOUCHES)
		unknown |= PW_UNKNOWN_BUT_TOUCHES;
	st = pw_meta_put(payload, unknown, json, strlen(json), err);
	if (st != PW_OK)
		return st;
	return pw_chunk_sink_write(&writer->sink, &chunk, &offset, err);
}

/* Accesses of a segment. */
static uint64_t choose_capacity(const struct pw_writer_options *options)
{
	uint64_t most =
		options->dense ? PW_SEGMENT_DENSE_MAX : PW_SEGMENT_ACCESSES_MAX;
	uint64_t wanted = options->segment_accesses;

	if (wanted == 0)
		wanted = options->dense ? most : SEGMENT_ACCESSES;
	return wanted < most ? wanted : most;
}

static int choose_level(const struct pw_writer_options *options)
{
	return options->zstd_level ? options->zstd_level : ZSTD_LEVEL;
}

int pw_writer_touch_level(const struct pw_writer_options *options)
{
	int level = choose_level(options);

	return options->dense && level < ZSTD_LEVEL_TOUCHES ? ZSTD_LEVEL_TOUCHES
							    : level;
}

enum pw_status pw_writer_open(struct pw_writer **out, const char *path,
			      const struct pw_writer_options *options,
			      struct pw_error *err)
{
	struct pw_writer *writer = calloc(1, sizeof(*writer));
	uint64_t capacity = choose_capacity(options);
	int level = choose_level(options);
	enum pw_status st;

	*out = NULL;
	if (!writer)
		return pw_fail_memory(err, "a trace writer");
	writer->threads = (struct pw_array)PW_ARRAY(uint8_t);
	writer->modules = (struct pw_array)PW_ARRAY(uint8_t);
	writer->shapes = (struct pw_shape_book)PW_SHAPE_BOOK;
	writer->fast_level = level;
	if (options->zstd_level == 0 && !options->dense)
		writer->fast_level = ZSTD_LEVEL_FAST;
	st = check_metadata(options->metadata, err);
	if (st == PW_OK)
		st = pw_writer_segment_init(&writer->segment, capacity, level,
					    writer->fast_level, options->dense,
					    err);
	if (st == PW_OK && options->keep != PW_KEEP_ACCESSES)
		st = pw_writer_segment_keep_touches(
			&writer->segment, options->keep == PW_KEEP_TOUCHES,
			pw_writer_touch_level(options), err);
	if (st != PW_OK)
		goto fail;
	st = pw_chunk_sink_open(&writer->sink, path, options->replace, err);
	if (st == PW_OK)
		st = write_meta(writer, options, err);
	if (st != PW_OK)
		goto fail;
	*out = writer;
	return PW_OK;
fail:
	pw_writer_abandon(writer);
	return st;
}

/* Write declarations that are waiting as a chunk of @kind. */
static enum pw_status write_declared(struct pw_writer *writer,
				     enum pw_chunk_kind kind,
				     struct pw_array *waiting,
				     struct pw_error *err)
{
	struct pw_chunk chunk = {.kind = (uint16_t)kind};
	struct pw_array *payload;
	uint64_t offset;
	enum pw_status st;

	if (waiting->count == 0)
		return PW_OK;
	payload = pw_chunk_sink_begin(&writer->sink, err);
	if (!payload)
		return err->status;
	PW_ASSERT(waiting->item_bytes == 1);
	if (kind == PW_CHUNK_THREADS) {
		PW_ASSERT(waiting->count % PW_THREAD_BYTES == 0);
		chunk.flags = PW_CHUNK_CRITICAL;
		chunk.thread = (uint32_t)(writer->segment.threads.count -
					  waiting->count / PW_THREAD_BYTES);
	}
	st = pw_array_reserve(payload, payload->count + waiting->count, err);
	if (st != PW_OK)
		return st;
	memcpy((uint8_t *)payload->data + payload->count, waiting->data,
	       waiting->count);
	payload->count += waiting->count;
	waiting->count = 0;
	return pw_chunk_sink_write(&writer->sink, &chunk, &offset, err);
}

/* Write the shapes that are waiting. */
static enum pw_status write_shapes(struct pw_writer *writer,
				   struct pw_error *err)
{
	struct pw_shape_book *book = &writer->shapes;
	struct pw_chunk chunk = {
		.kind = PW_CHUNK_SHAPES,
		.flags = PW_CHUNK_CRITICAL,
		.codec = PW_CODEC_ZSTD,
		.thread = (uint32_t)book->first_waiting,
		.raw_bytes = book->waiting.count,
	};
	bool kept = writer->segment.accesses_kept;
	struct pw_array *payload;
	uint64_t offset;
	enum pw_status st = PW_OK;

	if (book->waiting.count == 0)
		return PW_OK;
	if (writer->segment.touches)
		st = pw_writer_touches_shapes(writer->segment.touches,
					      book->first_waiting,
					      &book->waiting, err);
	if (st == PW_OK && kept) {
		payload = pw_chunk_sink_begin(&writer->sink, err);
		if (!payload)
			return err->status;
		st = pw_frame_pack(&book->waiting, writer->fast_level, payload,
				   err);
	}
	if (st != PW_OK)
		return st;
	book->waiting.count = 0;
	book->first_waiting = book->shapes.count;
	return kept ? pw_chunk_sink_write(&writer->sink, &chunk, &offset, err)
		    : PW_OK;
}

static enum pw_status write_declarations(struct pw_writer *writer,
					 struct pw_error *err)
{
	enum pw_status st;

	st = write_declared(writer, PW_CHUNK_THREADS, &writer->threads, err);
	if (st == PW_OK)
		st = write_declared(writer, PW_CHUNK_MODULES, &writer->modules,
				    err);
	if (st == PW_OK)
		st = write_shapes(writer, err);
	return st;
}

static enum pw_status flush(struct pw_writer *writer, struct pw_error *err)
{
	enum pw_status st;

	PW_ASSERT(!writer->lane);
	st = write_declarations(writer, err);
	if (st != PW_OK)
		return st;
	return pw_writer_segment_flush(&writer->segment, &writer->sink, err);
}

enum pw_status pw_writer_thread(struct pw_writer *writer,
				const struct pw_thread *thread,
				struct pw_error *err)
{
	struct pw_array *threads = &writer->segment.threads;
	enum pw_status st = check(writer, err);

	if (st != PW_OK)
		return st;
	PW_ASSERT(threads->count <= PW_THREADS_MAX);
	PW_ASSERT(thread->process <= threads->count);
	PW_ASSERT(thread->parent <= threads->count);
	if (threads->count >= PW_THREADS_MAX)
		return pw_fail(err, PW_ERR_OUTPUT,
			       "more threads than the trace format holds");
	if (writer->threads.count >= DECLARATIONS_BYTES_MAX)
		st = write_declarations(writer, err);
	if (st == PW_OK)
		st = pw_array_reserve(threads, threads->count + 1, err);
	if (st == PW_OK)
		st = pw_thread_put(&writer->threads, thread, err);
	if (st == PW_OK)
		st = pw_array_push(threads, NULL, err);
	return finish(writer, st, err);
}

enum pw_status pw_writer_module(struct pw_writer *writer,
				const struct pw_module *module,
				struct pw_error *err)
{
	enum pw_status st = check(writer, err);

	if (st == PW_OK && writer->modules.count >= DECLARATIONS_BYTES_MAX)
		st = write_declarations(writer, err);
	if (st == PW_OK)
		st = pw_module_put(&writer->modules, module, err);
	return finish(writer, st, err);
}

enum pw_status pw_writer_shape(struct pw_writer *writer,
			       const struct pw_shape *shape, uint32_t *index,
			       struct pw_error *err)
{
	enum pw_status st = check(writer, err);

	PW_ASSERT(!writer->lane);
	if (st == PW_OK && writer->shapes.waiting.count >= SHAPES_BYTES_MAX)
		st = write_shapes(writer, err);
	*index = (uint32_t)writer->shapes.shapes.count;
	if (st == PW_OK)
		st = pw_shape_book_add(&writer->shapes, shape, err);
	return finish(writer, st, err);
}

enum pw_status pw_writer_lane_begin(struct pw_writer *writer, uint32_t thread,
				    struct pw_lane **lane, struct pw_error *err)
{
	enum pw_status st = check(writer, err);

	*lane = NULL;
	PW_ASSERT(!writer->lane);
	PW_ASSERT(thread < writer->segment.threads.count);
	if (st == PW_OK && pw_writer_segment_lane_full(
				   &writer->segment, writer->shapes.slots_max))
		st = flush(writer, err);
	if (st == PW_OK)
		st = pw_writer_segment_lane_begin(&writer->segment, thread,
						  &writer->shapes,
						  &writer->lane, err);
	if (st == PW_OK)
		*lane = &writer->lane->lane;
	else
		writer->lane = NULL;
	return finish(writer, st, err);
}

/* Count what was executed. */
static void add_totals(struct pw_totals *totals, const uint32_t *tally)
{
	totals->accesses += tally[PW_LANE_ACCESSES];
	totals->loads += tally[PW_LANE_LOADS];
	totals->stores += tally[PW_LANE_STORES];
	totals->modifies += tally[PW_LANE_MODIFIES];
	totals->fetches += tally[PW_LANE_FETCHES];
	totals->instructions += tally[PW_LANE_INSTRUCTIONS];
}

enum pw_status pw_writer_lane_end(struct pw_writer *writer,
				  struct pw_error *err)
{
	struct pw_lane_store *lane = writer->lane;
	enum pw_status st;

	PW_ASSERT(lane);
	writer->lane = NULL;
	st = pw_writer_segment_lane_end(&writer->segment, lane, err);
	if (st == PW_OK)
		add_totals(&writer->totals, lane->lane.tally);
	if (st == PW_OK && pw_writer_segment_full(&writer->segment))
		st = flush(writer, err);
	return finish(writer, st, err);
}

enum pw_status pw_writer_accesses(struct pw_writer *writer, uint32_t thread,
				  const struct pw_accesses *accesses,
				  struct pw_error *err)
{
	struct pw_tally tally = {0};
	enum pw_status st = check(writer, err);
	size_t done = 0;

	PW_ASSERT(!writer->lane);
	PW_ASSERT(thread < writer->segment.threads.count);
	while (done < accesses->count && st == PW_OK) {
		size_t taken = 0;

		st = pw_writer_segment_add(&writer->segment, thread, accesses,
					   done, &taken, err);
		done += taken;
		PW_ASSERT(done <= accesses->count);
		if (st == PW_OK && pw_writer_segment_full(&writer->segment))
			st = flush(writer, err);
	}
	if (st == PW_OK) {
		pw_tally_add(&tally, accesses->kind, accesses->count);
		pw_tally_total(&writer->totals, &tally, accesses->count);
	}
	return finish(writer, st, err);
}

enum pw_status pw_writer_event(struct pw_writer *writer, uint32_t thread,
			       const struct pw_event *event,
			       struct pw_error *err)
{
	enum pw_status st = check(writer, err);

	PW_ASSERT(!writer->lane);
	PW_ASSERT(thread < writer->segment.threads.count);
	if (st != PW_OK)
		return st;
	st = pw_timeline_event(&writer->segment.timeline, thread, event, err);
	if (st == PW_OK)
		writer->totals.events++;
	if (st == PW_OK && pw_writer_segment_full(&writer->segment))
		st = flush(writer, err);
	return finish(writer, st, err);
}

enum pw_status pw_writer_events(struct pw_writer *writer, uint32_t thread,
				const struct pw_events *events,
				struct pw_error *err)
{
	enum pw_status st = PW_OK;

	for (size_t i = 0; st == PW_OK && i < events->count; i++) {
		struct pw_event event = {
			.kind = (enum pw_event_kind)events->kind[i],
			.result = events->result[i],
			.text = events->text[i],
		};

		memcpy(event.arg, events->arg[i], sizeof(event.arg));
		st = pw_writer_event(writer, thread, &event, err);
	}
	return st;
}

enum pw_status pw_writer_flush(struct pw_writer *writer, struct pw_error *err)
{
	enum pw_status st = check(writer, err);

	if (st != PW_OK)
		return st;
	st = flush(writer, err);
	PW_ASSERT(st != PW_OK || writer->segment.count == 0);
	return finish(writer, st, err);
}

enum pw_status pw_writer_ready(struct pw_writer *writer,
			       const struct pw_ready_segment *ready,
			       struct pw_error *err)
{
	enum pw_status st = pw_writer_flush(writer, err);

	if (st != PW_OK)
		return st;
	st = pw_ready_segment_write(ready, &writer->segment, &writer->sink,
				    err);
	pw_tally_total(&writer->totals, &ready->tally, ready->accesses);
	writer->totals.events += ready->events;
	return finish(writer, st, err);
}

const struct pw_shape_book *pw_writer_shapes(const struct pw_writer *writer)
{
	return &writer->shapes;
}

void pw_writer_totals(const struct pw_writer *writer, struct pw_totals *out)
{
	*out = writer->totals;
	out->chunks = writer->sink.sequence;
	out->file_bytes = pw_writer_file_bytes(writer->sink.file);
}

enum pw_status pw_writer_close(struct pw_writer *writer, struct pw_error *err)
{
	enum pw_status st = check(writer, err);

	if (st == PW_OK)
		st = flush(writer, err);
	if (st != PW_OK) {
		pw_writer_abandon(writer);
		return st;
	}
	st = pw_chunk_sink_finish(&writer->sink, &writer->totals,
				  writer->segment.number, err);
	release(writer);
	return st;
}

void pw_writer_abandon(struct pw_writer *writer)
{
	if (!writer)
		return;
	pw_chunk_sink_abandon(&writer->sink);
	release(writer);
}
