/*
 * test_crew.c - results come in order, whoever made them.
 */
#include "tests/support/pw_test.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "base/crew.h"

#define JOBS 500

struct record {
	size_t result[PW_CREW_WORKERS_MAX + 1];
	atomic_bool busy[PW_CREW_WORKERS_MAX];
	atomic_size_t done;
	unsigned workers;
	atomic_bool wrong;
};

/* Jobs take longer and shorter, so that they end in another order. */
static void square(void *context, unsigned worker, size_t job, size_t slot)
{
	struct record *record = context;
	volatile size_t spin = job % 7 * 2000;

	if (worker >= record->workers ||
	    atomic_exchange(&record->busy[worker], true))
		record->wrong = true;
	while (spin > 0)
		spin--;
	record->result[slot] = job * job;
	atomic_fetch_add(&record->done, 1);
	atomic_store(&record->busy[worker], false);
}

static void results_come_in_the_order_of_the_jobs(void **state)
{
	static const unsigned workers[] = {1, 2, 3, 8};

	(void)state;
	for (size_t w = 0; w < PW_COUNT(workers); w++) {
		struct record record = {.workers = workers[w]};
		struct pw_crew_work work = {&record, JOBS, square};
		struct pw_error err = {0};
		struct pw_crew *crew;
		size_t slot;

		PW_TEST_OK(pw_crew_open(&crew, &work, workers[w], &err), &err);
		for (size_t i = 0; i < JOBS; i++) {
			assert_true(pw_crew_next(crew, &slot));
			assert_true(slot <= workers[w]);
			assert_int_equal(record.result[slot], i * i);
			/* Nobody runs further ahead than there are slots. */
			assert_true(atomic_load(&record.done) <=
				    i + 1 + workers[w]);
		}
		assert_false(pw_crew_next(crew, &slot));
		pw_crew_close(crew);
		assert_int_equal(atomic_load(&record.done), JOBS);
		assert_false(atomic_load(&record.wrong));
	}
}

static void a_crew_can_be_left_at_any_time(void **state)
{
	(void)state;
	for (size_t taken = 0; taken < 20; taken++) {
		struct record record = {.workers = 3};
		struct pw_crew_work work = {&record, JOBS, square};
		struct pw_error err = {0};
		struct pw_crew *crew;
		size_t slot;

		PW_TEST_OK(pw_crew_open(&crew, &work, 3, &err), &err);
		for (size_t i = 0; i < taken; i++)
			assert_true(pw_crew_next(crew, &slot));
		pw_crew_close(crew);
		assert_true(atomic_load(&record.done) < JOBS);
		assert_false(atomic_load(&record.wrong));
	}
}

static void without_jobs_there_is_no_result(void **state)
{
	for (unsigned workers = 1; workers < 4; workers++) {
		struct pw_crew_work work = {NULL, 0, square};
		struct pw_error err = {0};
		struct pw_crew *crew;
		size_t slot;

		(void)state;
		PW_TEST_OK(pw_crew_open(&crew, &work, workers, &err), &err);
		assert_false(pw_crew_next(crew, &slot));
		pw_crew_close(crew);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_come_in_the_order_of_the_jobs),
		cmocka_unit_test(a_crew_can_be_left_at_any_time),
		cmocka_unit_test(without_jobs_there_is_no_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
