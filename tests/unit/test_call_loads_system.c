/*
 * test_call_loads_system.c - what the kernel reads when it is told about time,
 * processes and signals; as in test_call_loads.c.
 */
#include "tests/support/pw_test.h"

#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/call_witness.h"

#define CALL WITNESS_CALL

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

static void duration_of_nanosleep(struct witness *w, uint64_t at)
{
	const struct timespec short_time = {0, 1};

	witness_put(w, at, &short_time, sizeof(short_time));
	CALL(w, SYS_nanosleep, at, 0);
}

static void duration_of_clock_nanosleep(struct witness *w, uint64_t at)
{
	const struct timespec past = {0, 1};

	witness_put(w, at, &past, sizeof(past));
	CALL(w, SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, at, 0);
}

static void interval_of_timer(struct witness *w, uint64_t at)
{
	const struct itimerval never = {{0, 0}, {0, 0}};

	witness_put(w, at, &never, sizeof(never));
	CALL(w, SYS_setitimer, ITIMER_VIRTUAL, at, 0);
}

static void interval_of_timerfd(struct witness *w, uint64_t at)
{
	const struct itimerspec never = {{0, 0}, {0, 0}};

	witness_put(w, at, &never, sizeof(never));
	CALL(w, SYS_timerfd_settime,
	     (uint64_t)timerfd_create(CLOCK_MONOTONIC, 0), 0, at, 0);
}

static void event_of_timer(struct witness *w, uint64_t at)
{
	struct sigevent event;

	memset(&event, 0, sizeof(event));
	event.sigev_notify = SIGEV_NONE;
	witness_put(w, at, &event, sizeof(event));
	CALL(w, SYS_timer_create, CLOCK_MONOTONIC, at, area(w));
}

static void action_of_signal(struct witness *w, uint64_t at)
{
	const uint64_t ignore[4] = {1, 0, 0, 0};

	witness_put(w, at, ignore, sizeof(ignore));
	CALL(w, SYS_rt_sigaction, SIGUSR2, at, 0, 8);
}

static void mask_of_signals(struct witness *w, uint64_t at)
{
	const uint64_t none = 0;

	witness_put(w, at, &none, sizeof(none));
	CALL(w, SYS_rt_sigprocmask, SIG_BLOCK, at, 0, 8);
}

static void stack_of_signals(struct witness *w, uint64_t at)
{
	const stack_t stack = {.ss_flags = SS_DISABLE};

	witness_put(w, at, &stack, sizeof(stack));
	CALL(w, SYS_sigaltstack, at, 0);
}

static void set_of_sigtimedwait(struct witness *w, uint64_t at)
{
	const uint64_t set = 1 << (SIGUSR2 - 1);
	const struct timespec none = {0, 0};

	witness_put(w, at, &set, sizeof(set));
	witness_put(w, area(w), &none, sizeof(none));
	CALL(w, SYS_rt_sigtimedwait, at, 0, area(w), 8);
}

static void mask_of_signalfd(struct witness *w, uint64_t at)
{
	const uint64_t set = 1 << (SIGUSR2 - 1);

	witness_put(w, at, &set, sizeof(set));
	CALL(w, SYS_signalfd4, UINT64_MAX, at, 8, 0);
}

static void siginfo_to_queue(struct witness *w, uint64_t at)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	info.si_code = SI_QUEUE;
	witness_put(w, at, &info, 48);
	CALL(w, SYS_rt_sigqueueinfo, (uint64_t)getpid(), SIGCHLD, at);
}

static void time_of_futex(struct witness *w, uint64_t at)
{
	const struct timespec none = {0, 0};

	witness_put(w, at, &none, sizeof(none));
	witness_put(w, area(w), "\0\0\0", 4);
	CALL(w, SYS_futex, area(w), FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, at);
}

static void waiters_of_futex(struct witness *w, uint64_t at)
{
	const struct futex_waitv waiters[2] = {
		{.val = 1, .uaddr = area(w), .flags = FUTEX_32 | 128},
		{.val = 2, .uaddr = area(w), .flags = FUTEX_32 | 128}};

	witness_put(w, at, waiters, sizeof(waiters));
	CALL(w, SYS_futex_waitv, at, 2, 0, 0, 0);
}

static void limit_to_set(struct witness *w, uint64_t at)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
	witness_put(w, at, &limit, sizeof(limit));
	CALL(w, SYS_prlimit64, 0, RLIMIT_CORE, at, 0);
}

/* The present mask; a thread of this process may not get no processor. */
static void processors(struct witness *w, uint64_t at)
{
	uint64_t mask = 0;

	assert_true(syscall(SYS_sched_getaffinity, 0, 8, &mask) == 8);
	witness_put(w, at, &mask, sizeof(mask));
	CALL(w, SYS_sched_setaffinity, 0, 8, at);
}

static void parameter_of_scheduler(struct witness *w, uint64_t at)
{
	const int priority = 0;

	witness_put(w, at, &priority, sizeof(priority));
	CALL(w, SYS_sched_setparam, 0, at);
}

/* Its first word says how long it is. */
static void attributes_of_scheduler(struct witness *w, uint64_t at)
{
	const struct sched_attr attributes = {.size = 48};

	witness_put(w, at, &attributes, 48);
	CALL(w, SYS_sched_setattr, 0, at, 0);
}

