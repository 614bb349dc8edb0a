/*
 * render.c - documents into text and files into memory, for tests of plots/.
 */
#include "tests/support/render.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "plots/gnuplot.h"
#include "tests/support/pw_test.h"

#define CONTENT_BYTES_MAX ((size_t)64 << 20)

char *pw_test_render(const char *format, struct pw_tables *tables,
		     const struct pw_sink_options *options)
{
	const struct pw_sink_options none = {.title = "pagewalk test"};
	const struct pw_sink_ops *sink = pw_sink_find(format);
	struct pw_error err;
	char *text = NULL;
	size_t bytes;
	FILE *out;

	assert_non_null(sink);
	out = open_memstream(&text, &bytes);
	assert_non_null(out);
	PW_TEST_OK(sink->write(out, tables, options ? options : &none, &err),
		   &err);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(strlen(text), bytes);
	return text;
}

struct pw_tables *pw_test_document(void)
{
	struct pw_tables *tables;
	struct pw_error err;

	PW_TEST_OK(pw_tables_open(&tables, &err), &err);
	return tables;
}

char *pw_test_directory(void)
{
	const char *base = getenv("TMPDIR");
	char *name;

	assert_true(asprintf(&name, "%s/pagewalk-test-XXXXXX",
			     base ? base : "/tmp") > 0);
	assert_non_null(mkdtemp(name));
	return name;
}

void pw_test_remove(char *directory)
{
	DIR *list = opendir(directory);
	struct dirent *entry;

	assert_non_null(list);
	while ((entry = readdir(list))) {
		if (entry->d_name[0] != '.')
			assert_int_equal(
				unlinkat(dirfd(list), entry->d_name, 0), 0);
	}
	closedir(list);
	assert_int_equal(rmdir(directory), 0);
	free(directory);
}

char *pw_test_content(const char *directory, const char *name)
{
	struct pw_error err;
	size_t bytes;
	char *path;
	char *data;

	assert_true(asprintf(&path, "%s/%s", directory, name) > 0);
	if (pw_file_read(path, CONTENT_BYTES_MAX, &data, &bytes, &err) != PW_OK)
		data = NULL;
	free(path);
	return data;
}

bool pw_test_has_gnuplot(void)
{
	const struct pw_gnuplot request = {.script = "", .timeout_ms = 10000};
	struct pw_error err;
	char *output;
	bool found = pw_gnuplot_run(&request, &output, &err) == PW_OK;

	free(output);
	if (!found)
		print_message("skipped: %s (%s)\n", err.message, err.hint);
	return found;
}

/* PATH is kept in another variable while it is changed. */
#define KEPT_PATH "PW_TEST_KEPT_PATH"

char *pw_test_fake_gnuplot(const char *body)
{
	const char *path = getenv("PATH");
	char *directory = pw_test_directory();
	char *text;
	FILE *file;

	setenv(KEPT_PATH, path ? path : "", 1);
	setenv("PATH", directory, 1);
	if (!body)
		return directory;
	assert_true(asprintf(&text, "%s/gnuplot", directory) > 0);
	file = fopen(text, "w");
	assert_non_null(file);
	fprintf(file, "#!/bin/sh\nPATH=/usr/bin:/bin\n%s\n", body);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(text, 0700), 0);
	free(text);
	return directory;
}

void pw_test_restore_path(char *directory)
{
	const char *kept = getenv(KEPT_PATH);

	if (kept)
		setenv("PATH", kept, 1);
	unsetenv(KEPT_PATH);
	pw_test_remove(directory);
}
