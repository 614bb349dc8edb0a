/*
 * oracle_fast.c - a slow reader of ACCESSES and SHAPES chunks.
 */
#include "tests/oracle/oracle_fast.h"

#include <zstd.h>

#include "base/assert.h"
#include "base/bits.h"
#include "base/file.h"
#include "tests/oracle/oracle_wire.h"

#define FILE_BYTES_MAX ((uint64_t)256 << 20)

struct reader {
	struct pw_oracle_fast *out;
	struct pw_oracle_shape *shape;
	size_t shapes;
};

uint8_t pw_oracle_byte(struct pw_oracle_text *text)
{
	PW_ASSERT(text->left > 0);
	text->left--;
	return *text->at++;
}

uint64_t pw_oracle_varint(struct pw_oracle_text *text)
{
	uint64_t value = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		byte = pw_oracle_byte(text);
		value |= (uint64_t)(byte & 127) << shift;
		shift += 7;
	} while (byte & 128);
	return value;
}

/* The difference that a zigzag code stands for. */
uint64_t pw_oracle_difference(uint64_t code)
{
	return code % 2 == 0 ? code / 2 : ~(code / 2);
}

static struct pw_oracle_text unpack(const uint8_t *stored, size_t bytes,
				    size_t raw_bytes)
{
	struct pw_oracle_text text = {NULL, raw_bytes,
				      calloc(1, raw_bytes + 1)};

	PW_ASSERT(text.memory);
	text.at = text.memory;
	if (raw_bytes > 0)
		PW_ASSERT(ZSTD_decompress(text.memory, raw_bytes, stored,
					  bytes) == raw_bytes);
	return text;
}

/* Unpack the @count streams of a payload. */
void pw_oracle_unpack(struct pw_oracle_text *stream, size_t count,
		      const uint8_t *payload, size_t payload_bytes)
{
	size_t at = count * 8;

	for (size_t i = 0; i < count; i++) {
		size_t raw = pw_load32(payload + i * 8);
		size_t stored = pw_load32(payload + i * 8 + 4);

		stream[i] = unpack(payload + at, stored, raw);
		at += stored;
	}
	PW_ASSERT(at == payload_bytes);
}

void pw_oracle_used(struct pw_oracle_text *stream, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		PW_ASSERT(stream[i].left == 0);
		free(stream[i].memory);
	}
}

static uint32_t take_size(struct pw_oracle_text *text)
{
	uint8_t byte = pw_oracle_byte(text);

	return byte < 255 ? byte : (uint32_t)pw_oracle_varint(text);
}

void pw_oracle_push(struct pw_array *array, const void *item)
{
	struct pw_error err;

	PW_ASSERT(pw_array_push(array, item, &err) == PW_OK);
}

static void read_shapes(struct reader *reader, const uint8_t *header,
			const uint8_t *payload)
{
	struct pw_oracle_text text =
		unpack(payload, pw_load64(header + 16), pw_load64(header + 24));

	PW_ASSERT(pw_load32(header + 48) == reader->shapes);
	reader->out->shape_chunks++;
	while (text.left > 0) {
		struct pw_oracle_shape shape = {
			.slots = pw_oracle_varint(&text)};
		uint64_t pc = 0;

		shape.slot = calloc(shape.slots, sizeof(*shape.slot));
		reader->shape = realloc(reader->shape,
					(reader->shapes + 1) * sizeof(shape));
		PW_ASSERT(shape.slot && reader->shape);
		for (size_t i = 0; i < shape.slots; i++)
			shape.slot[i].kind = pw_oracle_byte(&text);
		for (size_t i = 0; i < shape.slots; i++)
			shape.slot[i].size_bytes = take_size(&text);
		for (size_t i = 0; i < shape.slots; i++) {
			pc += pw_oracle_difference(pw_oracle_varint(&text));
			shape.slot[i].pc = pc;
		}
		reader->shape[reader->shapes++] = shape;
	}
	free(text.memory);
}

