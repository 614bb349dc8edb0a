/*
 * oracle_dense.c - a slow reader of the payload of ACCESSES, codec 3.
 *
 * Every slot of every symbol has its list of numbers, operands are looked for
 * one by one, and nothing is worked out before it is needed.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/assert.h"
#include "base/bits.h"
#include "tests/oracle/oracle_fast.h"
#include "tests/oracle/oracle_wire.h"

enum { SHAPES, RULES, SYMBOLS, RUNS, MODES, BASES, STARTS, COLUMNS, REST };

/* A stored slot of an executed symbol. */
struct place {
	unsigned from, width;
	uint64_t base;
	const uint8_t *column; /* the next one's bytes */
};

struct symbol {
	size_t left, right; /* of a rule; of a shape 0 */
	size_t shape;
	size_t uses;
	size_t stored;
	struct place *place;
};

struct operand {
	uint64_t pc, ordinal;
	bool wanted;
	uint64_t last;
};

struct dense {
	const struct pw_oracle_shape *shape;
	struct pw_array symbol;	 /* struct symbol, from 1 on */
	struct pw_array operand; /* struct operand, as they come up */
	struct pw_oracle_text stream[REST];
	struct pw_array rest; /* struct pw_oracle_access */
	size_t rest_used;
};

static struct symbol *symbol_at(struct dense *dense, size_t i)
{
	PW_ASSERT(i >= 1 && i < dense->symbol.count);
	return &PW_ARRAY_AT(&dense->symbol, struct symbol, i);
}

/* The number of an operand, which is added when it is new. */
static size_t operand_of(struct dense *dense, uint64_t pc, uint64_t ordinal)
{
	struct operand new_operand = {pc, ordinal, false, 0};

	for (size_t i = 0; i < dense->operand.count; i++) {
		const struct operand *o =
			&PW_ARRAY_AT(&dense->operand, struct operand, i);

		if (o->pc == pc && o->ordinal == ordinal)
			return i;
	}
	pw_oracle_push(&dense->operand, &new_operand);
	return dense->operand.count - 1;
}

/* The operand of slot @slot of a shape, which is stored. */
static size_t operand_of_slot(struct dense *dense, size_t shape, size_t slot)
{
	const struct pw_oracle_slot *s = dense->shape[shape].slot;
	uint64_t ordinal = 0;

	for (size_t i = slot; i > 0; i--) {
		if (s[i - 1].kind & 0x80)
			continue;
		if (s[i - 1].pc != s[slot].pc)
			break;
		ordinal++;
	}
	return operand_of(dense, s[slot].pc, ordinal);
}

/* Read shapes and rules; number the operands in the order of the shapes. */
static void read_symbols(struct dense *dense)
{
	uint64_t index = 0;

	pw_oracle_push(&dense->symbol, NULL);
	while (dense->stream[SHAPES].left > 0) {
		struct symbol symbol = {0};

		index += pw_oracle_difference(
			pw_oracle_varint(&dense->stream[SHAPES]));
		symbol.shape = index;
		for (size_t i = 0; i < dense->shape[index].slots; i++) {
			if (dense->shape[index].slot[i].kind & 0x80)
				continue;
			symbol.stored++;
			(void)operand_of_slot(dense, index, i);
		}
		pw_oracle_push(&dense->symbol, &symbol);
	}
	while (dense->stream[RULES].left > 0) {
		struct symbol symbol = {0};

		symbol.left = pw_oracle_varint(&dense->stream[RULES]);
		symbol.right = pw_oracle_varint(&dense->stream[RULES]);
		symbol.stored = symbol_at(dense, symbol.left)->stored +
				symbol_at(dense, symbol.right)->stored;
		pw_oracle_push(&dense->symbol, &symbol);
	}
}

static void count_uses(struct dense *dense)
{
	struct pw_oracle_text symbols = dense->stream[SYMBOLS];

	while (symbols.left > 0) {
		uint64_t s =
			pw_oracle_symbol(&symbols, dense->symbol.count - 1);

		if (s > 0)
			symbol_at(dense, s)->uses++;
	}
}

/* Say which operands of a symbol are predicted by their last addresses. */
static void want_operands(struct dense *dense, const struct symbol *symbol,
			  const struct place *place)
{
	if (symbol->left > 0) {
		const struct symbol *left = symbol_at(dense, symbol->left);

		want_operands(dense, left, place);
		want_operands(dense, symbol_at(dense, symbol->right),
			      place + left->stored);
		return;
	}
	for (size_t i = 0; i < dense->shape[symbol->shape].slots; i++) {
		if (dense->shape[symbol->shape].slot[i].kind & 0x80)
			continue;
		if (place->from == 9) {
			size_t o = operand_of_slot(dense, symbol->shape, i);

			PW_ARRAY_AT(&dense->operand, struct operand, o).wanted =
				true;
		}
		place++;
	}
}

/* Modes, bases and columns of all executed symbols. */
static void read_places(struct dense *dense)
{
	uint64_t absolute = 0;

	for (size_t s = 1; s < dense->symbol.count; s++) {
		struct symbol *symbol = symbol_at(dense, s);

		if (symbol->uses == 0)
			continue;
		symbol->place =
			calloc(symbol->stored + 1, sizeof(struct place));
		PW_ASSERT(symbol->place);
		for (size_t k = 0; k < symbol->stored; k++) {
			struct place *place = &symbol->place[k];
			uint8_t mode = pw_oracle_byte(&dense->stream[MODES]);

			place->from = mode / 16;
			place->width = mode % 16;
			place->base = pw_oracle_difference(
				pw_oracle_varint(&dense->stream[BASES]));
			if (place->from == 0)
				place->base = absolute += place->base;
			place->column = dense->stream[COLUMNS].at;
			for (size_t i = 0; i < place->width * symbol->uses; i++)
				(void)pw_oracle_byte(&dense->stream[COLUMNS]);
		}
		want_operands(dense, symbol, symbol->place);
	}
}

