/*
 * test_codec_touch.c - payloads of touches, good and bad.
 */
#include "tests/support/pw_test.h"

#include <zstd.h>

#include "base/bits.h"
#include "base/random.h"
#include "formats/codec_touch.h"
#include "formats/touch_wire.h"

struct raw {
	const char *bytes;
	size_t count;
};

#define RAW(text)                       \
	{                               \
		text, sizeof(text) - 1, \
	}

static enum pw_status make(struct pw_touch_plan *plan, const struct raw *raw,
			   size_t accesses, uint64_t instructions,
			   struct pw_error *err)
{
	struct pw_array packed = PW_ARRAY(uint8_t);
	struct pw_generic_payload payload = {.count = accesses};
	ZSTD_CCtx *zstd = ZSTD_createCCtx();
	enum pw_status st;

	assert_non_null(zstd);
	PW_TEST_OK(pw_array_reserve(&packed, PW_TOUCH_TABLE_BYTES, err), err);
	packed.count = PW_TOUCH_TABLE_BYTES;
	for (size_t s = 0; s < PW_TOUCH_STREAMS; s++) {
		PW_TEST_OK(pw_stream_pack(zstd, raw[s].bytes, raw[s].count,
					  &packed, s * PW_STREAM_ENTRY_BYTES,
					  err),
			   err);
		payload.raw_bytes += raw[s].count;
	}
	ZSTD_freeCCtx(zstd);
	payload.bytes = packed.data;
	payload.payload_bytes = packed.count;
	st = pw_touch_plan_make(plan, &payload, instructions, err);
	pw_array_free(&packed);
	return st;
}

/*
 * Page 1 is 0x400 (zigzag 0x800, varint 0x80 0x10). Record 1 fetches twice in
 * it, two instructions after the record before; record 2 loads once and stores
 * twice in a literal page, with LOAD_FIRST, in the same instruction. Symbol 3
 * is 1 and then 2. The pieces are 3 and 3, and 2 alone: 3 has 5 references, so
 * 10 accesses with 4 instructions, and 3 accesses with 1. The literals are 5,
 * 7 and 6: zigzag 10, 4 and 1.
 */
static const struct raw good[] = {
	RAW("\x80\x10"),
	RAW("\x02\x01\x02"
	    "\x00\x01"
	    "\x00\x02"
	    "\x02\x00"
	    "\x02\x00"
	    "\x01\x00"),
	RAW("\x01\x02"),
	RAW("\x03\x03\x00\x02\x00"),
	RAW("\x0a\x04\x01"),
	RAW("\x0a\x03"
	    "\x04\x01"
	    "\x04\x02"
	    "\x00\x00"
	    "\x04\x00"),
};

static void assert_touch(const struct pw_touches *touches, size_t i,
			 uint64_t page, uint64_t instruction, bool fetch)
{
	assert_int_equal(touches->page[i], page);
	assert_int_equal(touches->instruction[i], instruction);
	assert_int_equal(touches->loads[i], fetch ? 0 : 1);
	assert_int_equal(touches->stores[i], fetch ? 0 : 2);
	assert_int_equal(touches->fetches[i], fetch ? 2 : 0);
	assert_int_equal(touches->flags[i],
			 fetch ? PW_TOUCH_FETCH : PW_TOUCH_LOAD_FIRST);
}

