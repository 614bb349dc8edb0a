/*
 * test_call.c - the table of system calls, and every rule for the memory that
 * they touch.
 */
#include "tests/support/pw_test.h"

#include <errno.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/wait.h>

#include "capture/call_table.h"
#include "tests/support/call_target.h"

#define TOLD(expected, ...) \
	assert_string_equal(TARGET_MAKE(__VA_ARGS__), expected)
#define FAILS(error) (-(int64_t)(error))

/* mmap 9 and 222, openat 257 and 56; open 2 is on one machine only. */
static void calls_are_found_by_their_numbers(void **state)
{
	(void)state;
	assert_int_equal(pw_call_id(PW_CALL_X86_64, 9), PW_SYSCALL_mmap);
	assert_int_equal(pw_call_id(PW_CALL_AARCH64, 222), PW_SYSCALL_mmap);
	assert_int_equal(pw_call_id(PW_CALL_X86_64, 257), PW_SYSCALL_openat);
	assert_int_equal(pw_call_id(PW_CALL_AARCH64, 56), PW_SYSCALL_openat);
	assert_int_equal(pw_call_id(PW_CALL_X86_64, 2), PW_SYSCALL_open);
	assert_int_equal(pw_call_id(PW_CALL_AARCH64, 2), PW_SYSCALL_io_submit);
	assert_string_equal(pw_call_name(PW_SYSCALL_openat), "openat");
}

static void other_numbers_are_no_calls(void **state)
{
	(void)state;
	assert_int_equal(pw_call_id(PW_CALL_X86_64, 511), PW_SYSCALL_NONE);
	assert_int_equal(pw_call_id(PW_CALL_X86_64, 512), PW_SYSCALL_NONE);
	assert_int_equal(pw_call_id(PW_CALL_AARCH64, 550), PW_SYSCALL_NONE);
	assert_int_equal(pw_call_id(PW_CALL_X86_64, 1U << 30), PW_SYSCALL_NONE);
	assert_int_equal(pw_call_id(PW_CALL_X86_64, UINT64_MAX),
			 PW_SYSCALL_NONE);
	assert_string_equal(pw_call_name(PW_SYSCALL_NONE), "unknown");
	assert_string_equal(pw_call_name(PW_SYSCALL_COUNT), "unknown");
}

/* do_syscall_x64 takes an unsigned int. */
static void the_upper_half_of_a_number_does_not_matter(void **state)
{
	(void)state;
	assert_int_equal(pw_call_id(PW_CALL_X86_64, UINT64_C(0x700000009)),
			 PW_SYSCALL_mmap);
}

static void check_memory(const struct pw_call_row *row)
{
	const struct pw_call_memory *memory = row->memory;
	unsigned last = 0, count = 0;
	bool stored = false;

	for (; memory->when != PW_CALL_END; memory++, count++) {
		bool store = memory->when == PW_CALL_OUT ||
			     memory->when == PW_CALL_OUT_POSITIVE ||
			     memory->when == PW_CALL_TIME_LEFT;

		if (count == PW_CALL_MEMORY_MAX - 1 ||
		    memory->pointer >= PW_CALL_ARGS ||
		    memory->operand >= PW_CALL_ARGS ||
		    (memory->when == PW_CALL_DO) != (memory->leave != NULL))
			fail_msg("%s: memory %u", row->name, count);
		if (memory->when == PW_CALL_DO ||
		    memory->when == PW_CALL_UNSEEN)
			continue;
		if ((stored && !store) ||
		    (stored == store && memory->pointer < last))
			fail_msg("%s: memory %u is out of order", row->name,
				 count);
		stored = store;
		last = memory->pointer;
	}
}

static void every_line_is_whole_and_in_order(void **state)
{
	(void)state;
	for (unsigned id = 1; id < PW_SYSCALL_COUNT; id++) {
		const struct pw_call_row *row = pw_call_row(id);

		check_memory(row);
		assert_true(row->number[0] >= 0 || row->number[1] >= 0);
		assert_true(row->same_args <= PW_CALL_ARGS);
		for (unsigned machine = 0; machine < 2; machine++)
			if (row->number[machine] >= 0)
				assert_int_equal(
					pw_call_id(
						(enum pw_call_machine)machine,
						(uint64_t)row->number[machine]),
					id);
	}
}

static unsigned traits_of(unsigned id, uint64_t option)
{
	return pw_call_traits(&(struct pw_call){.id = id, .arg = {option}});
}

