/*
 * qemu_notes.c - processes and threads, as the plugin announces them.
 */
#include "capture/qemu_session.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/assert.h"

#define CLONE_FLAG_THREAD 0x10000
#define CLONE_WAIT_NS INT64_C(1000000000)

/* What process @pid was while it ran @image. */
static uint32_t find_image(const struct pw_qemu_session *session, pid_t pid,
			   uint64_t image)
{
	for (size_t i = session->processes.count; i > 0; i--)
		if (pw_qemu_process_at(session, i - 1)->pid == pid &&
		    pw_qemu_process_at(session, i - 1)->image == image)
			return (uint32_t)(i - 1);
	return PW_QEMU_NONE;
}

/* The living process @pid, or the one that ended last. */
static uint32_t find_process(const struct pw_qemu_session *session, pid_t pid)
{
	for (size_t i = session->processes.count; i > 0; i--)
		if (pw_qemu_process_at(session, i - 1)->pid == pid)
			return (uint32_t)(i - 1);
	return PW_QEMU_NONE;
}

/* The stream of thread @tid, which has not ended; or NULL. */
static const struct pw_qemu_stream *
find_thread(const struct pw_qemu_session *session, uint64_t tid)
{
	for (unsigned i = 0; i < session->stream_end; i++) {
		const struct pw_qemu_stream *stream = &session->stream[i];

		if (stream->used && !stream->code &&
		    stream->thread != PW_QEMU_NONE &&
		    atomic_load(&stream->ring->tid) == tid)
			return stream;
	}
	return NULL;
}

static enum pw_status declare_thread(struct pw_qemu_session *session,
				     struct pw_qemu_stream *stream,
				     uint32_t parent, struct pw_error *err)
{
	const struct pw_thread thread = {
		.process = pw_qemu_process_at(session, stream->process)->number,
		.pid = (uint32_t)stream->pid,
		.tid = atomic_load(&stream->ring->tid),
		.parent = parent == PW_QEMU_NONE ? session->threads : parent,
	};
	enum pw_status st = pw_qemu_lane_close(session, err);

	if (st == PW_OK)
		st = pw_recorder_thread(session->recorder, &thread,
					&stream->thread, err);
	if (st == PW_OK)
		session->threads++;
	session->result->threads = session->threads;
	return st;
}

static enum pw_status add_process(struct pw_qemu_session *session,
				  struct pw_qemu_stream *stream,
				  struct pw_error *err)
{
	struct pw_qemu_process process = {
		.pid = stream->pid,
		.image = stream->image,
		.number = (uint32_t)session->result->processes,
		.first_thread = session->threads,
		.block = PW_ARRAY(uint32_t),
	};

	process.pidfd = (int)syscall(SYS_pidfd_open, stream->pid, 0);
	stream->process = (uint32_t)session->processes.count;
	session->result->processes++;
	return pw_array_push(&session->processes, &process, err);
}

/*
 * The same process goes on with another program. What it was is kept for a
 * while: children of before may not have reported yet.
 */
static enum pw_status start_over(struct pw_qemu_session *session,
				 struct pw_qemu_stream *stream,
				 struct pw_error *err)
{
	struct pw_qemu_process *before =
		pw_qemu_process_at(session, stream->process);
	struct pw_qemu_process process = {
		.pid = before->pid,
		.image = stream->image,
		.number = before->number,
		.first_thread = before->first_thread,
		.pidfd = before->pidfd,
		.block = PW_ARRAY(uint32_t),
	};
	struct pw_event exec = {.kind = PW_EVENT_exec};
	enum pw_status st;
	char path[PATH_MAX], full[PATH_MAX];

	before->pidfd = -1;
	before->ended_ns = pw_qemu_now_ns();
	stream->process = (uint32_t)session->processes.count;
	stream->thread = process.first_thread;
	st = pw_array_push(&session->processes, &process, err);
	if (st != PW_OK)
		return st;
	pw_qemu_program(stream->pid, path, sizeof(path));
	exec.text = path[0] == '/' && realpath(path, full) ? full : path;
	return pw_qemu_event(session, stream, &exec, err);
}

static enum pw_status note_start(struct pw_qemu_session *session,
				 struct pw_qemu_stream *stream,
				 const struct pw_event *event,
				 struct pw_error *err)
{
	uint32_t known = find_process(session, stream->pid);
	enum pw_status st;

	if (known != PW_QEMU_NONE &&
	    pw_qemu_process_at(session, known)->pidfd >= 0) {
		stream->process = known;
		st = start_over(session, stream, err);
	} else {
		st = add_process(session, stream, err);
		if (st == PW_OK)
			st = declare_thread(session, stream, PW_QEMU_NONE, err);
	}
	if (st != PW_OK)
		return st;
	pw_qemu_process_at(session, stream->process)->machine =
		(enum pw_call_machine)event->arg[0];
	st = pw_qemu_image(session, stream, event->arg[1], err);
	pw_qemu_ring_answer(stream->ring);
	return st;
}

