/*
 * test_call_stores.c - what the kernel writes when files and sockets are used.
 */
#include "tests/support/pw_test.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/call_witness.h"

#define CALL WITNESS_CALL
#define MUCH 0x01010101 /* room, in all bytes different from what there is */
#define CWD ((uint64_t)(int64_t)AT_FDCWD)

/*
 * Slack: the upper bytes of small numbers are zero before and after.
 */

/* A file of ten bytes. */
static uint64_t small_file(void)
{
	char name[] = "/tmp/pw_call_XXXXXX";
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	unlink(name);
	assert_int_equal(write(fd, "0123456789", 10), 10);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return (uint64_t)fd;
}

static void read_ends_early(struct witness *w, uint64_t at)
{
	CALL(w, SYS_read, small_file(), at + 100, 64);
}

static void pread_in_the_middle(struct witness *w, uint64_t at)
{
	CALL(w, SYS_pread64, small_file(), at + 3, 4, 5);
}

/* 3 + 0 + 5 bytes of room, then 64: the last takes two. */
static void four_buffers(struct witness *w, uint64_t at)
{
	const struct iovec iov[] = {
		{w->area + 4096, 3},
		{w->area + 4200, 0},
		{w->area + 8190, 5},
		{w->area + 4300, 64},
	};

	witness_put(w, at, iov, sizeof(iov));
}

static void readv_fills_in_order(struct witness *w, uint64_t at)
{
	four_buffers(w, at);
	CALL(w, SYS_readv, small_file(), at, 4);
}

static void preadv_fills_in_order(struct witness *w, uint64_t at)
{
	four_buffers(w, at);
	CALL(w, SYS_preadv, small_file(), at, 4, 1);
}

static void preadv2_at_the_offset(struct witness *w, uint64_t at)
{
	four_buffers(w, at);
	CALL(w, SYS_preadv2, small_file(), at, 4, UINT64_MAX, UINT64_MAX);
}

static void process_vm_readv_own(struct witness *w, uint64_t at)
{
	static char from[7] = "abcdefg";
	const struct iovec remote = {from, sizeof(from)};

	four_buffers(w, at);
	witness_put(w, at + 512, &remote, sizeof(remote));
	CALL(w, SYS_process_vm_readv, (uint64_t)getpid(), at, 4, at + 512, 1);
}

static void getrandom_some(struct witness *w, uint64_t at)
{
	CALL(w, SYS_getrandom, at + 17, 3, 0);
}

static void fstat_a_file(struct witness *w, uint64_t at)
{
	CALL(w, SYS_fstat, small_file(), at + 8);
}

static void named(struct witness *w, uint64_t at, const char *name)
{
	witness_put(w, at, name, strlen(name) + 1);
}

static void stat_root(struct witness *w, uint64_t at)
{
	named(w, at, "/");
	CALL(w, SYS_stat, at, at + 64);
}

static void lstat_root(struct witness *w, uint64_t at)
{
	named(w, at, "/");
	CALL(w, SYS_lstat, at, at + 64);
}

static void newfstatat_root(struct witness *w, uint64_t at)
{
	named(w, at, "/");
	CALL(w, SYS_newfstatat, CWD, at, at + 64, 0);
}

static void statx_root(struct witness *w, uint64_t at)
{
	named(w, at, "/");
	CALL(w, SYS_statx, CWD, at, 0, STATX_BASIC_STATS, at + 64);
}

static void statfs_root(struct witness *w, uint64_t at)
{
	named(w, at, "/");
	CALL(w, SYS_statfs, at, at + 64);
}

static void fstatfs_file(struct witness *w, uint64_t at)
{
	CALL(w, SYS_fstatfs, small_file(), at + 64);
}

static void readlink_of_self(struct witness *w, uint64_t at)
{
	named(w, at, "/proc/self");
	CALL(w, SYS_readlink, at, at + 64, 100);
}

static void readlinkat_cut(struct witness *w, uint64_t at)
{
	named(w, at, "/proc/self/exe");
	CALL(w, SYS_readlinkat, CWD, at, at + 64, 5);
}

static void getcwd_of_here(struct witness *w, uint64_t at)
{
	CALL(w, SYS_getcwd, at, 4096);
}

/* Between the entries the kernel leaves bytes alone. */
static void getdents64_of_root(struct witness *w, uint64_t at)
{
	CALL(w, SYS_getdents64, (uint64_t)open("/", O_RDONLY | O_DIRECTORY), at,
	     2048);
}

