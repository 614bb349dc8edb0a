/*
 * ptrace_session.h - one recording by single steps, and its parts.
 *
 * A session has processes, these have tasks (threads); tasks share address
 * spaces, also across processes after vfork. One task at a time runs an
 * instruction of its own, so the order of the trace is that in which they were
 * executed; any number of tasks may be in system calls meanwhile.
 */
#ifndef PW_CAPTURE_PTRACE_SESSION_H
#define PW_CAPTURE_PTRACE_SESSION_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/user.h>

#include "base/array.h"
#include "capture/address_space.h"
#include "capture/call.h"
#include "capture/engine.h"
#include "capture/evaluate_x86.h"
#include "capture/insn_cache.h"
#include "capture/limits.h"
#include "capture/ptrace_host.h"
#include "capture/ptrace_tracee.h"
#include "capture/recorder.h"
#include "capture/scope.h"
#include "capture/start.h"
#include "capture/watcher.h"

#define PW_XSTATE_BYTES_MAX 16384

/* What a task executes next, and what that will touch. */
struct pw_pending {
	bool ready;    /* the rest holds, until the instruction is done */
	bool recorded; /* the accesses are in the trace already */
	bool reported; /* a call: its outcome is, too */
	uint8_t flags; /* enum pw_x86_flag bits */
	uint8_t form;  /* enum pw_x86_form */
	size_t count;
	struct pw_x86_access access[PW_X86_ACCESSES_MAX];
};

/* An address space, and the code in it. */
struct pw_traced_space {
	struct pw_address_space mappings;
	struct pw_insn_cache *cache;
	size_t users;		/* recorded tasks */
	uint64_t program_break; /* as brk told last; 0 when unknown */
	uint64_t decoded_page;	/* where code was decoded last */
	bool shared;		/* unrecorded tasks may change it, too */
};

struct pw_traced_process {
	uint32_t index;
	pid_t pid;
	size_t tasks;
	uint64_t info_signals; /* bit n - 1: the handler of n gets a siginfo */
	bool death_recorded;
};

/* Where the kernel finds the registers to go back to after a handler. */
struct pw_signal_frame {
	uint64_t address; /* of the return address */
	uint64_t state;	  /* of the vector registers; 0 for none */
	uint32_t state_bytes;
};

struct pw_task {
	pid_t tid;
	uint32_t thread; /* in the trace */
	struct pw_traced_process *process;
	struct pw_traced_space *space;
	struct user_regs_struct before; /* of the pending instruction */
	struct user_regs_struct now;	/* at the present stop */
	struct pw_pending pending;
	uint64_t repeat_pc;   /* a rep that has made an iteration; else 0 */
	uint64_t clear_tid;   /* word the kernel clears at the end; 0: none */
	uint64_t robust_list; /* head of the list it reads then; 0: none */
	uint64_t gap;	      /* instructions not recorded since the last gap */
	int inject;	      /* signal to deliver with the next step */
	int injected;	      /* one delivered since the last trap */
	bool standing;	      /* stopped, and may be stepped */
	bool group_stopped;   /* by job control */
	bool pinned;	      /* it has made no choice of processors itself */
	cpu_set_t original;   /* where it was allowed to run before */
	struct pw_signal_frame frame; /* of a pending sigreturn */
	struct pw_call call;
	struct pw_call_scratch scratch;
};

struct pw_session {
	struct pw_capture_request request;
	struct pw_host host;
	struct pw_recorder *recorder; /* while recording */
	struct pw_capture_result *result;
	struct pw_watcher watcher;
	struct pw_limits limits;
	struct pw_scope scope;
	struct pw_start start;
	bool scoped;	       /* the scope is more than everything */
	bool open;	       /* accesses are wanted now */
	struct pw_array tasks; /* struct pw_task * */
	struct pw_array early; /* pid_t: stopped before their birth was told */
	size_t current;	       /* whose turn it is */
	unsigned turn;	       /* instructions left of it */
	struct pw_task *stepping; /* in an instruction that is no call */
	uint32_t processes;
	pid_t first_pid;  /* of the first process */
	bool first_ended; /* its exit status is known */
	int first_status;
	bool foreign; /* a 32-bit program has been let go */
	bool ended;
	int64_t started_ns;
	struct pw_xsave_layout layout;
	struct pw_x86_vectors vectors;
	uint8_t xstate[PW_XSTATE_BYTES_MAX];
};

