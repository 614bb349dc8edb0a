/*
 * test_event.c - the table of events: numbers are fixed for ever.
 */
#include "tests/support/pw_test.h"

#include "formats/event.h"

static size_t count_names(const char *names)
{
	size_t count = *names != '\0';

	for (; *names; names++)
		count += *names == ',';
	return count;
}

static void numbers_never_change(void **state)
{
	static const char *const names[] = {
		"map",	 "present",  "mmap",	"munmap",     "mremap",
		"brk",	 "mprotect", "madvise", "mark",	      "signal",
		"clone", "exec",     "exit",	"exit_group", "unrecorded"};

	(void)state;
	for (unsigned i = 0; i < PW_COUNT(names); i++) {
		assert_non_null(pw_event_info(i + 1));
		assert_string_equal(pw_event_info(i + 1)->name, names[i]);
		assert_ptr_equal(pw_event_info(i + 1), pw_event_info_at(i));
	}
}

static void unknown_numbers_have_no_entry(void **state)
{
	(void)state;
	assert_null(pw_event_info(0));
	assert_null(pw_event_info(60000));
	assert_null(pw_event_info_at(60000));
}

static void no_event_has_more_arguments_than_the_wire_holds(void **state)
{
	const struct pw_event_info *info;

	(void)state;
	for (unsigned i = 0; (info = pw_event_info_at(i)); i++)
		assert_true(count_names(info->args) <= PW_EVENT_ARGS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_never_change),
		cmocka_unit_test(unknown_numbers_have_no_entry),
		cmocka_unit_test(
			no_event_has_more_arguments_than_the_wire_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