static void traits_say_what_else_is_to_do(void **state)
{
	(void)state;
	assert_int_equal(traits_of(PW_SYSCALL_munmap, 0), PW_CALL_SPACE);
	assert_int_equal(traits_of(PW_SYSCALL_clone3, 0), PW_CALL_CHILD);
	assert_int_equal(traits_of(PW_SYSCALL_exit, 0), PW_CALL_ENDS);
	assert_int_equal(traits_of(PW_SYSCALL_execveat, 0), PW_CALL_EXEC);
	assert_int_equal(traits_of(PW_SYSCALL_rt_sigaction, 0),
			 PW_CALL_HANDLER);
	assert_int_equal(traits_of(PW_SYSCALL_rt_sigreturn, 0),
			 PW_CALL_SIGRETURN);
	assert_int_equal(traits_of(PW_SYSCALL_sched_setaffinity, 0),
			 PW_CALL_AFFINITY);
	assert_int_equal(traits_of(PW_SYSCALL_read, 0), 0);
	assert_int_equal(traits_of(PW_SYSCALL_NONE, 0), 0);
}

/* PR_SET_MM 35, ARCH_SHSTK_ENABLE 0x5001; their options are ints. */
static void traits_of_options_differ(void **state)
{
	unsigned both = PW_CALL_SPACE | PW_CALL_UNKNOWN;

	(void)state;
	assert_int_equal(traits_of(PW_SYSCALL_prctl, 35), both);
	assert_int_equal(traits_of(PW_SYSCALL_prctl, UINT64_C(1) << 32 | 35),
			 both);
	assert_int_equal(traits_of(PW_SYSCALL_prctl, 15), 0);
	assert_int_equal(traits_of(PW_SYSCALL_arch_prctl, 0x5001), both);
	assert_int_equal(traits_of(PW_SYSCALL_arch_prctl, 0x1002), 0);
	assert_int_equal(traits_of(PW_SYSCALL_remap_file_pages, 0),
			 PW_CALL_SPACE);
}

static void results_bound_what_is_read_and_written(void **state)
{
	struct call_target t = {0};

	(void)state;
	TOLD("S40+5", &t, read, 5, 3, AT(0x40), 100);
	TOLD("", &t, read, 0, 3, AT(0x40), 100);
	TOLD("", &t, read, FAILS(EAGAIN), 3, AT(0x40), 100);
	TOLD("L40+7", &t, write, 7, 3, AT(0x40), 100);
	TOLD("", &t, write, FAILS(EPIPE), 3, AT(0x40), 100);
	/* The real length of a datagram may be more than there is room. */
	TOLD("S40+10", &t, recvfrom, 25, 3, AT(0x40), 10, 0x20);
	/* getgroups(0) counts, four bytes each otherwise. */
	TOLD("", &t, getgroups, 3, 0, AT(0x40));
	TOLD("S40+12", &t, getgroups, 3, 8, AT(0x40));
	TOLD("S40+13", &t, msgrcv, 5, 1, AT(0x40), 64);
	TOLD("L40+72", &t, msgsnd, 0, 1, AT(0x40), 64);
}

static void machines_have_structures_of_their_own(void **state)
{
	struct call_target x86 = {.machine = PW_CALL_X86_64};
	struct call_target arm = {.machine = PW_CALL_AARCH64};

	(void)state;
	TOLD("S40+144", &x86, fstat, 0, 3, AT(0x40));
	TOLD("S40+128", &arm, fstat, 0, 3, AT(0x40));
	TOLD("S40+24", &x86, epoll_pwait, 2, 3, AT(0x40), 9);
	TOLD("S40+32", &arm, epoll_pwait, 2, 3, AT(0x40), 9);
	TOLD("L40+12", &x86, epoll_ctl, 0, 3, 1, 4, AT(0x40));
	TOLD("L40+16", &arm, epoll_ctl, 0, 3, 1, 4, AT(0x40));
	TOLD("", &arm, epoll_ctl, 0, 3, 2, 4, AT(0x40)); /* deletes */
	TOLD("S40+104", &x86, semctl, 0, 1, 0, 2, AT(0x40));
	TOLD("S40+88", &arm, semctl, 0, 1, 0, 2, AT(0x40));
}

