/*
 * touch_pack.c - symbols and literals of touches to streams.
 */
#include "formats/touch_encoder.h"

#include "base/bits.h"
#include "formats/fast_wire.h"
#include "formats/layout.h"
#include "formats/varint.h"

static enum pw_status put(struct pw_array *bytes, uint64_t value,
			  struct pw_error *err)
{
	enum pw_status st =
		pw_array_reserve(bytes, bytes->count + PW_VARINT_MAX, err);
	uint8_t *next;

	if (st != PW_OK)
		return st;
	next = (uint8_t *)bytes->data + bytes->count;
	bytes->count += (size_t)(pw_varint_put(next, value) - next);
	return PW_OK;
}

static enum pw_status put_pages(struct pw_touch_encoder *encoder,
				struct pw_error *err)
{
	const uint64_t *list = encoder->list.data;
	size_t count = encoder->codec == PW_CODEC_NUMBERED
			       ? encoder->list.count
			       : encoder->list_records;
	enum pw_status st = PW_OK;

	for (size_t i = 0; i < count && st == PW_OK; i++)
		st = put(&encoder->raw,
			 pw_zigzag(list[i] - (i > 0 ? list[i - 1] : 0)), err);
	return st;
}

static uint64_t record_value(const struct pw_touch_encoder *encoder,
			     size_t symbol, unsigned column)
{
	const struct pw_touch_numbers *record =
		&PW_ARRAY_AT(&encoder->symbol, struct pw_touch_numbers, symbol);

	if (column < PW_TOUCH_COLUMNS - 1)
		return PW_ARRAY_AT(&encoder->kind, uint64_t,
				   record->kind - 1) >>
			       column * PW_TOUCH_KEY_BITS &
		       PW_TOUCH_KEY_MASK;
	return pw_touch_page_in_record(&PW_ARRAY_AT(
		&encoder->page, struct pw_touch_page, record->page));
}

static enum pw_status put_records(struct pw_touch_encoder *encoder,
				  struct pw_error *err)
{
	const struct pw_touch_numbers *record = encoder->symbol.data;
	size_t count = encoder->symbol.count;
	enum pw_status st = put(&encoder->raw, count, err);

	for (size_t i = 0; i < count && st == PW_OK; i++)
		st = put(&encoder->raw,
			 pw_touch_key_flags(PW_ARRAY_AT(
				 &encoder->kind, uint64_t, record[i].kind - 1)),
			 err);
	for (unsigned c = 0; c < PW_TOUCH_COLUMNS; c++)
		for (size_t i = 0; i < count && st == PW_OK; i++)
			st = put(&encoder->raw, record_value(encoder, i, c),
				 err);
	return st;
}

static enum pw_status put_rules(struct pw_touch_encoder *encoder,
				struct pw_error *err)
{
	const struct pw_dense_rule *rule = encoder->merge.rule.data;
	enum pw_status st = PW_OK;

	for (size_t i = 0; i < encoder->merge.rule.count && st == PW_OK; i++) {
		st = put(&encoder->raw, rule[i].left, err);
		if (st == PW_OK)
			st = put(&encoder->raw, rule[i].right, err);
	}
	return st;
}

/* Put @value at place @i of numbers of @bytes each. */
static inline void store(uint8_t *out, size_t i, size_t bytes, uint32_t value)
{
	if (bytes == 1)
		out[i] = (uint8_t)value;
	else if (bytes == 2)
		pw_store16(out + i * 2, (uint16_t)value);
	else
		pw_store32(out + i * 4, value);
}

static enum pw_status put_symbols(struct pw_touch_encoder *encoder,
				  struct pw_error *err)
{
	const uint32_t *symbol = encoder->symbols.data;
	size_t count = encoder->symbols.count;
	size_t bytes = pw_fast_symbol_bytes(encoder->merge.slots.count - 1);
	enum pw_status st = pw_array_reserve(&encoder->raw, count * bytes, err);
	uint8_t *out = encoder->raw.data;

	if (st != PW_OK)
		return st;
	for (size_t i = 0; i < count; i++)
		store(out, i, bytes, symbol[i]);
	encoder->raw.count = count * bytes;
	return PW_OK;
}

static enum pw_status put_literals(struct pw_touch_encoder *encoder,
				   struct pw_error *err)
{
	const struct pw_touch_page *page = encoder->page.data;
	const uint32_t *literal = encoder->literals.data;
	size_t count = encoder->literals.count;
	size_t bytes = pw_fast_symbol_bytes(encoder->list.count);
	enum pw_status st = PW_OK;
	uint64_t last = 0;

	if (encoder->codec == PW_CODEC_NUMBERED) {
		st = pw_array_reserve(&encoder->raw, count * bytes, err);
		for (size_t i = 0; i < count && st == PW_OK; i++)
			store(encoder->raw.data, i, bytes,
			      page[literal[i]].number_listed);
		encoder->raw.count = count * bytes;
		return st;
	}
	for (size_t i = 0; i < count && st == PW_OK; i++) {
		uint64_t at = page[literal[i]].number;

		st = put(&encoder->raw, pw_zigzag(at - last), err);
		last = at;
	}
	return st;
}

