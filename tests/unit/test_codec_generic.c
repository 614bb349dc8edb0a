/*
 * test_codec_generic.c - the generic access codec, good and bad payloads.
 */
#include "tests/support/pw_test.h"

#include <zstd.h>

#include "base/bits.h"
#include "base/random.h"
#include "formats/codec_generic.h"
#include "formats/generic_wire.h"

#define ITEMS 4000

struct columns {
	uint64_t address[ITEMS];
	uint64_t pc[ITEMS];
	uint32_t size[ITEMS];
	uint8_t kind[ITEMS];
};

static struct columns in, out;

static struct pw_accesses view(size_t count)
{
	struct pw_accesses accesses = {count, in.address, in.pc, in.size,
				       in.kind};

	return accesses;
}

/* Decode @bytes of payload as @count accesses into out. */
static enum pw_status decode(const uint8_t *bytes, size_t payload_bytes,
			     uint64_t raw_bytes, size_t count,
			     struct pw_error *err)
{
	struct pw_access_columns columns = {out.address, out.pc, out.size,
					    out.kind};
	struct pw_generic_payload payload = {bytes, payload_bytes, raw_bytes,
					     count};
	struct pw_generic_decoder *decoder;
	enum pw_status st;

	PW_TEST_OK(pw_generic_decoder_open(&decoder, err), err);
	st = pw_generic_decode(decoder, &payload, &columns, err);
	pw_generic_decoder_close(decoder);
	return st;
}

/* Encode @count accesses of in; the raw length too. */
static struct pw_array encode(size_t count, uint64_t *raw_bytes)
{
	struct pw_array payload = PW_ARRAY(uint8_t);
	struct pw_accesses accesses = view(count);
	struct pw_generic_encoder *encoder;
	struct pw_error err = {0};

	PW_TEST_OK(pw_generic_encoder_open(&encoder, 3, &err), &err);
	PW_TEST_OK(pw_generic_encode(encoder, &accesses, &payload, raw_bytes,
				     &err),
		   &err);
	pw_generic_encoder_close(encoder);
	return payload;
}

static void round_trip(size_t count)
{
	uint64_t raw_bytes;
	struct pw_array payload = encode(count, &raw_bytes);
	struct pw_error err = {0};

	memset(&out, 0xee, sizeof(out));
	PW_TEST_OK(decode(payload.data, payload.count, raw_bytes, count, &err),
		   &err);
	assert_memory_equal(out.address, in.address, count * 8);
	assert_memory_equal(out.pc, in.pc, count * 8);
	assert_memory_equal(out.size, in.size, count * 4);
	assert_memory_equal(out.kind, in.kind, count);
	pw_array_free(&payload);
}

static void fill(uint64_t seed, size_t count)
{
	static const uint8_t kinds[] = {1,  2,	3,  4,	9,  10, 11,
					12, 17, 18, 19, 20, 25, 28};
	struct pw_random random;

	pw_random_seed(&random, seed);
	for (size_t i = 0; i < count; i++) {
		unsigned shift = (unsigned)pw_random_below(&random, 65);

		in.kind[i] = kinds[pw_random_below(&random, sizeof(kinds))];
		in.pc[i] = shift < 64 ? pw_random_next(&random) >> shift : 0;
		shift = (unsigned)pw_random_below(&random, 64);
		in.address[i] = pw_random_next(&random) >> shift;
		in.size[i] = (uint32_t)(pw_random_next(&random) >>
					(32 + pw_random_below(&random, 32)));
		if (pw_random_below(&random, 4) == 0)
			in.address[i] = in.pc[i];
	}
}

static void any_accesses_come_back(void **state)
{
	static const size_t counts[] = {1, 2, 3, 100, ITEMS};

	(void)state;
	for (uint64_t seed = 0; seed < 10; seed++)
		for (size_t i = 0; i < PW_COUNT(counts); i++) {
			fill(seed, counts[i]);
			round_trip(counts[i]);
		}
}

static void extremes_come_back(void **state)
{
	static const uint64_t values[] = {
		0,	   1, 0x7f, 0x80, INT64_MAX, (uint64_t)INT64_MAX + 1,
		UINT64_MAX};
	static const uint32_t sizes[] = {0, 1, 254, 255, 256, UINT32_MAX};
	size_t count = 0;

	(void)state;
	for (size_t a = 0; a < PW_COUNT(values); a++)
		for (size_t p = 0; p < PW_COUNT(values); p++)
			for (size_t s = 0; s < PW_COUNT(sizes); s++) {
				in.address[count] = values[a];
				in.pc[count] = values[p];
				in.size[count] = sizes[s];
				in.kind[count] = (uint8_t)(1 + count % 4);
				count++;
			}
	round_trip(count);
}

/*
 * A loop of one load with stride 8: its pc never changes after the first, so
 * every pc but one is the byte 0; every address but the first differs by 8, so
 * is the byte zigzag(8) = 16. Two bytes for kind and size each.
 */
static void regular_accesses_take_four_bytes_before_packing(void **state)
{
	uint64_t raw_bytes;
	struct pw_array payload;

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		in.address[i] = 8 * i;
		in.pc[i] = 1;
		in.size[i] = 8;
		in.kind[i] = PW_ACCESS_LOAD;
	}
	payload = encode(1000, &raw_bytes);
	assert_int_equal(raw_bytes, 4000);
	assert_int_equal(pw_load32((uint8_t *)payload.data + 8), 1000);
	/* Fetches at their pc need no address. */
	for (size_t i = 0; i < 1000; i++) {
		in.kind[i] = PW_ACCESS_FETCH | PW_ACCESS_FIRST;
		in.pc[i] = in.address[i];
	}
	pw_array_free(&payload);
	payload = encode(1000, &raw_bytes);
	assert_int_equal(raw_bytes, 3000);
	pw_array_free(&payload);
}

