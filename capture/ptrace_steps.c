/*
 * ptrace_steps.c - the loop: choose a task, step it, see what stopped.
 *
 * One task at a time runs an instruction that is no system call, for a turn of
 * some instructions; then the next one that stands does. Calls go on beside
 * that as long as they take.
 */
#include "capture/ptrace_session.h"

#include <sched.h>

#include "base/assert.h"

#define TURN_INSTRUCTIONS 64
#define TASK(session, i) PW_ARRAY_AT(&(session)->tasks, struct pw_task *, i)

/* The instruction has been executed: keep its accesses. */
static enum pw_status commit(struct pw_session *session, struct pw_task *task,
			     struct pw_error *err)
{
	struct pw_pending *pending = &task->pending;
	uint64_t pc = task->before.rip;
	enum pw_status st;

	PW_ASSERT(pending->ready);
	if (pending->flags & PW_X86_UNKNOWN) {
		uint64_t length = task->now.rip - pc;

		session->result->instructions_unknown++;
		if (length > 0 && length <= PW_X86_LENGTH_MAX)
			pending->access[0].size_bytes = (uint32_t)length;
	}
	session->result->steps++;
	task->repeat_pc =
		pending->form == PW_X86_REPEAT && task->now.rip == pc ? pc : 0;
	st = pw_task_record(session, task, err);
	if (st == PW_OK && (pending->flags & PW_X86_PUSHES_FLAGS))
		pw_tracee_hide_step(task->tid, task->now.rsp);
	return st;
}

/* A call that the kernel will make again stays pending. */
static enum pw_status step_done(struct pw_session *session,
				struct pw_task *task, struct pw_error *err)
{
	uint8_t flags = task->pending.flags;
	enum pw_status st = commit(session, task, err);
	bool returns = !(flags & PW_X86_SYSCALL) ||
		       (pw_call_traits(&task->call) & PW_CALL_SIGRETURN) ||
		       !pw_call_restarts(task->now.rax);

	if (st != PW_OK)
		return st;
	if (!returns) {
		task->pending.recorded = false;
		return PW_OK;
	}
	if ((flags & (PW_X86_SYSCALL | PW_X86_SYSCALL_32)) &&
	    !task->pending.reported)
		st = pw_task_leave_call(session, task, task->now.rax, err);
	task->pending.ready = false;
	return st;
}

/* A handler or image has been entered. */
static enum pw_status entered(struct pw_session *session, struct pw_task *task,
			      int delivered, struct pw_error *err)
{
	enum pw_status st = PW_OK;

	pw_tracee_unblock_trap(task->tid);
	task->injected = delivered;
	if (delivered)
		st = pw_task_entered_handler(session, task, err);
	task->injected = 0;
	task->repeat_pc = 0;
	task->pending.ready = false;
	return st;
}

static enum pw_status on_trap(struct pw_session *session, struct pw_task *task,
			      struct pw_error *err)
{
	enum pw_status st;
	enum pw_trap trap;
	int delivered;

	if (!pw_tracee_registers(task->tid, &task->now))
		return PW_OK; /* killed meanwhile: wait tells */
	trap = pw_task_classify(task);
	delivered = task->injected;
	task->injected = 0;
	switch (trap) {
	case PW_TRAP_SENT:
		return pw_task_signal(session, task, SIGTRAP, err);
	case PW_TRAP_TARGETS_OWN:
		st = step_done(session, task, err);
		if (st == PW_OK)
			st = pw_task_signal(session, task, SIGTRAP, err);
		return st;
	case PW_TRAP_STEPPED:
		return step_done(session, task, err);
	case PW_TRAP_NOT_STARTED:
		return entered(session, task, delivered, err);
	}
	PW_ASSERT(false); /* no such trap */
	return PW_OK;
}

