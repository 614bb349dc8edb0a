/*
 * test_engine_ptrace.c - whole recordings by single steps.
 *
 * The target is a shell that counts; integration/test_target.sh looks at more
 * of what targets do.
 */
#include "tests/support/pw_test.h"

#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/engine.h"
#include "formats/trace.h"

#define SEGMENT_ACCESSES 5000
#define EXIT_STATUS 23
#define SCRIPT "i=0; while [ $i -lt 20 ]; do i=$((i+1)); done; exit 23"

struct recording {
	const struct pw_engine_ops *engine;
	struct pw_capture_request request;
	struct pw_capture_result result;
	struct pw_writer_options options;
	const char *argv[5];
	char path[64];
	void *session;
	struct pw_writer *writer;
	struct pw_error err;
};

static int set_up(void **state)
{
	struct recording *r = calloc(1, sizeof(*r));
	int fd;

	assert_non_null(r);
	snprintf(r->path, sizeof(r->path), "/tmp/pw_test_engine.XXXXXX");
	fd = mkstemp(r->path);
	assert_true(fd >= 0);
	close(fd);
	r->engine = pw_engine_find("ptrace");
	assert_non_null(r->engine);
	r->argv[0] = "/bin/sh";
	r->argv[1] = "-c";
	r->argv[2] = SCRIPT;
	r->request.path = r->argv[0];
	r->request.argv = r->argv;
	*state = r;
	return 0;
}

static int tear_down(void **state)
{
	struct recording *r = *state;
	char old[80];

	snprintf(old, sizeof(old), "%s.old", r->path);
	unlink(r->path);
	unlink(old);
	free(r);
	return 0;
}

static void start(struct recording *r)
{
	PW_TEST_OK(r->engine->open(&r->session, &r->request, &r->err), &r->err);
	PW_TEST_OK(pw_writer_open(&r->writer, r->path, &r->options, &r->err),
		   &r->err);
}

static void finish(struct recording *r)
{
	PW_TEST_OK(pw_writer_close(r->writer, &r->err), &r->err);
	r->engine->close(r->session, &r->result);
}

/* What the file holds, whether whole or not. */
static struct pw_totals read_back(const struct recording *r, bool *damaged)
{
	const struct pw_trace_options options = {0};
	struct pw_error err = {0};
	const struct pw_batch *batch;
	struct pw_totals totals;
	struct pw_trace *trace;

	PW_TEST_OK(pw_trace_open(&trace, r->path, &options, &err), &err);
	do
		PW_TEST_OK(pw_trace_next(trace, &batch, &err), &err);
	while (batch);
	pw_trace_totals(trace, &totals);
	*damaged = pw_trace_damage(trace) != NULL;
	pw_trace_close(trace);
	return totals;
}

static void a_whole_run_is_in_the_trace_as_counted(void **state)
{
	struct recording *r = *state;
	struct pw_totals totals;
	bool damaged;

	start(r);
	PW_TEST_OK(
		r->engine->record(r->session, r->writer, &r->result, &r->err),
		&r->err);
	finish(r);
	assert_int_equal(r->result.end, PW_CAPTURE_EXIT);
	assert_int_equal(r->result.exit_status, EXIT_STATUS);
	totals = read_back(r, &damaged);
	assert_false(damaged);
	assert_int_equal(totals.accesses, r->result.accesses);
	assert_int_equal(totals.instructions, r->result.instructions);
	assert_int_equal(totals.fetches, r->result.instructions);
	assert_int_equal(totals.events, r->result.events);
	/* A shell takes hundreds of instructions a turn. */
	assert_true(totals.instructions > 20 * 100);
}

static void a_limit_lets_the_target_run_to_its_end(void **state)
{
	struct recording *r = *state;

	r->request.max_instructions = 1234;
	start(r);
	PW_TEST_OK(
		r->engine->record(r->session, r->writer, &r->result, &r->err),
		&r->err);
	finish(r);
	assert_int_equal(r->result.end, PW_CAPTURE_INSTRUCTIONS);
	assert_int_equal(r->result.instructions, 1234);
	assert_int_equal(r->result.exit_status, EXIT_STATUS);
}

/* Segments of 5000 accesses; the limit holds a few of them. */
static void a_full_disk_ends_the_recording_not_the_target(void **state)
{
	struct recording *r = *state;
	struct rlimit before, small;
	struct pw_totals totals;
	bool damaged;
	enum pw_status st;

	r->options.segment_accesses = SEGMENT_ACCESSES;
	start(r);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 32 << 10;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	st = r->engine->record(r->session, r->writer, &r->result, &r->err);
	pw_writer_abandon(r->writer);
	r->engine->close(r->session, &r->result);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(st, PW_ERR_OUTPUT);
	assert_non_null(strstr(r->err.message, r->path));
	assert_int_equal(r->result.exit_status, EXIT_STATUS);
	totals = read_back(r, &damaged);
	assert_true(damaged);
	/* Segments also end by time, so it need not be a multiple. */
	assert_true(totals.accesses >= SEGMENT_ACCESSES);
	assert_true(totals.accesses <= r->result.accesses);
}

static void a_target_that_was_never_recorded_is_killed(void **state)
{
	struct recording *r = *state;

	PW_TEST_OK(r->engine->open(&r->session, &r->request, &r->err), &r->err);
	r->engine->close(r->session, &r->result);
	assert_int_equal(r->result.exit_status, 128 + SIGKILL);
}

static void a_program_that_cannot_be_executed_is_said_so(void **state)
{
	struct recording *r = *state;

	r->request.path = "/nonexistent/program";
	assert_int_equal(r->engine->open(&r->session, &r->request, &r->err),
			 PW_ERR_TARGET);
	assert_null(r->session);
	assert_non_null(strstr(r->err.message, "/nonexistent/program"));
}

/* taskset chooses a processor by itself; that concerns the target alone. */
static void the_recorder_goes_back_to_its_processors(void **state)
{
	struct recording *r = *state;
	cpu_set_t before, after;

	r->argv[0] = "/usr/bin/taskset";
	r->argv[1] = "-c";
	r->argv[2] = "0";
	r->argv[3] = "true";
	r->request.path = r->argv[0];
	if (access(r->request.path, X_OK) != 0)
		skip();
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	start(r);
	PW_TEST_OK(
		r->engine->record(r->session, r->writer, &r->result, &r->err),
		&r->err);
	finish(r);
	assert_int_equal(r->result.exit_status, 0);
	assert_int_equal(sched_getaffinity(0, sizeof(after), &after), 0);
	assert_true(CPU_EQUAL(&before, &after));
}

static void engines_are_found_by_name(void **state)
{
	(void)state;
	assert_non_null(pw_engine_at(0));
	assert_ptr_equal(pw_engine_find(pw_engine_at(0)->name),
			 pw_engine_at(0));
	assert_null(pw_engine_find("nothing"));
	assert_null(pw_engine_at(1000));
}

#define TEST(function) \
	cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_whole_run_is_in_the_trace_as_counted),
		TEST(a_limit_lets_the_target_run_to_its_end),
		TEST(a_full_disk_ends_the_recording_not_the_target),
		TEST(a_target_that_was_never_recorded_is_killed),
		TEST(a_program_that_cannot_be_executed_is_said_so),
		TEST(the_recorder_goes_back_to_its_processors),
		cmocka_unit_test(engines_are_found_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
