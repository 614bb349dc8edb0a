/*
 * test_call_stores_system.c - what the kernel writes when it is asked about
 * time, processes, signals and itself.
 */
#include "tests/support/pw_test.h"

#include <asm/prctl.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/call_witness.h"

#define CALL WITNESS_CALL

static void clock_gettime_of_process(struct witness *w, uint64_t at)
{
	CALL(w, SYS_clock_gettime, CLOCK_REALTIME, at);
}

static void clock_getres_of_process(struct witness *w, uint64_t at)
{
	CALL(w, SYS_clock_getres, CLOCK_MONOTONIC, at);
}

static void gettimeofday_and_zone(struct witness *w, uint64_t at)
{
	CALL(w, SYS_gettimeofday, at, at + 32);
}

static void time_of_day(struct witness *w, uint64_t at)
{
	CALL(w, SYS_time, at);
}

static void times_of_process(struct witness *w, uint64_t at)
{
	CALL(w, SYS_times, at);
}

static void getrusage_of_self(struct witness *w, uint64_t at)
{
	CALL(w, SYS_getrusage, 0, at);
}

static void uname_of_host(struct witness *w, uint64_t at)
{
	CALL(w, SYS_uname, at + 1);
}

static void sysinfo_of_host(struct witness *w, uint64_t at)
{
	CALL(w, SYS_sysinfo, at);
}

static void getcpu_of_thread(struct witness *w, uint64_t at)
{
	CALL(w, SYS_getcpu, at, at + 8);
}

static void sched_getaffinity_of_self(struct witness *w, uint64_t at)
{
	CALL(w, SYS_sched_getaffinity, 0, 1024, at);
}

static void sched_getparam_of_self(struct witness *w, uint64_t at)
{
	CALL(w, SYS_sched_getparam, 0, at);
}

static void sched_getattr_of_self(struct witness *w, uint64_t at)
{
	CALL(w, SYS_sched_getattr, 0, at, 200, 0);
}

static void sched_getattr_cut(struct witness *w, uint64_t at)
{
	CALL(w, SYS_sched_getattr, 0, at, 48, 0);
}

static void sched_rr_get_interval_of_self(struct witness *w, uint64_t at)
{
	CALL(w, SYS_sched_rr_get_interval, 0, at);
}

static void getrlimit_of_files(struct witness *w, uint64_t at)
{
	CALL(w, SYS_getrlimit, RLIMIT_NOFILE, at);
}

static void prlimit64_of_files(struct witness *w, uint64_t at)
{
	CALL(w, SYS_prlimit64, 0, RLIMIT_NOFILE, 0, at);
}

static void getresuid_of_self(struct witness *w, uint64_t at)
{
	CALL(w, SYS_getresuid, at, at + 8, at + 16);
}

static void getresgid_of_self(struct witness *w, uint64_t at)
{
	CALL(w, SYS_getresgid, at, at + 8, at + 16);
}

static void capget_of_self(struct witness *w, uint64_t at)
{
	const uint32_t header[2] = {_LINUX_CAPABILITY_VERSION_3, 0};

	witness_put(w, at, header, sizeof(header));
	CALL(w, SYS_capget, at, at + 64);
}

static void capget_of_the_first_version(struct witness *w, uint64_t at)
{
	const uint32_t header[2] = {_LINUX_CAPABILITY_VERSION_1, 0};

	witness_put(w, at, header, sizeof(header));
	CALL(w, SYS_capget, at, at + 64);
}

static void capget_of_no_version(struct witness *w, uint64_t at)
{
	const uint32_t header[2] = {0x5b5b5b5b, 0};

	witness_put(w, at, header, sizeof(header));
	CALL(w, SYS_capget, at, at + 64);
}

static void get_robust_list_of_self(struct witness *w, uint64_t at)
{
	CALL(w, SYS_get_robust_list, 0, at, at + 16);
}

static void name_of_thread(struct witness *w, uint64_t at)
{
	CALL(w, SYS_prctl, PR_GET_NAME, at);
}

static void death_signal(struct witness *w, uint64_t at)
{
	CALL(w, SYS_prctl, PR_GET_PDEATHSIG, at);
}

static void subreaper(struct witness *w, uint64_t at)
{
	CALL(w, SYS_prctl, PR_GET_CHILD_SUBREAPER, at);
}

static void address_of_tid(struct witness *w, uint64_t at)
{
	CALL(w, SYS_prctl, PR_GET_TID_ADDRESS, at);
}

