/*
 * codec_generic.h - the accesses of one thread in one chunk, packed.
 *
 * Four columns (kind, size, pc, address), each turned into small numbers and
 * packed by zstd. Lossless for any accesses; every chunk stands by itself.
 */
#ifndef PW_FORMATS_CODEC_GENERIC_H
#define PW_FORMATS_CODEC_GENERIC_H

#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"
#include "formats/batch.h"

struct pw_generic_encoder;
struct pw_generic_decoder;

/* Where decoded accesses go: arrays with room for them. */
struct pw_access_columns {
	uint64_t *address;
	uint64_t *pc;
	uint32_t *size_bytes;
	uint8_t *kind;
};

/* A payload as it was found in a file. */
struct pw_generic_payload {
	const uint8_t *bytes;
	size_t payload_bytes;
	uint64_t raw_bytes;
	size_t count; /* accesses */
};

/*
 * Make an encoder for zstd level @level.
 *
 * Owns:   *out is the caller's; free it with pw_generic_encoder_close.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_generic_encoder_open(struct pw_generic_encoder **out,
				       int level,
				       struct pw_error *err) PW_MUST_CHECK;

/*
 * Free the encoder. NULL is allowed.
 */
void pw_generic_encoder_close(struct pw_generic_encoder *encoder);

/*
 * Append the payload of at most PW_SEGMENT_ACCESSES_MAX accesses to @out, an
 * array of bytes. *raw_bytes is what the streams hold uncompressed.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_generic_encode(struct pw_generic_encoder *encoder,
				 const struct pw_accesses *accesses,
				 struct pw_array *out, uint64_t *raw_bytes,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * Make a decoder.
 *
 * Owns:   *out is the caller's; free it with pw_generic_decoder_close.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_generic_decoder_open(struct pw_generic_decoder **out,
				       struct pw_error *err) PW_MUST_CHECK;

/*
 * Free the decoder. NULL is allowed.
 */
void pw_generic_decoder_close(struct pw_generic_decoder *decoder);

/*
 * Decode exactly payload->count accesses.
 *
 * Errors: PW_ERR_FORMAT the payload is malformed (the message says how);
 *         PW_ERR_SYSTEM.
 */
enum pw_status pw_generic_decode(struct pw_generic_decoder *decoder,
				 const struct pw_generic_payload *payload,
				 const struct pw_access_columns *out,
				 struct pw_error *err) PW_MUST_CHECK;

#endif
