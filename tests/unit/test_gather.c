/*
 * test_gather.c - chunks taken as executions, against what was executed.
 */
#include "tests/support/pw_test.h"

#include "base/bits.h"
#include "base/random.h"
#include "formats/codec_dense.h"
#include "formats/codec_fast.h"
#include "formats/fast_wire.h"
#include "formats/gather.h"
#include "formats/layout.h"
#include "formats/shape_wire.h"

#define ITEMS 8000
#define SHAPES 40
#define SLOTS 7

/* What was executed: addresses and pcs of all accesses of a chunk, */
static uint64_t want_address[ITEMS], want_pc[ITEMS];
static size_t want_count;
/* and the pages and instructions of all chunks. */
static uint64_t want_min, want_max, want_instructions;

static const uint32_t codecs[] = {PW_CODEC_FAST, PW_CODEC_DENSE};

static uint64_t pcs[SHAPES][SLOTS];
static uint32_t sizes[SHAPES][SLOTS];
static uint8_t kinds[SHAPES][SLOTS];
static struct pw_shape shapes[SHAPES];
static struct pw_shape_book book = PW_SHAPE_BOOK;
static struct pw_pwt_shapes table = PW_PWT_SHAPES; /* the same */

static int make_shapes(void **state)
{
	struct pw_array raw = PW_ARRAY(uint8_t);
	struct pw_error err = {0};
	struct pw_random random;

	(void)state;
	pw_random_seed(&random, 1);
	for (size_t s = 0; s < SHAPES; s++) {
		size_t count = (size_t)(1 + pw_random_below(&random, SLOTS));

		shapes[s] =
			(struct pw_shape){count, pcs[s], sizes[s], kinds[s]};
		for (size_t i = 0; i < count; i++) {
			pcs[s][i] = 0x400000 + s * 64 + i / 2;
			sizes[s][i] = (uint32_t)pw_random_below(&random, 300);
			kinds[s][i] = i % 3 == 0 ? PW_ACCESS_FETCH |
							   PW_ACCESS_FIRST |
							   PW_SHAPE_AT_PC
						 : PW_ACCESS_STORE;
		}
		PW_TEST_OK(pw_shape_book_add(&book, &shapes[s], &err), &err);
		PW_TEST_OK(pw_shape_put(&raw, &shapes[s], &err), &err);
	}
	PW_TEST_OK(pw_pwt_shapes_add(&table, 0, raw.data, raw.count, &err),
		   &err);
	pw_array_free(&raw);
	return 0;
}

static int free_shapes(void **state)
{
	(void)state;
	pw_shape_book_free(&book);
	pw_pwt_shapes_free(&table);
	return 0;
}

static void want(uint64_t address, uint64_t pc, uint32_t size, uint8_t kind)
{
	uint64_t last = pw_access_last_byte(address, size) >> PW_PAGE_SHIFT;

	assert_true(want_count < ITEMS);
	want_instructions += (kind & PW_ACCESS_FIRST) != 0;
	if (address >> PW_PAGE_SHIFT < want_min)
		want_min = address >> PW_PAGE_SHIFT;
	if (last > want_max)
		want_max = last;
	want_address[want_count] = address;
	want_pc[want_count++] = pc;
}

/* Execute any shape, most often one of two; true when the lane is full. */
static bool execute(struct pw_random *random, struct pw_lane *lane)
{
	bool often = pw_random_below(random, 4) > 0;
	size_t s = often ? want_count % 2
			 : (size_t)pw_random_below(random, SHAPES);
	size_t stored = 0;
	uint64_t address[SLOTS];

	for (size_t i = 0; i < shapes[s].count; i++) {
		if (kinds[s][i] & PW_SHAPE_AT_PC) {
			want(pcs[s][i], pcs[s][i], sizes[s][i], kinds[s][i]);
			continue;
		}
		address[stored] = pw_random_below(random, 2)
					  ? want_count * 8
					  : pw_random_next(random) >>
						    pw_random_below(random, 64);
		want(address[stored++], pcs[s][i], sizes[s][i], kinds[s][i]);
	}
	return pw_lane_execute(lane, (uint32_t)s, address);
}

