/*
 * ptrace_calls.c - system calls of a task: what capture/call.h wants to know,
 * and what its findings mean for the recording itself.
 */
#include "capture/ptrace_session.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/bits.h"
#include "capture/call_seek.h"

#define ROBUST_HEAD_BYTES 24 /* struct robust_list_head */
#define TID_BYTES 4

/* One report of capture/call.h. */
struct report {
	struct pw_session *session;
	struct pw_task *task;
	struct pw_error *err;
	enum pw_status st;
	bool ranged; /* an event has said which mappings change */
};

enum pw_status pw_task_space_changed(struct pw_task *task, uint64_t start,
				     uint64_t bytes, struct pw_error *err)
{
	uint64_t end = start + bytes;

	task->space->mappings.stale = true;
	end = end < start ? UINT64_MAX : end;
	end = end > UINT64_MAX - PW_PAGE_BYTES ? end : end + PW_PAGE_BYTES - 1;
	return pw_insn_cache_drop(task->space->cache, start,
				  end & ~(PW_PAGE_BYTES - 1), err);
}

static size_t read_memory(void *state, uint64_t address, void *buffer,
			  size_t bytes)
{
	const struct report *report = state;

	return pw_tracee_read(report->task->tid, address, buffer, bytes);
}

static void find_file(void *state, int fd, struct pw_call_file *out)
{
	const struct report *report = state;

	pw_address_space_file(report->task->tid, fd, out);
}

static uint64_t find_offset(void *state, int fd)
{
	const struct report *report = state;
	char path[64], text[64];
	ssize_t got;
	int info;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d",
		 (int)report->task->tid, fd);
	info = fd < 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return UINT64_MAX;
	got = read(info, text, sizeof(text) - 1);
	close(info);
	text[got > 0 ? got : 0] = '\0';
	if (strncmp(text, "pos:", 4) != 0)
		return UINT64_MAX;
	return strtoull(text + 4, NULL, 10);
}

/* The folder of a task in /proc. */
#define FOLDER_BYTES 32

static const char *folder_of(const struct report *report,
			     char folder[FOLDER_BYTES])
{
	snprintf(folder, FOLDER_BYTES, "/proc/%d", (int)report->task->tid);
	return folder;
}

static uint64_t find_pid(void *state, int fd)
{
	const struct report *report = state;
	char folder[FOLDER_BYTES];

	return fd < 0 ? (uint64_t)report->task->process->pid
		      : pw_call_seek_pid(folder_of(report, folder), fd);
}

static void find_path(void *state, int dirfd, const char *path, bool follow,
		      struct pw_call_file *out)
{
	char folder[FOLDER_BYTES];

	pw_call_seek_path(folder_of(state, folder), dirfd, path, follow, out);
}

static bool find_open(void *state, uint64_t device, uint64_t inode)
{
	char folder[FOLDER_BYTES];

	return pw_call_seek_open(folder_of(state, folder), device, inode);
}

static const struct pw_maps *find_maps(struct report *report)
{
	struct pw_address_space *mappings = &report->task->space->mappings;
	const struct pw_maps *maps;

	mappings->pid = report->task->tid;
	report->st = pw_address_space_maps(mappings, &maps, report->err);
	return report->st == PW_OK ? maps : NULL;
}

static uint64_t find_mapping(void *state, uint64_t address)
{
	struct report *report = state;
	const struct pw_maps *maps;
	const struct pw_map *map;

	if (report->st != PW_OK)
		return 0;
	/* The call that asks is one that has changed them, or is about to. */
	report->task->space->mappings.stale = true;
	maps = find_maps(report);
	map = maps ? pw_maps_find(maps, address) : NULL;
	return map && map->start == address ? map->end - map->start : 0;
}

/* The heap has grown or shrunk between its old end and @now. */
static enum pw_status move_break(struct pw_task *task, uint64_t now,
				 struct pw_error *err)
{
	uint64_t old = task->space->program_break;
	uint64_t start = old && old < now ? old : now;

