/*
 * fast_decode.c - the payload of an ACCESSES chunk, codec 2, to accesses.
 *
 * The payload is input: whatever it holds, nothing is read or written outside
 * the arrays, and what does not add up is refused. Slots are copied in blocks
 * of PW_FAST_SLACK, so that no copy depends on their number; what is too much
 * is written over by what follows.
 */
#include "formats/codec_fast.h"

#include "base/assert.h"
#include "base/bits.h"
#include "formats/fast_wire.h"
#include "formats/generic_wire.h"
#include "formats/layout.h"
#include "formats/shape_set.h"
#include "formats/varint.h"

struct pw_fast_decoder {
	ZSTD_DCtx *zstd;
	const struct pw_pwt_shapes *shapes;
	struct pw_generic_decoder *generic;
	struct pw_shape_set set;
	struct pw_array last;	      /* uint64_t: of each stored slot */
	struct pw_array raw;	      /* uint8_t: the streams after unpacking */
	struct pw_array symbol;	      /* uint32_t */
	struct pw_array rest_address; /* uint64_t: without a shape, and so on */
	struct pw_array rest_pc;
	struct pw_array rest_size;
	struct pw_array rest_kind;
};

/* Where decoding is. */
struct cursor {
	const uint8_t *run, *run_end;
	const uint8_t *control, *control_end;
	const uint8_t *byte, *byte_end;
	size_t done; /* accesses */
	size_t rest; /* accesses without a shape that were used */
	uint64_t previous;
};

static const char *const stream_name[PW_FAST_STREAMS] = {
	"shape", "symbol", "run", "control", "byte", "rest"};

/* A stream has at most so many bytes for each access. */
static const uint32_t stream_each[PW_FAST_STREAMS] = {
	PW_VARINT_MAX,	  sizeof(uint32_t),    PW_VARINT_MAX, 1,
	sizeof(uint64_t), PW_GENERIC_BYTES_MAX};

static const uint64_t mask[16] = {
	0,
	0xff,
	0xffff,
	0xffffff,
	0xffffffff,
	UINT64_C(0xffffffffff),
	UINT64_C(0xffffffffffff),
	UINT64_C(0xffffffffffffff),
	UINT64_MAX,
};

enum pw_status pw_fast_decoder_open(struct pw_fast_decoder **out,
				    const struct pw_pwt_shapes *shapes,
				    struct pw_generic_decoder *generic,
				    struct pw_error *err)
{
	struct pw_fast_decoder *decoder = calloc(1, sizeof(*decoder));

	*out = decoder;
	if (decoder)
		decoder->zstd = ZSTD_createDCtx();
	if (!decoder || !decoder->zstd) {
		pw_fast_decoder_close(decoder);
		*out = NULL;
		return pw_fail_memory(err, "a decoder");
	}
	decoder->shapes = shapes;
	decoder->generic = generic;
	decoder->set = (struct pw_shape_set)PW_SHAPE_SET;
	decoder->last = (struct pw_array)PW_ARRAY(uint64_t);
	decoder->raw = (struct pw_array)PW_ARRAY(uint8_t);
	decoder->symbol = (struct pw_array)PW_ARRAY(uint32_t);
	decoder->rest_address = (struct pw_array)PW_ARRAY(uint64_t);
	decoder->rest_pc = (struct pw_array)PW_ARRAY(uint64_t);
	decoder->rest_size = (struct pw_array)PW_ARRAY(uint32_t);
	decoder->rest_kind = (struct pw_array)PW_ARRAY(uint8_t);
	ZSTD_DCtx_setParameter(decoder->zstd, ZSTD_d_windowLogMax,
			       PW_ZSTD_WINDOW_LOG_MAX);
	return PW_OK;
}

void pw_fast_decoder_close(struct pw_fast_decoder *decoder)
{
	if (!decoder)
		return;
	ZSTD_freeDCtx(decoder->zstd);
	pw_shape_set_free(&decoder->set);
	pw_array_free(&decoder->last);
	pw_array_free(&decoder->raw);
	pw_array_free(&decoder->symbol);
	pw_array_free(&decoder->rest_address);
	pw_array_free(&decoder->rest_pc);
	pw_array_free(&decoder->rest_size);
	pw_array_free(&decoder->rest_kind);
	free(decoder);
}

static enum pw_status malformed(struct pw_error *err,
				enum pw_fast_stream stream, const char *how)
{
	return pw_stream_malformed(err, stream_name[stream], how);
}

/* ---- the streams ---- */

