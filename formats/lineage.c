/*
 * lineage.c - which process uses which address space, as events tell it.
 *
 * Source: Linux kernel/fork.c copy_mm, fs/exec.c exec_mmap, kernel/exit.c.
 */
#include "formats/lineage.h"

#include "base/assert.h"

/* Linux include/uapi/linux/sched.h. */
#define CLONE_FLAG_VM 0x100
#define CLONE_FLAG_THREAD 0x10000

struct thread {
	bool begun; /* has run, or is the child of a clone event */
	bool gone;
	uint32_t older;	   /* the next in the list, plus 1; 0: none */
	uint32_t namesake; /* the next one with the same id, likewise */
};

/* Threads with the same id, in order, as far as they may not have begun. */
struct namesakes {
	uint32_t first; /* plus 1; 0: none */
	uint32_t last;
};

struct process {
	uint32_t space; /* plus 1; 0: none */
	uint32_t left;	/* threads that are not gone */
	uint64_t id;	/* of the space, or of the last one */
	uint32_t begun; /* threads that have, since exec: a list, as older */
	bool over;
};

void pw_lineage_init(struct pw_lineage *lineage)
{
	*lineage = (struct pw_lineage){
		.threads = PW_ARRAY(struct thread),
		.processes = PW_ARRAY(struct process),
		.lists = PW_ARRAY(struct namesakes),
		.users = PW_ARRAY(uint32_t),
		.unused = PW_ARRAY(uint32_t),
	};
}

void pw_lineage_free(struct pw_lineage *lineage)
{
	pw_array_free(&lineage->threads);
	pw_array_free(&lineage->processes);
	pw_pagemap_close(lineage->namesakes);
	pw_array_free(&lineage->lists);
	pw_array_free(&lineage->users);
	pw_array_free(&lineage->unused);
}

static struct thread *thread_at(const struct pw_lineage *lineage, size_t index)
{
	PW_ASSERT(index < lineage->threads.count);
	return &PW_ARRAY_AT(&lineage->threads, struct thread, index);
}

static struct process *process_at(const struct pw_lineage *lineage,
				  size_t index)
{
	PW_ASSERT(index < lineage->processes.count);
	return &PW_ARRAY_AT(&lineage->processes, struct process, index);
}

static uint32_t *users_of(const struct pw_lineage *lineage, uint32_t space)
{
	PW_ASSERT(space < lineage->users.count);
	return &PW_ARRAY_AT(&lineage->users, uint32_t, space);
}

/* Put @thread, which is new, on the list of those with its id. */
static enum pw_status add_namesake(struct pw_lineage *lineage,
				   const struct pw_trace_info *info,
				   uint32_t thread, struct pw_error *err)
{
	struct namesakes *list;
	uint64_t *number;
	bool added;
	enum pw_status st = PW_OK;

	if (!lineage->namesakes)
		st = pw_pagemap_open(&lineage->namesakes, 16, err);
	if (st == PW_OK)
		st = pw_pagemap_insert(lineage->namesakes,
				       info->threads[thread].tid, &number,
				       &added, err);
	if (st == PW_OK && added) {
		*number = lineage->lists.count;
		st = pw_array_push(&lineage->lists, NULL, err);
	}
	if (st != PW_OK)
		return st;
	list = &PW_ARRAY_AT(&lineage->lists, struct namesakes, *number);
	if (list->first == 0)
		list->first = thread + 1;
	else
		thread_at(lineage, list->last - 1)->namesake = thread + 1;
	list->last = thread + 1;
	return PW_OK;
}

/* Take notice of all threads that @info has by now. */
static enum pw_status meet(struct pw_lineage *lineage,
			   const struct pw_trace_info *info,
			   struct pw_error *err)
{
	enum pw_status st = PW_OK;

	while (lineage->threads.count < info->thread_count && st == PW_OK) {
		uint32_t process =
			info->threads[lineage->threads.count].process;

		while (lineage->processes.count <= process && st == PW_OK)
			st = pw_array_push(&lineage->processes, NULL, err);
		if (st == PW_OK)
			st = pw_array_push(&lineage->threads, NULL, err);
		if (st != PW_OK)
			break;
		process_at(lineage, process)->left++;
		st = add_namesake(lineage, info,
				  (uint32_t)lineage->threads.count - 1, err);
	}
	return st;
}

