/*
 * reader_perf.c - perf script of what perf mem record sampled.
 *
 * A sample is one access in thousands, so the trace is marked as leaving
 * accesses out. Prefetches and samples of unknown operations are no accesses.
 * Without a process id each thread is taken as a process of its own.
 *
 * Source: Linux tools/perf/builtin-script.c and util/mem-events.c.
 */
#include "formats/readers/perf_line.h"
#include "formats/readers/text_trace.h"
#include "formats/readers/thread_list.h"

#define PROBE_LINES 32
#define METADATA_BYTES 64

/* What the reader keeps beside the text. */
struct state {
	struct pw_thread_list threads;
	enum pw_status failure; /* of the thread list, inside of parse */
	struct pw_error err;
	uint32_t thread; /* of the batch */
	char metadata[METADATA_BYTES];
};

/* What the first lines hold. */
struct sniff {
	size_t samples;
	size_t bad;
	uint64_t period; /* of the first sample that tells it */
	bool pcs;
};

static struct sniff sniff(const char *text, size_t bytes, size_t lines)
{
	const char *end = text + bytes;
	struct sniff s = {0};

	for (size_t i = 0; i < lines; i++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		struct pw_perf_sample sample;
		enum pw_perf_line line;

		if (!newline)
			break;
		line = pw_perf_parse(text, (size_t)(newline - text), &sample);
		text = newline + 1;
		s.samples +=
			line == PW_PERF_SAMPLE || line == PW_PERF_NO_ACCESS;
		s.bad += line == PW_PERF_OTHER;
		s.pcs |= line == PW_PERF_SAMPLE && sample.pc != 0;
		if (s.period == 0)
			s.period = sample.period;
	}
	return s;
}

static int probe(const uint8_t *head, size_t head_bytes)
{
	struct sniff s = sniff((const char *)head, head_bytes, PROBE_LINES);

	return s.samples > s.bad ? 95 : 0;
}

/* Find the sample's thread; false when the batch must end before it. */
static bool take_thread(struct pw_text_trace *text, struct state *state,
			const struct pw_perf_sample *sample)
{
	const struct pw_thread thread = {.pid = sample->pid,
					 .tid = sample->tid};
	uint64_t key =
		sample->pid ? sample->pid : (uint64_t)1 << 32 | sample->tid;
	uint32_t index;

	state->failure = pw_thread_list_find(&state->threads, &thread, key,
					     &index, &state->err);
	if (state->failure != PW_OK ||
	    (text->count > 0 && index != state->thread)) {
		text->full = true;
		return false;
	}
	state->thread = index;
	return true;
}

static const char *parse(struct pw_text_trace *text, const char *p,
			 const char *end)
{
	struct state *state = text->own;

	for (; p < end && text->count < PW_TEXT_BATCH; text->line++) {
		const char *newline = rawmemchr(p, '\n');
		size_t bytes = (size_t)(newline - p);
		struct pw_perf_sample sample;
		enum pw_perf_line line = pw_perf_parse(p, bytes, &sample);

		if (line == PW_PERF_OTHER)
			pw_text_bad_line(text, p, bytes);
		if (line == PW_PERF_SAMPLE) {
			if (!take_thread(text, state, &sample))
				return p;
			pw_text_put(text, sample.pc, sample.address, 0,
				    sample.kind | PW_ACCESS_FIRST);
		}
		p = newline + 1;
	}
	return p;
}

static void close_state(void *opaque)
{
	struct pw_text_trace *text = opaque;
	struct state *state = text ? text->own : NULL;

	if (state)
		pw_thread_list_free(&state->threads);
	pw_text_close(text);
}

static enum pw_status open_state(void **out, const struct pw_input *input,
				 const struct pw_trace_options *options,
				 struct pw_trace_info *info,
				 struct pw_error *err)
{
	struct pw_text_trace *text;
	struct state *state;
	struct sniff start;
	enum pw_status st;

	(void)options; /* the caller cuts at epochs */
	*out = NULL;
	st = pw_text_open(&text, input, sizeof(*state), err);
	if (st != PW_OK)
		return st;
	state = text->own;
	st = pw_thread_list_open(&state->threads, err);
	if (st != PW_OK) {
		close_state(text);
		return st;
	}
	start = sniff(text->buffer, text->end, SIZE_MAX);
	snprintf(state->metadata, sizeof(state->metadata),
		 "{\"sampled\":true,\"period\":%llu}",
		 (unsigned long long)start.period);
	info->format = "perf";
	info->metadata = state->metadata;
	info->unknown = PW_UNKNOWN_SIZES | PW_UNKNOWN_MAPPINGS |
			PW_UNKNOWN_FETCHES | PW_UNKNOWN_INSTRUCTIONS |
			PW_UNKNOWN_ACCESSES | (start.pcs ? 0 : PW_UNKNOWN_PCS);
	*out = text;
	return PW_OK;
}

static enum pw_status next(void *opaque, struct pw_trace_info *info,
			   struct pw_batch *batch, bool *more,
			   struct pw_error *err)
{
	struct pw_text_trace *text = opaque;
	struct state *state = text->own;
	enum pw_status st = pw_text_next(text, parse, batch, more, err);

	pw_thread_list_show(&state->threads, info);
	batch->thread = state->thread;
	if (st == PW_OK && state->failure != PW_OK) {
		*err = state->err;
		st = state->failure;
	}
	return st;
}

const struct pw_reader_ops pw_reader_perf = {
	.name = "perf",
	.summary = "perf script of samples of perf mem record",
	.source = "Linux tools/perf/builtin-script.c, util/mem-events.c",
	.probe = probe,
	.open = open_state,
	.next = next,
	.damage = pw_text_damage,
	.totals = pw_text_totals,
	.progress = pw_text_progress,
	.close = close_state,
};