static void auxv_cut(struct witness *w, uint64_t at)
{
	CALL(w, SYS_prctl, 0x41555856, at, 40, 0, 0); /* PR_GET_AUXV */
}

static void base_of_fs(struct witness *w, uint64_t at)
{
	CALL(w, SYS_arch_prctl, ARCH_GET_FS, at);
}

static void old_action(struct witness *w, uint64_t at)
{
	CALL(w, SYS_rt_sigaction, SIGUSR1, 0, at, 8);
}

static void old_mask(struct witness *w, uint64_t at)
{
	CALL(w, SYS_rt_sigprocmask, SIG_BLOCK, 0, at, 8);
}

static void pending_signals(struct witness *w, uint64_t at)
{
	CALL(w, SYS_rt_sigpending, at, 8);
}

/* A signal that waits, blocked. */
static void block_and_raise(uint64_t *set)
{
	*set = UINT64_C(1) << (SIGUSR1 - 1);
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, set, NULL, 8);
	raise(SIGUSR1);
}

static void sigtimedwait_takes_one(struct witness *w, uint64_t at)
{
	uint64_t set;

	block_and_raise(&set);
	witness_put(w, at, &set, sizeof(set));
	CALL(w, SYS_rt_sigtimedwait, at, at + 64, 0, 8);
}

/* Between the flags and the size of the stack are bytes without a use. */
static void old_signal_stack(struct witness *w, uint64_t at)
{
	CALL(w, SYS_sigaltstack, 0, at);
}

static pid_t ended_child(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0x5a);
	return pid;
}

static void wait4_of_child(struct witness *w, uint64_t at)
{
	CALL(w, SYS_wait4, (uint64_t)ended_child(), at, 0, at + 64);
}

static void waitid_of_child(struct witness *w, uint64_t at)
{
	CALL(w, SYS_waitid, P_PID, (uint64_t)ended_child(), at, WEXITED,
	     at + 256);
}

/* Linux clears the information also when it fails. */
static void waitid_without_child(struct witness *w, uint64_t at)
{
	CALL(w, SYS_waitid, P_PID, (uint64_t)getppid(), at, WEXITED, at + 256);
}

static void itimer_left(struct witness *w, uint64_t at)
{
	CALL(w, SYS_getitimer, ITIMER_VIRTUAL, at);
}

static void itimer_before(struct witness *w, uint64_t at)
{
	const struct itimerval never = {{0, 0}, {0, 0}};

	witness_put(w, at, &never, sizeof(never));
	CALL(w, SYS_setitimer, ITIMER_VIRTUAL, at, at + 64);
}

static void timer_made(struct witness *w, uint64_t at)
{
	CALL(w, SYS_timer_create, CLOCK_MONOTONIC, 0, at);
}

static int timer(void)
{
	int id;

	assert_int_equal(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &id),
			 0);
	return id;
}

static void timer_left(struct witness *w, uint64_t at)
{
	CALL(w, SYS_timer_gettime, (uint64_t)timer(), at);
}

static void timer_before(struct witness *w, uint64_t at)
{
	const struct itimerspec never = {{0, 0}, {0, 0}};

	witness_put(w, at, &never, sizeof(never));
	CALL(w, SYS_timer_settime, (uint64_t)timer(), 0, at, at + 64);
}

static void timerfd_left(struct witness *w, uint64_t at)
{
	CALL(w, SYS_timerfd_gettime,
	     (uint64_t)timerfd_create(CLOCK_MONOTONIC, 0), at);
}

static void timerfd_before(struct witness *w, uint64_t at)
{
	const struct itimerspec never = {{0, 0}, {0, 0}};

	witness_put(w, at, &never, sizeof(never));
	CALL(w, SYS_timerfd_settime,
	     (uint64_t)timerfd_create(CLOCK_MONOTONIC, 0), 0, at, at + 64);
}

static void on_alarm(int number)
{
	(void)number;
}

static void stop_alarm(int id)
{
	const struct itimerval never = {{0, 0}, {0, 0}};

	(void)id;
	setitimer(ITIMER_REAL, &never, NULL);
}

/* An alarm after five milliseconds ends a sleep of a hundred seconds. */
static void interrupted_soon(struct witness *w, uint64_t at)
{
	const struct itimerval soon = {{0, 5000}, {0, 5000}};
	const struct timespec long_time = {100, 1};

	signal(SIGALRM, on_alarm);
	w->undo = stop_alarm;
	assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
	witness_put(w, at, &long_time, sizeof(long_time));
}

