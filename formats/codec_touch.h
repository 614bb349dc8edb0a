/*
 * codec_touch.h - the touches of one thread in one chunk, packed.
 *
 * The records of collapse.h in pieces, each of what lies between two cuts
 * (touch_cut.h) and made as if no run had been open before it. Records that
 * come together again and again are one symbol; a decoded chunk is a plan
 * first, in which all has been checked, and its records are copied from the
 * plan piece by piece.
 */
#ifndef PW_FORMATS_CODEC_TOUCH_H
#define PW_FORMATS_CODEC_TOUCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"
#include "formats/batch.h"
#include "formats/codec_generic.h"

struct pw_touch_encoder;
struct pw_touch_plan;

/* What the records of a piece stand for. */
struct pw_touch_piece {
	uint64_t accesses; /* 1..PW_TOUCH_CUT */
	struct pw_tally tally;
};

/* How a payload was packed. */
struct pw_touch_payload {
	uint64_t raw_bytes; /* in its streams; 0: it is none */
	uint32_t codec;	    /* enum pw_codec */
};

/*
 * Make an encoder for zstd level @level.
 *
 * Owns:   *out is the caller's; free it with pw_touch_encoder_close.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_touch_encoder_open(struct pw_touch_encoder **out, int level,
				     struct pw_error *err) PW_MUST_CHECK;

/*
 * Free the encoder. NULL is allowed.
 */
void pw_touch_encoder_close(struct pw_touch_encoder *encoder);

/*
 * Forget all pieces.
 */
void pw_touch_encoder_clear(struct pw_touch_encoder *encoder);

/*
 * Append a piece; @touches are its records, collapsed from clock 1 on, so that
 * instruction says how many have begun in the piece.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_touch_encoder_add(struct pw_touch_encoder *encoder,
				    const struct pw_touch_piece *piece,
				    const struct pw_touches *touches,
				    struct pw_error *err) PW_MUST_CHECK;

/*
 * Append the payload of all pieces, of which there are some, to @out, an array
 * of bytes, and forget them: of either codec what is shorter. Nothing is
 * appended when it would be more than a chunk may hold.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_touch_encoder_finish(struct pw_touch_encoder *encoder,
				       struct pw_array *out,
				       struct pw_touch_payload *packed,
				       struct pw_error *err) PW_MUST_CHECK;

/*
 * Make an empty plan.
 *
 * Owns:   *out is the caller's; free it with pw_touch_plan_close.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_touch_plan_open(struct pw_touch_plan **out,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * Free the plan. NULL is allowed.
 */
void pw_touch_plan_close(struct pw_touch_plan *plan);

/*
 * Plan the pieces of a payload of @codec, PW_CODEC_ZSTD or PW_CODEC_NUMBERED,
 * which stand for exactly payload->count accesses and @instructions
 * instructions. The payload is not needed
 * afterwards.
 *
 * Errors: PW_ERR_FORMAT the payload is malformed (the message says how): the
 *         plan must not be used before another payload is; PW_ERR_SYSTEM.
 */
enum pw_status pw_touch_plan_make(struct pw_touch_plan *plan, uint32_t codec,
				  const struct pw_generic_payload *payload,
				  uint64_t instructions,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * The pieces of the plan, and how many there are.
 *
 * Owns: the plan; good until the next one is made.
 */
const struct pw_touch_piece *
pw_touch_plan_pieces(const struct pw_touch_plan *plan, size_t *count);

/*
 * The records of the next piece, which must be there, for a thread whose
 * instruction clock stands at @clock before it.
 *
 * Owns: the plan; good until the next call.
 * Cost: copies of records; no checks.
 */
void pw_touch_plan_next(struct pw_touch_plan *plan, uint64_t clock,
			struct pw_touches *out);

#endif
