/*
 * inject_faults.c - a library to preload that makes the n-th call on an output
 * file fail, or be interrupted, or write less than asked for.
 *
 * FAULT_UNDER    calls on regular files below this folder count
 * FAULT_AT       which one is hit, from 1
 * FAULT_KIND     ENOSPC, EIO, EINTR, SHORT
 * FAULT_WITNESS  a file that comes into being when a call was hit
 *
 * Only in pagewalk itself, not in what it forks or runs.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *under;
static const char *witness;
static long hit_at;
static int kind; /* an errno, or 0: short */
static atomic_long calls;

/* Confined children may not make the calls that counting takes. */
static void forget(void)
{
	under = NULL;
}

__attribute__((constructor)) static void begin(void)
{
	const char *at = getenv("FAULT_AT"), *name = getenv("FAULT_KIND");
	char self[PATH_MAX] = "";
	const char *slash;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return;
	slash = strrchr(self, '/');
	if (!slash || strcmp(slash, "/pagewalk") != 0 || !at || !name)
		return;
	unsetenv("LD_PRELOAD");
	hit_at = strtol(at, NULL, 10);
	kind = strcmp(name, "ENOSPC") == 0  ? ENOSPC
	       : strcmp(name, "EIO") == 0   ? EIO
	       : strcmp(name, "EINTR") == 0 ? EINTR
					    : 0;
	witness = getenv("FAULT_WITNESS");
	under = getenv("FAULT_UNDER");
	pthread_atfork(NULL, NULL, forget);
}

/* Whether this call is the one; then errno is set. */
static bool hit(void)
{
	int fd;

	if (atomic_fetch_add(&calls, 1) + 1 != hit_at)
		return false;
	fd = open(witness, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		abort();
	(void)syscall(SYS_close, fd); /* not the one below */
	errno = kind;
	return true;
}

static bool is_under(const char *path)
{
	return under && strncmp(path, under, strlen(under)) == 0;
}

/* Whether @fd is one that may be hit. */
static bool counts(int fd)
{
	char link[64], path[PATH_MAX] = "";
	struct stat st;
	int saved = errno;
	bool yes;

	if (!under)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	yes = readlink(link, path, sizeof(path) - 1) > 0 && is_under(path) &&
	      fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	      (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
	errno = saved;
	return yes;
}

#define NEXT(name, type)   \
	static type *next; \
	if (!next)         \
	*(void **)&next = dlsym(RTLD_NEXT, name)

typedef ssize_t write_function(int fd, const void *data, size_t bytes);
typedef ssize_t pwrite_function(int fd, const void *data, size_t bytes,
				off_t offset);
typedef int fd_function(int fd);
typedef int rename_function(const char *from, const char *to);

ssize_t write(int fd, const void *data, size_t bytes)
{
	NEXT("write", write_function);
	if (counts(fd) && hit()) {
		if (kind != 0)
			return -1;
		bytes = (bytes + 1) / 2;
	}
	return next(fd, data, bytes);
}

ssize_t pwrite(int fd, const void *data, size_t bytes, off_t offset)
{
	NEXT("pwrite", pwrite_function);
	if (counts(fd) && hit()) {
		if (kind != 0)
			return -1;
		bytes = (bytes + 1) / 2;
	}
	return next(fd, data, bytes, offset);
}

int fsync(int fd)
{
	NEXT("fsync", fd_function);
	if (counts(fd) && hit() && kind != 0)
		return -1;
	return next(fd);
}

int fdatasync(int fd)
{
	NEXT("fdatasync", fd_function);
	if (counts(fd) && hit() && kind != 0)
		return -1;
	return next(fd);
}

/* Linux closes in any case; only the news may be bad. */
int close(int fd)
{
	bool bad = counts(fd) && hit() && kind != 0;

	NEXT("close", fd_function);
	if (next(fd) != 0)
		return -1;
	if (bad)
		errno = kind;
	return bad ? -1 : 0;
}

/* A rename is never interrupted, nor is half of one done. */
int rename(const char *from, const char *to)
{
	NEXT("rename", rename_function);
	if (is_under(to) && kind != 0 && kind != EINTR && hit())
		return -1;
	return next(from, to);
}
