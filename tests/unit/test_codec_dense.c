/*
 * test_codec_dense.c - payloads of codec 3, good and bad.
 */
#include "tests/support/pw_test.h"

#include <zstd.h>

#include "base/bits.h"
#include "base/random.h"
#include "formats/codec_dense.h"
#include "formats/dense_merge.h"
#include "formats/dense_wire.h"
#include "formats/shape_wire.h"

#define ITEMS 4000

/* Two shapes: a fetch and a store; and two loads of one instruction. */
static const uint64_t pcs[] = {0x400000, 0x400000, 0x400010, 0x400010};
static const uint32_t sizes[] = {3, 8, 300, 4};
static const uint8_t kinds[] = {
	PW_ACCESS_FETCH | PW_ACCESS_FIRST | PW_SHAPE_AT_PC, PW_ACCESS_STORE,
	PW_ACCESS_LOAD, PW_ACCESS_LOAD};
static const struct pw_shape shapes[] = {
	{2, pcs, sizes, kinds},
	{2, pcs + 2, sizes + 2, kinds + 2},
};

static uint64_t address[ITEMS * 2];
static uint64_t pc[ITEMS * 2];
static uint32_t size[ITEMS * 2];
static uint8_t kind[ITEMS * 2];
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
static size_t carry_out(struct pw_dense_plan *plan, size_t piece)
{
	size_t slack = pw_dense_plan_slack(plan), at = 0, more;

	do {
		struct pw_access_columns out = {address + at, pc + at,
						size + at, kind + at};

		assert_true(at + piece + slack <= PW_COUNT(address));
		more = pw_dense_plan_next(plan, piece, &out);
		assert_true(more <= piece + slack);
		at += more;
	} while (more > 0);
	return at;
}

/* Decode a payload as @count accesses. */
static enum pw_status decode(const void *bytes, size_t payload_bytes,
			     uint64_t raw_bytes, size_t count, size_t piece,
			     struct pw_error *err)
{
	struct pw_generic_payload payload = {bytes, payload_bytes, raw_bytes,
					     count};
	struct pw_generic_decoder *generic;
	struct pw_dense_plan *plan;
	enum pw_status st;

	PW_TEST_OK(pw_generic_decoder_open(&generic, err), err);
	PW_TEST_OK(pw_dense_plan_open(&plan, err), err);
	st = pw_dense_plan_make(plan, &table, generic, &payload, err);
	if (st == PW_OK)
		assert_int_equal(carry_out(plan, piece), count);
	pw_dense_plan_close(plan);
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

/* Pack @raw, and an empty rest; then decode @count accesses. */
static enum pw_status decode_raw(const struct raw *raw, size_t count,
				 struct pw_error *err)
{
	static uint8_t payload[4096];
	size_t at = PW_DENSE_TABLE_BYTES;
	uint64_t raw_bytes = 0;

