/*
 * confine.c - take from a process what the parser of a foreign file needs not.
 *
 * Source: Linux Documentation/userspace-api/seccomp_filter.rst, prctl(2),
 *         setrlimit(2).
 */
#include "formats/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
	__has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "which system calls are these?"
#endif

#define LOAD(field)                        \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, \
		 (uint32_t)offsetof(struct seccomp_data, field))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, (action))
#define IF_EQUAL(value, yes, no) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), (yes), (no))
#define ALLOW(call) IF_EQUAL(SYS_##call, 0, 1), RETURN(SECCOMP_RET_ALLOW)
/* Memory, but none to execute; the argument's low half comes first. */
#define ALLOW_UNLESS_EXECUTABLE(call)                                  \
	IF_EQUAL(SYS_##call, 0, 4), LOAD(args[2]),                     \
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1), \
		RETURN(SECCOMP_RET_KILL_PROCESS), RETURN(SECCOMP_RET_ALLOW)

bool pw_confine_is_whole(void)
{
	return !SANITIZED;
}

static enum pw_status refused(const char *what, struct pw_error *err)
{
	return pw_fail_errno(err, PW_ERR_SYSTEM, errno,
			     "cannot confine a parser: %s", what);
}

static int compare_numbers(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Close all descriptors but those to keep. */
static enum pw_status close_others(const struct pw_confinement *confinement,
				   struct pw_error *err)
{
	size_t count = confinement->keep_count;
	int *keep = malloc((count + 1) * sizeof(*keep));
	unsigned from = STDERR_FILENO + 1;
	long failed = 0;

	if (!keep)
		return pw_fail_memory(err, "a list of descriptors");
	if (count > 0) {
		memcpy(keep, confinement->keep, count * sizeof(*keep));
		qsort(keep, count, sizeof(*keep), compare_numbers);
	}
	for (size_t i = 0; i < count; i++) {
		unsigned fd = (unsigned)keep[i];

		if (fd > from)
			failed |= syscall(SYS_close_range, from, fd - 1, 0);
		if (fd >= from)
			from = fd + 1;
	}
	failed |= syscall(SYS_close_range, from, ~0U, 0);
	free(keep);
	return failed ? refused("descriptors", err) : PW_OK;
}

/* The standard streams lead nowhere. */
static enum pw_status close_streams(struct pw_error *err)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return refused("/dev/null", err);
	for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++)
		if (dup2(fd, stream) < 0)
			return refused("the standard streams", err);
	close(fd);
	return PW_OK;
}

/* What counts against RLIMIT_DATA now; 0 when it cannot be known. */
static uint64_t data_bytes(void)
{
	char text[256], *at = text;
	FILE *file = fopen("/proc/self/statm", "re");
	bool found;

	if (!file)
		return 0;
	found = fgets(text, sizeof(text), file) != NULL;
	fclose(file);
	/* The sixth number of the line. */
	for (int i = 0; found && i < 5; i++) {
		at = strchr(at, ' ');
		found = at != NULL;
		at = found ? at + 1 : text;
	}
	return found ? strtoull(at, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE)
		     : 0;
}

static enum pw_status set_limits(uint64_t memory_bytes, struct pw_error *err)
{
	const struct {
		int resource;
		rlim_t limit;
	} limits[] = {
		{RLIMIT_CORE, 0},
		{RLIMIT_FSIZE, 0},
		{RLIMIT_NPROC, 0},
		{RLIMIT_NOFILE, 0}, /* what is open stays so */
		{RLIMIT_DATA, data_bytes() + memory_bytes},
	};

	for (size_t i = 0; i < PW_COUNT(limits); i++) {
		struct rlimit limit = {limits[i].limit, limits[i].limit};

		if (setrlimit((__rlimit_resource_t)limits[i].resource,
			      &limit) != 0)
			return refused("limits", err);
	}
	return PW_OK;
}

static enum pw_status filter_calls(struct pw_error *err)
{
	struct sock_filter rules[] = {
		LOAD(arch),
		IF_EQUAL(ARCHITECTURE, 1, 0),
		RETURN(SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
		ALLOW(read),
		ALLOW(write),
		ALLOW(pread64),
		ALLOW(brk),
		ALLOW(munmap),
		ALLOW(mremap),
		ALLOW(madvise),
		ALLOW(futex),
		ALLOW(exit),
		ALLOW(exit_group),
		ALLOW_UNLESS_EXECUTABLE(mmap),
		ALLOW_UNLESS_EXECUTABLE(mprotect),
		RETURN(SECCOMP_RET_KILL_PROCESS),
	};
	const struct sock_fprog program = {
		.len = PW_COUNT(rules),
		.filter = rules,
	};

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		return refused("seccomp", err);
	return PW_OK;
}

enum pw_status pw_confine(const struct pw_confinement *confinement,
			  struct pw_error *err)
{
	pid_t parent = getppid();
	enum pw_status st = close_others(confinement, err);

	if (st != PW_OK || SANITIZED)
		return st;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
		return refused("its parent is gone", err);
	st = close_streams(err);
	if (st == PW_OK)
		st = set_limits(confinement->memory_bytes, err);
	if (st != PW_OK)
		return st;
	if (prctl(PR_SET_DUMPABLE, 0) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return refused("privileges", err);
	return filter_calls(err);
}
