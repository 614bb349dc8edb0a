/*
 * test_writer.c - what is written to the container is read back.
 */
#include "tests/support/pw_test.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/layout.h"
#include "tests/support/trace_script.h"

#define ITEMS 3000

static char folder[] = "/tmp/pw_test_writer_XXXXXX";
static char path[64], old[64], partial[64], link_name[64], link_old[64];

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/t.pwt", folder);
	snprintf(old, sizeof(old), "%s/t.pwt.old", folder);
	snprintf(link_name, sizeof(link_name), "%s/link.pwt", folder);
	snprintf(link_old, sizeof(link_old), "%s/link.pwt.old", folder);
	snprintf(partial, sizeof(partial), "%s/t.pwt.partial", folder);
	return 0;
}

static int remove_files(void **state)
{
	(void)state;
	unlink(path);
	unlink(old);
	unlink(partial);
	unlink(link_name);
	unlink(link_old);
	return 0;
}

static int remove_folder(void **state)
{
	remove_files(state);
	return rmdir(folder);
}

static void round_trip(uint64_t seed, uint32_t threads, uint64_t segment,
		       unsigned workers)
{
	struct pw_writer_options options = {.segment_accesses = segment};
	struct pw_trace_options reading = {.workers = workers};
	struct pw_script_result result;
	struct pw_script want, got;

	pw_script_make(&want, seed, threads, ITEMS, false);
	pw_script_write(&want, path, &options);
	pw_script_read(&got, path, &reading, &result);
	assert_int_equal(result.opened, PW_OK);
	if (result.damaged)
		fail_msg("%s", result.damage);
	assert_int_equal(got.threads, threads);
	assert_int_equal(got.count, want.count);
	pw_script_assert_prefix(&got, &want, want.count);
	remove_files(NULL);
	pw_script_free(&got);
	pw_script_free(&want);
}

static void accesses_and_events_of_all_threads_come_back_in_order(void **state)
{
	static const uint64_t segments[] = {1, 7, 100, 1000, 0};

	(void)state;
	for (size_t i = 0; i < PW_COUNT(segments); i++)
		for (uint32_t threads = 1; threads <= 5; threads += 2) {
			round_trip(i * 10 + threads, threads, segments[i], 1);
			round_trip(i * 10 + threads, threads, segments[i], 3);
		}
}

static void a_trace_without_anything_is_whole(void **state)
{
	struct pw_writer_options options = {0};
	struct pw_script empty = {0}, got;
	struct pw_script_result result;

	(void)state;
	pw_script_write(&empty, path, &options);
	pw_script_read(&got, path, NULL, &result);
	assert_int_equal(result.opened, PW_OK);
	assert_false(result.damaged);
	assert_int_equal(got.count, 0);
	/* META, INDEX and END. */
	assert_int_equal(result.totals.chunks, 3);
}

static void metadata_threads_and_modules_come_back(void **state)
{
	struct pw_writer_options options = {
		.metadata = "{\"command\": [\"ls\", \"-l\"], \"n\": 3}",
		.unknown = PW_UNKNOWN_SIZES | PW_UNKNOWN_FETCHES,
	};
	struct pw_thread first = {0, 10, 10, 0}, second = {1, 11, 12, 0};
	struct pw_module module = {
		.process = 1,
		.base = 0x400000,
		.load_bias = 0x1000,
		.span_bytes = 0x5000,
		.build_id_bytes = 20,
		.build_id = {1, 2, 3, [19] = 0xff},
		.path = "/usr/bin/name with \x1b and \xff",
	};
	const struct pw_trace_info *info;
	struct pw_error err = {0};
	struct pw_writer *writer;
	struct pw_trace *trace;

	(void)state;
	PW_TEST_OK(pw_writer_open(&writer, path, &options, &err), &err);
	PW_TEST_OK(pw_writer_thread(writer, &first, &err), &err);
	PW_TEST_OK(pw_writer_thread(writer, &second, &err), &err);
	PW_TEST_OK(pw_writer_module(writer, &module, &err), &err);
	PW_TEST_OK(pw_writer_module(writer, &module, &err), &err);
	PW_TEST_OK(pw_writer_close(writer, &err), &err);
	PW_TEST_OK(pw_trace_open(&trace, path, NULL, &err), &err);
	info = pw_trace_info(trace);
	assert_string_equal(info->format, "pwt");
	assert_string_equal(info->path, path);
	assert_string_equal(info->metadata, options.metadata);
	assert_int_equal(info->unknown, options.unknown);
	assert_int_equal(info->thread_count, 2);
	assert_memory_equal(&info->threads[0], &first, sizeof(first));
	assert_memory_equal(&info->threads[1], &second, sizeof(second));
	assert_int_equal(info->module_count, 2);
	assert_int_equal(info->modules[1].process, 1);
	assert_int_equal(info->modules[1].base, 0x400000);
	assert_int_equal(info->modules[1].load_bias, 0x1000);
	assert_int_equal(info->modules[1].span_bytes, 0x5000);
	assert_int_equal(info->modules[1].build_id_bytes, 20);
	assert_memory_equal(info->modules[1].build_id, module.build_id,
			    PW_BUILD_ID_MAX);
	assert_string_equal(info->modules[1].path, module.path);
	assert_null(pw_trace_damage(trace));
	pw_trace_close(trace);
}