	memset(payload, 0, sizeof(payload));
	for (size_t s = 0; s < PW_DENSE_REST; s++) {
		size_t stored = raw[s].count;

		if (s == PW_DENSE_COLUMNS)
			memcpy(payload + at, raw[s].bytes, stored);
		else if (stored > 0)
			stored = ZSTD_compress(payload + at,
					       sizeof(payload) - at,
					       raw[s].bytes, raw[s].count, 1);
		assert_false(ZSTD_isError(stored));
		pw_store32(payload + s * 8, (uint32_t)raw[s].count);
		pw_store32(payload + s * 8 + 4, (uint32_t)stored);
		at += stored;
		raw_bytes += raw[s].count;
	}
	return decode(payload, at, raw_bytes, count, 3, err);
}

static void assert_access(size_t i, uint64_t at, uint64_t from, uint32_t bytes,
			  uint8_t what)
{
	assert_int_equal(address[i], at);
	assert_int_equal(pc[i], from);
	assert_int_equal(size[i], bytes);
	assert_int_equal(kind[i], what);
}

/*
 * Symbols 1 and 2 are shapes 0 and 1, symbol 3 is 1 and then 2. Executed are 3,
 * 3 and 1, of which each has its own modes.
 *
 * Symbol 1, the store, operand 0: last + 8, so 0x90: base 8, zigzag 0x10.
 * Symbol 3, the store: last + 0x10 and a column of a byte: 0x92 and a base of
 * 0x10, zigzag 0x20; the numbers are 1 and 0. The start of operand 0 is 0x1000
 * (zigzag 0x2000, varint 0x80 0x40): it stores at 0x1011, 0x1021, then 0x1029.
 * First load: 0x2000 each time: mode 0, base 0x2000 as zigzag 0x4000, varint
 * 0x80 0x80 0x01. Second load, operand 2: four behind the store, which is two
 * slots before: mode 0x20, base 4, zigzag 8.
 */
static const struct raw good[] = {
	RAW("\x00\x02"),	 RAW("\x01\x02"),
	RAW("\x03\x03\x01"),	 RAW(""),
	RAW("\x90\x91\x00\x20"), RAW("\x10\x20\x80\x80\x01\x08"),
	RAW("\x80\x40"),	 RAW("\x01\x00"),
};

static void a_payload_made_by_hand_is_understood(void **state)
{
	const uint8_t fetch = PW_ACCESS_FETCH | PW_ACCESS_FIRST;
	struct pw_error err = {0};

	(void)state;
	PW_TEST_OK(decode_raw(good, 10, &err), &err);
	assert_access(0, 0x400000, 0x400000, 3, fetch);
	assert_access(1, 0x1011, 0x400000, 8, PW_ACCESS_STORE);
	assert_access(2, 0x2000, 0x400010, 300, PW_ACCESS_LOAD);
	assert_access(3, 0x1015, 0x400010, 4, PW_ACCESS_LOAD);
	assert_access(5, 0x1021, 0x400000, 8, PW_ACCESS_STORE);
	assert_access(6, 0x2000, 0x400010, 300, PW_ACCESS_LOAD);
	assert_access(7, 0x1025, 0x400010, 4, PW_ACCESS_LOAD);
	assert_access(8, 0x400000, 0x400000, 3, fetch);
	assert_access(9, 0x1029, 0x400000, 8, PW_ACCESS_STORE);
}

/* One stream at a time is replaced by something wrong. */
static void malformed_payloads_are_refused(void **state)
{
	static const struct {
		enum pw_dense_stream stream;
		struct raw raw;
		const char *message;
	} bad[] = {
		{PW_DENSE_SHAPES, RAW("\x00\x82"), "shape stream ends early"},
		{PW_DENSE_SHAPES, RAW("\x04\x01"), "its shape 2 is lost"},
		{PW_DENSE_SHAPES, RAW("\x00\x00\x00\x00\x00\x00"),
		 "has more slots than accesses"},
		{PW_DENSE_RULES, RAW("\x01"), "rule stream ends early"},
		{PW_DENSE_RULES, RAW("\x01\x00"), "rule stream holds no rule"},
		{PW_DENSE_RULES, RAW("\x00\x01"), "rule stream holds no rule"},
		{PW_DENSE_RULES, RAW("\x01\x03"), "rule stream holds no rule"},
		{PW_DENSE_RULES, RAW(""), "names no shape"},
		{PW_DENSE_SYMBOLS, RAW("\x03\x03\x04"), "names no shape"},
		{PW_DENSE_SYMBOLS, RAW("\x03\x03"),
		 "has another number of accesses"},
		{PW_DENSE_SYMBOLS, RAW("\x03\x03\x01\x01"),
		 "has another number of accesses"},
		{PW_DENSE_SYMBOLS,
		 RAW("\x01\x01\x01\x01\x01\x01\x01\x01\x01"
		     "\x01\x01"),
		 "symbol stream has another length"},
		{PW_DENSE_SYMBOLS, RAW("\x03\x03\x00"), "run stream ends"},
		{PW_DENSE_RUNS, RAW("\x01"), "run stream is too long"},
		{PW_DENSE_MODES, RAW("\x90\x91\x00"), "mode stream ends early"},
		{PW_DENSE_MODES, RAW("\x90\x91\x00\x20\x00"),
		 "mode stream is too long"},
		{PW_DENSE_MODES, RAW("\x90\x99\x00\x20"), "holds no width"},
		{PW_DENSE_MODES, RAW("\x10\x91\x00\x20"),
		 "holds no prediction"},
		{PW_DENSE_MODES, RAW("\x90\x91\x00\xa0"),
		 "holds no prediction"},
		{PW_DENSE_MODES, RAW("\x90\x91\x00\x30"),
		 "holds no prediction"},
		{PW_DENSE_MODES, RAW("\x90\x92\x00\x20"), "column stream ends"},
		{PW_DENSE_BASES, RAW("\x10\x20\x80\x80\x01"),
		 "base stream ends early"},
		{PW_DENSE_BASES, RAW("\x10\x20\x80\x80\x01\x08\x08"),
		 "base stream is too long"},
		{PW_DENSE_STARTS, RAW(""), "start stream ends early"},
		{PW_DENSE_STARTS, RAW("\x01\x01"), "start stream is too long"},
		{PW_DENSE_COLUMNS, RAW("\x01"), "column stream ends early"},
		{PW_DENSE_COLUMNS, RAW("\x01\x01\x01"),
		 "column stream is too long"},
	};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(bad); i++) {
		struct raw raw[PW_DENSE_REST];
		struct pw_error err = {0};

		memcpy(raw, good, sizeof(raw));
		raw[bad[i].stream] = bad[i].raw;
		assert_int_equal(decode_raw(raw, 10, &err), PW_ERR_FORMAT);
		if (!strstr(err.message, bad[i].message))
			fail_msg("case %zu: %s", i, err.message);
	}
}