static void nanosleep_interrupted(struct witness *w, uint64_t at)
{
	interrupted_soon(w, at);
	CALL(w, SYS_nanosleep, at, at + 64);
}

static void clock_nanosleep_interrupted(struct witness *w, uint64_t at)
{
	interrupted_soon(w, at);
	CALL(w, SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, at, at + 64);
}

static void residency_of_area(struct witness *w, uint64_t at)
{
	CALL(w, SYS_mincore, (uint64_t)(uintptr_t)w->area, 5 * 4096 - 9, at);
}

static void memory_policy(struct witness *w, uint64_t at)
{
	CALL(w, SYS_get_mempolicy, at, at + 64, 1025, 0, 0);
}

static void pages_nowhere(struct witness *w, uint64_t at)
{
	const uint64_t pages[] = {8192, 12288, at};

	witness_put(w, at, pages, sizeof(pages));
	CALL(w, SYS_move_pages, 0, 3, at, 0, at + 64, 0);
}

static void futex_wake_op_sets_the_word(struct witness *w, uint64_t at)
{
	/* FUTEX_OP_XOR with the operand 1 << 31, compared with 0. */
	const uint64_t operation = UINT64_C(0xc001f000);

	witness_put(w, at, "word", 4);
	CALL(w, SYS_futex, at, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 1, 1,
	     at + 64, operation);
}

static void futex_trylock_takes_it(struct witness *w, uint64_t at)
{
	const uint32_t nobody = 0;

	witness_put(w, at, &nobody, sizeof(nobody));
	CALL(w, SYS_futex, at, FUTEX_TRYLOCK_PI | FUTEX_PRIVATE_FLAG);
}

static void number_of_child_to_parent(struct witness *w, uint64_t at)
{
	CALL(w, SYS_clone, CLONE_PARENT_SETTID | SIGCHLD, 0, at);
}

static void descriptor_of_child_to_parent(struct witness *w, uint64_t at)
{
	CALL(w, SYS_clone, CLONE_PIDFD | SIGCHLD, 0, at);
}

static void remove_shm(int id)
{
	shmctl(id, IPC_RMID, NULL);
}

static void remove_sem(int id)
{
	semctl(id, 0, IPC_RMID);
}

static void remove_msg(int id)
{
	msgctl(id, IPC_RMID, NULL);
}

static void shm_state(struct witness *w, uint64_t at)
{
	int id = shmget(IPC_PRIVATE, 4096, 0600);

	w->undo = remove_shm;
	w->undo_id = id;
	CALL(w, SYS_shmctl, (uint64_t)id, IPC_STAT, at);
}

static void sem_state(struct witness *w, uint64_t at)
{
	int id = semget(IPC_PRIVATE, 3, 0600);

	w->undo = remove_sem;
	w->undo_id = id;
	CALL(w, SYS_semctl, (uint64_t)id, 0, IPC_STAT, at);
}

static void msg_state(struct witness *w, uint64_t at)
{
	int id = msgget(IPC_PRIVATE, 0600);

	w->undo = remove_msg;
	w->undo_id = id;
	CALL(w, SYS_msgctl, (uint64_t)id, IPC_STAT, at);
}

static void message_received(struct witness *w, uint64_t at)
{
	const struct {
		long type;
		char text[5];
	} message = {0x1111111111111111, "hello"};
	int id = msgget(IPC_PRIVATE, 0600);

	w->undo = remove_msg;
	w->undo_id = id;
	assert_int_equal(msgsnd(id, &message, 5, 0), 0);
	CALL(w, SYS_msgrcv, (uint64_t)id, at, 64, 0, 0);
}

/* A file of ten bytes at its start. */
static uint64_t small_file(void)
{
	int fd = (int)syscall(SYS_memfd_create, "small", 0);

	assert_int_equal(pwrite(fd, "0123456789", 10, 0), 10);
	return (uint64_t)fd;
}

static void offset_of_sendfile(struct witness *w, uint64_t at)
{
	const uint64_t offset = 3;

	witness_put(w, at, &offset, sizeof(offset));
	CALL(w, SYS_sendfile, small_file(), small_file(), at, 4);
}

static void offsets_of_copy(struct witness *w, uint64_t at)
{
	const uint64_t offset = 3;

	witness_put(w, at, &offset, sizeof(offset));
	witness_put(w, at + 64, &offset, sizeof(offset));
	CALL(w, SYS_copy_file_range, small_file(), at, small_file(), at + 64, 4,
	     0);
}

