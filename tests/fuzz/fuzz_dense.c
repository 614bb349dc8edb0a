/*
 * fuzz_dense.c - any bytes at all as the streams of an ACCESSES chunk of codec
 * 3; what is decoded must be what the slow reader says.
 */
#include "formats/dense_wire.h"
#include "formats/layout.h"
#include "tests/support/fuzz_chunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct pw_fuzz_chunk chunk;

	pw_fuzz_chunk_make(&chunk, data, bytes, PW_DENSE_REST);
	if (chunk.whole)
		pw_fuzz_chunk_check(&chunk, PW_CODEC_DENSE);
	pw_fuzz_chunk_free(&chunk);
	return 0;
}
