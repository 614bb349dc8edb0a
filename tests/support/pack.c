/*
 * pack.c - data packed as foreign traces are.
 */
#include "tests/support/pack.h"

#define ZLIB_CONST
#include <lz4frame.h>
#include <lzma.h>
#include <snappy-c.h>
#include <zlib.h>

#include "base/bits.h"
#include "tests/support/pw_test.h"

/* The framing format takes no more at a time. */
#define SNAPPY_PART 65536

static uint8_t *grow(struct pw_array *out, size_t bytes)
{
	struct pw_error err;

	PW_TEST_OK(pw_array_reserve(out, out->count + bytes, &err), &err);
	return (uint8_t *)out->data + out->count;
}

static void put(struct pw_array *out, const void *data, size_t bytes)
{
	memcpy(grow(out, bytes), data, bytes);
	out->count += bytes;
}

static void put_number(struct pw_array *out, unsigned bytes, uint64_t value)
{
	uint8_t number[8];

	pw_store64(number, value);
	put(out, number, bytes);
}

/* With a window of @bits, as deflateInit2 takes it. */
static void deflate_part(struct pw_array *out, int bits, const uint8_t *data,
			 size_t bytes)
{
	z_stream zlib = {0};
	size_t room;

	assert_int_equal(
		deflateInit2(&zlib, 6, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY),
		Z_OK);
	room = deflateBound(&zlib, bytes);
	zlib.next_in = data;
	zlib.avail_in = (uInt)bytes;
	zlib.next_out = grow(out, room);
	zlib.avail_out = (uInt)room;
	assert_int_equal(deflate(&zlib, Z_FINISH), Z_STREAM_END);
	out->count += room - zlib.avail_out;
	deflateEnd(&zlib);
}

static void pack_xz(struct pw_array *out, const uint8_t *data, size_t bytes)
{
	size_t room = lzma_stream_buffer_bound(bytes);
	uint8_t *to = grow(out, room);
	size_t used = 0;

	assert_int_equal(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, NULL,
						 data, bytes, to, &used, room),
			 LZMA_OK);
	out->count += used;
}

static void pack_lz4(struct pw_array *out, const uint8_t *data, size_t bytes)
{
	const LZ4F_preferences_t preferences = {
		.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled,
	};
	size_t room = LZ4F_compressFrameBound(bytes, &preferences);
	size_t used = LZ4F_compressFrame(grow(out, room), room, data, bytes,
					 &preferences);

	assert_false(LZ4F_isError(used));
	out->count += used;
}

/* CRC-32C, bit by bit. */
static uint32_t sum_of(const uint8_t *data, size_t bytes)
{
	uint32_t sum = UINT32_MAX;

	for (size_t i = 0; i < bytes; i++) {
		sum ^= data[i];
		for (unsigned bit = 0; bit < 8; bit++)
			sum = sum & 1 ? sum >> 1 ^ UINT32_C(0x82f63b78)
				      : sum >> 1;
	}
	sum = ~sum;
	return (sum >> 15 | sum << 17) + UINT32_C(0xa282ead8);
}

static void pack_snappy(struct pw_array *out, const uint8_t *data, size_t bytes)
{
	while (bytes > 0) {
		size_t part = bytes < SNAPPY_PART ? bytes : SNAPPY_PART;
		size_t room = snappy_max_compressed_length(part);
		char *packed = malloc(room);

		assert_non_null(packed);
		assert_int_equal(snappy_compress((const char *)data, part,
						 packed, &room),
				 SNAPPY_OK);
		put_number(out, 1, 0);
		put_number(out, 3, room + 4);
		put_number(out, 4, sum_of(data, part));
		put(out, packed, room);
		free(packed);
		data += part;
		bytes -= part;
	}
}

static void pack_member(struct pw_array *out, enum pw_packing packing,
			const uint8_t *data, size_t bytes)
{
	bool stored = packing == PW_PACK_ZIP_STORED;
	bool stream = packing == PW_PACK_ZIP_STREAM;
	struct pw_array body = PW_ARRAY(uint8_t);
	uint32_t sum = (uint32_t)crc32(0, data, (uInt)bytes);

	if (stored)
		put(&body, data, bytes);
	else
		deflate_part(&body, -15, data, bytes);
	put_number(out, 4, 0x04034b50);
	put_number(out, 2, 20);
	put_number(out, 2, stream ? 8 : 0);
	put_number(out, 2, stored ? 0 : 8);
	put_number(out, 4, 0); /* time */
	put_number(out, 4, stream ? 0 : sum);
	put_number(out, 4, stream ? 0 : body.count);
	put_number(out, 4, stream ? 0 : bytes);
	put_number(out, 2, 4);
	put_number(out, 2, 5);
	put(out, "nameextra", 9);
	put(out, body.data, body.count);
	if (stream) {
		put_number(out, 4, 0x08074b50);
		put_number(out, 4, sum);
		put_number(out, 4, body.count);
		put_number(out, 4, bytes);
	}
	pw_array_free(&body);
}

static void pack_part(struct pw_array *out, enum pw_packing packing,
		      const uint8_t *data, size_t bytes)
{
	switch (packing) {
	case PW_PACK_GZIP:
		deflate_part(out, 15 + 16, data, bytes);
		break;
	case PW_PACK_XZ:
		pack_xz(out, data, bytes);
		break;
	case PW_PACK_LZ4:
		pack_lz4(out, data, bytes);
		break;
	case PW_PACK_SNAPPY:
		pack_snappy(out, data, bytes);
		break;
	case PW_PACK_ZIP:
	case PW_PACK_ZIP_STREAM:
	case PW_PACK_ZIP_STORED:
		pack_member(out, packing, data, bytes);
		break;
	case PW_PACKINGS:
		break;
	}
}

void pw_pack(struct pw_array *out, enum pw_packing packing, const void *data,
	     size_t bytes)
{
	static const uint8_t snappy[] = "\xff\x06\x00\x00sNaPpY";
	const uint8_t *from = data;
	size_t half = bytes / 2;

	*out = (struct pw_array)PW_ARRAY(uint8_t);
	if (packing == PW_PACK_SNAPPY)
		put(out, snappy, sizeof(snappy) - 1);
	pack_part(out, packing, from, half);
	pack_part(out, packing, from + half, bytes - half);
	if (packing >= PW_PACK_ZIP) {
		put_number(out, 4, 0x02014b50);
		put(out, "a directory that nobody reads", 29);
	}
}
