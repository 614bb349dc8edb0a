/*
 * touch_encode.c - touches to the payload of a TOUCHES chunk.
 *
 * Pages that are fetched from, and few that are touched most, are part of their
 * records, so that what a loop executes is the same symbols in every round; the
 * others are literals, so that it is the same whatever data it comes to:
 * numbers of pages, which zstd finds again where a loop comes to the same data,
 * or differences, which do not change where it goes on to new data. The
 * distinct records then become symbols and are merged as executions of shapes
 * are (dense_merge.c).
 */
#include "formats/touch_encoder.h"

#include <stdlib.h>

#include "base/assert.h"

/* A page is listed when it is touched so often, */
#define OFTEN_MIN 64
#define OFTEN_SHARE 64 /* and in one of so many records or fetched from. */

/* How often a pair of symbols comes that becomes one: zstd packs what comes
   less often into fewer bytes than the rule takes. */
#define PAIR_MIN 128

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
		.page = PW_ARRAY(struct pw_touch_page),
		.record = PW_ARRAY(struct pw_touch_numbers),
		.piece = PW_ARRAY(struct pw_touch_piece),
		.symbols = PW_ARRAY(uint32_t),
		.symbol = PW_ARRAY(struct pw_touch_numbers),
		.merge = PW_DENSE_MERGE,
		.list = PW_ARRAY(uint64_t),
		.literals = PW_ARRAY(uint32_t),
		.raw = PW_ARRAY(uint8_t),
		.tried = PW_ARRAY(uint8_t),
	};
	encoder->merge.count_min = PAIR_MIN;
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
	pw_array_free(&encoder->list);
	pw_array_free(&encoder->literals);
	pw_array_free(&encoder->raw);
	pw_array_free(&encoder->tried);
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
		   touches->fetches[i] | instructions) <= PW_TOUCH_KEY_MASK);
	return touches->loads[i] |
	       (uint64_t)touches->stores[i] << PW_TOUCH_KEY_BITS |
	       (uint64_t)touches->fetches[i] << 2 * PW_TOUCH_KEY_BITS |
	       instructions << 3 * PW_TOUCH_KEY_BITS |
	       flags << 4 * PW_TOUCH_KEY_BITS;
}

static enum pw_status add_record(struct pw_touch_encoder *encoder, uint64_t key,
				 uint64_t page, struct pw_error *err)
{
	struct pw_touch_page fresh = {.number = page};
	struct pw_touch_numbers *record = encoder->record.data;
	struct pw_touch_page *at;
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
	at = &PW_ARRAY_AT(&encoder->page, struct pw_touch_page, record->page);
	at->count++;
	at->fetched |= (pw_touch_key_flags(key) & PW_TOUCH_FETCH) != 0;
	encoder->record.count++;
	return PW_OK;
}

enum pw_status pw_touch_encoder_add(struct pw_touch_encoder *encoder,
				    const struct pw_touch_piece *piece,
				    const struct pw_touches *touches,
				    struct pw_error *err)
{
	const struct pw_touch_numbers end = {0};
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

static int by_number(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

/* List all pages: those that are part of their records, and then the others. */
static enum pw_status list_pages(struct pw_touch_encoder *encoder,
				 struct pw_error *err)
{
	size_t often = encoder->record.count / OFTEN_SHARE;
	size_t count = encoder->page.count, literals = count, known = 0;
	struct pw_touch_page *page = encoder->page.data;
	enum pw_status st;
	uint64_t *list;

	encoder->list.count = 0;
	st = pw_array_reserve(&encoder->list, count, err);
	if (st != PW_OK)
		return st;
	list = encoder->list.data;
	for (size_t i = 0; i < count; i++) {
		page[i].literal = page[i].count < OFTEN_MIN ||
				  (!page[i].fetched && page[i].count < often);
		list[page[i].literal ? --literals : known++] = page[i].number;
	}
	encoder->list.count = count;
	encoder->list_records = known;
	qsort(list + known, count - known, sizeof(*list), by_number);
	for (size_t i = 0; i < count; i++) {
		const uint64_t *at = pw_pagemap_find(encoder->page_of, list[i]);

		PW_ASSERT(at);
		page[*at].number_listed = (uint32_t)i + 1;
	}
	return PW_OK;
}

/* The symbol of a record. */
static enum pw_status give_symbol(struct pw_touch_encoder *encoder,
				  struct pw_pagemap *symbol_of,
				  const struct pw_touch_numbers *record,
				  uint32_t *symbol, struct pw_error *err)
{
	const struct pw_touch_page *page = &PW_ARRAY_AT(
		&encoder->page, struct pw_touch_page, record->page);
	const uint32_t one = 1;
	bool added;
	enum pw_status st = number(symbol_of,
				   (uint64_t)record->kind << 32 |
					   pw_touch_page_in_record(page),
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
	const struct pw_touch_numbers *record = encoder->record.data;
	size_t records = encoder->record.count;
	const uint32_t none = 0;
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
		const struct pw_touch_page *page = encoder->page.data;

		*symbol = 0;
		if (record[i].kind == 0)
			continue;
		st = give_symbol(encoder, symbol_of, &record[i], symbol, err);
		page += record[i].page;
		if (st == PW_OK && page->literal)
			st = pw_array_push(&encoder->literals, &record[i].page,
					   err);
	}
	return st;
}

enum pw_status pw_touch_encoder_finish(struct pw_touch_encoder *encoder,
				       struct pw_array *out,
				       struct pw_touch_payload *packed,
				       struct pw_error *err)
{
	struct pw_pagemap *symbol_of = NULL;
	enum pw_status st = PW_OK;

	*packed = (struct pw_touch_payload){0};
	PW_ASSERT(encoder->piece.count > 0);
	if (!encoder->full) {
		st = list_pages(encoder, err);
		if (st == PW_OK)
			st = pw_pagemap_open(&symbol_of, 4096, err);
		if (st == PW_OK)
			st = make_symbols(encoder, symbol_of, err);
		if (st == PW_OK)
			st = pw_dense_merge_run(&encoder->merge,
						&encoder->symbols, err);
		if (st == PW_OK)
			st = pw_touch_pack(encoder, out, &packed->raw_bytes,
					   err);
		packed->codec = encoder->codec;
		pw_pagemap_close(symbol_of);
	}
	pw_touch_encoder_clear(encoder);
	return st;
}
