/*
 * oracle_process.c - threads and processes: who runs in which space.
 *
 * Source: replay/MODEL.md, "Processes".
 */
#include <stdlib.h>

#include "base/assert.h"
#include "base/bits.h"
#include "tests/oracle/oracle_replay.h"
#include "tests/oracle/oracle_tables.h"
#include "tests/oracle/oracle_vma.h"

/* A new space takes the number given up last, if there is one. */
static struct pw_oracle_space *make_space(struct pw_oracle_replay *oracle)
{
	struct pw_oracle_space *space = calloc(1, sizeof(*space));

	PW_ASSERT(space);
	space->users = 1;
	space->stack_limit = 8 << 20;
	space->size_limit = space->lock_limit = UINT64_MAX;
	space->data_limit = space->data_hard = UINT64_MAX;
	space->shape = &oracle->machine.shape;
	space->number = oracle->unused_count > 0
				? oracle->unused[--oracle->unused_count]
				: oracle->next_number++;
	return space;
}

struct pw_oracle_space *pw_oracle_run_thread(struct pw_oracle_replay *oracle,
					     uint32_t thread)
{
	uint32_t process = oracle->thread[thread].process;

	oracle->thread[thread].begun = true;
	if (!oracle->space[process] && !oracle->over[process])
		oracle->space[process] = make_space(oracle);
	return oracle->space[process];
}

/* Let the child of a fork have @page too; neither may write to it, but to that
 * of a shared mapping both, of which the child has not. */
static void copy_page(struct pw_oracle_replay *oracle,
		      struct pw_oracle_page *page,
		      struct pw_oracle_space *child)
{
	bool writable = page->frame == PW_ORACLE_WRITTEN ||
			page->frame == PW_ORACLE_COMMON;

	if (page->frame == PW_ORACLE_OWN) {
		page->frame = PW_ORACLE_FORKED;
		pw_oracle_invalidate(oracle, page);
	}
	if (!child)
		return;
	pw_oracle_page_add(child, page->page, page->height,
			   writable ? PW_ORACLE_COMMON : page->frame,
			   page->phys);
	pw_oracle_page_at(child, page->page)->old = true;
	pw_oracle_page_at(child, page->page)->clean = page->clean;
	pw_oracle_page_at(child, page->page)->shmem = page->shmem;
	pw_oracle_page_at(child, page->page)->hugetlb = page->hugetlb;
	if (page->phys)
		page->phys->exclusive = false;
	oracle->counts.fork_copies++;
}

/* Whether a fork copies what is there of a mapping. */
static bool copies_pages(const struct pw_oracle_mapping *m)
{
	return (m->owner || (m->flags & PW_ORACLE_GU)) &&
	       !(m->flags & (PW_ORACLE_DC | PW_ORACLE_WF));
}

/* @child NULL: it is not in the trace. */
static void fork_space(struct pw_oracle_replay *oracle,
		       struct pw_oracle_space *parent,
		       struct pw_oracle_space *child)
{
	for (size_t i = 0; i < parent->pages; i++) {
		struct pw_oracle_page *page = &parent->page[i];
		const struct pw_oracle_mapping *m =
			pw_oracle_mapping_at(parent, page->page);

		if (!m || copies_pages(m))
			copy_page(oracle, page, child);
	}
	oracle->counts.flushes++;
	pw_oracle_flush(oracle);
	for (size_t i = 0; i < parent->mappings && child; i++) {
		struct pw_oracle_mapping m = parent->mapping[i];

		if (m.flags & PW_ORACLE_DC)
			continue;
		m.flags &= ~(uint64_t)(PW_ORACLE_LO | PW_ORACLE_LF);
		if (m.flags & PW_ORACLE_WF)
			m.owner = 0;
		m.inherited = m.owner != 0;
		if (m.owner)
			m.owner = ++child->owners;
		pw_oracle_mapping_add(child, m);
		if (copies_pages(&m))
			pw_oracle_tables_copy(child, parent, m.first, m.end);
		for (size_t g = 0; g < parent->guards && copies_pages(&m); g++)
			if (parent->guard[g] >= m.first &&
			    parent->guard[g] < m.end)
				pw_oracle_guard_set(child, parent->guard[g],
						    true);
	}
	if (child) {
		child->break_known = parent->break_known;
		child->program_break = parent->program_break;
		child->heap = parent->heap;
		child->reads_execute = parent->reads_execute;
		child->small = parent->small;
		child->small_unasked = parent->small_unasked;
		child->stack_limit = parent->stack_limit;
		child->size_limit = parent->size_limit;
		child->lock_limit = parent->lock_limit;
		child->data_limit = parent->data_limit;
		child->data_hard = parent->data_hard;
	}
}

static struct pw_oracle_thread *find_child(struct pw_oracle_replay *oracle,
					   uint32_t process, uint64_t tid,
					   bool is_thread)
{
	for (size_t i = 0; i < oracle->threads; i++) {
		struct pw_oracle_thread *t = &oracle->thread[i];

		if (t->tid == tid && !t->begun &&
		    is_thread == (t->process == process))
			return t;
	}
	return NULL;
}

