/*
 * ptrace_tracee.h - the ptrace requests and their quirks, one task at a time.
 *
 * Tasks are seized, not made TRACEME children: so job control (Ctrl-Z,
 * SIGSTOP, SIGCONT) works as it does without a tracer.
 */
#ifndef PW_CAPTURE_PTRACE_TRACEE_H
#define PW_CAPTURE_PTRACE_TRACEE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#include "base/status.h"

enum pw_stop_kind {
	PW_STOP_TRAP,	 /* SIGTRAP: a step, a breakpoint, or kill -TRAP */
	PW_STOP_SIGNAL,	 /* about to get a signal: value */
	PW_STOP_EXEC,	 /* a new image is in place */
	PW_STOP_BIRTH,	 /* has made a task, which stops by itself */
	PW_STOP_GROUP,	 /* stopped by job control: pw_tracee_listen */
	PW_STOP_RESUMED, /* new, interrupted or continued: step again */
	PW_STOP_EXITED,	 /* value: exit status */
	PW_STOP_KILLED,	 /* value: signal */
	PW_STOP_ASKED,	 /* no stop: a signal reached the recorder */
	PW_STOP_NONE,	 /* no task is left that could stop */
};

struct pw_stop {
	enum pw_stop_kind kind;
	int value;
	pid_t tid; /* of the task that stopped or ended */
};

/*
 * Attach to @tid, with births and execs reported. With @exit_kill it does not
 * survive the recorder.
 *
 * Errors: false, and errno says why.
 */
bool pw_tracee_seize(pid_t tid, bool exit_kill);

/*
 * Read the general registers.
 *
 * Errors: false when the task is gone.
 */
bool pw_tracee_registers(pid_t tid, struct user_regs_struct *regs);

/*
 * Read the xsave area of the standard form.
 *
 * Units: bytes; 0 when the task is gone.
 */
size_t pw_tracee_xstate(pid_t tid, uint8_t *area, size_t area_bytes);

/*
 * Read memory of the task, up to the first byte that cannot be read.
 *
 * Units: bytes read.
 */
size_t pw_tracee_read(pid_t tid, uint64_t address, void *buffer, size_t bytes);

/*
 * The same where only execution is allowed; at most a page.
 *
 * Units: bytes read.
 */
size_t pw_tracee_read_code(pid_t tid, uint64_t address, uint8_t *bytes,
			   size_t count);

/*
 * Clear the trap flag, which is the tracer's, in the flags that the task has
 * just pushed to @address.
 */
void pw_tracee_hide_step(pid_t tid, uint64_t address);

/*
 * Let SIGTRAP through in a signal handler that has just been entered: a step
 * with SIGTRAP blocked would cost the process its own handler of it.
 *
 * Source: Linux kernel/signal.c, force_sig_info_to_task.
 */
void pw_tracee_unblock_trap(pid_t tid);

/*
 * Run one instruction, delivering @signal first unless it is 0.
 */
void pw_tracee_step(pid_t tid, int signal);

/*
 * Stay stopped by job control until the process is continued.
 */
void pw_tracee_listen(pid_t tid);

/*
 * Make a running task stop soon.
 */
void pw_tracee_interrupt(pid_t tid);

/*
 * Let the stopped task run on untraced, delivering @signal unless it is 0.
 */
void pw_tracee_detach(pid_t tid, int signal);

/*
 * Wait for the next stop of @tid, or of any task with -1.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_tracee_wait(pid_t tid, struct pw_stop *stop,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * What siginfo says of the present stop: its code and, for a fault, address.
 */
int pw_tracee_signal_code(pid_t tid, uint64_t *address);

/*
 * The number that comes with a birth (the new task's) or an exec (the task's
 * own before it).
 */
pid_t pw_tracee_message(pid_t tid);

/*
 * Whether a step has ended in a SIGTRAP that is still to come: the task must
 * be stepped once more before it is let go, or the signal kills it.
 */
bool pw_tracee_trap_queued(pid_t tid);

/*
 * Whether the task has ended but cannot be waited for, since it was its
 * process's first and others go on: nothing will make it stop.
 */
bool pw_tracee_is_dead(pid_t tid);

#endif