static enum pw_status on_stop_of(struct pw_session *session,
				 struct pw_task *task,
				 const struct pw_stop *stop,
				 struct pw_error *err)
{
	task->standing = true;
	task->group_stopped = false;
	if (session->stepping == task)
		session->stepping = NULL;
	switch (stop->kind) {
	case PW_STOP_TRAP:
		return on_trap(session, task, err);
	case PW_STOP_SIGNAL:
		return pw_task_signal(session, task, stop->value, err);
	case PW_STOP_EXEC:
		return pw_session_exec(session, task, err);
	case PW_STOP_BIRTH:
		return pw_session_birth(session, task, err);
	case PW_STOP_GROUP:
		task->standing = false;
		task->group_stopped = true;
		pw_tracee_listen(task->tid);
		return PW_OK;
	case PW_STOP_EXITED:
	case PW_STOP_KILLED:
		return pw_session_end(session, task, stop, err);
	case PW_STOP_RESUMED:
	case PW_STOP_ASKED:
	case PW_STOP_NONE:
		return PW_OK;
	}
	PW_ASSERT(false); /* no such kind of stop */
	return PW_OK;
}

static enum pw_status on_stop(struct pw_session *session,
			      const struct pw_stop *stop, struct pw_error *err)
{
	struct pw_task *task;

	if (stop->kind == PW_STOP_ASKED) {
		/* The wait was long: let others go on meanwhile. */
		session->stepping = NULL;
		return PW_OK;
	}
	if (stop->kind == PW_STOP_NONE) {
		pw_session_finish(session, PW_CAPTURE_EXIT);
		return PW_OK;
	}
	task = pw_session_find(session, stop->tid);
	if (task)
		return on_stop_of(session, task, stop, err);
	if (stop->kind == PW_STOP_EXITED || stop->kind == PW_STOP_KILLED)
		return pw_session_end(session, NULL, stop, err);
	return pw_session_early(session, stop->tid, err);
}

/* Others may have changed the code since it was decoded. */
static void begin_turn(struct pw_session *session, size_t index)
{
	struct pw_task *task = TASK(session, index);

	if (session->current != index &&
	    !(task->pending.flags & PW_X86_SYSCALL))
		task->pending.ready = false;
	session->current = index;
	session->turn = TURN_INSTRUCTIONS;
}

/* The task to go on with, or NULL while nothing can be done but wait. */
static struct pw_task *choose(struct pw_session *session)
{
	size_t count = session->tasks.count;

	if (session->stepping)
		return NULL;
	PW_ASSERT(session->current < count);
	if (session->turn > 0 && TASK(session, session->current)->standing) {
		session->turn--;
		return TASK(session, session->current);
	}
	for (size_t i = 1; i <= count; i++) {
		size_t index = (session->current + i) % count;

		if (TASK(session, index)->standing) {
			begin_turn(session, index);
			return TASK(session, index);
		}
	}
	return NULL;
}

/* Run an instruction, or a part of one, or enter a handler. */
static enum pw_status go_on(struct pw_session *session, struct pw_task *task,
			    struct pw_error *err)
{
	enum pw_status st = PW_OK;

	if (!task->pending.ready)
		st = pw_task_prepare(session, task, err);
	if (st != PW_OK)
		return st;
	if (task->inject)
		task->injected = task->inject;
	pw_tracee_step(task->tid, task->inject);
	task->inject = 0;
	task->standing = false;
	if (!(task->pending.flags & PW_X86_SYSCALL))
		session->stepping = task;
	else if (session->tasks.count > 1)
		sched_yield(); /* most calls are done then */
	return PW_OK;
}

static void check_limits(struct pw_session *session)
{
	const struct pw_recorded *done =
		pw_recorder_recorded(session->recorder);
	enum pw_capture_end end;

	if (pw_limits_reached(&session->limits, done->instructions,
			      done->file_bytes, &end))
		pw_session_finish(session, end);
}

/* Step all that may be stepped at once. */
static enum pw_status go_on_with_all(struct pw_session *session,
				     struct pw_error *err)
{
	struct pw_task *task = choose(session);
	enum pw_status st = PW_OK;

	if (task)
		st = go_on(session, task, err);
	return st;
}

enum pw_status pw_session_run(struct pw_session *session, struct pw_error *err)
{
	enum pw_status st = PW_OK;
	struct pw_stop stop;

	while (st == PW_OK) {
		check_limits(session);
		if (session->ended)
			break;
		st = go_on_with_all(session, err);
		if (st == PW_OK)
			st = pw_tracee_wait(-1, &stop, err);
		pw_watcher_progress(&session->watcher);
		if (st == PW_OK)
			st = on_stop(session, &stop, err);
	}
	return st;
}
