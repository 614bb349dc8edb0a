/*
 * lane_store.c - buffers of a lane, and what happens off its hot path.
 *
 * A shape remembers the lane that met it last. When lanes take turns, a lane
 * finds the symbol of a shape again in a hash table of its own, which is made
 * when it is first needed.
 */
#include "formats/lane_store.h"

#include "base/assert.h"
#include "base/bits.h"
#include "formats/varint.h"

#define SYMBOLS_FIRST 1024
#define PLACES_FIRST 1024

enum pw_status pw_lane_store_open(struct pw_lane_store **out,
				  struct pw_error *err)
{
	struct pw_lane_store *store = calloc(1, sizeof(*store));

	*out = store;
	if (!store)
		return pw_fail_memory(err, "a lane");
	store->symbols = (struct pw_array)PW_ARRAY(uint32_t);
	store->controls = (struct pw_array)PW_ARRAY(uint8_t);
	store->bytes = (struct pw_array)PW_ARRAY(uint8_t);
	store->last = (struct pw_array)PW_ARRAY(uint64_t);
	store->met = (struct pw_array)PW_ARRAY(struct pw_lane_met);
	store->runs = (struct pw_array)PW_ARRAY(uint8_t);
	return PW_OK;
}

void pw_lane_store_close(struct pw_lane_store *store)
{
	if (!store)
		return;
	pw_array_free(&store->symbols);
	pw_array_free(&store->controls);
	pw_array_free(&store->bytes);
	pw_array_free(&store->last);
	pw_array_free(&store->met);
	pw_array_free(&store->runs);
	free(store->place);
	free(store);
}

static size_t array_bytes(const struct pw_array *array)
{
	return array->capacity * array->item_bytes;
}

size_t pw_lane_store_bytes(const struct pw_lane_store *store)
{
	return array_bytes(&store->symbols) + array_bytes(&store->controls) +
	       array_bytes(&store->bytes) + array_bytes(&store->last) +
	       array_bytes(&store->met) + array_bytes(&store->runs) +
	       store->places * sizeof(*store->place) + sizeof(*store);
}

uint64_t pw_lane_store_addresses(struct pw_lane_store *store)
{
	const struct pw_lane_met *met = store->met.data;
	const uint32_t *symbol = store->symbols.data;
	const struct pw_lane_shape *shape;

	if (store->counted == store->symbols.count)
		return store->addresses;
	shape = store->book->shapes.data;
	for (; store->counted < store->symbols.count; store->counted++) {
		uint32_t at = symbol[store->counted];

		if (at > 0)
			store->addresses += shape[met[at - 1].shape].stored;
	}
	return store->addresses;
}

void pw_lane_store_reset(struct pw_lane_store *store, uint32_t thread,
			 uint32_t round)
{
	store->lane = (struct pw_lane){.round = round};
	store->thread = thread;
	store->alone = true;
	store->symbols.count = 0;
	store->controls.count = 0;
	store->bytes.count = 0;
	store->last.count = 0;
	store->met.count = 0;
	store->runs.count = 0;
	store->pending = 0;
	memset(store->tally, 0, sizeof(store->tally));
	store->met_slots = 0;
	store->addresses = 0;
	store->counted = 0;
	store->previous = 0;
	store->min_page = UINT64_MAX;
	store->max_page = 0;
	if (store->placed > 0)
		memset(store->place, 0, store->places * sizeof(*store->place));
	store->placed = 0;
}

/* Make sure that @room items and more are free behind those that are there. */
static enum pw_status make_room(struct pw_array *array, size_t room,
				size_t first, struct pw_error *err)
{
	size_t wanted = array->count * 2 > first ? array->count * 2 : first;

	if (array->capacity - array->count >= room * 2)
		return PW_OK;
	return pw_array_reserve(array, wanted + room * 4, err);
}