/* The length given, 128, has zeros where the length written has them. */
static void name_to_handle_of_tmp(struct witness *w, uint64_t at)
{
	const uint32_t room = 128;

	named(w, at, "/tmp");
	witness_put(w, at + 64, &room, sizeof(room));
	CALL(w, SYS_name_to_handle_at, CWD, at, at + 64, at + 512, 0);
}

static void pipe_of_two(struct witness *w, uint64_t at)
{
	CALL(w, SYS_pipe, at + 4);
}

static void pipe2_of_two(struct witness *w, uint64_t at)
{
	CALL(w, SYS_pipe2, at + 4, O_CLOEXEC);
}

static void socketpair_of_two(struct witness *w, uint64_t at)
{
	CALL(w, SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, at + 4);
}

/* A socket of the local domain with a name of its own. */
static int bound(int type, char letter)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type, 0);
	static int count;

	snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "pw-%d-%d-%c",
		 getpid(), count++, letter);
	assert_int_equal(bind(fd, (struct sockaddr *)&name, 40), 0);
	return fd;
}

static void room_for_name(struct witness *w, uint64_t at, uint32_t room)
{
	witness_put(w, at, &room, sizeof(room));
}

static void getsockname_whole(struct witness *w, uint64_t at)
{
	room_for_name(w, at, MUCH);
	CALL(w, SYS_getsockname, (uint64_t)bound(SOCK_STREAM, 'n'), at + 8, at);
}

/* Only 12 bytes are written, but the length says 40. */
static void getsockname_cut(struct witness *w, uint64_t at)
{
	room_for_name(w, at, 12);
	CALL(w, SYS_getsockname, (uint64_t)bound(SOCK_STREAM, 'n'), at + 8, at);
}

/* A connection from a named socket, not yet accepted. */
static uint64_t listener(int *client)
{
	struct sockaddr_un name;
	socklen_t bytes = sizeof(name);
	int fd = bound(SOCK_STREAM, 'l');

	assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &bytes), 0);
	assert_int_equal(listen(fd, 1), 0);
	*client = bound(SOCK_STREAM, 'c');
	assert_int_equal(connect(*client, (struct sockaddr *)&name, bytes), 0);
	return (uint64_t)fd;
}

static void accept_named(struct witness *w, uint64_t at)
{
	int client;

	room_for_name(w, at, MUCH);
	CALL(w, SYS_accept4, listener(&client), at + 8, at, SOCK_CLOEXEC);
}

static void accept_silent(struct witness *w, uint64_t at)
{
	int client;

	room_for_name(w, at, MUCH);
	CALL(w, SYS_accept, listener(&client), at + 8, at);
}

static void getpeername_whole(struct witness *w, uint64_t at)
{
	int client;

	listener(&client);
	room_for_name(w, at, MUCH);
	CALL(w, SYS_getpeername, (uint64_t)client, at + 8, at);
}

static void getsockopt_of_type(struct witness *w, uint64_t at)
{
	room_for_name(w, at, MUCH);
	CALL(w, SYS_getsockopt, (uint64_t)bound(SOCK_STREAM, 'o'), SOL_SOCKET,
	     SO_TYPE, at + 8, at);
}

/* A socket to which a named one has sent 5, then 9 bytes. */
static uint64_t receiver(const int *passed)
{
	char control[CMSG_SPACE(2 * sizeof(int))] = {0};
	char hello[] = "hello";
	struct iovec data[] = {{hello, 5}};
	struct sockaddr_un name;
	socklen_t bytes = sizeof(name);
	int from = bound(SOCK_DGRAM, 'f'), to = bound(SOCK_DGRAM, 't');
	struct msghdr message = {
		.msg_name = &name, .msg_iov = data, .msg_iovlen = 1};

	assert_int_equal(getsockname(to, (struct sockaddr *)&name, &bytes), 0);
	message.msg_namelen = bytes;
	if (passed) {
		struct cmsghdr *header = (struct cmsghdr *)(void *)control;

		header->cmsg_len = CMSG_LEN(2 * sizeof(int));
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(header), passed, 2 * sizeof(int));
		message.msg_control = control;
		message.msg_controllen = sizeof(control);
	}
	assert_int_equal(sendmsg(from, &message, 0), 5);
	assert_int_equal(sendto(from, "and again", 9, 0,
				(struct sockaddr *)&name, bytes),
			 9);
	return (uint64_t)to;
}

static void recvfrom_named(struct witness *w, uint64_t at)
{
	room_for_name(w, at, MUCH);
	CALL(w, SYS_recvfrom, receiver(NULL), at + 512, 64, 0, at + 8, at);
}

/* MSG_TRUNC gives the real length, 5, of which 3 fit. */
static void recvfrom_cut(struct witness *w, uint64_t at)
{
	CALL(w, SYS_recvfrom, receiver(NULL), at + 512, 3, MSG_TRUNC);
}

