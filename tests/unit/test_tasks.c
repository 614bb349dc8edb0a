/*
 * test_tasks.c - names, threads, users and policies of processes, and whom an
 * event is about.
 */
#include "tests/support/pw_test.h"

#include "replay/memory/tasks.h"

#define VM 0x100
#define THREAD 0x10000

/* Process 7 with threads 7 and 9, and process 8 with thread 8. */
static const struct pw_thread threads[] = {
	{.process = 0, .pid = 7, .tid = 7},
	{.process = 1, .pid = 8, .tid = 8},
	{.process = 0, .pid = 7, .tid = 9},
};
static const struct pw_trace_info info = {.threads = threads,
					  .thread_count = PW_COUNT(threads)};

struct fixture {
	struct pw_lineage lineage;
	struct pw_tasks tasks;
};

static void run(struct fixture *f, uint32_t thread)
{
	struct pw_error err;
	uint32_t space;

	PW_TEST_OK(pw_lineage_run(&f->lineage, &info, thread, &space, &err),
		   &err);
	PW_TEST_OK(pw_tasks_run(&f->tasks, &info, thread, &err), &err);
}

static void happen(struct fixture *f, uint32_t thread, struct pw_event event)
{
	struct pw_lineage_change change;
	struct pw_error err;

	run(f, thread);
	PW_TEST_OK(pw_lineage_event(&f->lineage, &info, thread, &event, &change,
				    &err),
		   &err);
	PW_TEST_OK(
		pw_tasks_event(&f->tasks, &info, thread, &event, &change, &err),
		&err);
}

static void begin(struct fixture *f)
{
	pw_lineage_init(&f->lineage);
	pw_tasks_init(&f->tasks);
	run(f, 0);
}

static void end(struct fixture *f)
{
	pw_tasks_free(&f->tasks);
	pw_lineage_free(&f->lineage);
}

static void expect_name(const struct fixture *f, uint32_t process,
			const char *want)
{
	assert_string_equal(pw_tasks_look(&f->tasks, process).name, want);
}

static void a_process_is_called_by_its_first_thread(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	expect_name(&f, 0, "");
	happen(&f, 0, (struct pw_event){.kind = PW_EVENT_map, .text = "[x]"});
	happen(&f, 0,
	       (struct pw_event){.kind = PW_EVENT_map, .text = "/bin/prog"});
	happen(&f, 0,
	       (struct pw_event){.kind = PW_EVENT_map, .text = "/lib/c"});
	expect_name(&f, 0, "prog");
	happen(&f, 0,
	       (struct pw_event){.kind = PW_EVENT_clone,
				 .result = 9,
				 .arg = {VM | THREAD}});
	happen(&f, 2, (struct pw_event){.kind = PW_EVENT_mark, .text = "w"});
	expect_name(&f, 0, "prog");
	happen(&f, 2, (struct pw_event){.kind = PW_EVENT_clone, .result = 8});
	expect_name(&f, 1, "w");
	happen(&f, 0,
	       (struct pw_event){.kind = PW_EVENT_mark,
				 .text = "0123456789abcdefg"});
	expect_name(&f, 0, "0123456789abcde");
	happen(&f, 1,
	       (struct pw_event){.kind = PW_EVENT_exec, .text = "/bin/ls"});
	expect_name(&f, 1, "ls");
	expect_name(&f, 5, "");
	end(&f);
}

static void threads_are_those_that_live(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	assert_int_equal(pw_tasks_look(&f.tasks, 0).threads, 1);
	happen(&f, 0,
	       (struct pw_event){.kind = PW_EVENT_clone,
				 .result = 9,
				 .arg = {VM | THREAD}});
	assert_int_equal(pw_tasks_look(&f.tasks, 0).threads, 2);
	happen(&f, 0, (struct pw_event){.kind = PW_EVENT_exit});
	assert_int_equal(pw_tasks_look(&f.tasks, 0).threads, 1);
	happen(&f, 2,
	       (struct pw_event){.kind = PW_EVENT_exec, .text = "other"});
	assert_int_equal(pw_tasks_look(&f.tasks, 0).threads, 1);
	expect_name(&f, 0, "other");
	end(&f);
}

