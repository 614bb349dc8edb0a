/*
 * test_each.c - segments taken by the workers that decode them.
 *
 * That they are the same ones as in order is tested where random recordings are
 * made (test_fast.c) and where some are lost (test_shapes.c).
 */
#include "tests/support/pw_test.h"

#include <unistd.h>

#include "tests/support/trace_script.h"

static char path[] = "/tmp/pw_test_each_XXXXXX";

static int make_path(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
	(void)state;
	return unlink(path);
}

/* Fails at segment 3 and at each after it; others are counted. */
static enum pw_status fail_from_3(void *argument, unsigned worker,
				  uint64_t segment,
				  const struct pw_batch *batch,
				  struct pw_error *err)
{
	uint64_t *whole = argument;

	if (segment >= 3)
		return pw_fail(err, PW_ERR_OUTPUT, "segment %llu",
			       (unsigned long long)segment);
	whole[worker] += !batch;
	return PW_OK;
}

/* Workers claim segments in order, so those before the failure are taken. */
static void the_first_failure_of_a_taker_ends_the_reading(void **state)
{
	const struct pw_writer_options options = {.replace = true,
						  .segment_accesses = 20};
	struct pw_script script;

	(void)state;
	pw_script_make(&script, 1, 2, 400, true);
	pw_script_write(&script, path, &options);
	for (unsigned workers = 1; workers <= 4; workers++) {
		uint64_t whole[4] = {0};
		struct pw_trace_taker taker = {workers, whole, fail_from_3};
		struct pw_error err = {0};
		struct pw_trace *trace;

		PW_TEST_OK(pw_trace_open(&trace, path, NULL, &err), &err);
		assert_int_equal(pw_trace_each(trace, &taker, &err),
				 PW_ERR_OUTPUT);
		assert_string_equal(err.message, "segment 3");
		assert_int_equal(whole[0] + whole[1] + whole[2] + whole[3], 3);
		pw_trace_close(trace);
	}
	pw_script_free(&script);
}

/* A text trace has no segments: one worker takes all of it, in order. */
static void a_trace_without_segments_is_one(void **state)
{
	const char *text = PW_SOURCE_DIR "/tests/fixtures/din/good.din";
	struct pw_script_result result, each_result;
	struct pw_script want, got;

	(void)state;
	pw_script_read(&want, text, NULL, &result);
	pw_script_read_each(&got, text, 3, &each_result);
	assert_true(want.count > 0);
	assert_int_equal(got.count, want.count);
	pw_script_assert_prefix(&got, &want, want.count);
	assert_int_equal(each_result.totals.accesses, result.totals.accesses);
	assert_int_equal(each_result.totals.fetches, result.totals.fetches);
	pw_script_free(&want);
	pw_script_free(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_failure_of_a_taker_ends_the_reading),
		cmocka_unit_test(a_trace_without_segments_is_one),
	};

	return cmocka_run_group_tests(tests, make_path, remove_path);
}