/* Every nibble must be at most 8. */
static bool controls_valid(const uint8_t *control, size_t count)
{
	uint8_t bad = 0;

	for (size_t i = 0; i < count; i++) {
		uint8_t c = control[i];

		bad |= (uint8_t)((c >> 3) & (c | c >> 1 | c >> 2) & 0x11);
	}
	return bad == 0;
}

/* Unpack the symbols into @raw and widen them. */
static enum pw_status get_symbols(struct pw_fast_decoder *decoder,
				  const struct pw_stream *stream, size_t count,
				  struct pw_error *err)
{
	size_t bytes = pw_fast_symbol_bytes(decoder->set.entry.count);
	size_t symbols = stream->raw_bytes / bytes;
	uint8_t *raw = decoder->raw.data;
	enum pw_status st;
	uint32_t *symbol;

	if (stream->raw_bytes % bytes != 0 || symbols > count)
		return malformed(err, PW_FAST_SYMBOLS, "has another length");
	st = pw_array_reserve(&decoder->symbol, symbols, err);
	if (st == PW_OK)
		st = pw_stream_unpack(decoder->zstd, stream, raw, err);
	if (st != PW_OK)
		return st;
	symbol = decoder->symbol.data;
	decoder->symbol.count = symbols;
	for (size_t i = 0; i < symbols && bytes == 1; i++)
		symbol[i] = raw[i];
	for (size_t i = 0; i < symbols && bytes == 2; i++)
		symbol[i] = pw_load16(raw + i * 2);
	if (bytes == 4 && symbols > 0)
		memcpy(symbol, raw, symbols * 4);
	return PW_OK;
}

/* How many accesses without a shape there are; they are at most @count. */
static enum pw_status count_rest(const struct cursor *cursor, size_t count,
				 size_t *rest, struct pw_error *err)
{
	const uint8_t *in = cursor->run;
	uint64_t run;

	*rest = 0;
	while (in < cursor->run_end) {
		in = pw_varint_get(in, cursor->run_end, &run);
		if (!in || run == 0 || run > count - *rest)
			return malformed(err, PW_FAST_RUNS, "holds no run");
		*rest += (size_t)run;
	}
	return PW_OK;
}

/* Decode the accesses without a shape. */
static enum pw_status get_rest(struct pw_fast_decoder *decoder,
			       const struct pw_stream *stream, size_t count,
			       struct pw_error *err)
{
	struct pw_generic_payload payload = {
		.bytes = stream->stored,
		.payload_bytes = stream->stored_bytes,
		.raw_bytes = stream->raw_bytes,
		.count = count,
	};
	struct pw_access_columns columns;
	enum pw_status st;

	if (count == 0)
		return stream->raw_bytes == 0 && stream->stored_bytes == 0
			       ? PW_OK
			       : malformed(err, PW_FAST_REST, "is too long");
	st = pw_array_reserve(&decoder->rest_address, count, err);
	if (st == PW_OK)
		st = pw_array_reserve(&decoder->rest_pc, count, err);
	if (st == PW_OK)
		st = pw_array_reserve(&decoder->rest_size, count, err);
	if (st == PW_OK)
		st = pw_array_reserve(&decoder->rest_kind, count, err);
	if (st != PW_OK)
		return st;
	columns.address = decoder->rest_address.data;
	columns.pc = decoder->rest_pc.data;
	columns.size_bytes = decoder->rest_size.data;
	columns.kind = decoder->rest_kind.data;
	return pw_generic_decode(decoder->generic, &payload, &columns, err);
}

/*
 * Unpack what the cursor walks over: runs, controls, and bytes with @slack
 * zeros behind them.
 */
static enum pw_status open_cursor(struct pw_fast_decoder *decoder,
				  const struct pw_stream *stream, size_t slack,
				  struct cursor *cursor, struct pw_error *err)
{
	uint8_t *run = decoder->raw.data;
	uint8_t *control = run + stream[PW_FAST_RUNS].raw_bytes;
	uint8_t *byte = control + stream[PW_FAST_CONTROLS].raw_bytes;
	enum pw_status st;

	cursor->run = run;
	cursor->run_end = cursor->control = control;
	cursor->control_end = cursor->byte = byte;
	cursor->byte_end = byte + stream[PW_FAST_BYTES].raw_bytes;
	st = pw_stream_unpack(decoder->zstd, &stream[PW_FAST_RUNS], run, err);
	if (st == PW_OK)
		st = pw_stream_unpack(decoder->zstd, &stream[PW_FAST_CONTROLS],
				      control, err);
	if (st == PW_OK)
		st = pw_stream_unpack(decoder->zstd, &stream[PW_FAST_BYTES],
				      byte, err);
	if (st != PW_OK)
		return st;
	memset(byte + stream[PW_FAST_BYTES].raw_bytes, 0, slack);
	if (!controls_valid(control, stream[PW_FAST_CONTROLS].raw_bytes))
		return malformed(err, PW_FAST_CONTROLS, "holds no length");
	return PW_OK;
}

