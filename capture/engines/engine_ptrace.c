/*
 * engine_ptrace.c - record by single steps.
 *
 * At each stop the registers tell what the next instruction will touch; after
 * the step that is known to have happened and goes into the trace. Three
 * system calls a step: registers, step, wait. An instruction that faults is
 * recorded when it completes, not when it tries.
 *
 * A limit or SIGTERM detaches: the target runs on, untraced, to its end.
 *
 * What the target can notice: it has one processor, it is slow, and the kernel
 * gives SIGTRAP its default action once the target blocks SIGTRAP by itself;
 * the same happens under a debugger.
 */
#include <errno.h>
#include <signal.h>
#include <time.h>

#include "base/assert.h"
#include "capture/ptrace_session.h"
#include "capture/syscalls.h"

#define CODE_SEGMENT_32 0x23

/* How a SIGTRAP came about. */
enum trap {
	TRAP_STEPPED,	  /* the pending instruction is done */
	TRAP_NOT_STARTED, /* nothing ran: a handler or image was entered */
	TRAP_TARGETS_OWN, /* done, and the signal is the target's, too */
	TRAP_SENT,	  /* by somebody; nothing ran */
};

static const char *available(void)
{
	return NULL;
}

static const char *suits(const struct pw_capture_request *request)
{
	if (strcmp(request->machine, "x86_64") != 0)
		return "it steps x86-64 programs only";
	return NULL;
}

static enum pw_status open_session(void **out,
				   const struct pw_capture_request *request,
				   struct pw_error *err)
{
	struct pw_session *session = calloc(1, sizeof(*session));
	/* execv wants unqualified texts and changes none. */
	union {
		const char *const *in;
		char *const *out;
	} argv = {request->argv};
	enum pw_status st;

	PW_ASSERT(request->path && request->argv);
	*out = NULL;
	if (!session)
		return pw_fail_memory(err, "the recording");
	session->request = *request;
	session->space.maps = (struct pw_maps)PW_MAPS;
	session->space.stale = true;
	session->process.pid = -1;
	pw_xsave_layout_host(&session->layout);
	st = pw_insn_cache_open(&session->cache, err);
	if (st == PW_OK)
		st = pw_process_start(&session->process, request->path,
				      argv.out, request->aslr, err);
	if (st != PW_OK) {
		pw_insn_cache_close(session->cache);
		free(session);
		return st;
	}
	session->space.pid = session->process.pid;
	*out = session;
	return PW_OK;
}

/* A stopped process takes SIGTERM only once it is continued. */
static void pass_on_term(const struct pw_session *session)
{
	PW_ASSERT(session->process.pid > 0);
	if (session->process.ended)
		return;
	kill(session->process.pid, SIGTERM);
	if (session->group_stopped)
		kill(session->process.pid, SIGCONT);
}

static void close_session(void *state, struct pw_capture_result *result)
{
	struct pw_session *session = state;
	struct pw_stop stop;

	if (!session)
		return;
	if (pw_watcher_release(&session->watcher))
		pass_on_term(session);
	if (pw_process_end(&session->process, &stop))
		result->exit_status = stop.kind == PW_STOP_KILLED
					      ? 128 + stop.value
					      : stop.value;
	pw_address_space_free(&session->space);
	pw_insn_cache_close(session->cache);
	free(session);
}

static void finish(struct pw_session *session, enum pw_capture_end end)
{
	session->result->end = end;
	session->ended = true;
}

/* Finish when the clock or SIGTERM says so. */
static void check_watcher(struct pw_session *session)
{
	enum pw_watch reason = pw_watcher_reason(&session->watcher);

	if (reason == PW_WATCH_TIME)
		finish(session, PW_CAPTURE_SECONDS);
	else if (reason == PW_WATCH_TERM)
		finish(session, PW_CAPTURE_TERMINATED);
}

/* Bounds and SIGTERM; the target stands at a stop. */
static void check_limits(struct pw_session *session)
{
	const struct pw_capture_request *request = &session->request;
	const struct pw_recorded *done =
		pw_recorder_recorded(session->recorder);

	if (request->max_instructions &&
	    done->instructions >= request->max_instructions)
		finish(session, PW_CAPTURE_INSTRUCTIONS);
	else if (request->max_bytes && done->file_bytes >= request->max_bytes)
		finish(session, PW_CAPTURE_BYTES);
	else
		check_watcher(session);
}

static enum pw_status prepare(struct pw_session *session, struct pw_error *err)
{
	enum pw_status st = pw_session_prepare(session, err);

	if (st == PW_OK && (session->pending.insn->flags & PW_X86_SYSCALL))
		st = pw_session_enter_call(session, err);
	return st;
}

/* The instruction has been executed: keep its accesses. */
static enum pw_status commit(struct pw_session *session, struct pw_error *err)
{
	struct pw_pending *pending = &session->pending;
	const struct pw_x86_insn *insn = pending->insn;
	uint64_t pc = session->before.rip;
	enum pw_status st;