static uint64_t piece_value(const struct pw_touch_piece *piece, unsigned column)
{
	const struct pw_tally *tally = &piece->tally;

	switch (column) {
	case 0:
		return piece->accesses;
	case 1:
		return tally->instructions;
	case 2:
		return tally->stores;
	case 3:
		return tally->modifies;
	default:
		return tally->fetches;
	}
}

static enum pw_status put_pieces(struct pw_touch_encoder *encoder,
				 struct pw_error *err)
{
	const struct pw_touch_piece *piece = encoder->piece.data;
	enum pw_status st = PW_OK;

	for (unsigned c = 0; c < PW_TOUCH_COLUMNS; c++)
		for (size_t i = 0; i < encoder->piece.count && st == PW_OK; i++)
			st = put(&encoder->raw, piece_value(&piece[i], c), err);
	return st;
}

/* Append stream @s, packed, to @out, whose table is at @table. */
static enum pw_status put_stream(struct pw_touch_encoder *encoder,
				 enum pw_touch_stream s, struct pw_array *out,
				 size_t table, struct pw_error *err)
{
	static enum pw_status (*const puts[PW_TOUCH_STREAMS])(
		struct pw_touch_encoder *, struct pw_error *) = {
		[PW_TOUCH_PAGES] = put_pages,
		[PW_TOUCH_RECORDS] = put_records,
		[PW_TOUCH_RULES] = put_rules,
		[PW_TOUCH_SYMBOLS] = put_symbols,
		[PW_TOUCH_LITERALS] = put_literals,
		[PW_TOUCH_PIECES] = put_pieces,
	};
	enum pw_status st;

	encoder->raw.count = 0;
	st = puts[s](encoder, err);
	if (st != PW_OK || encoder->raw.count > PW_RAW_BYTES_MAX)
		return st;
	return pw_stream_pack(encoder->zstd, encoder->raw.data,
			      encoder->raw.count, out,
			      table + s * PW_STREAM_ENTRY_BYTES, err);
}

/* Append a payload of encoder->codec; *raw_bytes is 0 when it is too long. */
static enum pw_status put_streams(struct pw_touch_encoder *encoder,
				  struct pw_array *out, uint64_t *raw_bytes,
				  struct pw_error *err)
{
	size_t table = out->count;
	enum pw_status st =
		pw_array_reserve(out, table + PW_TOUCH_TABLE_BYTES, err);

	*raw_bytes = 0;
	if (st != PW_OK || encoder->symbol.count > PW_TOUCH_DISTINCT_MAX)
		return st;
	out->count += PW_TOUCH_TABLE_BYTES;
	for (unsigned s = 0; s < PW_TOUCH_STREAMS && st == PW_OK; s++) {
		st = put_stream(encoder, s, out, table, err);
		*raw_bytes += encoder->raw.count;
	}
	if (*raw_bytes > PW_RAW_BYTES_MAX) {
		out->count = table;
		*raw_bytes = 0;
	}
	return st;
}

/* Bytes of a stream in a payload. */
static size_t stored_bytes(const struct pw_array *payload, size_t table,
			   enum pw_touch_stream s)
{
	return pw_load32((const uint8_t *)payload->data + table +
			 s * PW_STREAM_ENTRY_BYTES + 4);
}

enum pw_status pw_touch_pack(struct pw_touch_encoder *encoder,
			     struct pw_array *out, uint64_t *raw_bytes,
			     struct pw_error *err)
{
	struct pw_array *tried = &encoder->tried;
	size_t table = out->count;
	enum pw_status st;

	encoder->codec = PW_CODEC_NUMBERED;
	st = put_streams(encoder, out, raw_bytes, err);
	if (st != PW_OK)
		return st;
	encoder->codec = PW_CODEC_ZSTD;
	tried->count = 0;
	st = pw_array_reserve(tried, PW_TOUCH_TABLE_BYTES, err);
	if (st != PW_OK)
		return st;
	tried->count = PW_TOUCH_TABLE_BYTES;
	st = put_stream(encoder, PW_TOUCH_PAGES, tried, 0, err);
	if (st == PW_OK)
		st = put_stream(encoder, PW_TOUCH_LITERALS, tried, 0, err);
	if (st != PW_OK)
		return st;
	if (*raw_bytes > 0 &&
	    tried->count - PW_TOUCH_TABLE_BYTES >
		    stored_bytes(out, table, PW_TOUCH_PAGES) +
			    stored_bytes(out, table, PW_TOUCH_LITERALS)) {
		encoder->codec = PW_CODEC_NUMBERED;
		return PW_OK;
	}
	out->count = table;
	return put_streams(encoder, out, raw_bytes, err);
}
