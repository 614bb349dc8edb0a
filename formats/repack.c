/*
 * repack.c - open a trace of executions, declare what it has, write its groups
 * in order.
 */
#include "formats/repack.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/crew.h"
#include "formats/lane.h"
#include "formats/pwt_declared.h"
#include "formats/pwt_segment.h"
#include "formats/pwt_shapes.h"
#include "formats/reader.h"
#include "formats/repack_job.h"
#include "formats/repack_plan.h"
#include "formats/shape_wire.h"
#include "formats/streams.h"

/* Accesses of which all touches mostly fit into a chunk. */
#define TOUCHED_MAX ((uint64_t)1 << 24)

struct pw_repack {
	struct pw_input input;
	struct pw_pwt_file file;
	struct pw_pwt_list list;
	struct pw_array places; /* struct pw_segment_place */
	struct pw_pwt_declared declared;
	struct pw_pwt_shapes shapes;
	struct pw_damage damage;
	struct pw_array groups; /* struct pw_repack_group */
	struct pw_repack_source source;
	struct pw_writer *writer;
	struct pw_crew *crew;
	unsigned workers;
	struct pw_repack_worker *worker;
	struct pw_repacked *slot; /* of the crew: one more than workers */
	size_t done;		  /* groups */
	bool overflows;		  /* one of them has no place in a segment */
	uint64_t accesses;	  /* and what they held */
	uint64_t events;
};

/* Read all shapes; those that are damaged go to the damage. */
static enum pw_status read_shapes(struct pw_repack *repack,
				  struct pw_error *err)
{
	struct pw_array buffer = PW_ARRAY(uint8_t), raw = PW_ARRAY(uint8_t);
	enum pw_status st = PW_OK;

	for (size_t i = 0; i < repack->list.chunks.count && st == PW_OK; i++) {
		const struct pw_chunk_place *at =
			pw_pwt_list_at(&repack->list, i);
		const uint8_t *payload;

		if (at->chunk.kind != PW_CHUNK_SHAPES)
			continue;
		st = pw_pwt_file_payload(&repack->file, at, &buffer, &payload,
					 err);
		if (st == PW_OK)
			st = pw_frame_unpack(payload, at->chunk.payload_bytes,
					     at->chunk.raw_bytes, &raw, err);
		if (st == PW_OK &&
		    at->chunk.thread != repack->shapes.offset.count)
			st = pw_fail(err, PW_ERR_FORMAT, "shapes are lost");
		if (st == PW_OK)
			st = pw_pwt_shapes_add(&repack->shapes,
					       at->chunk.thread, raw.data,
					       raw.count, err);
		if (st != PW_ERR_FORMAT)
			continue;
		pw_damage_add(&repack->damage, "offset %llu: %s",
			      (unsigned long long)at->offset, err->message);
		st = PW_OK;
	}
	pw_array_free(&buffer);
	pw_array_free(&raw);
	return st;
}

/* Read the lists of what the file holds. */
static enum pw_status survey(struct pw_repack *repack, struct pw_error *err)
{
	enum pw_status st;

	st = pw_pwt_list_read(&repack->list, &repack->file, &repack->damage,
			      err);
	if (st == PW_OK)
		st = pw_segments_find(&repack->places, &repack->list,
				      &repack->damage, err);
	if (st == PW_OK)
		st = pw_pwt_declared_read(&repack->declared, &repack->file,
					  &repack->list, &repack->damage, err);
	if (st == PW_OK)
		st = read_shapes(repack, err);
	return st;
}

/* Whether no segment has only its touches. */
static bool has_accesses(const struct pw_repack *repack)
{
	const struct pw_segment_place *place = repack->places.data;

	for (size_t i = 0; i < repack->places.count; i++)
		if (place[i].touches && !place[i].accesses)
			return false;
	return true;
}

/* Whether the trace is whole and made of executions. */
static bool is_usable(const struct pw_repack *repack)
{
	uint8_t bytes[PW_FILE_HEADER_BYTES];
	unsigned major, minor;
	struct pw_error ignored;

	return repack->list.ended && repack->damage.problems == 0 &&
	       pw_pwt_file_read(&repack->file, 0, bytes, sizeof(bytes),
				&ignored) == PW_OK &&
	       pw_file_header_decode(bytes, &major, &minor) == PW_HEADER_GOOD &&
	       has_accesses(repack) &&
	       pw_repack_pays(&repack->list, repack->declared.threads.count);
}

