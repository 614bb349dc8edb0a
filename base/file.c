/*
 * file.c - atomic output and whole-file input.
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"

#define STREAM_BYTES ((size_t)64 << 10)

struct pw_output {
	FILE *stream; /* writes through write_all */
	int fd;
	int error;	 /* the first that a write met, or 0 */
	char *path;	 /* as messages name it */
	char *target;	 /* where it shall appear: symbolic links followed */
	char *temporary; /* NULL: written directly */
};

static int open_retrying(const char *path, int flags, mode_t mode)
{
	int fd;

	do {
		fd = open(path, flags | O_CLOEXEC, mode);
	} while (fd < 0 && errno == EINTR);
	return fd;
}

/* Free everything but keep errno for a message. */
static void release(struct pw_output *output)
{
	int saved = errno;

	free(output->path);
	free(output->target);
	free(output->temporary);
	free(output);
	errno = saved;
}

/*
 * Open a new file in the directory of the target, under a name that nobody
 * has; *name is allocated.
 */
static int open_temporary(const char *target, char **name)
{
	const char *slash = strrchr(target, '/');
	int directory = slash ? (int)(slash - target) + 1 : 0;

	PW_ASSERT(*target && directory >= 0);

	for (unsigned i = 0; i < 1000; i++) {
		int fd;

		if (asprintf(name, "%.*s.pagewalk.%ld.%u", directory, target,
			     (long)getpid(), i) < 0) {
			*name = NULL;
			errno = ENOMEM;
			return -1;
		}
		fd = open_retrying(*name, O_WRONLY | O_CREAT | O_EXCL, 0666);
		if (fd >= 0 || errno != EEXIST)
			return fd;
		free(*name);
		*name = NULL;
	}
	errno = EEXIST;
	return -1;
}

/* Open what shall be replaced, with the permissions that it has. */
static int open_beside(struct pw_output *output, const struct stat *old)
{
	int fd;

	if (old && access(output->target, W_OK) != 0)
		return -1;
	fd = open_temporary(output->target, &output->temporary);
	if (fd >= 0 && old && fchmod(fd, old->st_mode & 0777) != 0) {
		int saved = errno;

		close(fd);
		unlink(output->temporary);
		errno = saved;
		return -1;
	}
	return fd;
}

static int open_target(struct pw_output *output)
{
	struct stat old;

	if (strcmp(output->path, "-") == 0)
		return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (stat(output->path, &old) != 0) {
		if (errno != ENOENT)
			return -1;
		output->target = strdup(output->path);
		return output->target ? open_beside(output, NULL) : -1;
	}
	if (!S_ISREG(old.st_mode))
		return open_retrying(output->path, O_WRONLY, 0);
	output->target = realpath(output->path, NULL);
	return output->target ? open_beside(output, &old) : -1;
}

/*
 * Write what the stream has collected. A stream of its own accord would forget
 * why a write failed, and lose what an interrupted one left over.
 */
static ssize_t write_all(void *cookie, const char *data, size_t bytes)
{
	struct pw_output *output = cookie;
	size_t left = bytes;

	while (left > 0 && output->error == 0) {
		ssize_t done = write(output->fd, data, left);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) {
			output->error = done < 0 ? errno : EIO;
			break;
		}
		data += done;
		left -= (size_t)done;
	}
	return left > 0 ? 0 : (ssize_t)bytes;
}

/* Make the stream of an output that is open; false: see errno. */
static bool make_stream(struct pw_output *output)
{
	static const cookie_io_functions_t functions = {.write = write_all};

	output->stream = fopencookie(output, "w", functions);
	return output->stream &&
	       setvbuf(output->stream, NULL, _IOFBF, STREAM_BYTES) == 0;
}

/* Close without losing errno, and remove what was not to stay. */
static void drop(struct pw_output *output)
{
	int saved = errno;

	if (output->stream)
		fclose(output->stream);
	if (output->fd >= 0)
		close(output->fd);
	if (output->temporary)
		unlink(output->temporary);
	errno = saved;
}

enum pw_status pw_output_open(struct pw_output **out, const char *path,
			      struct pw_error *err)
{
	struct pw_output *output = calloc(1, sizeof(*output));
	enum pw_status st;

	*out = NULL;
	if (output)
		output->path = strdup(path);
	if (!output || !output->path) {
		free(output);
		return pw_fail_memory(err, "an output file");
	}
	output->fd = open_target(output);
	if (output->fd < 0)
		goto fail;
	PW_ASSERT(!output->temporary == !output->target);
	if (!make_stream(output)) {
		drop(output);
		goto fail;
	}
	*out = output;
	return PW_OK;
fail:
	st = errno == ENOMEM ? PW_ERR_SYSTEM : PW_ERR_OUTPUT;
	release(output);
	return pw_fail_errno(err, st, errno, "%s: cannot write", path);
}

FILE *pw_output_stream(struct pw_output *output)
{
	PW_ASSERT(output->stream);
	return output->stream;
}

int pw_output_fd(struct pw_output *output)
{
	PW_ASSERT(output->fd >= 0);
	return output->fd;
}