	PW_ASSERT(insn != NULL);
	if (insn->flags & PW_X86_UNKNOWN) {
		uint64_t length = session->now.rip - pc;

		session->result->instructions_unknown++;
		if (length > 0 && length <= PW_X86_LENGTH_MAX)
			pending->access[0].size_bytes = (uint32_t)length;
	}
	session->result->steps++;
	if (insn->form == PW_X86_REPEAT && session->now.rip == pc)
		session->repeat_pc = pc;
	st = pw_recorder_accesses(session->recorder, pc, pending->access,
				  pending->count, err);
	if (st == PW_OK && (insn->flags & PW_X86_PUSHES_FLAGS))
		pw_process_hide_step(&session->process, session->now.rsp);
	return st;
}

/*
 * A step needs no question when the instruction pointer has moved, or a
 * repetition has counted down; anything else may be a signal. So may a system
 * call: one SIGTRAP stands for the step and for what it sent to itself.
 */
static bool is_plain_step(const struct pw_session *session)
{
	const struct pw_x86_insn *insn = session->pending.insn;

	if (!insn || session->injected ||
	    (insn->flags & (PW_X86_BREAKPOINT | PW_X86_SYSCALL)))
		return false;
	return session->now.rip != session->before.rip ||
	       (insn->form == PW_X86_REPEAT &&
		session->now.rcx != session->before.rcx);
}

static enum trap classify(const struct pw_session *session)
{
	bool moved = session->now.rip != session->before.rip;
	uint64_t address;
	int code;

	if (is_plain_step(session))
		return TRAP_STEPPED;
	code = pw_process_signal_code(&session->process, &address);
	if (code == SI_KERNEL) /* int3 */
		return TRAP_TARGETS_OWN;
	if (code <= 0)
		return moved ? TRAP_TARGETS_OWN : TRAP_SENT;
	if (code == SIGTRAP) /* ptrace_notify at the start of a handler */
		return TRAP_NOT_STARTED;
	if (moved && session->pending.insn &&
	    (session->pending.insn->flags & PW_X86_BREAKPOINT)) /* int1 */
		return TRAP_TARGETS_OWN;
	if (code == TRAP_BRKPT && !moved) /* the end of exec */
		return TRAP_NOT_STARTED;
	return TRAP_STEPPED;
}

static enum pw_status record_signal(struct pw_session *session, int number,
				    struct pw_error *err)
{
	uint64_t address;
	int code = pw_process_signal_code(&session->process, &address);

	PW_ASSERT(number > 0);
	session->inject = number;
	return pw_recorder_event(
		session->recorder,
		&(struct pw_event){
			.kind = PW_EVENT_signal,
			.arg = {(uint64_t)number, (uint64_t)(int64_t)code,
				address},
		},
		err);
}

/* A call that the kernel will make again stays pending. */
static enum pw_status step_done(struct pw_session *session, bool *again,
				struct pw_error *err)
{
	uint8_t flags = session->pending.insn->flags;
	enum pw_status st = commit(session, err);

	PW_ASSERT(session->pending.count <= PW_X86_ACCESSES_MAX);
	*again = (flags & PW_X86_SYSCALL) &&
		 pw_syscall_restarts(session->now.rax);
	if (st == PW_OK && !*again &&
	    (flags & (PW_X86_SYSCALL | PW_X86_SYSCALL_32)))
		st = pw_session_leave_call(session, err);
	return st;
}

static enum pw_status on_trap(struct pw_session *session, struct pw_error *err)
{
	enum pw_status st = PW_OK;
	bool again = false;
	enum trap trap;

	if (!pw_process_registers(&session->process, &session->now))
		return PW_OK; /* killed meanwhile: wait tells */
	trap = classify(session);
	session->injected = 0;
	switch (trap) {
	case TRAP_SENT:
		return record_signal(session, SIGTRAP, err);
	case TRAP_TARGETS_OWN:
		st = step_done(session, &again, err);
		if (st == PW_OK)
			st = record_signal(session, SIGTRAP, err);
		break;
	case TRAP_STEPPED:
		st = step_done(session, &again, err);
		break;
	case TRAP_NOT_STARTED:
		pw_process_unblock_trap(&session->process);
		break;
	}
	if (st == PW_OK && !again)
		st = prepare(session, err);
	return st;
}

static enum pw_status on_exec(struct pw_session *session, struct pw_error *err)
{
	enum pw_status st = pw_session_exec(session, err);

	if (st != PW_OK ||
	    !pw_process_registers(&session->process, &session->now))
		return st;
	if (session->now.cs == CODE_SEGMENT_32) {
		finish(session, PW_CAPTURE_FOREIGN);
		return pw_session_unrecorded(session, 0, "32-bit program", err);
	}
	return prepare(session, err);
}

