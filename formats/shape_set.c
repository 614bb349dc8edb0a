/*
 * shape_set.c - from the list of a chunk's shapes to arrays of their slots.
 */
#include "formats/shape_set.h"

#include "base/assert.h"
#include "base/bits.h"
#include "formats/shape.h"
#include "formats/shape_wire.h"
#include "formats/streams.h"
#include "formats/varint.h"

/* So many listed shapes take little memory, whatever they are. */
#define LISTED_FREE 65536

void pw_shape_set_free(struct pw_shape_set *set)
{
	pw_array_free(&set->entry);
	pw_array_free(&set->pc);
	pw_array_free(&set->size);
	pw_array_free(&set->kind);
	pw_array_free(&set->stored);
}

static enum pw_status malformed(struct pw_error *err, const char *how)
{
	return pw_stream_malformed(err, "shape", how);
}

/*
 * List at most @count shapes, and not so many more than the trace has that they
 * take much memory; let what they lead to come nearer.
 */
static enum pw_status get_entries(struct pw_shape_set *set,
				  const struct pw_pwt_shapes *shapes,
				  const uint8_t *in, const uint8_t *end,
				  size_t count, struct pw_error *err)
{
	const uint8_t *bytes = shapes->bytes.data;
	uint64_t index = 0, code;
	enum pw_status st = PW_OK;

	set->entry.count = 0;
	while (in < end && st == PW_OK) {
		struct pw_shape_use use = {0};

		if (set->entry.count == count)
			return malformed(err, "has more slots than accesses");
		if (set->entry.count >= LISTED_FREE &&
		    set->entry.count >= shapes->offset.count)
			return malformed(err, "lists more shapes than there "
					      "are");
		in = pw_varint_get(in, end, &code);
		if (!in)
			return malformed(err, "ends early");
		index += pw_unzigzag(code);
		use.offset = pw_pwt_shapes_find(shapes, index);
		if (use.offset == PW_SHAPE_LOST)
			return pw_fail(err, PW_ERR_FORMAT,
				       "its shape %llu is lost",
				       (unsigned long long)index);
		use.index = (uint32_t)index;
		__builtin_prefetch(bytes + use.offset);
		st = pw_array_push(&set->entry, &use, err);
	}
	return st;
}

/* Give each shape its place; all their slots are no more than @count. */
static enum pw_status count_slots(struct pw_shape_set *set,
				  const struct pw_pwt_shapes *shapes,
				  size_t count, size_t *slots,
				  struct pw_error *err)
{
	const uint8_t *bytes = shapes->bytes.data;
	const uint8_t *end = bytes + shapes->bytes.count;

	*slots = 0;
	for (size_t e = 0; e < set->entry.count; e++) {
		struct pw_shape_use *use =
			&PW_ARRAY_AT(&set->entry, struct pw_shape_use, e);

		use->slot = (uint32_t)*slots;
		use->slots = (uint32_t)pw_shape_slots(bytes + use->offset, end);
		if (use->slots > count - *slots)
			return malformed(err, "has more slots than accesses");
		*slots += use->slots;
	}
	return PW_OK;
}

static enum pw_status reserve_slots(struct pw_shape_set *set, size_t slots,
				    struct pw_error *err)
{
	enum pw_status st;

	slots += PW_SHAPE_SET_SLACK;
	st = pw_array_reserve(&set->pc, slots, err);
	if (st == PW_OK)
		st = pw_array_reserve(&set->size, slots, err);
	if (st == PW_OK)
		st = pw_array_reserve(&set->kind, slots, err);
	if (st == PW_OK)
		st = pw_array_reserve(&set->stored, slots, err);
	return st;
}

/* Read the slots of all shapes. */
static void get_slots(struct pw_shape_set *set,
		      const struct pw_pwt_shapes *shapes)
{
	const uint8_t *bytes = shapes->bytes.data;
	uint8_t *kind = set->kind.data;
	uint16_t *stored = set->stored.data;
	uint32_t first = 0;

	set->slots_max = 0;
	for (size_t e = 0; e < set->entry.count; e++) {
		struct pw_shape_use *use =
			&PW_ARRAY_AT(&set->entry, struct pw_shape_use, e);

		pw_shape_get(bytes + use->offset, bytes + shapes->bytes.count,
			     (uint64_t *)set->pc.data + use->slot,
			     (uint32_t *)set->size.data + use->slot,
			     kind + use->slot);
		use->first = first;
		for (uint32_t i = 0; i < use->slots; i++) {
			stored[first] = (uint16_t)i;
			first += !(kind[use->slot + i] & PW_SHAPE_AT_PC);
			kind[use->slot + i] &= (uint8_t)~PW_SHAPE_AT_PC;
			use->instructions +=
				(kind[use->slot + i] & PW_ACCESS_FIRST) != 0;
		}
		use->stored = first - use->first;
		if (use->slots > set->slots_max)
			set->slots_max = use->slots;
	}
	set->stored.count = first;
}

enum pw_status pw_shape_set_read(struct pw_shape_set *set,
				 const struct pw_pwt_shapes *shapes,
				 const uint8_t *in, const uint8_t *end,
				 size_t count, struct pw_error *err)
{
	enum pw_status st;
	size_t slots = 0;

	st = get_entries(set, shapes, in, end, count, err);
	if (st == PW_OK)
		st = count_slots(set, shapes, count, &slots, err);
	if (st == PW_OK)
		st = reserve_slots(set, slots, err);
	if (st != PW_OK)
		return st;
	get_slots(set, shapes);
	PW_ASSERT(set->stored.count <= slots);
	return PW_OK;
}