	task->space->program_break = now;
	if (old == now)
		return PW_OK;
	return pw_task_space_changed(
		task, start, old ? old + now - 2 * start : UINT64_MAX - start,
		err);
}

/* What the event of a call that succeeded means for the code in its range. */
static void follow_event(struct report *report, const struct pw_event *event)
{
	struct pw_task *task = report->task;
	struct pw_error *err = report->err;

	switch ((unsigned)event->kind) {
	case PW_EVENT_mmap:
		report->st = pw_task_space_changed(task, event->result,
						   event->arg[1], err);
		break;
	case PW_EVENT_mremap:
		report->st = pw_task_space_changed(task, event->result,
						   event->arg[2], err);
		if (report->st == PW_OK)
			report->st = pw_task_space_changed(task, event->arg[0],
							   event->arg[1], err);
		break;
	case PW_EVENT_brk:
		report->st = move_break(task, event->result, err);
		break;
	case PW_EVENT_remap_file_pages:
	case PW_EVENT_munmap:
	case PW_EVENT_mprotect:
	case PW_EVENT_madvise:
	case PW_EVENT_map:
	case PW_EVENT_shmdt:
		report->st = pw_task_space_changed(task, event->arg[0],
						   event->arg[1], err);
		break;
	default:
		return;
	}
	report->ranged = true;
}

/* The fetch of the call comes before all that the call does. */
static void on_event(void *state, const struct pw_event *event)
{
	struct report *report = state;

	if (report->st == PW_OK && report->task->pending.ready)
		report->st = pw_task_record(report->session, report->task,
					    report->err);
	if (report->st == PW_OK)
		report->st = pw_task_event(report->session, report->task, event,
					   report->err);
	if (report->st == PW_OK && !pw_call_failed(event->result))
		follow_event(report, event);
}

static void on_access(void *state, uint64_t address, uint64_t bytes, bool store)
{
	struct report *report = state;

	if (report->st == PW_OK && report->task->pending.ready)
		report->st = pw_task_record(report->session, report->task,
					    report->err);
	if (report->st == PW_OK && address + bytes >= address)
		report->st = pw_task_kernel_access(report->session,
						   report->task, address, bytes,
						   store, report->err);
}

static const struct pw_call_ops ops = {
	.read = read_memory,
	.file = find_file,
	.offset = find_offset,
	.pid = find_pid,
	.path = find_path,
	.open = find_open,
	.mapping_bytes = find_mapping,
	.event = on_event,
	.access = on_access,
};

uint64_t pw_task_child_flags(struct pw_session *session, struct pw_task *task)
{
	struct report report = {.session = session, .task = task};

	return pw_call_child_flags(&task->call, &ops, &report);
}

enum pw_status pw_task_end_accesses(struct pw_session *session,
				    struct pw_task *task, struct pw_error *err)
{
	enum pw_status st = pw_task_record(session, task, err);

	PW_ASSERT(task->space->users > 0);
	if (st == PW_OK && task->robust_list)
		st = pw_task_kernel_access(session, task, task->robust_list,
					   ROBUST_HEAD_BYTES, false, err);
	/* Nobody would see it in a space without other users. */
	if (st == PW_OK && task->clear_tid && task->space->users > 1)
		st = pw_task_kernel_access(session, task, task->clear_tid,
					   TID_BYTES, true, err);
	return st;
}

enum pw_status pw_task_enter_call(struct pw_session *session,
				  struct pw_task *task, struct pw_error *err)
{
	const struct user_regs_struct *regs = &task->before;
	struct report report = {.session = session, .task = task, .err = err};
	unsigned traits;