static void a_payload_made_by_hand_is_understood(void **state)
{
	const struct pw_touch_piece *piece;
	struct pw_touch_plan *plan;
	struct pw_touches touches;
	struct pw_error err = {0};
	size_t pieces;

	(void)state;
	PW_TEST_OK(pw_touch_plan_open(&plan, &err), &err);
	PW_TEST_OK(make(plan, good, 13, 5, &err), &err);
	piece = pw_touch_plan_pieces(plan, &pieces);
	assert_int_equal(pieces, 2);
	assert_int_equal(piece[0].accesses, 10);
	assert_int_equal(piece[0].tally.loads, 2);
	assert_int_equal(piece[0].tally.stores, 4);
	assert_int_equal(piece[0].tally.fetches, 4);
	assert_int_equal(piece[0].tally.instructions, 4);
	assert_int_equal(piece[1].tally.loads, 1);
	pw_touch_plan_next(plan, 100, &touches);
	assert_int_equal(touches.count, 4);
	/* Of the instructions from 100 on the second, number 101, is it. */
	assert_touch(&touches, 0, 0x400, 101, true);
	assert_touch(&touches, 1, 5, 101, false);
	assert_touch(&touches, 2, 0x400, 103, true);
	assert_touch(&touches, 3, 7, 103, false);
	/* None has begun yet: it counts as the first one's. */
	pw_touch_plan_next(plan, 0, &touches);
	assert_int_equal(touches.count, 1);
	assert_touch(&touches, 0, 6, 0, false);
	pw_touch_plan_close(plan);
}

/*
 * The highest page, 2^52 - 1, and the largest counts that a record may have:
 * 2 * 16384 - 1 loads and stores and 16384 instructions.
 */
static void a_record_may_be_as_large_as_its_piece(void **state)
{
	static const struct raw largest[] = {
		RAW("\xfe\xff\xff\xff\xff\xff\xff\x0f"),
		RAW("\x01\x02\xff\xff\x01\xff\xff\x01\x00\x80\x80\x01\x01"),
		RAW(""),
		RAW("\x01\x00"),
		RAW(""),
		RAW("\x80\x80\x01\x80\x80\x01\x80\x40\x00\x00"),
	};
	struct pw_touch_plan *plan;
	struct pw_touches touches;
	struct pw_error err = {0};

	(void)state;
	PW_TEST_OK(pw_touch_plan_open(&plan, &err), &err);
	PW_TEST_OK(make(plan, largest, 16384, 16384, &err), &err);
	pw_touch_plan_next(plan, 1, &touches);
	assert_int_equal(touches.count, 1);
	assert_int_equal(touches.page[0], UINT64_MAX >> 12);
	assert_int_equal(touches.instruction[0], 16384);
	assert_int_equal(touches.loads[0], 32767);
	assert_int_equal(touches.stores[0], 32767);
	assert_int_equal(touches.fetches[0], 0);
	assert_int_equal(touches.flags[0], PW_TOUCH_LOAD_FIRST);
	pw_touch_plan_close(plan);
}

