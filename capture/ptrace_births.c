/*
 * ptrace_births.c - tasks that begin, change their image, and end.
 */
#include "capture/ptrace_session.h"

#include <errno.h>
#include <linux/sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/assert.h"

#define CODE_SEGMENT_32 0x23
#define EARLY(session, i) PW_ARRAY_AT(&(session)->early, pid_t, i)
#define CLONE3_CHILD_TID 16 /* within struct clone_args */

enum pw_status pw_session_early(struct pw_session *session, pid_t tid,
				struct pw_error *err)
{
	for (size_t i = 0; i < session->early.count; i++)
		if (EARLY(session, i) == tid)
			return PW_OK;
	return pw_array_push(&session->early, &tid, err);
}

static bool forget_early(struct pw_session *session, pid_t tid)
{
	for (size_t i = 0; i < session->early.count; i++) {
		if (EARLY(session, i) != tid)
			continue;
		session->early.count--;
		EARLY(session, i) = EARLY(session, session->early.count);
		return true;
	}
	return false;
}

bool pw_session_collect(struct pw_session *session, pid_t tid)
{
	struct pw_error ignored;
	struct pw_stop stop;

	PW_ASSERT(tid > 0);
	if (forget_early(session, tid))
		return true;
	do
		if (pw_tracee_wait(tid, &stop, &ignored) != PW_OK)
			return false;
	while (stop.kind == PW_STOP_ASKED);
	return stop.kind != PW_STOP_NONE && stop.kind != PW_STOP_EXITED &&
	       stop.kind != PW_STOP_KILLED;
}

/* Where the kernel keeps the number of a child; only its end matters here. */
static uint64_t clear_tid_word(const struct pw_task *creator, uint64_t flags)
{
	uint64_t word = 0;

	if (!(flags & CLONE_CHILD_CLEARTID))
		return 0;
	if ((creator->call.number & UINT32_MAX) == SYS_clone)
		return creator->call.arg[3];
	pw_tracee_read(creator->tid, creator->call.arg[0] + CLONE3_CHILD_TID,
		       &word, sizeof(word));
	return word;
}

static enum pw_status record_child(struct pw_session *session, pid_t tid,
				   const struct pw_task *creator,
				   uint64_t flags, struct pw_error *err)
{
	struct pw_task *child;
	enum pw_status st =
		pw_session_add(session, tid, creator, flags, &child, err);

	if (st == PW_OK)
		st = pw_session_declare(session, child, creator, err);
	if (st != PW_OK)
		return st;
	child->clear_tid = clear_tid_word(creator, flags);
	child->before = creator->before;
	child->call = creator->call;
	pw_call_inherit(&child->scratch, &creator->scratch, flags);
	if (!pw_tracee_registers(tid, &child->now))
		return PW_OK; /* killed meanwhile: wait tells */
	return pw_task_leave_call(session, child, 0, err);
}

/* A vfork's child is done with the space soon; others go on in it. */
static enum pw_status lose_child(struct pw_session *session, pid_t tid,
				 struct pw_task *creator, uint64_t flags,
				 struct pw_error *err)
{
	enum pw_status st = pw_task_unrecorded(
		session, creator, creator->call.number, "process", err);

	session->result->processes_unrecorded++;
	pw_session_let_go(tid, creator, 0);
	if (!(flags & CLONE_VM) || st != PW_OK)
		return st;
	if (!(flags & CLONE_VFORK)) {
		creator->space->shared = true;
		creator->space->decoded_page = 0;
	}
	return pw_task_space_changed(creator, 0, UINT64_MAX, err);
}

enum pw_status pw_session_birth(struct pw_session *session,
				struct pw_task *task, struct pw_error *err)
{
	pid_t tid = pw_tracee_message(task->tid);
	uint64_t flags = pw_task_child_flags(session, task);
	enum pw_status st;
	bool stands;

	PW_ASSERT(task->pending.ready);
	if (tid <= 0)
		return PW_OK; /* killed meanwhile: wait tells */
	stands = pw_session_collect(session, tid);
	st = pw_task_record(session, task, err);
	if (st == PW_OK)
		st = pw_task_leave_call(session, task, (uint64_t)tid, err);
	task->pending.reported = true;
	if (st != PW_OK || !stands)
		return st;
	if ((flags & CLONE_THREAD) || session->request.follow != PW_FOLLOW_NONE)
		return record_child(session, tid, task, flags, err);
	return lose_child(session, tid, task, flags, err);
}