static enum pw_status open_own(struct pw_repack *repack, bool *usable,
			       struct pw_error *err)
{
	enum pw_status st =
		pw_pwt_file_open(&repack->file, repack->input.path, err);

	pw_damage_init(&repack->damage, repack->input.path);
	if (st == PW_OK)
		st = survey(repack, err);
	*usable = st == PW_OK && is_usable(repack);
	return st;
}

enum pw_status pw_repack_open(struct pw_repack **out, const char *path,
			      struct pw_error *err)
{
	struct pw_repack *repack = calloc(1, sizeof(*repack));
	bool usable = false;
	enum pw_status st;

	*out = NULL;
	if (!repack)
		return pw_fail_memory(err, "a trace to repack");
	repack->file.fd = -1;
	repack->list = (struct pw_pwt_list)PW_PWT_LIST;
	repack->places = (struct pw_array)PW_ARRAY(struct pw_segment_place);
	repack->shapes = (struct pw_pwt_shapes)PW_PWT_SHAPES;
	repack->groups = (struct pw_array)PW_ARRAY(struct pw_repack_group);
	st = pw_input_open(&repack->input, path, err);
	if (st == PW_OK && pw_reader_own(&repack->input, NULL))
		st = open_own(repack, &usable, err);
	if (st != PW_OK || !usable)
		pw_repack_close(repack);
	else
		*out = repack;
	return st;
}

void pw_repack_close(struct pw_repack *repack)
{
	if (!repack)
		return;
	pw_crew_close(repack->crew);
	for (unsigned i = 0; repack->worker && i < repack->workers; i++)
		pw_repack_worker_free(&repack->worker[i]);
	for (unsigned i = 0; repack->slot && i <= repack->workers; i++)
		pw_repacked_free(&repack->slot[i]);
	free(repack->worker);
	free(repack->slot);
	pw_array_free(&repack->groups);
	pw_pwt_shapes_free(&repack->shapes);
	pw_pwt_declared_free(&repack->declared);
	pw_array_free(&repack->places);
	pw_pwt_list_free(&repack->list);
	pw_pwt_file_close(&repack->file);
	pw_input_close(&repack->input);
	free(repack);
}

void pw_repack_describe(const struct pw_repack *repack,
			struct pw_writer_options *options)
{
	options->metadata = repack->declared.metadata;
	options->unknown = repack->declared.unknown;
}

/* ---- what comes before the segments ---- */

/* The slots of a shape. */
struct slots {
	uint64_t pc[PW_SHAPE_SLOTS_MAX];
	uint32_t size[PW_SHAPE_SLOTS_MAX];
	uint8_t kind[PW_SHAPE_SLOTS_MAX];
};

/* Declare all shapes of the trace, which then have the same numbers. */
static enum pw_status declare_shapes(struct pw_repack *repack,
				     struct pw_error *err)
{
	const struct pw_pwt_shapes *shapes = &repack->shapes;
	const uint8_t *bytes = shapes->bytes.data;
	struct slots *slots = malloc(sizeof(*slots));
	enum pw_status st = PW_OK;

	if (!slots)
		return pw_fail_memory(err, "a shape");
	for (size_t i = 0; i < shapes->offset.count && st == PW_OK; i++) {
		const uint8_t *at = bytes + pw_pwt_shapes_find(shapes, i);
		const uint8_t *end = bytes + shapes->bytes.count;
		struct pw_shape shape = {pw_shape_slots(at, end), slots->pc,
					 slots->size, slots->kind};
		uint32_t index = 0;

		pw_shape_get(at, end, slots->pc, slots->size, slots->kind);
		st = pw_writer_shape(repack->writer, &shape, &index, err);
		PW_ASSERT(st != PW_OK || index == i);
	}
	free(slots);
	return st;
}

static enum pw_status declare(struct pw_repack *repack, struct pw_error *err)
{
	const struct pw_thread *thread = repack->declared.threads.data;
	const struct pw_module *module = repack->declared.modules.data;
	enum pw_status st = PW_OK;

	for (size_t i = 0; i < repack->declared.threads.count; i++)
		if (st == PW_OK)
			st = pw_writer_thread(repack->writer, &thread[i], err);
	for (size_t i = 0; i < repack->declared.modules.count; i++)
		if (st == PW_OK)
			st = pw_writer_module(repack->writer, &module[i], err);
	return st == PW_OK ? declare_shapes(repack, err) : st;
}

