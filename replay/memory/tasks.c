/*
 * tasks.c - what a trace tells of threads and processes besides their memory.
 */
#include "replay/memory/tasks.h"

#include <string.h>

#include "base/assert.h"
#include "base/bits.h"

/* Linux include/uapi/asm-generic/mman-common.h. */
#define ADVICE_WILLNEED 3
#define ADVICE_COLD 20
#define ADVICE_PAGEOUT 21

struct task {
	char name[PW_TASK_NAME_BYTES];
	struct pw_policy policy;
	bool known; /* made by clone, or has run */
	bool gone;
	uint32_t older; /* the next of its process, plus 1; 0: none */
};

struct process {
	bool known;
	uint32_t leader; /* a thread */
	uint32_t newest; /* thread that is known, plus 1: a list, as older */
	uint32_t threads;
	uint64_t id[PW_TASK_IDS];
	unsigned ids_known;
};

void pw_tasks_init(struct pw_tasks *tasks)
{
	*tasks = (struct pw_tasks){
		.threads = PW_ARRAY(struct task),
		.processes = PW_ARRAY(struct process),
	};
}

void pw_tasks_free(struct pw_tasks *tasks)
{
	pw_array_free(&tasks->threads);
	pw_array_free(&tasks->processes);
	pw_pagemap_close(tasks->pids);
}

static struct task *task_at(const struct pw_tasks *tasks, size_t thread)
{
	return &PW_ARRAY_AT(&tasks->threads, struct task, thread);
}

static struct process *process_at(const struct pw_tasks *tasks, size_t process)
{
	return &PW_ARRAY_AT(&tasks->processes, struct process, process);
}

/* Who has this pid from now on. */
static enum pw_status note_pid(struct pw_tasks *tasks, uint32_t pid,
			       uint32_t process, struct pw_error *err)
{
	enum pw_status st = PW_OK;
	uint64_t *value;
	bool added;

	if (pid == 0)
		return PW_OK;
	if (!tasks->pids)
		st = pw_pagemap_open(&tasks->pids, 16, err);
	if (st == PW_OK)
		st = pw_pagemap_insert(tasks->pids, pid, &value, &added, err);
	if (st == PW_OK)
		*value = process;
	return st;
}

/* Take notice of @thread, which clone made or which runs. */
static enum pw_status meet(struct pw_tasks *tasks,
			   const struct pw_trace_info *info, uint32_t thread,
			   struct pw_error *err)
{
	uint32_t number = info->threads[thread].process;
	struct process *process;
	struct task *task;
	enum pw_status st = PW_OK;

	while (tasks->threads.count <= thread && st == PW_OK)
		st = pw_array_push(&tasks->threads, NULL, err);
	while (tasks->processes.count <= number && st == PW_OK)
		st = pw_array_push(&tasks->processes, NULL, err);
	if (st != PW_OK || task_at(tasks, thread)->known)
		return st;
	task = task_at(tasks, thread);
	process = process_at(tasks, number);
	task->known = true;
	task->older = process->newest;
	process->newest = thread + 1;
	process->threads++;
	if (process->known)
		return PW_OK;
	process->known = true;
	process->leader = thread;
	return note_pid(tasks, info->threads[thread].pid, number, err);
}

enum pw_status pw_tasks_run(struct pw_tasks *tasks,
			    const struct pw_trace_info *info, uint32_t thread,
			    struct pw_error *err)
{
	if (thread < tasks->threads.count && task_at(tasks, thread)->known)
		return PW_OK;
	return meet(tasks, info, thread, err);
}

