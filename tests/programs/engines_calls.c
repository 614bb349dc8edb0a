/*
 * engines_calls.c - system calls of which the kernel reads and writes buffers.
 * Linked with engines_start.S.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>

#define PIECE 3000

int work(unsigned long rounds);

static int ends[2];
static char out[2 * PIECE], in[2 * PIECE];
static struct stat about;
static struct utsname names;
static struct timespec now;
static uint64_t mask[2], limits[2];
static struct pollfd polled;
static char path[] = "/dev/null";

static long call(long number, long first, long second, long third, long fourth)
{
	register long r10 __asm__("r10") = fourth;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(number), "D"(first), "S"(second), "d"(third),
			   "r"(r10)
			 : "rcx", "r11", "memory");
	return result;
}

static long address(void *of)
{
	return (long)of;
}

static void through_pipe(void)
{
	struct iovec from[2] = {{out, PIECE}, {out + PIECE + 1, 7}};
	struct iovec to[3] = {{in, 11}, {in + 20, 0}, {in + 100, PIECE}};

	call(SYS_write, ends[1], address(out), PIECE, 0);
	call(SYS_read, ends[0], address(in), 2 * PIECE, 0);
	call(SYS_writev, ends[1], address(from), 2, 0);
	polled = (struct pollfd){.fd = ends[0], .events = POLLIN};
	call(SYS_poll, address(&polled), 1, 0, 0);
	call(SYS_readv, ends[0], address(to), 3, 0);
	call(SYS_read, -1, address(in), 5, 0);
}

int work(unsigned long rounds)
{
	int fd = (int)call(SYS_openat, AT_FDCWD, address(path), O_RDWR, 0);

	call(SYS_pipe2, address(ends), O_NONBLOCK, 0, 0);
	for (; rounds; rounds--) {
		through_pipe();
		call(SYS_pwrite64, fd, address(out), 100, 0);
		call(SYS_fstat, fd, address(&about), 0, 0);
		call(SYS_uname, address(&names), 0, 0, 0);
		call(SYS_clock_gettime, CLOCK_MONOTONIC, address(&now), 0, 0);
		call(SYS_rt_sigprocmask, 0, address(&mask[0]),
		     address(&mask[1]), 8);
		call(SYS_prlimit64, 0, 7, 0, address(limits));
		for (int i = 0; i < 2 * PIECE; i += 64)
			out[i] = (char)(in[i] + 1);
	}
	return fd < 0;
}