/* All accesses of a payload of codec 1, which has @count. */
void pw_oracle_generic(struct pw_array *out, const uint8_t *payload,
		       size_t payload_bytes, uint64_t count)
{
	static uint64_t prediction[4096];
	struct pw_oracle_text stream[4];
	uint64_t pc = 0;

	memset(prediction, 0, sizeof(prediction));
	pw_oracle_unpack(stream, 4, payload, payload_bytes);
	for (uint64_t i = 0; i < count; i++) {
		uint8_t kind = pw_oracle_byte(&stream[0]);
		struct pw_oracle_access access = {.kind = kind & 0x7f};
		uint64_t hash;

		access.size_bytes = take_size(&stream[1]);
		pc += pw_oracle_difference(pw_oracle_varint(&stream[2]));
		access.pc = access.address = pc;
		hash = (pc ^ ((uint64_t)access.kind << 56)) *
		       UINT64_C(0x9e3779b97f4a7c15);
		if (!(kind & 0x80)) {
			prediction[hash >> 52] += pw_oracle_difference(
				pw_oracle_varint(&stream[3]));
			access.address = prediction[hash >> 52];
		}
		pw_oracle_push(out, &access);
	}
	pw_oracle_used(stream, 4);
}

/* The next @nibble of an execution and the difference of so many bytes. */
static uint64_t take_difference(struct pw_oracle_text *control,
				struct pw_oracle_text *bytes, size_t nibble)
{
	unsigned length, shift = 0;
	uint64_t code = 0;

	PW_ASSERT(control->left > nibble / 2);
	length = control->at[nibble / 2] >> (nibble % 2 ? 4 : 0) & 15;
	PW_ASSERT(length <= 8);
	for (unsigned i = 0; i < length; i++, shift += 8)
		code |= (uint64_t)pw_oracle_byte(bytes) << shift;
	return pw_oracle_difference(code);
}

/* A symbol of a chunk. */
struct symbol {
	const struct pw_oracle_shape *shape;
	uint64_t
		*last; /* the address of each slot; none before its first use */
};

/* One execution; @previous is where a slot of a new symbol begins. */
static void execute(struct pw_array *out, struct symbol *symbol,
		    struct pw_oracle_text *stream, uint64_t *previous)
{
	size_t slots = symbol->shape->slots, nibbles = 0;
	bool known = symbol->last;

	if (!known)
		symbol->last = calloc(slots + 1, sizeof(*symbol->last));
	PW_ASSERT(symbol->last);
	for (size_t i = 0; i < slots; i++) {
		const struct pw_oracle_slot *slot = &symbol->shape->slot[i];
		struct pw_oracle_access access = {slot->pc, slot->pc,
						  slot->size_bytes,
						  slot->kind & 0x7f};

		if (!(slot->kind & 0x80)) {
			if (!known)
				symbol->last[i] = *previous;
			symbol->last[i] += take_difference(
				&stream[3], &stream[4], nibbles++);
			access.address = symbol->last[i];
			if (!known)
				*previous = symbol->last[i];
		}
		pw_oracle_push(out, &access);
	}
	for (size_t i = 0; i < (nibbles + 1) / 2; i++)
		pw_oracle_byte(&stream[3]);
}

uint64_t pw_oracle_symbol(struct pw_oracle_text *text, size_t shapes)
{
	unsigned bytes = shapes <= 255 ? 1 : shapes <= 65535 ? 2 : 4;
	uint64_t symbol = 0;

	for (unsigned i = 0; i < bytes; i++)
		symbol |= (uint64_t)pw_oracle_byte(text) << (8 * i);
	return symbol;
}

/* The accesses without a shape of a payload; their number is @count. */
static struct pw_array read_rest(const uint8_t *payload, size_t payload_bytes,
				 uint64_t count)
{
	struct pw_array rest = PW_ARRAY(struct pw_oracle_access);
	size_t at = 48;

	for (size_t i = 0; i < 5; i++)
		at += pw_load32(payload + i * 8 + 4);
	PW_ASSERT(at + pw_load32(payload + 44) == payload_bytes);
	if (count > 0)
		pw_oracle_generic(&rest, payload + at, payload_bytes - at,
				  count);
	return rest;
}

/* Unpack the five streams before the rest. */
static void unpack_fast(struct pw_oracle_text *stream, const uint8_t *payload)
{
	size_t at = 48;

	for (size_t i = 0; i < 5; i++) {
		size_t stored = pw_load32(payload + i * 8 + 4);

		stream[i] = unpack(payload + at, stored,
				   pw_load32(payload + i * 8));
		at += stored;
	}
}

