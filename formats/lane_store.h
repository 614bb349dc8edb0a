/*
 * lane_store.h - what a thread has executed in the open segment.
 *
 * A store is made for a thread when it first executes a shape in a segment,
 * and given back when the segment is written.
 */
#ifndef PW_FORMATS_LANE_STORE_H
#define PW_FORMATS_LANE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"
#include "formats/lane.h"
#include "formats/shape_book.h"

/* A shape that the lane has met; its symbol is the index here, plus 1. */
struct pw_lane_met {
	uint32_t shape;
	uint32_t first; /* of its slots in the array of last addresses */
};

struct pw_lane_store {
	struct pw_lane lane; /* first, so that a lane leads to its store */
	const struct pw_shape_book *book;
	uint32_t thread;
	bool alone;		  /* in the segment, so far */
	struct pw_array symbols;  /* uint32_t; 0: accesses without a shape */
	struct pw_array controls; /* uint8_t */
	struct pw_array bytes;	  /* uint8_t */
	struct pw_array last;	  /* uint64_t */
	struct pw_array met;	  /* struct pw_lane_met */
	struct pw_array runs; /* uint8_t: varints, accesses of each symbol 0 */
	uint64_t pending;     /* accesses without a shape, in no run yet */
	uint64_t tally[PW_LANE_TALLIES]; /* of all executions */
	uint64_t met_slots;		 /* of all shapes met */
	uint64_t addresses;		 /* of the symbols counted so far */
	size_t counted;
	uint64_t previous; /* address that the next first one is close to */
	uint64_t min_page; /* above max_page: none */
	uint64_t max_page;
	uint32_t *place; /* hash table of symbols, 0: empty; or NULL */
	size_t places;	 /* a power of two */
	size_t placed;	 /* symbols that are in it */
	struct pw_error failure;
};

/*
 * Make an empty store.
 *
 * Owns:   *out is the caller's; free it with pw_lane_store_close.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_lane_store_open(struct pw_lane_store **out,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * Free the store. NULL is allowed.
 */
void pw_lane_store_close(struct pw_lane_store *store);

/*
 * Bytes of memory that the store holds.
 */
size_t pw_lane_store_bytes(const struct pw_lane_store *store);

/*
 * How many addresses the store has.
 *
 * Cost: a step for each symbol since the last call.
 */
uint64_t pw_lane_store_addresses(struct pw_lane_store *store);

/*
 * Empty the store for @thread; @round differs from that of all others.
 */
void pw_lane_store_reset(struct pw_lane_store *store, uint32_t thread,
			 uint32_t round);

/*
 * Begin a stretch of at least one and about @limit accesses.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_lane_store_begin(struct pw_lane_store *store,
				   const struct pw_shape_book *book,
				   uint32_t limit,
				   struct pw_error *err) PW_MUST_CHECK;

/*
 * End the stretch: the arrays have all of it.
 *
 * Errors: PW_ERR_SYSTEM a shape could not be met.
 */
enum pw_status pw_lane_store_end(struct pw_lane_store *store,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * Put the pending accesses without a shape into a run.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_lane_store_settle(struct pw_lane_store *store,
				    struct pw_error *err) PW_MUST_CHECK;

#endif
