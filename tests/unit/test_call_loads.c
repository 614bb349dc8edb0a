/*
 * test_call_loads.c - what the kernel reads: inputs that end where memory
 * does. With the last byte over the end the kernel must notice, so it reads
 * as far as is told; with all bytes before it must not, so it reads no
 * further.
 */
#include "tests/support/pw_test.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/call_witness.h"

#define CALL WITNESS_CALL
#define CWD ((uint64_t)(int64_t)AT_FDCWD)

static uint64_t area(const struct witness *w)
{
	return (uint64_t)(uintptr_t)w->area;
}

/* A pipe to write to. */
static uint64_t sink(void)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	return (uint64_t)ends[1];
}

static uint64_t file(void)
{
	return (uint64_t)syscall(SYS_memfd_create, "input", 0);
}

static void write_to_pipe(struct witness *w, uint64_t at)
{
	CALL(w, SYS_write, sink(), at, 700);
}

static void pwrite_to_file(struct witness *w, uint64_t at)
{
	CALL(w, SYS_pwrite64, file(), at, 700, 3);
}

/* The second buffer is the input. */
static void writev_to_pipe(struct witness *w, uint64_t at)
{
	const struct iovec iov[] = {{w->area + 100, 50},
				    {(void *)(uintptr_t)at, 60}};

	witness_put(w, area(w), iov, sizeof(iov));
	CALL(w, SYS_writev, sink(), area(w), 2);
}

/* The array is the input. */
static void array_of_writev(struct witness *w, uint64_t at)
{
	const struct iovec iov[] = {{w->area, 50}, {w->area, 60}};

	witness_put(w, at, iov, sizeof(iov));
	CALL(w, SYS_writev, sink(), at, 2);
}

static void array_of_pwritev(struct witness *w, uint64_t at)
{
	const struct iovec iov[] = {{w->area, 50}, {w->area, 60}};

	witness_put(w, at, iov, sizeof(iov));
	CALL(w, SYS_pwritev, file(), at, 2, 9);
}

static void array_of_readv(struct witness *w, uint64_t at)
{
	const struct iovec iov[] = {{w->area, 50}, {w->area, 60}};

	witness_put(w, at, iov, sizeof(iov));
	CALL(w, SYS_readv, file(), at, 2);
}

/* Names are read up to their end, found or not. */
static void name_of_open(struct witness *w, uint64_t at)
{
	witness_put(w, at, "/dev/null", 10);
	CALL(w, SYS_open, at, O_RDONLY);
}

static void name_of_nothing(struct witness *w, uint64_t at)
{
	witness_put(w, at, "/nothing", 9);
	CALL(w, SYS_openat, CWD, at, O_RDONLY);
}

static void name_of_stat(struct witness *w, uint64_t at)
{
	witness_put(w, at, "/dev/null", 10);
	CALL(w, SYS_stat, at, area(w));
}

static void name_of_access(struct witness *w, uint64_t at)
{
	witness_put(w, at, "/dev/null", 10);
	CALL(w, SYS_access, at, R_OK);
}

static void name_of_attribute(struct witness *w, uint64_t at)
{
	witness_put(w, at, "user.nothing", 13);
	CALL(w, SYS_fgetxattr, file(), at, area(w), 20);
}

static void name_of_memfd(struct witness *w, uint64_t at)
{
	witness_put(w, at, "memory", 7);
	CALL(w, SYS_memfd_create, at, 0);
}

static void name_of_thread(struct witness *w, uint64_t at)
{
	witness_put(w, at, "pw-test", 8);
	CALL(w, SYS_prctl, PR_SET_NAME, at);
}

static void name_of_thread_cut(struct witness *w, uint64_t at)
{
	witness_put(w, at, "fifteen bytes a", 15);
	CALL(w, SYS_prctl, PR_SET_NAME, at);
}

static void name_of_watch(struct witness *w, uint64_t at)
{
	witness_put(w, at, "/dev", 5);
	CALL(w, SYS_inotify_add_watch, (uint64_t)syscall(SYS_inotify_init1, 0),
	     at, 1);
}

static void target_of_link(struct witness *w, uint64_t at)
{
	witness_put(w, at, "target", 7);
	witness_put(w, area(w), "/nothing/link", 14);
	CALL(w, SYS_symlink, at, area(w));
}