static void offset_of_splice(struct witness *w, uint64_t at)
{
	const uint64_t offset = 3;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	witness_put(w, at, &offset, sizeof(offset));
	CALL(w, SYS_splice, small_file(), at, (uint64_t)ends[1], 0, 4, 0);
}

static void context_of_ring(struct witness *w, uint64_t at)
{
	const uint64_t none = 0;

	witness_put(w, at, &none, sizeof(none));
	CALL(w, SYS_io_setup, 4, at);
}

/* The ten bytes come when the read is submitted, their report later. */
static void asynchronous_read(struct witness *w, uint64_t at)
{
	struct iocb control = {.aio_lio_opcode = IOCB_CMD_PREAD,
			       .aio_fildes = (uint32_t)small_file(),
			       .aio_buf = at + 2048,
			       .aio_nbytes = 64};
	static struct iocb *controls[1];
	uint64_t context = 0;

	witness_put(w, at, &control, sizeof(control));
	controls[0] = (struct iocb *)(void *)w->area;
	assert_int_equal(syscall(SYS_io_setup, 4, &context), 0);
	assert_int_equal(syscall(SYS_io_submit, context, 1, controls), 1);
	CALL(w, SYS_io_getevents, context, 1, 4, at + 512, 0);
}

/* Slack: upper bytes that are zero before and after, and what came before. */
static const struct witness_case cases[] = {
	WITNESS_CASE(clock_gettime_of_process),
	WITNESS_CASE(clock_getres_of_process),
	WITNESS_CASE(gettimeofday_and_zone),
	WITNESS_CASE(time_of_day),
	WITNESS_CASE(times_of_process),
	WITNESS_CASE(getrusage_of_self),
	WITNESS_CASE(uname_of_host),
	WITNESS_CASE(sysinfo_of_host),
	WITNESS_CASE(getcpu_of_thread),
	WITNESS_CASE(sched_getaffinity_of_self),
	WITNESS_CASE(sched_getparam_of_self),
	WITNESS_CASE(sched_getattr_of_self),
	WITNESS_CASE(sched_getattr_cut),
	WITNESS_CASE(sched_rr_get_interval_of_self),
	WITNESS_CASE(getrlimit_of_files),
	WITNESS_CASE(prlimit64_of_files),
	WITNESS_CASE(getresuid_of_self),
	WITNESS_CASE(getresgid_of_self),
	WITNESS_CASE(capget_of_self),
	WITNESS_CASE(capget_of_the_first_version),
	WITNESS_CASE(capget_of_no_version),
	WITNESS_CASE(get_robust_list_of_self),
	WITNESS_CASE(name_of_thread),
	WITNESS_CASE(death_signal),
	WITNESS_CASE(subreaper),
	WITNESS_CASE(address_of_tid),
	WITNESS_CASE(auxv_cut),
	WITNESS_CASE(base_of_fs),
	WITNESS_CASE(old_action),
	WITNESS_CASE(old_mask),
	WITNESS_CASE(pending_signals),
	WITNESS_CASE(sigtimedwait_takes_one),
	WITNESS_CASE(old_signal_stack),
	WITNESS_CASE(wait4_of_child),
	WITNESS_CASE(waitid_of_child),
	WITNESS_CASE(waitid_without_child),
	WITNESS_CASE(itimer_left),
	WITNESS_CASE(itimer_before),
	WITNESS_CASE(timer_made),
	WITNESS_CASE(timer_left),
	WITNESS_CASE(timer_before),
	WITNESS_CASE(timerfd_left),
	WITNESS_CASE(timerfd_before),
	WITNESS_CASE(nanosleep_interrupted),
	WITNESS_CASE(clock_nanosleep_interrupted),
	WITNESS_CASE(residency_of_area),
	WITNESS_CASE(memory_policy),
	WITNESS_CASE(pages_nowhere),
	WITNESS_SLACK(futex_wake_op_sets_the_word, 3),
	WITNESS_SLACK(futex_trylock_takes_it, 3),
	WITNESS_CASE(number_of_child_to_parent),
	WITNESS_CASE(descriptor_of_child_to_parent),
	WITNESS_CASE(shm_state),
	WITNESS_CASE(sem_state),
	WITNESS_CASE(msg_state),
	WITNESS_CASE(message_received),
	WITNESS_SLACK(offset_of_sendfile, 7),
	WITNESS_SLACK(offsets_of_copy, 14),
	WITNESS_SLACK(offset_of_splice, 7),
	WITNESS_SLACK(context_of_ring, 4),
	WITNESS_SLACK(asynchronous_read, 10),
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