static void names_are_read_whether_or_not_they_are_found(void **state)
{
	struct call_target t = {0};

	(void)state;
	call_target_text(&t, 0x40, "name");
	TOLD("L40+5", &t, open, 3, AT(0x40));
	TOLD("L40+5", &t, open, FAILS(ENOENT), AT(0x40));
	TOLD("L40+5 S80+256", &t, statx, 0, 9, AT(0x40), 0, 0, AT(0x80));
	TOLD("L40+5", &t, statx, FAILS(ENOENT), 9, AT(0x40), 0, 0, AT(0x80));
	TOLD("", &t, open, FAILS(EFAULT), 0);
	TOLD("", &t, open, FAILS(ENOSYS), AT(0x40));
	/* Up to where memory ends, or a name may be long. */
	memset(t.memory + 0x1000, 'x', 4096);
	TOLD("L1ffd+3", &t, open, FAILS(EFAULT), AT(0x1ffd));
	memset(t.memory, 'x', 8192);
	TOLD("L10+4096", &t, open, FAILS(ENAMETOOLONG), AT(0x10));
}

/* 3 bytes, none, then 2 of 64: the third buffer is not full. */
static void vectors_are_filled_in_order(void **state)
{
	struct call_target t = {0};

	(void)state;
	TARGET_WORDS(&t, 0x100, AT(0x40), 3, AT(0x50), 0, AT(0x60), 64);
	TOLD("L100+48 S40+3 S60+2", &t, readv, 5, 3, AT(0x100), 3);
	TOLD("L100+48 L40+3 L60+2", &t, writev, 5, 3, AT(0x100), 3);
	TOLD("L100+48", &t, readv, FAILS(EAGAIN), 3, AT(0x100), 3);
	TOLD("", &t, readv, FAILS(EBADF), 3, AT(0x100), 3);
	TOLD("L100+16 L200+16 S40+2", &t, process_vm_readv, 2, 77, AT(0x100), 1,
	     AT(0x200), 1);
}

/* Failures read structures, but nothing that is not there. */
static void failures_read_no_further_than_memory(void **state)
{
	struct call_target t = {0};

	(void)state;
	TOLD("L40+16", &t, connect, FAILS(ECONNREFUSED), 3, AT(0x40), 16);
	TOLD("L1ff8+8", &t, connect, FAILS(EINVAL), 3, AT(0x1ff8), 16);
	TOLD("", &t, connect, FAILS(EBADF), 3, AT(0x40), 16);
	TOLD("L1ff8+8 unreached(7000002000,1)=0", &t, connect, FAILS(EFAULT), 3,
	     AT(0x1ff8), 16);
	TOLD("unreached(9000,1)=0", &t, connect, FAILS(EFAULT), 3, 0x9000, 16);
	TOLD("L40+16", &t, connect, FAILS(EFAULT), 3, AT(0x40), 16);
	TOLD("", &t, setsockopt, FAILS(EINVAL), 3, 1, 2, AT(0x40), UINT64_MAX);
}

/* A transfer that ends with a page, and what cannot be reached behind it. */
static void transfers_say_what_they_are_cut_short_by(void **state)
{
	struct call_target t = {.regular = true, .offset = 0x1000};

	(void)state;
	TOLD("L1000+4096 unreached(7000002000,1)=0 "
	     "file_write(3,0,1000,8,103)=1000",
	     &t, write, 0x1000, 3, AT(0x1000), 0x3000);
	TOLD("S1000+4096 unreached(7000002000,2)=0 "
	     "file_read(3,0,1000,8,103)=1000",
	     &t, read, 0x1000, 3, AT(0x1000), 0x3000);
	TOLD("unreached(7000002000,2)=0", &t, read, FAILS(EFAULT), 3,
	     AT(0x2000), 16);
	/* The file has no more. */
	TOLD("S0+4096 file_read(3,0,1000,8,103)=1000", &t, read, 0x1000, 3,
	     AT(0), 0x3000);
	TOLD("", &t, write, FAILS(EFAULT), 3, AT(0x10), 16);
}