/* One stream that is replaced by something wrong. */
static const struct {
	enum pw_touch_stream stream;
	struct raw raw;
	const char *message;
} bad[] = {
	{PW_TOUCH_PAGES, RAW("\x80"), "page stream ends early"},
	{PW_TOUCH_PAGES, RAW(""), "holds no record"},
	{PW_TOUCH_PAGES, RAW("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
	 "page stream holds no page"},
	{PW_TOUCH_RECORDS, RAW(""), "record stream has another length"},
	{PW_TOUCH_RECORDS, RAW("\x00"), "has another length"},
	{PW_TOUCH_RECORDS, RAW("\x05\x01\x00\x00\x01\x01\x01"),
	 "has another length"},
	/* a fetch that loads, no reference, CONTINUED, two sides */
	{PW_TOUCH_RECORDS, RAW("\x01\x01\x01\x00\x02\x00\x00"),
	 "holds no record"},
	{PW_TOUCH_RECORDS, RAW("\x01\x00\x00\x00\x00\x00\x00"),
	 "holds no record"},
	{PW_TOUCH_RECORDS, RAW("\x01\x04\x00\x01\x00\x00\x00"),
	 "holds no record"},
	{PW_TOUCH_RECORDS, RAW("\x01\x02\x01\x00\x01\x00\x00"),
	 "holds no record"},
	/* a load that is none; a page that is not there */
	{PW_TOUCH_RECORDS, RAW("\x01\x12\x00\x01\x00\x00\x00"),
	 "holds no record"},
	{PW_TOUCH_RECORDS, RAW("\x01\x00\x00\x01\x00\x00\x02"),
	 "holds no record"},
	{PW_TOUCH_RECORDS, RAW("\x01\x00\x00\x80\x80\x04\x00\x00\x00"),
	 "holds no record"},
	{PW_TOUCH_RECORDS, RAW("\x01\x00\x00\x01\x00\x00\x00\x00"),
	 "is too long"},
	{PW_TOUCH_RULES, RAW("\x01"), "rule stream holds no rule"},
	{PW_TOUCH_RULES, RAW("\x00\x01"), "rule stream holds no rule"},
	{PW_TOUCH_RULES, RAW("\x03\x01"), "rule stream holds no rule"},
	{PW_TOUCH_RULES, RAW(""), "symbol stream names no record"},
	{PW_TOUCH_SYMBOLS, RAW(""), "has another length"},
	{PW_TOUCH_SYMBOLS, RAW("\x03\x03\x00\x02"), "ends inside a piece"},
	{PW_TOUCH_SYMBOLS, RAW("\x03\x03\x00\x00"),
	 "symbol stream holds another piece"},
	{PW_TOUCH_SYMBOLS, RAW("\x03\x03\x03\x00\x02\x00"),
	 "symbol stream holds another piece"},
	{PW_TOUCH_LITERALS, RAW("\x0a\x04"), "has another length"},
	{PW_TOUCH_LITERALS, RAW("\x0a\x04\x01\x01"), "has another length"},
	{PW_TOUCH_PIECES, RAW("\x0a\x03"), "ends early"},
	{PW_TOUCH_PIECES,
	 RAW("\x0a\x03\x04\x01\x04\x02\x00\x00\x04"
	     "\x00\x00"),
	 "is too long"},
	{PW_TOUCH_PIECES, RAW("\x0a\x00\x04\x01\x04\x00\x00\x00\x04\x00"),
	 "holds no piece"},
	{PW_TOUCH_PIECES, RAW("\x0a\x03\x04\x01\x04\x02\x05\x00\x04\x00"),
	 "holds no piece"},
	{PW_TOUCH_PIECES, RAW("\x0a\x03\x04\x01\x08\x02\x00\x00\x04\x00"),
	 "holds no piece"},
	{PW_TOUCH_PIECES, RAW("\x0b\x03\x04\x01\x04\x02\x00\x00\x04\x00"),
	 "stands for other accesses"},
	{PW_TOUCH_PIECES, RAW("\x0a\x03\x05\x01\x04\x02\x00\x00\x04\x00"),
	 "stands for other accesses"},
};

static void malformed_payloads_are_refused(void **state)
{
	struct pw_touch_plan *plan;
	struct pw_error err = {0};

	(void)state;
	PW_TEST_OK(pw_touch_plan_open(&plan, &err), &err);
	for (size_t i = 0; i < PW_COUNT(bad); i++) {
		struct raw raw[PW_TOUCH_STREAMS];

		memcpy(raw, good, sizeof(raw));
		raw[bad[i].stream] = bad[i].raw;
		assert_int_equal(make(plan, raw, 13, 5, &err), PW_ERR_FORMAT);
		if (!strstr(err.message, bad[i].message))
			fail_msg("case %zu: %s", i, err.message);
	}
	pw_touch_plan_close(plan);
}

/* Rules that double a record 30 times make no symbol of 2^31 records. */
static void rules_do_not_grow_beyond_their_bound(void **state)
{
	char rules[60];
	struct raw raw[PW_TOUCH_STREAMS];
	struct pw_touch_plan *plan;
	struct pw_error err = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(rules); i++)
		rules[i] = (char)(i < 2 ? 1 : 2 + i / 2);
	memcpy(raw, good, sizeof(raw));
	raw[PW_TOUCH_RULES] = (struct raw){rules, sizeof(rules)};
	PW_TEST_OK(pw_touch_plan_open(&plan, &err), &err);
	assert_int_equal(make(plan, raw, 13, 5, &err), PW_ERR_FORMAT);
	assert_non_null(strstr(err.message, "holds a rule that is too long"));
	pw_touch_plan_close(plan);
}