/* ---- executions ---- */

/* Copy the slots of @entry; addresses are the pcs so far. */
static inline void copy_slots(const struct pw_fast_decoder *decoder,
			      const struct pw_shape_use *entry,
			      const struct pw_access_columns *out, size_t at)
{
	const uint64_t *pc =
		(const uint64_t *)decoder->set.pc.data + entry->slot;
	const uint32_t *size =
		(const uint32_t *)decoder->set.size.data + entry->slot;
	const uint8_t *kind =
		(const uint8_t *)decoder->set.kind.data + entry->slot;

	for (uint32_t i = 0; i < entry->slots; i += PW_FAST_SLACK) {
		memcpy(out->address + at + i, pc + i,
		       (size_t)PW_FAST_SLACK * 8);
		memcpy(out->pc + at + i, pc + i, (size_t)PW_FAST_SLACK * 8);
		memcpy(out->size_bytes + at + i, size + i,
		       (size_t)PW_FAST_SLACK * 4);
		memcpy(out->kind + at + i, kind + i, PW_FAST_SLACK);
	}
}

/* The first execution of a shape: each slot begins at the one before. */
static void get_first(struct pw_fast_decoder *decoder,
		      struct pw_shape_use *entry, uint64_t *address,
		      struct cursor *cursor)
{
	const uint16_t *slot =
		(const uint16_t *)decoder->set.stored.data + entry->first;
	uint64_t *last = (uint64_t *)decoder->last.data + entry->first;

	for (uint32_t i = 0; i < entry->stored; i++) {
		unsigned length = cursor->control[i / 2] >> i % 2 * 4 & 15;

		cursor->previous +=
			pw_unzigzag(pw_load64(cursor->byte) & mask[length]);
		cursor->byte += length;
		last[i] = cursor->previous;
		address[slot[i]] = cursor->previous;
	}
	cursor->control += (entry->stored + 1) / 2;
	entry->seen = true;
}

/* A later execution: each slot begins at its own last address. */
static inline void get_next(struct pw_fast_decoder *decoder,
			    const struct pw_shape_use *entry, uint64_t *address,
			    struct cursor *cursor)
{
	const uint16_t *slot =
		(const uint16_t *)decoder->set.stored.data + entry->first;
	uint64_t *last = (uint64_t *)decoder->last.data + entry->first;
	const uint8_t *control = cursor->control, *byte = cursor->byte;
	uint32_t stored = entry->stored, i;

	for (i = 0; i + 1 < stored; i += 2) {
		unsigned a = *control & 15, b = *control >> 4;

		last[i] += pw_unzigzag(pw_load64(byte) & mask[a]);
		address[slot[i]] = last[i];
		byte += a;
		last[i + 1] += pw_unzigzag(pw_load64(byte) & mask[b]);
		address[slot[i + 1]] = last[i + 1];
		byte += b;
		control++;
	}
	if (i < stored) {
		unsigned a = *control++ & 15;

		last[i] += pw_unzigzag(pw_load64(byte) & mask[a]);
		address[slot[i]] = last[i];
		byte += a;
	}
	cursor->control = control;
	cursor->byte = byte;
}

/* A run of accesses without a shape. */
static enum pw_status take_run(struct pw_fast_decoder *decoder, size_t left,
			       const struct pw_access_columns *out,
			       struct cursor *cursor, struct pw_error *err)
{
	size_t at = cursor->done, from = cursor->rest;
	uint64_t run;

	cursor->run = pw_varint_get(cursor->run, cursor->run_end, &run);
	if (!cursor->run || run > left)
		return malformed(err, PW_FAST_RUNS, "ends early");
	memcpy(out->address + at,
	       (const uint64_t *)decoder->rest_address.data + from, run * 8);
	memcpy(out->pc + at, (const uint64_t *)decoder->rest_pc.data + from,
	       run * 8);
	memcpy(out->size_bytes + at,
	       (const uint32_t *)decoder->rest_size.data + from, run * 4);
	memcpy(out->kind + at, (const uint8_t *)decoder->rest_kind.data + from,
	       run);
	cursor->done += run;
	cursor->rest += run;
	return PW_OK;
}

