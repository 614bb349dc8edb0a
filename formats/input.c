/*
 * input.c - the files behind the path of a trace, opened for reading.
 */
#include "formats/input.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static struct pw_input_file *file_at(const struct pw_input *input, size_t i)
{
	return &PW_ARRAY_AT(&input->files, struct pw_input_file, i);
}

/* Take over @fd, also when that fails. */
static enum pw_status add_file(struct pw_input *input, const char *path, int fd,
			       uint64_t bytes, struct pw_error *err)
{
	struct pw_input_file file = {strdup(path), fd, bytes};
	enum pw_status st;

	st = file.path ? pw_array_push(&input->files, &file, err)
		       : pw_fail_memory(err, "a file name");
	if (st != PW_OK) {
		free(file.path);
		close(fd);
	}
	return st;
}

static int compare_names(const void *a, const void *b)
{
	const struct pw_input_file *x = a;
	const struct pw_input_file *y = b;

	return strcmp(x->path, y->path);
}

/* Open the file @name of a folder if it is a regular one. */
static enum pw_status open_member(struct pw_input *input, const char *folder,
				  const char *name, struct pw_error *err)
{
	struct stat found;
	enum pw_status st;
	char *path;
	int fd;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return pw_fail_memory(err, "a file name");
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		st = pw_fail_errno(err, PW_ERR_USAGE, errno, "%s: cannot open",
				   path);
	} else if (fstat(fd, &found) != 0 || !S_ISREG(found.st_mode)) {
		close(fd);
		st = PW_OK;
	} else {
		st = add_file(input, path, fd, (uint64_t)found.st_size, err);
	}
	free(path);
	return st;
}

static enum pw_status open_members(struct pw_input *input, DIR *dir,
				   const char *folder, struct pw_error *err)
{
	enum pw_status st = PW_OK;
	struct dirent *entry;

	while (st == PW_OK && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (input->files.count == PW_INPUT_FILES_MAX)
			return pw_fail(err, PW_ERR_USAGE,
				       "%s: more than %d files", folder,
				       PW_INPUT_FILES_MAX);
		st = open_member(input, folder, entry->d_name, err);
	}
	if (st == PW_OK && input->files.count > 1)
		qsort(input->files.data, input->files.count,
		      sizeof(struct pw_input_file), compare_names);
	return st;
}

/* Each file takes a descriptor; ask for as many as we may have. */
static void allow_many_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static enum pw_status open_folder(struct pw_input *input, struct pw_error *err)
{
	enum pw_status st;
	char *folder;
	DIR *dir;

	input->folder = true;
	if (asprintf(&folder, "%s/trace", input->path) < 0)
		return pw_fail_memory(err, "a file name");
	dir = opendir(folder);
	if (!dir) {
		free(folder);
		folder = NULL;
		dir = opendir(input->path);
	}
	if (dir) {
		allow_many_files();
		st = open_members(input, dir, folder ? folder : input->path,
				  err);
		closedir(dir);
	} else {
		st = pw_fail_errno(err, PW_ERR_USAGE, errno, "%s: cannot open",
				   input->path);
	}
	free(folder);
	return st;
}

enum pw_status pw_input_open(struct pw_input *input, const char *path,
			     struct pw_error *err)
{
	struct stat found;
	enum pw_status st;
	int fd;

	*input = (struct pw_input){
		.path = strdup(path),
		.files = PW_ARRAY(struct pw_input_file),
	};
	if (!input->path)
		return pw_fail_memory(err, "a file name");
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &found) != 0) {
		st = pw_fail_errno(err, PW_ERR_USAGE, errno, "%s: cannot open",
				   path);
	} else if (S_ISREG(found.st_mode)) {
		return add_file(input, path, fd, (uint64_t)found.st_size, err);
	} else if (S_ISDIR(found.st_mode)) {
		st = open_folder(input, err);
	} else {
		st = pw_fail(err, PW_ERR_USAGE, "%s: not a regular file", path);
	}
	if (fd >= 0)
		close(fd);
	return st;
}

void pw_input_close(struct pw_input *input)
{
	for (size_t i = 0; i < input->files.count; i++) {
		close(file_at(input, i)->fd);
		free(file_at(input, i)->path);
	}
	pw_array_free(&input->files);
	free(input->path);
	input->path = NULL;
}

uint64_t pw_input_bytes(const struct pw_input *input)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < input->files.count; i++)
		bytes += file_at(input, i)->bytes;
	return bytes;
}
