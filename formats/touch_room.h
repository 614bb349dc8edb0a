/*
 * touch_room.h - columns that touches are written to.
 */
#ifndef PW_FORMATS_TOUCH_ROOM_H
#define PW_FORMATS_TOUCH_ROOM_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/* The columns of struct pw_touches; zeroed: no room. */
struct pw_touch_room {
	uint64_t *page;
	uint64_t *instruction;
	uint32_t *loads;
	uint32_t *stores;
	uint32_t *fetches;
	uint8_t *flags;
	size_t capacity; /* of each */
};

/*
 * Have room for @more records after @count. Columns may move.
 *
 * Owns:   free it with pw_touch_room_free.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_touch_room_reserve(struct pw_touch_room *room, size_t count,
				     size_t more,
				     struct pw_error *err) PW_MUST_CHECK;

/*
 * Free the columns.
 */
void pw_touch_room_free(struct pw_touch_room *room);

#endif
