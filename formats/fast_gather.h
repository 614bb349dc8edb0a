/*
 * fast_gather.h - the chunks of one thread, codec 1 and 2, as executions.
 *
 * Chunks that follow each other become one list of executions, as if they had
 * been one chunk, without making their accesses.
 */
#ifndef PW_FORMATS_FAST_GATHER_H
#define PW_FORMATS_FAST_GATHER_H

#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"
#include "formats/codec_generic.h"
#include "formats/executions.h"
#include "formats/shape_book.h"
#include "formats/streams.h"
#include "formats/tally.h"

struct pw_fast_gather {
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
	uint64_t pending;	/* accesses without a shape, in no run yet */
	struct pw_array met;	/* by shape: its symbol, and in which round */
	struct pw_array member; /* the shapes of a chunk */
	struct pw_array last;	/* uint64_t: of their stored slots */
	struct pw_array raw;	/* uint8_t: the streams after unpacking */
	struct pw_array symbol; /* uint32_t: of a chunk */
	struct pw_generic_decoder *generic;
	ZSTD_DCtx *zstd;
	const struct pw_shape_book *book;
	uint32_t round;
};

/*
 * Make @gather ready for chunks that use the shapes of @book, all of which it
 * has.
 *
 * Owns:   @gather holds memory; free it with pw_fast_gather_free, also after a
 *         failure. @book stays the caller's and must outlive it.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_fast_gather_init(struct pw_fast_gather *gather,
				   const struct pw_shape_book *book,
				   struct pw_error *err) PW_MUST_CHECK;

/*
 * Free what it holds.
 */
void pw_fast_gather_free(struct pw_fast_gather *gather);

/*
 * Forget what was added.
 */
void pw_fast_gather_clear(struct pw_fast_gather *gather);

/*
 * Add a chunk of codec 1 or 2, whose payload holds exactly payload->count
 * accesses.
 *
 * Errors: PW_ERR_FORMAT the payload is malformed or needs a shape that is
 *         lost (the message says how): clear before more is added;
 *         PW_ERR_SYSTEM.
 * Cost:   about a nanosecond for each address that is stored.
 */
enum pw_status pw_fast_gather_add(struct pw_fast_gather *gather, uint32_t codec,
				  const struct pw_generic_payload *payload,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * End the list of executions: nothing more is added before it is cleared.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_fast_gather_settle(struct pw_fast_gather *gather,
				     struct pw_error *err) PW_MUST_CHECK;

/*
 * The accesses without a shape.
 */
struct pw_accesses pw_fast_gather_rest(const struct pw_fast_gather *gather);

#endif
