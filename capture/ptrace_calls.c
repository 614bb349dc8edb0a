/*
 * ptrace_calls.c - system calls of the target become events.
 */
#include "capture/ptrace_session.h"

#include <asm/prctl.h>
#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/bits.h"
#include "capture/syscalls.h"

#define CALL_ARGS 6
#define NAME_BYTES 16
#define SHADOW_STACK_ENABLE 0x5001  /* ARCH_SHSTK_ENABLE */
#define SHADOW_STACK_DISABLE 0x5002 /* ARCH_SHSTK_DISABLE */

/* Arguments of the pending call, in order. */
static void call_arguments(const struct pw_session *session,
			   uint64_t arg[CALL_ARGS])
{
	const struct user_regs_struct *regs = &session->before;

	arg[0] = regs->rdi;
	arg[1] = regs->rsi;
	arg[2] = regs->rdx;
	arg[3] = regs->r10;
	arg[4] = regs->r8;
	arg[5] = regs->r9;
}

static bool failed(uint64_t result)
{
	return (int64_t)result < 0 && (int64_t)result > -4096;
}

enum pw_status pw_session_unrecorded(struct pw_session *session,
				     uint64_t number, const char *why,
				     struct pw_error *err)
{
	return pw_recorder_event(session->recorder,
				 &(struct pw_event){
					 .kind = PW_EVENT_unrecorded,
					 .arg = {number},
					 .text = why,
				 },
				 err);
}

/* The space has changed in [start, start + bytes): forget its code. */
static enum pw_status space_changed(struct pw_session *session, uint64_t start,
				    uint64_t bytes, struct pw_error *err)
{
	uint64_t end = start + bytes;

	session->space.stale = true;
	end = end < start ? UINT64_MAX : end;
	end = end > UINT64_MAX - PW_PAGE_BYTES ? end : end + PW_PAGE_BYTES - 1;
	return pw_insn_cache_drop(session->cache, start,
				  end & ~(PW_PAGE_BYTES - 1), err);
}

/* An event with the call's own arguments and result. */
static void copy_call(const struct pw_session *session,
		      const struct pw_syscall_info *info,
		      struct pw_event *event)
{
	uint64_t arg[CALL_ARGS];

	PW_ASSERT(info->args <= CALL_ARGS);
	call_arguments(session, arg);
	*event = (struct pw_event){.kind = info->event,
				   .result = session->now.rax};
	memcpy(event->arg, arg, info->args * sizeof(arg[0]));
}

/* The heap has grown or shrunk between its old end and @now. */
static enum pw_status move_break(struct pw_session *session, uint64_t now,
				 struct pw_error *err)
{
	uint64_t old = session->program_break;
	uint64_t start = old && old < now ? old : now;

	session->program_break = now;
	if (old == now)
		return PW_OK;
	return space_changed(session, start,
			     (old ? old + now - 2 * start : UINT64_MAX - start),
			     err);
}

static enum pw_status leave_space(struct pw_session *session,
				  const struct pw_syscall_info *info,
				  struct pw_error *err)
{
	uint64_t result = session->now.rax;
	struct pw_event event;
	enum pw_status st;

	PW_ASSERT(info->args > 0);
	copy_call(session, info, &event);
	st = pw_recorder_event(session->recorder, &event, err);
	if (st != PW_OK || failed(result))
		return st;
	if (info->event == PW_EVENT_brk)
		return move_break(session, result, err);
	if (info->event == PW_EVENT_mremap) {
		st = space_changed(session, result, event.arg[2], err);
		if (st != PW_OK)
			return st;
	}
	return space_changed(session, event.arg[0], event.arg[1], err);
}

static enum pw_status leave_mmap(struct pw_session *session,
				 const struct pw_syscall_info *info,
				 struct pw_error *err)
{
	uint64_t result = session->now.rax;
	struct pw_mapped_file file = {0};
	struct pw_event event;
	enum pw_status st;

	PW_ASSERT(info->event == PW_EVENT_mmap && info->args == CALL_ARGS);
	copy_call(session, info, &event);
	if (!(event.arg[3] & MAP_ANONYMOUS)) {
		pw_address_space_file(session->process.pid, (int)event.arg[4],
				      &file);
		event.arg[6] = file.device;
		event.arg[7] = file.inode;
		event.arg[8] = file.bytes;
		event.text = file.path;
	}
	st = pw_recorder_event(session->recorder, &event, err);
	if (st != PW_OK || failed(result))
		return st;
	st = space_changed(session, result, event.arg[1], err);
	if (st != PW_OK || !(event.arg[2] & PROT_EXEC) ||
	    (event.arg[3] & MAP_ANONYMOUS))
		return st;
	return pw_address_space_record_module(&session->space, result,
					      session->recorder, err);
}

