/*
 * test_reader_pwt.c - the stored traces of versions 1.0 to 1.4 are read as
 * they were written, whatever has changed since.
 */
#include "tests/support/pw_test.h"

#include "tests/support/trace_script.h"

#define FIXTURES PW_SOURCE_DIR "/tests/fixtures/pwt/"
#define SEGMENT 50

/* Of version 1.0, of 1.1 with shapes, of 1.2 with dense chunks, of 1.3 with
 * touches besides. */
static const char *const prefixes[] = {FIXTURES, FIXTURES "shapes_",
				       FIXTURES "dense_", FIXTURES "touches_"};

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

/* Read two traces as touches: every field of every batch is the same. */
static void assert_same_touches(const char *left, const char *right)
{
	const struct pw_trace_options how = {.needs = PW_NEED_TOUCHES,
					     .workers = 1};
	const char *path[2] = {left, right};
	const struct pw_batch *batch[2];
	struct pw_trace *trace[2];
	struct pw_error err = {0};
	size_t records = 0;

	for (size_t i = 0; i < 2; i++)
		PW_TEST_OK(pw_trace_open(&trace[i], path[i], &how, &err), &err);
	for (;;) {
		const struct pw_touches *a, *b;

		for (size_t i = 0; i < 2; i++)
			PW_TEST_OK(pw_trace_next(trace[i], &batch[i], &err),
				   &err);
		assert_true(!batch[0] == !batch[1]);
		if (!batch[0] || !batch[1])
			break;
		a = &batch[0]->touches;
		b = &batch[1]->touches;
		assert_int_equal(a->count, b->count);
		assert_int_equal(batch[0]->thread, batch[1]->thread);
		assert_int_equal(batch[0]->access_count,
				 batch[1]->access_count);
		for (size_t i = 0; i < a->count; i++) {
			assert_int_equal(a->page[i], b->page[i]);
			assert_int_equal(a->instruction[i], b->instruction[i]);
			assert_int_equal(a->loads[i], b->loads[i]);
			assert_int_equal(a->stores[i], b->stores[i]);
			assert_int_equal(a->fetches[i], b->fetches[i]);
			assert_int_equal(a->flags[i], b->flags[i]);
		}
		records += a->count;
	}
	assert_true(records > 1000);
	for (size_t i = 0; i < 2; i++) {
		assert_null(pw_trace_damage(trace[i]));
		pw_trace_close(trace[i]);
	}
}

static void stored_touches_are_those_of_the_accesses(void **state)
{
	(void)state;
	assert_same_touches(FIXTURES "dense_good.pwt",
			    FIXTURES "touches_good.pwt");
	assert_same_touches(FIXTURES "dense_good.pwt",
			    FIXTURES "only_touches.pwt");
}

/* As fixtures/pwt/README says: loads of 128 pages in an order of chance. */
static void numbered_literals_are_pages(void **state)
{
	const struct pw_trace_options how = {.needs = PW_NEED_TOUCHES};
	const struct pw_batch *batch;
	struct pw_trace *trace;
	struct pw_error err = {0};
	uint64_t next = 1, last = 0;

	(void)state;
	PW_TEST_OK(pw_trace_open(&trace, FIXTURES "numbered_touches.pwt", &how,
				 &err),
		   &err);
	PW_TEST_OK(pw_trace_next(trace, &batch, &err), &err);
	assert_non_null(batch);
	assert_int_equal(batch->access_count, 2000);
	for (size_t i = 0; i < batch->touches.count; i++) {
		uint64_t page = 0x900 + next / 65536 % 128 * 3;

		assert_true(i == 0 || page != last);
		assert_int_equal(batch->touches.page[i], page);
		for (last = page; page == last;
		     page = 0x900 + next / 65536 % 128 * 3)
			next = next * 1103515245 % 2147483648 + 12345;
	}
	assert_true(batch->touches.count > 1900);
	assert_null(pw_trace_damage(trace));
	pw_trace_close(trace);
}

static uint64_t count_accesses(const char *path, enum pw_trace_needs needs)
{
	const struct pw_trace_options how = {.needs = needs};
	struct pw_script script;
	struct pw_script_result result;

	pw_script_read(&script, path, &how, &result);
	assert_int_equal(result.opened, PW_OK);
	pw_script_free(&script);
	return result.totals.accesses;
}

/* A lost shape takes away a segment's accesses but not its touches. */
static void touches_are_read_where_accesses_are_lost(void **state)
{
	uint64_t all =
		count_accesses(FIXTURES "touches_good.pwt", PW_NEED_ACCESSES);

	(void)state;
	assert_int_equal(count_accesses(FIXTURES "touches_corrupt.pwt",
					PW_NEED_ACCESSES),
			 all - SEGMENT);
	assert_int_equal(
		count_accesses(FIXTURES "touches_corrupt.pwt", PW_NEED_TOUCHES),
		all);
}

static void a_trace_of_touches_is_no_trace_of_accesses(void **state)
{
	static const enum pw_trace_needs needs[] = {PW_NEED_ACCESSES,
						    PW_NEED_BOTH};
	struct pw_trace_options how = {.needs = PW_NEED_TOUCHES,
				       .epoch_accesses = 10000};
	struct pw_error err = {0};
	struct pw_trace *trace;

	(void)state;
	for (size_t i = 0; i < PW_COUNT(needs); i++) {
		const struct pw_trace_options more = {.needs = needs[i]};

		assert_int_equal(pw_trace_open(&trace,
					       FIXTURES "only_touches.pwt",
					       &more, &err),
				 PW_ERR_USAGE);
		assert_non_null(strstr(err.message, "holds touches only"));
	}
	assert_int_equal(
		pw_trace_open(&trace, FIXTURES "only_touches.pwt", &how, &err),
		PW_ERR_USAGE);
	assert_non_null(strstr(err.message, "no multiple of 16384"));
	how.epoch_accesses = 32768;
	PW_TEST_OK(
		pw_trace_open(&trace, FIXTURES "only_touches.pwt", &how, &err),
		&err);
	assert_int_equal(pw_trace_info(trace)->unknown,
			 PW_UNKNOWN_MAPPINGS | PW_UNKNOWN_BUT_TOUCHES);
	pw_trace_close(trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_good_fixture_holds_its_script),
		cmocka_unit_test(
			the_truncated_fixture_holds_its_whole_segments),
		cmocka_unit_test(the_corrupt_fixture_lacks_its_third_segment),
		cmocka_unit_test(stored_touches_are_those_of_the_accesses),
		cmocka_unit_test(numbered_literals_are_pages),
		cmocka_unit_test(touches_are_read_where_accesses_are_lost),
		cmocka_unit_test(a_trace_of_touches_is_no_trace_of_accesses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
