/*
 * test_codec_touch.c - payloads of touches, good and bad.
 */
#include "tests/support/pw_test.h"

#include <zstd.h>

#include "base/bits.h"
#include "base/random.h"
#include "formats/codec_touch.h"
#include "formats/layout.h"
#include "formats/touch_wire.h"

struct raw {
	const char *bytes;
	size_t count;
};

#define RAW(text)                       \
	{                               \
		text, sizeof(text) - 1, \
	}

/* Plan streams that stand for @accesses in @instructions. */
static enum pw_status make_large(struct pw_touch_plan *plan, uint32_t codec,
				 const struct raw *raw, size_t accesses,
				 uint64_t instructions, struct pw_error *err)
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
	st = pw_touch_plan_make(plan, codec, &payload, instructions, err);
	pw_array_free(&packed);
	return st;
}

/* Of 13 accesses and 5 instructions. */
static enum pw_status make(struct pw_touch_plan *plan, uint32_t codec,
			   const struct raw *raw, struct pw_error *err)
{
	return make_large(plan, codec, raw, 13, 5, err);
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

/*
 * The same in codec 2: the pages are 0x400 and 5, 7, 6, as differences zigzag
 * 0x7f5, 4 and 1; and the literals 2, 3 and 4.
 */
static const struct raw numbered_pages = RAW("\x80\x10\xf5\x0f\x04\x01");
static const struct raw numbered_literals = RAW("\x02\x03\x04");

static void number(struct raw *raw)
{
	memcpy(raw, good, sizeof(good));
	raw[PW_TOUCH_PAGES] = numbered_pages;
	raw[PW_TOUCH_LITERALS] = numbered_literals;
}

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

static void check_made_by_hand(uint32_t codec, const struct raw *raw)
{
	const struct pw_touch_piece *piece;
	struct pw_touch_plan *plan;
	struct pw_touches touches;
	struct pw_error err = {0};
	size_t pieces;

	PW_TEST_OK(pw_touch_plan_open(&plan, &err), &err);
	PW_TEST_OK(make(plan, codec, raw, &err), &err);
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

static void payloads_made_by_hand_are_understood(void **state)
{
	struct raw raw[PW_TOUCH_STREAMS];

	(void)state;
	number(raw);
	check_made_by_hand(PW_CODEC_ZSTD, good);
	check_made_by_hand(PW_CODEC_NUMBERED, raw);
}

/* Both records are of page 1. */
static void a_payload_may_have_no_literals(void **state)
{
	struct raw raw[PW_TOUCH_STREAMS];
	struct pw_touch_plan *plan;
	struct pw_touches touches;
	struct pw_error err = {0};

	(void)state;
	number(raw);
	raw[PW_TOUCH_RECORDS] = (struct raw)RAW("\x02\x01\x02"
						"\x00\x01"
						"\x00\x02"
						"\x02\x00"
						"\x02\x00"
						"\x01\x01");
	raw[PW_TOUCH_LITERALS] = (struct raw)RAW("");
	PW_TEST_OK(pw_touch_plan_open(&plan, &err), &err);
	PW_TEST_OK(make(plan, PW_CODEC_NUMBERED, raw, &err), &err);
	pw_touch_plan_next(plan, 100, &touches);
	assert_int_equal(touches.count, 4);
	assert_touch(&touches, 1, 0x400, 101, false);
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
	PW_TEST_OK(make_large(plan, PW_CODEC_ZSTD, largest, 16384, 16384, &err),
		   &err);
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
		assert_int_equal(make(plan, PW_CODEC_ZSTD, raw, &err),
				 PW_ERR_FORMAT);
		if (!strstr(err.message, bad[i].message))
			fail_msg("case %zu: %s", i, err.message);
	}
	pw_touch_plan_close(plan);
}

/* 0; a page that is not there; too few, of one byte and of two. */
static void malformed_numbers_are_refused(void **state)
{
	static const struct {
		struct raw raw;
		const char *message;
	} wrong[] = {
		{RAW("\x02\x00\x04"), "literal stream names no page"},
		{RAW("\x02\x03\x05"), "literal stream names no page"},
		{RAW("\x02\x03"), "literal stream has another length"},
		{RAW("\x02\x00\x03\x00\x04"),
		 "literal stream has another length"},
	};
	uint8_t pages[300];
	struct pw_touch_plan *plan;
	struct pw_error err = {0};

	(void)state;
	PW_TEST_OK(pw_touch_plan_open(&plan, &err), &err);
	for (size_t i = 0; i < PW_COUNT(wrong); i++) {
		struct raw raw[PW_TOUCH_STREAMS];

		number(raw);
		raw[PW_TOUCH_LITERALS] = wrong[i].raw;
		if (i == 3) { /* 300 pages have numbers of two bytes */
			memset(pages, 2, sizeof(pages));
			raw[PW_TOUCH_PAGES] =
				(struct raw){(char *)pages, sizeof(pages)};
		}
		assert_int_equal(make(plan, PW_CODEC_NUMBERED, raw, &err),
				 PW_ERR_FORMAT);
		if (!strstr(err.message, wrong[i].message))
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
	assert_int_equal(make(plan, PW_CODEC_ZSTD, raw, &err), PW_ERR_FORMAT);
	assert_non_null(strstr(err.message, "holds a rule that is too long"));
	pw_touch_plan_close(plan);
}

/*
 * A payload of 40 pieces that has rules, literals and listed pages. The
 * literals of a piece are @ahead pages before those of the next one, and in all
 * of them in the order of @order.
 */
static void encode_loop(struct pw_array *out, uint64_t ahead,
			const uint8_t *order, struct pw_touch_payload *packed)
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

	for (uint64_t i = 0; i < 200; i++) {
		bool fetch = i % 2 == 0;

		instruction[i] = i + 1;
		loads[i] = fetch ? 0 : 2;
		fetches[i] = fetch ? 2 : 0;
		flags[i] = fetch ? PW_TOUCH_FETCH : PW_TOUCH_LOAD_FIRST;
	}
	PW_TEST_OK(pw_touch_encoder_open(&encoder, 3, &err), &err);
	for (uint64_t p = 0; p < 40; p++) {
		for (uint64_t i = 0; i < 100; i++) {
			page[i * 2] = 0x400 + i % 3;
			page[i * 2 + 1] = 0x900 + p * ahead + order[i];
		}
		PW_TEST_OK(
			pw_touch_encoder_add(encoder, &piece, &touches, &err),
			&err);
	}
	PW_TEST_OK(pw_touch_encoder_finish(encoder, out, packed, &err), &err);
	assert_true(packed->raw_bytes > 0);
	pw_touch_encoder_close(encoder);
}

/* The order of 100 literals: one after the other, or shuffled. */
static void fill_order(uint8_t *order, struct pw_random *random)
{
	for (uint8_t i = 0; i < 100; i++)
		order[i] = i;
	for (size_t i = 99; random && i > 0; i--) {
		size_t k = (size_t)pw_random_below(random, i + 1);
		uint8_t last = order[i];

		order[i] = order[k];
		order[k] = last;
	}
}

/* The literals of a plan of encode_loop's payload. */
static void check_loop(struct pw_touch_plan *plan, uint64_t ahead,
		       const uint8_t *order)
{
	struct pw_touches touches;

	for (uint64_t p = 0; p < 40; p++) {
		pw_touch_plan_next(plan, 1, &touches);
		assert_int_equal(touches.count, 200);
		for (uint64_t i = 1; i < 200; i += 2)
			assert_int_equal(touches.page[i],
					 0x900 + p * ahead + order[i / 2]);
	}
}

static void try_damage(struct pw_touch_plan *plan,
		       const struct pw_touch_payload *how,
		       const struct pw_array *packed, struct pw_random *random)
{
	struct pw_generic_payload payload = {packed->data, packed->count,
					     how->raw_bytes, 16000};
	struct pw_touches touches;
	struct pw_error err = {0};
	size_t refused = 0, pieces;

	for (int i = 0; i < 3000; i++) {
		uint8_t *byte = (uint8_t *)packed->data +
				pw_random_below(random, packed->count);
		uint8_t bit = (uint8_t)(1U << pw_random_below(random, 8));
		enum pw_status st;

		*byte ^= bit;
		st = pw_touch_plan_make(plan, how->codec, &payload, 8000, &err);
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
}

/*
 * A loop that comes to the same pages in an order of its own has numbers of
 * them, and one that goes on and on differences. Whatever bits are flipped of
 * either: it is refused, or has records in its bounds.
 */
static void the_shorter_codec_is_taken_and_damage_survived(void **state)
{
	static const struct {
		uint64_t ahead;
		bool shuffled;
		uint32_t codec;
	} loops[] = {{0, true, PW_CODEC_NUMBERED}, {100, false, PW_CODEC_ZSTD}};
	struct pw_random random;
	struct pw_touch_plan *plan;
	struct pw_error err = {0};
	uint8_t order[100];

	(void)state;
	pw_random_seed(&random, 1);
	PW_TEST_OK(pw_touch_plan_open(&plan, &err), &err);
	for (size_t i = 0; i < PW_COUNT(loops); i++) {
		struct pw_array packed = PW_ARRAY(uint8_t);
		struct pw_generic_payload payload = {.count = 16000};
		struct pw_touch_payload how;

		fill_order(order, loops[i].shuffled ? &random : NULL);
		encode_loop(&packed, loops[i].ahead, order, &how);
		assert_int_equal(how.codec, loops[i].codec);
		payload.bytes = packed.data;
		payload.payload_bytes = packed.count;
		payload.raw_bytes = how.raw_bytes;
		PW_TEST_OK(pw_touch_plan_make(plan, how.codec, &payload, 8000,
					      &err),
			   &err);
		check_loop(plan, loops[i].ahead, order);
		try_damage(plan, &how, &packed, &random);
		pw_array_free(&packed);
	}
	pw_touch_plan_close(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(payloads_made_by_hand_are_understood),
		cmocka_unit_test(a_payload_may_have_no_literals),
		cmocka_unit_test(a_record_may_be_as_large_as_its_piece),
		cmocka_unit_test(malformed_payloads_are_refused),
		cmocka_unit_test(malformed_numbers_are_refused),
		cmocka_unit_test(rules_do_not_grow_beyond_their_bound),
		cmocka_unit_test(
			the_shorter_codec_is_taken_and_damage_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