	PW_ASSERT(task->pending.flags & PW_X86_SYSCALL);
	task->call = (struct pw_call){
		.machine = PW_CALL_X86_64,
		.id = pw_call_id(PW_CALL_X86_64, regs->rax & UINT32_MAX),
		.number = regs->rax,
		.arg = {regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8,
			regs->r9},
	};
	traits = pw_call_traits(&task->call);
	if (traits & PW_CALL_SIGRETURN)
		pw_task_enter_sigreturn(task);
	if (traits & PW_CALL_ENDS)
		report.st = pw_task_end_accesses(session, task, err);
	if (report.st == PW_OK)
		pw_call_enter(&task->call, &task->scratch, &ops, &report);
	return report.st;
}

/* Words of the task that the kernel will look at or change in the end. */
static void note_own_words(struct pw_task *task)
{
	uint64_t number = task->call.number & UINT32_MAX;

	if (number == SYS_set_tid_address)
		task->clear_tid = task->call.arg[0];
	else if (number == SYS_set_robust_list)
		task->robust_list = task->call.arg[0];
}

/* A task has chosen processors for itself or another one. */
static enum pw_status note_affinity(struct pw_session *session,
				    const struct pw_task *caller,
				    struct pw_error *err)
{
	pid_t tid = (pid_t)caller->call.arg[0];
	struct pw_task *task =
		pw_session_find(session, tid ? tid : caller->tid);

	if (!task)
		return PW_OK;
	task->pinned = false;
	if (session->tasks.count == 1)
		pw_host_follow(&session->host, task->tid);
	return pw_task_cpu(session, task, err);
}

/* Files that are mapped are looked at; those with code are modules. */
static enum pw_status note_file(struct pw_session *session,
				struct pw_task *task, struct pw_error *err)
{
	const uint64_t *arg = task->call.arg;
	enum pw_status st;

	if ((task->call.number & UINT32_MAX) != SYS_mmap ||
	    (arg[3] & MAP_ANONYMOUS))
		return PW_OK;
	st = pw_task_mapped(session, task, (int)arg[4], err);
	if (st != PW_OK || !(arg[2] & PROT_EXEC))
		return st;
	task->space->mappings.pid = task->tid;
	return pw_address_space_record_module(
		&task->space->mappings, task->call.result, session->recorder,
		task->thread, err);
}

/* What a call that has succeeded means for the recording. */
static enum pw_status follow_call(struct pw_session *session,
				  struct pw_task *task, bool ranged,
				  struct pw_error *err)
{
	unsigned traits = pw_call_traits(&task->call);
	enum pw_status st = PW_OK;

	note_own_words(task);
	if (traits & PW_CALL_HANDLER)
		pw_task_handler_set(task, task->call.arg[0], task->call.arg[1]);
	if (traits & PW_CALL_UNKNOWN) {
		session->result->calls_unknown++;
		task->space->program_break = 0;
	}
	if ((traits & PW_CALL_UNKNOWN) || ((traits & PW_CALL_SPACE) && !ranged))
		st = pw_task_space_changed(task, 0, UINT64_MAX, err);
	if (st == PW_OK)
		st = note_file(session, task, err);
	if (st == PW_OK && (traits & PW_CALL_AFFINITY))
		st = note_affinity(session, task, err);
	return st;
}

enum pw_status pw_task_leave_call(struct pw_session *session,
				  struct pw_task *task, uint64_t result,
				  struct pw_error *err)
{
	struct report report = {.session = session, .task = task, .err = err};

	if (task->pending.flags & PW_X86_SYSCALL_32) {
		session->result->calls_unknown++;
		task->space->program_break = 0;
		report.st = pw_task_unrecorded(session, task, task->before.rax,
					       "32-bit system call", err);
		if (report.st != PW_OK)
			return report.st;
		return pw_task_space_changed(task, 0, UINT64_MAX, err);
	}
	if (pw_call_traits(&task->call) & PW_CALL_SIGRETURN)
		return pw_task_leave_sigreturn(session, task, err);
	task->call.result = result;
	pw_call_leave(&task->call, &task->scratch, &ops, &report);
	if (report.st != PW_OK || pw_call_failed(result))
		return report.st;
	return follow_call(session, task, report.ranged, err);
}
