/*
 * test_timeline.c - the records of a timeline, good and bad ones.
 */
#include "tests/support/pw_test.h"

#include "formats/layout.h"
#include "formats/timeline.h"

static struct pw_timeline_cursor cursor_of(const void *bytes, size_t count)
{
	struct pw_timeline_cursor cursor = {bytes,
					    (const uint8_t *)bytes + count};

	return cursor;
}

static struct pw_timeline_record take(struct pw_timeline_cursor *cursor)
{
	struct pw_timeline_record record;
	struct pw_error err = {0};

	PW_TEST_OK(pw_timeline_next(cursor, &record, &err), &err);
	return record;
}

static void runs_of_one_thread_merge_and_events_part_them(void **state)
{
	struct pw_timeline timeline = PW_TIMELINE;
	struct pw_event event = {
		.kind = PW_EVENT_mmap,
		.result = (uint64_t)-12,
		.arg = {0, 4096, [8] = 7},
		.text = "/lib/x.so",
	};
	struct pw_timeline_record record;
	struct pw_timeline_cursor cursor;
	struct pw_error err = {0};

	(void)state;
	PW_TEST_OK(pw_timeline_run(&timeline, 1, 10, &err), &err);
	PW_TEST_OK(pw_timeline_run(&timeline, 1, 5, &err), &err);
	PW_TEST_OK(pw_timeline_run(&timeline, 0, 1, &err), &err);
	PW_TEST_OK(pw_timeline_event(&timeline, 0, &event, &err), &err);
	PW_TEST_OK(pw_timeline_run(&timeline, 0, 2, &err), &err);
	PW_TEST_OK(pw_timeline_finish(&timeline, &err), &err);
	assert_int_equal(timeline.records, 4);
	cursor = cursor_of(timeline.bytes.data, timeline.bytes.count);

	record = take(&cursor);
	assert_int_equal(record.tag, PW_TIMELINE_RUN);
	assert_int_equal(record.thread, 1);
	assert_int_equal(record.accesses, 15);
	record = take(&cursor);
	assert_int_equal(record.thread, 0);
	assert_int_equal(record.accesses, 1);
	record = take(&cursor);
	assert_int_equal(record.tag, PW_TIMELINE_EVENT);
	assert_int_equal(record.kind, PW_EVENT_mmap);
	assert_int_equal(record.result, (uint64_t)-12);
	assert_memory_equal(record.arg, event.arg, sizeof(event.arg));
	assert_string_equal(record.text, "/lib/x.so");
	record = take(&cursor);
	assert_int_equal(record.accesses, 2);
	record = take(&cursor);
	assert_int_equal(record.tag, PW_TIMELINE_STOP);
	pw_timeline_free(&timeline);
}

/* RUN of thread 3, 200 accesses: tag 2, length 3, 3, 200 = 0xc8 0x01. */
static void the_bytes_are_those_of_the_format(void **state)
{
	static const uint8_t run[] = {2, 3, 3, 0xc8, 1};
	/* Thread 3, brk, result 0, one argument 5, text "": 3 6 0 1 5 0 0. */
	static const uint8_t brk[] = {4, 7, 3, 6, 0, 1, 5, 0, 0};
	struct pw_timeline timeline = PW_TIMELINE;
	struct pw_event event = {.kind = PW_EVENT_brk, .arg = {5}};
	struct pw_error err = {0};

	(void)state;
	PW_TEST_OK(pw_timeline_run(&timeline, 3, 200, &err), &err);
	PW_TEST_OK(pw_timeline_event(&timeline, 3, &event, &err), &err);
	assert_int_equal(timeline.bytes.count, sizeof(run) + sizeof(brk));
	assert_memory_equal(timeline.bytes.data, run, sizeof(run));
	assert_memory_equal((uint8_t *)timeline.bytes.data + sizeof(run), brk,
			    sizeof(brk));
	pw_timeline_free(&timeline);
}