static void how_to_open(struct witness *w, uint64_t at)
{
	const struct open_how how = {.flags = O_RDONLY};

	witness_put(w, at, &how, sizeof(how));
	witness_put(w, area(w), "/", 2);
	CALL(w, SYS_openat2, CWD, area(w), at, sizeof(how));
}

static void times_of_file(struct witness *w, uint64_t at)
{
	const struct timespec times[2] = {{1, 2}, {3, 4}};

	witness_put(w, at, times, sizeof(times));
	CALL(w, SYS_utimensat, file(), 0, at, 0);
}

static void offset_of_sendfile(struct witness *w, uint64_t at)
{
	const uint64_t offset = 0;

	witness_put(w, at, &offset, sizeof(offset));
	CALL(w, SYS_sendfile, file(), file(), at, 4);
}

static void descriptors_of_poll(struct witness *w, uint64_t at)
{
	const struct pollfd fds[3] = {{-1, 0, 0}, {-1, 0, 0}, {-1, 0, 0}};

	witness_put(w, at, fds, sizeof(fds));
	CALL(w, SYS_poll, at, 3, 0);
}

static void mask_of_ppoll(struct witness *w, uint64_t at)
{
	const uint64_t mask = 0;
	const struct timespec none = {0, 0};

	witness_put(w, at, &mask, sizeof(mask));
	witness_put(w, area(w), &none, sizeof(none));
	CALL(w, SYS_ppoll, 0, 0, area(w), at, 8);
}

static void set_of_select(struct witness *w, uint64_t at)
{
	const uint64_t set = 0;
	const struct timeval none = {0, 0};

	witness_put(w, at, &set, sizeof(set));
	witness_put(w, area(w), &none, sizeof(none));
	CALL(w, SYS_select, 5, at, 0, 0, area(w));
}

static void time_of_select(struct witness *w, uint64_t at)
{
	const struct timeval none = {0, 0};

	witness_put(w, at, &none, sizeof(none));
	CALL(w, SYS_select, 0, 0, 0, 0, at);
}

static void mask_of_pselect6(struct witness *w, uint64_t at)
{
	const uint64_t mask[2] = {area(w) + 64, 8};
	const uint64_t zero[2] = {0, 0};

	witness_put(w, at, mask, sizeof(mask));
	witness_put(w, area(w), zero, sizeof(zero));
	witness_put(w, area(w) + 64, zero, 8);
	CALL(w, SYS_pselect6, 0, 0, 0, 0, area(w), at);
}

static void event_of_epoll_ctl(struct witness *w, uint64_t at)
{
	const struct epoll_event event = {.events = EPOLLIN};

	witness_put(w, at, &event, sizeof(event));
	CALL(w, SYS_epoll_ctl, (uint64_t)epoll_create1(0), EPOLL_CTL_ADD,
	     sink(), at);
}

static void mask_of_epoll_pwait(struct witness *w, uint64_t at)
{
	const uint64_t mask = 0;

	witness_put(w, at, &mask, sizeof(mask));
	CALL(w, SYS_epoll_pwait, (uint64_t)epoll_create1(0), area(w), 1, 0, at,
	     8);
}

static void name_to_bind(struct witness *w, uint64_t at)
{
	const struct sockaddr_un name = {.sun_family = AF_UNIX,
					 .sun_path = "\0pw-loads-bind"};

	witness_put(w, at, &name, 16);
	CALL(w, SYS_bind, (uint64_t)socket(AF_UNIX, SOCK_DGRAM, 0), at, 16);
}

/* Read though nobody listens there. */
static void name_to_connect_to(struct witness *w, uint64_t at)
{
	const struct sockaddr_un name = {.sun_family = AF_UNIX,
					 .sun_path = "\0pw-nobody"};

	witness_put(w, at, &name, 12);
	CALL(w, SYS_connect, (uint64_t)socket(AF_UNIX, SOCK_DGRAM, 0), at, 12);
}