/* The copy knows the first @blocks that its parent knew. */
static enum pw_status copy_process(struct pw_qemu_session *session,
				   uint32_t from, uint32_t to, uint64_t blocks,
				   struct pw_error *err)
{
	struct pw_qemu_process *parent = pw_qemu_process_at(session, from);
	struct pw_qemu_process *child = pw_qemu_process_at(session, to);
	enum pw_status st;

	child->machine = parent->machine;
	memcpy(child->handler, parent->handler, sizeof(child->handler));
	if (blocks > parent->block.count)
		return pw_fail(err, PW_ERR_SYSTEM,
			       "process %d: it reported so long after its "
			       "parent's end that its code is not known",
			       (int)child->pid);
	st = pw_array_reserve(&child->block, blocks, err);
	if (st != PW_OK || blocks == 0)
		return st;
	memcpy(child->block.data, parent->block.data,
	       blocks * sizeof(uint32_t));
	child->block.count = blocks;
	return PW_OK;
}

/* Let the child go on. */
static void release(struct pw_qemu_stream *stream)
{
	stream->waits_ns = 0;
	pw_qemu_ring_answer(stream->ring);
}

void pw_qemu_release_late(struct pw_qemu_session *session, int64_t now_ns)
{
	for (unsigned i = 0; i < session->stream_end; i++) {
		struct pw_qemu_stream *stream = &session->stream[i];

		if (stream->used && stream->waits_ns &&
		    now_ns - stream->waits_ns > CLONE_WAIT_NS)
			release(stream);
	}
}

/*
 * What a child does must come after the clone event of its parent, which may be
 * slower: the child waits for it, if there is somebody to tell of it.
 */
static void wait_for_clone(struct pw_qemu_session *session,
			   struct pw_qemu_stream *stream, bool parent_lives)
{
	stream->waits_ns = pw_qemu_now_ns();
	for (size_t i = 0; i < PW_QEMU_ANNOUNCED; i++) {
		if (session->announced[i] != (uint64_t)stream->pid)
			continue;
		session->announced[i] = 0;
		parent_lives = false;
	}
	if (!parent_lives)
		release(stream);
}

static enum pw_status note_forked(struct pw_qemu_session *session,
				  struct pw_qemu_stream *stream,
				  const struct pw_event *event,
				  struct pw_error *err)
{
	uint32_t parent =
		find_image(session, (pid_t)event->arg[0], event->arg[3]);
	const struct pw_qemu_stream *thread =
		find_thread(session, event->arg[1]);
	enum pw_status st = PW_OK;

	if (parent != PW_QEMU_NONE)
		st = pw_qemu_drain_code(session, parent, err);
	if (st == PW_OK)
		st = add_process(session, stream, err);
	if (st == PW_OK && parent != PW_QEMU_NONE)
		st = copy_process(session, parent, stream->process,
				  event->arg[2], err);
	if (st == PW_OK)
		st = declare_thread(
			session, stream,
			thread ? thread->thread
			: parent != PW_QEMU_NONE
				? pw_qemu_process_at(session, parent)
					  ->first_thread
				: PW_QEMU_NONE,
			err);
	wait_for_clone(session, stream, st == PW_OK && thread);
	return st;
}

static enum pw_status note_thread(struct pw_qemu_session *session,
				  struct pw_qemu_stream *stream,
				  const struct pw_event *event,
				  struct pw_error *err)
{
	const struct pw_qemu_stream *parent =
		find_thread(session, event->arg[0]);

	stream->process = find_process(session, stream->pid);
	if (stream->process == PW_QEMU_NONE)
		return pw_fail(err, PW_ERR_SYSTEM,
			       "process %d: a thread of it reported before it "
			       "did itself",
			       (int)stream->pid);
	return declare_thread(
		session, stream,
		parent ? parent->thread
		       : pw_qemu_process_at(session, stream->process)
				 ->first_thread,
		err);
}

static enum pw_status note_handler(struct pw_qemu_session *session,
				   struct pw_qemu_stream *stream,
				   const struct pw_event *event,
				   struct pw_error *err)
{
	struct pw_qemu_process *process =
		pw_qemu_process_at(session, stream->process);
	uint64_t pc = event->arg[1];