/* Room for 12 bytes; the name has 40. */
static void socket_names_fit_the_room(void **state)
{
	struct call_target t = {0};
	const uint64_t *arg = TARGET_ARGS(3, AT(0x40), AT(0x20));

	(void)state;
	TARGET_WORDS(&t, 0x20, 12);
	call_target_enter(&t, PW_SYSCALL_getsockname, arg);
	TARGET_WORDS(&t, 0x20, 40);
	assert_string_equal(
		call_target_leave(&t, PW_SYSCALL_getsockname, 0, arg),
		"L20+4 S40+12 S20+4");
	TARGET_WORDS(&t, 0x20, 128);
	call_target_enter(&t, PW_SYSCALL_getsockname, arg);
	TARGET_WORDS(&t, 0x20, 40);
	assert_string_equal(
		call_target_leave(&t, PW_SYSCALL_getsockname, 0, arg),
		"L20+4 S40+40 S20+4");
	TOLD("", &t, accept, 4, 3, 0, 0);
	TOLD("", &t, getsockname, FAILS(EBADF), 3, AT(0x40), AT(0x20));
}

/* Sets of descriptors are whole words: 65 take 16 bytes. */
static void sets_are_whole_words(void **state)
{
	struct call_target t = {0};

	(void)state;
	TARGET_WORDS(&t, 0x100, 0, 0); /* a zero time is not updated */
	TOLD("L40+16 L60+16 L100+16 S40+16 S60+16", &t, select, 1, 65, AT(0x40),
	     AT(0x60), 0, AT(0x100));
	TARGET_WORDS(&t, 0x100, 0, 1);
	TOLD("L40+8 L100+16 S40+8 S100+16", &t, select, 1, 64, AT(0x40), 0, 0,
	     AT(0x100));
	TOLD("L40+8 L100+16 S100+16", &t, select, FAILS(EINTR), 64, AT(0x40), 0,
	     0, AT(0x100));
	/* One bit less than the argument says: 64 and 65 bits. */
	TOLD("S40+4 S60+8", &t, get_mempolicy, 0, AT(0x40), AT(0x60), 65);
	TOLD("S40+4 S60+16", &t, get_mempolicy, 0, AT(0x40), AT(0x60), 66);
	TOLD("S40+4", &t, get_mempolicy, 0, AT(0x40), 0, 0);
	/* A byte for each page, also for a part of one. */
	TOLD("S40+3", &t, mincore, 0, 0x5000, 8193, AT(0x40));
	/* pselect6: a pointer and a size, and what is there. */
	TARGET_WORDS(&t, 0x200, AT(0x300), 8);
	TOLD("L200+16 L300+8", &t, pselect6, 0, 0, 0, 0, 0, 0, AT(0x200));
}

/* poll writes two bytes of each eight, also when a signal comes. */
static void poll_writes_what_it_found(void **state)
{
	struct call_target t = {0};

	(void)state;
	TOLD("L40+16 S46+2 S4e+2", &t, poll, 1, AT(0x40), 2, 0);
	TOLD("L40+16 S46+2 S4e+2", &t, poll, FAILS(EINTR), AT(0x40), 2, 0);
	TOLD("L40+16", &t, poll, FAILS(EINVAL), AT(0x40), 2, 0);
	TARGET_WORDS(&t, 0x100, 1, 0);
	TOLD("L40+8 L100+16 L200+8 S46+2 S100+16", &t, ppoll, 0, AT(0x40), 1,
	     AT(0x100), AT(0x200), 8);
}

/* The area is written when a thread goes on that was not running. */
static void a_thread_that_waited_has_its_rseq_area_written(void **state)
{
	struct call_target t = {0};

	(void)state;
	TOLD("", &t, wait4, 7, UINT64_MAX, 0, 0, 0);
	TOLD("", &t, rseq, FAILS(EINVAL), AT(0x40), 32, 0, 1);
	TOLD("", &t, pause, FAILS(EINTR), 0);
	TOLD("S100+32", &t, rseq, 0, AT(0x100), 32, 0, 1);
	TOLD("L108+8 S100+28", &t, wait4, 7, UINT64_MAX, 0, 0, 0);
	TOLD("", &t, wait4, 7, UINT64_MAX, 0, WNOHANG, 0);
	TOLD("", &t, wait4, 0, UINT64_MAX, 0, WNOHANG, 0);
	TOLD("L108+8 S100+28", &t, pause, FAILS(EINTR), 0);
	TOLD("L40+4 L108+8 S100+28", &t, futex, 0, AT(0x40), 128, 1);
	TOLD("L40+4", &t, futex, FAILS(EAGAIN), AT(0x40), 128, 1);
	TOLD("clone(4100)=7 vfork L108+8 S100+28", &t, vfork, 7, 0);
	TOLD("S100+32", &t, rseq, 0, AT(0x100), 32, 1, 1);
	TOLD("", &t, pause, FAILS(EINTR), 0);
	TOLD("", &t, rseq, FAILS(ENOSYS), AT(0x200), 32, 0, 1);
	TOLD("L208+8 S200+28", &t, pause, FAILS(EINTR), 0);
}

