/*
 * streams.h - a payload made of several streams, each packed by zstd.
 *
 * The payload begins with a table: u32 raw length and u32 stored length of
 * each stream. The streams follow in the same order, without gaps.
 */
#ifndef PW_FORMATS_STREAMS_H
#define PW_FORMATS_STREAMS_H

#include <stddef.h>
#include <stdint.h>

#include <zstd.h>

#include "base/array.h"
#include "base/status.h"

#define PW_STREAM_ENTRY_BYTES ((size_t)8)

/* A stream as it lies in a payload. */
struct pw_stream {
	const char *name;
	const uint8_t *stored;
	size_t stored_bytes;
	size_t raw_bytes;
};

/*
 * Append a frame of the @raw_bytes at @raw to @out, an array of bytes, and put
 * both lengths at @table in it. A stream of no bytes is stored as nothing.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_stream_pack(ZSTD_CCtx *zstd, const void *raw,
			      size_t raw_bytes, struct pw_array *out,
			      size_t table, struct pw_error *err) PW_MUST_CHECK;

/*
 * Read the table of a payload of @count streams, whose names are filled in.
 * The streams must fill the payload and add up to @raw_bytes.
 *
 * Errors: PW_ERR_FORMAT.
 */
enum pw_status pw_streams_find(struct pw_stream *stream, size_t count,
			       const uint8_t *payload, size_t payload_bytes,
			       uint64_t raw_bytes,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * Check that no stream is longer than @each bytes for each of @count accesses,
 * so that little memory is asked for where there can be little.
 *
 * Errors: PW_ERR_FORMAT.
 */
enum pw_status pw_streams_bound(const struct pw_stream *stream,
				const uint32_t *each, size_t streams,
				size_t count,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * Unpack a stream to exactly its raw length at @out.
 *
 * Errors: PW_ERR_FORMAT.
 */
enum pw_status pw_stream_unpack(ZSTD_DCtx *zstd, const struct pw_stream *stream,
				void *out, struct pw_error *err) PW_MUST_CHECK;

/*
 * Append one frame of the bytes of @raw to @out, both arrays of bytes.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_frame_pack(const struct pw_array *raw, int level,
			     struct pw_array *out,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Unpack a payload that is one frame into @out, an array of bytes that is
 * emptied first.
 *
 * Errors: PW_ERR_FORMAT it does not hold exactly @raw_bytes; PW_ERR_SYSTEM.
 */
enum pw_status pw_frame_unpack(const uint8_t *payload, size_t payload_bytes,
			       uint64_t raw_bytes, struct pw_array *out,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * The failure for a stream that is wrong.
 *
 * Errors: PW_ERR_FORMAT.
 */
enum pw_status pw_stream_malformed(struct pw_error *err, const char *name,
				   const char *how);

#endif
