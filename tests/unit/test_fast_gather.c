/*
 * test_fast_gather.c - chunks taken as executions, against their decoder.
 *
 * Whatever a payload holds, both say the same of it: it is refused, or its
 * stored addresses are those of the accesses that the decoder makes.
 */
#include "tests/support/pw_test.h"

#include "base/assert.h"
#include "base/random.h"
#include "formats/codec_fast.h"
#include "formats/fast_gather.h"
#include "formats/layout.h"
#include "formats/shape_wire.h"

#define ITEMS 8000
#define SHAPES 40
#define SLOTS 7

static uint64_t address[ITEMS + PW_FAST_SLACK], pc[ITEMS + PW_FAST_SLACK];
static uint32_t size[ITEMS + PW_FAST_SLACK];
static uint8_t kind[ITEMS + PW_FAST_SLACK];

/* The same shapes, as a writer and as a reader has them. */
static struct pw_shape_book book = PW_SHAPE_BOOK;
static struct pw_pwt_shapes table = PW_PWT_SHAPES;

static int make_shapes(void **state)
{
	struct pw_array raw = PW_ARRAY(uint8_t);
	struct pw_error err = {0};
	struct pw_random random;

	(void)state;
	pw_random_seed(&random, 1);
	for (uint64_t s = 0; s < SHAPES; s++) {
		uint64_t pcs[SLOTS];
		uint32_t sizes[SLOTS];
		uint8_t kinds[SLOTS];
		struct pw_shape shape = {
			(size_t)(1 + pw_random_below(&random, SLOTS)), pcs,
			sizes, kinds};

		for (size_t i = 0; i < shape.count; i++) {
			pcs[i] = 0x400000 + s * 64 + i / 2;
			sizes[i] = (uint32_t)pw_random_below(&random, 300);
			kinds[i] = i % 3 == 0
					   ? PW_ACCESS_FETCH | PW_ACCESS_FIRST |
						     PW_SHAPE_AT_PC
					   : PW_ACCESS_STORE;
		}
		PW_TEST_OK(pw_shape_put(&raw, &shape, &err), &err);
		PW_TEST_OK(pw_shape_book_add(&book, &shape, &err), &err);
	}
	PW_TEST_OK(pw_pwt_shapes_add(&table, 0, raw.data, raw.count, &err),
		   &err);
	pw_array_free(&raw);
	return 0;
}

static int free_shapes(void **state)
{
	(void)state;
	pw_pwt_shapes_free(&table);
	pw_shape_book_free(&book);
	return 0;
}

/* Executions of some shapes with accesses between, packed. */
static struct pw_array encode(struct pw_random *random, size_t *count,
			      uint64_t *raw_bytes)
{
	struct pw_array payload = PW_ARRAY(uint8_t);
	struct pw_accesses rest = {0, address, pc, size, kind};
	struct pw_generic_encoder *generic;
	struct pw_fast_encoder *encoder;
	struct pw_lane_store *store;
	struct pw_error err = {0};

	for (size_t i = 0; i < 100; i++) {
		address[i] = pw_random_next(random);
		pc[i] = i;
		size[i] = (uint32_t)pw_random_below(random, 5000);
		kind[i] = PW_ACCESS_LOAD | PW_ACCESS_FIRST;
	}
	PW_TEST_OK(pw_lane_store_open(&store, &err), &err);
	pw_lane_store_reset(store, 0, (uint32_t)pw_random_next(random) | 1);
	for (int i = 0; i < 50; i++) {
		uint64_t at[SLOTS];

		PW_TEST_OK(pw_lane_store_begin(store, &book, 1000, &err), &err);
		do {
			for (size_t k = 0; k < SLOTS; k++)
				at[k] = pw_random_next(random) >>
					pw_random_below(random, 64);
		} while (!pw_lane_execute(
				 &store->lane,
				 (uint32_t)pw_random_below(random, SHAPES),
				 at) &&
			 pw_random_below(random, 10) > 0);
		PW_TEST_OK(pw_lane_store_end(store, &err), &err);
		store->pending = pw_random_below(random, 3);
		rest.count += store->pending;
	}
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
	return payload;
}

static enum pw_status decode(const struct pw_generic_payload *payload)
{
	struct pw_access_columns columns = {address, pc, size, kind};
	struct pw_generic_decoder *generic;
	struct pw_fast_decoder *decoder;
	struct pw_error err = {0};
	enum pw_status st;

	PW_TEST_OK(pw_generic_decoder_open(&generic, &err), &err);
	PW_TEST_OK(pw_fast_decoder_open(&decoder, &table, generic, &err), &err);
	st = pw_fast_decode(decoder, payload, &columns, &err);
	pw_fast_decoder_close(decoder);
	pw_generic_decoder_close(generic);
	return st;
}

/* Where comparing is. */
struct walk {
	size_t access;	/* of those decoded, whose first is 0 */
	size_t address; /* of those gathered */
	size_t rest;
};

static void compare_run(const struct pw_fast_gather *gather, uint64_t run,
			struct walk *walk)
{
	struct pw_accesses rest = pw_fast_gather_rest(gather);

	for (; run > 0; run--, walk->rest++, walk->access++) {
		assert_int_equal(rest.address[walk->rest],
				 address[walk->access]);
		assert_int_equal(rest.pc[walk->rest], pc[walk->access]);
		assert_int_equal(rest.size_bytes[walk->rest],
				 size[walk->access]);
		assert_int_equal(rest.kind[walk->rest], kind[walk->access]);
	}
}

