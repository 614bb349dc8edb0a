/*
 * reader_pwt.c - the native container as a source of accesses and events.
 *
 * Everything that can be known without decoding is read at open: chunks,
 * segments, threads and modules. Source: formats/FORMAT.md.
 */
#include <unistd.h>

#include "base/assert.h"
#include "formats/pwt_declared.h"
#include "formats/pwt_each.h"
#include "formats/pwt_ring.h"
#include "formats/reader.h"
#include "formats/tally.h"
#include "formats/touch_cut.h"

#define WORKERS_DEFAULT 4

struct reader {
	struct pw_pwt_file file;
	struct pw_pwt_list list;
	struct pw_array places; /* struct pw_segment_place */
	struct pw_array clock;	/* uint64_t: instructions of each thread */
	struct pw_pwt_declared declared;
	struct pw_shape_loader *shapes;
	struct pw_damage damage;
	struct pw_ring_source source;
	struct pw_ring *ring;
	const struct pw_segment *segment; /* being delivered, or NULL */
	size_t batch;			  /* next one of it */
	size_t taken;			  /* accesses of that one */
	size_t segments;		  /* asked for so far */
	uint64_t accesses;		  /* delivered */
	uint64_t events;
	bool touches; /* are wanted instead of accesses */
	bool done;
};

static int probe(const uint8_t *head, size_t head_bytes)
{
	return pw_file_magic_found(head, head_bytes) ? 100 : 0;
}

static enum pw_status check_header(struct reader *reader, struct pw_error *err)
{
	uint8_t bytes[PW_FILE_HEADER_BYTES];
	unsigned major = 0, minor = 0;
	enum pw_header_state state;

	if (pw_pwt_file_read(&reader->file, 0, bytes, sizeof(bytes), err) !=
	    PW_OK) {
		pw_damage_add(&reader->damage, "offset 0: the file header: %s",
			      err->message);
		return PW_OK;
	}
	state = pw_file_header_decode(bytes, &major, &minor);
	if (state == PW_HEADER_DAMAGED)
		pw_damage_add(&reader->damage,
			      "offset 0: the file header is damaged");
	if (state != PW_HEADER_NEWER)
		return PW_OK;
	pw_fail(err, PW_ERR_FORMAT,
		"%s: a trace of format version %u.%u, which this pagewalk "
		"cannot read",
		reader->file.path, major, minor);
	return pw_hint(err, "this one reads version %d; use a newer pagewalk",
		       PW_VERSION_MAJOR);
}

static unsigned choose_workers(const struct pw_trace_options *options)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (options->workers > 0)
		return options->workers;
	if (processors < 1)
		return 1;
	return processors < WORKERS_DEFAULT ? (unsigned)processors
					    : WORKERS_DEFAULT;
}

/* Read the lists of what the file holds. */
static enum pw_status survey(struct reader *reader, struct pw_error *err)
{
	enum pw_status st = check_header(reader, err);

	if (st == PW_OK)
		st = pw_pwt_list_read(&reader->list, &reader->file,
				      &reader->damage, err);
	if (st == PW_OK)
		st = pw_segments_find(&reader->places, &reader->list,
				      &reader->damage, err);
	if (st == PW_OK && !reader->list.ended)
		pw_damage_add(&reader->damage,
			      "the recording did not end; %zu whole segments "
			      "are readable",
			      reader->places.count);
	if (st == PW_OK)
		st = pw_pwt_declared_read(&reader->declared, &reader->file,
					  &reader->list, &reader->damage, err);
	if (st == PW_OK)
		st = pw_shape_loader_open(&reader->shapes, &reader->file,
					  &reader->list, err);
	return st;
}

/* Leave out the segments of which only touches are whole. */
static void drop_touches(struct reader *reader)
{
	struct pw_segment_place *place = reader->places.data;
	size_t kept = 0;

	for (size_t i = 0; i < reader->places.count; i++) {
		if (place[i].accesses || !place[i].touches)
			place[kept++] = place[i];
		else
			pw_damage_add(&reader->damage,
				      "the accesses of segment %llu are lost "
				      "and it is left out",
				      (unsigned long long)place[i].number);
	}
	reader->places.count = kept;
}

/* Clocks of all threads at 0. */
static enum pw_status make_clocks(struct reader *reader, struct pw_error *err)
{
	size_t threads = reader->declared.threads.count;
	enum pw_status st = pw_array_reserve(&reader->clock, threads + 1, err);

	if (st != PW_OK)
		return st;
	memset(reader->clock.data, 0, (threads + 1) * sizeof(uint64_t));
	reader->clock.count = threads;
	return PW_OK;
}

