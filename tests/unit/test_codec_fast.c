/*
 * test_codec_fast.c - payloads of codec 2, good and bad.
 */
#include "tests/support/pw_test.h"

#include <zstd.h>

#include "base/bits.h"
#include "base/random.h"
#include "formats/codec_fast.h"
#include "formats/fast_wire.h"
#include "formats/shape_wire.h"

#define ITEMS 4000

/* Two shapes: a fetch and a store; and one load. */
static const uint64_t pcs[] = {0x400000, 0x400000, 0x400010};
static const uint32_t sizes[] = {3, 8, 300};
static const uint8_t kinds[] = {PW_ACCESS_FETCH | PW_ACCESS_FIRST |
					PW_SHAPE_AT_PC,
				PW_ACCESS_STORE, PW_ACCESS_LOAD};
static const struct pw_shape shapes[] = {
	{2, pcs, sizes, kinds},
	{1, pcs + 2, sizes + 2, kinds + 2},
};

struct columns {
	uint64_t address[ITEMS * 2];
	uint64_t pc[ITEMS * 2];
	uint32_t size[ITEMS * 2];
	uint8_t kind[ITEMS * 2];
};

static struct columns out;
static struct pw_pwt_shapes table = PW_PWT_SHAPES;

static int make_table(void **state)
{
	struct pw_array raw = PW_ARRAY(uint8_t);
	struct pw_error err = {0};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(shapes); i++)
		PW_TEST_OK(pw_shape_put(&raw, &shapes[i], &err), &err);
	PW_TEST_OK(pw_pwt_shapes_add(&table, 0, raw.data, raw.count, &err),
		   &err);
	pw_array_free(&raw);
	return 0;
}

static int free_table(void **state)
{
	(void)state;
	pw_pwt_shapes_free(&table);
	return 0;
}

/* Make all accesses of a plan, at least @piece at a time; return how many. */
static size_t carry_out(struct pw_fast_plan *plan, size_t piece)
{
	size_t slack = pw_fast_plan_slack(plan), at = 0, more;

	do {
		struct pw_access_columns columns = {out.address + at,
						    out.pc + at, out.size + at,
						    out.kind + at};

		assert_true(at + piece + slack <= PW_COUNT(out.address));
		more = pw_fast_plan_next(plan, piece, &columns);
		assert_true(more <= piece + slack);
		at += more;
	} while (more > 0);
	return at;
}

/* Decode a payload as @count accesses into out, in small and large pieces. */
static enum pw_status decode(const void *bytes, size_t payload_bytes,
			     uint64_t raw_bytes, size_t count,
			     struct pw_error *err)
{
	struct pw_generic_payload payload = {bytes, payload_bytes, raw_bytes,
					     count};
	struct pw_generic_decoder *generic;
	struct pw_fast_plan *plan;
	enum pw_status st;

	PW_TEST_OK(pw_generic_decoder_open(&generic, err), err);
	PW_TEST_OK(pw_fast_plan_open(&plan, err), err);
	st = pw_fast_plan_make(plan, &table, generic, &payload, err);
	if (st == PW_OK)
		assert_int_equal(carry_out(plan, 1 + count % 7), count);
	pw_fast_plan_close(plan);
	pw_generic_decoder_close(generic);
	return st;
}

/* The raw streams of a payload that a test makes by hand. */
struct raw {
	const char *bytes;
	size_t count;
};

#define RAW(text)                      \
	{                              \
		text, sizeof(text) - 1 \
	}

/* Pack @raw, five streams, and an empty rest; then decode @count accesses. */
static enum pw_status decode_raw(const struct raw *raw, size_t count,
				 struct pw_error *err)
{
	static uint8_t payload[4096];
	size_t at = PW_FAST_TABLE_BYTES;
	uint64_t raw_bytes = 0;

	memset(payload, 0, sizeof(payload));
	for (size_t s = 0; s < PW_FAST_REST; s++) {
		size_t stored = 0;

		if (raw[s].count > 0)
			stored = ZSTD_compress(payload + at,
					       sizeof(payload) - at,
					       raw[s].bytes, raw[s].count, 1);
		assert_false(ZSTD_isError(stored));
		pw_store32(payload + s * 8, (uint32_t)raw[s].count);
		pw_store32(payload + s * 8 + 4, (uint32_t)stored);
		at += stored;
		raw_bytes += raw[s].count;
	}
	return decode(payload, at, raw_bytes, count, err);
}

