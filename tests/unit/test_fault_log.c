/*
 * test_fault_log.c - runs of faults at a steady distance.
 */
#include "tests/support/pw_test.h"

#include "replay/memory/fault_log.h"

static void add(struct pw_fault_log *log, uint32_t process, unsigned how,
		const uint64_t *pages, size_t count)
{
	struct pw_error err;

	for (size_t i = 0; i < count; i++)
		assert_int_equal(
			pw_fault_log_add(log, process, pages[i], how, &err),
			PW_OK);
}

static void expect(const struct pw_fault_run *run, uint64_t first,
		   uint64_t last, uint64_t count, unsigned how)
{
	assert_int_equal(run->first, first);
	assert_int_equal(run->last, last);
	assert_int_equal(run->count, count);
	assert_int_equal(run->how, how);
}

/* 10 12 14 | 15 15 15 | 9 4: up, in place, down. */
static void faults_at_a_steady_distance_are_one_run(void **state)
{
	const uint64_t pages[] = {10, 12, 14, 15, 15, 15, 9, 4};
	const struct pw_fault_run *run;
	struct pw_fault_log log;
	size_t count;

	(void)state;
	pw_fault_log_init(&log);
	add(&log, 0, 0, pages, PW_COUNT(pages));
	run = pw_fault_log_runs(&log, 0, &count);
	assert_int_equal(count, 3);
	expect(&run[0], 10, 14, 3, 0);
	expect(&run[1], 15, 15, 3, 0);
	expect(&run[2], 9, 4, 2, 0);
	pw_fault_log_free(&log);
}

static void another_kind_is_another_run(void **state)
{
	const uint64_t pages[] = {10, 11, 12, 13};
	const struct pw_fault_run *run;
	struct pw_fault_log log;
	size_t count;

	(void)state;
	pw_fault_log_init(&log);
	add(&log, 0, 0, pages, 2);
	add(&log, 0, PW_FAULT_MAJOR, pages + 2, 1);
	add(&log, 0, PW_FAULT_IN_CALL, pages + 3, 1);
	run = pw_fault_log_runs(&log, 0, &count);
	assert_int_equal(count, 3);
	expect(&run[0], 10, 11, 2, 0);
	expect(&run[1], 12, 12, 1, PW_FAULT_MAJOR);
	expect(&run[2], 13, 13, 1, PW_FAULT_IN_CALL);
	pw_fault_log_free(&log);
}

static void each_process_has_its_own_order(void **state)
{
	const uint64_t pages[] = {10, 20, 11, 21};
	const struct pw_fault_run *run;
	struct pw_fault_log log;
	size_t count;

	(void)state;
	pw_fault_log_init(&log);
	for (size_t i = 0; i < PW_COUNT(pages); i++)
		add(&log, i % 2 ? 3 : 1, 0, &pages[i], 1);
	run = pw_fault_log_runs(&log, 1, &count);
	assert_int_equal(count, 1);
	expect(run, 10, 11, 2, 0);
	run = pw_fault_log_runs(&log, 3, &count);
	assert_int_equal(count, 1);
	expect(run, 20, 21, 2, 0);
	pw_fault_log_runs(&log, 0, &count);
	assert_int_equal(count, 0);
	pw_fault_log_runs(&log, 4, &count);
	assert_int_equal(count, 0);
	pw_fault_log_free(&log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults_at_a_steady_distance_are_one_run),
		cmocka_unit_test(another_kind_is_another_run),
		cmocka_unit_test(each_process_has_its_own_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
