/*
 * test_lineage.c - processes and their address spaces, event by event.
 */
#include "tests/support/pw_test.h"

#include <stdlib.h>

#include "formats/layout.h"
#include "formats/lineage.h"

enum { FORK = 0x1200011, VFORK = 0x4111, THREAD = 0x3d0f00 };

struct family {
	struct pw_lineage lineage;
	struct pw_trace_info info;
	struct pw_lineage_change change; /* of the last event */
};

static void begin(struct family *f, const struct pw_thread *threads,
		  size_t count)
{
	*f = (struct family){
		.info = {.threads = threads, .thread_count = count}};
	pw_lineage_init(&f->lineage);
}

static uint32_t run(struct family *f, uint32_t thread)
{
	struct pw_error err;
	uint32_t space;

	PW_TEST_OK(pw_lineage_run(&f->lineage, &f->info, thread, &space, &err),
		   &err);
	return space;
}

static void send(struct family *f, uint32_t thread, enum pw_event_kind kind,
		 uint64_t arg, uint64_t result)
{
	const struct pw_event event = {
		.kind = kind, .result = result, .arg = {arg}};
	struct pw_error err;

	PW_TEST_OK(pw_lineage_event(&f->lineage, &f->info, thread, &event,
				    &f->change, &err),
		   &err);
}

static void a_forked_process_gets_a_space_of_its_own(void **state)
{
	const struct pw_thread threads[] = {{0, 10, 10, 0}, {1, 11, 11, 0}};
	struct family f;

	(void)state;
	begin(&f, threads, 2);
	assert_int_equal(run(&f, 0), 0);
	send(&f, 0, PW_EVENT_clone, FORK, 11);
	assert_int_equal(f.change.kind, PW_LINEAGE_FORK);
	assert_int_equal(f.change.space, 0);
	assert_int_equal(f.change.other, 1);
	assert_int_equal(run(&f, 1), 1);
	assert_false(pw_lineage_is_shared(&f.lineage, 0));
	pw_lineage_free(&f.lineage);
}

static void a_vforked_process_shares_until_it_executes(void **state)
{
	const struct pw_thread threads[] = {{0, 10, 10, 0}, {1, 11, 11, 0}};
	struct family f;

	(void)state;
	begin(&f, threads, 2);
	run(&f, 0);
	send(&f, 0, PW_EVENT_clone, VFORK, 11);
	assert_int_equal(f.change.kind, PW_LINEAGE_SAME);
	assert_int_equal(run(&f, 1), 0);
	assert_true(pw_lineage_is_shared(&f.lineage, 0));
	send(&f, 1, PW_EVENT_exec, 0, (uint64_t)-2);
	assert_int_equal(run(&f, 1), 0);
	send(&f, 1, PW_EVENT_exec, 0, 0);
	assert_int_equal(f.change.kind, PW_LINEAGE_EXEC);
	assert_int_equal(f.change.other, 1);
	assert_int_equal(run(&f, 1), 1);
	assert_int_equal(run(&f, 0), 0);
	pw_lineage_free(&f.lineage);
}

/* Thread ids come again: 11 is first a thread, then two forked processes. */
static void a_thread_id_used_again_is_the_next_thread(void **state)
{
	const struct pw_thread threads[] = {
		{0, 10, 10, 0}, {0, 10, 11, 0}, {1, 11, 11, 0}, {2, 11, 11, 0}};
	struct family f;

	(void)state;
	begin(&f, threads, 4);
	run(&f, 0);
	send(&f, 0, PW_EVENT_clone, THREAD, 11);
	assert_int_equal(run(&f, 1), 0);
	send(&f, 1, PW_EVENT_exit, 0, 0);
	assert_int_equal(f.change.kind, PW_LINEAGE_SAME);
	send(&f, 0, PW_EVENT_clone, FORK, 11);
	assert_int_equal(pw_lineage_space(&f.lineage, 1), 1);
	assert_int_equal(pw_lineage_space(&f.lineage, 2), PW_NO_SPACE);
	assert_int_equal(run(&f, 2), 1);
	send(&f, 2, PW_EVENT_exit, 0, 0);
	assert_int_equal(f.change.kind, PW_LINEAGE_END);
	assert_true(f.change.last);
	send(&f, 0, PW_EVENT_clone, FORK, 11);
	assert_int_equal(f.change.other, 1);
	assert_int_equal(run(&f, 3), 1);
	assert_int_equal(run(&f, 2), PW_NO_SPACE);
	pw_lineage_free(&f.lineage);
}

static void a_child_outside_of_the_trace_is_a_fork_all_the_same(void **state)
{
	const struct pw_thread threads[] = {{0, 10, 10, 0}};
	struct family f;

	(void)state;
	begin(&f, threads, 1);
	run(&f, 0);
	send(&f, 0, PW_EVENT_clone, FORK, 99);
	assert_int_equal(f.change.kind, PW_LINEAGE_FORK);
	assert_int_equal(f.change.other, PW_NO_SPACE);
	send(&f, 0, PW_EVENT_clone, FORK, (uint64_t)-11);
	assert_int_equal(f.change.kind, PW_LINEAGE_SAME);
	pw_lineage_free(&f.lineage);
}

