/*
 * chunk_sink.h - a trace file being written, chunk by chunk.
 *
 * Numbers the chunks, sums them, links them to their predecessors and puts an
 * INDEX after every 64. What the chunks hold is the caller's business.
 */
#ifndef PW_FORMATS_CHUNK_SINK_H
#define PW_FORMATS_CHUNK_SINK_H

#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"
#include "formats/layout.h"
#include "formats/writer_file.h"

struct pw_chunk_sink {
	struct pw_writer_file *file;
	struct pw_array buffer; /* uint8_t: header and payload being made */
	struct pw_array index;	/* uint8_t: payload of the next INDEX */
	uint64_t sequence;
	uint64_t previous[PW_CHUNK_KINDS]; /* offset of the last of a kind */
};

/*
 * Begin the file at @path with its header; see pw_writer_file_open.
 *
 * Owns:   @sink holds resources; end it with pw_chunk_sink_finish or
 *         pw_chunk_sink_abandon, also after a failure.
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_chunk_sink_open(struct pw_chunk_sink *sink, const char *path,
				  bool replace,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * An array of bytes that the payload of the next chunk is to be appended to.
 *
 * Owns:   the sink; good until the chunk is written.
 * Errors: NULL, with @err filled: PW_ERR_SYSTEM.
 */
struct pw_array *pw_chunk_sink_begin(struct pw_chunk_sink *sink,
				     struct pw_error *err);

/*
 * Write the chunk begun. The caller fills what it knows of @chunk; sequence,
 * payload fields, the raw_bytes of stored payloads and, except for ACCESSES
 * and TOUCHES, previous are filled here. *offset is where the chunk begins.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_chunk_sink_write(struct pw_chunk_sink *sink,
				   struct pw_chunk *chunk, uint64_t *offset,
				   struct pw_error *err) PW_MUST_CHECK;

/*
 * Write what ends a file (@totals without chunks and file_bytes, which are
 * filled in), close it and free everything, whatever happens.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_chunk_sink_finish(struct pw_chunk_sink *sink,
				    struct pw_totals *totals, uint64_t segments,
				    struct pw_error *err) PW_MUST_CHECK;

/*
 * Close and free; what was written stays.
 */
void pw_chunk_sink_abandon(struct pw_chunk_sink *sink);

#endif
