/*
 * fuzz_fast.c - any bytes at all as the streams of an ACCESSES chunk of codec
 * 2; what is decoded must be what the slow reader says.
 */
#include "base/assert.h"
#include "formats/codec_fast.h"
#include "formats/fast_wire.h"
#include "formats/layout.h"
#include "tests/support/fuzz_chunk.h"

#define ROOM (PW_FUZZ_ACCESSES_MAX + PW_FAST_SLACK)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void decode(struct pw_fuzz_chunk *chunk)
{
	static uint64_t address[ROOM], pc[ROOM];
	static uint32_t size[ROOM];
	static uint8_t kind[ROOM];
	const struct pw_access_columns out = {address, pc, size, kind};
	const struct pw_generic_payload payload = {
		chunk->payload.data, chunk->payload.count, chunk->raw_bytes,
		chunk->count};
	struct pw_generic_decoder *generic;
	struct pw_fast_decoder *fast;
	struct pw_error err;
	enum pw_status st;

	PW_ASSERT(pw_generic_decoder_open(&generic, &err) == PW_OK);
	PW_ASSERT(pw_fast_decoder_open(&fast, &chunk->shapes, generic, &err) ==
		  PW_OK);
	st = pw_fast_decode(fast, &payload, &out, &err);
	PW_ASSERT(st == PW_OK || (st == PW_ERR_FORMAT && err.message[0]));
	if (st == PW_OK)
		pw_fuzz_chunk_compare(chunk, PW_CODEC_FAST, &out);
	pw_fast_decoder_close(fast);
	pw_generic_decoder_close(generic);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct pw_fuzz_chunk chunk;

	pw_fuzz_chunk_make(&chunk, data, bytes, PW_FAST_REST);
	if (chunk.whole)
		decode(&chunk);
	pw_fuzz_chunk_free(&chunk);
	return 0;
}
