/*
 * reader_drmemtrace.c - offline memory traces of DynamoRIO, versions 1 to 7.
 *
 * A trace is one file, or a folder of them: one of each thread, or of each
 * core. The files are merged by the time stamps in them: what follows a stamp
 * comes before what follows a later one. What is in the folder beside them is
 * known by its first record and left out, but for v2p.textproto.
 *
 * Source: DynamoRIO, clients/drcachesim/common/trace_entry.h and
 *         clients/drcachesim/reader/reader.cpp.
 */
#include "base/assert.h"
#include "base/bits.h"
#include "formats/reader.h"
#include "formats/readers/drmem_stream.h"
#include "formats/readers/drmem_v2p.h"
#include "formats/readers/thread_list.h"

#define METADATA_BYTES 160
#define EVENTS_MAX 1024

struct state {
	struct pw_array streams; /* struct pw_drmem_stream */
	struct pw_array heap;  /* uint32_t: streams not done, the earliest first
				*/
	struct pw_array pages; /* struct pw_drmem_page: of the v2p file */
	size_t page;	       /* the next to be told */
	struct pw_thread_list threads;
	struct pw_array cpus; /* uint64_t by thread: where it ran last, plus 1
			       */
	struct pw_damage damage;
	uint64_t first_stamp;
	uint64_t file_bytes;
	uint32_t thread; /* of the batch */
	size_t event_count;
	uint16_t event_kind[EVENTS_MAX];
	uint64_t event_result[EVENTS_MAX];
	uint64_t event_arg[EVENTS_MAX][PW_EVENT_ARGS];
	const char *event_text[EVENTS_MAX];
	char metadata[METADATA_BYTES];
	struct pw_drmem_batch batch;
};

static struct pw_drmem_stream *stream_at(const struct state *state, size_t i)
{
	return &PW_ARRAY_AT(&state->streams, struct pw_drmem_stream, i);
}

/* ---- the order of files ---- */

static struct pw_drmem_stream *heap_stream(const struct state *state, size_t i)
{
	return stream_at(state, PW_ARRAY_AT(&state->heap, uint32_t, i));
}

static bool is_before(const struct state *state, size_t a, size_t b)
{
	uint32_t x = PW_ARRAY_AT(&state->heap, uint32_t, a);
	uint32_t y = PW_ARRAY_AT(&state->heap, uint32_t, b);
	uint64_t at_x = stream_at(state, x)->stamp;
	uint64_t at_y = stream_at(state, y)->stamp;

	return at_x != at_y ? at_x < at_y : x < y;
}

/* Let the item at @i sink to its place. */
static void sift(struct state *state, size_t i)
{
	uint32_t *heap = state->heap.data;

	for (;;) {
		size_t least = i;

		for (size_t child = 2 * i + 1; child <= 2 * i + 2; child++)
			if (child < state->heap.count &&
			    is_before(state, child, least))
				least = child;
		if (least == i)
			return;
		uint32_t other = heap[i];

		heap[i] = heap[least];
		heap[least] = other;
		i = least;
	}
}

/* Whether the first stream is still the earliest. */
static bool is_earliest(const struct state *state)
{
	for (size_t child = 1; child <= 2; child++)
		if (child < state->heap.count && is_before(state, child, 0))
			return false;
	return true;
}

static void drop_first(struct state *state)
{
	uint32_t *heap = state->heap.data;

	heap[0] = heap[--state->heap.count];
	sift(state, 0);
}

/* ---- threads and events ---- */

static enum pw_status find_thread(struct state *state,
				  struct pw_drmem_stream *stream,
				  struct pw_trace_info *info,
				  struct pw_error *err)
{
	struct pw_thread thread = {
		.pid = (uint32_t)stream->pid,
		.tid = (uint32_t)stream->tid,
	};
	enum pw_status st;

	if (stream->thread != PW_DRMEM_NO_THREAD)
		return PW_OK;
	st = pw_thread_list_find(&state->threads, &thread, stream->pid,
				 &stream->thread, err);
	while (st == PW_OK && state->cpus.count < state->threads.threads.count)
		st = pw_array_push(&state->cpus, NULL, err);
	pw_thread_list_show(&state->threads, info);
	return st;
}

static void add_event(struct state *state, enum pw_event_kind kind, uint64_t a,
		      uint64_t b, uint64_t c)
{
	size_t i = state->event_count++;

	PW_ASSERT(i < EVENTS_MAX);
	state->event_kind[i] = (uint16_t)kind;
	state->event_result[i] = 0;
	memset(state->event_arg[i], 0, sizeof(state->event_arg[i]));
	state->event_arg[i][0] = a;
	state->event_arg[i][1] = b;
	state->event_arg[i][2] = c;
	state->event_text[i] = "";
}

