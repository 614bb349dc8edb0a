/*
 * test_syscalls.c - which system calls become which events.
 */
#include "tests/support/pw_test.h"

#include <sys/syscall.h>

#include "capture/syscalls.h"

/* Numbers as in arch/x86/entry/syscalls/syscall_64.tbl. */
static void calls_are_found_by_their_kernel_numbers(void **state)
{
	(void)state;
	assert_int_equal(pw_syscall_info(9)->event, PW_EVENT_mmap);
	assert_int_equal(pw_syscall_info(9)->args, 6);
	assert_int_equal(pw_syscall_info(10)->event, PW_EVENT_mprotect);
	assert_int_equal(pw_syscall_info(11)->event, PW_EVENT_munmap);
	assert_int_equal(pw_syscall_info(12)->event, PW_EVENT_brk);
	assert_int_equal(pw_syscall_info(25)->event, PW_EVENT_mremap);
	assert_int_equal(pw_syscall_info(28)->event, PW_EVENT_madvise);
	assert_int_equal(pw_syscall_info(56)->handling, PW_SYSCALL_CHILD);
	assert_int_equal(pw_syscall_info(231)->handling, PW_SYSCALL_END);
	assert_int_equal(pw_syscall_info(329)->event, PW_EVENT_mprotect);
	assert_int_equal(pw_syscall_info(435)->handling, PW_SYSCALL_CHILD);
}

/* do_syscall_x64 takes an unsigned int. */
static void the_upper_half_of_the_number_does_not_matter(void **state)
{
	(void)state;
	assert_int_equal(pw_syscall_info(UINT64_C(0x700000009))->event,
			 PW_EVENT_mmap);
	assert_null(pw_syscall_info(UINT64_C(9) << 32));
}

/* munlock 150, mbind 237 and set_mempolicy 238 leave the pages alone. */
static void rarer_calls_that_change_mappings_are_not_missed(void **state)
{
	(void)state;
	assert_int_equal(pw_syscall_info(206)->handling, PW_SYSCALL_RING);
	assert_int_equal(pw_syscall_info(207)->handling, PW_SYSCALL_DETACH);
	assert_int_equal(pw_syscall_info(149)->handling, PW_SYSCALL_UNKNOWN);
	assert_int_equal(pw_syscall_info(151)->handling, PW_SYSCALL_UNKNOWN);
	assert_int_equal(pw_syscall_info(325)->handling, PW_SYSCALL_UNKNOWN);
	assert_int_equal(pw_syscall_info(440)->handling, PW_SYSCALL_UNKNOWN);
	assert_int_equal(pw_syscall_info(453)->handling, PW_SYSCALL_ATTACH);
	assert_int_equal(pw_syscall_info(157)->handling, PW_SYSCALL_CONTROL);
	assert_int_equal(pw_syscall_info(158)->handling, PW_SYSCALL_CONTROL);
	assert_null(pw_syscall_info(150));
	assert_null(pw_syscall_info(237));
	assert_null(pw_syscall_info(238));
}

static void calls_that_change_nothing_are_unknown(void **state)
{
	(void)state;
	assert_null(pw_syscall_info(SYS_read));
	assert_null(pw_syscall_info(SYS_write));
	assert_null(pw_syscall_info(UINT64_MAX));
	assert_null(pw_syscall_info(1 << 30)); /* x32 */
}

/* ERESTARTSYS 512, NOINTR 513, NOHAND 514, RESTART_RESTARTBLOCK 516. */
static void restarted_results_are_told_from_errors(void **state)
{
	(void)state;
	assert_true(pw_syscall_restarts((uint64_t)-512));
	assert_true(pw_syscall_restarts((uint64_t)-513));
	assert_true(pw_syscall_restarts((uint64_t)-514));
	assert_true(pw_syscall_restarts((uint64_t)-516));
	assert_false(pw_syscall_restarts((uint64_t)-515));
	assert_false(pw_syscall_restarts((uint64_t)-4));
	assert_false(pw_syscall_restarts(512));
	assert_false(pw_syscall_restarts(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_are_found_by_their_kernel_numbers),
		cmocka_unit_test(the_upper_half_of_the_number_does_not_matter),
		cmocka_unit_test(
			rarer_calls_that_change_mappings_are_not_missed),
		cmocka_unit_test(calls_that_change_nothing_are_unknown),
		cmocka_unit_test(restarted_results_are_told_from_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
