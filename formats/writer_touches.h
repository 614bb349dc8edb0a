/*
 * writer_touches.h - the touches of a segment being written.
 *
 * They are made when the segment ends, from the accesses of each thread as a
 * reader will get them: then they are the same whoever makes them. Only one
 * thread's accesses are looked at at once, so memory stays bounded.
 */
#ifndef PW_FORMATS_WRITER_TOUCHES_H
#define PW_FORMATS_WRITER_TOUCHES_H

#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"
#include "formats/batch.h"
#include "formats/codec_touch.h"
#include "formats/layout.h"
#include "formats/pwt_shapes.h"
#include "formats/timeline.h"

struct pw_writer_touches;

/* The accesses of a thread: as they are, or else as a chunk's payload. */
struct pw_writer_touched {
	const struct pw_accesses *accesses;
	const struct pw_chunk *chunk; /* thread, codec, counts, raw_bytes */
	const uint8_t *payload;
	size_t payload_bytes;
};

/*
 * Make one that packs with zstd level @level.
 *
 * Owns:   *out is the caller's; free it with pw_writer_touches_close.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_writer_touches_open(struct pw_writer_touches **out, int level,
				      struct pw_error *err) PW_MUST_CHECK;

/*
 * Free it. NULL is allowed.
 */
void pw_writer_touches_close(struct pw_writer_touches *touches);

/*
 * Take shapes that payloads to come may execute: @raw is what a SHAPES chunk
 * holds, and @first the number of its first shape.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_writer_touches_shapes(struct pw_writer_touches *touches,
					uint64_t first,
					const struct pw_array *raw,
					struct pw_error *err) PW_MUST_CHECK;

/*
 * Use @shapes, which has all that payloads to come may execute, instead of any
 * that are taken.
 *
 * Owns: @shapes stays the caller's, unchanged while payloads are read.
 */
void pw_writer_touches_share(struct pw_writer_touches *touches,
			     const struct pw_pwt_shapes *shapes);

/*
 * Begin a segment with this timeline, which is finished; @position accesses
 * were recorded before it.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_writer_touches_begin(struct pw_writer_touches *touches,
				       const struct pw_timeline *timeline,
				       uint64_t position,
				       struct pw_error *err) PW_MUST_CHECK;

/*
 * Make the payload of the touches of a thread; packed->raw_bytes is 0 when
 * there are too many for a chunk.
 *
 * Owns:   *payload, an array of bytes, is the maker's; good until the next
 *         call.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_writer_touches_make(struct pw_writer_touches *touches,
				      const struct pw_writer_touched *touched,
				      const struct pw_array **payload,
				      struct pw_touch_payload *packed,
				      struct pw_error *err) PW_MUST_CHECK;

#endif
