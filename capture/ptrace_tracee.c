/*
 * ptrace_tracee.c - the ptrace requests and their quirks.
 */
#include "capture/ptrace_tracee.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/bits.h"

#define QUEUE_MAX 64 /* one a standard signal */

bool pw_tracee_seize(pid_t tid, bool exit_kill)
{
	const long options = PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE |
			     PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			     (exit_kill ? PTRACE_O_EXITKILL : 0);

	PW_ASSERT(tid > 0);
	return ptrace(PTRACE_SEIZE, tid, 0, options) == 0;
}

bool pw_tracee_registers(pid_t tid, struct user_regs_struct *regs)
{
	return ptrace(PTRACE_GETREGS, tid, 0, regs) == 0;
}

size_t pw_tracee_xstate(pid_t tid, uint8_t *area, size_t area_bytes)
{
	struct iovec io = {area, area_bytes};

	if (ptrace(PTRACE_GETREGSET, tid, NT_X86_XSTATE, &io) != 0)
		return 0;
	return io.iov_len;
}

/* An address of the other process in the type that the calls want. */
static void *remote_address(uint64_t address)
{
	union {
		uint64_t number;
		void *pointer;
	} remote = {address};

	return remote.pointer;
}

/* Two pieces: the kernel stops in front of a piece it cannot read. */
static size_t read_page(pid_t tid, uint64_t address, void *buffer, size_t bytes)
{
	size_t in_page = (size_t)(PW_PAGE_BYTES - address % PW_PAGE_BYTES);
	size_t first = bytes < in_page ? bytes : in_page;
	struct iovec local = {buffer, bytes};
	struct iovec remote[2];
	ssize_t got;

	PW_ASSERT(bytes <= PW_PAGE_BYTES);
	remote[0] = (struct iovec){remote_address(address), first};
	remote[1] =
		(struct iovec){remote_address(address + first), bytes - first};
	got = process_vm_readv(tid, &local, 1, remote, bytes > first ? 2 : 1,
			       0);
	return got > 0 ? (size_t)got : 0;
}

size_t pw_tracee_read(pid_t tid, uint64_t address, void *buffer, size_t bytes)
{
	uint8_t *to = buffer;
	size_t done = 0;

	while (done < bytes) {
		size_t want = bytes - done;
		size_t got;

		if (want > PW_PAGE_BYTES)
			want = PW_PAGE_BYTES;
		got = read_page(tid, address + done, to + done, want);
		done += got;
		if (got < want)
			break;
	}
	return done;
}

size_t pw_tracee_read_code(pid_t tid, uint64_t address, uint8_t *bytes,
			   size_t count)
{
	size_t got = read_page(tid, address, bytes, count);

	/* Execute-only pages: a tracer may read them a word at a time. */
	for (; got + 8 <= count; got += 8) {
		long word;

		errno = 0;
		word = ptrace(PTRACE_PEEKTEXT, tid, address + got, 0);
		if (errno)
			break;
		memcpy(bytes + got, &word, sizeof(word));
	}
	return got;
}

void pw_tracee_hide_step(pid_t tid, uint64_t address)
{
	const long trap_flag = 0x100;
	long word;

	errno = 0;
	word = ptrace(PTRACE_PEEKDATA, tid, address, 0);
	if (errno == 0 && (word & trap_flag))
		ptrace(PTRACE_POKEDATA, tid, address, word & ~trap_flag);
}

void pw_tracee_unblock_trap(pid_t tid)
{
	const uint64_t trap = UINT64_C(1) << (SIGTRAP - 1);
	uint64_t mask;

	if (ptrace(PTRACE_GETSIGMASK, tid, sizeof(mask), &mask) != 0 ||
	    !(mask & trap))
		return;
	mask &= ~trap;
	ptrace(PTRACE_SETSIGMASK, tid, sizeof(mask), &mask);
}

