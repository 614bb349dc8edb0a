/*
 * test_file.c - output that appears whole or not at all, input read whole.
 */
#include "tests/support/pw_test.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

/* Each test works in a directory of its own. */
static int enter_directory(void **state)
{
	static char directory[64];

	snprintf(directory, sizeof(directory), "/tmp/pw_test_file.XXXXXX");
	*state = mkdtemp(directory);
	return *state && chdir(*state) == 0 ? 0 : -1;
}

static int leave_directory(void **state)
{
	DIR *directory = opendir(".");
	struct dirent *entry;

	if (!directory)
		return -1;
	while ((entry = readdir(directory)))
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			remove(entry->d_name);
	closedir(directory);
	return chdir("/") == 0 ? rmdir(*state) : -1;
}

static size_t count_files(void)
{
	DIR *directory = opendir(".");
	size_t count = 0;

	assert_non_null(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count - 2; /* "." and ".." */
}

static void write_file(const char *path, const char *text)
{
	struct pw_output *output;
	struct pw_error err;

	PW_TEST_OK(pw_output_open(&output, path, &err), &err);
	fputs(text, pw_output_stream(output));
	PW_TEST_OK(pw_output_commit(output, &err), &err);
}

static void expect(const char *path, const char *text)
{
	struct pw_error err;
	size_t bytes;
	char *data;

	PW_TEST_OK(pw_file_read(path, 1 << 20, &data, &bytes, &err), &err);
	assert_int_equal(bytes, strlen(text));
	assert_string_equal(data, text);
	free(data);
}

static unsigned mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 0777;
}

static void puts_a_file_in_place_at_commit(void **state)
{
	struct pw_output *output;
	struct pw_error err;

	(void)state;
	PW_TEST_OK(pw_output_open(&output, "new", &err), &err);
	fputs("text", pw_output_stream(output));
	assert_int_not_equal(access("new", F_OK), 0);
	PW_TEST_OK(pw_output_commit(output, &err), &err);
	expect("new", "text");
	assert_int_equal(count_files(), 1);
}

static void keeps_the_old_file_until_commit(void **state)
{
	struct pw_output *output;
	struct pw_error err;

	(void)state;
	write_file("a", "old");
	PW_TEST_OK(pw_output_open(&output, "a", &err), &err);
	fputs("new", pw_output_stream(output));
	fflush(pw_output_stream(output));
	expect("a", "old");
	pw_output_discard(output);
	expect("a", "old");
	assert_int_equal(count_files(), 1);
	write_file("a", "newer");
	expect("a", "newer");
	pw_output_discard(NULL);
}

static void gives_a_new_file_the_usual_mode_and_keeps_an_old_one(void **state)
{
	mode_t mask = umask(027);

	(void)state;
	write_file("fresh", "");
	assert_int_equal(mode_of("fresh"), 0640);
	assert_int_equal(chmod("fresh", 0604), 0);
	write_file("fresh", "again");
	assert_int_equal(mode_of("fresh"), 0604);
	umask(mask);
}

static void writes_through_a_symbolic_link(void **state)
{
	struct stat st;

	(void)state;
	write_file("target", "old");
	assert_int_equal(symlink("target", "link"), 0);
	write_file("link", "new");
	assert_int_equal(lstat("link", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	expect("target", "new");
}

static void reports_a_full_device_at_commit(void **state)
{
	struct pw_output *output;
	struct pw_error err;

	(void)state;
	PW_TEST_OK(pw_output_open(&output, "/dev/full", &err), &err);
	fputs("text", pw_output_stream(output));
	assert_int_equal(pw_output_commit(output, &err), PW_ERR_OUTPUT);
	assert_string_equal(err.message,
			    "/dev/full: cannot write: No space left on device");
}

static void reports_where_it_cannot_write(void **state)
{
	struct pw_output *output;
	struct pw_error err;

	(void)state;
	assert_int_equal(pw_output_open(&output, "none/x", &err),
			 PW_ERR_OUTPUT);
	assert_null(output);
	assert_string_equal(err.message,
			    "none/x: cannot write: No such file or directory");
	assert_int_equal(pw_output_open(&output, ".", &err), PW_ERR_OUTPUT);
	assert_string_equal(err.message, ".: cannot write: Is a directory");
}

static void reads_files_up_to_the_limit(void **state)
{
	struct pw_error err;
	char text[10001];
	size_t bytes;
	char *data;

	(void)state;
	memset(text, 'x', 10000);
	text[10000] = '\0';
	write_file("x", text);
	PW_TEST_OK(pw_file_read("x", 10000, &data, &bytes, &err), &err);
	assert_int_equal(bytes, 10000);
	assert_string_equal(data, text);
	free(data);
	assert_int_equal(pw_file_read("x", 9999, &data, &bytes, &err),
			 PW_ERR_USAGE);
	assert_null(data);
	assert_string_equal(err.message, "x: larger than 9999 bytes");
	assert_int_equal(pw_file_read("x", 0, &data, &bytes, &err),
			 PW_ERR_USAGE);
	write_file("empty", "");
	PW_TEST_OK(pw_file_read("empty", 0, &data, &bytes, &err), &err);
	assert_string_equal(data, "");
	free(data);
}

static void reports_what_it_cannot_read(void **state)
{
	struct pw_error err;
	size_t bytes;
	char *data;

	(void)state;
	assert_int_equal(pw_file_read("none", 10, &data, &bytes, &err),
			 PW_ERR_USAGE);
	assert_string_equal(err.message,
			    "none: cannot open: No such file or directory");
	assert_int_equal(pw_file_read(".", 10, &data, &bytes, &err),
			 PW_ERR_USAGE);
	assert_string_equal(err.message, ".: cannot read: Is a directory");
}

static void makes_directories_with_their_parents(void **state)
{
	struct pw_error err;

	(void)state;
	PW_TEST_OK(pw_directory_make("a/b//c/", &err), &err);
	assert_int_equal(access("a/b/c", F_OK), 0);
	PW_TEST_OK(pw_directory_make("a/b/c", &err), &err);
	PW_TEST_OK(pw_directory_make("/", &err), &err);
	write_file("file", "");
	assert_int_equal(pw_directory_make("file/x", &err), PW_ERR_OUTPUT);
	assert_string_equal(err.message,
			    "file/x: cannot make the directory: File exists");
	assert_int_equal(pw_directory_make("", &err), PW_ERR_OUTPUT);
	assert_int_equal(rmdir("a/b/c") | rmdir("a/b") | rmdir("a"), 0);
}

#define IN_DIRECTORY(test) \
	cmocka_unit_test_setup_teardown(test, enter_directory, leave_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIRECTORY(puts_a_file_in_place_at_commit),
		IN_DIRECTORY(keeps_the_old_file_until_commit),
		IN_DIRECTORY(
			gives_a_new_file_the_usual_mode_and_keeps_an_old_one),
		IN_DIRECTORY(writes_through_a_symbolic_link),
		IN_DIRECTORY(reports_a_full_device_at_commit),
		IN_DIRECTORY(reports_where_it_cannot_write),
		IN_DIRECTORY(reads_files_up_to_the_limit),
		IN_DIRECTORY(reports_what_it_cannot_read),
		IN_DIRECTORY(makes_directories_with_their_parents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
