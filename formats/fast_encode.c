/*
 * fast_encode.c - executions of shapes to the payload of an ACCESSES chunk,
 * codec 2.
 */
#include "formats/codec_fast.h"

#include "base/assert.h"
#include "base/bits.h"
#include "formats/fast_wire.h"
#include "formats/layout.h"
#include "formats/varint.h"

struct pw_fast_encoder {
	ZSTD_CCtx *zstd;
	struct pw_generic_encoder *generic;
	struct pw_array raw; /* uint8_t: a stream before packing */
};

enum pw_status pw_fast_encoder_open(struct pw_fast_encoder **out, int level,
				    struct pw_generic_encoder *generic,
				    struct pw_error *err)
{
	struct pw_fast_encoder *encoder = calloc(1, sizeof(*encoder));

	*out = encoder;
	if (encoder)
		encoder->zstd = ZSTD_createCCtx();
	if (!encoder || !encoder->zstd) {
		pw_fast_encoder_close(encoder);
		*out = NULL;
		return pw_fail_memory(err, "an encoder");
	}
	encoder->generic = generic;
	encoder->raw = (struct pw_array)PW_ARRAY(uint8_t);
	ZSTD_CCtx_setParameter(encoder->zstd, ZSTD_c_compressionLevel, level);
	return PW_OK;
}

void pw_fast_encoder_close(struct pw_fast_encoder *encoder)
{
	if (!encoder)
		return;
	ZSTD_freeCCtx(encoder->zstd);
	pw_array_free(&encoder->raw);
	free(encoder);
}

/* The shapes met, each as the difference to the one before. */
static enum pw_status put_shapes(struct pw_array *raw,
				 const struct pw_lane_store *store,
				 struct pw_error *err)
{
	const struct pw_lane_met *met = store->met.data;
	uint64_t last = 0;
	enum pw_status st;
	uint8_t *next;

	st = pw_array_reserve(raw, store->met.count * PW_VARINT_MAX, err);
	if (st != PW_OK)
		return st;
	next = raw->data;
	for (size_t i = 0; i < store->met.count; i++) {
		next = pw_varint_put(next, pw_zigzag(met[i].shape - last));
		last = met[i].shape;
	}
	raw->count = (size_t)(next - (uint8_t *)raw->data);
	return PW_OK;
}

static void narrow(uint8_t *out, const uint32_t *symbol, size_t count,
		   size_t bytes)
{
	if (bytes == 1)
		for (size_t i = 0; i < count; i++)
			out[i] = (uint8_t)symbol[i];
	else if (bytes == 2)
		for (size_t i = 0; i < count; i++)
			pw_store16(out + i * 2, (uint16_t)symbol[i]);
	else
		memcpy(out, symbol, count * 4);
}

/* The symbols in as few bytes as the highest one needs. */
static enum pw_status put_symbols(struct pw_array *raw,
				  const struct pw_lane_store *store,
				  struct pw_error *err)
{
	size_t bytes = pw_fast_symbol_bytes(store->met.count);
	enum pw_status st;

	st = pw_array_reserve(raw, store->symbols.count * bytes, err);
	if (st != PW_OK)
		return st;
	narrow(raw->data, store->symbols.data, store->symbols.count, bytes);
	raw->count = store->symbols.count * bytes;
	return PW_OK;
}

/* Append the generic payload of @rest, if there is any. */
static enum pw_status put_rest(struct pw_fast_encoder *encoder,
			       const struct pw_accesses *rest,
			       struct pw_array *out, size_t table,
			       uint64_t *raw_bytes, struct pw_error *err)
{
	size_t before = out->count;
	uint64_t raw = 0;
	enum pw_status st = PW_OK;

	if (rest->count > 0)
		st = pw_generic_encode(encoder->generic, rest, out, &raw, err);
	if (st != PW_OK)
		return st;
	PW_ASSERT(raw <= UINT32_MAX && out->count - before <= UINT32_MAX);
	pw_store32((uint8_t *)out->data + table, (uint32_t)raw);
	pw_store32((uint8_t *)out->data + table + 4,
		   (uint32_t)(out->count - before));
	*raw_bytes += raw;
	return PW_OK;
}

enum pw_status pw_fast_encode(struct pw_fast_encoder *encoder,
			      const struct pw_lane_store *store,
			      const struct pw_accesses *rest,
			      struct pw_array *out, uint64_t *raw_bytes,
			      struct pw_error *err)
{
	const struct pw_array *stream[PW_FAST_REST] = {
		&encoder->raw,	  &encoder->raw, &store->runs,
		&store->controls, &store->bytes,
	};
	size_t table = out->count;
	enum pw_status st;

	PW_ASSERT(store->pending == 0 && store->met.count > 0);
	*raw_bytes = 0;
	st = pw_array_reserve(out, table + PW_FAST_TABLE_BYTES, err);
	if (st == PW_OK)
		out->count += PW_FAST_TABLE_BYTES;
	for (size_t s = 0; s < PW_FAST_REST && st == PW_OK; s++) {
		if (s == PW_FAST_SHAPES)
			st = put_shapes(&encoder->raw, store, err);
		else if (s == PW_FAST_SYMBOLS)
			st = put_symbols(&encoder->raw, store, err);
		if (st != PW_OK)
			break;
		*raw_bytes += stream[s]->count;
		st = pw_stream_pack(encoder->zstd, stream[s]->data,
				    stream[s]->count, out,
				    table + s * PW_STREAM_ENTRY_BYTES, err);
	}
	if (st == PW_OK)
		st = put_rest(encoder, rest, out,
			      table + PW_FAST_REST * PW_STREAM_ENTRY_BYTES,
			      raw_bytes, err);
	PW_ASSERT(st != PW_OK || *raw_bytes <= PW_RAW_BYTES_MAX);
	return st;
}