/* Rules that double a shape 30 times make no symbol of 2^31 slots. */
static void rules_do_not_grow_beyond_their_bound(void **state)
{
	struct raw raw[PW_DENSE_REST];
	struct pw_error err = {0};
	char rules[60];

	(void)state;
	for (size_t i = 0; i < 30; i++)
		rules[i * 2] = rules[i * 2 + 1] = (char)(i == 0 ? 1 : i + 2);
	memcpy(raw, good, sizeof(raw));
	raw[PW_DENSE_RULES] = (struct raw){rules, sizeof(rules)};
	assert_int_equal(decode_raw(raw, 10, &err), PW_ERR_FORMAT);
	assert_non_null(strstr(err.message, "rule stream holds no rule"));
}

/*
 * 1 2 1 2 ... 200 times: 200 pairs are replaced, and then 100 pairs of what
 * replaced them. Of these, 50 pairs are too few.
 */
static void pairs_are_merged_while_they_are_frequent(void **state)
{
	struct pw_dense_merge merge = PW_DENSE_MERGE;
	struct pw_array symbols = PW_ARRAY(uint32_t);
	const uint32_t slots[] = {0, 3, 4};
	struct pw_error err = {0};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(slots); i++)
		PW_TEST_OK(pw_array_push(&merge.slots, &slots[i], &err), &err);
	for (uint32_t i = 0; i < 400; i++) {
		uint32_t symbol = 1 + i % 2;

		PW_TEST_OK(pw_array_push(&symbols, &symbol, &err), &err);
	}
	PW_TEST_OK(pw_dense_merge_run(&merge, &symbols, &err), &err);
	assert_int_equal(symbols.count, 100);
	assert_int_equal(merge.rule.count, 2);
	for (size_t i = 0; i < symbols.count; i++)
		assert_int_equal(PW_ARRAY_AT(&symbols, uint32_t, i), 4);
	assert_int_equal(PW_ARRAY_AT(&merge.slots, uint32_t, 4), 14);
	pw_dense_merge_free(&merge);
	pw_array_free(&symbols);
}

/* Executions of both shapes with accesses between, encoded. */
static struct pw_array encode(struct pw_random *random, size_t *count,
			      uint64_t *raw_bytes)
{
	struct pw_shape_book book = PW_SHAPE_BOOK;
	struct pw_array payload = PW_ARRAY(uint8_t);
	struct pw_accesses rest = {2, pcs, pcs, sizes, kinds + 1};
	struct pw_generic_encoder *generic;
	struct pw_dense_encoder *encoder;
	struct pw_lane_store *store;
	struct pw_error err = {0};

	for (size_t i = 0; i < PW_COUNT(shapes); i++)
		PW_TEST_OK(pw_shape_book_add(&book, &shapes[i], &err), &err);
	PW_TEST_OK(pw_lane_store_open(&store, &err), &err);
	pw_lane_store_reset(store, 0, 1);
	PW_TEST_OK(pw_lane_store_begin(store, &book, 100000, &err), &err);
	for (uint64_t i = 0; i < 600; i++) {
		uint64_t to[] = {0x1000 + i / 3 * 8,
				 pw_random_next(random) >>
					 pw_random_below(random, 64)};

		(void)pw_lane_execute(&store->lane, i % 3 == 0, to);
	}
	PW_TEST_OK(pw_lane_store_end(store, &err), &err);
	store->pending = rest.count;
	PW_TEST_OK(pw_lane_store_settle(store, &err), &err);
	*count = store->tally[PW_LANE_ACCESSES] + rest.count;
	PW_TEST_OK(pw_generic_encoder_open(&generic, 3, &err), &err);
	PW_TEST_OK(pw_dense_encoder_open(&encoder, 3, generic, &err), &err);
	PW_TEST_OK(pw_dense_encode_lane(encoder, store, &rest, &payload,
					raw_bytes, &err),
		   &err);
	pw_dense_encoder_close(encoder);
	pw_generic_encoder_close(generic);
	pw_lane_store_close(store);
	pw_shape_book_free(&book);
	return payload;
}

