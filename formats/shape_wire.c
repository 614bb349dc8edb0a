/*
 * shape_wire.c - shapes to and from bytes: count, kinds, sizes, pcs.
 */
#include "formats/shape_wire.h"

#include "base/assert.h"
#include "base/bits.h"
#include "formats/tally.h"
#include "formats/varint.h"

#define SIZE_ESCAPE 255
#define SLOT_BYTES_MAX (1 + 6 + PW_VARINT_MAX)

enum pw_status pw_shape_put(struct pw_array *out, const struct pw_shape *shape,
			    struct pw_error *err)
{
	uint64_t last = 0;
	enum pw_status st;
	uint8_t *next;

	PW_ASSERT(out->item_bytes == 1);
	PW_ASSERT(shape->count >= 1 && shape->count <= PW_SHAPE_SLOTS_MAX);
	st = pw_array_reserve(
		out, out->count + PW_VARINT_MAX + shape->count * SLOT_BYTES_MAX,
		err);
	if (st != PW_OK)
		return st;
	next = pw_varint_put((uint8_t *)out->data + out->count, shape->count);
	memcpy(next, shape->kind, shape->count);
	next += shape->count;
	for (size_t i = 0; i < shape->count; i++) {
		uint32_t size = shape->size_bytes[i];

		*next++ = (uint8_t)(size < SIZE_ESCAPE ? size : SIZE_ESCAPE);
		if (size >= SIZE_ESCAPE)
			next = pw_varint_put(next, size);
	}
	for (size_t i = 0; i < shape->count; i++) {
		next = pw_varint_put(next, pw_zigzag(shape->pc[i] - last));
		last = shape->pc[i];
	}
	out->count = (size_t)(next - (uint8_t *)out->data);
	PW_ASSERT(out->count <= out->capacity);
	return PW_OK;
}

/* The size at *in; false when there is none. */
static bool get_size(const uint8_t **in, const uint8_t *end, uint32_t *size)
{
	uint64_t value;

	if (*in == end)
		return false;
	value = *(*in)++;
	if (value == SIZE_ESCAPE) {
		*in = pw_varint_get(*in, end, &value);
		if (!*in || value > UINT32_MAX)
			return false;
	}
	*size = (uint32_t)value;
	return true;
}

const uint8_t *pw_shape_check(const uint8_t *in, const uint8_t *end,
			      size_t *slots)
{
	uint64_t count, code;
	uint32_t size;

	in = pw_varint_get(in, end, &count);
	if (!in || count < 1 || count > PW_SHAPE_SLOTS_MAX ||
	    count > (size_t)(end - in) / PW_SHAPE_SLOT_BYTES_MIN)
		return NULL;
	for (uint64_t i = 0; i < count; i++)
		if (!pw_access_kind_valid(*in++ & (uint8_t)~PW_SHAPE_AT_PC))
			return NULL;
	for (uint64_t i = 0; i < count; i++)
		if (!get_size(&in, end, &size))
			return NULL;
	for (uint64_t i = 0; i < count && in; i++)
		in = pw_varint_get(in, end, &code);
	*slots = (size_t)count;
	return in;
}

size_t pw_shape_slots(const uint8_t *in, const uint8_t *end)
{
	uint64_t count = 0;

	in = pw_varint_get(in, end, &count);
	PW_ASSERT(in && count >= 1 && count <= PW_SHAPE_SLOTS_MAX);
	return (size_t)count;
}

void pw_shape_get(const uint8_t *in, const uint8_t *end, uint64_t *pc,
		  uint32_t *size_bytes, uint8_t *kind)
{
	uint64_t count = 0, last = 0, code = 0;
	bool good = true;

	in = pw_varint_get(in, end, &count);
	PW_ASSERT(in && count >= 1 && count <= (size_t)(end - in));
	memcpy(kind, in, count);
	in += count;
	for (uint64_t i = 0; i < count; i++)
		good &= get_size(&in, end, &size_bytes[i]);
	PW_ASSERT(good);
	for (uint64_t i = 0; i < count; i++) {
		in = pw_varint_get(in, end, &code);
		PW_ASSERT(in);
		last += pw_unzigzag(code);
		pc[i] = last;
	}
}
