/*
 * gather.h - the chunks of one thread, of any codec, as executions.
 *
 * Chunks that follow each other become one list of executions, as if they had
 * been one chunk, without making their accesses.
 */
#ifndef PW_FORMATS_GATHER_H
#define PW_FORMATS_GATHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"
#include "formats/codec_dense.h"
#include "formats/codec_generic.h"
#include "formats/executions.h"
#include "formats/pwt_shapes.h"
#include "formats/shape_book.h"
#include "formats/streams.h"
#include "formats/tally.h"

/* A shape that a chunk of codec 2 lists. */
struct pw_gather_member {
	uint32_t symbol; /* among all executions */
	uint32_t shape;
	uint32_t slots;
	uint32_t stored;
	uint32_t first; /* of its stored slots in the last addresses */
	uint32_t uses;
	uint32_t reach; /* the longest of them, less a byte */
};

/* A symbol that a chunk of codec 3 executes. */
struct pw_gather_entry {
	size_t part; /* the first of its shapes */
	uint32_t parts;
	uint32_t stored;
	uint32_t reach; /* as above */
};

struct pw_gather {
	struct pw_executions executions; /* what was added; and besides: */
	struct pw_array rest_address; /* uint64_t: without a shape; and so on */
	struct pw_array rest_pc;      /* uint64_t */
	struct pw_array rest_size;    /* uint32_t */
	struct pw_array rest_kind;    /* uint8_t */
	struct pw_tally tally;	      /* of everything */
	uint64_t accesses;
	uint64_t min_page; /* above max_page: none */
	uint64_t max_page;
	/* The rest is the gather's own. */
	uint64_t low;		/* first byte of the lowest page */
	uint64_t span;		/* from there to the last byte of the highest */
	uint64_t pending;	/* accesses without a shape, in no run yet */
	struct pw_array met;	/* by shape: its symbol, and in which round */
	struct pw_array member; /* struct pw_gather_member; and of codec 2: */
	struct pw_array last;	/* uint64_t: of their stored slots */
	struct pw_array raw;	/* uint8_t: the streams after unpacking */
	struct pw_array symbol; /* uint32_t */
	ZSTD_DCtx *zstd;
	struct pw_array entry; /* struct pw_gather_entry, by symbol: codec 3 */
	struct pw_array part;  /* uint32_t: symbols among all executions */
	struct pw_dense_plan *dense; /* NULL before the first such chunk */
	struct pw_generic_decoder *generic;
	const struct pw_shape_book *book;
	const struct pw_pwt_shapes *shapes;
	uint32_t round;
};

/*
 * Make @gather ready for chunks that use the shapes of @book, all of which it
 * has; @shapes are the same ones with their slots.
 *
 * Owns:   @gather holds memory; free it with pw_gather_free, also after a
 *         failure. @book and @shapes stay the caller's and must outlive it.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_gather_init(struct pw_gather *gather,
			      const struct pw_shape_book *book,
			      const struct pw_pwt_shapes *shapes,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Free what it holds.
 */
void pw_gather_free(struct pw_gather *gather);

/*
 * Forget what was added.
 */
void pw_gather_clear(struct pw_gather *gather);

/*
 * Add a chunk, whose payload holds exactly payload->count accesses.
 *
 * Errors: PW_ERR_FORMAT the payload is malformed or needs a shape that is
 *         lost (the message says how): clear before more is added;
 *         PW_ERR_SYSTEM.
 * Cost:   about a nanosecond for each address that has its own.
 */
enum pw_status pw_gather_add(struct pw_gather *gather, uint32_t codec,
			     const struct pw_generic_payload *payload,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * End the list of executions: nothing more is added before it is cleared.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_gather_settle(struct pw_gather *gather,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * The accesses without a shape.
 */
struct pw_accesses pw_gather_rest(const struct pw_gather *gather);

/* ---- between gather.c, gather_fast.c and gather_dense.c ---- */

/*
 * Add accesses without a shape, which are in runs that are known.
 *
 * Errors: as pw_gather_add.
 */
enum pw_status pw_gather_plain(struct pw_gather *gather,
			       const struct pw_generic_payload *payload,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * Add a chunk of codec 2.
 *
 * Errors: as pw_gather_add.
 */
enum pw_status pw_gather_fast(struct pw_gather *gather,
			      const struct pw_generic_payload *payload,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Add a chunk of codec 3.
 *
 * Errors: as pw_gather_add.
 */
enum pw_status pw_gather_dense(struct pw_gather *gather,
			       const struct pw_generic_payload *payload,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * The symbol of @shape among all executions, a new one if need be.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_gather_meet(struct pw_gather *gather, uint32_t shape,
			      uint32_t *symbol,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Room for @count more accesses without a shape, at *columns.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_gather_rest_room(struct pw_gather *gather, size_t count,
				   struct pw_access_columns *columns,
				   struct pw_error *err) PW_MUST_CHECK;

/*
 * Take those accesses, which are there now.
 */
void pw_gather_rest_take(struct pw_gather *gather, size_t count,
			 const struct pw_access_columns *columns);

/*
 * Take the pages of the stored slots of an execution, at @address.
 */
void pw_gather_widen(struct pw_gather *gather,
		     const struct pw_lane_shape *shape,
		     const uint64_t *address);

/*
 * Count @uses executions of a shape, and take the pages of slots at their pc.
 */
void pw_gather_count(struct pw_gather *gather,
		     const struct pw_lane_shape *shape, uint64_t uses);

/* Whether any of @count accesses may have a page that is not known yet. */
static inline bool pw_gather_outside(const struct pw_gather *gather,
				     const uint64_t *address, uint32_t count,
				     uint32_t reach)
{
	uint64_t low = gather->low, span = gather->span - reach;
	bool outside =
		gather->span < reach || gather->min_page > gather->max_page;

	for (uint32_t i = 0; i < count; i++)
		outside |= address[i] - low > span;
	return outside;
}

#endif