static struct msghdr message_at(struct witness *w, uint64_t at)
{
	four_buffers(w, at + 1024);
	return (struct msghdr){
		.msg_name = w->area + 2048,
		.msg_namelen = MUCH,
		.msg_iov = (struct iovec *)(void *)(w->area + 1024),
		.msg_iovlen = 4,
		.msg_control = w->area + 3072,
		.msg_controllen = MUCH,
		.msg_flags = 0x5a5a5a5a,
	};
}

static void recvmsg_with_everything(struct witness *w, uint64_t at)
{
	const int passed[] = {0, 1};
	struct msghdr message = message_at(w, at);

	witness_put(w, at, &message, sizeof(message));
	CALL(w, SYS_recvmsg, receiver(passed), at, 0);
}

static void recvmmsg_of_two(struct witness *w, uint64_t at)
{
	struct mmsghdr messages[3];
	const struct timespec patience = {100, 5};

	memset(messages, 0x77, sizeof(messages));
	for (size_t i = 0; i < PW_COUNT(messages); i++)
		messages[i].msg_hdr = message_at(w, at);
	messages[1].msg_hdr.msg_name = NULL;
	messages[1].msg_hdr.msg_namelen = 0;
	messages[1].msg_hdr.msg_controllen = 11;
	messages[1].msg_hdr.msg_control = NULL;
	witness_put(w, at, messages, sizeof(messages));
	witness_put(w, at + 512, &patience, sizeof(patience));
	CALL(w, SYS_recvmmsg, receiver(NULL), at, 3, MSG_DONTWAIT, at + 512);
}

static void sendmmsg_counts(struct witness *w, uint64_t at)
{
	struct mmsghdr messages[2] = {0};
	struct iovec data = {w->area + 4096, 9};
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	witness_put(w, at + 512, &data, sizeof(data));
	for (size_t i = 0; i < PW_COUNT(messages); i++) {
		messages[i].msg_hdr.msg_iov =
			(struct iovec *)(void *)(w->area + 512);
		messages[i].msg_hdr.msg_iovlen = 1;
		messages[i].msg_len = 0x55555555;
	}
	witness_put(w, at, messages, sizeof(messages));
	CALL(w, SYS_sendmmsg, (uint64_t)pair[0], at, 2, 0);
}

static int readable_pipe(void)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "abc", 3), 3);
	return ends[0];
}

static void polled(struct witness *w, uint64_t at)
{
	const struct pollfd fds[] = {
		{readable_pipe(), POLLIN, 0x7e7e},
		{-1, POLLIN, 0x7e7e},
		{readable_pipe(), POLLOUT, 0x7e7e},
	};

	witness_put(w, at, fds, sizeof(fds));
}

static void poll_of_three(struct witness *w, uint64_t at)
{
	polled(w, at);
	CALL(w, SYS_poll, at, 3, 0);
}

static void ppoll_counts_down(struct witness *w, uint64_t at)
{
	const struct timespec patience = {0x0101010101, 999999999};

	polled(w, at);
	witness_put(w, at + 64, &patience, sizeof(patience));
	CALL(w, SYS_ppoll, at, 3, at + 64, 0, 8);
}

static void ppoll_without_patience(struct witness *w, uint64_t at)
{
	const struct timespec none = {0, 0};

	polled(w, at);
	witness_put(w, at + 64, &none, sizeof(none));
	CALL(w, SYS_ppoll, at, 3, at + 64, 0, 8);
}

/* Sets of a word: every byte is written, as it was all ones or zero. */
static void selected(struct witness *w, uint64_t at)
{
	uint64_t set = UINT64_C(1) << readable_pipe();

	for (unsigned i = 0; i < 3; i++)
		witness_put(w, at + i * 32, &set, sizeof(set));
}

static void select_of_sets(struct witness *w, uint64_t at)
{
	const struct timeval patience = {0x01010101, 500000};

	selected(w, at);
	witness_put(w, at + 128, &patience, sizeof(patience));
	CALL(w, SYS_select, 64, at, at + 32, at + 64, at + 128);
}

static void pselect6_of_sets(struct witness *w, uint64_t at)
{
	const struct timespec patience = {0x01010101, 500000};
	const uint64_t mask[] = {at + 256, 8};
	const uint64_t blocked = 0;

	selected(w, at);
	witness_put(w, at + 128, &patience, sizeof(patience));
	witness_put(w, at + 192, mask, sizeof(mask));
	witness_put(w, at + 256, &blocked, sizeof(blocked));
	CALL(w, SYS_pselect6, 64, at, at + 32, at + 64, at + 128, at + 192);
}

