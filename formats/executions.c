/*
 * executions.c - from differences to addresses.
 */
#include "formats/executions.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/bits.h"

static const uint64_t mask[16] = {
	0,
	0xff,
	0xffff,
	0xffffff,
	0xffffffff,
	UINT64_C(0xffffffffff),
	UINT64_C(0xffffffffffff),
	UINT64_C(0xffffffffffffff),
	UINT64_MAX,
};

void pw_executions_free(struct pw_executions *executions)
{
	pw_array_free(&executions->shapes);
	pw_array_free(&executions->symbols);
	pw_array_free(&executions->address);
	pw_array_free(&executions->runs);
}

void pw_executions_clear(struct pw_executions *executions,
			 const struct pw_shape_book *book)
{
	executions->book = book;
	executions->shapes.count = 0;
	executions->symbols.count = 0;
	executions->address.count = 0;
	executions->runs.count = 0;
}

void pw_difference_read(struct pw_difference_reader *reader, uint64_t *last,
			uint32_t stored, bool first)
{
	const uint8_t *control = reader->control, *byte = reader->byte;
	uint64_t previous = reader->previous, *out = reader->out;

	for (uint32_t i = 0; i < stored; i++) {
		unsigned length = control[i / 2] >> i % 2 * 4 & 15;
		uint64_t from = first ? previous : last[i];

		last[i] = from + pw_unzigzag(pw_load64(byte) & mask[length]);
		byte += length;
		previous = last[i];
		out[i] = last[i];
	}
	if (first)
		reader->previous = previous;
	reader->control = control + (stored + 1) / 2;
	reader->byte = byte;
	reader->out = out + stored;
}

/* Make @to the same as @from. */
static enum pw_status copy(struct pw_array *to, const struct pw_array *from,
			   struct pw_error *err)
{
	enum pw_status st = pw_array_reserve(to, from->count + 1, err);

	PW_ASSERT(to->item_bytes == from->item_bytes);
	if (st != PW_OK)
		return st;
	if (from->count > 0)
		memcpy(to->data, from->data, from->count * from->item_bytes);
	to->count = from->count;
	return PW_OK;
}

/* Shapes, symbols and runs, and room for all addresses. */
static enum pw_status prepare(struct pw_executions *executions,
			      const struct pw_lane_store *store,
			      struct pw_error *err)
{
	const struct pw_lane_met *met = store->met.data;
	enum pw_status st = PW_OK;

	pw_executions_clear(executions, store->book);
	for (size_t i = 0; i < store->met.count && st == PW_OK; i++)
		st = pw_array_push(&executions->shapes, &met[i].shape, err);
	if (st == PW_OK)
		st = copy(&executions->symbols, &store->symbols, err);
	if (st == PW_OK)
		st = copy(&executions->runs, &store->runs, err);
	if (st == PW_OK)
		st = pw_array_reserve(&executions->address,
				      store->controls.count * 2 + 1, err);
	return st;
}

enum pw_status pw_executions_read(struct pw_executions *executions,
				  const struct pw_lane_store *store,
				  struct pw_error *err)
{
	const uint32_t *symbol = store->symbols.data;
	const struct pw_lane_met *met = store->met.data;
	struct pw_difference_reader reader = {.control = store->controls.data,
					      .byte = store->bytes.data};
	uint64_t *last = calloc(store->last.count + 1, sizeof(*last));
	bool *seen = calloc(store->met.count + 1, sizeof(*seen));
	enum pw_status st;

	PW_ASSERT(store->pending == 0);
	if (!last || !seen) {
		st = pw_fail_memory(err, "executions");
		goto out;
	}
	st = prepare(executions, store, err);
	if (st != PW_OK)
		goto out;
	reader.out = executions->address.data;
	for (size_t i = 0; i < store->symbols.count; i++) {
		uint32_t s = symbol[i];

		if (s == 0)
			continue;
		pw_difference_read(&reader, last + met[s - 1].first,
				   pw_executions_shape(executions, s)->stored,
				   !seen[s]);
		seen[s] = true;
	}
	executions->address.count =
		(size_t)(reader.out - (uint64_t *)executions->address.data);
	PW_ASSERT(executions->address.count <= executions->address.capacity);
out:
	free(last);
	free(seen);
	return st;
}