static void nodes_of_mbind(struct witness *w, uint64_t at)
{
	const uint64_t nodes[2] = {1, 0};

	witness_put(w, at, nodes, sizeof(nodes));
	CALL(w, SYS_mbind, area(w), 4096, 2, at, 66, 0);
}

static void remove_sem(int id)
{
	semctl(id, 0, IPC_RMID);
}

static void remove_msg(int id)
{
	msgctl(id, IPC_RMID, NULL);
}

static void operations_of_semaphore(struct witness *w, uint64_t at)
{
	const struct sembuf operations[2] = {{0, 1, 0}, {1, 1, 0}};

	witness_put(w, at, operations, sizeof(operations));
	w->undo = remove_sem;
	w->undo_id = semget(IPC_PRIVATE, 2, 0600);
	CALL(w, SYS_semop, (uint64_t)w->undo_id, at, 2);
}

static void message_to_send(struct witness *w, uint64_t at)
{
	const uint64_t type = 7;

	witness_put(w, at, &type, sizeof(type));
	w->undo = remove_msg;
	w->undo_id = msgget(IPC_PRIVATE, 0600);
	CALL(w, SYS_msgsnd, (uint64_t)w->undo_id, at, 21, 0);
}

static void lock_of_file(struct witness *w, uint64_t at)
{
	const struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	witness_put(w, at, &lock, sizeof(lock));
	CALL(w, SYS_fcntl, file(), F_SETLK, at);
}

static void switch_of_ioctl(struct witness *w, uint64_t at)
{
	const int on = 1;

	witness_put(w, at, &on, sizeof(on));
	CALL(w, SYS_ioctl, sink(), FIONBIO, at);
}

static void sets_of_capset(struct witness *w, uint64_t at)
{
	const uint32_t header[2] = {_LINUX_CAPABILITY_VERSION_3, 0};
	uint32_t sets[6];

	assert_int_equal(syscall(SYS_capget, header, sets), 0);
	witness_put(w, area(w), header, sizeof(header));
	witness_put(w, at, sets, sizeof(sets));
	CALL(w, SYS_capset, area(w), at);
}

static void local_of_process_vm(struct witness *w, uint64_t at)
{
	const struct iovec remote = {w->area + 512, 30};
	const struct iovec local = {(void *)(uintptr_t)at, 30};

	witness_put(w, area(w), &remote, sizeof(remote));
	witness_put(w, area(w) + 64, &local, sizeof(local));
	CALL(w, SYS_process_vm_writev, (uint64_t)getpid(), area(w) + 64, 1,
	     area(w), 1, 0);
}

/* The kernel checks its arguments and refuses: nothing is made. */
static void arguments_of_clone3(struct witness *w, uint64_t at)
{
	const struct clone_args arguments = {.flags = CLONE_SIGHAND};

	witness_put(w, at, &arguments, 64);
	CALL(w, SYS_clone3, at, 64);
}

static void control_of_submission(struct witness *w, uint64_t at)
{
	const struct iocb control = {.aio_lio_opcode = IOCB_CMD_PWRITE,
				     .aio_fildes = (uint32_t)file(),
				     .aio_buf = area(w) + 256,
				     .aio_nbytes = 9};
	uint64_t context = 0;

	witness_put(w, at, &control, sizeof(control));
	witness_put(w, area(w), &at, sizeof(at));
	assert_int_equal(syscall(SYS_io_setup, 4, &context), 0);
	CALL(w, SYS_io_submit, context, 1, area(w));
}

static const struct witness_case cases[] = {
	WITNESS_INPUT(duration_of_nanosleep, 16),
	WITNESS_INPUT(duration_of_clock_nanosleep, 16),
	WITNESS_INPUT(interval_of_timer, 32),
	WITNESS_INPUT(interval_of_timerfd, 32),
	WITNESS_INPUT(event_of_timer, 64),
	WITNESS_INPUT(action_of_signal, 32),
	WITNESS_INPUT(mask_of_signals, 8),
	WITNESS_INPUT(stack_of_signals, 24),
	WITNESS_INPUT(set_of_sigtimedwait, 8),
	WITNESS_INPUT(mask_of_signalfd, 8),
	WITNESS_INPUT(siginfo_to_queue, 48),
	WITNESS_INPUT(time_of_futex, 16),
	WITNESS_INPUT(waiters_of_futex, 48),
	WITNESS_INPUT(limit_to_set, 16),
	WITNESS_INPUT(processors, 8),
	WITNESS_INPUT(parameter_of_scheduler, 4),
	WITNESS_INPUT(attributes_of_scheduler, 48),
	WITNESS_INPUT(nodes_of_mbind, 16),
	WITNESS_INPUT(operations_of_semaphore, 12),
	WITNESS_INPUT(message_to_send, 29),
	WITNESS_INPUT(lock_of_file, 32),
	WITNESS_INPUT(switch_of_ioctl, 4),
	WITNESS_INPUT(sets_of_capset, 24),
	WITNESS_INPUT(local_of_process_vm, 30),
	WITNESS_INPUT(arguments_of_clone3, 64),
	WITNESS_INPUT(control_of_submission, 64),
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
