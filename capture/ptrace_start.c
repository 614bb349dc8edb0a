/*
 * ptrace_start.c - start the program that is recorded.
 */
#include "capture/ptrace_session.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include "base/assert.h"

/* In the child: wait until the parent has seized us, then exec. */
static _Noreturn void become_target(int go, int failure,
				    const struct pw_capture_request *request)
{
	unsigned long persona = (unsigned long)personality(0xffffffff);
	/* execv wants unqualified texts and changes none. */
	union {
		const char *const *in;
		char *const *out;
	} argv = {request->argv};
	char byte;
	int error;

	if (!request->aslr)
		personality(persona | ADDR_NO_RANDOMIZE);
	if (read(go, &byte, 1) == 1)
		execv(request->path, argv.out);
	error = errno;
	if (write(failure, &error, sizeof(error)) < 0)
		_exit(127);
	_exit(127);
}

/* The first stop that matters is the one behind exec. */
static enum pw_status await_exec(struct pw_session *session, int failure,
				 struct pw_error *err)
{
	struct pw_stop stop = {.kind = PW_STOP_ASKED};
	enum pw_status st = PW_OK;
	int error = 0;

	while (st == PW_OK && stop.kind != PW_STOP_EXEC) {
		st = pw_tracee_wait(session->first_pid, &stop, err);
		if (st != PW_OK)
			break;
		if (stop.kind == PW_STOP_EXITED ||
		    stop.kind == PW_STOP_KILLED) {
			session->first_ended = true;
			if (read(failure, &error, sizeof(error)) !=
			    (ssize_t)sizeof(error))
				error = ESRCH;
			return pw_fail_errno(err, PW_ERR_TARGET, error,
					     "%s: cannot be executed",
					     session->request.path);
		}
		if (stop.kind != PW_STOP_EXEC && stop.kind != PW_STOP_ASKED)
			ptrace(PTRACE_CONT, session->first_pid, 0,
			       stop.kind == PW_STOP_SIGNAL ? stop.value : 0);
	}
	return st;
}

static enum pw_status seize(struct pw_session *session, int go, int failure,
			    struct pw_error *err)
{
	const char *path = session->request.path;
	struct pw_task *task;
	enum pw_status st;

	PW_ASSERT(session->first_pid > 0);
	if (!pw_tracee_seize(session->first_pid, true)) {
		pw_fail_errno(err, PW_ERR_TARGET, errno, "%s: cannot be traced",
			      path);
		return pw_hint(err, "another tracer, a container or "
				    "/proc/sys/kernel/yama/ptrace_scope may "
				    "forbid it");
	}
	if (write(go, "", 1) != 1)
		return pw_fail_errno(err, PW_ERR_SYSTEM, errno,
				     "%s: cannot be started", path);
	st = await_exec(session, failure, err);
	if (st == PW_OK)
		st = pw_session_add(session, session->first_pid, NULL, 0, &task,
				    err);
	if (st != PW_OK)
		return st;
	task->pinned = session->host.pinned;
	task->original = session->host.original;
	return PW_OK;
}

static void close_pair(const int *pair)
{
	for (int i = 0; i < 2; i++)
		if (pair[i] >= 0)
			close(pair[i]);
}

enum pw_status pw_session_start(struct pw_session *session,
				struct pw_error *err)
{
	int go[2] = {-1, -1}, failure[2] = {-1, -1};
	enum pw_status st;
	pid_t pid;

	PW_ASSERT(session->request.path && session->request.argv);
	if (pipe2(go, O_CLOEXEC) != 0 || pipe2(failure, O_CLOEXEC) != 0) {
		st = pw_fail_errno(err, PW_ERR_SYSTEM, errno, "a pipe");
		close_pair(go);
		return st;
	}
	pw_host_pin(&session->host);
	pid = fork();
	if (pid == 0)
		become_target(go[0], failure[1], &session->request);
	if (pid < 0) {
		st = pw_fail_errno(err, PW_ERR_SYSTEM, errno, "fork");
	} else {
		session->first_pid = pid;
		pw_host_change_signals(&session->host, true);
		close(failure[1]);
		failure[1] = -1;
		st = seize(session, go[1], failure[0], err);
	}
	close_pair(go);
	close_pair(failure);
	return st;
}