/* The call has made a mapping at @address. */
static enum pw_status leave_attach(struct pw_session *session, uint64_t address,
				   struct pw_error *err)
{
	enum pw_status st;

	if (failed(session->now.rax))
		return PW_OK;
	st = space_changed(session, address, PW_PAGE_BYTES, err);
	if (st != PW_OK)
		return st;
	return pw_address_space_record_map(&session->space, address,
					   session->recorder, err);
}

/* A context of asynchronous input and output is the address of its ring. */
static enum pw_status leave_ring(struct pw_session *session,
				 struct pw_error *err)
{
	uint64_t arg[CALL_ARGS];
	uint64_t context = 0;

	call_arguments(session, arg);
	pw_process_read(&session->process, arg[1], &context, sizeof(context));
	return leave_attach(session, context, err);
}

static enum pw_status leave_detach(struct pw_session *session,
				   struct pw_error *err)
{
	uint64_t arg[CALL_ARGS];
	enum pw_status st;

	if (failed(session->now.rax))
		return PW_OK;
	call_arguments(session, arg);
	st = pw_recorder_event(session->recorder,
			       &(struct pw_event){
				       .kind = PW_EVENT_munmap,
				       .arg = {arg[0], session->detached_bytes},
			       },
			       err);
	if (st != PW_OK)
		return st;
	return space_changed(session, arg[0], session->detached_bytes, err);
}

static enum pw_status leave_name(struct pw_session *session,
				 struct pw_error *err)
{
	char name[NAME_BYTES + 1] = {0};
	uint64_t arg[CALL_ARGS];

	call_arguments(session, arg);
	if (failed(session->now.rax))
		return PW_OK;
	pw_process_read(&session->process, arg[1], name, NAME_BYTES - 1);
	return pw_recorder_event(session->recorder,
				 &(struct pw_event){
					 .kind = PW_EVENT_mark,
					 .text = name,
				 },
				 err);
}

static uint64_t child_flags(struct pw_session *session,
			    const struct pw_syscall_info *info)
{
	uint64_t flags = 0;

	if (info->number == SYS_clone)
		return session->before.rdi;
	if (info->number == SYS_vfork)
		return CLONE_VM | CLONE_VFORK;
	if (info->number == SYS_clone3)
		pw_process_read(&session->process, session->before.rdi, &flags,
				sizeof(flags));
	return flags;
}

/* A vfork's child is done with the space now; others go on in it. */
static enum pw_status space_shared(struct pw_session *session, uint64_t flags,
				   struct pw_error *err)
{
	if (!(flags & CLONE_VFORK)) {
		session->shared_space = true;
		session->decoded_page = 0;
	}
	return space_changed(session, 0, UINT64_MAX, err);
}

static enum pw_status leave_child(struct pw_session *session,
				  const struct pw_syscall_info *info,
				  struct pw_error *err)
{
	uint64_t result = session->now.rax;
	uint64_t flags = child_flags(session, info);
	enum pw_status st;

	PW_ASSERT(info->event == PW_EVENT_clone);
	if (failed(result))
		return PW_OK;
	st = pw_recorder_event(session->recorder,
			       &(struct pw_event){
				       .kind = PW_EVENT_clone,
				       .result = result,
				       .arg = {flags},
				       .text = info->name,
			       },
			       err);
	if (st == PW_OK && (flags & CLONE_VM))
		st = space_shared(session, flags, err);
	if (st != PW_OK)
		return st;
	if (flags & CLONE_THREAD)
		session->result->threads_unrecorded++;
	else
		session->result->processes_unrecorded++;
	return pw_session_unrecorded(
		session, info->number,
		flags & CLONE_THREAD ? "thread" : "process", err);
}

/* Calls of which events cannot say what they did. */
static enum pw_status leave_unknown(struct pw_session *session, uint64_t number,
				    const char *why, struct pw_error *err)
{
	enum pw_status st;

	if (failed(session->now.rax))
		return PW_OK;
	st = pw_session_unrecorded(session, number, why, err);
	session->result->calls_unknown++;
	session->program_break = 0;
	if (st != PW_OK)
		return st;
	return space_changed(session, 0, UINT64_MAX, err);
}

/* Whether arch_prctl with @code maps or unmaps something. */
static bool maps_for_arch(uint64_t code)
{
	return code == ARCH_MAP_VDSO_X32 || code == ARCH_MAP_VDSO_32 ||
	       code == ARCH_MAP_VDSO_64 || code == SHADOW_STACK_ENABLE ||
	       code == SHADOW_STACK_DISABLE;
}

static enum pw_status leave_control(struct pw_session *session,
				    const struct pw_syscall_info *info,
				    struct pw_error *err)
{
	uint64_t arg[CALL_ARGS];
	bool changes;

