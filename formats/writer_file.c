/*
 * writer_file.c - the file side of writing a trace.
 */
#include "formats/writer_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/assert.h"

/* As many symbolic links in a row as Linux follows. */
#define LINKS_MAX 40

struct pw_writer_file {
	struct pw_arena *arena;
	const char *path;    /* as the user gave it */
	const char *target;  /* the same without symbolic links */
	const char *old;     /* what an older file was renamed to, or NULL */
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

/* What the link @name says, from where @name is; NULL: see errno. */
static const char *read_link(struct pw_arena *arena, const char *name)
{
	char text[PATH_MAX];
	ssize_t length = readlink(name, text, sizeof(text));
	const char *slash = strrchr(name, '/');
	size_t folder = slash ? (size_t)(slash - name) + 1 : 0;

	if (length < 0)
		return NULL;
	if ((size_t)length == sizeof(text)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	if (text[0] == '/')
		folder = 0;
	PW_ASSERT(folder < INT32_MAX);
	errno = ENOMEM;
	return pw_arena_printf(arena, "%.*s%.*s", (int)folder, name,
			       (int)length, text);
}

/* Find the name that new files and renames are about: no link. */
static enum pw_status follow_links(struct pw_writer_file *file,
				   struct pw_error *err)
{
	struct stat found;

	file->target = file->path;
	for (unsigned i = 0; i < LINKS_MAX; i++) {
		const char *next;

		if (lstat(file->target, &found) != 0 || !S_ISLNK(found.st_mode))
			return PW_OK;
		next = read_link(file->arena, file->target);
		if (!next)
			return pw_fail_errno(err, PW_ERR_OUTPUT, errno,
					     "%s: cannot follow the link",
					     file->path);
		file->target = next;
	}
	return pw_fail_errno(err, PW_ERR_OUTPUT, ELOOP,
			     "%s: cannot follow the link", file->path);
}

/* Move an older regular file out of the way. */
static enum pw_status keep_old(struct pw_writer_file *file,
			       struct pw_error *err)
{
	const char *old = pw_arena_printf(file->arena, "%s.old", file->target);

	if (!old)
		return pw_fail_memory(err, "a file name");
	if (rename(file->target, old) == 0)
		file->old = old;
	else if (errno != ENOENT)
		return pw_fail_errno(err, PW_ERR_OUTPUT, errno,
				     "%s: cannot rename to %s", file->target,
				     old);
	return PW_OK;
}

/* Choose the name to write to, and make it free. */
static enum pw_status clear_name(struct pw_writer_file *file, bool replace,
				 const char **name, struct pw_error *err)
{
	enum pw_status st = follow_links(file, err);

	if (st != PW_OK)
		return st;
	*name = file->target;
	if (!replace)
		return keep_old(file, err);
	*name = pw_arena_printf(file->arena, "%s.partial", file->target);
	if (!*name)
		return pw_fail_memory(err, "a file name");
	if (unlink(*name) != 0 && errno != ENOENT)
		return pw_fail_errno(err, PW_ERR_OUTPUT, errno,
				     "%s: cannot remove", *name);
	file->partial = *name;
	return PW_OK;
}

static enum pw_status create(struct pw_writer_file *file, bool replace,
			     struct pw_error *err)
{
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
	const char *name = file->path;

	if (is_special(file->path)) {
		flags = O_WRONLY | O_CLOEXEC | O_NOCTTY;
	} else {
		enum pw_status st = clear_name(file, replace, &name, err);

		if (st != PW_OK)
			return st;
	}
	file->fd = open(name, flags, 0600);
	if (file->fd >= 0)
		return PW_OK;
	file->partial = NULL;
	pw_fail_errno(err, PW_ERR_OUTPUT, errno, "%s: cannot create", name);
	if (file->old && rename(file->old, file->target) != 0)
		return pw_hint(err, "the older file is %s", file->old);
	return err->status;
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

static int sync_retrying(int fd)
{
	int result;

	do {
		result = fsync(fd);
	} while (result != 0 && errno == EINTR);
	return result;
}

enum pw_status pw_writer_file_finish(struct pw_writer_file *file,
				     struct pw_error *err)
{
	enum pw_status st = PW_OK;
	int reason = 0;

	PW_ASSERT(file->fd >= 0);
	/* Pipes and devices cannot be synced, and need not be. */
	if (sync_retrying(file->fd) != 0 && errno != EINVAL && errno != EROFS)
		reason = errno;
	/* Linux closes what it is interrupted in closing. */
	if (close(file->fd) != 0 && errno != EINTR && reason == 0)
		reason = errno;
	file->fd = -1;
	if (reason != 0)
		st = pw_fail_errno(err, PW_ERR_OUTPUT, reason,
				   "%s: cannot write to disk", file->path);
	if (st == PW_OK && file->partial &&
	    rename(file->partial, file->target) != 0)
		st = pw_fail_errno(err, PW_ERR_OUTPUT, errno,
				   "%s: cannot rename to %s", file->partial,
				   file->target);
	if (st == PW_OK && file->partial) {
		file->partial = NULL;
		sync_directory(file->target);
	}
	pw_writer_file_abandon(file);
	return st;
}

void pw_writer_file_abandon(struct pw_writer_file *file)
{
	if (!file)
		return;
	if (file->fd >= 0)
		close(file->fd);
	if (file->partial)
		unlink(file->partial);
	pw_arena_close(file->arena);
	free(file);
}
