/*
 * test_reader_din.c - the reader of Dinero's text format.
 */
#include "tests/support/pw_test.h"
#include "tests/support/reader_result.h"

#define FIXTURES PW_SOURCE_DIR "/tests/fixtures/din/"
#define I (PW_ACCESS_FETCH | PW_ACCESS_FIRST)
#define R PW_ACCESS_LOAD
#define W PW_ACCESS_STORE
#define FIRST PW_ACCESS_FIRST

extern const struct pw_reader_ops pw_reader_din;

static int probe_bytes(const char *text, size_t bytes)
{
	return pw_reader_din.probe((const uint8_t *)text, bytes);
}

static void recognises_text_and_no_binary_file(void **state)
{
	/* The beginning of a file in another format that is called .din. */
	static const char binary[] = "\0\0\0\1\0\0\x12\x34\n0 \n1\n\x7f";

	(void)state;
	assert_true(probe_bytes("2 401000\n0 7ffc\n", 16) > 0);
	assert_int_equal(probe_bytes(binary, sizeof(binary) - 1), 0);
	assert_int_equal(probe_bytes("5 401000\n", 9), 0);
	assert_int_equal(probe_bytes("0 hello\n1 world\n", 16), 0);
	assert_int_equal(probe_bytes("0 10", 4), 0);
}

static void reads_labels_and_ignores_escapes_and_remarks(void **state)
{
	static const struct pw_result_access want[] = {
		{0x401000, 0x401000, 0, I, 0},	  {0, 0x7ffc1000, 0, R, 0},
		{0x401004, 0x401004, 0, I, 0},	  {0, 0x404010, 0, W, 0},
		{0x401008, 0x401008, 0, I, 0},	  {0, 0x404ff8, 0, R, 0},
		{0, 0xffffffffff600000, 0, W, 0},
	};
	struct pw_reader_result got;

	(void)state;
	pw_reader_result_of(&got, &pw_reader_din, FIXTURES "good.din");
	pw_reader_result_expect(&got, want, PW_COUNT(want));
	assert_string_equal(got.damage, "");
	assert_int_equal(got.unknown, PW_UNKNOWN_SIZES | PW_UNKNOWN_PCS |
					      PW_UNKNOWN_THREADS |
					      PW_UNKNOWN_MAPPINGS);
	pw_reader_result_free(&got);
}

static void without_fetches_each_access_is_an_instruction(void **state)
{
	static const struct pw_result_access want[] = {
		{0, 0x10, 0, R | FIRST, 0},
		{0, 0x20, 0, W | FIRST, 0},
		{0, 0x30, 0, R | FIRST, 0},
	};
	struct pw_reader_result got;

	(void)state;
	pw_reader_result_of(&got, &pw_reader_din, FIXTURES "data_good.din");
	pw_reader_result_expect(&got, want, PW_COUNT(want));
	assert_int_equal(got.unknown,
			 PW_UNKNOWN_SIZES | PW_UNKNOWN_PCS |
				 PW_UNKNOWN_THREADS | PW_UNKNOWN_MAPPINGS |
				 PW_UNKNOWN_FETCHES | PW_UNKNOWN_INSTRUCTIONS);
	pw_reader_result_free(&got);
}

static void says_what_is_cut_and_what_is_no_record(void **state)
{
	struct pw_reader_result got;

	(void)state;
	pw_reader_result_of(&got, &pw_reader_din, FIXTURES "truncated.din");
	assert_int_equal(got.accesses.count, 3);
	assert_string_equal(got.damage,
			    FIXTURES "truncated.din:4: ends inside a record");
	pw_reader_result_free(&got);
	pw_reader_result_of(&got, &pw_reader_din, FIXTURES "corrupt.din");
	assert_int_equal(got.accesses.count, 5);
	assert_string_equal(got.damage,
			    FIXTURES "corrupt.din:2: 4 lines are not records, "
				     "first: \"5 7ffc1000\"");
	pw_reader_result_free(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recognises_text_and_no_binary_file),
		cmocka_unit_test(reads_labels_and_ignores_escapes_and_remarks),
		cmocka_unit_test(without_fetches_each_access_is_an_instruction),
		cmocka_unit_test(says_what_is_cut_and_what_is_no_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