/*
 * 150 walks of 20 steps, each along one of 16 paths of random addresses of 40
 * bits. 16 * 20 * 5 = 1,600 bytes tell the paths, and 150 walks at best a few
 * bytes each which one is taken: twice as much in all should do. In columns of
 * long symbols no path would be found, and it would be four times as much.
 */
static void paths_that_come_again_are_found(void **state)
{
	enum { PATHS = 16, STEPS = 20, WALKS = 150 };
	static uint64_t path[PATHS][STEPS], want[WALKS * STEPS];
	struct pw_shape_book book = PW_SHAPE_BOOK;
	struct pw_array payload = PW_ARRAY(uint8_t);
	const struct pw_accesses rest = {0};
	struct pw_generic_encoder *generic;
	struct pw_dense_encoder *encoder;
	struct pw_lane_store *store;
	struct pw_error err = {0};
	struct pw_random random;
	uint64_t raw_bytes;

	(void)state;
	pw_random_seed(&random, 9);
	for (size_t i = 0; i < PATHS * STEPS; i++)
		path[i / STEPS][i % STEPS] = pw_random_next(&random) >> 24;
	for (size_t i = 0; i < PW_COUNT(shapes); i++)
		PW_TEST_OK(pw_shape_book_add(&book, &shapes[i], &err), &err);
	PW_TEST_OK(pw_lane_store_open(&store, &err), &err);
	pw_lane_store_reset(store, 0, 1);
	for (size_t i = 0, along = 0; i < PW_COUNT(want); i++) {
		if (i % STEPS == 0)
			along = (size_t)pw_random_below(&random, PATHS);
		want[i] = path[along][i % STEPS];
		PW_TEST_OK(pw_lane_store_begin(store, &book, 1, &err), &err);
		(void)pw_lane_execute(&store->lane, 1,
				      (uint64_t[]){want[i], want[i] + 8});
		PW_TEST_OK(pw_lane_store_end(store, &err), &err);
	}
	PW_TEST_OK(pw_generic_encoder_open(&generic, 3, &err), &err);
	PW_TEST_OK(pw_dense_encoder_open(&encoder, 3, generic, &err), &err);
	PW_TEST_OK(pw_dense_encode_lane(encoder, store, &rest, &payload,
					&raw_bytes, &err),
		   &err);
	assert_in_range(payload.count, 1600, 4400);
	PW_TEST_OK(decode(payload.data, payload.count, raw_bytes,
			  (size_t)WALKS * STEPS * 2, 100, &err),
		   &err);
	for (size_t i = 0; i < PW_COUNT(want); i++) {
		assert_int_equal(address[i * 2], want[i]);
		assert_int_equal(address[i * 2 + 1], want[i] + 8);
	}
	pw_dense_encoder_close(encoder);
	pw_generic_encoder_close(generic);
	pw_lane_store_close(store);
	pw_shape_book_free(&book);
	pw_array_free(&payload);
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
	PW_TEST_OK(decode(payload.data, payload.count, raw_bytes, count, 100,
			  &err),
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
		if (decode(copy, cut, raw_bytes, count, 100, &err) != PW_OK)
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
		cmocka_unit_test(rules_do_not_grow_beyond_their_bound),
		cmocka_unit_test(pairs_are_merged_while_they_are_frequent),
		cmocka_unit_test(paths_that_come_again_are_found),
		cmocka_unit_test(random_damage_is_survived),
	};

	return cmocka_run_group_tests(tests, make_table, free_table);
}
