/*
 * ready_segment.h - a segment packed away from the writer that will have it.
 */
#ifndef PW_FORMATS_READY_SEGMENT_H
#define PW_FORMATS_READY_SEGMENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"
#include "formats/layout.h"
#include "formats/tally.h"
#include "formats/timeline.h"

/*
 * A chunk: of its header are filled kind, flags, codec, thread, the counts, the
 * pages, raw_bytes and payload_bytes.
 */
struct pw_ready_chunk {
	struct pw_chunk chunk;
	size_t at; /* of its payload */
};

/*
 * What is kept of the accesses, ACCESSES or TOUCHES or both, in ascending order
 * of threads, and then TIMELINE.
 */
struct pw_ready_segment {
	struct pw_array chunks;	     /* struct pw_ready_chunk */
	struct pw_array payload;     /* uint8_t: of all of them */
	struct pw_timeline timeline; /* what the last one holds */
	struct pw_tally tally;
	uint64_t accesses;
	uint64_t events;
};

#define PW_READY_SEGMENT                                            \
	{                                                           \
		PW_ARRAY(struct pw_ready_chunk), PW_ARRAY(uint8_t), \
			PW_TIMELINE, {0}, 0, 0                      \
	}

struct pw_writer;
struct pw_writer_segment;
struct pw_chunk_sink;
struct pw_shape_book;

/*
 * Free what it holds.
 */
void pw_ready_segment_free(struct pw_ready_segment *ready);

/*
 * Write the chunks as the next segment, where @segment, which is empty, would
 * be written.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_ready_segment_write(const struct pw_ready_segment *ready,
				      struct pw_writer_segment *segment,
				      struct pw_chunk_sink *sink,
				      struct pw_error *err) PW_MUST_CHECK;

/*
 * Append a segment to a trace, after all that came before. It uses shapes that
 * the writer has.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_writer_ready(struct pw_writer *writer,
			       const struct pw_ready_segment *ready,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * The shapes that were declared.
 *
 * Owns: the writer; they stay as they are while none is declared.
 */
const struct pw_shape_book *pw_writer_shapes(const struct pw_writer *writer);

#endif