	/* Both take an int. */
	call_arguments(session, arg);
	arg[0] &= UINT32_MAX;
	if (info->number == SYS_prctl && arg[0] == PR_SET_NAME)
		return leave_name(session, err);
	changes = info->number == SYS_prctl ? arg[0] == PR_SET_MM
					    : maps_for_arch(arg[0]);
	if (!changes)
		return PW_OK;
	return leave_unknown(session, info->number, info->name, err);
}

static enum pw_status record_call(struct pw_session *session,
				  const struct pw_syscall_info *info,
				  struct pw_error *err)
{
	switch (info->handling) {
	case PW_SYSCALL_SPACE:
		return leave_space(session, info, err);
	case PW_SYSCALL_FILE:
		return leave_mmap(session, info, err);
	case PW_SYSCALL_ATTACH:
		return leave_attach(session, session->now.rax, err);
	case PW_SYSCALL_RING:
		return leave_ring(session, err);
	case PW_SYSCALL_DETACH:
		return leave_detach(session, err);
	case PW_SYSCALL_CONTROL:
		return leave_control(session, info, err);
	case PW_SYSCALL_CHILD:
		return leave_child(session, info, err);
	case PW_SYSCALL_AFFINITY:
		if (!failed(session->now.rax))
			pw_process_follow(&session->process,
					  (pid_t)session->before.rdi);
		return PW_OK;
	case PW_SYSCALL_UNKNOWN:
		return leave_unknown(session, info->number, info->name, err);
	case PW_SYSCALL_END:
		return PW_OK; /* recorded before it was made */
	}
	PW_ASSERT(false); /* no such handling */
	return PW_OK;
}

enum pw_status pw_session_leave_call(struct pw_session *session,
				     struct pw_error *err)
{
	const struct pw_syscall_info *info;

	PW_ASSERT(session->pending.insn && session->result);
	if (session->pending.insn->flags & PW_X86_SYSCALL_32)
		return leave_unknown(session, session->before.rax,
				     "32-bit system call", err);
	info = pw_syscall_info(session->before.rax);
	if (!info)
		return PW_OK;
	return record_call(session, info, err);
}

/* The call will not return: its fetch and its event come first. */
static enum pw_status enter_end(struct pw_session *session,
				const struct pw_syscall_info *info,
				struct pw_error *err)
{
	struct pw_event event;
	enum pw_status st;

	PW_ASSERT(info->args == 1);
	st = pw_recorder_accesses(session->recorder, session->before.rip,
				  session->pending.access,
				  session->pending.count, err);
	session->pending.count = 0;
	if (st != PW_OK)
		return st;
	copy_call(session, info, &event);
	event.result = 0;
	return pw_recorder_event(session->recorder, &event, err);
}

static enum pw_status enter_detach(struct pw_session *session,
				   struct pw_error *err)
{
	const struct pw_maps *maps;
	const struct pw_map *map;
	enum pw_status st = pw_address_space_maps(&session->space, &maps, err);

	if (st != PW_OK)
		return st;
	map = pw_maps_find(maps, session->before.rdi);
	session->detached_bytes = map ? map->end - map->start : 0;
	return PW_OK;
}

enum pw_status pw_session_enter_call(struct pw_session *session,
				     struct pw_error *err)
{
	const struct pw_syscall_info *info =
		pw_syscall_info(session->before.rax);

	PW_ASSERT(session->pending.insn->flags & PW_X86_SYSCALL);
	if (!info)
		return PW_OK;
	if (info->handling == PW_SYSCALL_END)
		return enter_end(session, info, err);
	if (info->handling == PW_SYSCALL_DETACH)
		return enter_detach(session, err);
	return PW_OK;
}

enum pw_status pw_session_exec(struct pw_session *session, struct pw_error *err)
{
	char path[4096], link[64];
	enum pw_status st;
	ssize_t length;

	PW_ASSERT(session->recorder != NULL);
	snprintf(link, sizeof(link), "/proc/%d/exe", (int)session->process.pid);
	length = readlink(link, path, sizeof(path) - 1);
	path[length > 0 ? length : 0] = '\0';
	st = pw_recorder_accesses(session->recorder, session->before.rip,
				  session->pending.access,
				  session->pending.count, err);
	session->pending.insn = NULL;
	session->pending.count = 0;
	session->repeat_pc = 0;
	session->program_break = 0;
	session->shared_space = false;
	if (st == PW_OK)
		st = pw_recorder_event(session->recorder,
				       &(struct pw_event){
					       .kind = PW_EVENT_exec,
					       .text = path,
				       },
				       err);
	if (st == PW_OK)
		st = space_changed(session, 0, UINT64_MAX, err);
	if (st == PW_OK)
		st = pw_address_space_record(&session->space, session->recorder,
					     err);
	return st;
}
