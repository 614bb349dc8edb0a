/*
 * ptrace_record.c - accesses and events of a task, as far as they are wanted.
 */
#include "capture/ptrace_session.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"

#define PIECE_BYTES ((uint64_t)1 << 30)
#define SECOND_NS INT64_C(1000000000)

enum pw_status pw_task_gap(struct pw_session *session, struct pw_task *task,
			   struct pw_error *err)
{
	uint64_t instructions = task->gap;

	if (instructions == 0)
		return PW_OK;
	task->gap = 0;
	return pw_recorder_event(session->recorder, task->thread,
				 &(struct pw_event){
					 .kind = PW_EVENT_gap,
					 .arg = {instructions},
				 },
				 err);
}

/* The scope may have opened: say what was left out until now. */
static enum pw_status look_at_scope(struct pw_session *session,
				    struct pw_error *err)
{
	bool open = pw_scope_open(&session->scope);
	enum pw_status st = PW_OK;

	for (size_t i = 0;
	     open && !session->open && i < session->tasks.count && st == PW_OK;
	     i++)
		st = pw_task_gap(
			session,
			PW_ARRAY_AT(&session->tasks, struct pw_task *, i), err);
	session->open = open;
	return st;
}

enum pw_status pw_task_record(struct pw_session *session, struct pw_task *task,
			      struct pw_error *err)
{
	const struct pw_pending *pending = &task->pending;
	bool begins = pending->count > 0 &&
		      (pending->access[0].kind & PW_ACCESS_FIRST);
	enum pw_status st = PW_OK;

	PW_ASSERT(pending->ready);
	if (pending->recorded)
		return PW_OK;
	task->pending.recorded = true;
	if (session->open)
		st = pw_recorder_accesses(session->recorder, task->thread,
					  task->before.rip, pending->access,
					  pending->count, err);
	else if (begins)
		task->gap++;
	if (st != PW_OK || !session->scoped || !begins)
		return st;
	pw_scope_advance(&session->scope, 1);
	return look_at_scope(session, err);
}

enum pw_status pw_task_kernel_access(struct pw_session *session,
				     const struct pw_task *task,
				     uint64_t address, uint64_t bytes,
				     bool store, struct pw_error *err)
{
	const uint8_t kind =
		(uint8_t)(PW_ACCESS_KERNEL |
			  (store ? PW_ACCESS_STORE : PW_ACCESS_LOAD));
	enum pw_status st = PW_OK;

	PW_ASSERT(address + bytes >= address);
	while (session->open && bytes > 0 && st == PW_OK) {
		uint64_t piece = bytes < PIECE_BYTES ? bytes : PIECE_BYTES;

		st = pw_recorder_accesses(session->recorder, task->thread,
					  task->before.rip,
					  &(struct pw_x86_access){
						  .address = address,
						  .size_bytes = (uint32_t)piece,
						  .kind = kind,
					  },
					  1, err);
		address += piece;
		bytes -= piece;
	}
	return st;
}

enum pw_status pw_task_event(struct pw_session *session,
			     const struct pw_task *task,
			     const struct pw_event *event, struct pw_error *err)
{
	enum pw_status st =
		pw_recorder_event(session->recorder, task->thread, event, err);

	if (st != PW_OK || !session->scoped || event->kind != PW_EVENT_mark)
		return st;
	pw_scope_mark(&session->scope, event->text ? event->text : "");
	return look_at_scope(session, err);
}

enum pw_status pw_task_unrecorded(struct pw_session *session,
				  const struct pw_task *task, uint64_t number,
				  const char *why, struct pw_error *err)
{
	return pw_task_event(session, task,
			     &(struct pw_event){
				     .kind = PW_EVENT_unrecorded,
				     .arg = {number},
				     .text = why,
			     },
			     err);
}

/*
 * The processor a task ran on last; -1 when unknown.
 * Source: proc_pid_stat(5), the 37th field behind the name.
 */
static int last_processor(pid_t tid)
{
	char path[64], text[1024];
	const char *at;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	at = strrchr(text, ')');
	for (int field = 0; at && field < 37; field++)
		at = strchr(at + 1, ' ');
	return at ? (int)strtol(at, NULL, 10) : -1;
}

enum pw_status pw_task_cpu(struct pw_session *session,
			   const struct pw_task *task, struct pw_error *err)
{
	int cpu = task->pinned ? session->host.cpu : last_processor(task->tid);
	struct timespec now;
	int64_t now_ns;

	if (cpu < 0)
		return PW_OK;
	clock_gettime(CLOCK_MONOTONIC, &now);
	now_ns = (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
	PW_ASSERT(now_ns >= session->started_ns);
	return pw_task_event(
		session, task,
		&(struct pw_event){
			.kind = PW_EVENT_cpu,
			.arg = {(uint64_t)cpu,
				(uint64_t)(now_ns - session->started_ns)},
		},
		err);
}