static void apply_clone(struct pw_oracle_replay *oracle, uint32_t process,
			const struct pw_event *event)
{
	struct pw_oracle_thread *child;
	struct pw_oracle_space *fresh = NULL;
	bool shares = event->arg[0] & 0x100;

	if (event->result == 0)
		return;
	child = find_child(oracle, process, event->result,
			   event->arg[0] & 0x10000);
	if (child)
		child->begun = true;
	if (child && child->process != process)
		pw_oracle_hold_inherited(oracle, child->process);
	if (child && !oracle->space[child->process] &&
	    !oracle->over[child->process]) {
		fresh = shares ? oracle->space[process] : make_space(oracle);
		fresh->users += shares;
		oracle->space[child->process] = fresh;
	}
	if (!shares)
		fork_space(oracle, oracle->space[process], fresh);
}

/* The process gives up its space, which goes with its last user. */
static void leave_space(struct pw_oracle_replay *oracle, uint32_t process)
{
	struct pw_oracle_space *space = oracle->space[process];

	oracle->space[process] = NULL;
	if (--space->users > 0)
		return;
	pw_oracle_walks_end(&oracle->walks, space->number);
	PW_ASSERT(oracle->unused_count < PW_ORACLE_PROCESSES_MAX);
	oracle->unused[oracle->unused_count++] = space->number;
	oracle->counts.unmapped += space->pages;
	pw_oracle_space_clear(space);
	free(space);
	pw_oracle_drain(oracle);
	pw_oracle_flush(oracle);
	oracle->running = NULL;
}

static void apply_exec(struct pw_oracle_replay *oracle, uint32_t thread)
{
	uint32_t process = oracle->thread[thread].process;
	const struct pw_oracle_space *old = oracle->space[process];
	bool small = old && old->small;
	bool small_unasked = old && old->small_unasked;

	for (size_t i = 0; i < oracle->threads; i++) {
		struct pw_oracle_thread *t = &oracle->thread[i];

		if (i != thread && t->process == process && t->begun)
			t->gone = true;
	}
	leave_space(oracle, process);
	pw_oracle_drain(oracle);
	oracle->space[process] = make_space(oracle);
	oracle->space[process]->small = small;
	oracle->space[process]->small_unasked = small_unasked;
}

static void apply_exit(struct pw_oracle_replay *oracle, uint32_t thread)
{
	uint32_t process = oracle->thread[thread].process;

	oracle->thread[thread].gone = true;
	for (size_t i = 0; i < oracle->threads; i++) {
		if (oracle->thread[i].process == process &&
		    !oracle->thread[i].gone)
			return;
	}
	oracle->over[process] = true;
	pw_oracle_hold_nothing(oracle, process);
	leave_space(oracle, process);
}

void pw_oracle_process_event(struct pw_oracle_replay *oracle, uint32_t thread,
			     const struct pw_event *event)
{
	uint32_t process = oracle->thread[thread].process;

	if (event->result >= (uint64_t)-4095)
		return;
	switch ((unsigned)event->kind) {
	case PW_EVENT_clone:
		apply_clone(oracle, process, event);
		break;
	case PW_EVENT_exec:
		apply_exec(oracle, thread);
		break;
	case PW_EVENT_exit:
		apply_exit(oracle, thread);
		break;
	case PW_EVENT_exit_group:
	case PW_EVENT_killed:
		oracle->over[process] = true;
		pw_oracle_hold_nothing(oracle, process);
		leave_space(oracle, process);
		break;
	default:
		break;
	}
}

/* By their names in MODEL.md. */
bool pw_oracle_is_memory_call(enum pw_event_kind kind)
{
	static const uint16_t calls[] = {
		PW_EVENT_mmap,
		PW_EVENT_munmap,
		PW_EVENT_mremap,
		PW_EVENT_brk,
		PW_EVENT_mprotect,
		PW_EVENT_madvise,
		PW_EVENT_process_madvise,
		PW_EVENT_mlock,
		PW_EVENT_munlock,
		PW_EVENT_mlockall,
		PW_EVENT_munlockall,
		PW_EVENT_mbind,
		PW_EVENT_remap_file_pages,
		PW_EVENT_msync,
		PW_EVENT_shmat,
		PW_EVENT_shmdt,
	};

	for (size_t i = 0; i < PW_COUNT(calls); i++)
		if (kind == calls[i])
			return true;
	return false;
}

/* The space of the process with this pid, once it has begun. */
static struct pw_oracle_space *find_space(const struct pw_oracle_replay *oracle,
					  uint64_t pid)
{
	for (size_t i = 0; i < oracle->threads; i++)
		if (oracle->thread[i].pid == pid && oracle->thread[i].begun)
			return oracle->space[oracle->thread[i].process];
	return NULL;
}

void pw_oracle_direct(struct pw_oracle_replay *oracle,
		      struct pw_oracle_space *space,
		      const struct pw_event *event)
{
	const uint64_t *arg = event->arg;
	struct pw_event there = *event;
	struct pw_oracle_space *about = space;
	const uint64_t own = 100 + oracle->process; /* as random traces have */

	if (event->kind == PW_EVENT_setrlimit && arg[3] != 0) {
		about = find_space(oracle, arg[3]);
	} else if (event->kind == PW_EVENT_process_madvise) {
		about = find_space(oracle, arg[4]);
		if (arg[4] != own && arg[3] != 3 && arg[3] != 20 &&
		    arg[3] != 21)
			about = NULL;
		there = (struct pw_event){.kind = PW_EVENT_madvise,
					  .result = event->result,
					  .arg = {arg[1], arg[2], arg[3]}};
	}
	if (about)
		pw_oracle_event(oracle, about, &there);
}
