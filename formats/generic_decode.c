/*
 * generic_decode.c - the payload of an ACCESSES chunk, codec 1, to accesses.
 *
 * The payload is input: whatever it holds, nothing is read or written outside
 * the arrays, and what does not add up is refused.
 */
#include "formats/codec_generic.h"

#include "base/assert.h"
#include "base/bits.h"
#include "formats/generic_wire.h"
#include "formats/layout.h"
#include "formats/streams.h"
#include "formats/tally.h"
#include "formats/varint.h"

struct pw_generic_decoder {
	ZSTD_DCtx *zstd;
	struct pw_array raw; /* uint8_t: one stream after unpacking */
	uint64_t prediction[PW_PREDICTIONS];
};

static const char *const stream_name[PW_STREAMS] = {"kind", "size", "pc",
						    "address"};

enum pw_status pw_generic_decoder_open(struct pw_generic_decoder **out,
				       struct pw_error *err)
{
	struct pw_generic_decoder *decoder = calloc(1, sizeof(*decoder));

	*out = decoder;
	if (decoder)
		decoder->zstd = ZSTD_createDCtx();
	if (!decoder || !decoder->zstd) {
		pw_generic_decoder_close(decoder);
		*out = NULL;
		return pw_fail_memory(err, "a decoder");
	}
	decoder->raw = (struct pw_array)PW_ARRAY(uint8_t);
	ZSTD_DCtx_setParameter(decoder->zstd, ZSTD_d_windowLogMax,
			       PW_ZSTD_WINDOW_LOG_MAX);
	return PW_OK;
}

void pw_generic_decoder_close(struct pw_generic_decoder *decoder)
{
	if (!decoder)
		return;
	ZSTD_freeDCtx(decoder->zstd);
	pw_array_free(&decoder->raw);
	free(decoder);
}

static enum pw_status malformed(struct pw_error *err,
				enum pw_generic_stream stream, const char *how)
{
	return pw_stream_malformed(err, stream_name[stream], how);
}

/* Read the stream table; everything in it must fit and add up. */
static enum pw_status find_streams(const struct pw_generic_payload *payload,
				   struct pw_stream *stream,
				   struct pw_error *err)
{
	enum pw_status st;

	for (size_t s = 0; s < PW_STREAMS; s++)
		stream[s].name = stream_name[s];
	st = pw_streams_find(stream, PW_STREAMS, payload->bytes,
			     payload->payload_bytes, payload->raw_bytes, err);
	if (st == PW_OK && stream[PW_STREAM_KIND].raw_bytes != payload->count)
		st = pw_fail(err, PW_ERR_FORMAT,
			     "its stream lengths do not add up");
	return st;
}

static enum pw_status get_sizes(const uint8_t *in, const uint8_t *end,
				uint32_t *size_bytes, size_t count,
				struct pw_error *err)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t size;

		if (in == end)
			return malformed(err, PW_STREAM_SIZE, "ends early");
		size = *in++;
		if (size == PW_SIZE_ESCAPE) {
			in = pw_varint_get(in, end, &size);
			if (!in || size > UINT32_MAX)
				return malformed(err, PW_STREAM_SIZE,
						 "holds no size");
		}
		size_bytes[i] = (uint32_t)size;
	}
	if (in != end)
		return malformed(err, PW_STREAM_SIZE, "is too long");
	return PW_OK;
}

static enum pw_status get_pcs(const uint8_t *in, const uint8_t *end,
			      uint64_t *pc, size_t count, struct pw_error *err)
{
	uint64_t last = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t code;

		in = pw_varint_get(in, end, &code);
		if (!in)
			return malformed(err, PW_STREAM_PC, "ends early");
		last += pw_unzigzag(code);
		pc[i] = last;
	}
	if (in != end)
		return malformed(err, PW_STREAM_PC, "is too long");
	return PW_OK;
}

/* The kinds still have their wire flag, which is taken off here. */
static enum pw_status get_addresses(struct pw_generic_decoder *decoder,
				    const uint8_t *in, const uint8_t *end,
				    const struct pw_access_columns *out,
				    size_t count, struct pw_error *err)
{
	memset(decoder->prediction, 0, sizeof(decoder->prediction));
	for (size_t i = 0; i < count; i++) {
		uint8_t kind = out->kind[i] & (uint8_t)~PW_KIND_AT_PC;
		uint64_t *prediction;
		uint64_t code;

		if (!pw_access_kind_valid(kind))
			return malformed(err, PW_STREAM_KIND, "holds no kind");
		if (out->kind[i] & PW_KIND_AT_PC) {
			out->kind[i] = kind;
			out->address[i] = out->pc[i];
			continue;
		}
		in = pw_varint_get(in, end, &code);
		if (!in)
			return malformed(err, PW_STREAM_ADDRESS, "ends early");
		prediction = &decoder->prediction[pw_prediction_index(
			out->pc[i], kind)];
		*prediction += pw_unzigzag(code);
		out->address[i] = *prediction;
	}
	if (in != end)
		return malformed(err, PW_STREAM_ADDRESS, "is too long");
	return PW_OK;
}

static size_t longest(const struct pw_stream *stream)
{
	size_t bytes = 1;

	for (size_t s = 0; s < PW_STREAMS; s++)
		if (stream[s].raw_bytes > bytes)
			bytes = stream[s].raw_bytes;
	return bytes;
}

enum pw_status pw_generic_decode(struct pw_generic_decoder *decoder,
				 const struct pw_generic_payload *payload,
				 const struct pw_access_columns *out,
				 struct pw_error *err)
{
	struct pw_stream s[PW_STREAMS] = {{0}};
	enum pw_status st = find_streams(payload, s, err);
	uint8_t *raw;

	PW_ASSERT(payload->count <= PW_SEGMENT_ACCESSES_MAX);
	if (st == PW_OK)
		st = pw_array_reserve(&decoder->raw, longest(s), err);
	if (st != PW_OK)
		return st;
	raw = decoder->raw.data;
	PW_ASSERT(s[PW_STREAM_KIND].raw_bytes == payload->count);
	st = pw_stream_unpack(decoder->zstd, &s[PW_STREAM_KIND], out->kind,
			      err);
	if (st == PW_OK)
		st = pw_stream_unpack(decoder->zstd, &s[PW_STREAM_SIZE], raw,
				      err);
	if (st == PW_OK)
		st = get_sizes(raw, raw + s[PW_STREAM_SIZE].raw_bytes,
			       out->size_bytes, payload->count, err);
	if (st == PW_OK)
		st = pw_stream_unpack(decoder->zstd, &s[PW_STREAM_PC], raw,
				      err);
	if (st == PW_OK)
		st = get_pcs(raw, raw + s[PW_STREAM_PC].raw_bytes, out->pc,
			     payload->count, err);
	if (st == PW_OK)
		st = pw_stream_unpack(decoder->zstd, &s[PW_STREAM_ADDRESS], raw,
				      err);
	if (st == PW_OK)
		st = get_addresses(decoder, raw,
				   raw + s[PW_STREAM_ADDRESS].raw_bytes, out,
				   payload->count, err);
	return st;
}
