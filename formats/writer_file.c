/*
 * writer_file.c - the file side of writing a trace.
 */
#include "formats/writer_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/assert.h"

struct pw_writer_file {
	struct pw_arena *arena;
	const char *path;    /* as the user gave it */
	const char *partial; /* the name until the end, or NULL */
	uint64_t bytes;
	int fd;
};

/* Whether @path is something that a file cannot take the place of. */
static bool is_special(const char *path)
{
	struct stat found;

	return stat(path, &found) == 0 && !S_ISREG(found.st_mode);
}

/* Move an older regular file out of the way. */
static enum pw_status keep_old(struct pw_writer_file *file,
			       struct pw_error *err)
{
	const char *old = pw_arena_printf(file->arena, "%s.old", file->path);

	if (!old)
		return pw_fail_memory(err, "a file name");
	if (rename(file->path, old) != 0 && errno != ENOENT)
		return pw_fail_errno(err, PW_ERR_OUTPUT, errno,
				     "%s: cannot rename to %s", file->path,
				     old);
	return PW_OK;
}

static enum pw_status create(struct pw_writer_file *file, bool replace,
			     struct pw_error *err)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
	const char *name = file->path;
	enum pw_status st = PW_OK;

	if (is_special(file->path)) {
		flags = O_WRONLY | O_CLOEXEC | O_NOCTTY;
	} else if (replace) {
		name = pw_arena_printf(file->arena, "%s.partial", file->path);
		if (!name)
			return pw_fail_memory(err, "a file name");
		if (unlink(name) != 0 && errno != ENOENT)
			return pw_fail_errno(err, PW_ERR_OUTPUT, errno,
					     "%s: cannot remove", name);
		file->partial = name;
	} else {
		st = keep_old(file, err);
	}
	if (st != PW_OK)
		return st;
	file->fd = open(name, flags, 0600);
	if (file->fd < 0)
		return pw_fail_errno(err, PW_ERR_OUTPUT, errno,
				     "%s: cannot create", name);
	return PW_OK;
}

enum pw_status pw_writer_file_open(struct pw_writer_file **out,
				   const char *path, bool replace,
				   struct pw_error *err)
{
	struct pw_writer_file *file = calloc(1, sizeof(*file));
	enum pw_status st;

	*out = NULL;
	if (!file)
		return pw_fail_memory(err, "a trace file");
	file->fd = -1;
	st = pw_arena_open(&file->arena, 0, err);
	if (st != PW_OK)
		goto fail;
	file->path = pw_arena_copy(file->arena, path);
	if (!file->path) {
		st = pw_fail_memory(err, "a file name");
		goto fail;
	}
	st = create(file, replace, err);
	if (st != PW_OK)
		goto fail;
	*out = file;
	return PW_OK;
fail:
	pw_writer_file_abandon(file);
	return st;
}

enum pw_status pw_writer_file_write(struct pw_writer_file *file,
				    const void *data, size_t bytes,
				    struct pw_error *err)
{
	const char *next = data;

	PW_ASSERT(file->fd >= 0);
	while (bytes > 0) {
		ssize_t done = write(file->fd, next, bytes);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return pw_fail_errno(
				err, PW_ERR_OUTPUT, done < 0 ? errno : EIO,
				"%s: cannot write at offset %llu", file->path,
				(unsigned long long)file->bytes);
		PW_ASSERT((size_t)done <= bytes);
		next += done;
		bytes -= (size_t)done;
		file->bytes += (uint64_t)done;
	}
	return PW_OK;
}

uint64_t pw_writer_file_bytes(const struct pw_writer_file *file)
{
	return file->bytes;
}

/* Make the new name last: sync the directory, as far as it allows that. */
static void sync_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash ? (size_t)(slash - path) : 0;
	char *folder = slash ? strndup(path, length ? length : 1) : strdup(".");
	int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		(void)fsync(fd);
		close(fd);
	}
	free(folder);
}

enum pw_status pw_writer_file_finish(struct pw_writer_file *file,
				     struct pw_error *err)
{
	enum pw_status st = PW_OK;
	int reason = 0;

	PW_ASSERT(file->fd >= 0);
	/* Pipes and devices cannot be synced, and need not be. */
	if (fsync(file->fd) != 0 && errno != EINVAL && errno != EROFS)
		reason = errno;
	if (close(file->fd) != 0 && reason == 0)
		reason = errno;
	file->fd = -1;
	if (reason != 0)
		st = pw_fail_errno(err, PW_ERR_OUTPUT, reason,
				   "%s: cannot write to disk", file->path);
	if (st == PW_OK && file->partial &&
	    rename(file->partial, file->path) != 0)
		st = pw_fail_errno(err, PW_ERR_OUTPUT, errno,
				   "%s: cannot rename to %s", file->partial,
				   file->path);
	if (st == PW_OK && file->partial)
		sync_directory(file->path);
	pw_writer_file_abandon(file);
	return st;
}

void pw_writer_file_abandon(struct pw_writer_file *file)
{
	if (!file)
		return;
	if (file->fd >= 0)
		close(file->fd);
	pw_arena_close(file->arena);
	free(file);
}
