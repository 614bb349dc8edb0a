/*
 * pack.h - data packed as foreign traces are.
 */
#ifndef PW_TESTS_SUPPORT_PACK_H
#define PW_TESTS_SUPPORT_PACK_H

#include "base/array.h"

enum pw_packing {
	PW_PACK_GZIP,
	PW_PACK_XZ,
	PW_PACK_LZ4,
	PW_PACK_SNAPPY,
	PW_PACK_ZIP,	    /* sizes in the headers */
	PW_PACK_ZIP_STREAM, /* sizes after the data */
	PW_PACK_ZIP_STORED,
	PW_PACKINGS,
};

/*
 * Pack @bytes bytes of @data in two parts: members, frames or chunks. Failures
 * fail the test.
 *
 * Owns: @out holds memory, an array of uint8_t; free it with pw_array_free.
 */
void pw_pack(struct pw_array *out, enum pw_packing packing, const void *data,
	     size_t bytes);

#endif
