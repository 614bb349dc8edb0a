/*
 * reader_din.c - the text format of the cache simulator Dinero.
 *
 * A line is "LABEL ADDRESS": 0 a load, 1 a store, 2 an instruction fetch; 3
 * and 4 are escapes for the simulator and no accesses. What follows the
 * address is ignored. Nothing says which instruction made a data access, and
 * without fetches each access is taken as an instruction of its own.
 *
 * Source: M. D. Hill, Dinero III, dinero(1), "input format".
 */
#include "formats/readers/text_number.h"
#include "formats/readers/text_trace.h"

#define PROBE_LINES 64

enum label {
	LABEL_LOAD,
	LABEL_STORE,
	LABEL_FETCH,
	LABEL_ESCAPE,
	LABEL_FLUSH,
	LABEL_NONE, /* an empty line or a comment */
	LABEL_BAD,
};

/* What the reader keeps beside the text. */
struct state {
	bool fetches;
};

/* Parse the line at @p; *next is behind its '\n'. */
static inline enum label parse_line(const char *p, const char **next,
				    uint64_t *address)
{
	const char *begin = p;
	unsigned label;

	p = pw_text_blanks(p);
	label = (unsigned)(*p - '0');
	if (label <= LABEL_FLUSH && (p[1] == ' ' || p[1] == '\t')) {
		p = pw_text_blanks(p + 1);
		if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X'))
			p += 2;
		p = pw_text_hex(p, address);
		if (p && *p == '\n') {
			*next = p + 1;
			return (enum label)label;
		}
		if (p && (*p == ' ' || *p == '\t' || *p == '\r')) {
			*next = (const char *)rawmemchr(p, '\n') + 1;
			return (enum label)label;
		}
		p = begin;
	}
	*next = (const char *)rawmemchr(p, '\n') + 1;
	return *p == '\n' || *p == '#' ? LABEL_NONE : LABEL_BAD;
}

/* What the first lines hold. */
struct sniff {
	size_t accesses;
	size_t fetches;
	size_t bad;
};

static struct sniff sniff(const char *text, size_t bytes, size_t lines)
{
	const char *last = memrchr(text, '\n', bytes);
	const char *p = text;
	struct sniff s = {0};

	for (size_t i = 0; last && p <= last && i < lines; i++) {
		uint64_t address;
		enum label label = parse_line(p, &p, &address);

		s.accesses += label <= LABEL_FETCH;
		s.fetches += label == LABEL_FETCH;
		s.bad += label == LABEL_BAD;
	}
	return s;
}

static int probe(const uint8_t *head, size_t head_bytes)
{
	struct sniff s = sniff((const char *)head, head_bytes, PROBE_LINES);

	return s.accesses > s.bad ? 60 : 0;
}

static const char *parse(struct pw_text_trace *text, const char *p,
			 const char *end)
{
	static const uint8_t kinds[] = {PW_ACCESS_LOAD, PW_ACCESS_STORE};
	const struct state *state = text->own;
	const unsigned data_first = state->fetches ? 0 : PW_ACCESS_FIRST;

	for (; p < end && text->count < PW_TEXT_BATCH; text->line++) {
		const char *begin = p;
		uint64_t address;
		enum label label = parse_line(p, &p, &address);

		if (label <= LABEL_STORE)
			pw_text_put(text, 0, address, 0,
				    kinds[label] | data_first);
		else if (label == LABEL_FETCH)
			pw_text_put(text, address, address, 0,
				    PW_ACCESS_FETCH | PW_ACCESS_FIRST);
		else if (label == LABEL_BAD)
			pw_text_bad_line(text, begin, (size_t)(p - begin) - 1);
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
	enum pw_status st;

	(void)options; /* the caller cuts at epochs */
	*out = NULL;
	st = pw_text_open(&text, input, sizeof(*state), err);
	if (st != PW_OK)
		return st;
	state = text->own;
	state->fetches = sniff(text->buffer, text->end, SIZE_MAX).fetches > 0;
	info->format = "din";
	info->unknown = PW_UNKNOWN_SIZES | PW_UNKNOWN_PCS | PW_UNKNOWN_THREADS |
			PW_UNKNOWN_MAPPINGS;
	if (!state->fetches)
		info->unknown |= PW_UNKNOWN_FETCHES | PW_UNKNOWN_INSTRUCTIONS;
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

const struct pw_reader_ops pw_reader_din = {
	.name = "din",
	.summary = "text of the cache simulator Dinero",
	.source = "M. D. Hill, Dinero III, dinero(1)",
	.probe = probe,
	.open = open_state,
	.next = next,
	.damage = pw_text_damage,
	.totals = pw_text_totals,
	.progress = pw_text_progress,
	.close = pw_text_close,
};