static void note_cpu(struct state *state, const struct pw_drmem_stream *stream,
		     uint64_t value)
{
	uint64_t *last = &PW_ARRAY_AT(&state->cpus, uint64_t, stream->thread);
	uint64_t cpu = value & ((1U << PW_DRMEM_CPU_BITS) - 1);
	uint64_t since = stream->stamp - state->first_stamp;

	if (value == PW_DRMEM_CPU_UNKNOWN || *last == cpu + 1)
		return;
	*last = cpu + 1;
	add_event(state, PW_EVENT_cpu, cpu,
		  stream->stamp > state->first_stamp ? since * 1000 : 0, 0);
}

/* Events that a marker stands for. */
static void note_marker(struct state *state, struct pw_drmem_stream *stream,
			const struct pw_drmem_record *record)
{
	uint64_t mask = stream->page_bytes - 1;

	switch (record->size) {
	case PW_DRMEM_CPU_ID:
		note_cpu(state, stream, record->address);
		break;
	case PW_DRMEM_VIRTUAL:
		add_event(state, PW_EVENT_frame, record->address & ~mask,
			  stream->page_bytes, stream->physical & ~mask);
		break;
	case PW_DRMEM_WINDOW_ID:
		if (stream->window > 0 && stream->window != record->address + 1)
			add_event(state, PW_EVENT_gap, 0, 0, 0);
		stream->window = record->address + 1;
		break;
	default:
		break;
	}
}

/* Take the record at which the first stream stopped. */
static enum pw_status take_record(struct state *state,
				  struct pw_drmem_stream *stream,
				  struct pw_trace_info *info,
				  struct pw_error *err)
{
	struct pw_drmem_record record;
	enum pw_status st;

	pw_drmem_take_record(stream, &record);
	/* A core that is idle has no thread, and its markers mean nothing. */
	if (record.type != PW_DRMEM_MARKER || stream->tid == 0)
		return PW_OK;
	st = find_thread(state, stream, info, err);
	if (st != PW_OK)
		return st;
	/* Events follow the accesses of their thread, or of none. */
	if (state->batch.count == 0)
		state->thread = stream->thread;
	PW_ASSERT(state->thread == stream->thread);
	note_marker(state, stream, &record);
	return PW_OK;
}

/* ---- beginning ---- */

static bool is_header(const uint8_t *record)
{
	uint64_t version = pw_load64(record + 4);

	return pw_load16(record) == PW_DRMEM_HEADER && version >= 1 &&
	       version <= UINT16_MAX;
}

/* The second record of a 32-bit trace, where the first one's end would be. */
static bool is_narrow(const uint8_t *head, size_t head_bytes)
{
	return head_bytes >= (size_t)2 * PW_DRMEM_BYTES_32 &&
	       pw_load16(head) == PW_DRMEM_HEADER &&
	       pw_load16(head + PW_DRMEM_BYTES_32) == PW_DRMEM_MARKER &&
	       pw_load16(head + PW_DRMEM_BYTES_32 + 2) == PW_DRMEM_VERSION;
}

static int probe(const uint8_t *head, size_t head_bytes)
{
	if (is_narrow(head, head_bytes))
		return 90;
	if (head_bytes < PW_DRMEM_BYTES || !is_header(head))
		return 0;
	if (head_bytes < (size_t)2 * PW_DRMEM_BYTES)
		return 60;
	return pw_load16(head + PW_DRMEM_BYTES) < PW_DRMEM_TYPES ? 95 : 0;
}

/* Refuse what is of another kind; the fault names what to do. */
static enum pw_status check_kind(const struct pw_drmem_stream *stream,
				 struct pw_error *err)
{
	const char *path = stream->file->path;

	if (stream->file_type & (PW_DRMEM_ARM32 | PW_DRMEM_X86_32))
		return pw_fail(err, PW_ERR_FORMAT,
			       "%s: a trace of a 32-bit program", path);
	if (stream->version <= PW_DRMEM_VERSION_MAX)
		return PW_OK;
	return pw_fail(err, PW_ERR_FORMAT,
		       "%s: version %llu, which this pagewalk cannot read",
		       path, (unsigned long long)stream->version);
}

/*
 * Read up to the first time stamp or access; of another file nothing is read.
 */
static enum pw_status begin_stream(struct state *state,
				   struct pw_drmem_stream *stream,
				   struct pw_error *err)
{
	struct pw_drmem_record record = {.type = PW_DRMEM_TYPES};
	enum pw_drmem_stop stop;
	enum pw_status st;

