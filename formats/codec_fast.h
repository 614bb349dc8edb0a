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
struct pw_fast_decoder;

/* Accesses that a decoder may write behind the last one. */
#define PW_FAST_SLACK 8

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
 * Make a decoder; @generic unpacks accesses without a shape.
 *
 * Owns:   *out is the caller's; free it with pw_fast_decoder_close. @generic
 *         and @shapes stay the caller's and must outlive it.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_fast_decoder_open(struct pw_fast_decoder **out,
				    const struct pw_pwt_shapes *shapes,
				    struct pw_generic_decoder *generic,
				    struct pw_error *err) PW_MUST_CHECK;

/*
 * Free the decoder. NULL is allowed.
 */
void pw_fast_decoder_close(struct pw_fast_decoder *decoder);

/*
 * Decode exactly payload->count accesses; @out has room for PW_FAST_SLACK
 * more, which may be overwritten.
 *
 * Errors: PW_ERR_FORMAT the payload is malformed or needs a shape that is
 *         lost (the message says how); PW_ERR_SYSTEM.
 */
enum pw_status pw_fast_decode(struct pw_fast_decoder *decoder,
			      const struct pw_generic_payload *payload,
			      const struct pw_access_columns *out,
			      struct pw_error *err) PW_MUST_CHECK;

#endif
