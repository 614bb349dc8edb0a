/*
 * ptrace_process.c - the ptrace requests and their quirks.
 */
#include "capture/ptrace_process.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/bits.h"

#define QUEUE_MAX 64 /* one a standard signal */

/*
 * Signals that a terminal sends to the recorder and the target alike, and the
 * one that a limit on the size of files makes of a failing write, are ignored.
 * With SIGCHLD ignored, as it may be inherited, a child's status is lost.
 */
static const int changed_signals[] = {SIGINT, SIGQUIT, SIGHUP, SIGXFSZ,
				      SIGCHLD};

_Static_assert(PW_COUNT(changed_signals) == PW_CHANGED_SIGNALS, "as declared");

static void change_signals(struct pw_process *process)
{
	for (size_t i = 0; i < PW_COUNT(changed_signals); i++) {
		int number = changed_signals[i];
		const struct sigaction action = {
			.sa_handler = number == SIGCHLD ? SIG_DFL : SIG_IGN,
		};

		sigaction(number, &action, &process->before[i]);
	}
}

static void restore_signals(const struct pw_process *process)
{
	for (size_t i = 0; i < PW_COUNT(changed_signals); i++)
		sigaction(changed_signals[i], &process->before[i], NULL);
}

static void pin(struct pw_process *process)
{
	int cpu = sched_getcpu();
	cpu_set_t set;

	PW_ASSERT(!process->recorder_pinned);
	if (cpu < 0 || cpu >= CPU_SETSIZE ||
	    sched_getaffinity(0, sizeof(process->original),
			      &process->original) != 0)
		return;
	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	process->recorder_pinned = sched_setaffinity(0, sizeof(set), &set) == 0;
	process->target_pinned = process->recorder_pinned;
}

static void unpin(struct pw_process *process)
{
	if (process->recorder_pinned)
		sched_setaffinity(0, sizeof(process->original),
				  &process->original);
}

/* In the child: wait until the parent has seized us, then exec. */
static _Noreturn void become_target(int go, int failure, const char *path,
				    char *const *argv, bool aslr)
{
	unsigned long persona = (unsigned long)personality(0xffffffff);
	char byte;
	int error;

	if (!aslr)
		personality(persona | ADDR_NO_RANDOMIZE);
	if (read(go, &byte, 1) == 1)
		execv(path, argv);
	error = errno;
	if (write(failure, &error, sizeof(error)) < 0)
		_exit(127);
	_exit(127);
}

/* The first stop that matters is the one behind exec. */
static enum pw_status await_exec(struct pw_process *process, int failure,
				 const char *path, struct pw_error *err)
{
	struct pw_stop stop = {PW_STOP_ASKED, 0};
	enum pw_status st = PW_OK;
	int error = 0;

	while (st == PW_OK && stop.kind != PW_STOP_EXEC) {
		st = pw_process_wait(process, &stop, err);
		if (st != PW_OK)
			break;
		if (stop.kind == PW_STOP_EXITED ||
		    stop.kind == PW_STOP_KILLED) {
			if (read(failure, &error, sizeof(error)) !=
			    (ssize_t)sizeof(error))
				error = ESRCH;
			return pw_fail_errno(err, PW_ERR_TARGET, error,
					     "%s: cannot be executed", path);
		}
		if (stop.kind != PW_STOP_EXEC && stop.kind != PW_STOP_ASKED)
			ptrace(PTRACE_CONT, process->pid, 0,
			       stop.kind == PW_STOP_SIGNAL ? stop.value : 0);
	}
	return st;
}

static enum pw_status seize(struct pw_process *process, int go, int failure,
			    const char *path, struct pw_error *err)
{
	const long options = PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC;

	PW_ASSERT(process->pid > 0 && !process->attached);
	if (ptrace(PTRACE_SEIZE, process->pid, 0, options) != 0) {
		pw_fail_errno(err, PW_ERR_TARGET, errno, "%s: cannot be traced",
			      path);
		kill(process->pid, SIGKILL);
		return pw_hint(err, "another tracer, a container or "
				    "/proc/sys/kernel/yama/ptrace_scope may "
				    "forbid it");
	}
	process->attached = true;
	if (write(go, "", 1) != 1)
		return pw_fail_errno(err, PW_ERR_SYSTEM, errno,
				     "%s: cannot be started", path);
	return await_exec(process, failure, path, err);
}

static void close_pair(const int *pair)
{
	for (int i = 0; i < 2; i++)
		if (pair[i] >= 0)
			close(pair[i]);
}

enum pw_status pw_process_start(struct pw_process *process, const char *path,
				char *const *argv, bool aslr,
				struct pw_error *err)
{
	int go[2] = {-1, -1}, failure[2] = {-1, -1};
	struct pw_stop stop;
	enum pw_status st;