static void the_space_of_a_process_goes_with_its_last_user(void **state)
{
	const struct pw_thread threads[] = {
		{0, 10, 10, 0}, {1, 11, 11, 0}, {0, 10, 12, 0}};
	struct family f;

	(void)state;
	begin(&f, threads, 3);
	run(&f, 0);
	run(&f, 2);
	send(&f, 0, PW_EVENT_clone, VFORK, 11);
	run(&f, 1);
	send(&f, 1, PW_EVENT_exit_group, 0, 0);
	assert_int_equal(f.change.kind, PW_LINEAGE_END);
	assert_false(f.change.last);
	send(&f, 0, PW_EVENT_killed, 9, 0);
	assert_int_equal(f.change.kind, PW_LINEAGE_END);
	assert_true(f.change.last);
	send(&f, 2, PW_EVENT_munmap, 0, 0);
	assert_int_equal(f.change.kind, PW_LINEAGE_OVER);
	assert_int_equal(run(&f, 2), PW_NO_SPACE);
	pw_lineage_free(&f.lineage);
}

static void check_id(const struct family *f, uint32_t process, uint64_t want)
{
	assert_int_equal(pw_lineage_space_id(&f->lineage, process), want);
}

/*
 * Process 0 forks process 1 (space 1), which executes a program (2) and ends;
 * its number is used again for process 2 (3), which vforks process 3 (3 too)
 * and executes a program (4) while that still runs.
 */
static void no_two_spaces_have_the_same_id(void **state)
{
	const struct pw_thread threads[] = {
		{0, 10, 10, 0}, {1, 11, 11, 0}, {2, 12, 12, 0}, {3, 13, 13, 2}};
	struct family f;

	(void)state;
	begin(&f, threads, 4);
	run(&f, 0);
	send(&f, 0, PW_EVENT_clone, FORK, 11);
	run(&f, 1);
	check_id(&f, 1, 1);
	send(&f, 1, PW_EVENT_exec, 0, 0);
	assert_int_equal(run(&f, 1), 1);
	check_id(&f, 1, 2);
	send(&f, 1, PW_EVENT_exit_group, 0, 0);
	check_id(&f, 1, 2);
	send(&f, 0, PW_EVENT_clone, FORK, 12);
	assert_int_equal(run(&f, 2), 1);
	check_id(&f, 2, 3);
	send(&f, 2, PW_EVENT_clone, VFORK, 13);
	assert_int_equal(run(&f, 3), 1);
	check_id(&f, 3, 3);
	send(&f, 2, PW_EVENT_exec, 0, 0);
	check_id(&f, 2, 4);
	check_id(&f, 3, 3);
	check_id(&f, 0, 0);
	pw_lineage_free(&f.lineage);
}

/*
 * With a look at all threads for each event this would take minutes: the ids
 * count down, and each fork has made the last thread that is left.
 */
static void a_million_children_are_found(void **state)
{
	struct pw_thread *threads = calloc(PW_THREADS_MAX, sizeof(*threads));
	struct family f;

	(void)state;
	assert_non_null(threads);
	for (uint32_t i = 0; i < PW_THREADS_MAX; i++)
		threads[i] = (struct pw_thread){.process = i,
						.tid = PW_THREADS_MAX - i};
	begin(&f, threads, PW_THREADS_MAX);
	run(&f, 0);
	for (uint32_t id = 1; id < PW_THREADS_MAX; id++) {
		send(&f, 0, PW_EVENT_clone, FORK, id);
		assert_int_equal(f.change.other, id);
		assert_int_equal(
			pw_lineage_space(&f.lineage, PW_THREADS_MAX - id), id);
	}
	pw_lineage_free(&f.lineage);
	free(threads);
}

/*
 * Thread 0 makes a process whose id threads of its own process have too, which
 * come before and have not run: of PW_NAMESAKES_MAX the child may be the last.
 */
static void of_many_namesakes_the_first_are_looked_at(void **state)
{
	struct pw_thread threads[PW_NAMESAKES_MAX + 2] = {{0, 10, 10, 0}};
	struct family f;

	(void)state;
	for (uint32_t child = 2; child < PW_COUNT(threads); child++) {
		for (uint32_t i = 1; i < child; i++)
			threads[i] = (struct pw_thread){0, 10, 11, 0};
		threads[child] = (struct pw_thread){1, 11, 11, 0};
		begin(&f, threads, child + 1);
		run(&f, 0);
		send(&f, 0, PW_EVENT_clone, FORK, 11);
		assert_int_equal(f.change.kind, PW_LINEAGE_FORK);
		assert_int_equal(f.change.other,
				 child <= PW_NAMESAKES_MAX ? 1 : PW_NO_SPACE);
		pw_lineage_free(&f.lineage);
	}
}

/* Of threads with one id those that run, in any order, are children no more. */
static void namesakes_that_run_leave_the_others(void **state)
{
	const struct pw_thread threads[] = {
		{0, 10, 10, 0}, {1, 11, 11, 0}, {2, 11, 11, 0}, {3, 11, 11, 0}};
	struct family f;

	(void)state;
	begin(&f, threads, 3);
	run(&f, 0);
	run(&f, 2);
	run(&f, 1);
	send(&f, 0, PW_EVENT_clone, FORK, 11);
	assert_int_equal(f.change.other, PW_NO_SPACE);
	f.info.thread_count = 4;
	run(&f, 0);
	send(&f, 0, PW_EVENT_clone, FORK, 11);
	assert_int_equal(f.change.other, 3);
	pw_lineage_free(&f.lineage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_million_children_are_found),
		cmocka_unit_test(of_many_namesakes_the_first_are_looked_at),
		cmocka_unit_test(namesakes_that_run_leave_the_others),
		cmocka_unit_test(no_two_spaces_have_the_same_id),
		cmocka_unit_test(a_forked_process_gets_a_space_of_its_own),
		cmocka_unit_test(a_vforked_process_shares_until_it_executes),
		cmocka_unit_test(a_thread_id_used_again_is_the_next_thread),
		cmocka_unit_test(
			a_child_outside_of_the_trace_is_a_fork_all_the_same),
		cmocka_unit_test(
			the_space_of_a_process_goes_with_its_last_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