static void metadata_that_is_no_object_is_refused(void **state)
{
	static const char *const bad[] = {"", "3", "[1]", "{", "{} x"};
	struct pw_error err = {0};
	struct pw_writer *writer;

	(void)state;
	for (size_t i = 0; i < PW_COUNT(bad); i++) {
		struct pw_writer_options options = {.metadata = bad[i]};

		assert_int_equal(pw_writer_open(&writer, path, &options, &err),
				 PW_ERR_OUTPUT);
		assert_null(writer);
		assert_int_equal(access(path, F_OK), -1);
	}
}

/*
 * One load, two stores, one read-modify-write, one fetch; two of them begin an
 * instruction. loads = 1 + 1, stores = 2 + 1.
 */
static void totals_are_counted_and_stored(void **state)
{
	const uint64_t address[] = {1, 2, 3, 4, 5}, pc[5] = {0};
	const uint32_t size[5] = {0};
	const uint8_t kind[] = {1 | PW_ACCESS_FIRST, 2, 2 | PW_ACCESS_KERNEL, 3,
				4 | PW_ACCESS_FIRST};
	struct pw_accesses accesses = {5, address, pc, size, kind};
	struct pw_event event = {.kind = PW_EVENT_exit};
	struct pw_writer_options options = {.segment_accesses = 2};
	struct pw_thread thread = {0};
	struct pw_error err = {0};
	struct pw_totals totals;
	struct pw_writer *writer;
	struct pw_trace *trace;
	struct stat found;

	(void)state;
	PW_TEST_OK(pw_writer_open(&writer, path, &options, &err), &err);
	PW_TEST_OK(pw_writer_thread(writer, &thread, &err), &err);
	PW_TEST_OK(pw_writer_accesses(writer, 0, &accesses, &err), &err);
	PW_TEST_OK(pw_writer_event(writer, 0, &event, &err), &err);
	pw_writer_totals(writer, &totals);
	assert_int_equal(totals.accesses, 5);
	assert_int_equal(totals.events, 1);
	PW_TEST_OK(pw_writer_close(writer, &err), &err);
	PW_TEST_OK(pw_trace_open(&trace, path, NULL, &err), &err);
	pw_trace_totals(trace, &totals);
	assert_int_equal(totals.accesses, 5);
	assert_int_equal(totals.loads, 2);
	assert_int_equal(totals.stores, 3);
	assert_int_equal(totals.modifies, 1);
	assert_int_equal(totals.fetches, 1);
	assert_int_equal(totals.instructions, 2);
	assert_int_equal(totals.events, 1);
	/* META, THREADS, 3 segments of 2 chunks, INDEX, END. */
	assert_int_equal(totals.chunks, 10);
	assert_int_equal(stat(path, &found), 0);
	assert_int_equal(totals.file_bytes, found.st_size);
	assert_int_equal(found.st_mode & 07777, 0600);
	pw_trace_close(trace);
}

static void an_older_recording_is_kept(void **state)
{
	struct pw_writer_options options = {0};
	struct pw_script empty = {0}, script, got;
	struct pw_script_result result;

	(void)state;
	pw_script_make(&script, 5, 1, 10, false);
	pw_script_write(&script, path, &options);
	pw_script_write(&empty, path, &options);
	pw_script_read(&got, old, NULL, &result);
	assert_int_equal(got.count, 10);
	pw_script_free(&got);
	pw_script_read(&got, path, NULL, &result);
	assert_int_equal(got.count, 0);
	pw_script_free(&script);
}

static size_t items_in(const char *name)
{
	struct pw_script_result result;
	struct pw_script got;
	size_t count;

	pw_script_read(&got, name, NULL, &result);
	assert_int_equal(result.opened, PW_OK);
	assert_false(result.damaged);
	count = got.count;
	pw_script_free(&got);
	return count;
}