	PW_ASSERT(path && argv && argv[0]);
	*process = (struct pw_process){.pid = -1};
	if (pipe2(go, O_CLOEXEC) != 0 || pipe2(failure, O_CLOEXEC) != 0) {
		st = pw_fail_errno(err, PW_ERR_SYSTEM, errno, "a pipe");
		close_pair(go);
		return st;
	}
	pin(process);
	process->pid = fork();
	if (process->pid == 0)
		become_target(go[0], failure[1], path, argv, aslr);
	if (process->pid < 0) {
		st = pw_fail_errno(err, PW_ERR_SYSTEM, errno, "fork");
	} else {
		change_signals(process);
		close(failure[1]);
		failure[1] = -1;
		st = seize(process, go[1], failure[0], path, err);
	}
	close_pair(go);
	close_pair(failure);
	if (st != PW_OK)
		pw_process_end(process, &stop);
	return st;
}

bool pw_process_registers(const struct pw_process *process,
			  struct user_regs_struct *regs)
{
	PW_ASSERT(process->attached);
	return ptrace(PTRACE_GETREGS, process->pid, 0, regs) == 0;
}

size_t pw_process_xstate(const struct pw_process *process, uint8_t *area,
			 size_t area_bytes)
{
	struct iovec io = {area, area_bytes};

	if (ptrace(PTRACE_GETREGSET, process->pid, NT_X86_XSTATE, &io) != 0)
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

size_t pw_process_read(const struct pw_process *process, uint64_t address,
		       void *buffer, size_t bytes)
{
	size_t in_page = (size_t)(PW_PAGE_BYTES - address % PW_PAGE_BYTES);
	size_t first = bytes < in_page ? bytes : in_page;
	struct iovec local = {buffer, bytes};
	struct iovec remote[2];
	ssize_t got;

	/* Two pieces: the kernel stops in front of a piece it cannot read. */
	PW_ASSERT(bytes <= PW_PAGE_BYTES);
	remote[0] = (struct iovec){remote_address(address), first};
	remote[1] =
		(struct iovec){remote_address(address + first), bytes - first};
	got = process_vm_readv(process->pid, &local, 1, remote,
			       bytes > first ? 2 : 1, 0);
	return got > 0 ? (size_t)got : 0;
}

size_t pw_process_read_code(const struct pw_process *process, uint64_t address,
			    uint8_t *bytes, size_t count)
{
	size_t got = pw_process_read(process, address, bytes, count);

	/* Execute-only pages: a tracer may read them a word at a time. */
	for (; got + 8 <= count; got += 8) {
		long word;

		errno = 0;
		word = ptrace(PTRACE_PEEKTEXT, process->pid, address + got, 0);
		if (errno)
			break;
		memcpy(bytes + got, &word, sizeof(word));
	}
	return got;
}

void pw_process_hide_step(const struct pw_process *process, uint64_t address)
{
	const long trap_flag = 0x100;
	long word;

	errno = 0;
	word = ptrace(PTRACE_PEEKDATA, process->pid, address, 0);
	if (errno == 0 && (word & trap_flag))
		ptrace(PTRACE_POKEDATA, process->pid, address,
		       word & ~trap_flag);
}

void pw_process_unblock_trap(const struct pw_process *process)
{
	const uint64_t trap = UINT64_C(1) << (SIGTRAP - 1);
	uint64_t mask;

	if (ptrace(PTRACE_GETSIGMASK, process->pid, sizeof(mask), &mask) != 0 ||
	    !(mask & trap))
		return;
	mask &= ~trap;
	ptrace(PTRACE_SETSIGMASK, process->pid, sizeof(mask), &mask);
}

void pw_process_step(const struct pw_process *process, int signal)
{
	PW_ASSERT(process->attached && !process->ended);
	/* Fails only when it was killed: wait tells. */
	ptrace(PTRACE_SINGLESTEP, process->pid, 0, signal);
}

void pw_process_listen(const struct pw_process *process)
{
	PW_ASSERT(process->attached);
	ptrace(PTRACE_LISTEN, process->pid, 0, 0);
}

/*
 * Whether the first thread has ended while others go on: there is nothing to
 * stop any more, and no end to be waited for yet.
 * Source: proc_pid_stat(5), the state behind the name in parentheses.
 */
static bool is_leaderless(const struct pw_process *process)
{
	char path[64], text[256];
	const char *state;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)process->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	state = strrchr(text, ')');
	return state && state[1] == ' ' && (state[2] == 'Z' || state[2] == 'X');
}

