/*
 * target.c - PATH search and checks of the program to be recorded.
 */
#include "capture/target.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "capture/script.h"

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"
#define SCRIPTS_MAX 6 /* interpreters that are scripts, and a program */

/* The first one is that of scripts and programs that cannot be read. */
static const struct {
	const char *name;
	unsigned number;
} machines[] = {
	{"x86_64", EM_X86_64},
	{"aarch64", EM_AARCH64},
};

/* The identity bits that an exec of this file would change. */
static bool changes_identity(const struct stat *st)
{
	return ((st->st_mode & S_ISUID) && st->st_uid != geteuid()) ||
	       ((st->st_mode & S_ISGID) && (st->st_mode & S_IXGRP) &&
		st->st_gid != getegid());
}

/*
 * Read the beginning of @path, followed by a 0; false when it cannot be
 * opened. A program need not be readable to be run: exec will tell.
 */
static bool read_head(const char *path, char head[PW_SCRIPT_HEAD_BYTES + 1],
		      size_t *bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t got;

	if (fd < 0)
		return false;
	got = read(fd, head, PW_SCRIPT_HEAD_BYTES);
	close(fd);
	*bytes = got > 0 ? (size_t)got : 0;
	head[*bytes] = '\0';
	return true;
}

static enum pw_status check_elf(const char **machine, const char *path,
				const char *head, size_t bytes,
				struct pw_error *err)
{
	Elf64_Ehdr header;

	if (bytes < EI_NIDENT + 4 || memcmp(head, ELFMAG, SELFMAG) != 0) {
		pw_fail(err, PW_ERR_TARGET,
			"%s: neither an ELF program nor a script that begins "
			"with #!",
			path);
		return pw_hint(err, "for a shell script without #!: sh %s",
			       path);
	}
	memset(&header, 0, sizeof(header));
	memcpy(&header, head, bytes < sizeof(header) ? bytes : sizeof(header));
	if (header.e_ident[EI_CLASS] == ELFCLASS64 &&
	    header.e_ident[EI_DATA] == ELFDATA2LSB) {
		for (size_t i = 0; i < PW_COUNT(machines); i++) {
			*machine = machines[i].name;
			if (header.e_machine == machines[i].number)
				return PW_OK;
		}
	}
	pw_fail(err, PW_ERR_TARGET,
		"%s: not a 64-bit program for x86 or Arm (32-bit programs and "
		"other processors cannot be recorded)",
		path);
	return pw_hint(err, "build it for x86-64 and try again");
}

/* A script runs with the rights of its interpreter. */
static enum pw_status check_rights(const char *path, const struct stat *st,
				   struct pw_error *err)
{
	if (!changes_identity(st))
		return PW_OK;
	pw_fail(err, PW_ERR_TARGET,
		"%s: set-user-ID or set-group-ID; the kernel lets no tracer "
		"see such a program with its rights",
		path);
	return pw_hint(err, "record a copy without the bits, or run pagewalk "
			    "as the file's owner");
}

/* The machine of an ELF program, or of the one that interprets the script. */
static enum pw_status check_content(const char **machine, const char *path,
				    struct pw_error *err)
{
	char interpreter[PW_SCRIPT_HEAD_BYTES + 1];
	char head[PW_SCRIPT_HEAD_BYTES + 1];
	struct pw_script script;
	struct stat st;
	size_t bytes;

	*machine = machines[0].name;
	for (unsigned i = 0; i < SCRIPTS_MAX; i++) {
		if (!read_head(path, head, &bytes))
			return PW_OK;
		if (!pw_script_parse(head, &script))
			return check_elf(machine, path, head, bytes, err);
		memcpy(interpreter, head, sizeof(interpreter));
		path = interpreter + (script.interpreter - head);
		if (stat(path, &st) == 0 &&
		    check_rights(path, &st, err) != PW_OK)
			return PW_ERR_TARGET;
	}
	return PW_OK; /* too many for the kernel, too: exec will tell */
}

static enum pw_status check(struct pw_target *target, struct pw_error *err)
{
	const char *path = target->path;
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
	if (check_rights(path, &st, err) != PW_OK)
		return PW_ERR_TARGET;
	return check_content(&target->machine, path, err);
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

enum pw_status pw_target_find(struct pw_target *out, const char *command,
			      struct pw_arena *arena, struct pw_error *err)
{
	const char *folders = getenv("PATH");
	const char *denied = NULL;

	PW_ASSERT(command != NULL);
	out->path = command;
	if (strchr(command, '/'))
		return check(out, err);
	if (!folders)
		folders = DEFAULT_PATH;
	for (const char *at = folders;; at++) {
		size_t length = strcspn(at, ":");
		const char *found = candidate(arena, at, length, command);

		if (found && access(found, X_OK) == 0) {
			out->path = found;
			return check(out, err);
		}
		denied = denied ? denied : found;
		at += length;
		if (!*at)
			break;
	}
	if (denied) {
		out->path = denied;
		return check(out, err);
	}
	pw_fail(err, PW_ERR_TARGET, "%s: no such command in PATH", command);
	return pw_hint(err, "check the spelling, or give its path: ./%s",
		       command);
}

enum pw_status pw_target_running(struct pw_target *out, pid_t pid,
				 struct pw_arena *arena, struct pw_error *err)
{
	char path[4096];
	char link[64];
	ssize_t length;

	PW_ASSERT(pid > 0);
	if (pid == getpid())
		return pw_fail(err, PW_ERR_TARGET,
			       "process %d: pagewalk cannot record itself",
			       (int)pid);
	if (kill(pid, 0) != 0 && errno == ESRCH) {
		pw_fail(err, PW_ERR_TARGET, "process %d: there is none",
			(int)pid);
		return pw_hint(err, "look its number up: pgrep -l NAME");
	}
	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	length = readlink(link, path, sizeof(path) - 1);
	if (length < 0 && errno == ENOENT)
		return pw_fail(err, PW_ERR_TARGET,
			       "process %d: a thread of the kernel, or ending",
			       (int)pid);
	if (length < 0) {
		pw_fail_errno(err, PW_ERR_TARGET, errno,
			      "process %d: cannot be looked at", (int)pid);
		return pw_hint(err, "run pagewalk as the user it belongs to");
	}
	path[length] = '\0';
	out->path = pw_arena_copy(arena, path);
	if (!out->path)
		return pw_fail_memory(err, "the name of the program");
	/* By the link: the file may be deleted, or replaced, by now. */
	return check_content(&out->machine, link, err);
}
