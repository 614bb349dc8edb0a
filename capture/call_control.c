/*
 * call_control.c - the memory of calls whose first argument says what they
 * do: prctl, arch_prctl, seccomp, capget, and of those that make threads.
 */
#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>

#include "capture/call_job.h"

#define NAME_BYTES 16
#define VMA_NAME_BYTES 80
#define FILTER_BYTES 8	      /* struct sock_filter */
#define GET_AUXV 0x41555856   /* PR_GET_AUXV */
#define SET_SHADOW_STACK 75   /* PR_SET_SHADOW_STACK_STATUS */
#define MAP_VDSO_FIRST 0x2001 /* ARCH_MAP_VDSO_X32, _32, _64 */
#define MAP_VDSO_LAST 0x2003
#define SHADOW_STACK_ENABLE 0x5001  /* ARCH_SHSTK_ENABLE */
#define SHADOW_STACK_DISABLE 0x5002 /* ARCH_SHSTK_DISABLE */

static bool failed(const struct pw_call_job *job)
{
	return pw_call_failed(job->call->result);
}

static uint32_t option_of(const struct pw_call *call)
{
	return (uint32_t)call->arg[0]; /* an int */
}

bool pw_call_prctl_unknown(const struct pw_call *call)
{
	return option_of(call) == PR_SET_MM ||
	       option_of(call) == SET_SHADOW_STACK;
}

bool pw_call_arch_prctl_unknown(const struct pw_call *call)
{
	uint32_t option = option_of(call);

	return (option >= MAP_VDSO_FIRST && option <= MAP_VDSO_LAST) ||
	       option == SHADOW_STACK_ENABLE || option == SHADOW_STACK_DISABLE;
}

/* struct sock_fprog at @address, and the program. */
static void load_filter(const struct pw_call_job *job, uint64_t address)
{
	uint64_t program[2]; /* length in the low 16 bits, where */

	if (!pw_call_fetch(job, address, program, sizeof(program)))
		return;
	pw_call_load(job, address, sizeof(program));
	pw_call_load(job, program[1], (program[0] & UINT16_MAX) * FILTER_BYTES);
}

/* What prctl writes where argument 1 points, if it succeeds. */
static uint64_t prctl_stores(const struct pw_call *call)
{
	switch (option_of(call)) {
	case PR_GET_PDEATHSIG:
	case PR_GET_UNALIGN:
	case PR_GET_FPEMU:
	case PR_GET_FPEXC:
	case PR_GET_ENDIAN:
	case PR_GET_TSC:
	case PR_GET_CHILD_SUBREAPER:
		return 4;
	case PR_GET_TID_ADDRESS:
		return 8;
	case PR_GET_NAME:
		return NAME_BYTES;
	case GET_AUXV:
		return call->result < call->arg[2] ? call->result
						   : call->arg[2];
	default:
		return 0;
	}
}

void pw_call_do_prctl(const struct pw_call_job *job)
{
	const uint64_t *arg = job->call->arg;

	switch (option_of(job->call)) {
	case PR_SET_NAME:
		pw_call_load_string(job, arg[1], NAME_BYTES - 1);
		break;
	case PR_SET_SECCOMP:
		if (arg[1] == SECCOMP_MODE_FILTER)
			load_filter(job, arg[2]);
		break;
	case PR_SET_MM:
		if (arg[1] == PR_SET_MM_MAP || arg[1] == PR_SET_MM_AUXV)
			pw_call_load(job, arg[2], arg[3]);
		break;
	case PR_SET_VMA:
		pw_call_load_string(job, arg[4], VMA_NAME_BYTES);
		break;
	case PR_SCHED_CORE:
		if (arg[1] == PR_SCHED_CORE_GET && !failed(job))
			pw_call_store(job, arg[4], 8);
		break;
	default:
		if (!failed(job))
			pw_call_store(job, arg[1], prctl_stores(job->call));
		break;
	}
}

