/*
 * test_reader_perf.c - the reader of perf script's samples.
 */
#include "tests/support/pw_test.h"
#include "tests/support/reader_result.h"

#include "formats/readers/perf_line.h"

#define FIXTURES PW_SOURCE_DIR "/tests/fixtures/perf/"
#define R (PW_ACCESS_LOAD | PW_ACCESS_FIRST)
#define W (PW_ACCESS_STORE | PW_ACCESS_FIRST)

extern const struct pw_reader_ops pw_reader_perf;

/*
 * The weight 123456 is no program counter, since a longer number follows, and
 * neither is the symbol "add". The last sample has no such column.
 */
static void reads_samples_in_varying_columns(void **state)
{
	static const struct pw_result_access want[] = {
		{0x7fad7c47425d, 0x7ffdf1391b0c, 0, R, 0},
		{0x401000, 0x404010, 0, W, 0},
		{0xffffffff8cc2ba08, 0xffff888812345678, 0, R, 1},
		{0, 0x404020, 0, R, 0},
	};
	const struct pw_thread *threads;
	struct pw_reader_result got;

	(void)state;
	pw_reader_result_of(&got, &pw_reader_perf, FIXTURES "good.txt");
	pw_reader_result_expect(&got, want, PW_COUNT(want));
	assert_string_equal(got.damage, "");
	assert_string_equal(got.metadata,
			    "{\"sampled\":true,\"period\":10000}");
	assert_int_equal(got.unknown & PW_UNKNOWN_ACCESSES,
			 PW_UNKNOWN_ACCESSES);
	assert_int_equal(got.unknown & PW_UNKNOWN_THREADS, 0);
	assert_int_equal(got.threads.count, 2);
	threads = got.threads.data;
	assert_int_equal(threads[0].tid, 101);
	assert_int_equal(threads[0].pid, 0);
	assert_int_equal(threads[1].tid, 102);
	assert_int_equal(threads[1].pid, 101);
	assert_int_equal(threads[1].process, 1);
	pw_reader_result_free(&got);
}

static void says_what_is_no_sample(void **state)
{
	struct pw_reader_result got;

	(void)state;
	pw_reader_result_of(&got, &pw_reader_perf, FIXTURES "corrupt.txt");
	assert_int_equal(got.accesses.count, 2);
	assert_non_null(strstr(got.damage,
			       FIXTURES "corrupt.txt:3: 2 lines "
					"are not records, first: "));
	pw_reader_result_free(&got);
	pw_reader_result_of(&got, &pw_reader_perf, FIXTURES "truncated.txt");
	assert_int_equal(got.accesses.count, 3);
	assert_string_equal(got.damage,
			    FIXTURES "truncated.txt:8: ends inside a record");
	pw_reader_result_free(&got);
}

static enum pw_perf_line parse(const char *line, struct pw_perf_sample *sample)
{
	return pw_perf_parse(line, strlen(line), sample);
}

static void the_anchor_alone_is_enough(void **state)
{
	struct pw_perf_sample sample;

	(void)state;
	assert_int_equal(
		parse("404010 10268100142 |OP STORE|LVL L1 hit", &sample),
		PW_PERF_SAMPLE);
	assert_int_equal(sample.address, 0x404010);
	assert_int_equal(sample.kind, PW_ACCESS_STORE);
	assert_int_equal(sample.tid, 0);
	assert_int_equal(sample.pc, 0);
	assert_int_equal(parse("|OP STORE|LVL L1 hit", &sample), PW_PERF_OTHER);
	assert_int_equal(parse("e: 10268100142 |OP LOAD|LVL", &sample),
			 PW_PERF_OTHER);
	assert_int_equal(parse("404010 1 |OP N/A|LVL N/A", &sample),
			 PW_PERF_NO_ACCESS);
	assert_int_equal(parse("", &sample), PW_PERF_COMMENT);
	assert_int_equal(parse("swapper 0 [000] 1.5: cycles: ffff", &sample),
			 PW_PERF_OTHER);
}

static void reads_real_lines(void **state)
{
	static const struct pw_result_access want[] = {
		{0x7fad7c47425d, 0x7ffdf1391b0c, 0, R, 0},
		{0xffffffff8cc2ba08, 0xffffb33a850078a0, 0, R, 1},
	};
	struct pw_reader_result got;
	char path[512];

	(void)state;
	pw_reader_sample(path, sizeof(path), "perf/mailing_list_samples.txt");
	pw_reader_result_of(&got, &pw_reader_perf, path);
	pw_reader_result_expect(&got, want, PW_COUNT(want));
	assert_string_equal(got.damage, "");
	pw_reader_result_free(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_samples_in_varying_columns),
		cmocka_unit_test(says_what_is_no_sample),
		cmocka_unit_test(the_anchor_alone_is_enough),
		cmocka_unit_test(reads_real_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