static void assert_access(size_t i, uint64_t address, uint64_t pc,
			  uint32_t size, uint8_t kind)
{
	assert_int_equal(out.address[i], address);
	assert_int_equal(out.pc[i], pc);
	assert_int_equal(out.size[i], size);
	assert_int_equal(out.kind[i], kind);
}

/*
 * Symbols 1 and 2 are shapes 1 and 0. Shape 1 loads at 0x40: the first one,
 * difference 0x40 to 0, zigzag 0x80, one byte. Shape 0 stores at 0x1040: its
 * first time too, 0x1000 more, zigzag 0x2000, two bytes. Again at 0x103f:
 * -1, zigzag 1. Shape 1 again at 0x40: no byte at all.
 */
static const struct raw good[] = {RAW("\x02\x01"), RAW("\x01\x02\x02\x01"),
				  RAW(""), RAW("\x01\x02\x01\x00"),
				  RAW("\x80\x00\x20\x01")};

static void a_payload_made_by_hand_is_understood(void **state)
{
	struct pw_error err = {0};

	(void)state;
	PW_TEST_OK(decode_raw(good, 6, &err), &err);
	assert_access(0, 0x40, 0x400010, 300, PW_ACCESS_LOAD);
	assert_access(1, 0x400000, 0x400000, 3,
		      PW_ACCESS_FETCH | PW_ACCESS_FIRST);
	assert_access(2, 0x1040, 0x400000, 8, PW_ACCESS_STORE);
	assert_access(3, 0x400000, 0x400000, 3,
		      PW_ACCESS_FETCH | PW_ACCESS_FIRST);
	assert_access(4, 0x103f, 0x400000, 8, PW_ACCESS_STORE);
	assert_access(5, 0x40, 0x400010, 300, PW_ACCESS_LOAD);
}

/* One stream at a time is replaced by something wrong. */
static void malformed_payloads_are_refused(void **state)
{
	static const struct {
		enum pw_fast_stream stream;
		struct raw raw;
		const char *message;
	} bad[] = {
		{PW_FAST_SHAPES, RAW("\x02\x81"), "shape stream ends early"},
		{PW_FAST_SHAPES, RAW("\x04\x01"), "its shape 2 is lost"},
		{PW_FAST_SHAPES, RAW("\x01\x01"),
		 "its shape 18446744073709551615 is lost"},
		{PW_FAST_SHAPES, RAW("\x00\x00\x00\x00"),
		 "has more slots than accesses"},
		{PW_FAST_SYMBOLS, RAW("\x01\x02\x02\x03"), "names no shape"},
		{PW_FAST_SYMBOLS, RAW("\x01\x02\x02"), "symbol stream ends"},
		{PW_FAST_SYMBOLS, RAW("\x01\x02\x02\x02"), "is too long"},
		{PW_FAST_SYMBOLS, RAW("\x01\x02\x02\x01\x01\x01\x01"),
		 "symbol stream has another length"},
		{PW_FAST_SYMBOLS, RAW("\x01\x02\x02\x00"),
		 "run stream ends early"},
		{PW_FAST_RUNS, RAW("\x07"), "run stream holds no run"},
		{PW_FAST_RUNS, RAW("\x00"), "run stream holds no run"},
		{PW_FAST_CONTROLS, RAW("\x01\x02\x01\x09"),
		 "control stream holds no length"},
		{PW_FAST_CONTROLS, RAW("\x01\x02\x01\xc0"),
		 "control stream holds no length"},
		{PW_FAST_CONTROLS, RAW("\x01\x02\x01"),
		 "control stream ends early"},
		{PW_FAST_CONTROLS, RAW("\x01\x02\x01\x00\x00"),
		 "control stream is too long"},
		{PW_FAST_BYTES, RAW("\x80\x00\x20"),
		 "byte stream has another length"},
		{PW_FAST_BYTES, RAW("\x80\x00\x20\x01\x01"),
		 "byte stream has another length"},
	};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(bad); i++) {
		struct raw raw[PW_FAST_REST];
		struct pw_error err = {0};

		memcpy(raw, good, sizeof(raw));
		raw[bad[i].stream] = bad[i].raw;
		assert_int_equal(decode_raw(raw, 6, &err), PW_ERR_FORMAT);
		if (!strstr(err.message, bad[i].message))
			fail_msg("case %zu: %s", i, err.message);
	}
}

