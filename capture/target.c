/*
 * target.c - PATH search and checks of the program to be recorded.
 */
#include "capture/target.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

/* The identity bits that an exec of this file would change. */
static bool changes_identity(const struct stat *st)
{
	return ((st->st_mode & S_ISUID) && st->st_uid != geteuid()) ||
	       ((st->st_mode & S_ISGID) && (st->st_mode & S_IXGRP) &&
		st->st_gid != getegid());
}

static enum pw_status check_head(const char *path, const uint8_t *head,
				 size_t bytes, struct pw_error *err)
{
	if (bytes >= 2 && head[0] == '#' && head[1] == '!')
		return PW_OK;
	if (bytes < EI_NIDENT + 4 || memcmp(head, ELFMAG, SELFMAG) != 0) {
		pw_fail(err, PW_ERR_TARGET,
			"%s: neither an ELF program nor a script that begins "
			"with #!",
			path);
		return pw_hint(err, "for a shell script without #!: sh %s",
			       path);
	}
	if (head[EI_CLASS] != ELFCLASS64 || head[EI_NIDENT + 2] != EM_X86_64 ||
	    head[EI_NIDENT + 3] != 0) {
		pw_fail(err, PW_ERR_TARGET,
			"%s: not a 64-bit x86 program (32-bit programs and "
			"other processors cannot be recorded)",
			path);
		return pw_hint(err, "build it for x86-64 and try again");
	}
	return PW_OK;
}

static enum pw_status check_content(const char *path, struct pw_error *err)
{
	uint8_t head[64];
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return PW_OK; /* execute-only: exec will tell */
	got = read(fd, head, sizeof(head));
	close(fd);
	return check_head(path, head, got > 0 ? (size_t)got : 0, err);
}

static enum pw_status check(const char *path, struct pw_error *err)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		pw_fail_errno(err, PW_ERR_TARGET, errno, "%s: cannot be run",
			      path);
		return pw_hint(err, "check the spelling, or give the path of "
				    "the program");
	}
	if (S_ISDIR(st.st_mode))
		return pw_fail(err, PW_ERR_TARGET,
			       "%s: a directory, not a program", path);
	if (access(path, X_OK) != 0) {
		pw_fail_errno(err, PW_ERR_TARGET, errno, "%s: cannot be run",
			      path);
		return pw_hint(err, "make it executable: chmod +x %s", path);
	}
	if (changes_identity(&st)) {
		pw_fail(err, PW_ERR_TARGET,
			"%s: set-user-ID or set-group-ID; the kernel lets no "
			"tracer see such a program with its rights",
			path);
		return pw_hint(err, "record a copy without the bits, or run "
				    "pagewalk as the file's owner");
	}
	return check_content(path, err);
}

/* One candidate of the search; an unsearchable or missing one is skipped. */
static const char *candidate(struct pw_arena *arena, const char *folder,
			     size_t length, const char *command)
{
	const char *path;
	struct stat st;

	if (length == 0)
		path = pw_arena_printf(arena, "./%s", command);
	else
		path = pw_arena_printf(arena, "%.*s/%s", (int)length, folder,
				       command);
	if (path && stat(path, &st) == 0 && S_ISREG(st.st_mode))
		return path;
	return NULL;
}

enum pw_status pw_target_find(const char *command, struct pw_arena *arena,
			      const char **path, struct pw_error *err)
{
	const char *folders = getenv("PATH");
	const char *denied = NULL;

	PW_ASSERT(command != NULL);
	*path = command;
	if (strchr(command, '/'))
		return check(command, err);
	if (!folders)
		folders = DEFAULT_PATH;
	for (const char *at = folders;; at++) {
		size_t length = strcspn(at, ":");
		const char *found = candidate(arena, at, length, command);

		if (found && access(found, X_OK) == 0) {
			*path = found;
			return check(found, err);
		}
		denied = denied ? denied : found;
		at += length;
		if (!*at)
			break;
	}
	if (denied)
		return check(denied, err);
	pw_fail(err, PW_ERR_TARGET, "%s: no such command in PATH", command);
	return pw_hint(err, "check the spelling, or give its path: ./%s",
		       command);
}
