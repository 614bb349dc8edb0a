/*
 * streams.c - streams and single frames, to and from payloads.
 */
#include "formats/streams.h"

#include "base/assert.h"
#include "base/bits.h"
#include "formats/layout.h"

enum pw_status pw_stream_malformed(struct pw_error *err, const char *name,
				   const char *how)
{
	return pw_fail(err, PW_ERR_FORMAT, "its %s stream %s", name, how);
}

enum pw_status pw_stream_pack(ZSTD_CCtx *zstd, const void *raw,
			      size_t raw_bytes, struct pw_array *out,
			      size_t table, struct pw_error *err)
{
	enum pw_status st;
	size_t stored = 0;
	uint8_t *bytes;

	PW_ASSERT(out->item_bytes == 1);
	PW_ASSERT(table + PW_STREAM_ENTRY_BYTES <= out->count);
	st = pw_array_reserve(out, out->count + ZSTD_compressBound(raw_bytes),
			      err);
	if (st != PW_OK)
		return st;
	bytes = out->data;
	if (raw_bytes > 0)
		stored = ZSTD_compress2(zstd, bytes + out->count,
					out->capacity - out->count, raw,
					raw_bytes);
	if (ZSTD_isError(stored))
		return pw_fail(err, PW_ERR_SYSTEM, "zstd: %s",
			       ZSTD_getErrorName(stored));
	PW_ASSERT(raw_bytes <= UINT32_MAX && stored <= UINT32_MAX);
	pw_store32(bytes + table, (uint32_t)raw_bytes);
	pw_store32(bytes + table + 4, (uint32_t)stored);
	out->count += stored;
	return PW_OK;
}

enum pw_status pw_streams_find(struct pw_stream *stream, size_t count,
			       const uint8_t *payload, size_t payload_bytes,
			       uint64_t raw_bytes, struct pw_error *err)
{
	uint64_t raw = 0, stored = count * PW_STREAM_ENTRY_BYTES;

	if (payload_bytes < stored)
		return pw_fail(err, PW_ERR_FORMAT, "it has no stream table");
	for (size_t s = 0; s < count; s++) {
		const uint8_t *entry = payload + s * PW_STREAM_ENTRY_BYTES;

		stream[s].raw_bytes = pw_load32(entry);
		stream[s].stored_bytes = pw_load32(entry + 4);
		if (stored + stream[s].stored_bytes > payload_bytes)
			return pw_stream_malformed(err, stream[s].name,
						   "passes its end");
		stream[s].stored = payload + stored;
		stored += stream[s].stored_bytes;
		raw += stream[s].raw_bytes;
	}
	if (stored != payload_bytes || raw != raw_bytes ||
	    raw > PW_RAW_BYTES_MAX)
		return pw_fail(err, PW_ERR_FORMAT,
			       "its stream lengths do not add up");
	return PW_OK;
}

enum pw_status pw_streams_bound(const struct pw_stream *stream,
				const uint32_t *each, size_t streams,
				size_t count, struct pw_error *err)
{
	for (size_t s = 0; s < streams; s++)
		if (stream[s].raw_bytes > (uint64_t)each[s] * count)
			return pw_stream_malformed(err, stream[s].name,
						   "is too long");
	return PW_OK;
}

enum pw_status pw_stream_unpack(ZSTD_DCtx *zstd, const struct pw_stream *stream,
				void *out, struct pw_error *err)
{
	size_t bytes = 0;

	if (stream->stored_bytes > 0)
		bytes = ZSTD_decompressDCtx(zstd, out, stream->raw_bytes,
					    stream->stored,
					    stream->stored_bytes);
	if (ZSTD_isError(bytes))
		return pw_stream_malformed(err, stream->name,
					   ZSTD_getErrorName(bytes));
	if (bytes != stream->raw_bytes)
		return pw_stream_malformed(err, stream->name,
					   "has another length");
	return PW_OK;
}

enum pw_status pw_frame_pack(const struct pw_array *raw, int level,
			     struct pw_array *out, struct pw_error *err)
{
	enum pw_status st;
	size_t stored;

	PW_ASSERT(raw->item_bytes == 1 && out->item_bytes == 1);
	st = pw_array_reserve(out, out->count + ZSTD_compressBound(raw->count),
			      err);
	if (st != PW_OK)
		return st;
	stored = ZSTD_compress((uint8_t *)out->data + out->count,
			       out->capacity - out->count, raw->data,
			       raw->count, level);
	if (ZSTD_isError(stored))
		return pw_fail(err, PW_ERR_SYSTEM, "zstd: %s",
			       ZSTD_getErrorName(stored));
	out->count += stored;
	return PW_OK;
}

enum pw_status pw_frame_unpack(const uint8_t *payload, size_t payload_bytes,
			       uint64_t raw_bytes, struct pw_array *out,
			       struct pw_error *err)
{
	enum pw_status st;
	size_t bytes;

	PW_ASSERT(raw_bytes <= PW_RAW_BYTES_MAX && out->item_bytes == 1);
	out->count = 0;
	st = pw_array_reserve(out, raw_bytes + 1, err);
	if (st != PW_OK)
		return st;
	bytes = ZSTD_decompress(out->data, raw_bytes, payload, payload_bytes);
	if (ZSTD_isError(bytes))
		return pw_fail(err, PW_ERR_FORMAT, "zstd: %s",
			       ZSTD_getErrorName(bytes));
	if (bytes != raw_bytes)
		return pw_fail(err, PW_ERR_FORMAT, "it has another length");
	out->count = raw_bytes;
	return PW_OK;
}