static void assert_link(void)
{
	struct stat found;

	assert_int_equal(lstat(link_name, &found), 0);
	assert_true(S_ISLNK(found.st_mode));
	assert_int_equal(access(link_old, F_OK), -1);
}

/*
 * A link beside its target, relative: first it leads nowhere, then what it
 * leads to is kept, then replaced.
 */
static void a_symbolic_link_stays_and_is_followed(void **state)
{
	struct pw_writer_options options = {0}, replace = {.replace = true};
	struct pw_script empty = {0}, script;

	(void)state;
	assert_int_equal(symlink("t.pwt", link_name), 0);
	pw_script_make(&script, 5, 1, 10, false);
	pw_script_write(&script, link_name, &options);
	assert_link();
	assert_int_equal(items_in(path), 10);
	pw_script_write(&empty, link_name, &options);
	assert_link();
	assert_int_equal(items_in(path), 0);
	assert_int_equal(items_in(old), 10);
	pw_script_write(&script, link_name, &replace);
	assert_link();
	assert_int_equal(items_in(path), 10);
	assert_int_equal(access(partial, F_OK), -1);
	pw_script_free(&script);
}

static void links_in_a_circle_are_an_output_error(void **state)
{
	struct pw_writer_options options = {0};
	struct pw_error err = {0};
	struct pw_writer *writer;

	(void)state;
	assert_int_equal(symlink("link.pwt", path), 0);
	assert_int_equal(symlink(path, link_name), 0);
	assert_int_equal(pw_writer_open(&writer, path, &options, &err),
			 PW_ERR_OUTPUT);
	assert_non_null(strstr(err.message, "cannot follow the link"));
	assert_int_equal(access(old, F_OK), -1);
}

/* Without a free descriptor renaming works and opening does not. */
static void an_older_recording_is_back_when_no_new_one_can_be_made(void **state)
{
	struct pw_writer_options options = {0};
	struct rlimit before, limit;
	struct pw_script script;
	struct pw_error err = {0};
	struct pw_writer *writer;
	enum pw_status st;

	(void)state;
	pw_script_make(&script, 5, 1, 10, false);
	pw_script_write(&script, path, &options);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit = before;
	limit.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	st = pw_writer_open(&writer, path, &options, &err);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(st, PW_ERR_OUTPUT);
	assert_non_null(strstr(err.message, "cannot create"));
	assert_int_equal(access(old, F_OK), -1);
	assert_int_equal(items_in(path), 10);
	pw_script_free(&script);
}

static void replacing_keeps_the_old_file_until_the_end(void **state)
{
	struct pw_writer_options options = {.replace = true};
	struct pw_script empty = {0}, script, got;
	struct pw_script_result result;
	struct pw_error err = {0};
	struct pw_writer *writer;

	(void)state;
	pw_script_write(&empty, path, &options);
	pw_script_make(&script, 5, 1, 10, false);
	PW_TEST_OK(pw_writer_open(&writer, path, &options, &err), &err);
	PW_TEST_OK(pw_script_send(&script, writer, &err), &err);
	pw_script_read(&got, path, NULL, &result);
	assert_int_equal(got.count, 0);
	assert_false(result.damaged);
	PW_TEST_OK(pw_writer_close(writer, &err), &err);
	pw_script_read(&got, path, NULL, &result);
	assert_int_equal(got.count, 10);
	assert_int_equal(access(old, F_OK), -1);
	assert_int_equal(access(partial, F_OK), -1);
	pw_script_free(&got);
	pw_script_free(&script);
}

static void an_abandoned_recording_keeps_its_whole_segments(void **state)
{
	struct pw_writer_options options = {.segment_accesses = 10};
	struct pw_script want, got;
	struct pw_script_result result;
	struct pw_error err = {0};
	struct pw_writer *writer;
	size_t whole;

	(void)state;
	pw_script_make(&want, 6, 3, 108, false);
	PW_TEST_OK(pw_writer_open(&writer, path, &options, &err), &err);
	PW_TEST_OK(pw_script_send(&want, writer, &err), &err);
	pw_writer_abandon(writer);
	pw_script_read(&got, path, NULL, &result);
	assert_true(result.damaged);
	assert_non_null(strstr(result.damage, "the recording did not end"));
	assert_non_null(strstr(result.damage, path));
	whole = pw_script_segment_end(&want, result.totals.accesses / 10, 10);
	assert_int_equal(got.count, whole);
	assert_true(whole > 80);
	pw_script_assert_prefix(&got, &want, whole);
	pw_script_free(&got);
	pw_script_free(&want);
}