void pw_call_do_arch_prctl(const struct pw_call_job *job)
{
	switch (option_of(job->call)) {
	case 0x1003: /* ARCH_GET_FS */
	case 0x1004: /* ARCH_GET_GS */
	case 0x1021: /* ARCH_GET_XCOMP_SUPP */
	case 0x1022: /* ARCH_GET_XCOMP_PERM */
	case 0x1024: /* ARCH_GET_XCOMP_GUEST_PERM */
	case 0x4001: /* ARCH_GET_UNTAG_MASK */
	case 0x4003: /* ARCH_GET_MAX_TAG_BITS */
	case 0x5005: /* ARCH_SHSTK_STATUS */
		if (!failed(job))
			pw_call_store(job, job->call->arg[1], 8);
		break;
	default:
		break;
	}
}

void pw_call_do_seccomp(const struct pw_call_job *job)
{
	uint64_t address = job->call->arg[2];

	switch (option_of(job->call)) {
	case SECCOMP_SET_MODE_FILTER:
		load_filter(job, address);
		break;
	case SECCOMP_GET_ACTION_AVAIL:
		pw_call_load(job, address, 4);
		break;
	case SECCOMP_GET_NOTIF_SIZES:
		if (!failed(job))
			pw_call_store(job, address, 6);
		break;
	default:
		break;
	}
}

/* The sets of capabilities: one or two structures, as the header says. */
static uint64_t capability_bytes(const struct pw_call_job *job)
{
	uint32_t version = 0;

	pw_call_fetch(job, job->call->arg[0], &version, sizeof(version));
	return version == _LINUX_CAPABILITY_VERSION_1 ? 12 : 24;
}

/* A header of another version gets the kernel's own. */
void pw_call_do_capget(const struct pw_call_job *job)
{
	const uint64_t *arg = job->call->arg;

	pw_call_load(job, arg[0], 8);
	if (pw_call_is_error(job, PW_CALL_EINVAL))
		pw_call_store(job, arg[0], 4);
	if (!failed(job))
		pw_call_store(job, arg[1], capability_bytes(job));
}

void pw_call_do_capset(const struct pw_call_job *job)
{
	const uint64_t *arg = job->call->arg;

	pw_call_load(job, arg[0], 8);
	pw_call_load(job, arg[1], capability_bytes(job));
}

/* The numbers of a thread or process that has been made. */
struct made {
	uint64_t flags;
	uint64_t pidfd;
	uint64_t child_tid;
	uint64_t parent_tid;
};

/*
 * The child, where the call returns 0, writes its own number in its own
 * memory.
 */
static void store_made(const struct pw_call_job *job, const struct made *made)
{
	if (failed(job))
		return;
	if (job->call->result == 0) {
		if (made->flags & CLONE_CHILD_SETTID)
			pw_call_store(job, made->child_tid, 4);
		return;
	}
	if (made->flags & CLONE_PIDFD)
		pw_call_store(job, made->pidfd, 4);
	if (made->flags & CLONE_PARENT_SETTID)
		pw_call_store(job, made->parent_tid, 4);
}

void pw_call_do_clone(const struct pw_call_job *job)
{
	const struct pw_call *call = job->call;
	unsigned child = call->machine == PW_CALL_X86_64 ? 3 : 4;

	store_made(job, &(struct made){
				.flags = call->arg[0],
				.pidfd = call->arg[2],
				.parent_tid = call->arg[2],
				.child_tid = call->arg[child],
			});
}

void pw_call_do_clone3(const struct pw_call_job *job)
{
	uint64_t address = job->call->arg[0];
	struct made made; /* as struct clone_args begins */

	if (job->call->result != 0)
		pw_call_load(job, address, job->call->arg[1]);
	if (!pw_call_is_error(job, PW_CALL_EFAULT) &&
	    pw_call_fetch(job, address, &made, sizeof(made)))
		store_made(job, &made);
}
