/*
 * oracle_touch.c - a slow reader of TOUCHES chunks.
 */
#include "tests/oracle/oracle_touch.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/bits.h"
#include "base/file.h"
#include "tests/oracle/oracle_wire.h"

#define FILE_BYTES_MAX ((size_t)1 << 30)

enum { PAGES, RECORDS, RULES, SYMBOLS, LITERALS, PIECES, STREAMS };

/* A symbol: a record, or two others. */
struct symbol {
	struct pw_oracle_touch touch; /* page: its number, or 0 */
	size_t left, right;	      /* of a rule; else 0 */
};

struct chunk {
	struct pw_oracle_text stream[STREAMS];
	struct pw_array page;	/* uint64_t, from 1 on */
	struct pw_array symbol; /* struct symbol, from 1 on */
	size_t distinct;
	uint32_t codec;
	uint64_t literal; /* the last one */
	struct pw_oracle_touches *out;
	uint64_t instructions; /* begun in the piece so far */
};

static void read_pages(struct chunk *chunk)
{
	struct pw_oracle_text *text = &chunk->stream[PAGES];
	uint64_t page = 0;

	pw_oracle_push(&chunk->page, &page);
	while (text->left > 0) {
		page += pw_oracle_difference(pw_oracle_varint(text));
		pw_oracle_push(&chunk->page, &page);
	}
}

static void read_records(struct chunk *chunk)
{
	struct pw_oracle_text *text = &chunk->stream[RECORDS];
	const struct symbol none = {{0}, 0, 0};
	struct symbol *symbol;

	chunk->distinct = (size_t)pw_oracle_varint(text);
	for (size_t i = 0; i <= chunk->distinct; i++)
		pw_oracle_push(&chunk->symbol, &none);
	symbol = chunk->symbol.data;
	for (size_t i = 1; i <= chunk->distinct; i++)
		symbol[i].touch.flags = pw_oracle_byte(text);
	for (size_t i = 1; i <= chunk->distinct; i++)
		symbol[i].touch.loads = pw_oracle_varint(text);
	for (size_t i = 1; i <= chunk->distinct; i++)
		symbol[i].touch.stores = pw_oracle_varint(text);
	for (size_t i = 1; i <= chunk->distinct; i++)
		symbol[i].touch.fetches = pw_oracle_varint(text);
	for (size_t i = 1; i <= chunk->distinct; i++)
		symbol[i].touch.instructions = pw_oracle_varint(text);
	for (size_t i = 1; i <= chunk->distinct; i++)
		symbol[i].touch.page = pw_oracle_varint(text);
}

static void read_rules(struct chunk *chunk)
{
	struct pw_oracle_text *text = &chunk->stream[RULES];

	while (text->left > 0) {
		struct symbol rule = {{0}, 0, 0};

		rule.left = (size_t)pw_oracle_varint(text);
		rule.right = (size_t)pw_oracle_varint(text);
		PW_ASSERT(rule.left > 0 && rule.left < chunk->symbol.count);
		PW_ASSERT(rule.right > 0 && rule.right < chunk->symbol.count);
		pw_oracle_push(&chunk->symbol, &rule);
	}
}

static uint64_t read_literal(struct chunk *chunk)
{
	struct pw_oracle_text *text = &chunk->stream[LITERALS];

	if (chunk->codec == 2) {
		uint64_t page = pw_oracle_symbol(text, chunk->page.count - 1);

		PW_ASSERT(page > 0 && page < chunk->page.count);
		return PW_ARRAY_AT(&chunk->page, uint64_t, page);
	}
	chunk->literal += pw_oracle_difference(pw_oracle_varint(text));
	return chunk->literal;
}

static void add_touch(struct chunk *chunk, const struct symbol *symbol)
{
	struct pw_oracle_touch touch = symbol->touch;

	if (touch.page == 0)
		touch.page = read_literal(chunk);
	else
		touch.page = PW_ARRAY_AT(&chunk->page, uint64_t, touch.page);
	chunk->instructions += touch.instructions;
	touch.instructions = chunk->instructions;
	pw_oracle_push(&chunk->out->touch, &touch);
}