/* Write what is buffered; 0 or an errno. */
static int flush(struct pw_output *output)
{
	bool failed = fflush(output->stream) != 0 || ferror(output->stream);

	if (output->error)
		return output->error;
	return failed ? EIO : 0;
}

enum pw_status pw_output_flush(struct pw_output *output, struct pw_error *err)
{
	int error = flush(output);

	if (error)
		return pw_fail_errno(err, PW_ERR_OUTPUT, error,
				     "%s: cannot write", output->path);
	return PW_OK;
}

static int sync_retrying(int fd)
{
	int result;

	do {
		result = fsync(fd);
	} while (result != 0 && errno == EINTR);
	return result;
}

/* Flush, sync, close and rename; 0 or the first thing that went wrong. */
static int finish(struct pw_output *output)
{
	int error = flush(output);

	/* What is renamed has a place to go to. */
	PW_ASSERT(!output->temporary || output->target);

	if (!error && output->temporary && sync_retrying(output->fd) != 0)
		error = errno;
	if (fclose(output->stream) != 0 && !error)
		error = EIO;
	/* Linux closes what it is interrupted in closing. */
	if (close(output->fd) != 0 && errno != EINTR && !error)
		error = errno;
	if (!error && output->temporary &&
	    rename(output->temporary, output->target) != 0)
		error = errno;
	if (error && output->temporary)
		unlink(output->temporary);
	return error;
}

enum pw_status pw_output_commit(struct pw_output *output, struct pw_error *err)
{
	int error = finish(output);
	enum pw_status st = PW_OK;

	if (error)
		st = pw_fail_errno(err, PW_ERR_OUTPUT, error,
				   "%s: cannot write", output->path);
	release(output);
	return st;
}

void pw_output_discard(struct pw_output *output)
{
	if (!output)
		return;
	/* What is still in the stream need not get anywhere. */
	output->error = ECANCELED;
	drop(output);
	release(output);
}

/* ---- reading ---- */

/* Read up to @room bytes; how many, or -1. */
static ssize_t read_all(int fd, char *data, size_t room)
{
	size_t used = 0;

	while (used < room) {
		ssize_t got = read(fd, data + used, room - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		used += (size_t)got;
		PW_ASSERT(used <= room);
	}
	return (ssize_t)used;
}

/* What has been read of a file. */
struct content {
	char *data;
	size_t bytes;
};

/* Read to the end of the file, or one byte past @limit; 0 or an errno. */
static int slurp(int fd, size_t limit, struct content *content)
{
	size_t room = 4096;

	for (;; room *= 2) {
		char *more;
		ssize_t got;

		if (room > limit)
			room = limit + 1;
		more = realloc(content->data, room + 1);
		if (!more)
			return ENOMEM;
		content->data = more;
		got = read_all(fd, more + content->bytes,
			       room - content->bytes);
		if (got < 0)
			return errno;
		content->bytes += (size_t)got;
		PW_ASSERT(content->bytes <= room);
		content->data[content->bytes] = '\0';
		if (content->bytes < room || content->bytes > limit)
			return 0;
	}
}

enum pw_status pw_file_read(const char *path, size_t limit_bytes, char **data,
			    size_t *bytes, struct pw_error *err)
{
	int fd = open_retrying(path, O_RDONLY, 0);
	struct content content = {0};
	enum pw_status st = PW_OK;
	int error;

	*data = NULL;
	*bytes = 0;
	PW_ASSERT(limit_bytes < SIZE_MAX / 4);
	if (fd < 0)
		return pw_fail_errno(err, PW_ERR_USAGE, errno,
				     "%s: cannot open", path);
	error = slurp(fd, limit_bytes, &content);
	close(fd);
	if (error == ENOMEM)
		st = pw_fail_memory(err, path);
	else if (error)
		st = pw_fail_errno(err, PW_ERR_USAGE, error, "%s: cannot read",
				   path);
	else if (content.bytes > limit_bytes)
		st = pw_fail(err, PW_ERR_USAGE, "%s: larger than %zu bytes",
			     path, limit_bytes);
	if (st != PW_OK) {
		free(content.data);
		return st;
	}
	*data = content.data;
	*bytes = content.bytes;
	return PW_OK;
}

/* ---- directories ---- */

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Make each leading part of @path, which is cut and mended meanwhile. */
static int make_parts(char *path)
{
	char *c = path;

	while (*c) {
		char cut;

		c += strspn(c, "/");
		c += strcspn(c, "/");
		cut = *c;
		PW_ASSERT(c > path);
		*c = '\0';
		if (mkdir(path, 0777) != 0) {
			int error = errno;

			if (!is_directory(path))
				return error;
		}
		*c = cut;
	}
	return 0;
}

enum pw_status pw_directory_make(const char *path, struct pw_error *err)
{
	char *copy = strdup(path);
	int error;

	if (!copy)
		return pw_fail_memory(err, path);
	error = *path ? make_parts(copy) : ENOENT;
	free(copy);
	if (error)
		return pw_fail_errno(err, PW_ERR_OUTPUT, error,
				     "%s: cannot make the directory", path);
	return PW_OK;
}
