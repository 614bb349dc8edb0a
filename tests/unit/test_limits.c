/*
 * test_limits.c - when a recording ends by itself.
 */
#include "tests/support/pw_test.h"

#include <sys/statvfs.h>

#include "capture/limits.h"

static struct pw_limits begin(const struct pw_capture_request *request,
			      struct pw_watcher *watcher)
{
	struct pw_limits limits;

	pw_limits_init(&limits, request, watcher);
	return limits;
}

static void without_bounds_nothing_ends(void **state)
{
	const struct pw_capture_request request = {.trace = "/tmp"};
	struct pw_watcher watcher = {0};
	struct pw_limits limits = begin(&request, &watcher);
	enum pw_capture_end end = PW_CAPTURE_EXIT;

	(void)state;
	assert_false(pw_limits_reached(&limits, UINT64_MAX - 1, UINT64_MAX - 1,
				       &end));
	assert_int_equal(end, PW_CAPTURE_EXIT);
}

static void a_bound_is_reached_not_passed(void **state)
{
	const struct pw_capture_request request = {.max_instructions = 10,
						   .max_bytes = 100};
	struct pw_watcher watcher = {0};
	struct pw_limits limits = begin(&request, &watcher);
	enum pw_capture_end end;

	(void)state;
	assert_false(pw_limits_reached(&limits, 9, 99, &end));
	assert_true(pw_limits_reached(&limits, 10, 99, &end));
	assert_int_equal(end, PW_CAPTURE_INSTRUCTIONS);
	assert_true(pw_limits_reached(&limits, 9, 100, &end));
	assert_int_equal(end, PW_CAPTURE_BYTES);
}

/* One byte more than there is cannot be free. */
static void a_disk_with_less_space_than_wanted_ends_it(void **state)
{
	struct pw_capture_request request = {.trace = "/tmp"};
	struct pw_watcher watcher = {0};
	struct pw_limits limits;
	enum pw_capture_end end;
	struct statvfs disk;

	(void)state;
	assert_int_equal(statvfs("/tmp", &disk), 0);
	request.min_free_bytes = (uint64_t)disk.f_blocks * disk.f_frsize + 1;
	limits = begin(&request, &watcher);
	assert_true(pw_limits_reached(&limits, 0, 0, &end));
	assert_int_equal(end, PW_CAPTURE_FREE);
	request.trace = "/nonexistent/trace";
	limits = begin(&request, &watcher);
	assert_false(pw_limits_reached(&limits, 0, 0, &end));
}

static void a_signal_ends_the_target_or_only_the_recording(void **state)
{
	struct pw_capture_request request = {0};
	struct pw_watcher watcher = {0};
	struct pw_limits limits = begin(&request, &watcher);
	enum pw_capture_end end;

	(void)state;
	atomic_store(&watcher.reason, (int)PW_WATCH_SIGNAL);
	assert_true(pw_limits_reached(&limits, 0, 0, &end));
	assert_int_equal(end, PW_CAPTURE_TERMINATED);
	request.pid = 1;
	limits = begin(&request, &watcher);
	assert_true(pw_limits_reached(&limits, 0, 0, &end));
	assert_int_equal(end, PW_CAPTURE_DETACHED);
	atomic_store(&watcher.reason, (int)PW_WATCH_TIME);
	assert_true(pw_limits_reached(&limits, 0, 0, &end));
	assert_int_equal(end, PW_CAPTURE_SECONDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_bounds_nothing_ends),
		cmocka_unit_test(a_bound_is_reached_not_passed),
		cmocka_unit_test(a_disk_with_less_space_than_wanted_ends_it),
		cmocka_unit_test(
			a_signal_ends_the_target_or_only_the_recording),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