static void an_abandoned_replacement_leaves_the_old_file_alone(void **state)
{
	struct pw_writer_options options = {.replace = true};
	struct pw_script empty = {0};
	struct pw_error err = {0};
	struct pw_writer *writer;

	(void)state;
	pw_script_write(&empty, path, &options);
	PW_TEST_OK(pw_writer_open(&writer, path, &options, &err), &err);
	assert_int_equal(access(partial, F_OK), 0);
	pw_writer_abandon(writer);
	assert_int_equal(access(partial, F_OK), -1);
	assert_int_equal(items_in(path), 0);
}

/*
 * The script is flushed, the event after it is not. A segment holds far more
 * than both, so without the flush nothing would be in the file.
 */
static void what_was_flushed_is_there_after_a_kill(void **state)
{
	struct pw_writer_options options = {.segment_accesses = 100000};
	struct pw_script want, got;
	struct pw_script_result result;
	struct pw_error err = {0};
	struct pw_writer *writer;
	struct pw_totals totals;
	struct stat first, second;

	(void)state;
	pw_script_make(&want, 8, 1, 100, false);
	PW_TEST_OK(pw_writer_open(&writer, path, &options, &err), &err);
	PW_TEST_OK(pw_script_send(&want, writer, &err), &err);
	PW_TEST_OK(pw_writer_flush(writer, &err), &err);
	assert_int_equal(stat(path, &first), 0);
	PW_TEST_OK(pw_writer_flush(writer, &err), &err);
	assert_int_equal(stat(path, &second), 0);
	assert_int_equal(first.st_size, second.st_size);
	pw_writer_totals(writer, &totals);
	/* META, THREADS, ACCESSES, TIMELINE. */
	assert_int_equal(totals.chunks, 4);
	PW_TEST_OK(pw_writer_event(
			   writer, 0,
			   &(struct pw_event){.kind = PW_EVENT_brk, .text = ""},
			   &err),
		   &err);
	pw_writer_abandon(writer);
	pw_script_read(&got, path, NULL, &result);
	assert_true(result.damaged);
	assert_int_equal(got.threads, 1);
	assert_int_equal(got.count, want.count);
	pw_script_assert_prefix(&got, &want, want.count);
	pw_script_free(&got);
	pw_script_free(&want);
}

/* One event and no access is a segment too, as is what follows a flush. */
static void flushing_part_by_part_changes_no_record(void **state)
{
	struct pw_writer_options options = {0};
	struct pw_thread thread = {0};
	struct pw_event event = {.kind = PW_EVENT_brk, .text = ""};
	struct pw_script got;
	struct pw_script_result result;
	struct pw_error err = {0};
	struct pw_writer *writer;

	(void)state;
	PW_TEST_OK(pw_writer_open(&writer, path, &options, &err), &err);
	PW_TEST_OK(pw_writer_flush(writer, &err), &err);
	PW_TEST_OK(pw_writer_thread(writer, &thread, &err), &err);
	for (uint64_t i = 0; i < 3; i++) {
		event.result = i;
		PW_TEST_OK(pw_writer_event(writer, 0, &event, &err), &err);
		PW_TEST_OK(pw_writer_flush(writer, &err), &err);
	}
	PW_TEST_OK(pw_writer_close(writer, &err), &err);
	pw_script_read(&got, path, NULL, &result);
	assert_false(result.damaged);
	assert_int_equal(got.count, 3);
	for (uint64_t i = 0; i < 3; i++)
		assert_int_equal(got.item[i].result, i);
	/* META, THREADS, three TIMELINEs, INDEX, END. */
	assert_int_equal(result.totals.chunks, 7);
	pw_script_free(&got);
}

static void a_full_disk_is_an_output_error(void **state)
{
	struct pw_writer_options options = {.segment_accesses = 10};
	struct pw_error err = {0};
	struct pw_writer *writer;

	(void)state;
	assert_int_equal(pw_writer_open(&writer, "/dev/full", &options, &err),
			 PW_ERR_OUTPUT);
	assert_null(writer);
	assert_string_equal(err.message, "/dev/full: cannot write at offset 0: "
					 "No space left on device");
}