/* Put @thread, if it has not begun yet, on the list of its process. */
static void begin(struct pw_lineage *lineage, const struct pw_trace_info *info,
		  uint32_t thread)
{
	struct thread *item = thread_at(lineage, thread);
	struct process *process =
		process_at(lineage, info->threads[thread].process);

	if (item->begun)
		return;
	item->begun = true;
	item->older = process->begun;
	process->begun = thread + 1;
}

/* Give @process, which has none, an empty space. */
static enum pw_status give_space(struct pw_lineage *lineage,
				 struct process *process, struct pw_error *err)
{
	uint32_t space = (uint32_t)lineage->users.count;
	enum pw_status st = PW_OK;

	PW_ASSERT(process->space == 0);
	if (lineage->unused.count > 0)
		space = PW_ARRAY_AT(&lineage->unused, uint32_t,
				    --lineage->unused.count);
	else
		st = pw_array_push(&lineage->users, NULL, err);
	if (st != PW_OK)
		return st;
	PW_ASSERT(*users_of(lineage, space) == 0);
	*users_of(lineage, space) = 1;
	process->space = space + 1;
	process->id = lineage->next_id++;
	return PW_OK;
}

/* Take @process out of its space; *last says whether it was the last one. */
static enum pw_status leave_space(struct pw_lineage *lineage,
				  struct process *process, bool *last,
				  struct pw_error *err)
{
	uint32_t space = process->space - 1;
	uint32_t *users = users_of(lineage, space);

	PW_ASSERT(process->space > 0 && *users > 0);
	process->space = 0;
	*last = --*users == 0;
	return *last ? pw_array_push(&lineage->unused, &space, err) : PW_OK;
}

enum pw_status pw_lineage_run(struct pw_lineage *lineage,
			      const struct pw_trace_info *info, uint32_t thread,
			      uint32_t *space, struct pw_error *err)
{
	enum pw_status st = meet(lineage, info, err);
	struct process *process;

	*space = PW_NO_SPACE;
	if (st != PW_OK)
		return st;
	PW_ASSERT(thread < info->thread_count);
	process = process_at(lineage, info->threads[thread].process);
	begin(lineage, info, thread);
	if (process->over)
		return PW_OK;
	if (process->space == 0)
		st = give_space(lineage, process, err);
	if (st == PW_OK)
		*space = process->space - 1;
	return st;
}

/* The thread that a clone event of @thread made, or SIZE_MAX. */
static size_t find_child(struct pw_lineage *lineage,
			 const struct pw_trace_info *info, uint32_t thread,
			 const struct pw_event *event)
{
	uint32_t process = info->threads[thread].process;
	bool is_thread = event->arg[0] & CLONE_FLAG_THREAD;
	const uint64_t *number =
		pw_pagemap_find(lineage->namesakes, event->result);
	uint32_t *next, last = 0;
	struct namesakes *list;

	if (!number)
		return SIZE_MAX;
	list = &PW_ARRAY_AT(&lineage->lists, struct namesakes, *number);
	next = &list->first;
	for (int seen = 0; *next > 0 && seen < PW_NAMESAKES_MAX;) {
		struct thread *item = thread_at(lineage, *next - 1);

		if (item->begun) { /* it will be no child any more */
			if (list->last == *next)
				list->last = last;
			*next = item->namesake;
			continue;
		}
		if ((info->threads[*next - 1].process == process) == is_thread)
			return *next - 1;
		last = *next;
		next = &item->namesake;
		seen++;
	}
	return SIZE_MAX;
}

static enum pw_status clone(struct pw_lineage *lineage,
			    const struct pw_trace_info *info, uint32_t thread,
			    const struct pw_event *event,
			    struct pw_lineage_change *change,
			    struct pw_error *err)
{
	size_t child = find_child(lineage, info, thread, event);
	bool shares = event->arg[0] & CLONE_FLAG_VM;
	struct process *process = NULL;
	enum pw_status st;

