/*
 * reader_lackey.c - what Valgrind's tool lackey writes with --trace-mem=yes.
 *
 * A line is "I  ADDRESS,SIZE" for an instruction and " L", " S" or " M" for
 * each load, store or modify it makes, in this order, so that a data access
 * has the pc of the instruction before it. The trace goes to the standard
 * error, among Valgrind's own lines, which begin with ==, -- or **, and what
 * the program prints there. In a file with lines of Valgrind, others that look
 * like no record are taken as the program's; elsewhere they are damage.
 *
 * Traces with the data lines only are common in teaching. There each access is
 * taken as an instruction of its own.
 *
 * Source: Valgrind 3.19, lackey/lk_main.c.
 */
#include "formats/readers/text_number.h"
#include "formats/readers/text_trace.h"

#define PROBE_LINES 64
/* More than any memory operand has. */
#define SIZE_DIGITS 7

enum line {
	LINE_RECORD,
	LINE_VALGRIND,
	LINE_EMPTY,
	LINE_DAMAGED, /* begins as a record */
	LINE_OTHER,
};

/* What the reader keeps beside the text. */
struct state {
	bool fetches; /* the trace has instructions */
	bool logged;  /* a line of Valgrind came: others may be anybody's */
	uint64_t pc;
};

struct record {
	uint64_t address;
	uint64_t size_bytes;
	unsigned kind;
};

/* The kind of the access that a line begins with; 0: no record. */
static unsigned kind_of(const char *p)
{
	if (p[0] == 'I')
		return p[1] == ' ' && p[2] == ' ' ? PW_ACCESS_FETCH : 0;
	if (p[0] != ' ' || p[1] == '\n' || p[2] != ' ')
		return 0;
	switch (p[1]) {
	case 'L':
		return PW_ACCESS_LOAD;
	case 'S':
		return PW_ACCESS_STORE;
	case 'M':
		return PW_ACCESS_MODIFY;
	default:
		return 0;
	}
}

static enum line parse_other(const char *p)
{
	if ((p[0] == '=' || p[0] == '-' || p[0] == '*') && p[1] == p[0])
		return LINE_VALGRIND;
	return *pw_text_blanks(p) == '\n' ? LINE_EMPTY : LINE_OTHER;
}

/* Parse the line at @p; *next is behind its '\n'. */
static inline enum line parse_line(const char *p, const char **next,
				   struct record *record)
{
	const char *begin = p;

	record->kind = kind_of(p);
	if (!record->kind) {
		*next = (const char *)rawmemchr(p, '\n') + 1;
		return parse_other(p);
	}
	p = pw_text_hex(p + 3, &record->address);
	if (p && *p == ',')
		p = pw_text_decimal(p + 1, SIZE_DIGITS, &record->size_bytes);
	else
		p = NULL;
	if (p)
		p = pw_text_blanks(p);
	if (p && *p == '\n') {
		*next = p + 1;
		return LINE_RECORD;
	}
	*next = (const char *)rawmemchr(begin, '\n') + 1;
	return LINE_DAMAGED;
}

/* What the first lines hold. */
struct sniff {
	size_t records;
	size_t fetches;
	size_t valgrind;
	size_t bad;
};

static struct sniff sniff(const char *text, size_t bytes, size_t lines)
{
	const char *last = memrchr(text, '\n', bytes);
	const char *p = text;
	struct sniff s = {0};

	for (size_t i = 0; last && p <= last && i < lines; i++) {
		struct record record;
		enum line line = parse_line(p, &p, &record);

		s.records += line == LINE_RECORD;
		s.fetches +=
			line == LINE_RECORD && record.kind == PW_ACCESS_FETCH;
		s.valgrind += line == LINE_VALGRIND;
		s.bad += line == LINE_OTHER || line == LINE_DAMAGED;
	}
	return s;
}

static int probe(const uint8_t *head, size_t head_bytes)
{
	static const char title[] = "Lackey, an example Valgrind tool";
	struct sniff s = sniff((const char *)head, head_bytes, PROBE_LINES);

	if (s.valgrind > 0 &&
	    memmem(head, head_bytes, title, sizeof(title) - 1))
		return 100;
	if (s.records == 0 || s.bad > s.records + s.valgrind)
		return 0;
	return 90;
}

static const char *parse(struct pw_text_trace *text, const char *p,
			 const char *end)
{
	struct state *state = text->own;
	const unsigned data_first = state->fetches ? 0 : PW_ACCESS_FIRST;

	for (; p < end && text->count < PW_TEXT_BATCH; text->line++) {
		const char *begin = p;
		struct record record;
		enum line line = parse_line(p, &p, &record);
		bool fetch = record.kind == PW_ACCESS_FETCH;

		if (line == LINE_RECORD) {
			if (fetch)
				state->pc = record.address;
			pw_text_put(text, state->pc, record.address,
				    (uint32_t)record.size_bytes,
				    record.kind | (fetch ? PW_ACCESS_FIRST
							 : data_first));
		} else if (line == LINE_VALGRIND) {
			state->logged = true;
		} else if (line == LINE_DAMAGED ||
			   (line == LINE_OTHER && !state->logged)) {
			pw_text_bad_line(text, begin, (size_t)(p - begin) - 1);
		}
	}
	return p;
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
	start = sniff(text->buffer, text->end, SIZE_MAX);
	state->fetches = start.fetches > 0;
	state->logged = start.valgrind > 0;
	info->format = "lackey";
	info->metadata = state->fetches ? "{\"variant\":\"instructions\"}"
					: "{\"variant\":\"data only\"}";
	info->unknown = PW_UNKNOWN_THREADS | PW_UNKNOWN_MAPPINGS;
	if (!state->fetches)
		info->unknown |= PW_UNKNOWN_PCS | PW_UNKNOWN_FETCHES |
				 PW_UNKNOWN_INSTRUCTIONS;
	info->threads = &pw_text_only_thread;
	info->thread_count = 1;
	*out = text;
	return PW_OK;
}

static enum pw_status next(void *text, struct pw_trace_info *info,
			   struct pw_batch *batch, bool *more,
			   struct pw_error *err)
{
	(void)info;
	return pw_text_next(text, parse, batch, more, err);
}

const struct pw_reader_ops pw_reader_lackey = {
	.name = "lackey",
	.summary = "text of Valgrind's tool lackey, with --trace-mem=yes",
	.source = "Valgrind 3.19, lackey/lk_main.c",
	.probe = probe,
	.open = open_state,
	.next = next,
	.damage = pw_text_damage,
	.totals = pw_text_totals,
	.progress = pw_text_progress,
	.close = pw_text_close,
};