/* 8 bytes for every address and none there: nothing outside is read. */
static void lengths_beyond_the_end_are_refused(void **state)
{
	const struct raw raw[] = {RAW("\x02"), RAW("\x01\x01\x01"), RAW(""),
				  RAW("\x08\x08\x08"), RAW("")};
	struct pw_error err = {0};

	(void)state;
	assert_int_equal(decode_raw(raw, 3, &err), PW_ERR_FORMAT);
}

/* Executions of both shapes with accesses between, encoded. */
static struct pw_array encode(struct pw_random *random, size_t *count,
			      uint64_t *raw_bytes)
{
	struct pw_shape_book book = PW_SHAPE_BOOK;
	struct pw_array payload = PW_ARRAY(uint8_t);
	struct pw_accesses rest = {2, pcs, pcs, sizes, kinds + 1};
	struct pw_generic_encoder *generic;
	struct pw_fast_encoder *encoder;
	struct pw_lane_store *store;
	struct pw_error err = {0};

	for (size_t i = 0; i < PW_COUNT(shapes); i++)
		PW_TEST_OK(pw_shape_book_add(&book, &shapes[i], &err), &err);
	PW_TEST_OK(pw_lane_store_open(&store, &err), &err);
	pw_lane_store_reset(store, 0, 1);
	PW_TEST_OK(pw_lane_store_begin(store, &book, 1000, &err), &err);
	for (int i = 0; i < 200; i++) {
		uint64_t address =
			pw_random_next(random) >> pw_random_below(random, 64);

		(void)pw_lane_execute(&store->lane,
				      (uint32_t)pw_random_below(random, 2),
				      &address);
	}
	PW_TEST_OK(pw_lane_store_end(store, &err), &err);
	store->pending = rest.count;
	PW_TEST_OK(pw_lane_store_settle(store, &err), &err);
	*count = store->tally[PW_LANE_ACCESSES] + rest.count;
	PW_TEST_OK(pw_generic_encoder_open(&generic, 3, &err), &err);
	PW_TEST_OK(pw_fast_encoder_open(&encoder, 1, generic, &err), &err);
	PW_TEST_OK(pw_fast_encode(encoder, store, &rest, &payload, raw_bytes,
				  &err),
		   &err);
	pw_fast_encoder_close(encoder);
	pw_generic_encoder_close(generic);
	pw_lane_store_close(store);
	pw_shape_book_free(&book);
	return payload;
}

/* Damage that the checksum would catch must not do harm either. */
static void random_damage_is_survived(void **state)
{
	struct pw_random random;
	struct pw_array payload;
	struct pw_error err = {0};
	uint64_t raw_bytes;
	size_t count;

	(void)state;
	pw_random_seed(&random, 7);
	payload = encode(&random, &count, &raw_bytes);
	PW_TEST_OK(decode(payload.data, payload.count, raw_bytes, count, &err),
		   &err);
	for (int i = 0; i < 5000; i++) {
		uint8_t *copy = malloc(payload.count);
		size_t cut = payload.count;

		memcpy(copy, payload.data, payload.count);
		for (uint64_t n = pw_random_below(&random, 3) + 1; n > 0; n--)
			copy[pw_random_below(&random, payload.count)] ^=
				(uint8_t)(1 << pw_random_below(&random, 8));
		if (i % 5 == 0)
			cut = (size_t)pw_random_below(&random, cut);
		if (decode(copy, cut, raw_bytes, count, &err) != PW_OK)
			assert_int_equal(err.status, PW_ERR_FORMAT);
		free(copy);
	}
	pw_array_free(&payload);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_payload_made_by_hand_is_understood),
		cmocka_unit_test(malformed_payloads_are_refused),
		cmocka_unit_test(lengths_beyond_the_end_are_refused),
		cmocka_unit_test(random_damage_is_survived),
	};

	return cmocka_run_group_tests(tests, make_table, free_table);
}