/* Unfold a symbol, the left half first. */
static void add_symbol(struct chunk *chunk, size_t number)
{
	struct pw_array stack = PW_ARRAY(size_t);

	pw_oracle_push(&stack, &number);
	while (stack.count > 0) {
		const struct symbol *symbol;

		number = PW_ARRAY_AT(&stack, size_t, --stack.count);
		symbol = &PW_ARRAY_AT(&chunk->symbol, struct symbol, number);
		if (number <= chunk->distinct) {
			add_touch(chunk, symbol);
			continue;
		}
		pw_oracle_push(&stack, &symbol->right);
		pw_oracle_push(&stack, &symbol->left);
	}
	pw_array_free(&stack);
}

/* The numbers of the pieces from @first on, column by column. */
static void read_pieces(struct chunk *chunk, size_t first)
{
	struct pw_oracle_text *text = &chunk->stream[PIECES];
	struct pw_oracle_piece *piece = chunk->out->piece.data;
	size_t end = chunk->out->piece.count;

	for (size_t i = first; i < end; i++)
		piece[i].accesses = pw_oracle_varint(text);
	for (size_t i = first; i < end; i++)
		piece[i].instructions = pw_oracle_varint(text);
	for (size_t i = first; i < end; i++)
		piece[i].stores = pw_oracle_varint(text);
	for (size_t i = first; i < end; i++)
		piece[i].modifies = pw_oracle_varint(text);
	for (size_t i = first; i < end; i++)
		piece[i].fetches = pw_oracle_varint(text);
}

static void read_chunk(struct pw_oracle_touches *out, const uint8_t *header)
{
	struct chunk chunk = {.page = PW_ARRAY(uint64_t),
			      .symbol = PW_ARRAY(struct symbol),
			      .codec = pw_load32(header + 12),
			      .out = out};
	struct pw_oracle_piece piece = {.thread = pw_load32(header + 48),
					.first = out->touch.count};
	size_t first = out->piece.count;

	PW_ASSERT(chunk.codec == 1 || chunk.codec == 2);
	out->numbered += chunk.codec == 2;
	pw_oracle_unpack(chunk.stream, STREAMS, header + 128,
			 pw_load64(header + 16));
	read_pages(&chunk);
	read_records(&chunk);
	read_rules(&chunk);
	while (chunk.stream[SYMBOLS].left > 0) {
		size_t symbol = (size_t)pw_oracle_symbol(
			&chunk.stream[SYMBOLS], chunk.symbol.count - 1);

		PW_ASSERT(symbol < chunk.symbol.count);
		if (symbol > 0) {
			add_symbol(&chunk, symbol);
			continue;
		}
		piece.count = out->touch.count - piece.first;
		pw_oracle_push(&out->piece, &piece);
		piece.first = out->touch.count;
		chunk.instructions = 0;
	}
	PW_ASSERT(piece.first == out->touch.count);
	read_pieces(&chunk, first);
	pw_oracle_used(chunk.stream, STREAMS);
	pw_array_free(&chunk.page);
	pw_array_free(&chunk.symbol);
}

void pw_oracle_touches_read(struct pw_oracle_touches *out, const char *path)
{
	size_t bytes, at = 64;
	struct pw_error err;
	char *data;

	*out = (struct pw_oracle_touches){
		.touch = PW_ARRAY(struct pw_oracle_touch),
		.piece = PW_ARRAY(struct pw_oracle_piece),
	};
	PW_ASSERT(pw_file_read(path, FILE_BYTES_MAX, &data, &bytes, &err) ==
		  PW_OK);
	while (at < bytes - 32) {
		const uint8_t *header = (const uint8_t *)data + at;

		PW_ASSERT(pw_load32(header) == 0x435750d7);
		if (pw_load16(header + 4) == 9) {
			out->chunks++;
			out->critical += pw_load16(header + 6);
			read_chunk(out, header);
		}
		at += 128 + (pw_load64(header + 16) + 7) / 8 * 8;
	}
	free(data);
}

void pw_oracle_touches_free(struct pw_oracle_touches *touches)
{
	pw_array_free(&touches->touch);
	pw_array_free(&touches->piece);
}