static void name_to_send_to(struct witness *w, uint64_t at)
{
	const struct sockaddr_un name = {.sun_family = AF_UNIX,
					 .sun_path = "\0pw-nobody"};

	witness_put(w, at, &name, 12);
	CALL(w, SYS_sendto, (uint64_t)socket(AF_UNIX, SOCK_DGRAM, 0), area(w),
	     5, 0, at, 12);
}

static uint64_t connected(void)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	return (uint64_t)pair[0];
}

static void data_to_send(struct witness *w, uint64_t at)
{
	CALL(w, SYS_sendto, connected(), at, 77, 0, 0, 0);
}

static void header_of_sendmsg(struct witness *w, uint64_t at)
{
	const struct iovec iov = {w->area, 9};
	const struct msghdr message = {
		.msg_iov = (struct iovec *)(void *)(w->area + 64),
		.msg_iovlen = 1};

	witness_put(w, area(w) + 64, &iov, sizeof(iov));
	witness_put(w, at, &message, sizeof(message));
	CALL(w, SYS_sendmsg, connected(), at, 0);
}

static void control_of_sendmsg(struct witness *w, uint64_t at)
{
	const struct msghdr message = {.msg_control = (void *)(uintptr_t)at,
				       .msg_controllen = CMSG_SPACE(4)};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(4)];
	} control = {.header = {.cmsg_len = CMSG_LEN(4),
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS}};

	witness_put(w, at, &control, sizeof(control));
	witness_put(w, area(w), &message, sizeof(message));
	CALL(w, SYS_sendmsg, connected(), area(w), 0);
}

/* Nothing has come, but the header has been read. */
static void header_of_recvmsg(struct witness *w, uint64_t at)
{
	const struct msghdr message = {0};

	witness_put(w, at, &message, sizeof(message));
	CALL(w, SYS_recvmsg, connected(), at, MSG_DONTWAIT);
}

static void socket_option(struct witness *w, uint64_t at)
{
	const int on = 1;

	witness_put(w, at, &on, sizeof(on));
	CALL(w, SYS_setsockopt, connected(), SOL_SOCKET, SO_PASSCRED, at, 4);
}

static const struct witness_case cases[] = {
	WITNESS_INPUT(write_to_pipe, 700),
	WITNESS_INPUT(pwrite_to_file, 700),
	WITNESS_INPUT(writev_to_pipe, 60),
	WITNESS_INPUT(array_of_writev, 32),
	WITNESS_INPUT(array_of_pwritev, 32),
	WITNESS_INPUT(array_of_readv, 32),
	WITNESS_INPUT(name_of_open, 10),
	WITNESS_INPUT(name_of_nothing, 9),
	WITNESS_INPUT(name_of_stat, 10),
	WITNESS_INPUT(name_of_access, 10),
	WITNESS_INPUT(name_of_attribute, 13),
	WITNESS_INPUT(name_of_memfd, 7),
	WITNESS_INPUT(name_of_thread, 8),
	WITNESS_INPUT(name_of_thread_cut, 15),
	WITNESS_INPUT(name_of_watch, 5),
	WITNESS_INPUT(target_of_link, 7),
	WITNESS_INPUT(how_to_open, 24),
	WITNESS_INPUT(times_of_file, 32),
	WITNESS_INPUT(offset_of_sendfile, 8),
	WITNESS_INPUT(descriptors_of_poll, 24),
	WITNESS_INPUT(mask_of_ppoll, 8),
	WITNESS_INPUT(set_of_select, 8),
	WITNESS_INPUT(time_of_select, 16),
	WITNESS_INPUT(mask_of_pselect6, 16),
	WITNESS_INPUT(event_of_epoll_ctl, 12),
	WITNESS_INPUT(mask_of_epoll_pwait, 8),
	WITNESS_INPUT(name_to_bind, 16),
	WITNESS_INPUT(name_to_connect_to, 12),
	WITNESS_INPUT(name_to_send_to, 12),
	WITNESS_INPUT(data_to_send, 77),
	WITNESS_INPUT(header_of_sendmsg, 56),
	WITNESS_INPUT(control_of_sendmsg, 24),
	WITNESS_INPUT(header_of_recvmsg, 56),
	WITNESS_INPUT(socket_option, 4),
};

static void inputs_are_read_as_far_as_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < PW_COUNT(cases); i++)
		witness_loads(&cases[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inputs_are_read_as_far_as_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