static void close_reader(void *state)
{
	struct reader *reader = state;

	if (!reader)
		return;
	pw_ring_close(reader->ring);
	pw_shape_loader_close(reader->shapes);
	pw_pwt_declared_free(&reader->declared);
	pw_array_free(&reader->places);
	pw_array_free(&reader->clock);
	pw_pwt_list_free(&reader->list);
	pw_pwt_file_close(&reader->file);
	free(reader);
}

static enum pw_status open_reader(void **state, const struct pw_input *input,
				  const struct pw_trace_options *options,
				  struct pw_trace_info *info,
				  struct pw_error *err)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	enum pw_status st;

	*state = NULL;
	if (!reader)
		return pw_fail_memory(err, "a trace reader");
	reader->list = (struct pw_pwt_list)PW_PWT_LIST;
	reader->places = (struct pw_array)PW_ARRAY(struct pw_segment_place);
	reader->clock = (struct pw_array)PW_ARRAY(uint64_t);
	pw_damage_init(&reader->damage, input->path);
	st = pw_pwt_file_open(&reader->file, input->path, err);
	if (st == PW_OK)
		st = survey(reader, err);
	if (st == PW_OK)
		st = make_clocks(reader, err);
	if (st != PW_OK)
		goto fail;
	/* Intervals that end between their cuts are for accesses, and so are
	 * far stores if there are any. */
	reader->touches = (options->needs == PW_NEED_TOUCHES ||
			   options->needs == PW_NEED_EVENTS) &&
			  options->epoch_accesses % PW_TOUCH_CUT == 0 &&
			  (!options->far_stores ||
			   reader->declared.unknown & PW_UNKNOWN_BUT_TOUCHES);
	if (!reader->touches)
		drop_touches(reader);
	reader->source.file = &reader->file;
	reader->source.list = &reader->list;
	reader->source.places = &reader->places;
	reader->source.threads = reader->declared.threads.count;
	reader->source.touches = reader->touches;
	reader->source.shapes = reader->shapes;
	st = pw_ring_open(&reader->ring, &reader->source,
			  choose_workers(options), err);
	if (st != PW_OK)
		goto fail;
	info->metadata = reader->declared.metadata;
	info->unknown = reader->declared.unknown;
	info->threads = reader->declared.threads.data;
	info->thread_count = reader->declared.threads.count;
	info->modules = reader->declared.modules.data;
	info->module_count = reader->declared.modules.count;
	*state = reader;
	return PW_OK;
fail:
	close_reader(reader);
	return st;
}

/* What END says must be what came, unless something was left out. */
static void check_end(struct reader *reader)
{
	const struct pw_totals *totals = &reader->list.totals;

	if (reader->done || !reader->list.ended || reader->damage.problems > 0)
		return;
	if (totals->accesses != reader->accesses ||
	    totals->events != reader->events ||
	    totals->chunks != reader->list.chunks.count ||
	    totals->file_bytes != reader->file.bytes)
		pw_damage_add(&reader->damage,
			      "it does not hold what its end says");
}

/* Look at the shapes that no segment needed, and at what END says. */
static enum pw_status finish(struct reader *reader, struct pw_error *err)
{
	size_t chunks = reader->list.chunks.count;
	struct pw_pwt_shapes ignored;
	enum pw_status st =
		pw_shape_loader_load(reader->shapes, chunks, &ignored, err);

	if (st != PW_OK)
		return st;
	pw_shape_loader_report(reader->shapes, chunks, &reader->damage);
	check_end(reader);
	reader->done = true;
	return PW_OK;
}

/* Report the lost shapes that segment @index could have needed. */
static void report_shapes(struct reader *reader, size_t index)
{
	const struct pw_segment_place *place = reader->places.data;

	pw_shape_loader_report(reader->shapes, place[index].timeline,
			       &reader->damage);
}

/* Go to the next segment that can be read, or to the end. */
static enum pw_status advance(struct reader *reader, struct pw_error *err)
{
	enum pw_status st;

	do {
		st = pw_ring_next(reader->ring, &reader->segment, err);
		if (reader->segments < reader->places.count)
			report_shapes(reader, reader->segments++);
		if (st == PW_ERR_FORMAT)
			pw_damage_add(&reader->damage, "%s", err->message);
	} while (st == PW_ERR_FORMAT);
	reader->batch = 0;
	reader->taken = 0;
	if (st == PW_OK && !reader->segment) {
		PW_ASSERT(reader->segments == reader->places.count);
		st = finish(reader, err);
	}
	return st;
}

/* The events behind a batch, which is over. */
static void fill_events(struct reader *reader,
			const struct pw_segment_batch *from,
			struct pw_batch *batch)
{
	reader->taken = 0;
	reader->batch++;
	pw_segment_events(reader->segment, from, &batch->events);
}