/* Walk over the symbols. */
static enum pw_status execute(struct pw_fast_decoder *decoder,
			      struct cursor *cursor, size_t count,
			      const struct pw_access_columns *out,
			      struct pw_error *err)
{
	struct pw_shape_use *entries = decoder->set.entry.data;
	const uint32_t *symbol = decoder->symbol.data;
	enum pw_status st;

	for (size_t i = 0; i < decoder->symbol.count; i++) {
		struct pw_shape_use *entry;

		if (symbol[i] == 0) {
			st = take_run(decoder, count - cursor->done, out,
				      cursor, err);
			if (st != PW_OK)
				return st;
			continue;
		}
		if (symbol[i] > decoder->set.entry.count)
			return malformed(err, PW_FAST_SYMBOLS,
					 "names no shape");
		entry = &entries[symbol[i] - 1];
		if (entry->slots > count - cursor->done)
			return malformed(err, PW_FAST_SYMBOLS, "is too long");
		if ((entry->stored + 1) / 2 >
		    (size_t)(cursor->control_end - cursor->control))
			return malformed(err, PW_FAST_CONTROLS, "ends early");
		/* One execution at most goes on in the zeros behind. */
		if (cursor->byte > cursor->byte_end)
			return malformed(err, PW_FAST_BYTES,
					 "has another length");
		copy_slots(decoder, entry, out, cursor->done);
		if (entry->seen)
			get_next(decoder, entry, out->address + cursor->done,
				 cursor);
		else
			get_first(decoder, entry, out->address + cursor->done,
				  cursor);
		cursor->done += entry->slots;
	}
	return PW_OK;
}

static enum pw_status check_end(const struct cursor *cursor, size_t count,
				struct pw_error *err)
{
	if (cursor->done != count)
		return malformed(err, PW_FAST_SYMBOLS, "ends early");
	if (cursor->run != cursor->run_end)
		return malformed(err, PW_FAST_RUNS, "is too long");
	if (cursor->control != cursor->control_end)
		return malformed(err, PW_FAST_CONTROLS, "is too long");
	if (cursor->byte != cursor->byte_end)
		return malformed(err, PW_FAST_BYTES, "has another length");
	return PW_OK;
}

enum pw_status pw_fast_decode(struct pw_fast_decoder *decoder,
			      const struct pw_generic_payload *payload,
			      const struct pw_access_columns *out,
			      struct pw_error *err)
{
	struct pw_stream s[PW_FAST_STREAMS] = {{0}};
	struct cursor cursor = {0};
	size_t slack, rest = 0;
	enum pw_status st;
	uint8_t *raw;

	PW_ASSERT(payload->count <= PW_SEGMENT_ACCESSES_MAX);
	for (size_t i = 0; i < PW_FAST_STREAMS; i++)
		s[i].name = stream_name[i];
	st = pw_streams_find(s, PW_FAST_STREAMS, payload->bytes,
			     payload->payload_bytes, payload->raw_bytes, err);
	if (st == PW_OK)
		st = pw_streams_bound(s, stream_each, PW_FAST_STREAMS,
				      payload->count, err);
	if (st == PW_OK)
		st = pw_array_reserve(&decoder->raw, payload->raw_bytes + 1,
				      err);
	if (st != PW_OK)
		return st;
	raw = decoder->raw.data;
	st = pw_stream_unpack(decoder->zstd, &s[PW_FAST_SHAPES], raw, err);
	if (st == PW_OK)
		st = pw_shape_set_read(&decoder->set, decoder->shapes, raw,
				       raw + s[PW_FAST_SHAPES].raw_bytes,
				       payload->count, err);
	if (st == PW_OK)
		st = pw_array_reserve(&decoder->last,
				      decoder->set.stored.count + 1, err);
	if (st != PW_OK)
		return st;
	slack = (decoder->set.stored_max + 1) * sizeof(uint64_t);
	st = get_symbols(decoder, &s[PW_FAST_SYMBOLS], payload->count, err);
	if (st == PW_OK)
		st = pw_array_reserve(&decoder->raw, payload->raw_bytes + slack,
				      err);
	if (st == PW_OK)
		st = open_cursor(decoder, s, slack, &cursor, err);
	if (st == PW_OK)
		st = count_rest(&cursor, payload->count, &rest, err);
	if (st == PW_OK)
		st = get_rest(decoder, &s[PW_FAST_REST], rest, err);
	if (st == PW_OK)
		st = execute(decoder, &cursor, payload->count, out, err);
	if (st == PW_OK)
		st = check_end(&cursor, payload->count, err);
	return st;
}
