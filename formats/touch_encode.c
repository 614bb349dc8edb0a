/*
 * touch_encode.c - touches to the payload of a TOUCHES chunk.
 *
 * Pages that are fetched from, and few that are touched most, are part of their
 * records, so that what a loop executes is the same symbols in every round; the
 * others are literals, so that it is the same whatever data it comes to. The
 * distinct records then become symbols and are merged as executions of shapes
 * are (dense_merge.c).
 */
#include "formats/codec_touch.h"

#include "base/assert.h"
#include "base/bits.h"
#include "base/pagemap.h"
#include "formats/dense_merge.h"
#include "formats/fast_wire.h"
#include "formats/layout.h"
#include "formats/touch_cut.h"
#include "formats/touch_wire.h"
#include "formats/varint.h"

/* A page is listed when it is touched so often, */
#define OFTEN_MIN 64
#define OFTEN_SHARE 64 /* and in one of so many records or fetched from. */

/* A distinct record without its page, in the bits of a number. */
#define KEY_BITS 15 /* of each count; none is more than PW_TOUCH_CUT */
#define KEY_MASK (((uint64_t)1 << KEY_BITS) - 1)
_Static_assert(PW_TOUCH_CUT <= KEY_MASK, "a count of a piece fits its bits");

struct page {
	uint64_t number;
	uint32_t count;	 /* records of it */
	bool fetched;	 /* it holds instructions */
	uint32_t listed; /* its place in the list, plus 1; 0: none */
};

struct record {
	uint32_t kind; /* its distinct record without page, plus 1; 0: an end */
	uint32_t page;
};

struct pw_touch_encoder {
	ZSTD_CCtx *zstd;
	struct pw_pagemap *kind_of; /* number of a distinct record by key */
	struct pw_pagemap *page_of; /* number of a page */
	struct pw_array kind;	    /* uint64_t: keys */
	struct pw_array page;	    /* struct page */
	struct pw_array record;	    /* struct record */
	struct pw_array piece;	    /* struct pw_touch_piece */
	struct pw_array symbols;    /* uint32_t */
	struct pw_array symbol;	    /* struct record: what symbols stand for */
	struct pw_dense_merge merge;
	struct pw_array raw;	  /* uint8_t: a stream */
	struct pw_array literals; /* uint8_t */
	bool full;		  /* there were more records than fit */
};

enum pw_status pw_touch_encoder_open(struct pw_touch_encoder **out, int level,
				     struct pw_error *err)
{
	struct pw_touch_encoder *encoder = calloc(1, sizeof(*encoder));

	*out = NULL;
	if (!encoder)
		return pw_fail_memory(err, "an encoder");
	*encoder = (struct pw_touch_encoder){
		.zstd = ZSTD_createCCtx(),
		.kind = PW_ARRAY(uint64_t),
		.page = PW_ARRAY(struct page),
		.record = PW_ARRAY(struct record),
		.piece = PW_ARRAY(struct pw_touch_piece),
		.symbols = PW_ARRAY(uint32_t),
		.symbol = PW_ARRAY(struct record),
		.merge = PW_DENSE_MERGE,
		.raw = PW_ARRAY(uint8_t),
		.literals = PW_ARRAY(uint8_t),
	};
	if (!encoder->zstd) {
		pw_touch_encoder_close(encoder);
		return pw_fail_memory(err, "an encoder");
	}
	ZSTD_CCtx_setParameter(encoder->zstd, ZSTD_c_compressionLevel, level);
	*out = encoder;
	return PW_OK;
}

void pw_touch_encoder_close(struct pw_touch_encoder *encoder)
{
	if (!encoder)
		return;
	ZSTD_freeCCtx(encoder->zstd);
	pw_pagemap_close(encoder->kind_of);
	pw_pagemap_close(encoder->page_of);
	pw_array_free(&encoder->kind);
	pw_array_free(&encoder->page);
	pw_array_free(&encoder->record);
	pw_array_free(&encoder->piece);
	pw_array_free(&encoder->symbols);
	pw_array_free(&encoder->symbol);
	pw_dense_merge_free(&encoder->merge);
	pw_array_free(&encoder->raw);
	pw_array_free(&encoder->literals);
	free(encoder);
}