/* A payload of four raw streams, packed as they are. */
struct forged {
	const char *stream[PW_STREAMS];
	size_t bytes[PW_STREAMS];
};

static enum pw_status decode_forged(const struct forged *forged, size_t count,
				    struct pw_error *err)
{
	uint8_t payload[1024];
	size_t at = PW_STREAM_TABLE_BYTES;
	uint64_t raw = 0;

	for (size_t s = 0; s < PW_STREAMS; s++) {
		size_t stored = 0;

		if (forged->bytes[s] > 0)
			stored = ZSTD_compress(
				payload + at, sizeof(payload) - at,
				forged->stream[s], forged->bytes[s], 1);
		assert_false(ZSTD_isError(stored));
		pw_store32(payload + s * 8, (uint32_t)forged->bytes[s]);
		pw_store32(payload + s * 8 + 4, (uint32_t)stored);
		at += stored;
		raw += forged->bytes[s];
	}
	return decode(payload, at, raw, count, err);
}

static void assert_forged(const struct forged *forged, size_t count,
			  const char *message)
{
	struct pw_error err = {0};
	enum pw_status st = decode_forged(forged, count, &err);

	if (!message) {
		PW_TEST_OK(st, &err);
		return;
	}
	assert_int_equal(st, PW_ERR_FORMAT);
	assert_string_equal(err.message, message);
}

static void streams_that_do_not_fit_are_refused(void **state)
{
	const struct forged good = {{"\1", "\4", "\2", "\6"}, {1, 1, 1, 1}};
	const struct forged at_pc = {{"\x84", "\4", "\2", ""}, {1, 1, 1, 0}};
	const struct forged kind = {{"\5", "\4", "\2", "\6"}, {1, 1, 1, 1}};
	const struct forged flag = {{"\x21", "\4", "\2", "\6"}, {1, 1, 1, 1}};
	const struct forged none = {{"\1", "", "\2", "\6"}, {1, 0, 1, 1}};
	const struct forged more = {{"\1", "\4\4", "\2", "\6"}, {1, 2, 1, 1}};
	const struct forged size = {
		{"\1", "\xff\x80\x80\x80\x80\x10", "\2", "\6"}, {1, 6, 1, 1}};
	const struct forged cut = {{"\1", "\4", "\x82", "\6"}, {1, 1, 1, 1}};
	const struct forged pcs = {{"\1", "\4", "\2\2", "\6"}, {1, 1, 2, 1}};
	const struct forged address = {{"\1", "\4", "\2", ""}, {1, 1, 1, 0}};
	const struct forged rest = {{"\x84", "\4", "\2", "\6"}, {1, 1, 1, 1}};

	(void)state;
	assert_forged(&good, 1, NULL);
	assert_int_equal(out.kind[0], 1);
	assert_int_equal(out.size[0], 4);
	assert_int_equal(out.pc[0], 1);
	assert_int_equal(out.address[0], 3);
	assert_forged(&at_pc, 1, NULL);
	assert_int_equal(out.kind[0], PW_ACCESS_FETCH);
	assert_int_equal(out.address[0], 1);
	assert_forged(&good, 2, "its stream lengths do not add up");
	assert_forged(&kind, 1, "its kind stream holds no kind");
	assert_forged(&flag, 1, "its kind stream holds no kind");
	assert_forged(&none, 1, "its size stream ends early");
	assert_forged(&more, 1, "its size stream is too long");
	assert_forged(&size, 1, "its size stream holds no size");
	assert_forged(&cut, 1, "its pc stream ends early");
	assert_forged(&pcs, 1, "its pc stream is too long");
	assert_forged(&address, 1, "its address stream ends early");
	assert_forged(&rest, 1, "its address stream is too long");
}

/* Whatever is changed: an error or some accesses, but nothing outside. */
static void random_damage_is_survived(void **state)
{
	uint64_t raw_bytes;
	struct pw_array payload;
	struct pw_random random;
	struct pw_error err = {0};

	(void)state;
	fill(77, 300);
	payload = encode(300, &raw_bytes);
	pw_random_seed(&random, 5);
	for (int i = 0; i < 3000; i++) {
		size_t at = pw_random_below(&random, payload.count);
		uint8_t *byte = (uint8_t *)payload.data + at;
		uint8_t saved = *byte;
		enum pw_status st;

		*byte = (uint8_t)pw_random_next(&random);
		st = decode(payload.data, payload.count, raw_bytes, 300, &err);
		assert_true(st == PW_OK || st == PW_ERR_FORMAT);
		*byte = saved;
		st = decode(payload.data, at, raw_bytes, 300, &err);
		assert_int_equal(st, PW_ERR_FORMAT);
	}
	pw_array_free(&payload);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_accesses_come_back),
		cmocka_unit_test(extremes_come_back),
		cmocka_unit_test(
			regular_accesses_take_four_bytes_before_packing),
		cmocka_unit_test(streams_that_do_not_fit_are_refused),
		cmocka_unit_test(random_damage_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