enum pw_status pw_lane_store_begin(struct pw_lane_store *store,
				   const struct pw_shape_book *book,
				   uint32_t limit, struct pw_error *err)
{
	size_t controls = book->stored_max / 2 + 1;
	size_t bytes = (book->stored_max + 1) * sizeof(uint64_t);
	struct pw_lane *lane = &store->lane;
	enum pw_status st = pw_lane_store_settle(store, err);

	if (st == PW_OK)
		st = make_room(&store->symbols, 1, SYMBOLS_FIRST, err);
	if (st == PW_OK)
		st = make_room(&store->controls, controls, SYMBOLS_FIRST, err);
	if (st == PW_OK)
		st = make_room(&store->bytes, bytes, (size_t)SYMBOLS_FIRST * 2,
			       err);
	if (st != PW_OK)
		return st;
	store->book = book;
	lane->shapes = book->shapes.data;
	lane->shape_count = (uint32_t)book->shapes.count;
	lane->limit = limit;
	memset(lane->tally, 0, sizeof(lane->tally));
	lane->symbol = (uint32_t *)store->symbols.data + store->symbols.count;
	lane->symbol_end =
		(uint32_t *)store->symbols.data + store->symbols.capacity;
	lane->control = (uint8_t *)store->controls.data + store->controls.count;
	lane->control_end = (uint8_t *)store->controls.data +
			    store->controls.capacity - controls;
	lane->byte = (uint8_t *)store->bytes.data + store->bytes.count;
	lane->byte_end =
		(uint8_t *)store->bytes.data + store->bytes.capacity - bytes;
	lane->last = store->last.data;
	return PW_OK;
}

enum pw_status pw_lane_store_end(struct pw_lane_store *store,
				 struct pw_error *err)
{
	const struct pw_lane *lane = &store->lane;

	store->symbols.count =
		(size_t)(lane->symbol - (uint32_t *)store->symbols.data);
	store->controls.count =
		(size_t)(lane->control - (uint8_t *)store->controls.data);
	store->bytes.count =
		(size_t)(lane->byte - (uint8_t *)store->bytes.data);
	PW_ASSERT(store->symbols.count <= store->symbols.capacity);
	PW_ASSERT(store->controls.count <= store->controls.capacity);
	PW_ASSERT(store->bytes.count <= store->bytes.capacity);
	for (size_t i = 0; i < PW_LANE_TALLIES; i++)
		store->tally[i] += lane->tally[i];
	if (!lane->failed)
		return PW_OK;
	*err = store->failure;
	return err->status;
}

enum pw_status pw_lane_store_settle(struct pw_lane_store *store,
				    struct pw_error *err)
{
	const uint32_t none = 0;
	enum pw_status st;
	uint8_t *next;

	if (store->pending == 0)
		return PW_OK;
	st = pw_array_reserve(&store->runs, store->runs.count + PW_VARINT_MAX,
			      err);
	if (st == PW_OK)
		st = pw_array_push(&store->symbols, &none, err);
	if (st != PW_OK)
		return st;
	next = (uint8_t *)store->runs.data + store->runs.count;
	store->runs.count +=
		(size_t)(pw_varint_put(next, store->pending) - next);
	store->pending = 0;
	return PW_OK;
}

/* ---- shapes met ---- */

static struct pw_lane_met *met_at(const struct pw_lane_store *store, size_t i)
{
	return &PW_ARRAY_AT(&store->met, struct pw_lane_met, i);
}

/* The place of @shape in the table, or the empty one where it belongs. */
static uint32_t *find_place(const struct pw_lane_store *store, uint32_t shape)
{
	size_t at = (size_t)pw_mix64(shape) & (store->places - 1);

	while (store->place[at] != 0 &&
	       met_at(store, store->place[at] - 1)->shape != shape)
		at = (at + 1) & (store->places - 1);
	return &store->place[at];
}

/* Put all shapes met into the table, which is kept half empty. */
static enum pw_status place_all(struct pw_lane_store *store,
				struct pw_error *err)
{
	size_t places = store->places ? store->places : PLACES_FIRST;