static void users_and_policies_go_to_children(void **state)
{
	struct pw_task_view view;
	struct fixture f;

	(void)state;
	begin(&f);
	happen(&f, 0,
	       (struct pw_event){.kind = PW_EVENT_auxv, .arg = {11, 1000}});
	happen(&f, 0, (struct pw_event){.kind = PW_EVENT_auxv, .arg = {14, 5}});
	happen(&f, 0, (struct pw_event){.kind = PW_EVENT_auxv, .arg = {15, 6}});
	happen(&f, 0,
	       (struct pw_event){.kind = PW_EVENT_set_mempolicy,
				 .arg = {2, 1, 8}});
	happen(&f, 0,
	       (struct pw_event){.kind = PW_EVENT_set_mempolicy,
				 .result = (uint64_t)-22,
				 .arg = {3, 1, 8}});
	happen(&f, 0, (struct pw_event){.kind = PW_EVENT_clone, .result = 8});
	view = pw_tasks_look(&f.tasks, 1);
	assert_int_equal(view.ids_known, 9);
	assert_int_equal(view.id[PW_TASK_UID], 1000);
	assert_int_equal(view.id[PW_TASK_EGID], 5);
	assert_int_equal(view.policy.mode, 2);
	happen(&f, 1, (struct pw_event){.kind = PW_EVENT_exec, .text = "x"});
	view = pw_tasks_look(&f.tasks, 1);
	assert_int_equal(view.ids_known, 0);
	assert_int_equal(view.policy.mode, 2);
	end(&f);
}

/* Whom an event of process 0 is about; -1: nobody. */
static int about(const struct fixture *f, struct pw_event *event)
{
	uint32_t process;

	return pw_tasks_redirect(&f->tasks, 0, event, &process) ? (int)process
								: -1;
}

static void events_may_be_about_others(void **state)
{
	struct pw_event advice = {.kind = PW_EVENT_process_madvise,
				  .result = 4096,
				  .arg = {3, 0x5000, 0x1000, 20, 8}};
	struct pw_event drop = {.kind = PW_EVENT_process_madvise,
				.arg = {3, 0x5000, 0x1000, 4, 8}};
	struct pw_event own = {.kind = PW_EVENT_process_madvise,
			       .arg = {3, 0x5000, 0x1000, 4, 7}};
	struct pw_event old = {.kind = PW_EVENT_process_madvise,
			       .arg = {3, 0x5000, 0x1000, 20}};
	struct pw_event limit = {.kind = PW_EVENT_setrlimit,
				 .arg = {9, 1, 1, 8}};
	struct pw_event mine = {.kind = PW_EVENT_setrlimit, .arg = {9, 1, 1}};
	struct fixture f;

	(void)state;
	begin(&f);
	assert_int_equal(about(&f, &limit), -1);
	happen(&f, 0, (struct pw_event){.kind = PW_EVENT_clone, .result = 8});
	assert_int_equal(about(&f, &limit), 1);
	assert_int_equal(about(&f, &mine), 0);
	assert_int_equal(about(&f, &advice), 1);
	assert_int_equal(advice.kind, PW_EVENT_madvise);
	assert_int_equal(advice.result, 4096);
	assert_int_equal(advice.arg[0], 0x5000);
	assert_int_equal(advice.arg[1], 0x1000);
	assert_int_equal(advice.arg[2], 20);
	assert_int_equal(about(&f, &drop), -1);
	assert_int_equal(about(&f, &own), 0);
	assert_int_equal(about(&f, &old), -1);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_is_called_by_its_first_thread),
		cmocka_unit_test(threads_are_those_that_live),
		cmocka_unit_test(users_and_policies_go_to_children),
		cmocka_unit_test(events_may_be_about_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