static void children_have_the_area_of_a_fork_only(void **state)
{
	const struct pw_call_scratch creator = {.rseq = 0x100};
	struct pw_call_scratch child = {0};

	(void)state;
	pw_call_inherit(&child, &creator, 0);
	assert_int_equal(child.rseq, 0x100);
	pw_call_inherit(&child, &creator, CLONE_VM | CLONE_VFORK);
	assert_int_equal(child.rseq, 0);
}

/* FUTEX_PRIVATE_FLAG is 128. */
static void futexes_go_by_their_operation(void **state)
{
	struct call_target t = {0};

	(void)state;
	TOLD("L40+4", &t, futex, FAILS(EAGAIN), AT(0x40), 128 + 0, 1);
	TOLD("L40+4 L80+16", &t, futex, FAILS(ETIMEDOUT), AT(0x40), 128 + 9, 1,
	     AT(0x80));
	TOLD("", &t, futex, 1, AT(0x40), 128 + 1, 1);
	TOLD("S40+4", &t, futex, 1, AT(0x40), 1, 1);
	TOLD("S40+4 L40+4", &t, futex, FAILS(EAGAIN), AT(0x40), 0, 1);
	TOLD("", &t, futex, 1, AT(0x40), 128 + 3, 1, 1, AT(0x60));
	TOLD("L40+4", &t, futex, 1, AT(0x40), 128 + 4, 1, 1, AT(0x60), 5);
	TOLD("S60+4", &t, futex, 1, AT(0x40), 128 + 5, 1, 1, AT(0x60));
	TOLD("S40+4", &t, futex, 0, AT(0x40), 128 + 6);
	TOLD("L40+4", &t, futex, FAILS(EAGAIN), AT(0x40), 128 + 6);
	TOLD("L40+4 S40+4", &t, futex, 0, AT(0x40), 128 + 7);
	TOLD("L40+4 S60+4", &t, futex, 0, AT(0x40), 128 + 12, 1, 1, AT(0x60));
	TARGET_WORDS(&t, 0x100, 1, AT(0x40), 2, 1, AT(0x44), 2);
	TOLD("L100+48 L40+4 L44+4", &t, futex_waitv, 0, AT(0x100), 2);
	TOLD("L100+48 L40+4", &t, futex_requeue, 0, AT(0x100), 0, 1, 1);
}

static void sleepers_learn_what_is_left_only_when_woken(void **state)
{
	struct call_target t = {0};

	(void)state;
	TOLD("L40+16", &t, nanosleep, 0, AT(0x40), AT(0x60));
	TOLD("L40+16 S60+16", &t, nanosleep, FAILS(EINTR), AT(0x40), AT(0x60));
	TOLD("L40+16 S60+16", &t, nanosleep, -516, AT(0x40), AT(0x60));
	TOLD("L40+16 S60+16", &t, clock_nanosleep, FAILS(EINTR), 1, 0, AT(0x40),
	     AT(0x60));
	TOLD("L40+16", &t, clock_nanosleep, FAILS(EINTR), 1, 1, AT(0x40),
	     AT(0x60)); /* TIMER_ABSTIME */
}

static void children_are_waited_for(void **state)
{
	struct call_target t = {0};

	(void)state;
	TOLD("S40+4 S80+144", &t, wait4, 7, UINT64_MAX, AT(0x40), 0, AT(0x80));
	TOLD("", &t, wait4, 0, UINT64_MAX, AT(0x40), 1, AT(0x80));
	TOLD("", &t, wait4, FAILS(ECHILD), UINT64_MAX, AT(0x40), 0, AT(0x80));
	TARGET_WORDS(&t, 0x40, 17); /* SIGCHLD */
	TOLD("S40+12 S50+12 S80+144", &t, waitid, 0, 0, 7, AT(0x40), 4,
	     AT(0x80));
	TARGET_WORDS(&t, 0x40, 0);
	TOLD("S40+12 S50+12", &t, waitid, 0, 0, 7, AT(0x40), 5, AT(0x80));
	TOLD("S40+12 S50+12", &t, waitid, FAILS(ECHILD), 0, 7, AT(0x40), 4,
	     AT(0x80));
}

