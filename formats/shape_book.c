/*
 * shape_book.c - what is kept of declared shapes.
 */
#include "formats/shape_book.h"

#include "base/assert.h"
#include "formats/layout.h"
#include "formats/shape_wire.h"
#include "formats/tally.h"

void pw_shape_book_free(struct pw_shape_book *book)
{
	pw_array_free(&book->shapes);
	pw_array_free(&book->sizes);
	pw_array_free(&book->pcs);
	pw_array_free(&book->waiting);
}

static void count_kinds(const struct pw_shape *shape,
			struct pw_lane_shape *entry)
{
	struct pw_tally tally = {0};

	for (size_t i = 0; i < shape->count; i++) {
		uint8_t kind = shape->kind[i] & (uint8_t)~PW_SHAPE_AT_PC;

		PW_ASSERT(pw_access_kind_valid(kind));
		pw_tally_add(&tally, &kind, 1);
	}
	entry->tally[PW_LANE_ACCESSES] = (uint32_t)shape->count;
	entry->tally[PW_LANE_LOADS] = (uint32_t)tally.loads;
	entry->tally[PW_LANE_STORES] = (uint32_t)tally.stores;
	entry->tally[PW_LANE_MODIFIES] = (uint32_t)tally.modifies;
	entry->tally[PW_LANE_FETCHES] = (uint32_t)tally.fetches;
	entry->tally[PW_LANE_INSTRUCTIONS] = (uint32_t)tally.instructions;
}

/* Take the pages of slots at their pc, and the sizes of the others. */
static enum pw_status look_at_slots(struct pw_shape_book *book,
				    const struct pw_shape *shape,
				    struct pw_lane_shape *entry,
				    struct pw_error *err)
{
	enum pw_status st = PW_OK;

	entry->min_page = UINT64_MAX;
	entry->sizes = (uint32_t)book->sizes.count;
	for (size_t i = 0; i < shape->count && st == PW_OK; i++) {
		uint32_t size = shape->size_bytes[i];
		uint64_t page = shape->pc[i] >> PW_PAGE_SHIFT;

		if (!(shape->kind[i] & PW_SHAPE_AT_PC)) {
			entry->stored++;
			if (size > 0 && size - 1 > entry->reach)
				entry->reach = size - 1;
			st = pw_array_push(&book->sizes, &size, err);
			if (st == PW_OK)
				st = pw_array_push(&book->pcs, &shape->pc[i],
						   err);
			continue;
		}
		if (page < entry->min_page)
			entry->min_page = page;
		page = pw_access_last_byte(shape->pc[i], size) >> PW_PAGE_SHIFT;
		if (page > entry->max_page)
			entry->max_page = page;
	}
	return st;
}

enum pw_status pw_shape_book_add(struct pw_shape_book *book,
				 const struct pw_shape *shape,
				 struct pw_error *err)
{
	size_t before = book->waiting.count, sizes = book->sizes.count;
	struct pw_lane_shape entry = {0};
	enum pw_status st;

	if (book->shapes.count >= PW_SHAPES_MAX ||
	    shape->count > PW_SHAPE_SLOTS_ALL_MAX - book->slots)
		return pw_fail(err, PW_ERR_OUTPUT,
			       "more shapes than the trace format holds");
	st = pw_shape_put(&book->waiting, shape, err);
	if (st == PW_OK && book->waiting.count - before >
				   PW_SHAPE_BYTES_MAX - book->wire_bytes)
		st = pw_fail(err, PW_ERR_OUTPUT,
			     "more shapes than the trace format holds");
	count_kinds(shape, &entry);
	if (st == PW_OK)
		st = look_at_slots(book, shape, &entry, err);
	if (st == PW_OK)
		st = pw_array_push(&book->shapes, &entry, err);
	if (st != PW_OK) {
		book->waiting.count = before;
		book->sizes.count = sizes;
		book->pcs.count = sizes;
		return st;
	}
	book->slots += shape->count;
	book->wire_bytes += book->waiting.count - before;
	if (shape->count > book->slots_max)
		book->slots_max = shape->count;
	if (entry.stored > book->stored_max)
		book->stored_max = entry.stored;
	return PW_OK;
}
