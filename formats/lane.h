/*
 * lane.h - the fast way into a trace: executions of shapes of one thread.
 *
 * A lane belongs to a writer and a thread. Between two calls of the writer for
 * other threads, or for events or plain accesses of this one, any number of
 * executions may be put into it; pw_writer_lane_begin and pw_writer_lane_end
 * enclose them, so that the writer knows the global order.
 */
#ifndef PW_FORMATS_LANE_H
#define PW_FORMATS_LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/bits.h"
#include "base/status.h"
#include "formats/shape.h"
#include "formats/writer.h"

/* What an execution of a shape adds up to. */
enum pw_lane_tally {
	PW_LANE_ACCESSES,
	PW_LANE_LOADS,
	PW_LANE_STORES,
	PW_LANE_MODIFIES,
	PW_LANE_FETCHES,
	PW_LANE_INSTRUCTIONS,
	PW_LANE_TALLIES,
};

/* What executing a shape needs of it: one cache line. */
struct pw_lane_shape {
	uint32_t round;	 /* of the lane that met it last; then these hold: */
	uint32_t symbol; /* its number in that lane */
	uint32_t first;	 /* its place in the lane's last addresses */
	uint32_t stored; /* slots whose addresses are stored */
	uint32_t reach;	 /* the longest of them, less a byte */
	uint32_t sizes;	 /* where their sizes are in the table */
	uint32_t tally[PW_LANE_TALLIES];
	uint64_t min_page; /* of the other slots; above max_page: none */
	uint64_t max_page;
};

/* Only pw_lane_execute and the lanes' own files look inside. */
struct pw_lane {
	struct pw_lane_shape *shapes;
	uint32_t shape_count;
	uint32_t round;
	uint32_t limit; /* accesses of a stretch */
	uint32_t tally[PW_LANE_TALLIES];
	uint32_t *symbol; /* where the next one goes; and so on */
	uint32_t *symbol_end;
	uint8_t *control;
	uint8_t *control_end;
	uint8_t *byte;
	uint8_t *byte_end;
	uint64_t *last; /* address of each slot */
	uint64_t low;	/* first byte of the lowest page so far */
	uint64_t span;	/* from there to the last byte of the highest */
	bool failed;
};

/*
 * Declare a shape; *index is how many were declared before it. It is copied.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_writer_shape(struct pw_writer *writer,
			       const struct pw_shape *shape, uint32_t *index,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * Go on with @thread: what is put into *lane comes after all that came before.
 *
 * Owns:   the writer; good until pw_writer_lane_end.
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_writer_lane_begin(struct pw_writer *writer, uint32_t thread,
				    struct pw_lane **lane,
				    struct pw_error *err) PW_MUST_CHECK;

/*
 * End the stretch begun last; other calls of the writer are allowed again.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_writer_lane_end(struct pw_writer *writer,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * The first execution of a shape in this round of the lane. False without
 * memory, which pw_writer_lane_end then reports.
 */
bool pw_lane_meet(struct pw_lane *lane, uint32_t shape,
		  const uint64_t *address);

/*
 * Widen the range of pages by what an execution of @shape touched.
 */
void pw_lane_widen(struct pw_lane *lane, const struct pw_lane_shape *shape,
		   const uint64_t *address);

/* How many low bytes of @code are not all zero. */
static inline unsigned pw_lane_length(uint64_t code)
{
	return ((71U - (unsigned)__builtin_clzll(code | 1)) >> 3) - (code == 0);
}

/*
 * The thread executes @shape once; @address has the address of each slot
 * without PW_SHAPE_AT_PC, in order. True when the lane is full: end it and
 * begin again before more is put into it.
 *
 * Cost: a few nanoseconds an address; no allocation.
 */
static inline bool pw_lane_execute(struct pw_lane *lane, uint32_t shape,
				   const uint64_t *address)
{
	struct pw_lane_shape *s = &lane->shapes[shape];
	uint8_t *control = lane->control, *byte = lane->byte;
	uint64_t low = lane->low, span = lane->span;
	uint64_t *last;
	uint32_t stored, i;
	bool outside;

	PW_DEBUG_ASSERT(shape < lane->shape_count);
	if (__builtin_expect(s->round != lane->round, 0) &&
	    !pw_lane_meet(lane, shape, address))
		return true;
	*lane->symbol++ = s->symbol;
	/* Two at a time: a stretch is too short for any to overflow. */
	for (i = 0; i < PW_LANE_TALLIES; i += 2)
		pw_store64(&lane->tally[i], pw_load64(&lane->tally[i]) +
						    pw_load64(&s->tally[i]));
	last = lane->last + s->first;
	stored = s->stored;
	outside = span < s->reach;
	span -= s->reach;
	for (i = 0; i + 1 < stored; i += 2) {
		uint64_t first = address[i], second = address[i + 1];
		uint64_t a = pw_zigzag(first - last[i]);
		uint64_t b = pw_zigzag(second - last[i + 1]);
		unsigned length_a = pw_lane_length(a);
		unsigned length_b = pw_lane_length(b);

		outside |= (first - low > span) | (second - low > span);
		last[i] = first;
		last[i + 1] = second;
		pw_store64(byte, a);
		pw_store64(byte + length_a, b);
		byte += length_a + length_b;
		*control++ = (uint8_t)(length_a | length_b << 4);
	}
	if (i < stored) {
		uint64_t first = address[i];
		uint64_t a = pw_zigzag(first - last[i]);
		unsigned length_a = pw_lane_length(a);

		outside |= first - low > span;
		last[i] = first;
		pw_store64(byte, a);
		byte += length_a;
		*control++ = (uint8_t)length_a;
	}
	lane->control = control;
	lane->byte = byte;
	if (__builtin_expect(outside, 0) && stored > 0)
		pw_lane_widen(lane, s, address);
	return (lane->tally[PW_LANE_ACCESSES] >= lane->limit) |
	       (lane->symbol >= lane->symbol_end) |
	       (control >= lane->control_end) | (byte >= lane->byte_end);
}

#endif