static enum pw_status on_stop(struct pw_session *session,
			      const struct pw_stop *stop, struct pw_error *err)
{
	switch (stop->kind) {
	case PW_STOP_TRAP:
		return on_trap(session, err);
	case PW_STOP_SIGNAL:
		return record_signal(session, stop->value, err);
	case PW_STOP_EXEC:
		return on_exec(session, err);
	case PW_STOP_EXITED:
	case PW_STOP_KILLED:
		session->result->exit_status =
			(stop->kind == PW_STOP_KILLED ? 128 : 0) + stop->value;
		finish(session, PW_CAPTURE_EXIT);
		return PW_OK;
	case PW_STOP_GROUP:
	case PW_STOP_RESUMED:
	case PW_STOP_ASKED:
		return PW_OK;
	}
	PW_ASSERT(false); /* no such kind of stop */
	return PW_OK;
}

/*
 * The recorder was interrupted while the target runs, perhaps asleep in a
 * call: make it stop, so that check_limits finds it standing. A nudge that
 * came too early is followed by others until then.
 */
static void answer(struct pw_session *session)
{
	if (pw_watcher_reason(&session->watcher) == PW_WATCH_NOTHING)
		return;
	if (pw_process_interrupt(&session->process))
		return;
	pw_process_abandon(&session->process);
	check_watcher(session);
}

static enum pw_status wait_for_stop(struct pw_session *session,
				    struct pw_stop *stop, struct pw_error *err)
{
	enum pw_status st = pw_process_wait(&session->process, stop, err);

	while (st == PW_OK &&
	       (stop->kind == PW_STOP_ASKED || stop->kind == PW_STOP_GROUP)) {
		if (stop->kind == PW_STOP_ASKED)
			answer(session);
		else if (pw_watcher_reason(&session->watcher) !=
			 PW_WATCH_NOTHING)
			break;
		else
			pw_process_listen(&session->process);
		if (session->ended)
			break;
		st = pw_process_wait(&session->process, stop, err);
	}
	return st;
}

static enum pw_status run_steps(struct pw_session *session,
				struct pw_error *err)
{
	struct pw_stop stop;
	enum pw_status st = prepare(session, err);

	while (st == PW_OK && !session->ended) {
		check_limits(session);
		if (session->ended) {
			if (!pw_process_trap_queued(&session->process))
				break;
			session->ended = false; /* take the SIGTRAP first */
		}
		if (session->inject)
			session->injected = session->inject;
		pw_process_step(&session->process, session->inject);
		session->inject = 0;
		st = wait_for_stop(session, &stop, err);
		session->group_stopped = stop.kind == PW_STOP_GROUP;
		if (st == PW_OK)
			st = on_stop(session, &stop, err);
	}
	return st;
}

/* Let the target go if it still lives. */
static void release(struct pw_session *session)
{
	if (session->process.ended)
		return;
	if (session->process.attached)
		pw_process_detach(&session->process, session->inject);
	if (session->result->end == PW_CAPTURE_TERMINATED)
		pass_on_term(session);
}

static double now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void fill_result(struct pw_session *session, double started)
{
	const struct pw_recorded *done =
		pw_recorder_recorded(session->recorder);
	struct pw_capture_result *result = session->result;

	PW_ASSERT(result != NULL);
	result->seconds = now_seconds() - started;
	result->instructions = done->instructions;
	result->accesses = done->accesses;
	result->events = done->events;
}

static enum pw_status record(void *state, struct pw_writer *writer,
			     struct pw_capture_result *result,
			     struct pw_error *err)
{
	struct pw_session *session = state;
	double started = now_seconds();
	enum pw_status st;

	PW_ASSERT(session->process.attached && !session->recorder);
	*result = (struct pw_capture_result){.end = PW_CAPTURE_EXIT};
	session->result = result;
	st = pw_recorder_open(&session->recorder, writer, session->process.pid,
			      err);
	if (st == PW_OK)
		st = pw_watcher_start(&session->watcher,
				      session->request.max_seconds, err);
	if (st == PW_OK &&
	    pw_process_registers(&session->process, &session->now))
		st = pw_address_space_record(&session->space, session->recorder,
					     err);
	if (st == PW_OK)
		st = run_steps(session, err);
	pw_watcher_stop(&session->watcher);
	release(session);
	if (st == PW_OK)
		st = pw_recorder_flush(session->recorder, err);
	if (session->recorder)
		fill_result(session, started);
	pw_recorder_close(session->recorder);
	session->recorder = NULL;
	return st;
}

const struct pw_engine_ops pw_engine_ptrace = {
	.name = "ptrace",
	.summary = "single steps: exact, native addresses, about 50,000 "
		   "instructions a second",
	.source = "ptrace(2); Linux arch/x86/kernel/step.c",
	.layout = "native",
	.available = available,
	.suits = suits,
	.open = open_session,
	.record = record,
	.close = close_session,
};
