/*
 * test_reader_instr.c - the readers of ChampSim's two layouts.
 */
#include "tests/support/pw_test.h"
#include "tests/support/reader_result.h"

#include "base/file.h"

#define FOLDER PW_SOURCE_DIR "/tests/fixtures/"
#define I (PW_ACCESS_FETCH | PW_ACCESS_FIRST)
#define R PW_ACCESS_LOAD
#define W PW_ACCESS_STORE

extern const struct pw_reader_ops pw_reader_champsim;
extern const struct pw_reader_ops pw_reader_cloudsuite;

/* The program of tests/fixtures/make_instr.py, once. */
static const struct pw_result_access program[] = {
	{0x401000, 0x401000, 0, I, 0},
	{0x401000, 0x7ffc1000, 0, W, 0},
	{0x401004, 0x401004, 0, I, 0},
	{0x401004, 0x404010, 0, R, 0},
	{0x401004, 0x404ff8, 0, R, 0},
	{0x401008, 0x401008, 0, I, 0},
	{0x401008, 0x404010, 0, R, 0},
	{0x401008, 0x404010, 0, W, 0},
	{0x40100c, 0x40100c, 0, I, 0},
	{0x401000, 0x401000, 0, I, 0},
	{0x401000, 0x10, 0, R, 0},
	{0x401000, 0x20, 0, R, 0},
	{0x401000, 0x30, 0, R, 0},
	{0x401000, 0x40, 0, R, 0},
	{0x401000, 0x7ffc0ff8, 0, W, 0},
	{0x401000, 0x7ffc2000, 0, W, 0},
	{0x401004, 0x401004, 0, I, 0},
	{0x401004, 0xffffffffff600000, 0, R, 0},
};
#define PROGRAM PW_COUNT(program)

static void check(const struct pw_reader_ops *ops, const char *path,
		  const char *damage)
{
	struct pw_result_access want[3 * PROGRAM];
	struct pw_reader_result got;

	for (size_t i = 0; i < PW_COUNT(want); i++)
		want[i] = program[i % PROGRAM];
	pw_reader_result_of(&got, ops, path);
	pw_reader_result_expect(&got, want, PW_COUNT(want));
	assert_string_equal(got.damage, damage);
	assert_int_equal(got.unknown, PW_UNKNOWN_SIZES | PW_UNKNOWN_THREADS |
					      PW_UNKNOWN_MAPPINGS);
	pw_reader_result_free(&got);
}

static void reads_both_layouts_plain_and_packed(void **state)
{
	(void)state;
	check(&pw_reader_champsim, FOLDER "champsim/good.trace", "");
	check(&pw_reader_champsim, FOLDER "champsim/good.trace.xz", "");
	check(&pw_reader_cloudsuite, FOLDER "cloudsuite/good.trace", "");
	check(&pw_reader_cloudsuite, FOLDER "cloudsuite/good.trace.xz", "");
}

/* 1,147 bytes are 17 records and 59 bytes; 16 accesses are before the last. */
static void a_cut_record_is_left_out(void **state)
{
	struct pw_reader_result got;

	(void)state;
	pw_reader_result_of(&got, &pw_reader_champsim,
			    FOLDER "champsim/truncated.trace");
	assert_int_equal(got.accesses.count, 2 * PROGRAM + 16);
	assert_string_equal(got.damage,
			    FOLDER "champsim/truncated.trace: record 17: the "
				   "file ends inside of it");
	pw_reader_result_free(&got);
	check(&pw_reader_champsim, FOLDER "champsim/truncated.trace.xz",
	      FOLDER "champsim/truncated.trace.xz: offset 128: xz: the data "
		     "ends too early");
}

/* Record 4 has 7 of the 18 accesses. */
static void an_impossible_record_is_left_out(void **state)
{
	struct pw_reader_result got;

	(void)state;
	pw_reader_result_of(&got, &pw_reader_cloudsuite,
			    FOLDER "cloudsuite/corrupt.trace");
	assert_int_equal(got.accesses.count, 3 * PROGRAM - 7);
	assert_string_equal(got.damage,
			    FOLDER "cloudsuite/corrupt.trace: record 4: 1 of "
				   "18 records cannot be instructions");
	pw_reader_result_free(&got);
}

static void each_layout_knows_its_own(void **state)
{
	static const char *const names[] = {"champsim", "cloudsuite"};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(names); i++) {
		char path[512];
		char *data;
		size_t bytes;
		struct pw_error err;

		snprintf(path, sizeof(path), FOLDER "%s/good.trace", names[i]);
		PW_TEST_OK(pw_file_read(path, 1 << 20, &data, &bytes, &err),
			   &err);
		assert_string_equal(
			pw_reader_probe((const uint8_t *)data, bytes)->name,
			names[i]);
		free(data);
	}
}

/* Sample: 2,813,120 bytes unpacked. */
static void reads_a_real_trace(void **state)
{
	struct pw_reader_result got;
	char path[512];

	(void)state;
	pw_reader_sample(path, sizeof(path),
			 "champsim/own_sqlite_20k.champsimtrace.xz");
	pw_reader_result_of(&got, &pw_reader_champsim, path);
	assert_int_equal(pw_reader_result_count(&got, PW_ACCESS_FETCH),
			 2813120 / 64);
	assert_string_equal(got.damage, "");
	pw_reader_result_free(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_both_layouts_plain_and_packed),
		cmocka_unit_test(a_cut_record_is_left_out),
		cmocka_unit_test(an_impossible_record_is_left_out),
		cmocka_unit_test(each_layout_knows_its_own),
		cmocka_unit_test(reads_a_real_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