	do {
		st = pw_drmem_decode(stream, &state->batch, &state->damage,
				     &stop, err);
		if (st != PW_OK || stop != PW_DRMEM_STOP_RECORD)
			return st;
		if (stream->offset == 0 &&
		    is_narrow(stream->buffer, stream->end))
			stream->file_type |= PW_DRMEM_X86_32;
		pw_drmem_take_record(stream, &record);
		st = check_kind(stream, err);
	} while (st == PW_OK && (record.type != PW_DRMEM_MARKER ||
				 record.size != PW_DRMEM_TIMESTAMP));
	return st;
}

/* Whether the unpacked @file begins as a trace does. */
static enum pw_status look_at(const struct pw_input_file *file, bool *ours,
			      struct pw_error *err)
{
	uint8_t head[2 * PW_DRMEM_BYTES];
	struct pw_source *source;
	enum pw_status st = pw_source_open(&source, file, err);
	size_t got = 0;

	if (st == PW_OK)
		st = pw_source_read(source, head, sizeof(head), &got, err);
	*ours = st == PW_OK && probe(head, got) > 0;
	pw_source_close(source);
	return st;
}

static enum pw_status add_file(struct state *state,
			       const struct pw_input_file *file, bool in_folder,
			       struct pw_error *err)
{
	uint32_t index = (uint32_t)state->streams.count;
	struct pw_drmem_stream stream;
	enum pw_status st;
	bool ours;

	if (pw_drmem_v2p_named(file->path))
		return pw_drmem_v2p_read(&state->pages, file, &state->damage,
					 err);
	st = look_at(file, &ours, err);
	if (st != PW_OK || !ours)
		return st;
	st = pw_drmem_open(&stream, file, in_folder, err);
	if (st == PW_OK)
		st = pw_array_push(&state->streams, &stream, err);
	if (st != PW_OK) {
		pw_drmem_close(&stream);
		return st;
	}
	state->file_bytes += file->bytes;
	st = begin_stream(state, stream_at(state, index), err);
	if (st == PW_OK)
		st = pw_array_push(&state->heap, &index, err);
	return st;
}

static enum pw_status add_files(struct state *state,
				const struct pw_input *input,
				struct pw_error *err)
{
	enum pw_status st = PW_OK;

	for (size_t i = 0; st == PW_OK && i < input->files.count; i++)
		st = add_file(
			state,
			&PW_ARRAY_AT(&input->files, struct pw_input_file, i),
			input->folder, err);
	if (st == PW_OK && state->streams.count == 0)
		st = pw_fail(err, PW_ERR_FORMAT,
			     "%s: does not begin with the header of a trace",
			     input->path);
	for (size_t i = state->heap.count; st == PW_OK && i-- > 0;)
		sift(state, i);
	return st;
}

static void describe(struct state *state, struct pw_trace_info *info)
{
	const struct pw_drmem_stream *first = stream_at(state, 0);
	const char *packing = pw_source_packing(first->source);
	uint64_t types = 0;

	for (size_t i = 0; i < state->streams.count; i++)
		types |= stream_at(state, i)->file_type;
	snprintf(state->metadata, sizeof(state->metadata),
		 "{\"version\":%llu,\"file_type\":\"0x%llx\",\"files\":%zu,"
		 "\"packing\":\"%s\"}",
		 (unsigned long long)first->version, (unsigned long long)types,
		 state->streams.count, packing ? packing : "none");
	info->format = "drmemtrace";
	info->metadata = state->metadata;
	info->unknown = PW_UNKNOWN_MAPPINGS;
	if (types & (PW_DRMEM_FILTERED | PW_DRMEM_I_FILTERED))
		info->unknown |= PW_UNKNOWN_FETCHES | PW_UNKNOWN_INSTRUCTIONS |
				 PW_UNKNOWN_ACCESSES;
	if (types & (PW_DRMEM_NO_DATA | PW_DRMEM_D_FILTERED))
		info->unknown |= PW_UNKNOWN_ACCESSES;
}

static void close_state(void *opaque)
{
	struct state *state = opaque;

	if (!state)
		return;
	for (size_t i = 0; i < state->streams.count; i++)
		pw_drmem_close(stream_at(state, i));
	pw_array_free(&state->streams);
	pw_array_free(&state->heap);
	pw_array_free(&state->pages);
	pw_array_free(&state->cpus);
	pw_thread_list_free(&state->threads);
	free(state);
}

static enum pw_status open_state(void **out, const struct pw_input *input,
				 const struct pw_trace_options *options,
				 struct pw_trace_info *info,
				 struct pw_error *err)
{
	struct state *state = calloc(1, sizeof(*state));
	enum pw_status st;

