/*
 * test_gnuplot.c - gnuplot as a child: what it writes, and how it can fail.
 */
#include "tests/support/pw_test.h"

#include "plots/gnuplot.h"
#include "tests/support/render.h"

static enum pw_status run(const char *script, unsigned timeout_ms,
			  char **output, struct pw_error *err)
{
	const struct pw_gnuplot request = {.script = script,
					   .timeout_ms = timeout_ms};

	return pw_gnuplot_run(&request, output, err);
}

static void what_it_writes_comes_back(void **state)
{
	struct pw_error err;
	char *output;

	(void)state;
	if (!pw_test_has_gnuplot())
		skip();
	PW_TEST_OK(run("set print '-'\nprint 1 + 2\n", 20000, &output, &err),
		   &err);
	assert_string_equal(output, "3\n");
	free(output);
}

static void the_first_error_ends_it_with_its_message(void **state)
{
	struct pw_error err;
	char *output;

	(void)state;
	if (!pw_test_has_gnuplot())
		skip();
	assert_int_equal(run("set print '-'\nplot nosuch(x)\nprint 3\n", 20000,
			     &output, &err),
			 PW_ERR_SYSTEM);
	assert_null(output);
	assert_non_null(strstr(err.message, "gnuplot: failed"));
	assert_non_null(strstr(err.message, "nosuch"));
}

static void a_missing_program_says_what_to_install(void **state)
{
	char *path = pw_test_fake_gnuplot(NULL);
	struct pw_error err;
	char *output;

	(void)state;
	assert_int_equal(run("", 20000, &output, &err), PW_ERR_SYSTEM);
	pw_test_restore_path(path);
	assert_null(output);
	assert_string_equal(err.hint, "install gnuplot-nox");
}

static void a_hanging_program_is_killed_with_its_children(void **state)
{
	char *path = pw_test_fake_gnuplot("sleep 1000 & sleep 1000");
	struct pw_error err;
	char *output;

	(void)state;
	assert_int_equal(run("", 200, &output, &err), PW_ERR_SYSTEM);
	pw_test_restore_path(path);
	assert_null(output);
	assert_string_equal(err.message, "gnuplot: did not end in time");
}

/* Its pipes are closed, but it does not end. */
static void a_silent_hanging_program_is_killed_too(void **state)
{
	char *path =
		pw_test_fake_gnuplot("exec >/dev/null 2>&1; exec sleep 1000");
	struct pw_error err;
	char *output;

	(void)state;
	assert_int_equal(run("", 200, &output, &err), PW_ERR_SYSTEM);
	pw_test_restore_path(path);
	assert_string_equal(err.message, "gnuplot: did not end in time");
}

static void a_failing_program_is_quoted_without_escapes(void **state)
{
	char *path = pw_test_fake_gnuplot(
		"printf 'bad\\033[31m\\n\\n   thing\\n' >&2; exit 3");
	struct pw_error err;
	char *output;

	(void)state;
	assert_int_equal(run("", 20000, &output, &err), PW_ERR_SYSTEM);
	pw_test_restore_path(path);
	assert_string_equal(err.message,
			    "gnuplot: failed: bad\\x1b[31m thing ");
}

/* More than a pipe holds, on both pipes at once. */
static void much_output_does_not_block(void **state)
{
	char *path = pw_test_fake_gnuplot(
		"head -c 300000 /dev/zero | tr '\\0' e >&2\n"
		"head -c 300000 /dev/zero | tr '\\0' o");
	struct pw_error err;
	char *output;

	(void)state;
	PW_TEST_OK(run("", 60000, &output, &err), &err);
	pw_test_restore_path(path);
	assert_int_equal(strlen(output), 300000);
	assert_int_equal(strspn(output, "o"), 300000);
	free(output);
}

static void the_script_is_its_standard_input(void **state)
{
	char *path = pw_test_fake_gnuplot("echo \"$*\"; cat; echo \"$LC_ALL\"");
	struct pw_error err;
	char *output;

	(void)state;
	PW_TEST_OK(run("a `script`\n", 20000, &output, &err), &err);
	pw_test_restore_path(path);
	assert_string_equal(output, "-d /dev/stdin\na `script`\nC\n");
	free(output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_writes_comes_back),
		cmocka_unit_test(the_first_error_ends_it_with_its_message),
		cmocka_unit_test(a_missing_program_says_what_to_install),
		cmocka_unit_test(a_hanging_program_is_killed_with_its_children),
		cmocka_unit_test(a_silent_hanging_program_is_killed_too),
		cmocka_unit_test(a_failing_program_is_quoted_without_escapes),
		cmocka_unit_test(much_output_does_not_block),
		cmocka_unit_test(the_script_is_its_standard_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