void pw_touch_encoder_clear(struct pw_touch_encoder *encoder)
{
	pw_pagemap_close(encoder->kind_of);
	pw_pagemap_close(encoder->page_of);
	encoder->kind_of = NULL;
	encoder->page_of = NULL;
	encoder->kind.count = 0;
	encoder->page.count = 0;
	encoder->record.count = 0;
	encoder->piece.count = 0;
	encoder->full = false;
}

/* ---- taking pieces ---- */

static enum pw_status open_maps(struct pw_touch_encoder *encoder,
				struct pw_error *err)
{
	enum pw_status st = PW_OK;

	if (!encoder->kind_of)
		st = pw_pagemap_open(&encoder->kind_of, 1024, err);
	if (st == PW_OK && !encoder->page_of)
		st = pw_pagemap_open(&encoder->page_of, 1024, err);
	return st;
}

/* The number, from 0, of @key in @map; *added: it is new. */
static enum pw_status number(struct pw_pagemap *map, uint64_t key,
			     uint32_t *out, bool *added, struct pw_error *err)
{
	uint64_t *value;
	enum pw_status st = pw_pagemap_insert(map, key, &value, added, err);

	if (st != PW_OK)
		return st;
	if (*added)
		*value = pw_pagemap_count(map) - 1;
	*out = (uint32_t)*value;
	return PW_OK;
}

static uint64_t make_key(const struct pw_touches *touches, size_t i,
			 uint64_t instructions)
{
	uint64_t flags = touches->flags[i];

	/* CONTINUED is what a reader finds out; the bits above move down. */
	PW_DEBUG_ASSERT(!(flags & PW_TOUCH_CONTINUED));
	flags = (flags & (PW_TOUCH_CONTINUED - 1)) | (flags >> 1 & 12);
	PW_ASSERT((touches->loads[i] | touches->stores[i] |
		   touches->fetches[i] | instructions) <= KEY_MASK);
	return touches->loads[i] | (uint64_t)touches->stores[i] << KEY_BITS |
	       (uint64_t)touches->fetches[i] << 2 * KEY_BITS |
	       instructions << 3 * KEY_BITS | flags << 4 * KEY_BITS;
}

static uint8_t flags_of(uint64_t key)
{
	uint8_t bits = (uint8_t)(key >> 4 * KEY_BITS);

	return (uint8_t)((bits & 3) | (bits & 12) << 1);
}

static enum pw_status add_record(struct pw_touch_encoder *encoder, uint64_t key,
				 uint64_t page, struct pw_error *err)
{
	struct page fresh = {.number = page};
	struct record *record = encoder->record.data;
	struct page *at;
	bool added;
	enum pw_status st;

	record += encoder->record.count;
	st = number(encoder->kind_of, key, &record->kind, &added, err);
	if (st == PW_OK && added)
		st = pw_array_push(&encoder->kind, &key, err);
	if (st == PW_OK)
		st = number(encoder->page_of, page, &record->page, &added, err);
	if (st == PW_OK && added)
		st = pw_array_push(&encoder->page, &fresh, err);
	if (st != PW_OK)
		return st;
	record->kind++;
	at = &PW_ARRAY_AT(&encoder->page, struct page, record->page);
	at->count++;
	at->fetched |= (flags_of(key) & PW_TOUCH_FETCH) != 0;
	encoder->record.count++;
	return PW_OK;
}

enum pw_status pw_touch_encoder_add(struct pw_touch_encoder *encoder,
				    const struct pw_touch_piece *piece,
				    const struct pw_touches *touches,
				    struct pw_error *err)
{
	const struct record end = {0};
	size_t records = encoder->record.count;
	uint64_t clock = 0;
	enum pw_status st = open_maps(encoder, err);

