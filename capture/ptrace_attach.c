/*
 * ptrace_attach.c - attach to all threads of a running process.
 */
#include "capture/ptrace_session.h"

#include <dirent.h>
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"

#define CODE_SEGMENT_32 0x23
#define CALL_BYTES 2 /* the instruction syscall */
#define LINE_BYTES 256

/* The number behind @key in /proc/PID/status; -1 when there is none. */
static long status_number(pid_t pid, const char *key)
{
	char path[64], line[LINE_BYTES];
	size_t length = strlen(key);
	long number = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return -1;
	while (number < 0 && fgets(line, sizeof(line), file))
		if (strncmp(line, key, length) == 0)
			number = strtol(line + length, NULL, 10);
	fclose(file);
	return number;
}

static enum pw_status check(pid_t pid, struct pw_error *err)
{
	long group = status_number(pid, "Tgid:");
	long tracer = status_number(pid, "TracerPid:");

	PW_ASSERT(pid > 0);
	if (group < 0) {
		pw_fail(err, PW_ERR_TARGET, "process %d: there is none",
			(int)pid);
		return pw_hint(err, "ps lists the processes that run");
	}
	if (group == getpid())
		return pw_fail(err, PW_ERR_TARGET,
			       "process %d: the recorder cannot record itself",
			       (int)pid);
	if (group != pid) {
		pw_fail(err, PW_ERR_TARGET,
			"process %d: a thread of process "
			"%ld",
			(int)pid, group);
		return pw_hint(err,
			       "attach to process %ld: all its threads "
			       "are recorded",
			       group);
	}
	if (tracer > 0) {
		pw_fail(err, PW_ERR_TARGET,
			"process %d: already traced by process %ld", (int)pid,
			tracer);
		return pw_hint(err, "end that debugger or recorder first");
	}
	return PW_OK;
}

/* A call that was interrupted is made again: stand in front of it. */
static void stand_before_call(struct user_regs_struct *regs)
{
	if ((int64_t)regs->orig_rax < 0 || !pw_call_restarts(regs->rax))
		return;
	regs->rip -= CALL_BYTES;
	regs->rax = regs->orig_rax;
}

static void pin(const struct pw_session *session, struct pw_task *task)
{
	cpu_set_t one;

	if (session->host.cpu < 0 ||
	    sched_getaffinity(task->tid, sizeof(task->original),
			      &task->original) != 0)
		return;
	CPU_ZERO(&one);
	CPU_SET((size_t)session->host.cpu, &one);
	task->pinned = sched_setaffinity(task->tid, sizeof(one), &one) == 0;
}

/* Wait for the first stop after pw_tracee_interrupt. */
static bool await_stop(struct pw_task *task, struct pw_stop *stop)
{
	struct pw_error ignored;

	PW_ASSERT(task->tid > 0);
	do
		if (pw_tracee_wait(task->tid, stop, &ignored) != PW_OK)
			return false;
	while (stop->kind == PW_STOP_ASKED);
	if (stop->kind == PW_STOP_SIGNAL)
		task->inject = stop->value;
	return stop->kind != PW_STOP_EXITED && stop->kind != PW_STOP_KILLED &&
	       stop->kind != PW_STOP_NONE;
}

/* Take in a task that has been seized; it stands afterwards. */
static enum pw_status add(struct pw_session *session, pid_t tid,
			  struct pw_task **out, struct pw_stop *stop,
			  struct pw_error *err)
{
	const struct pw_task *first =
		session->tasks.count
			? PW_ARRAY_AT(&session->tasks, struct pw_task *, 0)
			: NULL;
	struct pw_task *task;
	enum pw_status st = pw_session_add(session, tid, first,
					   CLONE_THREAD | CLONE_VM, &task, err);

	*out = NULL;
	*stop = (struct pw_stop){.kind = PW_STOP_NONE};
	if (st != PW_OK)
		return st;
	pin(session, task);
	pw_tracee_interrupt(tid);
	if (pw_tracee_is_dead(tid)) {
		task->standing = false; /* the first thread, others go on */
		return PW_OK;
	}
	if (!await_stop(task, stop) || !pw_tracee_registers(tid, &task->now)) {
		pw_session_remove(session, task);
		return PW_OK;
	}
	*out = task;
	stand_before_call(&task->now);
	if (task->now.cs == CODE_SEGMENT_32)
		return pw_fail(err, PW_ERR_TARGET,
			       "process %d: a 32-bit program, which cannot be "
			       "recorded",
			       (int)session->first_pid);
	return PW_OK;
}

/* It has just made a task, which is attached to by that: take it in, too. */
static enum pw_status add_with_child(struct pw_session *session, pid_t tid,
				     struct pw_error *err)
{
	enum pw_status st = PW_OK;

	while (st == PW_OK && tid > 0) {
		struct pw_task *task;
		struct pw_stop stop;

		st = add(session, tid, &task, &stop, err);
		tid = 0;
		if (st != PW_OK || !task)
			return st;
		if (stop.kind == PW_STOP_GROUP) {
			task->standing = false;
			task->group_stopped = true;
			pw_tracee_listen(task->tid);
		} else if (stop.kind == PW_STOP_BIRTH) {
			tid = pw_tracee_message(task->tid);
		}
		if (tid <= 0 ||
		    status_number(tid, "Tgid:") == session->first_pid)
			continue;
		if (pw_session_collect(session, tid))
			pw_session_let_go(tid, task, 0);
		tid = 0;
	}
	return st;
}

static enum pw_status refuse(pid_t pid, int error, struct pw_error *err)
{
	pw_fail_errno(err, PW_ERR_TARGET, error,
		      "process %d: cannot be attached to", (int)pid);
	return pw_hint(err, "it must be yours; "
			    "/proc/sys/kernel/yama/ptrace_scope and "
			    "containers may ask for more rights");
}

/* Attach to threads not attached to yet; *found says whether there were any. */
static enum pw_status seize_new(struct pw_session *session, bool *found,
				struct pw_error *err)
{
	pid_t pid = session->first_pid;
	enum pw_status st = PW_OK;
	struct dirent *entry;
	char path[64];
	DIR *folder;

	*found = false;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	folder = opendir(path);
	if (!folder)
		return refuse(pid, errno, err);
	while (st == PW_OK && (entry = readdir(folder)) != NULL) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (tid <= 0 || pw_session_find(session, tid))
			continue;
		if (!pw_tracee_seize(tid, false)) {
			if (errno != ESRCH)
				st = refuse(pid, errno, err);
			continue; /* it has ended meanwhile */
		}
		*found = true;
		st = add_with_child(session, tid, err);
	}
	closedir(folder);
	return st;
}

enum pw_status pw_session_attach(struct pw_session *session,
				 struct pw_error *err)
{
	enum pw_status st = check(session->request.pid, err);
	bool found = true;

	if (st != PW_OK)
		return st;
	session->first_pid = session->request.pid;
	pw_host_pin(&session->host);
	pw_host_change_signals(&session->host, false);
	while (st == PW_OK && found)
		st = seize_new(session, &found, err);
	if (st == PW_OK && session->tasks.count == 0)
		st = refuse(session->first_pid, ESRCH, err);
	return st;
}