	while (places < (store->met.count + 1) * 2)
		places *= 2;
	if (places != store->places) {
		uint32_t *place = calloc(places, sizeof(*place));

		if (!place)
			return pw_fail_memory(err, "a table of shapes");
		free(store->place);
		store->place = place;
		store->places = places;
		store->placed = 0;
	}
	for (; store->placed < store->met.count; store->placed++)
		*find_place(store, met_at(store, store->placed)->shape) =
			(uint32_t)store->placed + 1;
	return PW_OK;
}

/*
 * Give @shape the next symbol. Its slots begin close to the addresses before
 * them, and the first one close to the last that another shape began with.
 */
static enum pw_status add_met(struct pw_lane_store *store, uint32_t shape,
			      const uint64_t *address, struct pw_error *err)
{
	struct pw_lane_shape *s = &store->lane.shapes[shape];
	struct pw_lane_met met = {shape, (uint32_t)store->last.count};
	enum pw_status st;
	uint64_t *last;

	/* One more, so that there is an array for shapes that store nothing. */
	st = pw_array_reserve(&store->last, store->last.count + s->stored + 1,
			      err);
	if (st == PW_OK)
		st = pw_array_push(&store->met, &met, err);
	if (st != PW_OK)
		return st;
	store->met_slots += s->tally[PW_LANE_ACCESSES];
	s->symbol = (uint32_t)store->met.count;
	s->first = met.first;
	last = (uint64_t *)store->last.data + met.first;
	for (uint32_t i = 0; i < s->stored; i++) {
		last[i] = store->previous;
		store->previous = address[i];
	}
	store->last.count += s->stored;
	store->lane.last = store->last.data;
	return PW_OK;
}

/* Let the lane's range of pages be the store's. */
static void set_range(struct pw_lane_store *store)
{
	store->lane.low = store->min_page << PW_PAGE_SHIFT;
	store->lane.span =
		((store->max_page - store->min_page) << PW_PAGE_SHIFT) |
		(PW_PAGE_BYTES - 1);
}

void pw_lane_widen(struct pw_lane *lane, const struct pw_lane_shape *shape,
		   const uint64_t *address)
{
	struct pw_lane_store *store = (struct pw_lane_store *)lane;
	const uint32_t *size =
		(const uint32_t *)store->book->sizes.data + shape->sizes;

	PW_ASSERT(shape->stored > 0);
	for (uint32_t i = 0; i < shape->stored; i++) {
		uint64_t first = address[i] >> PW_PAGE_SHIFT;
		uint64_t last = pw_access_last_byte(address[i], size[i]) >>
				PW_PAGE_SHIFT;

		if (first < store->min_page)
			store->min_page = first;
		if (last > store->max_page)
			store->max_page = last;
	}
	set_range(store);
}

bool pw_lane_meet(struct pw_lane *lane, uint32_t shape, const uint64_t *address)
{
	struct pw_lane_store *store = (struct pw_lane_store *)lane;
	struct pw_lane_shape *s = &lane->shapes[shape];
	enum pw_status st = PW_OK;
	uint32_t symbol = 0;

	PW_ASSERT(shape < lane->shape_count);
	if (!store->alone) {
		st = place_all(store, &store->failure);
		if (st == PW_OK)
			symbol = *find_place(store, shape);
	}
	if (st == PW_OK && symbol == 0)
		st = add_met(store, shape, address, &store->failure);
	if (st != PW_OK) {
		lane->failed = true;
		return false;
	}
	s->round = lane->round;
	if (symbol != 0) {
		s->symbol = symbol;
		s->first = met_at(store, symbol - 1)->first;
		return true;
	}
	if (s->min_page < store->min_page)
		store->min_page = s->min_page;
	if (s->max_page > store->max_page)
		store->max_page = s->max_page;
	if (s->stored > 0)
		pw_lane_widen(lane, s, address);
	else
		set_range(store);
	return true;
}
