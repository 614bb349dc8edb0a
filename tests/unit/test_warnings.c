/*
 * test_warnings.c - what a trace tells that cannot have been.
 */
#include "tests/support/pw_test.h"

#include "tests/support/replay_fixture.h"

#define PRIVATE (PW_TEST_PRIVATE | PW_TEST_ANONYMOUS)

static struct pw_warning found(const struct pw_test_system *t,
			       enum pw_warning_kind kind)
{
	return t->system.warnings.list[kind];
}

static void an_access_outside_of_all_mappings(void **state)
{
	struct pw_test_system t;
	struct pw_warning warning;

	(void)state;
	pw_test_system_open(&t, NULL);
	pw_test_map(&t, 100, 10, PRIVATE, NULL, 0);
	pw_test_touch(&t, 100, 'W');
	assert_int_equal(found(&t, PW_WARNING_UNMAPPED_ACCESS).count, 0);
	pw_test_touch(&t, 90, 'W');
	pw_test_touch(&t, 91, 'R');
	warning = found(&t, PW_WARNING_UNMAPPED_ACCESS);
	assert_int_equal(warning.count, 2);
	assert_int_equal(warning.address, 90 * PW_PAGE_BYTES);
	pw_test_system_close(&t);
}

static void accesses_of_a_trace_without_mappings_are_none(void **state)
{
	struct pw_test_system t;

	(void)state;
	pw_test_system_open(&t, NULL);
	t.system.mappings_known = false;
	pw_test_touch(&t, 90, 'W');
	assert_int_equal(found(&t, PW_WARNING_UNMAPPED_ACCESS).count, 0);
	pw_test_system_close(&t);
}

static void negative_lengths_do_nothing(void **state)
{
	struct pw_test_system t;
	const uint64_t minus = 0 - (uint64_t)PW_PAGE_BYTES;
	const struct pw_event events[] = {
		{.kind = PW_EVENT_munmap, .arg = {100 * PW_PAGE_BYTES, minus}},
		{.kind = PW_EVENT_mmap,
		 .result = 50 * PW_PAGE_BYTES,
		 .arg = {0, minus, 3, PRIVATE}},
		{.kind = PW_EVENT_mremap,
		 .result = 100 * PW_PAGE_BYTES,
		 .arg = {100 * PW_PAGE_BYTES, 10 * PW_PAGE_BYTES, minus}},
		{.kind = PW_EVENT_shmat,
		 .result = 50 * PW_PAGE_BYTES,
		 .arg = {1, 0, 0, minus}},
	};

	(void)state;
	pw_test_system_open(&t, NULL);
	pw_test_map(&t, 100, 10, PRIVATE, NULL, 0);
	for (size_t i = 0; i < PW_COUNT(events); i++)
		pw_test_event(&t, events[i]);
	assert_int_equal(found(&t, PW_WARNING_NEGATIVE_LENGTH).count,
			 PW_COUNT(events));
	assert_int_equal(found(&t, PW_WARNING_NEGATIVE_LENGTH).address,
			 100 * PW_PAGE_BYTES);
	assert_int_equal(pw_space_pages(t.system.current), 10);
	pw_test_system_close(&t);
}

static void a_mapping_over_another_replaces_it(void **state)
{
	struct pw_test_system t;
	struct pw_event fixed = {.kind = PW_EVENT_mmap,
				 .result = 104 * PW_PAGE_BYTES,
				 .arg = {104 * PW_PAGE_BYTES, 2 * PW_PAGE_BYTES,
					 1, PRIVATE | 0x10}};

	(void)state;
	pw_test_system_open(&t, NULL);
	pw_test_map(&t, 100, 10, PRIVATE, NULL, 0);
	pw_test_event(&t, fixed);
	assert_int_equal(found(&t, PW_WARNING_OVERLAP).count, 0);
	fixed.arg[3] = PRIVATE;
	fixed.arg[2] = 3;
	pw_test_event(&t, fixed);
	assert_int_equal(found(&t, PW_WARNING_OVERLAP).count, 1);
	assert_int_equal(pw_space_pages(t.system.current), 10);
	pw_test_system_close(&t);
}

static void calls_and_signals_that_cannot_be(void **state)
{
	struct pw_test_system t;

	(void)state;
	pw_test_system_open(&t, NULL);
	pw_test_map(&t, 100, 10, PRIVATE, NULL, 0);
	pw_test_event(&t, (struct pw_event){.kind = PW_EVENT_mprotect,
					    .arg = {105 * PW_PAGE_BYTES,
						    10 * PW_PAGE_BYTES, 1}});
	assert_int_equal(found(&t, PW_WARNING_FORBIDDEN_CALL).count, 1);
	assert_int_equal(found(&t, PW_WARNING_FORBIDDEN_CALL).address,
			 105 * PW_PAGE_BYTES);
	pw_test_event(&t, (struct pw_event){.kind = PW_EVENT_signal,
					    .arg = {11, 1, 0}});
	assert_int_equal(found(&t, PW_WARNING_SIGNAL).count, 0);
	pw_test_event(&t,
		      (struct pw_event){.kind = PW_EVENT_signal,
					.arg = {11, 1, 100 * PW_PAGE_BYTES}});
	assert_int_equal(found(&t, PW_WARNING_SIGNAL).count, 1);
	pw_test_system_close(&t);
}

static void kinds_have_names(void **state)
{
	(void)state;
	assert_string_equal(pw_warning_name(PW_WARNING_OVERLAP), "overlap");
	for (size_t i = 0; i < PW_WARNINGS; i++)
		assert_true(pw_warning_help((enum pw_warning_kind)i)[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_access_outside_of_all_mappings),
		cmocka_unit_test(accesses_of_a_trace_without_mappings_are_none),
		cmocka_unit_test(negative_lengths_do_nothing),
		cmocka_unit_test(a_mapping_over_another_replaces_it),
		cmocka_unit_test(calls_and_signals_that_cannot_be),
		cmocka_unit_test(kinds_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