static void packing_is_undone_by_unpacking_to_the_same_length_only(void **state)
{
	struct pw_timeline timeline = PW_TIMELINE;
	struct pw_array payload = PW_ARRAY(uint8_t), raw = PW_ARRAY(uint8_t);
	struct pw_error err = {0};
	size_t bytes;

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		PW_TEST_OK(pw_timeline_run(&timeline, i % 3, i + 1, &err),
			   &err);
	PW_TEST_OK(pw_timeline_finish(&timeline, &err), &err);
	bytes = timeline.bytes.count;
	PW_TEST_OK(pw_timeline_pack(&timeline, 3, &payload, &err), &err);
	PW_TEST_OK(pw_timeline_unpack(payload.data, payload.count, bytes, &raw,
				      &err),
		   &err);
	assert_int_equal(raw.count, bytes);
	assert_memory_equal(raw.data, timeline.bytes.data, bytes);
	assert_int_equal(pw_timeline_unpack(payload.data, payload.count,
					    bytes - 1, &raw, &err),
			 PW_ERR_FORMAT);
	assert_int_equal(pw_timeline_unpack(payload.data, payload.count,
					    bytes + 1, &raw, &err),
			 PW_ERR_FORMAT);
	assert_int_equal(pw_timeline_unpack(payload.data, payload.count,
					    PW_TIMELINE_RAW_MAX + 1, &raw,
					    &err),
			 PW_ERR_FORMAT);
	pw_timeline_free(&timeline);
	pw_array_free(&payload);
	pw_array_free(&raw);
}

/* The empty frame: magic, one segment, size 0, a last raw block of size 0. */
static void no_records_are_no_bytes_or_an_empty_frame(void **state)
{
	static const uint8_t frame[] = {0x28, 0xb5, 0x2f, 0xfd, 0x20,
					0x00, 0x01, 0x00, 0x00};
	struct pw_array raw = PW_ARRAY(uint8_t);
	struct pw_error err = {0};

	(void)state;
	PW_TEST_OK(pw_timeline_unpack(frame, 0, 0, &raw, &err), &err);
	assert_int_equal(raw.count, 0);
	PW_TEST_OK(pw_timeline_unpack(frame, sizeof(frame), 0, &raw, &err),
		   &err);
	assert_int_equal(raw.count, 0);
	assert_int_equal(pw_timeline_unpack(frame, 0, 1, &raw, &err),
			 PW_ERR_FORMAT);
	pw_array_free(&raw);
}

static void unknown_records_are_skipped_only_when_they_say_so(void **state)
{
	static const uint8_t skip[] = {7, 2, 0xff, 0xff, 2, 2, 0, 9};
	static const uint8_t refuse[] = {8, 2, 0xff, 0xff, 2, 2, 0, 9};
	struct pw_timeline_cursor cursor = cursor_of(skip, sizeof(skip));
	struct pw_timeline_record record;
	struct pw_error err = {0};

	(void)state;
	record = take(&cursor);
	assert_int_equal(record.tag, PW_TIMELINE_RUN);
	assert_int_equal(record.accesses, 9);
	cursor = cursor_of(refuse, sizeof(refuse));
	assert_int_equal(pw_timeline_next(&cursor, &record, &err),
			 PW_ERR_FORMAT);
	assert_non_null(strstr(err.message, "newer pagewalk"));
}

static void malformed_records_are_refused(void **state)
{
	static const struct {
		const char *what;
		size_t count;
		uint8_t bytes[16];
	} bad[] = {
		{"only a tag", 1, {2}},
		{"a length past the end", 3, {2, 9, 1}},
		{"a length that wraps",
		 12,
		 {2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}},
		{"a varint over 64 bits",
		 12,
		 {2, 10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		  2}},
		{"an empty run", 4, {2, 2, 0, 0}},
		{"a run with more behind", 5, {2, 3, 0, 1, 1}},
		{"a run without a count", 3, {2, 1, 0}},
		{"a thread past the limit", 6, {2, 4, 0x80, 0x80, 0x40, 1}},
		{"eleven arguments", 8, {4, 6, 0, 1, 0, 11, 0, 0}},
		{"arguments that are not there", 6, {4, 4, 0, 1, 0, 5}},
		{"a text without its end", 8, {4, 6, 0, 1, 0, 0, 1, 'x'}},
		{"a text with a 0 in it", 10, {4, 8, 0, 1, 0, 0, 2, 'x', 0, 0}},
		{"a text that ends otherwise",
		 9,
		 {4, 7, 0, 1, 0, 0, 1, 'x', 'y'}},
	};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(bad); i++) {
		struct pw_timeline_cursor cursor =
			cursor_of(bad[i].bytes, bad[i].count);
		struct pw_timeline_record record;
		struct pw_error err = {0};

		if (pw_timeline_next(&cursor, &record, &err) != PW_ERR_FORMAT)
			fail_msg("%s was accepted", bad[i].what);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_of_one_thread_merge_and_events_part_them),
		cmocka_unit_test(the_bytes_are_those_of_the_format),
		cmocka_unit_test(
			packing_is_undone_by_unpacking_to_the_same_length_only),
		cmocka_unit_test(no_records_are_no_bytes_or_an_empty_frame),
		cmocka_unit_test(
			unknown_records_are_skipped_only_when_they_say_so),
		cmocka_unit_test(malformed_records_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
