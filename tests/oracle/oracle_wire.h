/*
 * oracle_wire.h - between the slow readers of the codecs.
 */
#ifndef PW_TESTS_ORACLE_ORACLE_WIRE_H
#define PW_TESTS_ORACLE_ORACLE_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "base/array.h"

/* Bytes that are read from the front. */
struct pw_oracle_text {
	const uint8_t *at;
	size_t left;
	uint8_t *memory;
};

struct pw_oracle_slot {
	uint64_t pc;
	uint32_t size_bytes;
	uint8_t kind;
};

struct pw_oracle_shape {
	struct pw_oracle_slot *slot;
	size_t slots;
};

/*
 * The next byte, varint, or symbol of a chunk whose highest one is @highest.
 */
uint8_t pw_oracle_byte(struct pw_oracle_text *text);
uint64_t pw_oracle_varint(struct pw_oracle_text *text);
uint64_t pw_oracle_symbol(struct pw_oracle_text *text, size_t highest);

/*
 * The difference that a zigzag code stands for.
 */
uint64_t pw_oracle_difference(uint64_t code);

/*
 * Unpack the @count streams of a payload.
 */
void pw_oracle_unpack(struct pw_oracle_text *stream, size_t count,
		      const uint8_t *payload, size_t payload_bytes);

/*
 * Check that the streams are used up, and free them.
 */
void pw_oracle_used(struct pw_oracle_text *stream, size_t count);

/*
 * Append a copy of @item, or abort.
 */
void pw_oracle_push(struct pw_array *array, const void *item);

/*
 * All accesses of a payload of codec 1, which has @count.
 */
void pw_oracle_generic(struct pw_array *out, const uint8_t *payload,
		       size_t payload_bytes, uint64_t count);

/*
 * All accesses of a payload of codec 3.
 */
void pw_oracle_dense(struct pw_array *out, const struct pw_oracle_shape *shape,
		     const uint8_t *payload, size_t payload_bytes);

#endif
