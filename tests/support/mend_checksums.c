/*
 * mend_checksums.c - chunk by chunk, as far as they can be found.
 */
#include "tests/support/mend_checksums.h"

#include <string.h>

#include "base/bits.h"
#include "formats/layout.h"

/* Put copies of the chunk headers that an INDEX names into it. */
static void mend_index(uint8_t *data, size_t at, size_t payload)
{
	size_t first = at + PW_CHUNK_HEADER_BYTES + PW_INDEX_HEAD_BYTES;

	if (payload < PW_INDEX_HEAD_BYTES)
		return;
	payload -= PW_INDEX_HEAD_BYTES;
	for (size_t i = 0; i + PW_INDEX_ENTRY_BYTES <= payload;
	     i += PW_INDEX_ENTRY_BYTES) {
		uint64_t offset = pw_load64(data + first + i);

		if (offset < at && at - offset >= PW_CHUNK_HEADER_BYTES)
			memcpy(data + first + i + 8, data + offset,
			       PW_CHUNK_HEADER_BYTES);
	}
}

/* Make right the checksums of what looks like a chunk; return its bytes. */
static size_t mend_chunk(uint8_t *data, size_t bytes, size_t at)
{
	uint64_t payload = pw_load64(data + at + 16), span;

	if (payload > PW_PAYLOAD_BYTES_MAX)
		return 8;
	span = PW_CHUNK_HEADER_BYTES + pw_padded(payload);
	if (span <= bytes - at) {
		if (pw_load16(data + at + 4) == PW_CHUNK_INDEX)
			mend_index(data, at, payload);
		pw_store64(data + at + 112,
			   pw_hash(data + at + PW_CHUNK_HEADER_BYTES,
				   span - PW_CHUNK_HEADER_BYTES));
	}
	pw_store64(data + at + 120, pw_hash(data + at, 120));
	return span <= bytes - at ? span : 8;
}

void pw_test_mend_checksums(uint8_t *data, size_t bytes)
{
	size_t at = PW_FILE_HEADER_BYTES;

	if (bytes < PW_FILE_HEADER_BYTES)
		return;
	pw_store64(data + 56, pw_hash(data, 56));
	while (at + PW_CHUNK_HEADER_BYTES <= bytes)
		at += pw_load32(data + at) == PW_CHUNK_MAGIC
			      ? mend_chunk(data, bytes, at)
			      : 8;
	if (bytes < PW_FILE_HEADER_BYTES + PW_FOOTER_BYTES)
		return;
	pw_store64(data + bytes - 24, bytes);
	pw_store64(data + bytes - 8, pw_hash(data + bytes - PW_FOOTER_BYTES,
					     PW_FOOTER_BYTES - 8));
}
