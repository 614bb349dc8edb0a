/*
 * codec_fast.h - the accesses of one thread in one chunk as executions of
 * shapes, packed.
 *
 * A symbol for each execution, and for each slot whose address is not its pc
 * the difference to the slot's address before. Accesses without a shape keep
 * their places and are packed by the generic codec.
 */
#ifndef PW_FORMATS_CODEC_FAST_H
#define PW_FORMATS_CODEC_FAST_H

#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"
#include "formats/codec_generic.h"
#include "formats/lane_store.h"
#include "formats/pwt_shapes.h"

struct pw_fast_encoder;
struct pw_fast_plan;

/*
 * Make an encoder for zstd level @level; @generic packs accesses without a
 * shape.
 *
 * Owns:   *out is the caller's; free it with pw_fast_encoder_close.
 *         @generic stays the caller's and must outlive it.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_fast_encoder_open(struct pw_fast_encoder **out, int level,
				    struct pw_generic_encoder *generic,
				    struct pw_error *err) PW_MUST_CHECK;

/*
 * Free the encoder. NULL is allowed.
 */
void pw_fast_encoder_close(struct pw_fast_encoder *encoder);

/*
 * Append the payload of what @store has, which is settled and not empty, to
 * @out, an array of bytes; @rest are its accesses without a shape. *raw_bytes
 * is what the streams hold uncompressed.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_fast_encode(struct pw_fast_encoder *encoder,
			      const struct pw_lane_store *store,
			      const struct pw_accesses *rest,
			      struct pw_array *out, uint64_t *raw_bytes,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Make an empty plan.
 *
 * Owns:   *out is the caller's; free it with pw_fast_plan_close.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_fast_plan_open(struct pw_fast_plan **out,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * Free the plan. NULL is allowed.
 */
void pw_fast_plan_close(struct pw_fast_plan *plan);

/*
 * Plan exactly payload->count accesses; @generic unpacks those without a
 * shape. The payload is not needed afterwards, nor are @shapes.
 *
 * Errors: PW_ERR_FORMAT the payload is malformed or needs a shape that is
 *         lost (the message says how): the plan must not be used before
 *         another payload is; PW_ERR_SYSTEM.
 */
enum pw_status pw_fast_plan_make(struct pw_fast_plan *plan,
				 const struct pw_pwt_shapes *shapes,
				 struct pw_generic_decoder *generic,
				 const struct pw_generic_payload *payload,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * How many instructions begin in the accesses of the plan.
 */
uint64_t pw_fast_plan_instructions(const struct pw_fast_plan *plan);

/*
 * How many accesses beyond those asked for pw_fast_plan_next may write.
 */
size_t pw_fast_plan_slack(const struct pw_fast_plan *plan);

/*
 * Write the next accesses to @out, at least @count unless fewer are left, and
 * at most @count plus the slack; returns how many are good. What is behind
 * them, up to the slack, may be overwritten.
 *
 * Cost: some nanoseconds for each access that has an address of its own.
 */
size_t pw_fast_plan_next(struct pw_fast_plan *plan, size_t count,
			 const struct pw_access_columns *out);

#endif
