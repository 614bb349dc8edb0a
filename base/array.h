/*
 * array.h - one growing array.
 *
 * Usage: struct pw_array pages = PW_ARRAY(uint64_t); pw_array_push(&pages, &v);
 * items by PW_ARRAY_AT(&pages, uint64_t, i). Pointers into it die with a push.
 */
#ifndef PW_BASE_ARRAY_H
#define PW_BASE_ARRAY_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct pw_array {
	void *data;
	size_t count;
	size_t capacity;
	size_t item_bytes;
};

/* An empty array of @type; it owns no memory until the first push. */
#define PW_ARRAY(type)                   \
	{                                \
		NULL, 0, 0, sizeof(type) \
	}
/* Item @i as an lvalue of @type. */
#define PW_ARRAY_AT(array, type, i) (((type *)(array)->data)[i])

/*
 * Make room for @count items in all, so that the next pushes cannot fail.
 *
 * Errors: PW_ERR_SYSTEM no memory or the size overflows; nothing changes.
 */
enum pw_status pw_array_reserve(struct pw_array *array, size_t count,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * Append a copy of the item at @item; NULL appends zeroed bytes.
 *
 * Errors: PW_ERR_SYSTEM no memory; nothing changes.
 */
enum pw_status pw_array_push(struct pw_array *array, const void *item,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Free the memory and make the array empty again.
 */
void pw_array_free(struct pw_array *array);

#endif
