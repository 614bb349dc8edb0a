/*
 * touch_room.c - columns that touches are written to.
 */
#include "formats/touch_room.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/bits.h"

static enum pw_status grow(void **column, size_t capacity, size_t item_bytes,
			   struct pw_error *err)
{
	void *data = reallocarray(*column, capacity, item_bytes);

	if (!data)
		return pw_fail_memory(err, "touches");
	*column = data;
	return PW_OK;
}

enum pw_status pw_touch_room_reserve(struct pw_touch_room *room, size_t count,
				     size_t more, struct pw_error *err)
{
	size_t capacity = room->capacity;
	const struct {
		void **data;
		size_t item_bytes;
	} column[] = {
		{(void **)&room->page, sizeof(*room->page)},
		{(void **)&room->instruction, sizeof(*room->instruction)},
		{(void **)&room->loads, sizeof(*room->loads)},
		{(void **)&room->stores, sizeof(*room->stores)},
		{(void **)&room->fetches, sizeof(*room->fetches)},
		{(void **)&room->flags, sizeof(*room->flags)},
	};

	PW_ASSERT(count <= capacity);
	if (capacity - count >= more)
		return PW_OK;
	if (more > SIZE_MAX / 2 - count)
		return pw_fail_memory(err, "touches");
	capacity = count + more > capacity * 3 / 2 ? count + more
						   : capacity * 3 / 2;
	for (size_t i = 0; i < PW_COUNT(column); i++) {
		enum pw_status st = grow(column[i].data, capacity,
					 column[i].item_bytes, err);

		if (st != PW_OK)
			return st;
	}
	room->capacity = capacity;
	return PW_OK;
}

void pw_touch_room_free(struct pw_touch_room *room)
{
	free(room->page);
	free(room->instruction);
	free(room->loads);
	free(room->stores);
	free(room->fetches);
	free(room->flags);
	*room = (struct pw_touch_room){0};
}
