/*
 * fuzz_fast.c - any bytes at all as the streams of an ACCESSES chunk of codec
 * 2; what is decoded must be what the slow reader says.
 */
#include "formats/fast_wire.h"
#include "formats/layout.h"
#include "tests/support/fuzz_chunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct pw_fuzz_chunk chunk;

	pw_fuzz_chunk_make(&chunk, data, bytes, PW_FAST_REST);
	if (chunk.whole)
		pw_fuzz_chunk_check(&chunk, PW_CODEC_FAST);
	pw_fuzz_chunk_free(&chunk);
	return 0;
}