bool pw_process_interrupt(const struct pw_process *process)
{
	PW_ASSERT(process->attached);
	ptrace(PTRACE_INTERRUPT, process->pid, 0, 0);
	return !is_leaderless(process);
}

void pw_process_abandon(struct pw_process *process)
{
	PW_ASSERT(process->attached && !process->ended);
	process->attached = false;
}

static bool stops_a_group(int signal)
{
	return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN ||
	       signal == SIGTTOU;
}

static void classify(int status, struct pw_stop *stop)
{
	int event = status >> 16;

	if (WIFEXITED(status)) {
		*stop = (struct pw_stop){PW_STOP_EXITED, WEXITSTATUS(status)};
	} else if (WIFSIGNALED(status)) {
		*stop = (struct pw_stop){PW_STOP_KILLED, WTERMSIG(status)};
	} else {
		stop->value = WSTOPSIG(status);
		if (event == PTRACE_EVENT_EXEC)
			stop->kind = PW_STOP_EXEC;
		else if (event == PTRACE_EVENT_STOP)
			stop->kind = stops_a_group(stop->value)
					     ? PW_STOP_GROUP
					     : PW_STOP_RESUMED;
		else
			stop->kind = stop->value == SIGTRAP ? PW_STOP_TRAP
							    : PW_STOP_SIGNAL;
	}
}

enum pw_status pw_process_wait(struct pw_process *process, struct pw_stop *stop,
			       struct pw_error *err)
{
	int status;

	if (wait4(process->pid, &status, __WALL, NULL) == process->pid) {
		classify(status, stop);
		if (WIFEXITED(status) || WIFSIGNALED(status))
			process->ended = true;
		return PW_OK;
	}
	if (errno == EINTR) {
		*stop = (struct pw_stop){PW_STOP_ASKED, 0};
		return PW_OK;
	}
	return pw_fail_errno(err, PW_ERR_SYSTEM, errno,
			     "process %d: cannot be waited for",
			     (int)process->pid);
}

static bool has_address(int signal)
{
	return signal == SIGSEGV || signal == SIGBUS || signal == SIGILL ||
	       signal == SIGFPE || signal == SIGTRAP;
}

int pw_process_signal_code(const struct pw_process *process, uint64_t *address)
{
	siginfo_t info = {0};

	ptrace(PTRACE_GETSIGINFO, process->pid, 0, &info);
	*address = 0;
	if (info.si_code > 0 && has_address(info.si_signo))
		*address = (uint64_t)(uintptr_t)info.si_addr;
	return info.si_code;
}

void pw_process_follow(struct pw_process *process, pid_t task)
{
	cpu_set_t wanted, one;
	int cpu = sched_getcpu();

	PW_ASSERT(process->pid > 0);
	if (task != 0 && task != process->pid)
		return;
	process->target_pinned = false;
	if (sched_getaffinity(process->pid, sizeof(wanted), &wanted) != 0 ||
	    (cpu >= 0 && cpu < CPU_SETSIZE && CPU_ISSET((size_t)cpu, &wanted)))
		return;
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET((size_t)cpu, &wanted))
			continue;
		CPU_ZERO(&one);
		CPU_SET((size_t)cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		return;
	}
}

bool pw_process_trap_queued(const struct pw_process *process)
{
	const struct __ptrace_peeksiginfo_args all = {.nr = QUEUE_MAX};
	siginfo_t queue[QUEUE_MAX];
	long count = ptrace(PTRACE_PEEKSIGINFO, process->pid, &all, queue);

	for (long i = 0; i < count; i++)
		if (queue[i].si_signo == SIGTRAP && queue[i].si_code > 0)
			return true;
	return false;
}

void pw_process_detach(struct pw_process *process, int signal)
{
	PW_ASSERT(process->attached);
	if (process->target_pinned)
		sched_setaffinity(process->pid, sizeof(process->original),
				  &process->original);
	ptrace(PTRACE_DETACH, process->pid, 0, signal);
	process->attached = false;
}

bool pw_process_end(struct pw_process *process, struct pw_stop *stop)
{
	int status, got = -1;

	*stop = (struct pw_stop){PW_STOP_ASKED, 0};
	if (process->pid > 0 && !process->ended) {
		if (process->attached)
			kill(process->pid, SIGKILL);
		do
			got = wait4(process->pid, &status, __WALL, NULL);
		while ((got < 0 && errno == EINTR) ||
		       (got > 0 && WIFSTOPPED(status)));
		if (got > 0)
			classify(status, stop);
	}
	if (process->pid > 0)
		restore_signals(process);
	unpin(process);
	*process = (struct pw_process){.pid = -1};
	return got > 0;
}