/* Pack what @store and @rest hold. */
static void pack(uint32_t codec, const struct pw_lane_store *store,
		 const struct pw_accesses *rest, struct pw_array *payload,
		 uint64_t *raw_bytes)
{
	struct pw_generic_encoder *generic;
	struct pw_fast_encoder *fast;
	struct pw_dense_encoder *dense;
	struct pw_error err = {0};

	PW_TEST_OK(pw_generic_encoder_open(&generic, 3, &err), &err);
	PW_TEST_OK(pw_fast_encoder_open(&fast, 1, generic, &err), &err);
	PW_TEST_OK(pw_dense_encoder_open(&dense, 1, generic, &err), &err);
	if (codec == PW_CODEC_FAST)
		PW_TEST_OK(pw_fast_encode(fast, store, rest, payload, raw_bytes,
					  &err),
			   &err);
	else
		PW_TEST_OK(pw_dense_encode_lane(dense, store, rest, payload,
						raw_bytes, &err),
			   &err);
	pw_dense_encoder_close(dense);
	pw_fast_encoder_close(fast);
	pw_generic_encoder_close(generic);
}

/* Executions with accesses between, packed. */
static struct pw_array encode(struct pw_random *random, uint32_t codec,
			      struct pw_generic_payload *out)
{
	static uint64_t address[200], pc[200];
	static uint32_t size[200];
	static uint8_t kind[200];
	struct pw_array payload = PW_ARRAY(uint8_t);
	struct pw_accesses rest = {0, address, pc, size, kind};
	struct pw_lane_store *store;
	struct pw_error err = {0};

	want_count = 0;
	PW_TEST_OK(pw_lane_store_open(&store, &err), &err);
	pw_lane_store_reset(store, 0, (uint32_t)pw_random_next(random) | 1);
	for (int i = 0; i < 50; i++) {
		PW_TEST_OK(pw_lane_store_begin(store, &book, 1000, &err), &err);
		while (!execute(random, &store->lane) &&
		       pw_random_below(random, 10) > 0)
			;
		PW_TEST_OK(pw_lane_store_end(store, &err), &err);
		store->pending = pw_random_below(random, 3);
		for (size_t k = 0; k < store->pending; k++) {
			address[rest.count] = pw_random_next(random);
			pc[rest.count] = rest.count;
			size[rest.count] =
				(uint32_t)pw_random_below(random, 5000);
			kind[rest.count] = PW_ACCESS_LOAD | PW_ACCESS_FIRST;
			want(address[rest.count], rest.count, size[rest.count],
			     kind[rest.count]);
			rest.count++;
		}
	}
	PW_TEST_OK(pw_lane_store_settle(store, &err), &err);
	pack(codec, store, &rest, &payload, &out->raw_bytes);
	out->bytes = payload.data;
	out->payload_bytes = payload.count;
	out->count = want_count;
	pw_lane_store_close(store);
	return payload;
}

/* Where comparing is. */
struct walk {
	size_t symbol;
	size_t run;
	size_t address; /* of those stored */
	size_t rest;
};

/* What was gathered from *walk on is what was executed. */
static void compare(const struct pw_gather *gather, struct walk *walk)
{
	const struct pw_executions *all = &gather->executions;
	struct pw_accesses rest = pw_gather_rest(gather);
	const uint8_t *runs = all->runs.data;
	size_t at = 0;

	for (; walk->symbol < all->symbols.count; walk->symbol++) {
		uint32_t symbol =
			PW_ARRAY_AT(&all->symbols, uint32_t, walk->symbol);
		uint32_t s;

		/* A run of less than 128, which is a byte. */
		for (int n = symbol ? 0 : runs[walk->run++]; n > 0; n--) {
			assert_int_equal(rest.address[walk->rest],
					 want_address[at]);
			assert_int_equal(rest.pc[walk->rest++], want_pc[at++]);
		}
		if (symbol == 0)
			continue;
		s = PW_ARRAY_AT(&all->shapes, uint32_t, symbol - 1);
		for (size_t i = 0; i < shapes[s].count; i++, at++) {
			uint64_t address = pcs[s][i];

			if (!(kinds[s][i] & PW_SHAPE_AT_PC))
				address = PW_ARRAY_AT(&all->address, uint64_t,
						      walk->address++);
			assert_int_equal(address, want_address[at]);
			assert_int_equal(pcs[s][i], want_pc[at]);
		}
	}
	assert_int_equal(at, want_count);
	assert_int_equal(walk->address, all->address.count);
	assert_int_equal(walk->rest, rest.count);
}

