/*
 * pwt_shapes.c - what SHAPES chunks hold.
 */
#include "formats/pwt_shapes.h"

#include "base/assert.h"
#include "formats/layout.h"
#include "formats/shape_wire.h"

_Static_assert(PW_SHAPE_BYTES_MAX < PW_SHAPE_LOST, "offsets have 32 bits");

void pw_pwt_shapes_free(struct pw_pwt_shapes *shapes)
{
	pw_array_free(&shapes->bytes);
	pw_array_free(&shapes->offset);
}

uint32_t pw_pwt_shapes_find(const struct pw_pwt_shapes *shapes, uint64_t index)
{
	if (index >= shapes->offset.count)
		return PW_SHAPE_LOST;
	return PW_ARRAY_AT(&shapes->offset, uint32_t, index);
}

/* Say that all shapes before @first that did not come are lost. */
static enum pw_status fill(struct pw_pwt_shapes *shapes, uint64_t first,
			   struct pw_error *err)
{
	const uint32_t lost = PW_SHAPE_LOST;
	enum pw_status st = PW_OK;

	PW_ASSERT(first <= PW_SHAPES_MAX);
	while (shapes->offset.count < first && st == PW_OK)
		st = pw_array_push(&shapes->offset, &lost, err);
	return st;
}

/* Note where the shapes begin that stand at the end of the bytes. */
static enum pw_status note_shapes(struct pw_pwt_shapes *shapes, size_t at,
				  struct pw_error *err)
{
	const uint8_t *begin = shapes->bytes.data;
	const uint8_t *end = begin + shapes->bytes.count;
	const uint8_t *next = begin + at;
	uint64_t slots_all = shapes->slots;

	while (next < end) {
		uint32_t offset = (uint32_t)(next - begin);
		enum pw_status st;
		size_t slots = 0;

		next = pw_shape_check(next, end, &slots);
		slots_all += slots;
		if (!next)
			return pw_fail(err, PW_ERR_FORMAT, "it is malformed");
		if (shapes->offset.count >= PW_SHAPES_MAX ||
		    slots_all > PW_SHAPE_SLOTS_ALL_MAX)
			return pw_fail(err, PW_ERR_FORMAT,
				       "it has more shapes than are allowed");
		st = pw_array_push(&shapes->offset, &offset, err);
		if (st != PW_OK)
			return st;
	}
	shapes->slots = slots_all;
	return PW_OK;
}

enum pw_status pw_pwt_shapes_add(struct pw_pwt_shapes *shapes, uint64_t first,
				 const uint8_t *raw, size_t raw_bytes,
				 struct pw_error *err)
{
	size_t at = shapes->bytes.count, count;
	enum pw_status st;

	if (first < shapes->offset.count || first > PW_SHAPES_MAX)
		return pw_fail(err, PW_ERR_FORMAT, "it is malformed");
	if (raw_bytes > PW_SHAPE_BYTES_MAX - at)
		return pw_fail(err, PW_ERR_FORMAT,
			       "it has more shapes than are allowed");
	st = fill(shapes, first, err);
	if (st == PW_OK)
		st = pw_array_reserve(&shapes->bytes, at + raw_bytes + 1, err);
	if (st != PW_OK)
		return st;
	count = shapes->offset.count;
	if (raw_bytes > 0)
		memcpy((uint8_t *)shapes->bytes.data + at, raw, raw_bytes);
	shapes->bytes.count += raw_bytes;
	st = note_shapes(shapes, at, err);
	if (st != PW_OK) {
		shapes->bytes.count = at;
		shapes->offset.count = count;
	}
	return st;
}
