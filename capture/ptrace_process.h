/*
 * ptrace_process.h - start a program, step it, stop, let it go.
 *
 * The program is seized, not made a TRACEME child: so job control (Ctrl-Z,
 * SIGSTOP, SIGCONT) works as it does without a tracer.
 */
#ifndef PW_CAPTURE_PTRACE_PROCESS_H
#define PW_CAPTURE_PTRACE_PROCESS_H

#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#include "base/status.h"

#define PW_CHANGED_SIGNALS 5

struct pw_process {
	pid_t pid;
	bool attached;
	bool ended;
	bool recorder_pinned; /* go back to "original" in the end */
	bool target_pinned;   /* the target has made no choice of its own */
	cpu_set_t original;   /* where both were allowed to run before */
	struct sigaction before[PW_CHANGED_SIGNALS];
};

enum pw_stop_kind {
	PW_STOP_TRAP,	 /* SIGTRAP: a step, a breakpoint, or kill -TRAP */
	PW_STOP_SIGNAL,	 /* about to get a signal: value */
	PW_STOP_EXEC,	 /* a new image is in place */
	PW_STOP_GROUP,	 /* stopped by job control: pw_process_listen */
	PW_STOP_RESUMED, /* interrupted or continued: step again */
	PW_STOP_EXITED,	 /* value: exit status */
	PW_STOP_KILLED,	 /* value: signal */
	PW_STOP_ASKED,	 /* no stop: a signal reached the recorder */
};

struct pw_stop {
	enum pw_stop_kind kind;
	int value;
};

/*
 * Start @path with @argv (ended by NULL) on the processor the caller runs on,
 * to which both are pinned: a stop costs several times less there. It stands
 * at the first instruction of its image. SIGINT, SIGQUIT and SIGHUP are
 * ignored by the caller from here on, since a terminal sends them to the
 * target too, and SIGXFSZ, so that writing the trace fails instead. SIGCHLD
 * gets its default action, so that the exit status is not thrown away.
 *
 * Owns:   end it with pw_process_end.
 * Errors: PW_ERR_TARGET it cannot be executed or traced; PW_ERR_SYSTEM.
 */
enum pw_status pw_process_start(struct pw_process *process, const char *path,
				char *const *argv, bool aslr,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * Read the general registers.
 *
 * Errors: false when the process is gone.
 */
bool pw_process_registers(const struct pw_process *process,
			  struct user_regs_struct *regs);

/*
 * Read the xsave area of the standard form.
 *
 * Units:  bytes; 0 when the process is gone.
 */
size_t pw_process_xstate(const struct pw_process *process, uint8_t *area,
			 size_t area_bytes);

/*
 * Read memory of the process, up to the first byte that cannot be read.
 *
 * Units: bytes read.
 */
size_t pw_process_read(const struct pw_process *process, uint64_t address,
		       void *buffer, size_t bytes);

/*
 * The same for instruction bytes, also where only execution is allowed.
 *
 * Units: bytes read.
 */
size_t pw_process_read_code(const struct pw_process *process, uint64_t address,
			    uint8_t *bytes, size_t count);

/*
 * Clear the trap flag, which is the tracer's, in the flags that the process
 * has just pushed to @address.
 */
void pw_process_hide_step(const struct pw_process *process, uint64_t address);

/*
 * Let SIGTRAP through in a signal handler that has just been entered: a step
 * with SIGTRAP blocked would cost the process its own handler of it.
 *
 * Source: Linux kernel/signal.c, force_sig_info_to_task.
 */
void pw_process_unblock_trap(const struct pw_process *process);

/*
 * Run one instruction, delivering @signal first unless it is 0.
 */
void pw_process_step(const struct pw_process *process, int signal);

/*
 * Stay stopped by job control until the process is continued.
 */
void pw_process_listen(const struct pw_process *process);

/*
 * Wait for the next stop.
 *
 * Errors: PW_ERR_SYSTEM the process cannot be waited for.
 */
enum pw_status pw_process_wait(struct pw_process *process, struct pw_stop *stop,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * What siginfo says of the present stop: its code and, for a fault, address.
 */
int pw_process_signal_code(const struct pw_process *process, uint64_t *address);

/*
 * Follow the target after it has called sched_setaffinity for @task.
 */
void pw_process_follow(struct pw_process *process, pid_t task);

/*
 * Whether a step has ended in a SIGTRAP that is still to come: the process
 * must be stepped once more before it is let go, or the signal kills it.
 */
bool pw_process_trap_queued(const struct pw_process *process);

/*
 * Let the stopped process run on untraced, delivering @signal unless it is 0,
 * where it was allowed to run before.
 */
void pw_process_detach(struct pw_process *process, int signal);

/*
 * Stop a running process in order to detach it: the next stop comes soon.
 *
 * Errors: false when no stop will come, since the first thread has ended and
 *         others go on.
 */
bool pw_process_interrupt(const struct pw_process *process);

/*
 * Let a process go of which pw_process_interrupt has said that it will not
 * stop: only its end can be waited for.
 */
void pw_process_abandon(struct pw_process *process);

/*
 * Wait for the end of a process that was let go, or kill one that is still
 * traced; then go back to the processors and the signals of before. False when
 * it had ended already, else *stop says how it ended.
 */
bool pw_process_end(struct pw_process *process, struct pw_stop *stop);

#endif