/* Three chunks become one list, in which shapes keep their symbols. */
static void chunks_become_one_list_of_what_was_executed(void **state)
{
	struct pw_gather gather;
	struct pw_error err = {0};
	struct pw_random random;

	(void)state;
	pw_random_seed(&random, 2);
	PW_TEST_OK(pw_gather_init(&gather, &book, &table, &err), &err);
	for (int trace = 0; trace < 40; trace++) {
		struct walk walk = {0};
		size_t all = 0;

		want_min = UINT64_MAX;
		want_max = 0;
		want_instructions = 0;
		pw_gather_clear(&gather);
		for (int chunk = 0; chunk < 3; chunk++) {
			uint32_t codec = codecs[pw_random_below(&random, 2)];
			struct pw_generic_payload payload = {0};
			struct pw_array bytes =
				encode(&random, codec, &payload);

			PW_TEST_OK(
				pw_gather_add(&gather, codec, &payload, &err),
				&err);
			PW_TEST_OK(pw_gather_settle(&gather, &err), &err);
			compare(&gather, &walk);
			all += payload.count;
			pw_array_free(&bytes);
		}
		assert_int_equal(gather.accesses, all);
		assert_int_equal(gather.min_page, want_min);
		assert_int_equal(gather.max_page, want_max);
		assert_int_equal(gather.tally.instructions, want_instructions);
		assert_true(gather.executions.shapes.count <= SHAPES);
	}
	pw_gather_free(&gather);
}

/* All accesses that were gathered. */
static uint64_t count_all(const struct pw_gather *gather)
{
	const struct pw_executions *all = &gather->executions;
	uint64_t count = gather->rest_kind.count;

	for (size_t i = 0; i < all->symbols.count; i++) {
		uint32_t symbol = PW_ARRAY_AT(&all->symbols, uint32_t, i);

		if (symbol > 0)
			count += pw_executions_shape(all, symbol)
					 ->tally[PW_LANE_ACCESSES];
	}
	return count;
}

/* Flip up to two bits of @bytes, or cut them off. */
static void damage(struct pw_random *random, uint8_t *bytes,
		   struct pw_generic_payload *payload)
{
	for (uint64_t n = pw_random_below(random, 3); n > 0; n--)
		bytes[pw_random_below(random, payload->payload_bytes)] ^=
			(uint8_t)(1 << pw_random_below(random, 8));
	if (pw_random_below(random, 5) == 0)
		payload->payload_bytes =
			(size_t)pw_random_below(random, payload->payload_bytes);
	payload->bytes = bytes;
}

/* Damage that the checksum would catch must not do harm either. */
static void random_damage_is_survived(void **state)
{
	struct pw_generic_payload payload[2] = {{0}};
	struct pw_array bytes[2];
	struct pw_gather gather;
	struct pw_error err = {0};
	struct pw_random random;
	size_t refused[2] = {0};

	(void)state;
	pw_random_seed(&random, 3);
	PW_TEST_OK(pw_gather_init(&gather, &book, &table, &err), &err);
	for (size_t c = 0; c < 2; c++)
		bytes[c] = encode(&random, codecs[c], &payload[c]);
	for (size_t i = 0; i < 8000; i++) {
		struct pw_generic_payload bad = payload[i % 2];
		uint8_t *copy = malloc(bad.payload_bytes);
		enum pw_status st;

		assert_non_null(copy);
		memcpy(copy, bytes[i % 2].data, bad.payload_bytes);
		damage(&random, copy, &bad);
		pw_gather_clear(&gather);
		st = pw_gather_add(&gather, codecs[i % 2], &bad, &err);
		if (st == PW_OK)
			assert_int_equal(count_all(&gather), bad.count);
		else
			assert_int_equal(st, PW_ERR_FORMAT);
		refused[i % 2] += st != PW_OK;
		free(copy);
	}
	for (size_t c = 0; c < 2; c++) {
		assert_true(refused[c] > 1000 && refused[c] < 4000);
		pw_array_free(&bytes[c]);
	}
	pw_gather_free(&gather);
}