	PW_ASSERT(touches->count > 0 && piece->accesses <= PW_TOUCH_CUT);
	if (st == PW_OK)
		st = pw_array_push(&encoder->piece, piece, err);
	encoder->full |= records + touches->count >= PW_TOUCH_RECORDS_MAX;
	if (st != PW_OK || encoder->full)
		return st;
	st = pw_array_reserve(&encoder->record, records + touches->count + 1,
			      err);
	for (size_t i = 0; i < touches->count && st == PW_OK; i++) {
		uint64_t more = touches->instruction[i] - clock;

		st = add_record(encoder, make_key(touches, i, more),
				touches->page[i], err);
		clock += more;
	}
	return st == PW_OK ? pw_array_push(&encoder->record, &end, err) : st;
}

/* ---- symbols ---- */

/* List the pages that are part of their records. */
static void list_pages(struct pw_touch_encoder *encoder)
{
	size_t often = encoder->record.count / OFTEN_SHARE;
	struct page *page = encoder->page.data;
	uint32_t listed = 0;

	for (size_t i = 0; i < encoder->page.count; i++) {
		bool is = page[i].count >= OFTEN_MIN &&
			  (page[i].fetched || page[i].count >= often);

		page[i].listed = is ? ++listed : 0;
	}
}

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

/* The symbol of a record. */
static enum pw_status give_symbol(struct pw_touch_encoder *encoder,
				  struct pw_pagemap *symbol_of,
				  const struct record *record, uint32_t *symbol,
				  struct pw_error *err)
{
	const struct page *page =
		&PW_ARRAY_AT(&encoder->page, struct page, record->page);
	const uint32_t one = 1;
	bool added;
	enum pw_status st =
		number(symbol_of, (uint64_t)record->kind << 32 | page->listed,
		       symbol, &added, err);

	++*symbol;
	if (st != PW_OK || !added)
		return st;
	st = pw_array_push(&encoder->symbol, record, err);
	return st == PW_OK ? pw_array_push(&encoder->merge.slots, &one, err)
			   : st;
}

/* Turn all records into symbols and literals. */
static enum pw_status make_symbols(struct pw_touch_encoder *encoder,
				   struct pw_pagemap *symbol_of,
				   struct pw_error *err)
{
	const struct record *record = encoder->record.data;
	size_t records = encoder->record.count;
	const uint32_t none = 0;
	uint64_t last = 0; /* literal */
	enum pw_status st;

	encoder->literals.count = 0;
	encoder->symbol.count = 0;
	encoder->merge.slots.count = 0;
	st = pw_array_push(&encoder->merge.slots, &none, err);
	if (st == PW_OK)
		st = pw_array_reserve(&encoder->symbols, records, err);
	if (st != PW_OK)
		return st;
	encoder->symbols.count = records;
	for (size_t i = 0; i < records && st == PW_OK; i++) {
		uint32_t *symbol = &PW_ARRAY_AT(&encoder->symbols, uint32_t, i);
		const struct page *page = encoder->page.data;

		*symbol = 0;
		if (record[i].kind == 0)
			continue;
		st = give_symbol(encoder, symbol_of, &record[i], symbol, err);
		page += record[i].page;
		if (st != PW_OK || page->listed)
			continue;
		st = put(&encoder->literals, pw_zigzag(page->number - last),
			 err);
		last = page->number;
	}
	return st;
}

/* ---- streams ---- */

/* Pack the bytes of encoder->raw, or @other, as stream @stream. */
static enum pw_status pack(struct pw_touch_encoder *encoder,
			   const struct pw_array *bytes,
			   enum pw_touch_stream stream, struct pw_array *out,
			   size_t table, struct pw_error *err)
{
	return pw_stream_pack(encoder->zstd, bytes->data, bytes->count, out,
			      table + stream * PW_STREAM_ENTRY_BYTES, err);
}

static enum pw_status put_pages(struct pw_touch_encoder *encoder,
				struct pw_error *err)
{
	const struct page *page = encoder->page.data;
	enum pw_status st = PW_OK;
	uint64_t last = 0;

	for (size_t i = 0; i < encoder->page.count && st == PW_OK; i++) {
		if (!page[i].listed)
			continue;
		st = put(&encoder->raw, pw_zigzag(page[i].number - last), err);
		last = page[i].number;
	}
	return st;
}

