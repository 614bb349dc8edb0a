/*
 * text_trace.h - what all readers of text have in common.
 *
 * A reader brings a parser of whole lines; reading, unpacking, lines that are
 * longer than any buffer, batches, and saying what was no record are done here.
 */
#ifndef PW_FORMATS_READERS_TEXT_TRACE_H
#define PW_FORMATS_READERS_TEXT_TRACE_H

#include "base/assert.h"
#include "formats/reader.h"
#include "formats/source.h"

#define PW_TEXT_BATCH 65536
#define PW_TEXT_BUFFER_BYTES ((size_t)1 << 18)
#define PW_TEXT_EXCERPT_SOURCE 40
#define PW_TEXT_EXCERPT_BYTES (4 * PW_TEXT_EXCERPT_SOURCE + 1)

/* Only pw_text_put and the parsers look inside. */
struct pw_text_trace {
	struct pw_source *source;
	const struct pw_input_file *file;
	void *own;   /* the reader's; freed with the rest */
	bool at_end; /* all is parsed */
	const char
		*ending; /* set by a reader: what ends a whole file, or NULL */
	bool ended;	 /* it was there */
	bool cut;	 /* the last line has no end */
	bool overlong;	 /* inside a line longer than the buffer */
	bool full;	 /* set by a parser: the batch must end here */
	uint64_t line;	 /* number of the next line, from 1 */
	uint64_t bad_lines;
	uint64_t first_bad_line;
	size_t begin; /* of what is not yet parsed */
	size_t whole; /* end of the last whole line */
	size_t end;   /* of what was read */
	size_t count; /* accesses in the batch */
	char *damage;
	size_t damage_bytes;
	char excerpt[PW_TEXT_EXCERPT_BYTES];
	uint64_t address[PW_TEXT_BATCH];
	uint64_t pc[PW_TEXT_BATCH];
	uint32_t size_bytes[PW_TEXT_BATCH];
	uint8_t kind[PW_TEXT_BATCH];
	char buffer[PW_TEXT_BUFFER_BYTES];
};

/*
 * Parse whole lines from @line on, before @end, which is behind a '\n': put
 * accesses, count lines, note those that are bad, until none is left or the
 * batch is full. Returns where it stopped.
 */
typedef const char *pw_text_parse(struct pw_text_trace *text, const char *line,
				  const char *end);

/*
 * Read the beginning of the only file of @input; @own_bytes are zeroed memory
 * for the reader. text->buffer then holds text->end bytes.
 *
 * Owns:   *out is the caller's; free it with pw_text_close. NULL on failure.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_text_open(struct pw_text_trace **out,
			    const struct pw_input *input, size_t own_bytes,
			    struct pw_error *err) PW_MUST_CHECK;

/*
 * Fill @batch, all of thread 0, as struct pw_reader_ops says of next.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_text_next(struct pw_text_trace *text, pw_text_parse *parse,
			    struct pw_batch *batch, bool *more,
			    struct pw_error *err) PW_MUST_CHECK;

/*
 * Note that @bytes at @line, the line's end left out, are no record.
 */
void pw_text_bad_line(struct pw_text_trace *text, const char *line,
		      size_t bytes);

/*
 * As struct pw_reader_ops says of damage; @opaque is a struct pw_text_trace.
 *
 * Owns: the text.
 */
const char *pw_text_damage(const void *opaque);

/*
 * As struct pw_reader_ops says of totals: nothing is stored.
 */
bool pw_text_totals(const void *opaque, struct pw_totals *out);

/*
 * As struct pw_reader_ops says of progress.
 */
double pw_text_progress(const void *opaque);

/*
 * Free a struct pw_text_trace. NULL is allowed.
 */
void pw_text_close(void *opaque);

/* The thread of a trace that does not tell threads apart. */
extern const struct pw_thread pw_text_only_thread;

/* Add an access to the batch, which is not full. */
static inline void pw_text_put(struct pw_text_trace *text, uint64_t pc,
			       uint64_t address, uint32_t size_bytes,
			       unsigned kind)
{
	size_t i = text->count++;

	PW_DEBUG_ASSERT(i < PW_TEXT_BATCH);
	text->address[i] = address;
	text->pc[i] = pc;
	text->size_bytes[i] = size_bytes;
	text->kind[i] = (uint8_t)kind;
}

#endif