	if (!shares)
		change->kind = PW_LINEAGE_FORK;
	if (child != SIZE_MAX) {
		change->child = (uint32_t)child;
		begin(lineage, info, (uint32_t)child);
		process = process_at(lineage, info->threads[child].process);
	}
	/* A child that has a space has run before: nothing to begin with. */
	if (!process || process->space > 0 || process->over)
		return PW_OK;
	if (shares) {
		process->space = change->space + 1;
		process->id = pw_lineage_space_id(
			lineage, info->threads[thread].process);
		++*users_of(lineage, change->space);
		return PW_OK;
	}
	st = give_space(lineage, process, err);
	if (st == PW_OK)
		change->other = process->space - 1;
	return st;
}

/* @thread leaves its process. */
static void drop_thread(struct pw_lineage *lineage, struct process *process,
			size_t thread)
{
	struct thread *gone = thread_at(lineage, thread);

	if (gone->gone)
		return;
	PW_ASSERT(process->left > 0);
	gone->gone = true;
	process->left--;
}

static enum pw_status exec(struct pw_lineage *lineage,
			   const struct pw_trace_info *info, uint32_t thread,
			   struct pw_lineage_change *change,
			   struct pw_error *err)
{
	uint32_t index = info->threads[thread].process;
	struct process *process = process_at(lineage, index);
	bool last;
	enum pw_status st;

	for (uint32_t i = process->begun; i > 0;
	     i = thread_at(lineage, i - 1)->older)
		if (i - 1 != thread)
			drop_thread(lineage, process, i - 1);
	process->begun = thread + 1;
	thread_at(lineage, thread)->older = 0;
	change->kind = PW_LINEAGE_EXEC;
	change->other = change->space;
	if (!pw_lineage_is_shared(lineage, change->space)) {
		process->id = lineage->next_id++;
		return PW_OK;
	}
	st = leave_space(lineage, process, &last, err);
	if (st == PW_OK)
		st = give_space(lineage, process, err);
	if (st == PW_OK)
		change->other = process->space - 1;
	return st;
}

static enum pw_status end(struct pw_lineage *lineage, struct process *process,
			  struct pw_lineage_change *change,
			  struct pw_error *err)
{
	PW_ASSERT(!process->over);
	process->over = true;
	change->kind = PW_LINEAGE_END;
	return leave_space(lineage, process, &change->last, err);
}

enum pw_status pw_lineage_event(struct pw_lineage *lineage,
				const struct pw_trace_info *info,
				uint32_t thread, const struct pw_event *event,
				struct pw_lineage_change *change,
				struct pw_error *err)
{
	struct process *process =
		process_at(lineage, info->threads[thread].process);

	*change = (struct pw_lineage_change){
		.kind = process->over ? PW_LINEAGE_OVER : PW_LINEAGE_SAME,
		.space = process->space ? process->space - 1 : PW_NO_SPACE,
		.other = PW_NO_SPACE,
		.child = PW_NO_THREAD,
	};
	if (process->over || pw_event_failed(event))
		return PW_OK;
	PW_ASSERT(process->space > 0);
	switch ((unsigned)event->kind) {
	case PW_EVENT_clone:
		if (event->result == 0)
			return PW_OK;
		return clone(lineage, info, thread, event, change, err);
	case PW_EVENT_exec:
		return exec(lineage, info, thread, change, err);
	case PW_EVENT_exit:
		drop_thread(lineage, process, thread);
		return process->left == 0 ? end(lineage, process, change, err)
					  : PW_OK;
	case PW_EVENT_exit_group:
	case PW_EVENT_killed:
		return end(lineage, process, change, err);
	default:
		return PW_OK;
	}
}

uint32_t pw_lineage_space(const struct pw_lineage *lineage, uint32_t process)
{
	uint32_t space = 0;

	if (process < lineage->processes.count)
		space = process_at(lineage, process)->space;
	return space ? space - 1 : PW_NO_SPACE;
}

uint64_t pw_lineage_space_id(const struct pw_lineage *lineage, uint32_t process)
{
	return process_at(lineage, process)->id;
}

bool pw_lineage_is_shared(const struct pw_lineage *lineage, uint32_t space)
{
	return *users_of(lineage, space) > 1;
}
