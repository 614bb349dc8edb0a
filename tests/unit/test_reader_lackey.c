/*
 * test_reader_lackey.c - the reader of lackey's text traces.
 */
#include "tests/support/pw_test.h"
#include "tests/support/reader_result.h"

#define FIXTURES PW_SOURCE_DIR "/tests/fixtures/lackey/"
#define I (PW_ACCESS_FETCH | PW_ACCESS_FIRST)
#define L PW_ACCESS_LOAD
#define S PW_ACCESS_STORE
#define M PW_ACCESS_MODIFY
#define FIRST PW_ACCESS_FIRST

extern const struct pw_reader_ops pw_reader_lackey;

static int probe_text(const char *text)
{
	return pw_reader_lackey.probe((const uint8_t *)text, strlen(text));
}

static void recognises_logs_and_data_lines(void **state)
{
	(void)state;
	assert_int_equal(probe_text("==1== Lackey, an example Valgrind tool\n"),
			 100);
	assert_true(probe_text("I  0401ab70,3\n S 1fff0006f8,8\n") > 50);
	assert_true(probe_text(" L 10,4 \n S 18,4\n") > 50);
	assert_int_equal(probe_text("==1== Memcheck, a memory error\n"), 0);
	assert_int_equal(probe_text("0x401000: R 0x7ffc12345678\n"), 0);
	assert_int_equal(probe_text("0 7ffc0\n1 7ffc8\n2 401000\n"), 0);
	assert_int_equal(probe_text("hello\nworld\n L 10,4\n"), 0);
	assert_int_equal(probe_text(" L 10,4"), 0);
}

/* The line of the program is no damage, since Valgrind's lines are there. */
static void data_accesses_have_the_pc_of_their_instruction(void **state)
{
	static const struct pw_result_access want[] = {
		{0x401000, 0x401000, 3, I, 0},
		{0x401000, 0x1ffeffe710, 8, L, 0},
		{0x401003, 0x401003, 7, I, 0},
		{0x401003, 0x1ffeffe708, 8, S, 0},
		{0x40100a, 0x40100a, 4, I, 0},
		{0x40100a, 0x404010, 4, M, 0},
		{0x40100e, 0x40100e, 2, I, 0},
		{0x401010, 0x401010, 9, I, 0},
		{0x401010, 0x404ffe, 4, L, 0},
		{0x401010, 0x1ffeffe700, 16, S, 0},
	};
	struct pw_reader_result got;

	(void)state;
	pw_reader_result_of(&got, &pw_reader_lackey, FIXTURES "log_good.txt");
	pw_reader_result_expect(&got, want, PW_COUNT(want));
	assert_string_equal(got.damage, "");
	assert_int_equal(got.unknown, PW_UNKNOWN_THREADS | PW_UNKNOWN_MAPPINGS);
	pw_reader_result_free(&got);
}

static void data_alone_has_no_pcs_and_no_fetches(void **state)
{
	static const struct pw_result_access want[] = {
		{0, 0x10, 4, L | FIRST, 0},   {0, 0x18, 4, S | FIRST, 0},
		{0, 0x20, 1, M | FIRST, 0},   {0, 0x7ff000398, 8, L | FIRST, 0},
		{0, 0x20, 512, S | FIRST, 0},
	};
	struct pw_reader_result got;

	(void)state;
	pw_reader_result_of(&got, &pw_reader_lackey, FIXTURES "data_good.txt");
	pw_reader_result_expect(&got, want, PW_COUNT(want));
	assert_string_equal(got.damage, "");
	assert_int_equal(got.unknown, PW_UNKNOWN_THREADS | PW_UNKNOWN_MAPPINGS |
					      PW_UNKNOWN_PCS |
					      PW_UNKNOWN_FETCHES |
					      PW_UNKNOWN_INSTRUCTIONS);
	pw_reader_result_free(&got);
}

static void says_what_is_cut_and_what_is_no_record(void **state)
{
	struct pw_reader_result got;

	(void)state;
	pw_reader_result_of(&got, &pw_reader_lackey, FIXTURES "truncated.txt");
	assert_int_equal(got.accesses.count, 4);
	assert_string_equal(got.damage,
			    FIXTURES "truncated.txt:8: ends inside a record");
	pw_reader_result_free(&got);
	pw_reader_result_of(&got, &pw_reader_lackey, FIXTURES "corrupt.txt");
	assert_int_equal(got.accesses.count, 7);
	assert_string_equal(got.damage,
			    FIXTURES "corrupt.txt:3: 6 lines are not records, "
				     "first: \"I  0040100z,3\"");
	pw_reader_result_free(&got);
}

/* Of a log only lines that begin as a record are damage. */
static void lines_of_the_program_are_no_damage_in_a_log(void **state)
{
	static const char text[] = "==7== Lackey, an example Valgrind tool\n"
				   "I  00401000,3\n"
				   "Hello, world\n"
				   "I  am the program\n"
				   "I  00401003,3\n";
	struct pw_reader_result got;
	char path[64], want[256];

	(void)state;
	pw_reader_result_of_data(&got, &pw_reader_lackey, text,
				 sizeof(text) - 1, path);
	assert_int_equal(got.accesses.count, 2);
	snprintf(want, sizeof(want),
		 "%s:4: 1 line is not a record, first: \"I  am the program\"",
		 path);
	assert_string_equal(got.damage, want);
	pw_reader_result_free(&got);
}

static void check_sample(const char *name, size_t records, size_t data)
{
	struct pw_reader_result got;
	char path[512];

	pw_reader_sample(path, sizeof(path), name);
	pw_reader_result_of(&got, &pw_reader_lackey, path);
	assert_int_equal(got.accesses.count, records);
	assert_int_equal(got.accesses.count -
				 pw_reader_result_count(&got, PW_ACCESS_FETCH),
			 data);
	assert_string_equal(got.damage, "");
	pw_reader_result_free(&got);
}

static void reads_a_real_log(void **state)
{
	(void)state;
	check_sample("lackey/own_true_valgrind319.log", 168606, 39860);
}

static void reads_a_real_data_trace(void **state)
{
	(void)state;
	check_sample("lackey/cachelab_long.trace", 267988, 267988);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recognises_logs_and_data_lines),
		cmocka_unit_test(
			data_accesses_have_the_pc_of_their_instruction),
		cmocka_unit_test(data_alone_has_no_pcs_and_no_fetches),
		cmocka_unit_test(says_what_is_cut_and_what_is_no_record),
		cmocka_unit_test(lines_of_the_program_are_no_damage_in_a_log),
		cmocka_unit_test(reads_a_real_log),
		cmocka_unit_test(reads_a_real_data_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