static uint64_t record_value(const struct pw_touch_encoder *encoder,
			     size_t symbol, unsigned column)
{
	const struct record *record =
		&PW_ARRAY_AT(&encoder->symbol, struct record, symbol);

	if (column < PW_TOUCH_COLUMNS - 1)
		return PW_ARRAY_AT(&encoder->kind, uint64_t,
				   record->kind - 1) >>
			       column * KEY_BITS &
		       KEY_MASK;
	return PW_ARRAY_AT(&encoder->page, struct page, record->page).listed;
}

static enum pw_status put_records(struct pw_touch_encoder *encoder,
				  struct pw_error *err)
{
	const struct record *record = encoder->symbol.data;
	size_t count = encoder->symbol.count;
	enum pw_status st = put(&encoder->raw, count, err);

	for (size_t i = 0; i < count && st == PW_OK; i++)
		st = put(&encoder->raw,
			 flags_of(PW_ARRAY_AT(&encoder->kind, uint64_t,
					      record[i].kind - 1)),
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
	for (size_t i = 0; i < count && bytes == 1; i++)
		out[i] = (uint8_t)symbol[i];
	for (size_t i = 0; i < count && bytes == 2; i++)
		pw_store16(out + i * 2, (uint16_t)symbol[i]);
	for (size_t i = 0; i < count && bytes == 4; i++)
		pw_store32(out + i * 4, symbol[i]);
	encoder->raw.count = count * bytes;
	return PW_OK;
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

static enum pw_status put_streams(struct pw_touch_encoder *encoder,
				  struct pw_array *out, uint64_t *raw_bytes,
				  struct pw_error *err)
{
	static enum pw_status (*const puts[PW_TOUCH_STREAMS])(
		struct pw_touch_encoder *, struct pw_error *) = {
		[PW_TOUCH_PAGES] = put_pages, [PW_TOUCH_RECORDS] = put_records,
		[PW_TOUCH_RULES] = put_rules, [PW_TOUCH_SYMBOLS] = put_symbols,
		[PW_TOUCH_LITERALS] = NULL,   [PW_TOUCH_PIECES] = put_pieces,
	};
	size_t table = out->count;
	enum pw_status st =
		pw_array_reserve(out, table + PW_TOUCH_TABLE_BYTES, err);

	*raw_bytes = 0;
	if (st != PW_OK || encoder->symbol.count > PW_TOUCH_DISTINCT_MAX)
		return st;
	out->count += PW_TOUCH_TABLE_BYTES;
	for (unsigned s = 0; s < PW_TOUCH_STREAMS && st == PW_OK; s++) {
		const struct pw_array *bytes = &encoder->literals;

		if (puts[s]) {
			bytes = &encoder->raw;
			encoder->raw.count = 0;
			st = puts[s](encoder, err);
		}
		*raw_bytes += bytes->count;
		if (st == PW_OK && *raw_bytes <= PW_RAW_BYTES_MAX)
			st = pack(encoder, bytes, s, out, table, err);
	}
	if (*raw_bytes > PW_RAW_BYTES_MAX) {
		out->count = table;
		*raw_bytes = 0;
	}
	return st;
}

enum pw_status pw_touch_encoder_finish(struct pw_touch_encoder *encoder,
				       struct pw_array *out,
				       uint64_t *raw_bytes,
				       struct pw_error *err)
{
	struct pw_pagemap *symbol_of = NULL;
	enum pw_status st = PW_OK;

	*raw_bytes = 0;
	PW_ASSERT(encoder->piece.count > 0);
	if (!encoder->full) {
		list_pages(encoder);
		st = pw_pagemap_open(&symbol_of, 4096, err);
		if (st == PW_OK)
			st = make_symbols(encoder, symbol_of, err);
		if (st == PW_OK)
			st = pw_dense_merge_run(&encoder->merge,
						&encoder->symbols, err);
		if (st == PW_OK)
			st = put_streams(encoder, out, raw_bytes, err);
		pw_pagemap_close(symbol_of);
	}
	pw_touch_encoder_clear(encoder);
	return st;
}