/* F_GETLK 5, F_SETLK 6, F_DUPFD 0; TCGETS 0x5401; _IOWR('x', 1, 24 bytes). */
static void commands_say_what_is_read_and_written(void **state)
{
	struct call_target t = {0};

	(void)state;
	TOLD("L40+32 S40+32", &t, fcntl, 0, 3, 5, AT(0x40));
	TOLD("L40+32", &t, fcntl, FAILS(EAGAIN), 3, 6, AT(0x40));
	TOLD("", &t, fcntl, 4, 3, 0, AT(0x40));
	TOLD("S40+36", &t, ioctl, 0, 3, 0x5401, AT(0x40));
	TOLD("", &t, ioctl, FAILS(ENOTTY), 3, 0x5401, AT(0x40));
	TOLD("L40+24 S40+24", &t, ioctl, 0, 3, 0xc0187801, AT(0x40));
	TOLD("L40+24", &t, ioctl, 0, 3, 0x40187801, AT(0x40));
	TOLD("unrecorded(10)=0 ioctl", &t, ioctl, 0, 3, 0x7801, AT(0x40));
	TOLD("", &t, ioctl, 0, 3, 0x40049409, 4); /* FICLONE of descriptor 4 */
	TOLD("S40+112", &t, shmctl, 0, 1, 2, AT(0x40));
	TOLD("S40+4", &t, prctl, 0, 2, AT(0x40));   /* PR_GET_PDEATHSIG */
	TOLD("S40+16", &t, prctl, 0, 16, AT(0x40)); /* PR_GET_NAME */
	TOLD("S40+8", &t, arch_prctl, 0, 0x1003, AT(0x40));
	TOLD("", &t, arch_prctl, 0, 0x1002, AT(0x40)); /* ARCH_SET_FS */
}

/* A filter of three instructions of eight bytes. */
static void filters_are_read(void **state)
{
	struct call_target t = {0};

	(void)state;
	TARGET_WORDS(&t, 0x40, 3, AT(0x80));
	TOLD("L40+16 L80+24", &t, seccomp, 0, 1, 0, AT(0x40));
	TOLD("L40+16 L80+24", &t, prctl, 0, 22, 2, AT(0x40));
}

static void structures_may_say_how_long_they_are(void **state)
{
	struct call_target t = {0};

	(void)state;
	TARGET_WORDS(&t, 0x40, UINT64_C(0x7000000030));
	TOLD("L40+48", &t, sched_setattr, 0, 0, AT(0x40), 0);
	TOLD("L40+112", &t, perf_event_open, 3, AT(0x40)); /* at offset 4 */
	call_target_text(&t, 0x20, "n");
	TOLD("L20+2 L40+8 S40+56 S30+4", &t, name_to_handle_at, 0, 9, AT(0x20),
	     AT(0x40), AT(0x30));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_are_found_by_their_numbers),
		cmocka_unit_test(other_numbers_are_no_calls),
		cmocka_unit_test(the_upper_half_of_a_number_does_not_matter),
		cmocka_unit_test(every_line_is_whole_and_in_order),
		cmocka_unit_test(traits_say_what_else_is_to_do),
		cmocka_unit_test(traits_of_options_differ),
		cmocka_unit_test(results_bound_what_is_read_and_written),
		cmocka_unit_test(machines_have_structures_of_their_own),
		cmocka_unit_test(names_are_read_whether_or_not_they_are_found),
		cmocka_unit_test(vectors_are_filled_in_order),
		cmocka_unit_test(failures_read_no_further_than_memory),
		cmocka_unit_test(transfers_say_what_they_are_cut_short_by),
		cmocka_unit_test(socket_names_fit_the_room),
		cmocka_unit_test(sets_are_whole_words),
		cmocka_unit_test(poll_writes_what_it_found),
		cmocka_unit_test(
			a_thread_that_waited_has_its_rseq_area_written),
		cmocka_unit_test(children_have_the_area_of_a_fork_only),
		cmocka_unit_test(futexes_go_by_their_operation),
		cmocka_unit_test(sleepers_learn_what_is_left_only_when_woken),
		cmocka_unit_test(children_are_waited_for),
		cmocka_unit_test(commands_say_what_is_read_and_written),
		cmocka_unit_test(filters_are_read),
		cmocka_unit_test(structures_may_say_how_long_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