static void read_starts(struct dense *dense)
{
	uint64_t address = 0;

	for (size_t i = 0; i < dense->operand.count; i++) {
		struct operand *o =
			&PW_ARRAY_AT(&dense->operand, struct operand, i);

		if (!o->wanted)
			continue;
		address += pw_oracle_difference(
			pw_oracle_varint(&dense->stream[STARTS]));
		o->last = address;
	}
}

/* The next address of a place; the ones before it are at the end of @out. */
static uint64_t next_address(struct pw_array *stored, struct place *place,
			     const struct operand *operand)
{
	uint64_t address = place->base;

	if (place->from == 9)
		address += operand->last;
	else if (place->from > 0)
		address += PW_ARRAY_AT(stored, uint64_t,
				       stored->count - place->from);
	for (unsigned i = 0; i < place->width; i++)
		address += (uint64_t)*place->column++ << (8 * i);
	return address;
}

/* Execute a symbol, or the part of one whose slots begin at @place. */
static void execute(struct dense *dense, const struct symbol *symbol,
		    struct place *place, struct pw_array *stored,
		    struct pw_array *out)
{
	const struct pw_oracle_shape *shape = &dense->shape[symbol->shape];

	if (symbol->left > 0) {
		const struct symbol *left = symbol_at(dense, symbol->left);

		execute(dense, left, place, stored, out);
		execute(dense, symbol_at(dense, symbol->right),
			place + left->stored, stored, out);
		return;
	}
	for (size_t i = 0; i < shape->slots; i++) {
		const struct pw_oracle_slot *slot = &shape->slot[i];
		struct pw_oracle_access access = {slot->pc, slot->pc,
						  slot->size_bytes,
						  slot->kind & 0x7f};

		if (!(slot->kind & 0x80)) {
			size_t o = operand_of_slot(dense, symbol->shape, i);
			struct operand *operand = &PW_ARRAY_AT(
				&dense->operand, struct operand, o);

			access.address = next_address(stored, place++, operand);
			operand->last = access.address;
			pw_oracle_push(stored, &access.address);
		}
		pw_oracle_push(out, &access);
	}
}

static void execute_all(struct dense *dense, struct pw_array *out)
{
	struct pw_array stored = PW_ARRAY(uint64_t);

	while (dense->stream[SYMBOLS].left > 0) {
		uint64_t s = pw_oracle_symbol(&dense->stream[SYMBOLS],
					      dense->symbol.count - 1);
		uint64_t run =
			s == 0 ? pw_oracle_varint(&dense->stream[RUNS]) : 0;

		for (; run > 0; run--)
			pw_oracle_push(out,
				       &PW_ARRAY_AT(&dense->rest,
						    struct pw_oracle_access,
						    dense->rest_used++));
		if (s == 0)
			continue;
		stored.count = 0;
		execute(dense, symbol_at(dense, s), symbol_at(dense, s)->place,
			&stored, out);
	}
	pw_array_free(&stored);
}

static uint64_t sum_runs(struct pw_oracle_text runs)
{
	uint64_t sum = 0;

	while (runs.left > 0)
		sum += pw_oracle_varint(&runs);
	return sum;
}

/* Unpack all streams but the rest, and read the rest. */
static void unpack(struct dense *dense, const uint8_t *payload,
		   size_t payload_bytes)
{
	size_t at = 72;

	for (size_t i = 0; i < REST; i++) {
		size_t raw = pw_load32(payload + i * 8);
		size_t bytes = pw_load32(payload + i * 8 + 4);
		uint8_t *memory = calloc(1, raw + 1);

		PW_ASSERT(memory);
		if (i == COLUMNS && raw == bytes)
			memcpy(memory, payload + at, raw);
		else if (raw > 0)
			PW_ASSERT(ZSTD_decompress(memory, raw, payload + at,
						  bytes) == raw);
		dense->stream[i] = (struct pw_oracle_text){memory, raw, memory};
		at += bytes;
	}
	PW_ASSERT(at + pw_load32(payload + REST * 8 + 4) == payload_bytes);
	if (at < payload_bytes)
		pw_oracle_generic(&dense->rest, payload + at,
				  payload_bytes - at,
				  sum_runs(dense->stream[RUNS]));
}

void pw_oracle_dense(struct pw_array *out, const struct pw_oracle_shape *shape,
		     const uint8_t *payload, size_t payload_bytes)
{
	struct dense dense = {
		.shape = shape,
		.symbol = PW_ARRAY(struct symbol),
		.operand = PW_ARRAY(struct operand),
		.rest = PW_ARRAY(struct pw_oracle_access),
	};

	unpack(&dense, payload, payload_bytes);
	read_symbols(&dense);
	count_uses(&dense);
	read_places(&dense);
	read_starts(&dense);
	execute_all(&dense, out);
	PW_ASSERT(dense.rest_used == dense.rest.count);
	pw_oracle_used(dense.stream, REST);
	for (size_t s = 1; s < dense.symbol.count; s++)
		free(symbol_at(&dense, s)->place);
	pw_array_free(&dense.symbol);
	pw_array_free(&dense.operand);
	pw_array_free(&dense.rest);
}
