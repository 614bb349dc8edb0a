/*
 * test_source.c - files are unpacked as they were, or it is said why not.
 */
#include "tests/support/pack.h"
#include "tests/support/pw_test.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/random.h"
#include "formats/source.h"

#define SMALL_BYTES 600
#define LARGE_BYTES 500000

static const char *const names[PW_PACKINGS] = {"gzip", "xz",  "lz4", "snappy",
					       "zip",  "zip", "zip"};

/* Half of it noise, half of it the same byte. */
static uint8_t *make_data(size_t bytes)
{
	uint8_t *data = malloc(bytes);
	struct pw_random random;

	assert_non_null(data);
	pw_random_seed(&random, 11);
	for (size_t i = 0; i < bytes; i++)
		data[i] = i % 128 < 64 ? (uint8_t)pw_random_next(&random) : 7;
	return data;
}

struct reading {
	struct pw_array data; /* uint8_t */
	char packing[16];
	char problem[256];
};

/* Read all of a file that holds @packed, @step bytes at a time. */
static void read_all(struct reading *out, const void *packed, size_t bytes,
		     size_t step)
{
	int fd = memfd_create("packed", MFD_CLOEXEC);
	char name[] = "packed";
	struct pw_input_file file = {name, fd, bytes};
	struct pw_source *source;
	struct pw_error err;
	size_t got;

	*out = (struct reading){.data = PW_ARRAY(uint8_t)};
	assert_true(fd >= 0);
	assert_int_equal(write(fd, packed, bytes), bytes);
	PW_TEST_OK(pw_source_open(&source, &file, &err), &err);
	do {
		PW_TEST_OK(pw_array_reserve(&out->data, out->data.count + step,
					    &err),
			   &err);
		PW_TEST_OK(pw_source_read(source,
					  (uint8_t *)out->data.data +
						  out->data.count,
					  step, &got, &err),
			   &err);
		out->data.count += got;
	} while (got == step);
	if (pw_source_packing(source))
		snprintf(out->packing, sizeof(out->packing), "%s",
			 pw_source_packing(source));
	if (pw_source_problem(source))
		snprintf(out->problem, sizeof(out->problem), "%s",
			 pw_source_problem(source));
	assert_true(pw_source_used(source) <= bytes);
	pw_source_close(source);
	close(fd);
}

static void every_packing_is_undone(void **state)
{
	static const size_t steps[] = {1 << 20, 4096, 17};
	uint8_t *data = make_data(LARGE_BYTES);

	(void)state;
	for (unsigned packing = 0; packing < PW_PACKINGS; packing++) {
		struct pw_array packed;

		pw_pack(&packed, (enum pw_packing)packing, data, LARGE_BYTES);
		for (size_t i = 0; i < PW_COUNT(steps); i++) {
			struct reading got;

			read_all(&got, packed.data, packed.count, steps[i]);
			assert_string_equal(got.problem, "");
			assert_string_equal(got.packing, names[packing]);
			assert_int_equal(got.data.count, LARGE_BYTES);
			assert_memory_equal(got.data.data, data, LARGE_BYTES);
			pw_array_free(&got.data);
		}
		pw_array_free(&packed);
	}
	free(data);
}

static void what_is_not_packed_comes_as_it_is(void **state)
{
	uint8_t *data = make_data(LARGE_BYTES);
	struct reading got;

	(void)state;
	read_all(&got, data, LARGE_BYTES, 1000);
	assert_string_equal(got.problem, "");
	assert_string_equal(got.packing, "");
	assert_int_equal(got.data.count, LARGE_BYTES);
	assert_memory_equal(got.data.data, data, LARGE_BYTES);
	pw_array_free(&got.data);
	read_all(&got, data, 0, 1000);
	assert_int_equal(got.data.count, 0);
	pw_array_free(&got.data);
	free(data);
}

/* Where a member ends, gzip, xz, lz4 and snappy may end too. */
static void a_cut_gives_what_is_before_it_and_is_noticed(void **state)
{
	uint8_t *data = make_data(SMALL_BYTES);

	(void)state;
	for (unsigned packing = 0; packing < PW_PACKINGS; packing++) {
		struct pw_array packed;
		size_t unnoticed = 0;

		pw_pack(&packed, (enum pw_packing)packing, data, SMALL_BYTES);
		for (size_t left = 12; left < packed.count; left++) {
			struct reading got;

			read_all(&got, packed.data, left, 4096);
			assert_true(got.data.count <= SMALL_BYTES);
			if (got.data.count > 0)
				assert_memory_equal(got.data.data, data,
						    got.data.count);
			if (!got.problem[0] && got.data.count < SMALL_BYTES)
				unnoticed++;
			pw_array_free(&got.data);
		}
		assert_true(unnoticed <= (packing < PW_PACK_ZIP ? 1U : 0U));
		pw_array_free(&packed);
	}
	free(data);
}

/* A bit may be one that means nothing; then the data is as it was. */
static void a_wrong_bit_is_noticed_or_changes_nothing(void **state)
{
	uint8_t *data = make_data(SMALL_BYTES);

	(void)state;
	for (unsigned packing = 0; packing < PW_PACKINGS; packing++) {
		struct pw_array packed;
		uint8_t *bytes;

		pw_pack(&packed, (enum pw_packing)packing, data, SMALL_BYTES);
		bytes = packed.data;
		for (size_t bit = (size_t)10 * 8; bit < packed.count * 8;
		     bit++) {
			struct reading got;

			bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
			read_all(&got, bytes, packed.count, 4096);
			bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
			if (!got.problem[0] &&
			    (got.data.count != SMALL_BYTES ||
			     memcmp(got.data.data, data, SMALL_BYTES) != 0))
				fail_msg("%s: bit %zu of %zu bytes",
					 names[packing], bit, packed.count);
			pw_array_free(&got.data);
		}
		pw_array_free(&packed);
	}
	free(data);
}

static void says_where_the_packed_data_is_wrong(void **state)
{
	static const char gzip[] = "\x1f\x8b\x08\0\0\0\0\0\0\3\xff\xff\xff";
	struct reading got;

	(void)state;
	read_all(&got, gzip, sizeof(gzip) - 1, 100);
	assert_int_equal(strncmp(got.problem, "offset 1", 8), 0);
	assert_non_null(strstr(got.problem, ": gzip: "));
	pw_array_free(&got.data);
	read_all(&got, gzip, 10, 100);
	assert_string_equal(got.problem,
			    "offset 10: gzip: the data ends too early");
	pw_array_free(&got.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_packing_is_undone),
		cmocka_unit_test(what_is_not_packed_comes_as_it_is),
		cmocka_unit_test(a_cut_gives_what_is_before_it_and_is_noticed),
		cmocka_unit_test(a_wrong_bit_is_noticed_or_changes_nothing),
		cmocka_unit_test(says_where_the_packed_data_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
