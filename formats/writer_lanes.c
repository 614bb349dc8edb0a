/*
 * writer_lanes.c - the lanes of a segment being written.
 *
 * Threads get a lane when they first execute a shape in a segment. When it is
 * written some stores are kept for the next one, so that memory follows the
 * threads that are active at once and not all that there are.
 */
#include "base/assert.h"
#include "formats/writer_segment.h"

#define SPARE_MAX 8
#define SPARE_BYTES_MAX ((size_t)8 << 20) /* of one */
/* A stretch of a dense segment, so that it is seen in time to be full. */
#define DENSE_STRETCH ((size_t)1 << 18)
#define DENSE_RAW_MAX ((uint64_t)56 << 20)
#define DENSE_SLOTS_MAX \
	(PW_DENSE_SLOTS_ALL_MAX / 2 - DENSE_STRETCH - PW_SHAPE_SLOTS_MAX)

_Static_assert(DENSE_RAW_MAX + (DENSE_STRETCH + PW_SHAPE_SLOTS_MAX) *
				       (PW_DENSE_ADDRESS_BYTES +
					PW_DENSE_SYMBOL_BYTES) <=
		       PW_RAW_BYTES_MAX,
	       "what is put into a dense segment fits into its chunks");

static struct pw_writer_thread *thread_at(struct pw_writer_segment *segment,
					  uint32_t thread)
{
	PW_ASSERT(thread < segment->threads.count);
	return &PW_ARRAY_AT(&segment->threads, struct pw_writer_thread, thread);
}

static struct pw_lane_store *lane_at(const struct pw_array *lanes, size_t i)
{
	return PW_ARRAY_AT(lanes, struct pw_lane_store *, i);
}

/* Accesses that lanes may fill a segment with before it is written. */
static size_t lane_capacity(const struct pw_writer_segment *segment,
			    size_t slots_max)
{
	size_t all =
		segment->dense ? PW_SEGMENT_DENSE_MAX : PW_SEGMENT_ACCESSES_MAX;
	size_t most = all - slots_max;

	return segment->capacity < most ? segment->capacity : most;
}

bool pw_writer_segment_dense_full(const struct pw_writer_segment *segment)
{
	uint64_t bytes, slots = 0;

	if (!segment->dense)
		return false;
	bytes = (uint64_t)segment->staged_count * PW_DENSE_REST_BYTES;
	for (size_t i = 0; i < segment->lanes.count; i++) {
		struct pw_lane_store *store = lane_at(&segment->lanes, i);

		bytes += pw_lane_store_addresses(store) *
				 PW_DENSE_ADDRESS_BYTES +
			 store->symbols.count * PW_DENSE_SYMBOL_BYTES;
		slots += store->met_slots;
	}
	return bytes >= DENSE_RAW_MAX || slots >= DENSE_SLOTS_MAX;
}

bool pw_writer_segment_lane_full(const struct pw_writer_segment *segment,
				 size_t slots_max)
{
	return segment->count >= lane_capacity(segment, slots_max);
}

/* Rounds are used up after 2^32 lanes: then no shape remembers any. */
static uint32_t next_round(struct pw_writer_segment *segment,
			   const struct pw_shape_book *book)
{
	struct pw_lane_shape *shape = book->shapes.data;

	if (++segment->round != 0)
		return segment->round;
	for (size_t i = 0; i < book->shapes.count; i++)
		shape[i].round = 0;
	for (size_t i = 0; i < segment->lanes.count; i++)
		lane_at(&segment->lanes, i)->lane.round = ++segment->round;
	return ++segment->round;
}

/* Give @thread a store, a spare one if there is any. */
static enum pw_status add_lane(struct pw_writer_segment *segment,
			       uint32_t thread,
			       const struct pw_shape_book *book,
			       struct pw_error *err)
{
	struct pw_writer_thread *owner = thread_at(segment, thread);
	struct pw_lane_store *store;
	enum pw_status st;

	st = pw_array_reserve(&segment->lanes, segment->lanes.count + 1, err);
	if (st != PW_OK)
		return st;
	if (segment->spare.count > 0)
		store = lane_at(&segment->spare, --segment->spare.count);
	else
		st = pw_lane_store_open(&store, err);
	if (st != PW_OK)
		return st;
	pw_lane_store_reset(store, thread, next_round(segment, book));
	store->pending = owner->staged;
	st = pw_array_push(&segment->lanes, &store, err);
	PW_ASSERT(st == PW_OK);
	owner->lane = store;
	for (size_t i = 0; i < segment->lanes.count; i++)
		lane_at(&segment->lanes, i)->alone = segment->lanes.count == 1;
	return PW_OK;
}

enum pw_status pw_writer_segment_lane_begin(struct pw_writer_segment *segment,
					    uint32_t thread,
					    const struct pw_shape_book *book,
					    struct pw_lane_store **lane,
					    struct pw_error *err)
{
	struct pw_writer_thread *owner = thread_at(segment, thread);
	size_t capacity = lane_capacity(segment, book->slots_max);
	enum pw_status st = PW_OK;

	PW_ASSERT(segment->count < capacity);
	if (!owner->lane)
		st = add_lane(segment, thread, book, err);
	if (st != PW_OK)
		return st;
	*lane = owner->lane;
	capacity -= segment->count;
	if (segment->dense && capacity > DENSE_STRETCH)
		capacity = DENSE_STRETCH;
	return pw_lane_store_begin(*lane, book, (uint32_t)capacity, err);
}

enum pw_status pw_writer_segment_lane_end(struct pw_writer_segment *segment,
					  struct pw_lane_store *lane,
					  struct pw_error *err)
{
	struct pw_writer_thread *owner = thread_at(segment, lane->thread);
	size_t count = lane->lane.tally[PW_LANE_ACCESSES];
	enum pw_status st = pw_lane_store_end(lane, err);

	if (st != PW_OK || count == 0)
		return st;
	if (owner->in_segment == 0)
		st = pw_array_push(&segment->active, &lane->thread, err);
	if (st == PW_OK)
		st = pw_timeline_run(&segment->timeline, lane->thread, count,
				     err);
	owner->in_segment += count;
	segment->count += count;
	PW_ASSERT(segment->count <= PW_SEGMENT_DENSE_MAX);
	return st;
}

void pw_writer_segment_lanes_clear(struct pw_writer_segment *segment)
{
	struct pw_error ignored;

	for (size_t i = 0; i < segment->lanes.count; i++) {
		struct pw_lane_store *store = lane_at(&segment->lanes, i);

		thread_at(segment, store->thread)->lane = NULL;
		if (segment->spare.count >= SPARE_MAX ||
		    pw_lane_store_bytes(store) > SPARE_BYTES_MAX ||
		    pw_array_push(&segment->spare, &store, &ignored) != PW_OK)
			pw_lane_store_close(store);
	}
	segment->lanes.count = 0;
}

void pw_writer_segment_lanes_free(struct pw_writer_segment *segment)
{
	for (size_t i = 0; i < segment->lanes.count; i++)
		pw_lane_store_close(lane_at(&segment->lanes, i));
	for (size_t i = 0; i < segment->spare.count; i++)
		pw_lane_store_close(lane_at(&segment->spare, i));
	pw_array_free(&segment->lanes);
	pw_array_free(&segment->spare);
}