static uint64_t sum_runs(struct pw_oracle_text runs)
{
	uint64_t sum = 0;

	while (runs.left > 0)
		sum += pw_oracle_varint(&runs);
	return sum;
}

static void read_fast(struct reader *reader, const uint8_t *payload,
		      size_t payload_bytes)
{
	struct pw_array *out = &reader->out->access;
	uint64_t previous = 0, index = 0;
	struct symbol *used = calloc(65536, sizeof(*used));
	size_t shapes = 0, taken = 0;
	struct pw_array rest;
	struct pw_oracle_text stream[5];

	PW_ASSERT(used);
	unpack_fast(stream, payload);
	rest = read_rest(payload, payload_bytes, sum_runs(stream[2]));
	while (stream[0].left > 0) {
		index += pw_oracle_difference(pw_oracle_varint(&stream[0]));
		PW_ASSERT(index < reader->shapes && shapes < 65536);
		used[shapes++].shape = &reader->shape[index];
	}
	while (stream[1].left > 0) {
		uint64_t symbol = pw_oracle_symbol(&stream[1], shapes);
		uint64_t run = symbol == 0 ? pw_oracle_varint(&stream[2]) : 0;

		for (uint64_t i = 0; i < run; i++, taken++)
			pw_oracle_push(out,
				       &PW_ARRAY_AT(&rest,
						    struct pw_oracle_access,
						    taken));
		if (symbol == 0)
			continue;
		PW_ASSERT(symbol <= shapes);
		execute(out, &used[symbol - 1], stream, &previous);
	}
	for (size_t i = 0; i < shapes; i++)
		free(used[i].last);
	free(used);
	PW_ASSERT(taken == rest.count);
	pw_oracle_used(stream, 5);
	pw_array_free(&rest);
}

static void read_accesses(struct reader *reader, const uint8_t *header,
			  const uint8_t *payload)
{
	struct pw_oracle_chunk chunk = {
		.codec = pw_load32(header + 12),
		.thread = pw_load32(header + 48),
		.first_access = pw_load64(header + 56),
		.access_count = pw_load64(header + 64),
		.first_instruction = pw_load64(header + 72),
		.instruction_count = pw_load64(header + 80),
		.min_page = pw_load64(header + 88),
		.max_page = pw_load64(header + 96),
		.first = reader->out->access.count,
	};
	size_t bytes = pw_load64(header + 16);

	if (chunk.codec == 3)
		pw_oracle_dense(&reader->out->access, reader->shape, payload,
				bytes);
	else if (chunk.codec == 2)
		read_fast(reader, payload, bytes);
	else
		pw_oracle_generic(&reader->out->access, payload, bytes,
				  chunk.access_count);
	chunk.count = reader->out->access.count - chunk.first;
	pw_oracle_push(&reader->out->chunk, &chunk);
}

void pw_oracle_fast_read(struct pw_oracle_fast *out, const char *path)
{
	struct reader reader = {.out = out};
	size_t bytes, at = 64;
	struct pw_error err;
	char *data;

	*out = (struct pw_oracle_fast){
		.access = PW_ARRAY(struct pw_oracle_access),
		.chunk = PW_ARRAY(struct pw_oracle_chunk),
	};
	PW_ASSERT(pw_file_read(path, FILE_BYTES_MAX, &data, &bytes, &err) ==
		  PW_OK);
	while (at < bytes - 32) {
		const uint8_t *header = (const uint8_t *)data + at;

		PW_ASSERT(pw_load32(header) == 0x435750d7);
		if (pw_load16(header + 4) == 8)
			read_shapes(&reader, header, header + 128);
		if (pw_load16(header + 4) == 4)
			read_accesses(&reader, header, header + 128);
		at += 128 + (pw_load64(header + 16) + 7) / 8 * 8;
	}
	out->shapes = reader.shapes;
	for (size_t i = 0; i < reader.shapes; i++)
		free(reader.shape[i].slot);
	free(reader.shape);
	free(data);
}

void pw_oracle_fast_free(struct pw_oracle_fast *fast)
{
	pw_array_free(&fast->access);
	pw_array_free(&fast->chunk);
}