	if (event->arg[0] >= PW_QEMU_SIGNALS)
		return PW_OK;
	process->handler[event->arg[0]] = pc;
	if (pc <= (uint64_t)(uintptr_t)SIG_IGN)
		return PW_OK;
	for (size_t i = 0; i < session->handlers.count; i++)
		if (PW_ARRAY_AT(&session->handlers, uint64_t, i) == pc)
			return PW_OK;
	pw_qemu_blocks_handler(&session->blocks, pc);
	return pw_array_push(&session->handlers, &pc, err);
}

static enum pw_status note_native(struct pw_qemu_session *session,
				  struct pw_qemu_stream *stream,
				  const struct pw_event *event,
				  struct pw_error *err)
{
	const struct pw_event unrecorded = {
		.kind = PW_EVENT_unrecorded,
		.arg = {event->arg[0]},
		.text = event->text,
	};

	pw_qemu_process_at(session, stream->process)->native = true;
	session->result->processes_unrecorded++;
	fprintf(stderr, "pagewalk: process %d goes on unrecorded: %s\n",
		(int)stream->pid, event->text);
	return pw_qemu_event(session, stream, &unrecorded, err);
}

/* The exec failed natively, too: the program goes on as it was. */
static void note_stayed(struct pw_qemu_session *session,
			const struct pw_qemu_stream *stream)
{
	struct pw_qemu_process *process =
		pw_qemu_process_at(session, stream->process);

	if (!process->native)
		return;
	process->native = false;
	session->result->processes_unrecorded--;
}

static enum pw_status note_cpu(struct pw_qemu_session *session,
			       struct pw_qemu_stream *stream,
			       const struct pw_event *event,
			       struct pw_error *err)
{
	const struct pw_event cpu = {
		.kind = PW_EVENT_cpu,
		.arg = {event->arg[0],
			event->arg[1] - (uint64_t)session->started_ns},
	};

	return pw_qemu_event(session, stream, &cpu, err);
}

/* There is a child @pid: it goes on if it has waited for this. */
static void announce(struct pw_qemu_session *session, uint64_t pid)
{
	for (unsigned i = 0; i < session->stream_end; i++) {
		struct pw_qemu_stream *stream = &session->stream[i];

		if (stream->used && stream->waits_ns &&
		    (uint64_t)stream->pid == pid) {
			release(stream);
			return;
		}
	}
	session->announced[session->announcements++ % PW_QEMU_ANNOUNCED] = pid;
}

/* A child that is a process of its own, and not a thread. */
static void see_child(struct pw_qemu_session *session,
		      const struct pw_event *event)
{
	if ((event->arg[0] & CLONE_FLAG_THREAD) ||
	    pw_call_failed(event->result))
		return;
	if (session->request.follow == PW_FOLLOW_NONE)
		session->result->processes_unrecorded++;
	announce(session, event->result);
}

/* What an event of the program means for the recording. */
static enum pw_status see_event(struct pw_qemu_session *session,
				struct pw_qemu_stream *stream,
				const struct pw_event *event,
				struct pw_error *err)
{
	enum pw_status st = PW_OK;

	if (event->kind == PW_EVENT_sigreturn)
		st = pw_qemu_sigreturn(session, stream, err);
	if (st == PW_OK)
		st = pw_qemu_event(session, stream, event, err);
	if (st == PW_OK && event->kind == PW_EVENT_clone)
		see_child(session, event);
	if (st != PW_OK || event->kind != PW_EVENT_mark)
		return st;
	pw_scope_mark(&session->scope, event->text);
	return pw_qemu_rescope(session, err);
}

enum pw_status pw_qemu_note(struct pw_qemu_session *session,
			    struct pw_qemu_stream *stream, unsigned kind,
			    const struct pw_event *event, struct pw_error *err)
{
	struct pw_event copy = *event;

	if (kind == PW_NOTE_START)
		return note_start(session, stream, event, err);
	if (kind == PW_NOTE_FORKED)
		return note_forked(session, stream, event, err);
	if (kind == PW_NOTE_THREAD)
		return note_thread(session, stream, event, err);
	if (stream->process == PW_QEMU_NONE)
		return PW_OK; /* where it runs, before it has said who it is */
	switch (kind) {
	case PW_NOTE_CPU:
		return note_cpu(session, stream, event, err);
	case PW_NOTE_HANDLER:
		return note_handler(session, stream, event, err);
	case PW_NOTE_NATIVE:
		return note_native(session, stream, event, err);
	case PW_NOTE_STAYED:
		note_stayed(session, stream);
		return PW_OK;
	case PW_NOTE_MAPPED:
		return pw_qemu_mapped(session, stream, event->arg[0],
				      event->arg[1], err);
	default:
		PW_ASSERT(kind < PW_NOTE_FIRST);
		copy.kind = (enum pw_event_kind)kind;
		return see_event(session, stream, &copy, err);
	}
}