/* Let workers deliver; what they found is as after the last batch. */
static enum pw_status each(void *state, const struct pw_trace_taker *taker,
			   struct pw_totals *delivered, struct pw_error *err)
{
	struct reader *reader = state;
	enum pw_status st;

	PW_ASSERT(reader->segments == 0 && !reader->touches);
	st = pw_pwt_each(&reader->source, taker, delivered, &reader->damage,
			 err);
	if (st != PW_OK)
		return st;
	reader->segments = reader->places.count;
	reader->accesses = delivered->accesses;
	reader->events = delivered->events;
	return finish(reader, err);
}

/* The touches of a batch and its events. */
static void fill_touches(struct reader *reader,
			 const struct pw_segment_batch *from,
			 struct pw_batch *batch)
{
	struct pw_touch_piece piece;
	uint64_t *clock = &PW_ARRAY_AT(&reader->clock, uint64_t, from->thread);

	if (pw_segment_touches(reader->segment, from, *clock, &piece,
			       &batch->touches)) {
		batch->access_count = piece.accesses;
		batch->tally = piece.tally;
	}
	*clock += batch->tally.instructions;
	fill_events(reader, from, batch);
}

/* Touches of a later segment need the clock behind these accesses, which are
 * counted for it. */
static void follow_clock(struct reader *reader, uint32_t thread,
			 struct pw_batch *batch)
{
	const struct pw_accesses *accesses = &batch->accesses;

	if (!reader->touches)
		return;
	pw_tally_add(&batch->tally, accesses->kind, accesses->count);
	PW_ARRAY_AT(&reader->clock, uint64_t, thread) +=
		batch->tally.instructions;
}

/* The next accesses of a batch, and after the last of them its events. */
static void fill_accesses(struct reader *reader,
			  const struct pw_segment_batch *from,
			  struct pw_batch *batch)
{
	size_t count = from->count - reader->taken;

	if (count > PW_WINDOW_ACCESSES)
		count = PW_WINDOW_ACCESSES;
	batch->first_access += reader->taken;
	pw_segment_accesses(reader->segment, from, reader->taken, count,
			    &batch->accesses);
	batch->access_count = count;
	follow_clock(reader, from->thread, batch);
	reader->taken += count;
	batch->goes_on = reader->taken < from->count;
	if (!batch->goes_on)
		fill_events(reader, from, batch);
}

static void fill(struct reader *reader, const struct pw_segment_batch *from,
		 struct pw_batch *batch)
{
	memset(batch, 0, sizeof(*batch));
	batch->thread = from->thread;
	batch->first_access = from->position;
	if (reader->segment->touches)
		fill_touches(reader, from, batch);
	else
		fill_accesses(reader, from, batch);
}

static enum pw_status next(void *state, struct pw_trace_info *info,
			   struct pw_batch *batch, bool *more,
			   struct pw_error *err)
{
	struct reader *reader = state;

	PW_ASSERT(info->thread_count == reader->declared.threads.count);
	*more = false;
	while (!reader->segment ||
	       reader->batch == reader->segment->batches.count) {
		enum pw_status st = PW_OK;

		if (!reader->done)
			st = advance(reader, err);
		if (st != PW_OK || reader->done)
			return st;
	}
	fill(reader,
	     &PW_ARRAY_AT(&reader->segment->batches, struct pw_segment_batch,
			  reader->batch),
	     batch);
	PW_ASSERT(batch->access_count > 0 || batch->events.count > 0);
	reader->accesses += batch->access_count;
	reader->events += batch->events.count;
	*more = true;
	return PW_OK;
}

static const char *damage(const void *state)
{
	const struct reader *reader = state;

	return pw_damage_text(&reader->damage);
}

static bool totals(const void *state, struct pw_totals *out)
{
	const struct reader *reader = state;

	if (reader->list.ended && reader->damage.problems == 0) {
		*out = reader->list.totals;
		return true;
	}
	out->chunks = reader->list.chunks.count;
	return false;
}

static double progress(const void *state)
{
	const struct reader *reader = state;
	const struct pw_segment_place *place;

	if (reader->done)
		return 1;
	if (reader->segments == 0)
		return 0;
	place = &PW_ARRAY_AT(&reader->places, struct pw_segment_place,
			     reader->segments - 1);
	return (double)pw_pwt_list_at(&reader->list, place->timeline)->offset /
	       (double)reader->file.bytes;
}

const struct pw_reader_ops pw_reader_pwt = {
	.name = "pwt",
	.summary = "the trace format of pagewalk",
	.source = "formats/FORMAT.md",
	.own = true,
	.probe = probe,
	.open = open_reader,
	.next = next,
	.each = each,
	.damage = damage,
	.totals = totals,
	.progress = progress,
	.close = close_reader,
};
