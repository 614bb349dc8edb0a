/*
 * fuzz_reader.h - any bytes at all to one reader.
 */
#ifndef PW_TESTS_SUPPORT_FUZZ_READER_H
#define PW_TESTS_SUPPORT_FUZZ_READER_H

#include <stddef.h>
#include <stdint.h>

#include "formats/reader.h"

/*
 * Read a file of @bytes at @data to its end and check what every reader owes:
 * threads that exist, valid kinds, damage that says something. Returns how
 * many accesses came.
 */
size_t pw_fuzz_reader(const struct pw_reader_ops *ops, const uint8_t *data,
		      size_t bytes);

#endif