	(void)options; /* the caller cuts at epochs */
	*out = NULL;
	if (!state)
		return pw_fail_memory(err, input->path);
	state->streams = (struct pw_array)PW_ARRAY(struct pw_drmem_stream);
	state->heap = (struct pw_array)PW_ARRAY(uint32_t);
	state->pages = (struct pw_array)PW_ARRAY(struct pw_drmem_page);
	state->cpus = (struct pw_array)PW_ARRAY(uint64_t);
	pw_damage_init(&state->damage, input->path);
	st = pw_thread_list_open(&state->threads, err);
	if (st == PW_OK)
		st = add_files(state, input, err);
	if (st == PW_OK) {
		struct pw_drmem_stream *first = heap_stream(state, 0);

		state->first_stamp = first->stamp;
		if (state->pages.count > 0)
			st = find_thread(state, first, info, err);
	}
	if (st != PW_OK) {
		close_state(state);
		return st;
	}
	describe(state, info);
	*out = state;
	return PW_OK;
}

/* ---- reading ---- */

/* The next pages of the v2p file, as events of the first thread. */
static void tell_pages(struct state *state)
{
	state->thread = 0;
	while (state->page < state->pages.count &&
	       state->event_count < EVENTS_MAX) {
		const struct pw_drmem_page *page = &PW_ARRAY_AT(
			&state->pages, struct pw_drmem_page, state->page++);

		add_event(state, PW_EVENT_frame, page->address, page->bytes,
			  page->physical);
	}
}

/* Whether the batch must end before more of the first stream comes. */
static bool is_full(const struct state *state)
{
	const struct pw_drmem_stream *first = heap_stream(state, 0);

	return state->event_count > 0 ||
	       (state->batch.count > 0 && first->thread != state->thread);
}

/* Go on with the first stream until it stops for whatever reason. */
static enum pw_status advance(struct state *state, struct pw_trace_info *info,
			      bool *full, struct pw_error *err)
{
	struct pw_drmem_stream *first = heap_stream(state, 0);
	enum pw_drmem_stop stop;
	enum pw_status st;

	if (state->batch.count == 0)
		state->thread = first->thread;
	st = pw_drmem_decode(first, &state->batch, &state->damage, &stop, err);
	if (st != PW_OK)
		return st;
	*full = stop == PW_DRMEM_STOP_FULL;
	if (stop == PW_DRMEM_STOP_THREAD) {
		st = find_thread(state, first, info, err);
	} else if (stop == PW_DRMEM_STOP_RECORD) {
		st = take_record(state, first, info, err);
		if (st == PW_OK && !is_earliest(state))
			sift(state, 0);
	} else if (stop == PW_DRMEM_STOP_END) {
		drop_first(state);
	}
	return st;
}

static enum pw_status next(void *opaque, struct pw_trace_info *info,
			   struct pw_batch *batch, bool *more,
			   struct pw_error *err)
{
	struct state *state = opaque;
	bool full = false;

	state->batch.count = 0;
	state->event_count = 0;
	tell_pages(state);
	while (state->heap.count > 0 && !full && !is_full(state)) {
		enum pw_status st = advance(state, info, &full, err);

		if (st != PW_OK)
			return st;
	}
	*batch = (struct pw_batch){
		.thread = state->thread,
		.accesses = {state->batch.count, state->batch.address,
			     state->batch.pc, state->batch.size_bytes,
			     state->batch.kind},
		.events = {state->event_count, state->event_kind,
			   state->event_result,
			   (const uint64_t(*)[PW_EVENT_ARGS])state->event_arg,
			   state->event_text},
	};
	*more = state->batch.count > 0 || state->event_count > 0;
	return PW_OK;
}

static const char *damage(const void *opaque)
{
	const struct state *state = opaque;

	return pw_damage_text(&state->damage);
}

static bool totals(const void *opaque, struct pw_totals *out)
{
	(void)opaque; /* known only after reading */
	(void)out;
	return false;
}

static double progress(const void *opaque)
{
	const struct state *state = opaque;
	uint64_t used = 0;

	if (state->heap.count == 0)
		return 1;
	for (size_t i = 0; i < state->streams.count; i++)
		used += pw_source_used(stream_at(state, i)->source);
	return used < state->file_bytes
		       ? (double)used / (double)state->file_bytes
		       : 0.99;
}

const struct pw_reader_ops pw_reader_drmemtrace = {
	.name = "drmemtrace",
	.summary = "offline memory traces of DynamoRIO",
	.source = "DynamoRIO, clients/drcachesim/common/trace_entry.h",
	.folders = true,
	.probe = probe,
	.open = open_state,
	.next = next,
	.damage = damage,
	.totals = totals,
	.progress = progress,
	.close = close_state,
};
