/*
 * ptrace_release.c - let what is traced go on by itself.
 *
 * A task can be let go only while it stands at a stop, and only when the
 * SIGTRAP of its last step has been taken: it would be killed by that.
 */
#include "capture/ptrace_session.h"

#include <signal.h>

#include "base/assert.h"

#define TASK(session, i) PW_ARRAY_AT(&(session)->tasks, struct pw_task *, i)

void pw_session_let_go(pid_t tid, const struct pw_task *like, int signal)
{
	PW_ASSERT(tid > 0);
	if (like && like->pinned)
		sched_setaffinity(tid, sizeof(like->original), &like->original);
	pw_tracee_detach(tid, signal);
}

/* What a stop in between means for the signals that are still to come. */
static void note_stop(struct pw_session *session, struct pw_task *task,
		      const struct pw_stop *stop)
{
	enum pw_trap trap;
	pid_t child;

	if (stop->kind == PW_STOP_SIGNAL)
		task->inject = stop->value;
	if (stop->kind == PW_STOP_BIRTH) {
		child = pw_tracee_message(task->tid);
		if (child > 0 && pw_session_collect(session, child))
			pw_session_let_go(child, task, 0);
	}
	if (stop->kind != PW_STOP_TRAP ||
	    !pw_tracee_registers(task->tid, &task->now))
		return;
	trap = pw_task_classify(task);
	if (trap == PW_TRAP_SENT || trap == PW_TRAP_TARGETS_OWN)
		task->inject = SIGTRAP;
	task->pending.ready = false;
}

/* Wait until the task stands; false when it has ended. */
static bool await_stop(struct pw_session *session, struct pw_task *task)
{
	struct pw_error ignored;
	struct pw_stop stop;

	do
		if (pw_tracee_wait(task->tid, &stop, &ignored) != PW_OK)
			return false;
	while (stop.kind == PW_STOP_ASKED);
	if (stop.kind == PW_STOP_EXITED || stop.kind == PW_STOP_KILLED) {
		if (task->tid == session->first_pid) {
			session->first_ended = true;
			session->first_status =
				(stop.kind == PW_STOP_KILLED ? 128 : 0) +
				stop.value;
		}
		return false;
	}
	if (stop.kind == PW_STOP_NONE)
		return false;
	note_stop(session, task, &stop);
	return true;
}

static void release_standing(struct pw_session *session, struct pw_task *task)
{
	task->standing = false;
	while (pw_tracee_trap_queued(task->tid)) {
		pw_tracee_step(task->tid, task->inject);
		task->inject = 0;
		if (!await_stop(session, task))
			return;
	}
	pw_session_let_go(task->tid, task, task->inject);
}

/* Those that stand come first: others may wait for them in the kernel. */
static void release_all_standing(struct pw_session *session)
{
	size_t i = 0;

	while (i < session->tasks.count) {
		struct pw_task *task = TASK(session, i);

		if (task->standing) {
			release_standing(session, task);
			pw_session_remove(session, task);
		} else {
			i++;
		}
	}
}

void pw_session_release(struct pw_session *session)
{
	release_all_standing(session);
	for (size_t i = 0; i < session->tasks.count; i++)
		pw_tracee_interrupt(TASK(session, i)->tid);
	/* The youngest first: its creator may wait for it. */
	while (session->tasks.count > 0) {
		struct pw_task *task = TASK(session, session->tasks.count - 1);

		if (!pw_tracee_is_dead(task->tid) && await_stop(session, task))
			release_standing(session, task);
		pw_session_remove(session, task);
	}
	for (size_t i = 0; i < session->early.count; i++)
		pw_session_let_go(PW_ARRAY_AT(&session->early, pid_t, i), NULL,
				  0);
	session->early.count = 0;
}

void pw_session_await_end(struct pw_session *session)
{
	struct pw_error ignored;
	struct pw_stop stop = {0};

	while (!session->first_ended && stop.kind != PW_STOP_NONE) {
		if (pw_tracee_wait(session->first_pid, &stop, &ignored) !=
		    PW_OK)
			return;
		if (stop.kind != PW_STOP_EXITED && stop.kind != PW_STOP_KILLED)
			continue;
		session->first_ended = true;
		session->first_status =
			(stop.kind == PW_STOP_KILLED ? 128 : 0) + stop.value;
	}
}