/* The other threads of a process that has a new image are no more. */
static void remove_others(struct pw_session *session,
			  const struct pw_task *survivor)
{
	size_t i = 0;

	while (i < session->tasks.count) {
		struct pw_task *task =
			PW_ARRAY_AT(&session->tasks, struct pw_task *, i);

		if (task->process == survivor->process && task != survivor)
			pw_session_remove(session, task);
		else
			i++;
	}
}

static enum pw_status leave_foreign(struct pw_session *session,
				    struct pw_task *task, struct pw_error *err)
{
	enum pw_status st =
		pw_task_unrecorded(session, task, 0, "32-bit program", err);
	bool first = task->tid == session->first_pid;

	session->foreign = true;
	session->result->processes_unrecorded++;
	pw_session_let_go(task->tid, task, task->inject);
	pw_session_remove(session, task);
	if (session->tasks.count == 0 ||
	    (first && session->request.follow != PW_FOLLOW_ALL))
		pw_session_finish(session, PW_CAPTURE_FOREIGN);
	return st;
}

/* Nothing of the old image holds. */
static enum pw_status renew(struct pw_task *task, struct pw_error *err)
{
	task->pending.ready = false;
	task->repeat_pc = 0;
	task->clear_tid = 0;
	task->robust_list = 0;
	task->process->info_signals = 0;
	return pw_session_new_space(task, err);
}

static enum pw_status record_image(struct pw_session *session,
				   struct pw_task *task, struct pw_error *err)
{
	char path[4096], link[64];
	ssize_t length;
	enum pw_status st;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)task->tid);
	length = readlink(link, path, sizeof(path) - 1);
	PW_ASSERT(length < (ssize_t)sizeof(path));
	path[length > 0 ? length : 0] = '\0';
	st = pw_task_event(session, task,
			   &(struct pw_event){
				   .kind = PW_EVENT_exec,
				   .text = path,
			   },
			   err);
	if (st != PW_OK)
		return st;
	return pw_task_image(session, task, true, err);
}

enum pw_status pw_session_exec(struct pw_session *session, struct pw_task *task,
			       struct pw_error *err)
{
	pid_t tid = task->tid;
	struct pw_task *caller =
		pw_session_find(session, pw_tracee_message(tid));
	enum pw_status st = PW_OK;

	if (caller)
		task = caller;
	remove_others(session, task);
	task->tid = tid;
	task->standing = true;
	if (task->pending.ready)
		st = pw_task_end_accesses(session, task, err);
	if (st == PW_OK)
		st = renew(task, err);
	if (st == PW_OK)
		st = record_image(session, task, err);
	if (st != PW_OK || !pw_tracee_registers(tid, &task->now))
		return st;
	if (task->now.cs == CODE_SEGMENT_32)
		return leave_foreign(session, task, err);
	return PW_OK;
}

enum pw_status pw_session_end(struct pw_session *session, struct pw_task *task,
			      const struct pw_stop *stop, struct pw_error *err)
{
	enum pw_status st = PW_OK;

	forget_early(session, stop->tid);
	if (task)
		st = pw_task_gap(session, task, err);
	if (task && st == PW_OK && stop->kind == PW_STOP_KILLED &&
	    !task->process->death_recorded) {
		task->process->death_recorded = true;
		st = pw_task_event(session, task,
				   &(struct pw_event){
					   .kind = PW_EVENT_killed,
					   .arg = {(uint64_t)stop->value},
				   },
				   err);
	}
	if (task)
		pw_session_remove(session, task);
	if (stop->tid == session->first_pid) {
		session->first_ended = true;
		session->first_status =
			(stop->kind == PW_STOP_KILLED ? 128 : 0) + stop->value;
	}
	if (session->tasks.count == 0 ||
	    (session->first_ended && session->request.follow != PW_FOLLOW_ALL))
		pw_session_finish(session, session->foreign ? PW_CAPTURE_FOREIGN
							    : PW_CAPTURE_EXIT);
	return st;
}
