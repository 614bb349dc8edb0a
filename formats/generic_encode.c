/*
 * generic_encode.c - accesses to the payload of an ACCESSES chunk, codec 1.
 */
#include "formats/codec_generic.h"

#include "base/assert.h"
#include "base/bits.h"
#include "formats/generic_wire.h"
#include "formats/layout.h"
#include "formats/streams.h"
#include "formats/tally.h"
#include "formats/varint.h"

/* Bytes that one access can take in each stream. */
static const size_t worst[PW_STREAMS] = {1, 6, PW_VARINT_MAX, PW_VARINT_MAX};
_Static_assert(PW_GENERIC_BYTES_MAX == 1 + 6 + 2 * PW_VARINT_MAX,
	       "that is all");

_Static_assert(PW_SEGMENT_ACCESSES_MAX *PW_GENERIC_BYTES_MAX <=
		       PW_RAW_BYTES_MAX,
	       "the accesses of a segment always fit into a chunk");

struct pw_generic_encoder {
	ZSTD_CCtx *zstd;
	struct pw_array raw; /* uint8_t: the streams before packing */
	uint64_t prediction[PW_PREDICTIONS];
};

struct stream {
	uint8_t *begin;
	uint8_t *end;
};

enum pw_status pw_generic_encoder_open(struct pw_generic_encoder **out,
				       int level, struct pw_error *err)
{
	struct pw_generic_encoder *encoder = calloc(1, sizeof(*encoder));

	*out = encoder;
	if (encoder)
		encoder->zstd = ZSTD_createCCtx();
	if (!encoder || !encoder->zstd) {
		pw_generic_encoder_close(encoder);
		*out = NULL;
		return pw_fail_memory(err, "an encoder");
	}
	encoder->raw = (struct pw_array)PW_ARRAY(uint8_t);
	ZSTD_CCtx_setParameter(encoder->zstd, ZSTD_c_compressionLevel, level);
	return PW_OK;
}

void pw_generic_encoder_close(struct pw_generic_encoder *encoder)
{
	if (!encoder)
		return;
	ZSTD_freeCCtx(encoder->zstd);
	pw_array_free(&encoder->raw);
	free(encoder);
}

static void put_kinds(struct stream *stream, const struct pw_accesses *a)
{
	uint8_t *out = stream->begin;

	for (size_t i = 0; i < a->count; i++) {
		uint8_t kind = a->kind[i];

		PW_ASSERT(pw_access_kind_valid(kind));
		if (PW_ACCESS_KIND(kind) == PW_ACCESS_FETCH &&
		    a->address[i] == a->pc[i])
			kind |= PW_KIND_AT_PC;
		*out++ = kind;
	}
	stream->end = out;
}

static void put_sizes(struct stream *stream, const struct pw_accesses *a)
{
	uint8_t *out = stream->begin;

	for (size_t i = 0; i < a->count; i++) {
		if (a->size_bytes[i] < PW_SIZE_ESCAPE) {
			*out++ = (uint8_t)a->size_bytes[i];
			continue;
		}
		*out++ = PW_SIZE_ESCAPE;
		out = pw_varint_put(out, a->size_bytes[i]);
	}
	stream->end = out;
}

static void put_pcs(struct stream *stream, const struct pw_accesses *a)
{
	uint8_t *out = stream->begin;
	uint64_t last = 0;

	for (size_t i = 0; i < a->count; i++) {
		out = pw_varint_put(out, pw_zigzag(a->pc[i] - last));
		last = a->pc[i];
	}
	stream->end = out;
}

static void put_addresses(struct pw_generic_encoder *encoder,
			  struct stream *stream, const uint8_t *wire_kind,
			  const struct pw_accesses *a)
{
	uint8_t *out = stream->begin;

	memset(encoder->prediction, 0, sizeof(encoder->prediction));
	for (size_t i = 0; i < a->count; i++) {
		uint64_t *prediction;

		if (wire_kind[i] & PW_KIND_AT_PC)
			continue;
		prediction = &encoder->prediction[pw_prediction_index(
			a->pc[i], a->kind[i])];
		out = pw_varint_put(out,
				    pw_zigzag(a->address[i] - *prediction));
		*prediction = a->address[i];
	}
	stream->end = out;
}

enum pw_status pw_generic_encode(struct pw_generic_encoder *encoder,
				 const struct pw_accesses *accesses,
				 struct pw_array *out, uint64_t *raw_bytes,
				 struct pw_error *err)
{
	struct stream stream[PW_STREAMS];
	size_t table = out->count, offset = 0;
	enum pw_status st;

	PW_ASSERT(out->item_bytes == 1);
	PW_ASSERT(accesses->count > 0);
	PW_ASSERT(accesses->count <= PW_SEGMENT_ACCESSES_MAX);
	st = pw_array_reserve(&encoder->raw,
			      accesses->count * PW_GENERIC_BYTES_MAX, err);
	if (st != PW_OK)
		return st;
	for (size_t s = 0; s < PW_STREAMS; s++) {
		stream[s].begin = (uint8_t *)encoder->raw.data + offset;
		offset += accesses->count * worst[s];
	}
	put_kinds(&stream[PW_STREAM_KIND], accesses);
	put_sizes(&stream[PW_STREAM_SIZE], accesses);
	put_pcs(&stream[PW_STREAM_PC], accesses);
	put_addresses(encoder, &stream[PW_STREAM_ADDRESS],
		      stream[PW_STREAM_KIND].begin, accesses);
	*raw_bytes = 0;
	st = pw_array_reserve(out, table + PW_STREAM_TABLE_BYTES, err);
	if (st != PW_OK)
		return st;
	out->count += PW_STREAM_TABLE_BYTES;
	for (size_t s = 0; s < PW_STREAMS && st == PW_OK; s++) {
		size_t raw = (size_t)(stream[s].end - stream[s].begin);

		PW_ASSERT(raw <= accesses->count * worst[s]);
		*raw_bytes += raw;
		st = pw_stream_pack(encoder->zstd, stream[s].begin, raw, out,
				    table + s * PW_STREAM_ENTRY_BYTES, err);
	}
	PW_ASSERT(st != PW_OK || *raw_bytes <= PW_RAW_BYTES_MAX);
	return st;
}
