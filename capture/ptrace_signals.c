/*
 * ptrace_signals.c - signals, and the frames that the kernel makes on stacks.
 *
 * Source: Linux arch/x86/kernel/signal_64.c (x64_setup_rt_frame,
 *         rt_sigreturn), arch/x86/include/uapi/asm/sigcontext.h.
 */
#include "capture/ptrace_session.h"

#include <signal.h>

#include "base/assert.h"

/* struct rt_sigframe: return address, ucontext, siginfo. */
#define CONTEXT_OFFSET 8
#define MACHINE_OFFSET (CONTEXT_OFFSET + 40) /* uc_mcontext */
#define STATE_OFFSET (MACHINE_OFFSET + 184)  /* its pointer fpstate */
#define MACHINE_END (MACHINE_OFFSET + 192)   /* what is behind is reserved */
#define MASK_OFFSET (MACHINE_OFFSET + 256)   /* uc_sigmask */
#define MASK_BYTES 8
#define INFO_OFFSET (MASK_OFFSET + MASK_BYTES)
#define INFO_BYTES 128

/* The area of vector registers: what is in its bytes for software. */
#define LEGACY_BYTES 512
#define MAGIC_OFFSET 464
#define MAGIC 0x46505853u

/* Within struct kernel_sigaction. */
#define FLAGS_OFFSET 8

/*
 * A step needs no question when the instruction pointer has moved, or a
 * repetition has counted down; anything else may be a signal. So may a system
 * call: one SIGTRAP stands for the step and for what it sent to itself.
 */
static bool is_plain_step(const struct pw_task *task)
{
	if (!task->pending.ready || task->injected ||
	    (task->pending.flags & (PW_X86_BREAKPOINT | PW_X86_SYSCALL)))
		return false;
	return task->now.rip != task->before.rip ||
	       (task->pending.form == PW_X86_REPEAT &&
		task->now.rcx != task->before.rcx);
}

enum pw_trap pw_task_classify(const struct pw_task *task)
{
	bool moved = task->now.rip != task->before.rip;
	uint64_t address;
	int code;

	if (is_plain_step(task))
		return PW_TRAP_STEPPED;
	code = pw_tracee_signal_code(task->tid, &address);
	if (code == SI_KERNEL) /* int3 */
		return PW_TRAP_TARGETS_OWN;
	if (code <= 0)
		return moved && task->pending.ready ? PW_TRAP_TARGETS_OWN
						    : PW_TRAP_SENT;
	if (code == SIGTRAP) /* ptrace_notify at the start of a handler */
		return PW_TRAP_NOT_STARTED;
	if (moved && task->pending.ready &&
	    (task->pending.flags & PW_X86_BREAKPOINT)) /* int1 */
		return PW_TRAP_TARGETS_OWN;
	if (code == TRAP_BRKPT && !moved) /* the end of exec */
		return PW_TRAP_NOT_STARTED;
	return task->pending.ready ? PW_TRAP_STEPPED : PW_TRAP_NOT_STARTED;
}

/* What the pending instruction would have done at @address. */
static uint64_t find_access(const struct pw_task *task, uint64_t address)
{
	const struct pw_pending *pending = &task->pending;
	unsigned kinds = 0;

	for (size_t i = 0; pending->ready && i < pending->count; i++)
		if (address - pending->access[i].address <
		    pending->access[i].size_bytes)
			kinds |= pending->access[i].kind;
	if (kinds & PW_ACCESS_STORE)
		return 2;
	return kinds & PW_ACCESS_LOAD ? 1 : 0;
}

enum pw_status pw_task_signal(struct pw_session *session, struct pw_task *task,
			      int number, struct pw_error *err)
{
	uint64_t address;
	int code = pw_tracee_signal_code(task->tid, &address);

	PW_ASSERT(number > 0);
	task->inject = number;
	return pw_task_event(
		session, task,
		&(struct pw_event){
			.kind = PW_EVENT_signal,
			.arg = {(uint64_t)number, (uint64_t)(int64_t)code,
				address,
				code > 0 ? find_access(task, address) : 0},
		},
		err);
}

/* The frame at @address, and how large the area of its registers is. */
static void find_frame(const struct pw_task *task, uint64_t address,
		       struct pw_signal_frame *frame)
{
	uint32_t software[2] = {0}; /* magic1, extended_size */

	PW_ASSERT(task->tid > 0);
	*frame = (struct pw_signal_frame){.address = address,
					  .state_bytes = LEGACY_BYTES};
	pw_tracee_read(task->tid, address + STATE_OFFSET, &frame->state,
		       sizeof(frame->state));
	pw_tracee_read(task->tid, frame->state + MAGIC_OFFSET, software,
		       sizeof(software));
	if (software[0] == MAGIC && software[1] >= LEGACY_BYTES)
		frame->state_bytes = software[1];
}

enum pw_status pw_task_entered_handler(struct pw_session *session,
				       struct pw_task *task,
				       struct pw_error *err)
{
	uint64_t at = task->now.rsp;
	struct pw_signal_frame frame;
	bool with_info =
		task->process->info_signals >> (unsigned)(task->injected - 1) &
		1;
	enum pw_status st = PW_OK;

	PW_ASSERT(task->injected > 0);
	find_frame(task, at, &frame);
	if (frame.state)
		st = pw_task_kernel_access(session, task, frame.state,
					   frame.state_bytes, true, err);
	if (st == PW_OK)
		st = pw_task_kernel_access(session, task, at, MACHINE_END, true,
					   err);
	if (st == PW_OK)
		st = pw_task_kernel_access(session, task, at + MASK_OFFSET,
					   MASK_BYTES, true, err);
	if (st == PW_OK && with_info)
		st = pw_task_kernel_access(session, task, at + INFO_OFFSET,
					   INFO_BYTES, true, err);
	return st;
}

/* The return address has been popped. */
void pw_task_enter_sigreturn(struct pw_task *task)
{
	find_frame(task, task->before.rsp - CONTEXT_OFFSET, &task->frame);
}

enum pw_status pw_task_leave_sigreturn(struct pw_session *session,
				       const struct pw_task *task,
				       struct pw_error *err)
{
	const struct pw_signal_frame *frame = &task->frame;
	enum pw_status st;

	PW_ASSERT(frame->address != 0);
	st = pw_task_kernel_access(session, task, frame->address + MASK_OFFSET,
				   MASK_BYTES, false, err);
	if (st == PW_OK)
		st = pw_task_kernel_access(
			session, task, frame->address + CONTEXT_OFFSET,
			MACHINE_END - CONTEXT_OFFSET, false, err);
	if (st == PW_OK && frame->state)
		st = pw_task_kernel_access(session, task, frame->state,
					   frame->state_bytes, false, err);
	if (st != PW_OK)
		return st;
	return pw_task_event(session, task,
			     &(struct pw_event){.kind = PW_EVENT_sigreturn},
			     err);
}

void pw_task_handler_set(struct pw_task *task, uint64_t number, uint64_t action)
{
	uint64_t flags = 0;

	if (number < 1 || number > 64 || action == 0 ||
	    pw_tracee_read(task->tid, action + FLAGS_OFFSET, &flags,
			   sizeof(flags)) != sizeof(flags))
		return;
	task->process->info_signals &= ~(UINT64_C(1) << (number - 1));
	if (flags & SA_SIGINFO)
		task->process->info_signals |= UINT64_C(1) << (number - 1);
}
