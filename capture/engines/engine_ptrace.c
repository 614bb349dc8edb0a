/*
 * engine_ptrace.c - record by single steps.
 *
 * At each stop the registers tell what the next instruction will touch; after
 * the step that is known to have happened and goes into the trace. Three
 * system calls a step: registers, step, wait. An instruction that faults is
 * recorded when it completes, not when it tries.
 *
 * A limit or SIGTERM detaches: the target runs on, untraced, to its end.
 *
 * What the target can notice: it has one processor, it is slow, and the kernel
 * gives SIGTRAP its default action once the target blocks SIGTRAP by itself;
 * the same happens under a debugger.
 */
#include <signal.h>
#include <time.h>

#include "base/assert.h"
#include "capture/ptrace_session.h"

#define SECOND_NS INT64_C(1000000000)

static const char *available(void)
{
	return NULL;
}

static const char *suits(const struct pw_capture_request *request)
{
	if (strcmp(request->machine, "x86_64") != 0)
		return "it steps x86-64 programs only";
	return NULL;
}

static int64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

/* A stopped process takes SIGTERM only once it is continued. */
static void pass_on_term(const struct pw_session *session, bool stopped)
{
	PW_ASSERT(session->first_pid > 0);
	if (session->first_ended || session->request.pid)
		return;
	kill(session->first_pid, SIGTERM);
	if (stopped)
		kill(session->first_pid, SIGCONT);
}

static bool is_stopped(const struct pw_session *session)
{
	const struct pw_task *task =
		pw_session_find(session, session->first_pid);

	return task && task->group_stopped;
}

static void close_session(void *state, struct pw_capture_result *result)
{
	struct pw_session *session = state;

	if (!session)
		return;
	if (pw_watcher_release(&session->watcher))
		pass_on_term(session, false);
	/* What was never recorded still stands. */
	if (session->tasks.count > 0 && !session->request.pid)
		kill(session->first_pid, SIGKILL);
	else
		pw_session_release(session);
	if (session->first_pid > 0 && !session->request.pid)
		pw_session_await_end(session);
	if (result)
		result->exit_status = session->first_status;
	while (session->tasks.count > 0)
		pw_session_remove(session, PW_ARRAY_AT(&session->tasks,
						       struct pw_task *, 0));
	pw_host_restore(&session->host);
	pw_array_free(&session->tasks);
	pw_array_free(&session->early);
	free(session);
}

static enum pw_status open_session(void **out,
				   const struct pw_capture_request *request,
				   struct pw_error *err)
{
	struct pw_session *session = calloc(1, sizeof(*session));
	enum pw_status st;

	PW_ASSERT(request->pid > 0 || (request->path && request->argv));
	*out = NULL;
	if (!session)
		return pw_fail_memory(err, "the recording");
	session->request = *request;
	session->tasks = (struct pw_array)PW_ARRAY(struct pw_task *);
	session->early = (struct pw_array)PW_ARRAY(pid_t);
	session->host.cpu = -1;
	pw_xsave_layout_host(&session->layout);
	st = request->pid ? pw_session_attach(session, err)
			  : pw_session_start(session, err);
	if (st != PW_OK) {
		if (session->first_pid > 0 && !request->pid)
			kill(session->first_pid, SIGKILL);
		close_session(session, NULL);
		return st;
	}
	*out = session;
	return PW_OK;
}

/* What there is when the recording begins. */
static enum pw_status record_start(struct pw_session *session,
				   struct pw_error *err)
{
	struct pw_task *first =
		PW_ARRAY_AT(&session->tasks, struct pw_task *, 0);
	enum pw_status st = PW_OK;

	for (size_t i = 0; i < session->tasks.count && st == PW_OK; i++)
		st = pw_session_declare(
			session,
			PW_ARRAY_AT(&session->tasks, struct pw_task *, i),
			i ? first : NULL, err);
	if (st != PW_OK || !pw_tracee_registers(first->tid, &first->before))
		return st;
	if (!session->request.pid)
		first->now = first->before;
	else /* nothing is known of handlers set before */
		first->process->info_signals = UINT64_MAX;
	return pw_task_image(session, first, !session->request.pid, err);
}

static double fill_result(struct pw_session *session)
{
	const struct pw_recorded *done =
		pw_recorder_recorded(session->recorder);
	struct pw_capture_result *result = session->result;

	PW_ASSERT(result != NULL);
	result->instructions = done->instructions;
	result->accesses = done->accesses;
	result->events = done->events;
	result->exit_status = session->first_status;
	return (double)(clock_ns() - session->started_ns) / (double)SECOND_NS;
}

static void begin(struct pw_session *session, struct pw_capture_result *result)
{
	const struct pw_scope_options *scope = &session->request.scope;

	*result = (struct pw_capture_result){.end = PW_CAPTURE_EXIT};
	session->result = result;
	session->started_ns = clock_ns();
	session->scoped =
		scope->from || scope->to || scope->window_instructions;
	pw_scope_init(&session->scope, scope);
	session->open = pw_scope_open(&session->scope);
	pw_limits_init(&session->limits, &session->request, &session->watcher);
}

static enum pw_status record(void *state, struct pw_writer *writer,
			     struct pw_capture_result *result,
			     struct pw_error *err)
{
	struct pw_session *session = state;
	enum pw_status st;
	bool stopped;

	PW_ASSERT(session->tasks.count > 0 && !session->recorder);
	begin(session, result);
	pw_session_open_images(session);
	st = pw_recorder_open(&session->recorder, writer, err);
	if (st == PW_OK)
		st = pw_watcher_start(&session->watcher,
				      session->request.max_seconds,
				      session->request.pid != 0, err);
	if (st == PW_OK)
		st = record_start(session, err);
	if (st == PW_OK)
		st = pw_session_run(session, err);
	pw_watcher_stop(&session->watcher);
	stopped = is_stopped(session);
	pw_session_release(session);
	if (result->end == PW_CAPTURE_TERMINATED)
		pass_on_term(session, stopped);
	if (st == PW_OK)
		st = pw_recorder_flush(session->recorder, err);
	if (session->recorder)
		result->seconds = fill_result(session);
	pw_recorder_close(session->recorder);
	session->recorder = NULL;
	pw_start_close(&session->start);
	return st;
}

const struct pw_engine_ops pw_engine_ptrace = {
	.name = "ptrace",
	.summary = "single steps: exact, native addresses, about 50,000 "
		   "instructions a second",
	.source = "ptrace(2); Linux arch/x86/kernel/step.c",
	.layout = "native",
	.available = available,
	.suits = suits,
	.open = open_session,
	.record = record,
	.close = close_session,
};
