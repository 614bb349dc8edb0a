/*
 * array.c - doubling growth.
 */
#include "base/array.h"

#include "base/assert.h"

enum pw_status pw_array_reserve(struct pw_array *array, size_t count,
				struct pw_error *err)
{
	size_t capacity = array->capacity ? array->capacity : 16;
	size_t bytes;
	void *data;

	PW_ASSERT(array->item_bytes > 0 && array->count <= array->capacity);
	if (count <= array->capacity)
		return PW_OK;
	while (capacity < count && capacity <= SIZE_MAX / 2)
		capacity *= 2;
	if (capacity < count ||
	    __builtin_mul_overflow(capacity, array->item_bytes, &bytes))
		return pw_fail_memory(err, "an array");
	PW_ASSERT(capacity > array->capacity && bytes > 0);
	data = realloc(array->data, bytes);
	if (!data)
		return pw_fail_memory(err, "an array");
	array->data = data;
	array->capacity = capacity;
	return PW_OK;
}

enum pw_status pw_array_push(struct pw_array *array, const void *item,
			     struct pw_error *err)
{
	char *slot;

	if (array->count == array->capacity) {
		enum pw_status st =
			pw_array_reserve(array, array->count + 1, err);

		if (st != PW_OK)
			return st;
	}
	PW_DEBUG_ASSERT(array->count < array->capacity);
	slot = (char *)array->data + array->count * array->item_bytes;
	if (item)
		memcpy(slot, item, array->item_bytes);
	else
		memset(slot, 0, array->item_bytes);
	array->count++;
	return PW_OK;
}

void pw_array_free(struct pw_array *array)
{
	free(array->data);
	array->data = NULL;
	array->count = 0;
	array->capacity = 0;
}