/* How a SIGTRAP came about. */
enum pw_trap {
	PW_TRAP_STEPPED,     /* the pending instruction is done */
	PW_TRAP_NOT_STARTED, /* nothing ran: a handler or image was entered */
	PW_TRAP_TARGETS_OWN, /* done, and the signal is the target's, too */
	PW_TRAP_SENT,	     /* by somebody; nothing ran */
};

/* ptrace_tasks.c */

/*
 * Whether @result says that the kernel will make the call again, or turn the
 * result into EINTR, after a signal.
 *
 * Source: Linux include/linux/errno.h (ERESTARTSYS ... ERESTART_RESTARTBLOCK).
 */
bool pw_call_restarts(uint64_t result);

/*
 * The task of that number, or NULL.
 */
struct pw_task *pw_session_find(const struct pw_session *session, pid_t tid);

/*
 * Add a task that stands at a stop. Without @creator it begins a process, or
 * joins that of the first task when @flags say CLONE_THREAD.
 *
 * Units:  @flags of clone: CLONE_THREAD and CLONE_VM matter.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_session_add(struct pw_session *session, pid_t tid,
			      const struct pw_task *creator, uint64_t flags,
			      struct pw_task **out,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Declare the task in the trace, and say where it runs.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_session_declare(struct pw_session *session,
				  struct pw_task *task,
				  const struct pw_task *creator,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * Give the task a space of its own, which nothing is known of.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_session_new_space(struct pw_task *task,
				    struct pw_error *err) PW_MUST_CHECK;

/*
 * Forget the task.
 */
void pw_session_remove(struct pw_session *session, struct pw_task *task);

/*
 * End the recording.
 */
void pw_session_finish(struct pw_session *session, enum pw_capture_end end);

/* ptrace_prepare.c */

/*
 * Decode the instruction at task->now and evaluate what it will touch; what
 * must be recorded before a system call is.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_task_prepare(struct pw_session *session, struct pw_task *task,
			       struct pw_error *err) PW_MUST_CHECK;

/* ptrace_record.c */

/*
 * Record the accesses of the pending instruction, once.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_task_record(struct pw_session *session, struct pw_task *task,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Record that the kernel has read or written memory for the task.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_task_kernel_access(struct pw_session *session,
				     const struct pw_task *task,
				     uint64_t address, uint64_t bytes,
				     bool store,
				     struct pw_error *err) PW_MUST_CHECK;

/*
 * Record an event of the task; a mark may open or close the scope.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_task_event(struct pw_session *session,
			     const struct pw_task *task,
			     const struct pw_event *event,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Record something that was done but cannot be shown: call @number, @why.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_task_unrecorded(struct pw_session *session,
				  const struct pw_task *task, uint64_t number,
				  const char *why,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * Record the processor on which the task is.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_task_cpu(struct pw_session *session,
			   const struct pw_task *task,
			   struct pw_error *err) PW_MUST_CHECK;

/*
 * Record how many instructions of the task were left out, if any.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_task_gap(struct pw_session *session, struct pw_task *task,
			   struct pw_error *err) PW_MUST_CHECK;

/* ptrace_image.c */

/*
 * Begin: of no file has been told what the page cache holds.
 *
 * Owns: end session->start with pw_start_close.
 */
void pw_session_open_images(struct pw_session *session);

