/*
 * engine_qemu.c - record through QEMU's user-mode emulation.
 *
 * A plugin of ours inside QEMU (capture/plugin/) puts what each thread does
 * into rings of shared memory; this side empties them into the trace. Exec,
 * fork and threads are followed from inside, without a tracer.
 */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/assert.h"
#include "capture/qemu_session.h"

static const char *available(void)
{
	struct pw_qemu_session *session = calloc(1, sizeof(*session));
	const char *why = session ? pw_qemu_find(session, "x86_64")
				  : "there is no memory";

	free(session);
	return why;
}

static const char *suits(const struct pw_capture_request *request)
{
	struct pw_qemu_session *session;
	const char *why;

	if (request->pid)
		return "a program that runs already cannot be put under the "
		       "emulator";
	session = calloc(1, sizeof(*session));
	why = session ? pw_qemu_find(session, request->machine)
		      : "there is no memory";
	free(session);
	return why;
}

static void free_session(struct pw_qemu_session *session)
{
	for (size_t i = 0; i < session->processes.count; i++) {
		struct pw_qemu_process *process = &PW_ARRAY_AT(
			&session->processes, struct pw_qemu_process, i);

		pw_array_free(&process->block);
		if (process->pidfd >= 0)
			close(process->pidfd);
	}
	pw_qemu_region_free(&session->region);
	pw_qemu_blocks_free(&session->blocks);
	pw_array_free(&session->processes);
	pw_start_close(&session->start);
	pw_array_free(&session->handlers);
	pw_arena_close(session->arena);
	free(session);
}

static enum pw_status open_session(void **out,
				   const struct pw_capture_request *request,
				   struct pw_error *err)
{
	struct pw_qemu_session *session = calloc(1, sizeof(*session));
	const char *why;
	enum pw_status st;

	PW_ASSERT(request->path && request->argv);
	*out = NULL;
	if (!session)
		return pw_fail_memory(err, "the recording");
	session->request = *request;
	session->region.fd = session->region.guard_pipe = -1;
	session->target = -1;
	session->processes = (struct pw_array)PW_ARRAY(struct pw_qemu_process);
	pw_start_open(&session->start, pw_qemu_start_sink(session));
	session->handlers = (struct pw_array)PW_ARRAY(uint64_t);
	pw_scope_init(&session->scope, &request->scope);
	st = pw_arena_open(&session->arena, 0, err);
	if (st == PW_OK)
		st = pw_qemu_blocks_make(&session->blocks, pw_qemu_put_shape,
					 session, err);
	why = pw_qemu_find(session, request->machine);
	if (st == PW_OK && why)
		st = pw_fail(err, PW_ERR_TARGET,
			     "the engine qemu cannot record %s: %s",
			     request->path, why);
	if (st == PW_OK)
		st = pw_qemu_region_make(&session->region,
					 request->follow != PW_FOLLOW_NONE,
					 err);
	if (st == PW_OK)
		st = pw_qemu_launch(session, err);
	if (st != PW_OK) {
		free_session(session);
		return st;
	}
	pw_host_change_signals(&session->host, true);
	*out = session;
	return PW_OK;
}

static enum pw_status record(void *state, struct pw_writer *writer,
			     struct pw_capture_result *result,
			     struct pw_error *err)
{
	struct pw_qemu_session *session = state;
	const struct pw_recorded *done;
	enum pw_status st;

	*result = (struct pw_capture_result){.end = PW_CAPTURE_EXIT};
	session->result = result;
	session->started_ns = pw_qemu_now_ns();
	session->writer = writer;
	pw_limits_init(&session->limits, &session->request, &session->watcher);
	session->limits.instructions = UINT64_MAX; /* pw_qemu_rescope looks */
	st = pw_recorder_open(&session->recorder, writer, err);
	if (st == PW_OK)
		st = pw_watcher_start(&session->watcher,
				      session->request.max_seconds, false, err);
	if (st == PW_OK)
		st = pw_qemu_merge(session, err);
	pw_watcher_stop(&session->watcher);
	pw_qemu_region_off(&session->region);
	if (result->end == PW_CAPTURE_TERMINATED && !session->target_ended)
		kill(session->target, SIGTERM);
	if (st == PW_OK)
		st = pw_recorder_flush(session->recorder, err);
	if (st == PW_OK && session->processes.count == 0)
		st = pw_fail(err, PW_ERR_TARGET,
			     "%s: the emulator ended before the program began",
			     session->request.path);
	if (session->recorder) {
		struct pw_totals totals;

		pw_writer_totals(writer, &totals);
		done = pw_recorder_recorded(session->recorder);
		result->instructions = session->recorded;
		result->accesses = totals.accesses;
		result->events = done->events;
	}
	result->steps = session->executed;
	result->seconds =
		1e-9 * (double)(pw_qemu_now_ns() - session->started_ns);
	pw_recorder_close(session->recorder);
	session->recorder = NULL;
	return st;
}

static void close_session(void *state, struct pw_capture_result *result)
{
	struct pw_qemu_session *session = state;
	pid_t got;

	if (!session)
		return;
	if (pw_watcher_release(&session->watcher) && !session->target_ended)
		kill(session->target, SIGTERM);
	pw_qemu_region_off(&session->region);
	while (!session->target_ended) {
		got = waitpid(session->target, &session->status, 0);
		if (got < 0 && errno == EINTR)
			continue;
		session->target_ended = true;
	}
	result->exit_status = WIFSIGNALED(session->status)
				      ? 128 + WTERMSIG(session->status)
				      : WEXITSTATUS(session->status);
	pw_host_restore(&session->host);
	free_session(session);
}

const struct pw_engine_ops pw_engine_qemu = {
	.name = "qemu",
	.summary = "emulation by QEMU: fast, whole runs with all processes, in "
		   "a memory layout of its own",
	.source = "QEMU user-mode emulation and its plugin interface, version "
		  "1",
	.available = available,
	.suits = suits,
	.layout = "qemu-user",
	.open = open_session,
	.record = record,
	.close = close_session,
};