/* ---- segments ---- */

/* A job of the crew. */
static void run(void *context, unsigned worker, size_t job, size_t slot)
{
	struct pw_repack *repack = context;

	pw_repack_group(
		&repack->worker[worker],
		&PW_ARRAY_AT(&repack->groups, struct pw_repack_group, job),
		&repack->slot[slot]);
}

static enum pw_status make_workers(struct pw_repack *repack,
				   struct pw_error *err)
{
	const struct pw_repacked none = PW_REPACKED;
	unsigned workers = repack->workers;

	repack->worker = calloc(workers, sizeof(*repack->worker));
	repack->slot = calloc((size_t)workers + 1, sizeof(*repack->slot));
	if (!repack->worker || !repack->slot) {
		free(repack->worker);
		free(repack->slot);
		repack->worker = NULL;
		repack->slot = NULL;
		return pw_fail_memory(err, "a trace to repack");
	}
	for (unsigned i = 0; i < workers; i++)
		pw_repack_worker_init(&repack->worker[i], &repack->source);
	for (unsigned i = 0; i <= workers; i++)
		repack->slot[i] = none;
	return PW_OK;
}

enum pw_status pw_repack_begin(struct pw_repack *repack,
			       struct pw_writer *writer,
			       const struct pw_writer_options *options,
			       unsigned workers, struct pw_error *err)
{
	struct pw_crew_work work = {.context = repack, .run = run};
	enum pw_status st;

	PW_ASSERT(!repack->crew);
	repack->writer = writer;
	st = declare(repack, err);
	if (st != PW_OK)
		return st;
	repack->source = (struct pw_repack_source){
		.file = &repack->file,
		.list = &repack->list,
		.places = &repack->places,
		.book = pw_writer_shapes(writer),
		.shapes = &repack->shapes,
		.threads = repack->declared.threads.count,
		.zstd_level = options->zstd_level,
		.touch_level = pw_writer_touch_level(options),
		.keep = options->keep,
		.accesses_max = options->keep == PW_KEEP_ACCESSES
					? PW_SEGMENT_DENSE_MAX
					: TOUCHED_MAX,
	};
	st = pw_repack_plan(&repack->groups, &repack->source, err);
	if (st != PW_OK)
		return st;
	work.jobs = repack->groups.count;
	repack->workers = pw_crew_workers(workers);
	st = make_workers(repack, err);
	if (st != PW_OK)
		return st;
	return pw_crew_open(&repack->crew, &work, repack->workers, err);
}

/* What END says must be what came. */
static enum pw_status check_end(const struct pw_repack *repack,
				struct pw_error *err)
{
	const struct pw_totals *totals = &repack->list.totals;

	if (totals->accesses == repack->accesses &&
	    totals->events == repack->events &&
	    totals->chunks == repack->list.chunks.count &&
	    totals->file_bytes == repack->file.bytes)
		return PW_OK;
	return pw_fail(err, PW_ERR_FORMAT,
		       "%s: it does not hold what its end says",
		       repack->input.path);
}

enum pw_status pw_repack_next(struct pw_repack *repack, bool *more,
			      struct pw_error *err)
{
	const struct pw_repacked *done;
	enum pw_status st = PW_OK;
	size_t slot;

	*more = pw_crew_next(repack->crew, &slot);
	if (!*more)
		return check_end(repack, err);
	done = &repack->slot[slot];
	repack->done++;
	if (done->err.status != PW_OK) {
		*err = done->err;
		return err->status;
	}
	if (!done->fits) {
		repack->overflows = true;
		*more = false;
		return PW_OK;
	}
	for (size_t i = 0; i < done->count && st == PW_OK; i++) {
		const struct pw_ready_segment *ready = &PW_ARRAY_AT(
			&done->segments, const struct pw_ready_segment, i);

		repack->accesses += ready->accesses;
		repack->events += ready->events;
		st = pw_writer_ready(repack->writer, ready, err);
	}
	return st;
}

bool pw_repack_fits(const struct pw_repack *repack)
{
	return !repack->overflows;
}

double pw_repack_progress(const struct pw_repack *repack)
{
	if (repack->groups.count == 0)
		return 1;
	return (double)repack->done / (double)repack->groups.count;
}