/*
 * Record the image that the task has: mappings, present pages, modules,
 * limits, and what the page cache holds of its files. It is @fresh if nothing
 * has run since exec.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_task_image(struct pw_session *session, struct pw_task *task,
			     bool fresh, struct pw_error *err) PW_MUST_CHECK;

/*
 * The task has mapped the file behind @fd: record what the page cache holds of
 * it.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_task_mapped(struct pw_session *session, struct pw_task *task,
			      int fd, struct pw_error *err) PW_MUST_CHECK;

/* ptrace_calls.c */

/*
 * Record what must be recorded before the pending system call is made.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_task_enter_call(struct pw_session *session,
				  struct pw_task *task,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * Record the pending system call, of which @result is known now.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_task_leave_call(struct pw_session *session,
				  struct pw_task *task, uint64_t result,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * Flags of the pending call, which makes a child.
 */
uint64_t pw_task_child_flags(struct pw_session *session, struct pw_task *task);

/*
 * Mappings in [@start, @start + @bytes) have changed: forget their code.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_task_space_changed(struct pw_task *task, uint64_t start,
				     uint64_t bytes,
				     struct pw_error *err) PW_MUST_CHECK;

/*
 * Record what the kernel touches when the task ends.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_task_end_accesses(struct pw_session *session,
				    struct pw_task *task,
				    struct pw_error *err) PW_MUST_CHECK;

/* ptrace_signals.c */

/*
 * Find out how the present SIGTRAP came about; task->now is read.
 */
enum pw_trap pw_task_classify(const struct pw_task *task);

/*
 * Record the signal that is about to be delivered.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_task_signal(struct pw_session *session, struct pw_task *task,
			      int number, struct pw_error *err) PW_MUST_CHECK;

/*
 * A handler has been entered: record what the kernel wrote for it.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_task_entered_handler(struct pw_session *session,
				       struct pw_task *task,
				       struct pw_error *err) PW_MUST_CHECK;

/*
 * The task will return from a handler: find what the kernel will read.
 */
void pw_task_enter_sigreturn(struct pw_task *task);

/*
 * The task has returned from a handler.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_task_leave_sigreturn(struct pw_session *session,
				       const struct pw_task *task,
				       struct pw_error *err) PW_MUST_CHECK;

/*
 * The task has set the handler of signal @number as at @action.
 */
void pw_task_handler_set(struct pw_task *task, uint64_t number,
			 uint64_t action);

/* ptrace_births.c */

/*
 * A task has appeared that nobody has told of yet.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_session_early(struct pw_session *session, pid_t tid,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * Wait for the first stop of a new task.
 *
 * Errors: false when it has ended before.
 */
bool pw_session_collect(struct pw_session *session, pid_t tid);

/*
 * The task has made another one: record it, or let it go.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_session_birth(struct pw_session *session,
				struct pw_task *task,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * The process of @task, whose number was another before when it was not the
 * first thread, has a new image.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_session_exec(struct pw_session *session, struct pw_task *task,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * The task, or one that is not recorded, has ended.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_session_end(struct pw_session *session, struct pw_task *task,
			      const struct pw_stop *stop,
			      struct pw_error *err) PW_MUST_CHECK;

/* ptrace_start.c, ptrace_attach.c, ptrace_release.c */

/*
 * Start the program of the request and hold it at its first instruction.
 *
 * Errors: PW_ERR_TARGET, PW_ERR_SYSTEM.
 */
enum pw_status pw_session_start(struct pw_session *session,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * Attach to the process of the request and stop all its threads. They are let
 * go by pw_session_release, also after a failure.
 *
 * Errors: PW_ERR_TARGET, PW_ERR_SYSTEM.
 */
enum pw_status pw_session_attach(struct pw_session *session,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * Run all the steps of the recording.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_session_run(struct pw_session *session,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Let a stopped task run, where @like was allowed to run before.
 */
void pw_session_let_go(pid_t tid, const struct pw_task *like, int signal);

/*
 * Let all tasks go and forget them.
 */
void pw_session_release(struct pw_session *session);

/*
 * Wait for the end of a first process that the session has started.
 */
void pw_session_await_end(struct pw_session *session);

#endif
