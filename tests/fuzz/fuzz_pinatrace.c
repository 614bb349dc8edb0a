/*
 * fuzz_pinatrace.c - any bytes at all to the reader of Pin's traces.
 */
#include "base/assert.h"
#include "tests/support/fuzz_reader.h"

extern const struct pw_reader_ops pw_reader_pinatrace;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	pw_fuzz_reader(&pw_reader_pinatrace, data, bytes);
	return 0;
}
