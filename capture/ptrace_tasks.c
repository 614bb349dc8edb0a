/*
 * ptrace_tasks.c - processes, tasks and address spaces of a recording.
 */
#include "capture/ptrace_session.h"

#include <linux/sched.h>

#include "base/assert.h"

#define TASK(session, i) PW_ARRAY_AT(&(session)->tasks, struct pw_task *, i)

bool pw_call_restarts(uint64_t result)
{
	int64_t error = -(int64_t)result;

	return error == 512 || error == 513 || error == 514 || error == 516;
}

struct pw_task *pw_session_find(const struct pw_session *session, pid_t tid)
{
	if (session->current < session->tasks.count &&
	    TASK(session, session->current)->tid == tid)
		return TASK(session, session->current);
	for (size_t i = 0; i < session->tasks.count; i++)
		if (TASK(session, i)->tid == tid)
			return TASK(session, i);
	return NULL;
}

static void leave_space(struct pw_task *task)
{
	struct pw_traced_space *space = task->space;

	task->space = NULL;
	if (!space || --space->users > 0)
		return;
	pw_address_space_free(&space->mappings);
	pw_insn_cache_close(space->cache);
	free(space);
}

enum pw_status pw_session_new_space(struct pw_task *task, struct pw_error *err)
{
	struct pw_traced_space *space = calloc(1, sizeof(*space));
	enum pw_status st;

	leave_space(task);
	if (!space)
		return pw_fail_memory(err, "an address space");
	space->users = 1;
	space->mappings.maps = (struct pw_maps)PW_MAPS;
	space->mappings.stale = true;
	task->space = space;
	st = pw_insn_cache_open(&space->cache, err);
	if (st != PW_OK)
		leave_space(task);
	return st;
}

static enum pw_status join_space(struct pw_task *task,
				 const struct pw_task *creator, uint64_t flags,
				 struct pw_error *err)
{
	enum pw_status st;

	PW_ASSERT(!task->space);
	if (creator && (flags & CLONE_VM)) {
		task->space = creator->space;
		task->space->users++;
		return PW_OK;
	}
	st = pw_session_new_space(task, err);
	PW_ASSERT(st != PW_OK || task->space);
	if (st == PW_OK && creator)
		task->space->program_break = creator->space->program_break;
	return st;
}

static enum pw_status join_process(struct pw_session *session,
				   struct pw_task *task,
				   const struct pw_task *creator,
				   uint64_t flags, struct pw_error *err)
{
	struct pw_traced_process *process;

	if (creator && (flags & CLONE_THREAD)) {
		task->process = creator->process;
		task->process->tasks++;
		return PW_OK;
	}
	process = calloc(1, sizeof(*process));
	if (!process)
		return pw_fail_memory(err, "a process");
	process->index = session->processes++;
	process->pid = task->tid;
	process->tasks = 1;
	if (creator)
		process->info_signals = creator->process->info_signals;
	task->process = process;
	return PW_OK;
}

static void drop_task(struct pw_task *task)
{
	if (task->process && --task->process->tasks == 0)
		free(task->process);
	leave_space(task);
	free(task);
}

enum pw_status pw_session_add(struct pw_session *session, pid_t tid,
			      const struct pw_task *creator, uint64_t flags,
			      struct pw_task **out, struct pw_error *err)
{
	struct pw_task *task = calloc(1, sizeof(*task));
	enum pw_status st;

	PW_ASSERT(tid > 0);
	*out = task;
	if (!task)
		return pw_fail_memory(err, "a thread");
	task->tid = tid;
	task->standing = true;
	if (creator) {
		task->pinned = creator->pinned;
		task->original = creator->original;
	}
	st = join_process(session, task, creator, flags, err);
	if (st == PW_OK)
		st = join_space(task, creator, flags, err);
	if (st == PW_OK)
		st = pw_array_push(&session->tasks, &task, err);
	if (st != PW_OK) {
		drop_task(task);
		*out = NULL;
	}
	return st;
}

enum pw_status pw_session_declare(struct pw_session *session,
				  struct pw_task *task,
				  const struct pw_task *creator,
				  struct pw_error *err)
{
	const struct pw_thread thread = {
		.process = task->process->index,
		.pid = (uint32_t)task->process->pid,
		.tid = (uint32_t)task->tid,
		.parent = creator ? creator->thread : 0,
	};
	enum pw_status st;

	PW_ASSERT(session->recorder && session->result);
	st = pw_recorder_thread(session->recorder, &thread, &task->thread, err);
	if (st != PW_OK)
		return st;
	session->result->threads++;
	session->result->processes = session->processes;
	return pw_task_cpu(session, task, err);
}

void pw_session_remove(struct pw_session *session, struct pw_task *task)
{
	size_t at = 0;

	while (TASK(session, at) != task)
		at++;
	PW_ASSERT(at < session->tasks.count);
	for (size_t i = at + 1; i < session->tasks.count; i++)
		TASK(session, i - 1) = TASK(session, i);
	session->tasks.count--;
	if (session->current == at)
		session->turn = 0;
	if (session->current >= at && session->current > 0)
		session->current--;
	if (session->stepping == task)
		session->stepping = NULL;
	drop_task(task);
}

void pw_session_finish(struct pw_session *session, enum pw_capture_end end)
{
	session->result->end = end;
	session->ended = true;
}
