/*
 * text_trace.c - what all readers of text have in common.
 */
#include "formats/readers/text_trace.h"

#include <stdarg.h>

#include "base/text.h"

/* What a message needs beside four paths. */
#define MESSAGE_BYTES (PW_TEXT_EXCERPT_BYTES + 512)

const struct pw_thread pw_text_only_thread;

/* Read on behind what is left, which moves to the front. */
static enum pw_status fill(struct pw_text_trace *text, struct pw_error *err)
{
	enum pw_status st;
	const char *newline;
	size_t got;

	text->end -= text->begin;
	memmove(text->buffer, text->buffer + text->begin, text->end);
	text->begin = 0;
	PW_ASSERT(text->end < PW_TEXT_BUFFER_BYTES);
	st = pw_source_read(text->source, text->buffer + text->end,
			    PW_TEXT_BUFFER_BYTES - text->end, &got, err);
	if (st != PW_OK)
		return st;
	text->at_end = got == 0;
	text->end += got;
	newline = memrchr(text->buffer, '\n', text->end);
	text->whole = newline ? (size_t)(newline - text->buffer) + 1 : 0;
	return PW_OK;
}

enum pw_status pw_text_open(struct pw_text_trace **out,
			    const struct pw_input *input, size_t own_bytes,
			    struct pw_error *err)
{
	struct pw_text_trace *text = calloc(1, sizeof(*text));
	enum pw_status st;

	*out = NULL;
	PW_ASSERT(input->files.count == 1);
	if (!text)
		return pw_fail_memory(err, input->path);
	text->file = &PW_ARRAY_AT(&input->files, struct pw_input_file, 0);
	text->line = 1;
	text->damage_bytes = 4 * strlen(input->path) + MESSAGE_BYTES;
	text->damage = calloc(1, text->damage_bytes);
	text->own = calloc(1, own_bytes ? own_bytes : 1);
	st = text->damage && text->own ? PW_OK
				       : pw_fail_memory(err, input->path);
	if (st == PW_OK)
		st = pw_source_open(&text->source, text->file, err);
	if (st == PW_OK)
		st = fill(text, err);
	if (st != PW_OK) {
		pw_text_close(text);
		return st;
	}
	*out = text;
	return PW_OK;
}

void pw_text_close(void *opaque)
{
	struct pw_text_trace *text = opaque;

	if (!text)
		return;
	pw_source_close(text->source);
	free(text->damage);
	free(text->own);
	free(text);
}

void pw_text_bad_line(struct pw_text_trace *text, const char *line,
		      size_t bytes)
{
	char excerpt[PW_TEXT_EXCERPT_SOURCE + 1];

	if (text->bad_lines++ > 0)
		return;
	text->first_bad_line = text->line;
	if (bytes > sizeof(excerpt) - 1)
		bytes = sizeof(excerpt) - 1;
	memcpy(excerpt, line, bytes);
	excerpt[bytes] = '\0';
	pw_text_clean(text->excerpt, sizeof(text->excerpt), excerpt);
}

/* A line that fills the buffer is no record; drop it as it comes. */
static void drop_overlong(struct pw_text_trace *text)
{
	if (text->overlong && text->whole > 0) {
		const char *newline = memchr(text->buffer, '\n', text->end);

		text->begin = (size_t)(newline - text->buffer) + 1;
		text->overlong = false;
		text->line++;
	} else if (text->whole == 0 &&
		   (text->overlong || text->end == PW_TEXT_BUFFER_BYTES)) {
		if (!text->overlong)
			pw_text_bad_line(text, text->buffer, text->end);
		text->overlong = true;
		text->begin = text->end;
	}
}

/* What is left has no '\n', so that it may be cut. */
static void end_file(struct pw_text_trace *text)
{
	const char *tail = text->buffer + text->begin;
	size_t bytes = text->end - text->begin;

	if (text->ending && bytes == strlen(text->ending) &&
	    memcmp(tail, text->ending, bytes) == 0)
		text->ended = true;
	else
		text->cut = bytes > 0 ? *tail != '#' : text->overlong;
}

/* Add to the damage, behind a "; " if it is not the first. */
static PW_PRINTF(3, 4) void add_damage(struct pw_text_trace *text, size_t *used,
				       const char *fmt, ...)
{
	va_list args;
	int n;

	if (*used > 0 && *used + 2 < text->damage_bytes) {
		memcpy(text->damage + *used, "; ", 3);
		*used += 2;
	}
	va_start(args, fmt);
	n = vsnprintf(text->damage + *used, text->damage_bytes - *used, fmt,
		      args);
	va_end(args);
	PW_ASSERT(n >= 0 && (size_t)n < text->damage_bytes - *used);
	*used += (size_t)n;
}

static void describe_damage(struct pw_text_trace *text)
{
	const char *path = text->file->path;
	const char *problem = pw_source_problem(text->source);
	size_t used = 0;

	text->damage[0] = '\0';
	if (text->bad_lines > 0)
		add_damage(text, &used,
			   "%s:%llu: %llu line%s not %s, first: \"%s\"", path,
			   (unsigned long long)text->first_bad_line,
			   (unsigned long long)text->bad_lines,
			   text->bad_lines == 1 ? " is" : "s are",
			   text->bad_lines == 1 ? "a record" : "records",
			   text->excerpt);
	if (!text->at_end)
		return;
	if (problem)
		add_damage(text, &used, "%s: %s", path, problem);
	if (text->cut)
		add_damage(text, &used, "%s:%llu: ends inside a record", path,
			   (unsigned long long)text->line);
	else if (text->ending && !text->ended)
		add_damage(text, &used, "%s: ends without %s: probably cut",
			   path, text->ending);
}

enum pw_status pw_text_next(struct pw_text_trace *text, pw_text_parse *parse,
			    struct pw_batch *batch, bool *more,
			    struct pw_error *err)
{
	enum pw_status st = PW_OK;

	text->count = 0;
	text->full = false;
	while (!text->at_end) {
		drop_overlong(text);
		if (text->begin < text->whole)
			text->begin =
				(size_t)(parse(text, text->buffer + text->begin,
					       text->buffer + text->whole) -
					 text->buffer);
		PW_ASSERT(text->begin <= text->end);
		if (text->full || text->count == PW_TEXT_BATCH)
			break;
		st = fill(text, err);
		if (st != PW_OK)
			return st;
		if (text->at_end)
			end_file(text);
	}
	describe_damage(text);
	*batch = (struct pw_batch){
		.accesses = {text->count, text->address, text->pc,
			     text->size_bytes, text->kind},
	};
	*more = text->count > 0;
	return PW_OK;
}

const char *pw_text_damage(const void *opaque)
{
	const struct pw_text_trace *text = opaque;

	return text->damage[0] ? text->damage : NULL;
}

bool pw_text_totals(const void *opaque, struct pw_totals *out)
{
	(void)opaque; /* known only after reading */
	(void)out;
	return false;
}

double pw_text_progress(const void *opaque)
{
	const struct pw_text_trace *text = opaque;
	uint64_t used = pw_source_used(text->source);

	if (text->at_end || used >= text->file->bytes)
		return text->at_end ? 1 : 0.99;
	return (double)used / (double)text->file->bytes;
}