/* One stream at a time of a chunk made by hand is replaced by a wrong one. */
static void malformed_payloads_are_refused(void **state)
{
	static const struct {
		const char *bytes[PW_FAST_REST];
		size_t count[PW_FAST_REST];
		const char *message; /* NULL: it is right */
	} chunk[] = {
		/* Shape 0 has one slot at its pc: nothing is stored. */
		{{"\0", "\1\1", "", "", ""}, {1, 2, 0, 0, 0}, NULL},
		{{"\x81", "\1\1", "", "", ""}, {1, 2, 0, 0, 0}, "shape stream"},
		{{"\x50", "\1\1", "", "", ""}, {1, 2, 0, 0, 0}, "is lost"},
		{{"\0", "\1\2", "", "", ""}, {1, 2, 0, 0, 0}, "no shape"},
		{{"\0", "\1", "", "", ""}, {1, 1, 0, 0, 0}, "ends early"},
		{{"\0", "\1\0", "", "", ""}, {1, 2, 0, 0, 0}, "no run"},
		{{"\0", "\1\0", "\2", "", ""}, {1, 2, 1, 0, 0}, "no run"},
		{{"\0", "\1\1", "\1", "", ""}, {1, 2, 1, 0, 0}, "run stream"},
		{{"\0", "\1\1", "", "\1", ""}, {1, 2, 0, 1, 0}, "is too long"},
		{{"\0", "\1\1", "", "\x9", ""}, {1, 2, 0, 1, 0}, "no length"},
		{{"\0", "\1\1", "", "", "\1"}, {1, 2, 0, 0, 1}, "byte stream"},
	};
	const uint64_t at = 0x400000;
	const uint32_t three = 3;
	const uint8_t fetch = PW_ACCESS_FETCH | PW_SHAPE_AT_PC;
	const struct pw_shape shape = {1, &at, &three, &fetch};
	struct pw_shape_book one = PW_SHAPE_BOOK;
	struct pw_gather gather;
	struct pw_error err = {0};

	(void)state;
	PW_TEST_OK(pw_shape_book_add(&one, &shape, &err), &err);
	PW_TEST_OK(pw_gather_init(&gather, &one, &table, &err), &err);
	for (size_t c = 0; c < PW_COUNT(chunk); c++) {
		uint8_t bytes[1024] = {0};
		struct pw_generic_payload payload = {bytes, PW_FAST_TABLE_BYTES,
						     0, 2};
		enum pw_status st;

		for (size_t s = 0; s < PW_FAST_REST; s++) {
			size_t raw = chunk[c].count[s], stored = 0;

			if (raw > 0)
				stored = ZSTD_compress(
					bytes + payload.payload_bytes, 100,
					chunk[c].bytes[s], raw, 1);
			pw_store32(bytes + s * 8, (uint32_t)raw);
			pw_store32(bytes + s * 8 + 4, (uint32_t)stored);
			payload.payload_bytes += stored;
			payload.raw_bytes += raw;
		}
		pw_gather_clear(&gather);
		st = pw_gather_add(&gather, PW_CODEC_FAST, &payload, &err);
		assert_int_equal(st, chunk[c].message ? PW_ERR_FORMAT : PW_OK);
		if (chunk[c].message && !strstr(err.message, chunk[c].message))
			fail_msg("case %zu: %s", c, err.message);
	}
	pw_gather_free(&gather);
	pw_shape_book_free(&one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chunks_become_one_list_of_what_was_executed),
		cmocka_unit_test(random_damage_is_survived),
		cmocka_unit_test(malformed_payloads_are_refused),
	};

	return cmocka_run_group_tests(tests, make_shapes, free_shapes);
}
