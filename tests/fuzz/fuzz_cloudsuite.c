/*
 * fuzz_cloudsuite.c - any bytes at all to the reader of cloudsuite.
 */
#include "base/assert.h"
#include "tests/support/fuzz_reader.h"

extern const struct pw_reader_ops pw_reader_cloudsuite;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	pw_fuzz_reader(&pw_reader_cloudsuite, data, bytes);
	return 0;
}
