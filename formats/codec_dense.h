/*
 * codec_dense.h - the accesses of one thread in one chunk as executions of
 * merged shapes, packed.
 *
 * What is executed together again and again is one symbol, and of most of its
 * addresses nothing is stored, since they are a constant, or a constant away
 * from another one. A decoded chunk is a plan first: everything in it has been
 * checked, and its accesses are made piece by piece where they are needed.
 */
#ifndef PW_FORMATS_CODEC_DENSE_H
#define PW_FORMATS_CODEC_DENSE_H

#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"
#include "formats/codec_generic.h"
#include "formats/executions.h"
#include "formats/pwt_shapes.h"

struct pw_dense_encoder;
struct pw_dense_plan;

/* At most so many bytes are raw for an address, a symbol, another access. */
#define PW_DENSE_ADDRESS_BYTES 15
#define PW_DENSE_SYMBOL_BYTES 10
#define PW_DENSE_REST_BYTES 28

/*
 * Make an encoder for zstd level @level; @generic packs accesses without a
 * shape.
 *
 * Owns:   *out is the caller's; free it with pw_dense_encoder_close.
 *         @generic stays the caller's and must outlive it.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_dense_encoder_open(struct pw_dense_encoder **out, int level,
				     struct pw_generic_encoder *generic,
				     struct pw_error *err) PW_MUST_CHECK;

/*
 * Free the encoder. NULL is allowed.
 */
void pw_dense_encoder_close(struct pw_dense_encoder *encoder);

/*
 * Append the payload of @executions, of which there is at least one, to @out,
 * an array of bytes; @rest are the accesses without a shape. *raw_bytes is
 * what the streams hold uncompressed; when it is more than PW_RAW_BYTES_MAX, or
 * the executed symbols have too many slots (it is UINT64_MAX then), there is no
 * such chunk and what was appended means nothing.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_dense_encode(struct pw_dense_encoder *encoder,
			       const struct pw_executions *executions,
			       const struct pw_accesses *rest,
			       struct pw_array *out, uint64_t *raw_bytes,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * The same for what a lane has stored, which is settled, not empty, and bounded
 * so that there is such a chunk.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_dense_encode_lane(struct pw_dense_encoder *encoder,
				    const struct pw_lane_store *store,
				    const struct pw_accesses *rest,
				    struct pw_array *out, uint64_t *raw_bytes,
				    struct pw_error *err) PW_MUST_CHECK;

/*
 * Make an empty plan.
 *
 * Owns:   *out is the caller's; free it with pw_dense_plan_close.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_dense_plan_open(struct pw_dense_plan **out,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * Free the plan. NULL is allowed.
 */
void pw_dense_plan_close(struct pw_dense_plan *plan);

/*
 * Plan exactly payload->count accesses; @generic unpacks those without a
 * shape. The payload is not needed afterwards, nor are @shapes.
 *
 * Errors: PW_ERR_FORMAT the payload is malformed or needs a shape that is
 *         lost (the message says how): the plan must not be used before
 *         another payload is; PW_ERR_SYSTEM.
 */
enum pw_status pw_dense_plan_make(struct pw_dense_plan *plan,
				  const struct pw_pwt_shapes *shapes,
				  struct pw_generic_decoder *generic,
				  const struct pw_generic_payload *payload,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * The same for pw_dense_plan_execute alone: nothing is known of slots but the
 * addresses of those that are stored.
 *
 * Errors: as pw_dense_plan_make.
 */
enum pw_status
pw_dense_plan_make_stored(struct pw_dense_plan *plan,
			  const struct pw_pwt_shapes *shapes,
			  struct pw_generic_decoder *generic,
			  const struct pw_generic_payload *payload,
			  struct pw_error *err) PW_MUST_CHECK;

/*
 * How many instructions begin in the accesses of the plan.
 */
uint64_t pw_dense_plan_instructions(const struct pw_dense_plan *plan);

/*
 * How many accesses beyond those asked for pw_dense_plan_next may write.
 */
size_t pw_dense_plan_slack(const struct pw_dense_plan *plan);

/*
 * Write the next accesses to @out, at least @count unless fewer are left, and
 * at most @count plus the slack; returns how many are good. What is behind
 * them, up to the slack, may be overwritten. Without room for pc, NULL, it is
 * left out.
 *
 * Cost: about a nanosecond for each access that has an address of its own.
 */
size_t pw_dense_plan_next(struct pw_dense_plan *plan, size_t count,
			  const struct pw_access_columns *out);

#endif