static void epoll_wait_of_one(struct witness *w, uint64_t at)
{
	struct epoll_event event = {.events = EPOLLIN,
				    .data.u64 = 0x1122334455667788};
	int fd = epoll_create1(0);

	assert_int_equal(epoll_ctl(fd, EPOLL_CTL_ADD, readable_pipe(), &event),
			 0);
	CALL(w, SYS_epoll_wait, (uint64_t)fd, at, 7, 0);
}

static void fionread_of_pipe(struct witness *w, uint64_t at)
{
	CALL(w, SYS_ioctl, (uint64_t)readable_pipe(), FIONREAD, at);
}

static void tcgets_of_terminal(struct witness *w, uint64_t at)
{
	CALL(w, SYS_ioctl, (uint64_t)open("/dev/ptmx", O_RDWR | O_NOCTTY),
	     0x5401, at);
}

static void winsize_of_terminal(struct witness *w, uint64_t at)
{
	CALL(w, SYS_ioctl, (uint64_t)open("/dev/ptmx", O_RDWR | O_NOCTTY),
	     TIOCGWINSZ, at);
}

/* TIOCGPTN says itself that it writes four bytes. */
static void ptn_of_terminal(struct witness *w, uint64_t at)
{
	CALL(w, SYS_ioctl, (uint64_t)open("/dev/ptmx", O_RDWR | O_NOCTTY),
	     TIOCGPTN, at);
}

/* The kernel copies the whole lock out, though only its type differs. */
static void getlk_of_file(struct witness *w, uint64_t at)
{
	const struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	witness_put(w, at, &lock, sizeof(lock));
	CALL(w, SYS_fcntl, small_file(), F_GETLK, at);
}

static void owner_of_pipe(struct witness *w, uint64_t at)
{
	CALL(w, SYS_fcntl, (uint64_t)readable_pipe(), F_GETOWN_EX, at);
}

static const struct witness_case cases[] = {
	WITNESS_CASE(read_ends_early),
	WITNESS_CASE(pread_in_the_middle),
	WITNESS_CASE(readv_fills_in_order),
	WITNESS_CASE(preadv_fills_in_order),
	WITNESS_CASE(preadv2_at_the_offset),
	WITNESS_CASE(process_vm_readv_own),
	WITNESS_CASE(getrandom_some),
	WITNESS_CASE(fstat_a_file),
	WITNESS_CASE(stat_root),
	WITNESS_CASE(lstat_root),
	WITNESS_CASE(newfstatat_root),
	WITNESS_CASE(statx_root),
	WITNESS_CASE(statfs_root),
	WITNESS_CASE(fstatfs_file),
	WITNESS_CASE(readlink_of_self),
	WITNESS_CASE(readlinkat_cut),
	WITNESS_CASE(getcwd_of_here),
	WITNESS_SLACK(getdents64_of_root, 2048),
	WITNESS_SLACK(name_to_handle_of_tmp, 3),
	WITNESS_CASE(pipe_of_two),
	WITNESS_CASE(pipe2_of_two),
	WITNESS_CASE(socketpair_of_two),
	WITNESS_CASE(getsockname_whole),
	WITNESS_SLACK(getsockname_cut, 3),
	WITNESS_CASE(accept_named),
	WITNESS_CASE(accept_silent),
	WITNESS_CASE(getpeername_whole),
	WITNESS_CASE(getsockopt_of_type),
	WITNESS_CASE(recvfrom_named),
	WITNESS_CASE(recvfrom_cut),
	WITNESS_SLACK(recvmsg_with_everything, 4),
	WITNESS_SLACK(recvmmsg_of_two, 27),
	WITNESS_CASE(sendmmsg_counts),
	WITNESS_CASE(poll_of_three),
	WITNESS_SLACK(ppoll_counts_down, 15),
	WITNESS_CASE(ppoll_without_patience),
	WITNESS_SLACK(select_of_sets, 38),
	WITNESS_SLACK(pselect6_of_sets, 38),
	WITNESS_CASE(epoll_wait_of_one),
	WITNESS_CASE(fionread_of_pipe),
	WITNESS_CASE(tcgets_of_terminal),
	WITNESS_CASE(winsize_of_terminal),
	WITNESS_CASE(ptn_of_terminal),
	WITNESS_SLACK(getlk_of_file, 31),
	WITNESS_CASE(owner_of_pipe),
};

static void the_bytes_that_change_are_those_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < PW_COUNT(cases); i++)
		witness_stores(&cases[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bytes_that_change_are_those_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