/* An execution: each access at its pc, or at the next stored address. */
static void compare_execution(const struct pw_fast_gather *gather,
			      uint32_t symbol, struct walk *walk)
{
	const struct pw_executions *all = &gather->executions;
	uint32_t index = PW_ARRAY_AT(&all->shapes, uint32_t, symbol - 1);
	const uint8_t *bytes = table.bytes.data;
	const uint8_t *at = bytes + pw_pwt_shapes_find(&table, index);
	const uint8_t *end = bytes + table.bytes.count;
	size_t slots = pw_shape_slots(at, end);
	uint64_t pcs[SLOTS];
	uint32_t sizes[SLOTS];
	uint8_t kinds[SLOTS];

	pw_shape_get(at, end, pcs, sizes, kinds);
	for (size_t i = 0; i < slots; i++, walk->access++) {
		uint64_t want = pcs[i];

		if (!(kinds[i] & PW_SHAPE_AT_PC))
			want = PW_ARRAY_AT(&all->address, uint64_t,
					   walk->address++);
		assert_int_equal(address[walk->access], want);
		assert_int_equal(pc[walk->access], pcs[i]);
	}
}

/* The executions that were gathered from *walk on are those decoded. */
static void compare(const struct pw_fast_gather *gather, size_t *symbol,
		    size_t *run, struct walk *walk, size_t count)
{
	const struct pw_executions *all = &gather->executions;
	const uint8_t *runs = all->runs.data;

	walk->access = 0;
	for (; *symbol < all->symbols.count; ++*symbol) {
		uint32_t s = PW_ARRAY_AT(&all->symbols, uint32_t, *symbol);

		if (s > 0)
			compare_execution(gather, s, walk);
		else /* of less than 128 */
			compare_run(gather, runs[(*run)++], walk);
	}
	assert_int_equal(walk->access, count);
	assert_int_equal(walk->address, all->address.count);
}

/* Three chunks become one list, in which shapes keep their symbols. */
static void chunks_are_taken_as_the_decoder_makes_them(void **state)
{
	struct pw_fast_gather gather;
	struct pw_error err = {0};
	struct pw_random random;

	(void)state;
	pw_random_seed(&random, 2);
	PW_TEST_OK(pw_fast_gather_init(&gather, &book, &err), &err);
	for (int trace = 0; trace < 20; trace++) {
		size_t symbol = 0, run = 0, all = 0;
		struct walk walk = {0};

		pw_fast_gather_clear(&gather);
		for (int chunk = 0; chunk < 3; chunk++) {
			struct pw_generic_payload payload = {0};
			struct pw_array bytes;

			bytes = encode(&random, &payload.count,
				       &payload.raw_bytes);
			payload.bytes = bytes.data;
			payload.payload_bytes = bytes.count;
			PW_TEST_OK(pw_fast_gather_add(&gather, PW_CODEC_FAST,
						      &payload, &err),
				   &err);
			PW_TEST_OK(pw_fast_gather_settle(&gather, &err), &err);
			assert_int_equal(decode(&payload), PW_OK);
			compare(&gather, &symbol, &run, &walk, payload.count);
			all += payload.count;
			pw_array_free(&bytes);
		}
		assert_int_equal(gather.accesses, all);
		assert_true(gather.executions.shapes.count <= SHAPES);
	}
	pw_fast_gather_free(&gather);
}

/* Damage that the checksum would catch: both refuse it, or neither does. */
static void damage_is_refused_as_the_decoder_refuses_it(void **state)
{
	struct pw_generic_payload payload = {0};
	struct pw_fast_gather gather;
	struct pw_error err = {0};
	struct pw_random random;
	struct pw_array bytes;
	size_t refused = 0;

	(void)state;
	pw_random_seed(&random, 3);
	PW_TEST_OK(pw_fast_gather_init(&gather, &book, &err), &err);
	bytes = encode(&random, &payload.count, &payload.raw_bytes);
	for (int i = 0; i < 4000; i++) {
		uint8_t *copy = malloc(bytes.count);
		enum pw_status st;

		assert_non_null(copy);
		memcpy(copy, bytes.data, bytes.count);
		for (uint64_t n = pw_random_below(&random, 3); n > 0; n--)
			copy[pw_random_below(&random, bytes.count)] ^=
				(uint8_t)(1 << pw_random_below(&random, 8));
		payload.bytes = copy;
		payload.payload_bytes = bytes.count;
		if (i % 5 == 0)
			payload.payload_bytes =
				(size_t)pw_random_below(&random, bytes.count);
		pw_fast_gather_clear(&gather);
		st = pw_fast_gather_add(&gather, PW_CODEC_FAST, &payload, &err);
		assert_int_equal(decode(&payload), st);
		refused += st == PW_ERR_FORMAT;
		free(copy);
	}
	assert_true(refused > 1000 && refused < 4000);
	pw_array_free(&bytes);
	pw_fast_gather_free(&gather);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chunks_are_taken_as_the_decoder_makes_them),
		cmocka_unit_test(damage_is_refused_as_the_decoder_refuses_it),
	};

	return cmocka_run_group_tests(tests, make_shapes, free_shapes);
}
