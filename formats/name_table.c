/*
 * name_table.c - byte strings to numbers, by open addressing.
 */
#include "formats/name_table.h"

#include "base/assert.h"
#include "formats/layout.h"

#define PLACES_FIRST 256

struct name {
	uint64_t hash;
	size_t first; /* of its bytes */
	size_t bytes;
};

void pw_name_table_init(struct pw_name_table *table)
{
	*table = (struct pw_name_table){
		.bytes = PW_ARRAY(uint8_t),
		.names = PW_ARRAY(struct name),
	};
}

void pw_name_table_free(struct pw_name_table *table)
{
	pw_array_free(&table->bytes);
	pw_array_free(&table->names);
	free(table->place);
	table->place = NULL;
	table->places = 0;
}

/* Twice as many places, so that at most half of them are taken. */
static enum pw_status grow(struct pw_name_table *table, struct pw_error *err)
{
	const struct name *name = table->names.data;
	size_t places = table->places ? table->places * 2 : PLACES_FIRST;
	uint32_t *place = calloc(places, sizeof(*place));

	if (!place)
		return pw_fail_memory(err, "a table of names");
	for (size_t i = 0; i < table->names.count; i++) {
		size_t at = (size_t)name[i].hash & (places - 1);

		while (place[at] != 0)
			at = (at + 1) & (places - 1);
		place[at] = (uint32_t)i + 1;
	}
	free(table->place);
	table->place = place;
	table->places = places;
	return PW_OK;
}

static bool is_same(const struct pw_name_table *table, uint32_t number,
		    const struct name *other, const void *bytes)
{
	const struct name *name =
		&PW_ARRAY_AT(&table->names, struct name, number - 1);
	const uint8_t *own = table->bytes.data;

	return name->hash == other->hash && name->bytes == other->bytes &&
	       (name->bytes == 0 ||
		memcmp(own + name->first, bytes, name->bytes) == 0);
}

static enum pw_status append(struct pw_name_table *table,
			     const struct name *name, const void *bytes,
			     struct pw_error *err)
{
	struct pw_array *all = &table->bytes;
	size_t wanted = all->count + name->bytes;
	enum pw_status st = PW_OK;

	if (wanted > all->capacity)
		st = pw_array_reserve(all, wanted * 2, err);
	if (st == PW_OK)
		st = pw_array_push(&table->names, name, err);
	if (st != PW_OK || name->bytes == 0)
		return st;
	memcpy((uint8_t *)all->data + all->count, bytes, name->bytes);
	all->count = wanted;
	return PW_OK;
}

enum pw_status pw_name_table_number(struct pw_name_table *table,
				    const void *name, size_t bytes,
				    uint64_t *number, struct pw_error *err)
{
	struct name wanted = {pw_hash(name, bytes), table->bytes.count, bytes};
	enum pw_status st = PW_OK;
	size_t at;

	PW_ASSERT(table->names.count < UINT32_MAX);
	if (table->names.count * 2 >= table->places)
		st = grow(table, err);
	if (st != PW_OK)
		return st;
	at = (size_t)wanted.hash & (table->places - 1);
	while (table->place[at] != 0) {
		*number = table->place[at];
		if (is_same(table, table->place[at], &wanted, name))
			return PW_OK;
		at = (at + 1) & (table->places - 1);
	}
	st = append(table, &wanted, name, err);
	if (st != PW_OK)
		return st;
	table->place[at] = (uint32_t)table->names.count;
	*number = table->names.count;
	return PW_OK;
}