void pw_tracee_step(pid_t tid, int signal)
{
	/* Fails only when it was killed: wait tells. */
	ptrace(PTRACE_SINGLESTEP, tid, 0, signal);
}

void pw_tracee_listen(pid_t tid)
{
	ptrace(PTRACE_LISTEN, tid, 0, 0);
}

void pw_tracee_interrupt(pid_t tid)
{
	ptrace(PTRACE_INTERRUPT, tid, 0, 0);
}

void pw_tracee_detach(pid_t tid, int signal)
{
	ptrace(PTRACE_DETACH, tid, 0, signal);
}

static bool stops_a_group(int signal)
{
	return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN ||
	       signal == SIGTTOU;
}

static enum pw_stop_kind classify_event(int event, int signal)
{
	switch (event) {
	case PTRACE_EVENT_EXEC:
		return PW_STOP_EXEC;
	case PTRACE_EVENT_CLONE:
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
		return PW_STOP_BIRTH;
	case PTRACE_EVENT_STOP:
		return stops_a_group(signal) ? PW_STOP_GROUP : PW_STOP_RESUMED;
	default:
		return signal == SIGTRAP ? PW_STOP_TRAP : PW_STOP_SIGNAL;
	}
}

static void classify(int status, struct pw_stop *stop)
{
	if (WIFEXITED(status)) {
		stop->kind = PW_STOP_EXITED;
		stop->value = WEXITSTATUS(status);
	} else if (WIFSIGNALED(status)) {
		stop->kind = PW_STOP_KILLED;
		stop->value = WTERMSIG(status);
	} else {
		stop->value = WSTOPSIG(status);
		stop->kind = classify_event(status >> 16, stop->value);
	}
}

enum pw_status pw_tracee_wait(pid_t tid, struct pw_stop *stop,
			      struct pw_error *err)
{
	int status;

	*stop = (struct pw_stop){.tid = wait4(tid, &status, __WALL, NULL)};
	if (stop->tid > 0) {
		classify(status, stop);
		return PW_OK;
	}
	stop->kind = errno == EINTR ? PW_STOP_ASKED : PW_STOP_NONE;
	if (errno == EINTR || errno == ECHILD)
		return PW_OK;
	return pw_fail_errno(err, PW_ERR_SYSTEM, errno,
			     "process %d: cannot be waited for", (int)tid);
}

static bool has_address(int signal)
{
	return signal == SIGSEGV || signal == SIGBUS || signal == SIGILL ||
	       signal == SIGFPE || signal == SIGTRAP;
}

int pw_tracee_signal_code(pid_t tid, uint64_t *address)
{
	siginfo_t info = {0};

	ptrace(PTRACE_GETSIGINFO, tid, 0, &info);
	*address = 0;
	if (info.si_code > 0 && has_address(info.si_signo))
		*address = (uint64_t)(uintptr_t)info.si_addr;
	return info.si_code;
}

pid_t pw_tracee_message(pid_t tid)
{
	unsigned long message = 0;

	if (ptrace(PTRACE_GETEVENTMSG, tid, 0, &message) != 0)
		return 0;
	return (pid_t)message;
}

bool pw_tracee_trap_queued(pid_t tid)
{
	const struct __ptrace_peeksiginfo_args all = {.nr = QUEUE_MAX};
	siginfo_t queue[QUEUE_MAX];
	long count = ptrace(PTRACE_PEEKSIGINFO, tid, &all, queue);

	for (long i = 0; i < count; i++)
		if (queue[i].si_signo == SIGTRAP && queue[i].si_code > 0)
			return true;
	return false;
}

/* Source: proc_pid_stat(5), the state behind the name in parentheses. */
bool pw_tracee_is_dead(pid_t tid)
{
	char path[64], text[256];
	const char *state;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	state = strrchr(text, ')');
	return state && state[1] == ' ' && (state[2] == 'Z' || state[2] == 'X');
}
