/*
 * writer.h - write a trace in the native container.
 *
 * Calls come in the global order of the recording; the writer cuts them into
 * segments of independent chunks (formats/FORMAT.md). A segment is in the file
 * once it is whole, so a killed recorder loses at most the open one.
 */
#ifndef PW_FORMATS_WRITER_H
#define PW_FORMATS_WRITER_H

#include "base/status.h"
#include "formats/batch.h"
#include "formats/trace.h"

struct pw_writer;

/* What is kept of accesses. */
enum pw_writer_keep {
	PW_KEEP_ACCESSES,
	PW_KEEP_TOUCHES, /* and nothing else */
	PW_KEEP_ALL,	 /* both */
};

/* Accesses of which all touches fit into a chunk. */
#define PW_WRITER_TOUCHED_MAX ((uint64_t)1 << 22)

struct pw_writer_options {
	const char *metadata;	   /* JSON object; NULL means "{}" */
	unsigned unknown;	   /* enum pw_trace_unknown bits */
	uint64_t segment_accesses; /* accesses a segment; 0: 1 Mi,
				      dense: as many as pay */
	int zstd_level;		   /* 0: 3, and 1 for executions of shapes */
	enum pw_writer_keep keep;
	bool dense;   /* executions in the smallest form, in long
			 segments; takes time and memory */
	bool replace; /* write beside and rename at close; else
			 straight into the file (recordings) */
};

/*
 * The zstd level that touches are packed with.
 */
int pw_writer_touch_level(const struct pw_writer_options *options);

/*
 * Begin a trace file, readable by its owner only (mode 0600).
 *
 * With options->replace an existing file stays until pw_writer_close has
 * everything on disk. Without it an existing file is first renamed to
 * PATH.old, since a recording must be readable after a kill. A symbolic link
 * stays, and PATH stands for what it leads to.
 *
 * Owns:   *out is the caller's; end it with pw_writer_close or
 *         pw_writer_abandon.
 * Errors: PW_ERR_OUTPUT the file cannot be made; PW_ERR_SYSTEM.
 */
enum pw_status pw_writer_open(struct pw_writer **out, const char *path,
			      const struct pw_writer_options *options,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Declare a thread; its index is how many were declared before it.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_writer_thread(struct pw_writer *writer,
				const struct pw_thread *thread,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * Declare a module. The path is copied.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_writer_module(struct pw_writer *writer,
				const struct pw_module *module,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * Append accesses of one declared thread, after all that came before.
 *
 * Errors: PW_ERR_OUTPUT the disk is full or failing: what was flushed stays
 *         readable; PW_ERR_SYSTEM.
 */
enum pw_status pw_writer_accesses(struct pw_writer *writer, uint32_t thread,
				  const struct pw_accesses *accesses,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * Append one event of a declared thread, after all that came before.
 *
 * Errors: as pw_writer_accesses.
 */
enum pw_status pw_writer_event(struct pw_writer *writer, uint32_t thread,
			       const struct pw_event *event,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * Append the events of a batch.
 *
 * Errors: as pw_writer_accesses.
 */
enum pw_status pw_writer_events(struct pw_writer *writer, uint32_t thread,
				const struct pw_events *events,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * End the open segment now: every declaration, access and event accepted so
 * far is in the file, and readable after a kill. Does nothing when nothing
 * came since the last segment.
 *
 * Errors: as pw_writer_accesses.
 * Cost:   a segment compresses on its own, so flush seldom.
 */
enum pw_status pw_writer_flush(struct pw_writer *writer,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * Bytes in the file and accesses accepted so far.
 *
 * Units: bytes, accesses.
 */
void pw_writer_totals(const struct pw_writer *writer, struct pw_totals *out);

/*
 * End the open segment, write index and footer, sync, rename where asked, and
 * free the writer, whatever happens.
 *
 * Errors: PW_ERR_OUTPUT.
 */
enum pw_status pw_writer_close(struct pw_writer *writer,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * Free the writer after a failure. A file written in place keeps its whole
 * segments; with options->replace the unfinished one is removed and the target
 * stands. NULL is allowed.
 */
void pw_writer_abandon(struct pw_writer *writer);

#endif