/* A payload of 40 pieces that has rules, literals and listed pages. */
static void encode_loop(struct pw_array *out, uint64_t *raw_bytes)
{
	static uint64_t page[200], instruction[200];
	static uint32_t loads[200], stores[200], fetches[200];
	static uint8_t flags[200];
	const struct pw_touches touches = {200,	   page,    instruction, loads,
					   stores, fetches, flags};
	const struct pw_touch_piece piece = {
		400, {.loads = 200, .fetches = 200, .instructions = 200}};
	struct pw_touch_encoder *encoder;
	struct pw_error err = {0};

	PW_TEST_OK(pw_touch_encoder_open(&encoder, 3, &err), &err);
	for (uint64_t p = 0; p < 40; p++) {
		for (uint64_t i = 0; i < 200; i++) {
			bool fetch = i % 2 == 0;

			page[i] = fetch ? 0x400 + i / 2 % 3 : 0x900 + p + i / 7;
			instruction[i] = i + 1;
			loads[i] = fetch ? 0 : 2;
			fetches[i] = fetch ? 2 : 0;
			flags[i] = fetch ? PW_TOUCH_FETCH : PW_TOUCH_LOAD_FIRST;
		}
		PW_TEST_OK(
			pw_touch_encoder_add(encoder, &piece, &touches, &err),
			&err);
	}
	PW_TEST_OK(pw_touch_encoder_finish(encoder, out, raw_bytes, &err),
		   &err);
	assert_true(*raw_bytes > 0);
	pw_touch_encoder_close(encoder);
}

/* Whatever bits are flipped: refused, or records in their bounds. */
static void random_damage_is_survived(void **state)
{
	struct pw_array packed = PW_ARRAY(uint8_t);
	struct pw_generic_payload payload = {.count = 16000};
	struct pw_random random;
	struct pw_touch_plan *plan;
	struct pw_touches touches;
	struct pw_error err = {0};
	size_t refused = 0, pieces;

	(void)state;
	pw_random_seed(&random, 1);
	encode_loop(&packed, &payload.raw_bytes);
	payload.bytes = packed.data;
	payload.payload_bytes = packed.count;
	PW_TEST_OK(pw_touch_plan_open(&plan, &err), &err);
	PW_TEST_OK(pw_touch_plan_make(plan, &payload, 8000, &err), &err);
	for (int i = 0; i < 3000; i++) {
		uint8_t *byte = (uint8_t *)packed.data +
				pw_random_below(&random, packed.count);
		uint8_t bit = (uint8_t)(1U << pw_random_below(&random, 8));
		enum pw_status st;

		*byte ^= bit;
		st = pw_touch_plan_make(plan, &payload, 8000, &err);
		assert_true(st == PW_OK || st == PW_ERR_FORMAT);
		refused += st != PW_OK;
		if (st == PW_OK) {
			pw_touch_plan_pieces(plan, &pieces);
			for (size_t p = 0; p < pieces; p++)
				pw_touch_plan_next(plan, 0, &touches);
		}
		*byte ^= bit;
	}
	assert_true(refused > 1000);
	pw_touch_plan_close(plan);
	pw_array_free(&packed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_payload_made_by_hand_is_understood),
		cmocka_unit_test(a_record_may_be_as_large_as_its_piece),
		cmocka_unit_test(malformed_payloads_are_refused),
		cmocka_unit_test(rules_do_not_grow_beyond_their_bound),
		cmocka_unit_test(random_damage_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