/* A file size limit makes the kernel write short first and then fail. */
static void a_short_write_keeps_what_was_flushed(void **state)
{
	struct pw_writer_options options = {.segment_accesses = 50};
	struct pw_error err = {0}, again = {0};
	struct rlimit before, limit;
	struct pw_script want, got;
	struct pw_script_result result;
	struct pw_writer *writer;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = 20001;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	pw_script_make(&want, 7, 2, ITEMS, false);
	PW_TEST_OK(pw_writer_open(&writer, path, &options, &err), &err);
	assert_int_equal(pw_script_send(&want, writer, &err), PW_ERR_OUTPUT);
	assert_non_null(strstr(err.message, path));
	assert_non_null(strstr(err.message, "offset 20001: File too large"));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(pw_writer_close(writer, &again), PW_ERR_OUTPUT);
	assert_string_equal(again.message, err.message);
	pw_script_read(&got, path, NULL, &result);
	assert_true(result.damaged);
	assert_true(result.totals.accesses >= 50);
	assert_int_equal(result.totals.accesses % 50, 0);
	pw_script_assert_prefix(&got, &want, got.count);
	pw_script_free(&got);
	pw_script_free(&want);
}

static void a_name_that_cannot_be_made_is_an_output_error(void **state)
{
	struct pw_writer_options options = {0}, replace = {.replace = true};
	struct pw_error err = {0};
	struct pw_writer *writer;

	(void)state;
	assert_int_equal(
		pw_writer_open(&writer, "/nonexistent/x.pwt", &options, &err),
		PW_ERR_OUTPUT);
	assert_int_equal(
		pw_writer_open(&writer, "/nonexistent/x.pwt", &replace, &err),
		PW_ERR_OUTPUT);
	assert_int_equal(pw_writer_open(&writer, folder, &options, &err),
			 PW_ERR_OUTPUT);
	assert_non_null(strstr(err.message, "Is a directory"));
	assert_int_equal(access(folder, F_OK), 0);
}

static void a_text_that_is_too_long_is_refused(void **state)
{
	struct pw_writer_options options = {0};
	struct pw_thread thread = {0};
	struct pw_error err = {0};
	struct pw_writer *writer;
	size_t bytes = PW_EVENT_TEXT_MAX + 1;
	char *text = malloc(bytes + 1);
	struct pw_event event = {.kind = PW_EVENT_mark, .text = text};

	(void)state;
	memset(text, 'x', bytes);
	text[bytes] = '\0';
	PW_TEST_OK(pw_writer_open(&writer, path, &options, &err), &err);
	PW_TEST_OK(pw_writer_thread(writer, &thread, &err), &err);
	assert_int_equal(pw_writer_event(writer, 0, &event, &err),
			 PW_ERR_OUTPUT);
	pw_writer_abandon(writer);
	free(text);
}

/* 70,000 events pass the timeline's 65,536 records: two segments. */
static void many_events_end_a_segment(void **state)
{
	struct pw_script_item event = {.event = true, .kind = PW_EVENT_brk};
	struct pw_writer_options options = {0};
	struct pw_script script = {NULL, 70000, 70000, 1}, got;
	struct pw_script_result result;

	(void)state;
	script.item = calloc(script.count, sizeof(event));
	for (size_t i = 0; i < script.count; i++) {
		script.item[i] = event;
		script.item[i].result = i;
	}
	pw_script_write(&script, path, &options);
	pw_script_read(&got, path, NULL, &result);
	assert_false(result.damaged);
	/* META, THREADS, a TIMELINE in each segment, INDEX, END. */
	assert_int_equal(result.totals.chunks, 6);
	assert_int_equal(got.count, script.count);
	pw_script_assert_prefix(&got, &script, script.count);
	pw_script_free(&got);
	pw_script_free(&script);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, NULL, remove_files)
		TEST(accesses_and_events_of_all_threads_come_back_in_order),
		TEST(a_trace_without_anything_is_whole),
		TEST(metadata_threads_and_modules_come_back),
		TEST(metadata_that_is_no_object_is_refused),
		TEST(totals_are_counted_and_stored),
		TEST(an_older_recording_is_kept),
		TEST(a_symbolic_link_stays_and_is_followed),
		TEST(links_in_a_circle_are_an_output_error),
		TEST(an_older_recording_is_back_when_no_new_one_can_be_made),
		TEST(replacing_keeps_the_old_file_until_the_end),
		TEST(an_abandoned_recording_keeps_its_whole_segments),
		TEST(an_abandoned_replacement_leaves_the_old_file_alone),
		TEST(what_was_flushed_is_there_after_a_kill),
		TEST(flushing_part_by_part_changes_no_record),
		TEST(a_full_disk_is_an_output_error),
		TEST(a_short_write_keeps_what_was_flushed),
		TEST(a_name_that_cannot_be_made_is_an_output_error),
		TEST(a_text_that_is_too_long_is_refused),
		TEST(many_events_end_a_segment),
#undef TEST
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
