/*
 * test_reader_pwt.c - the stored traces of versions 1.0 to 1.2 are read as
 * they were written, whatever has changed since.
 */
#include "tests/support/pw_test.h"

#include "tests/support/trace_script.h"

#define FIXTURES PW_SOURCE_DIR "/tests/fixtures/pwt/"
#define SEGMENT 50

/* Of version 1.0, of 1.1 with shapes, and of 1.2 with dense chunks. */
static const char *const prefixes[] = {FIXTURES, FIXTURES "shapes_",
				       FIXTURES "dense_"};

/* As fixtures/pwt/README says. */
static void make(struct pw_script *script)
{
	pw_script_make(script, 1, 3, 300, false);
}

static void check_good(const char *prefix)
{
	char path[4096];
	struct pw_script want, got;
	struct pw_script_result result;
	const struct pw_trace_info *info;
	struct pw_error err = {0};
	struct pw_trace *trace;

	snprintf(path, sizeof(path), "%sgood.pwt", prefix);
	make(&want);
	pw_script_read(&got, path, NULL, &result);
	assert_int_equal(result.opened, PW_OK);
	assert_false(result.damaged);
	assert_int_equal(got.count, want.count);
	pw_script_assert_prefix(&got, &want, want.count);
	PW_TEST_OK(pw_trace_open(&trace, path, NULL, &err), &err);
	info = pw_trace_info(trace);
	assert_string_equal(info->metadata,
			    "{\"engine\": \"make_traces\", \"seed\": 1}");
	assert_int_equal(info->unknown, PW_UNKNOWN_MAPPINGS);
	assert_int_equal(info->threads[2].tid, 102);
	assert_int_equal(info->module_count, 1);
	assert_string_equal(info->modules[0].path, "/usr/bin/example");
	pw_trace_close(trace);
	pw_script_free(&got);
	pw_script_free(&want);
}

static void the_good_fixture_holds_its_script(void **state)
{
	(void)state;
	for (size_t i = 0; i < PW_COUNT(prefixes); i++)
		check_good(prefixes[i]);
}

static void check_truncated(const char *prefix)
{
	char path[4096];
	struct pw_script want, got;
	struct pw_script_result result;
	size_t segments;

	snprintf(path, sizeof(path), "%struncated.pwt", prefix);
	make(&want);
	pw_script_read(&got, path, NULL, &result);
	assert_int_equal(result.opened, PW_OK);
	assert_non_null(strstr(result.damage, "the file ends inside a chunk"));
	assert_non_null(strstr(result.damage, "the recording did not end"));
	segments = result.totals.accesses / SEGMENT;
	/* The TIMELINE of segment 5 is cut off. */
	assert_int_equal(segments, 5);
	assert_int_equal(got.count,
			 pw_script_segment_end(&want, segments, SEGMENT));
	pw_script_assert_prefix(&got, &want, got.count);
	pw_script_free(&got);
	pw_script_free(&want);
}

static void the_truncated_fixture_holds_its_whole_segments(void **state)
{
	(void)state;
	for (size_t i = 0; i < PW_COUNT(prefixes); i++)
		check_truncated(prefixes[i]);
}

static void check_corrupt(const char *prefix)
{
	char path[4096];
	struct pw_script want, got, tail_got, tail_want;
	struct pw_script_result result;
	size_t from, to;

	snprintf(path, sizeof(path), "%scorrupt.pwt", prefix);
	make(&want);
	pw_script_read(&got, path, NULL, &result);
	assert_int_equal(result.opened, PW_OK);
	assert_non_null(strstr(result.damage, "segment 2 is left out"));
	from = pw_script_segment_end(&want, 2, SEGMENT);
	to = pw_script_segment_end(&want, 3, SEGMENT);
	assert_int_equal(got.count, want.count - (to - from));
	pw_script_assert_prefix(&got, &want, from);
	tail_got = (struct pw_script){got.item + from, got.count - from, 0, 0};
	tail_want = (struct pw_script){want.item + to, want.count - to, 0, 0};
	pw_script_assert_prefix(&tail_got, &tail_want, tail_want.count);
	pw_script_free(&got);
	pw_script_free(&want);
}

static void the_corrupt_fixture_lacks_its_third_segment(void **state)
{
	(void)state;
	for (size_t i = 0; i < PW_COUNT(prefixes); i++)
		check_corrupt(prefixes[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_good_fixture_holds_its_script),
		cmocka_unit_test(
			the_truncated_fixture_holds_its_whole_segments),
		cmocka_unit_test(the_corrupt_fixture_lacks_its_third_segment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