/* As much of @text as a name can be. */
static void rename_to(struct task *task, const char *text)
{
	size_t length = strnlen(text, PW_TASK_NAME_BYTES - 1);

	memcpy(task->name, text, length);
	task->name[length] = '\0';
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static enum pw_status clone(struct pw_tasks *tasks,
			    const struct pw_trace_info *info, uint32_t thread,
			    uint32_t child, struct pw_error *err)
{
	enum pw_status st = meet(tasks, info, child, err);
	const struct process *parent;
	struct process *process;

	if (st != PW_OK)
		return st;
	parent = process_at(tasks, info->threads[thread].process);
	process = process_at(tasks, info->threads[child].process);
	rename_to(task_at(tasks, child), task_at(tasks, thread)->name);
	task_at(tasks, child)->policy = task_at(tasks, thread)->policy;
	if (process == parent)
		return PW_OK;
	memcpy(process->id, parent->id, sizeof(process->id));
	process->ids_known = parent->ids_known;
	return PW_OK;
}

/* All other threads of the process are gone. */
static void exec(struct pw_tasks *tasks, struct process *process,
		 uint32_t thread, const char *path)
{
	for (uint32_t i = process->newest; i > 0;
	     i = task_at(tasks, i - 1)->older)
		task_at(tasks, i - 1)->gone = i - 1 != thread;
	process->newest = thread + 1;
	task_at(tasks, thread)->older = 0;
	process->threads = 1;
	process->leader = thread;
	process->ids_known = 0;
	rename_to(task_at(tasks, thread), last_part(path));
}

static void note_id(struct process *process, uint64_t type, uint64_t value)
{
	const uint64_t first = 11; /* AT_UID; Linux include/uapi/linux/auxvec.h
				    */

	if (type < first || type - first >= PW_TASK_IDS)
		return;
	process->id[type - first] = value;
	process->ids_known |= 1U << (type - first);
}

enum pw_status pw_tasks_event(struct pw_tasks *tasks,
			      const struct pw_trace_info *info, uint32_t thread,
			      const struct pw_event *event,
			      const struct pw_lineage_change *change,
			      struct pw_error *err)
{
	const char *text = event->text ? event->text : "";
	struct process *process =
		process_at(tasks, info->threads[thread].process);
	struct task *task = task_at(tasks, thread);

	PW_ASSERT(task->known);
	if (pw_event_failed(event))
		return PW_OK;
	if (change->child != PW_NO_THREAD)
		return clone(tasks, info, thread, change->child, err);
	switch ((unsigned)event->kind) {
	case PW_EVENT_map:
		if (task->name[0] == '\0' && text[0] == '/')
			rename_to(task, last_part(text));
		break;
	case PW_EVENT_mark:
		rename_to(task, text);
		break;
	case PW_EVENT_exec:
		exec(tasks, process, thread, text);
		break;
	case PW_EVENT_exit:
		process->threads -= !task->gone;
		task->gone = true;
		break;
	case PW_EVENT_auxv:
		note_id(process, event->arg[0], event->arg[1]);
		break;
	case PW_EVENT_set_mempolicy:
		task->policy = pw_policy_of(event->arg[0], event->arg[1]);
		break;
	default:
		break;
	}
	return PW_OK;
}

struct pw_task_view pw_tasks_look(const struct pw_tasks *tasks,
				  uint32_t process)
{
	struct pw_task_view view = {.name = ""};
	const struct process *found;

	if (process >= tasks->processes.count ||
	    !process_at(tasks, process)->known)
		return view;
	found = process_at(tasks, process);
	view.name = task_at(tasks, found->leader)->name;
	view.policy = task_at(tasks, found->leader)->policy;
	view.threads = found->threads;
	view.ids_known = found->ids_known;
	memcpy(view.id, found->id, sizeof(view.id));
	return view;
}

/* The process that had @pid last; false: none. */
static bool find(const struct pw_tasks *tasks, uint64_t pid, uint32_t *process)
{
	const uint64_t *found =
		tasks->pids ? pw_pagemap_find(tasks->pids, pid) : NULL;

	if (found)
		*process = (uint32_t)*found;
	return found != NULL;
}

/* Advice that a process may give to others. */
static bool is_for_others(uint64_t advice)
{
	return advice == ADVICE_WILLNEED || advice == ADVICE_COLD ||
	       advice == ADVICE_PAGEOUT;
}

bool pw_tasks_redirect(const struct pw_tasks *tasks, uint32_t process,
		       struct pw_event *event, uint32_t *about)
{
	const struct pw_event call = *event;

	*about = process;
	switch ((unsigned)call.kind) {
	case PW_EVENT_setrlimit:
		return call.arg[3] == 0 || find(tasks, call.arg[3], about);
	case PW_EVENT_process_madvise:
		*event = (struct pw_event){
			.kind = PW_EVENT_madvise,
			.result = call.result,
			.arg = {call.arg[1], call.arg[2], call.arg[3]}};
		return find(tasks, call.arg[4], about) &&
		       (*about == process || is_for_others(call.arg[3]));
	default:
		return true;
	}
}
