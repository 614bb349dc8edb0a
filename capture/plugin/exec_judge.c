/*
 * exec_judge.c - which file an exec means, and what will run it.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "capture/plugin/exec.h"
#include "capture/plugin/state.h"
#include "capture/script.h"

#define HEADERS_MAX 64

/*
 * A descriptor, by the path of its file: it may be closed by the exec. When the
 * file has no path, the exec leaves it open.
 */
static bool use_descriptor(struct pw_exec *exec, int fd)
{
	struct stat opened, found;
	char link[40];
	ssize_t length;

	if (fstat(fd, &opened) != 0)
		return false;
	snprintf(link, sizeof(link), "/proc/thread-self/fd/%d", fd);
	length = readlink(link, exec->path, sizeof(exec->path) - 1);
	exec->path[length > 0 ? length : 0] = '\0';
	if (stat(exec->path, &found) == 0 && found.st_dev == opened.st_dev &&
	    found.st_ino == opened.st_ino)
		return true;
	memcpy(exec->path, link, sizeof(link));
	exec->fd = fd;
	return true;
}

/* The number behind "/proc/self/fd/" or "/dev/fd/"; -1 when it is none. */
static int descriptor_of(const char *path)
{
	static const char *const folder[] = {"/proc/self/fd/", "/dev/fd/"};

	for (size_t i = 0; i < sizeof(folder) / sizeof(folder[0]); i++) {
		const char *digits = path + strlen(folder[i]);

		if (strncmp(path, folder[i], strlen(folder[i])) == 0 &&
		    digits[0] && strspn(digits, "0123456789") == strlen(digits))
			return (int)strtol(digits, NULL, 10);
	}
	return -1;
}

/* The program itself by its name in /proc, where the emulator would be. */
static bool is_self(const char *path)
{
	char own[32];

	snprintf(own, sizeof(own), "/proc/%d/exe", (int)getpid());
	return strcmp(path, "/proc/self/exe") == 0 ||
	       strcmp(path, "/proc/thread-self/exe") == 0 ||
	       strcmp(path, own) == 0;
}

static bool use_path(struct pw_exec *exec, const char *name)
{
	int fd = descriptor_of(name);

	if (fd >= 0)
		return use_descriptor(exec, fd);
	if (is_self(name) && pw_plugin.program[0])
		name = pw_plugin.program;
	snprintf(exec->path, sizeof(exec->path), "%s", name);
	return name[0] && strlen(name) < sizeof(exec->path);
}

bool pw_exec_find(struct pw_exec *exec, int dir, uint64_t path, uint64_t flags)
{
	char link[40];
	char *name = path ? pw_exec_copy(exec, path) : NULL;
	ssize_t length;

	if (!name)
		return false;
	if (name[0] == '/' || dir == AT_FDCWD)
		return use_path(exec, name);
	if (!name[0])
		return (flags & AT_EMPTY_PATH) && use_descriptor(exec, dir);
	snprintf(link, sizeof(link), "/proc/thread-self/fd/%d", dir);
	length = readlink(link, exec->path, sizeof(exec->path) - 1);
	if (length <= 0 ||
	    (size_t)length + strlen(name) + 2 > sizeof(exec->path))
		return false;
	exec->path[length] = '/';
	memcpy(exec->path + length + 1, name, strlen(name) + 1);
	return true;
}

static bool changes_identity(const char *path, const struct stat *st)
{
	if (geteuid() != 0 &&
	    getxattr(path, "security.capability", NULL, 0) > 0)
		return true;
	return ((st->st_mode & S_ISUID) && st->st_uid != geteuid()) ||
	       ((st->st_mode & S_ISGID) && (st->st_mode & S_IXGRP) &&
		st->st_gid != getegid());
}

/* A script: put its interpreter and argument in front of the arguments. */
static bool use_script(struct pw_exec *exec, char *head)
{
	struct pw_script script;

	if (!pw_script_parse(head, &script) || exec->argc == 0)
		return false;
	exec->argv[0] = pw_exec_join(exec, exec->path, "", "");
	if (script.argument) {
		exec->argv--;
		exec->argc++;
		exec->argv[0] = pw_exec_join(exec, script.argument, "", "");
	}
	exec->argv--;
	exec->argc++;
	exec->argv[0] = pw_exec_join(exec, script.interpreter, "", "");
	strncpy(exec->path, script.interpreter, sizeof(exec->path) - 1);
	return true;
}

/* Whether the program's dynamic linker, if it names one, exists. */
static bool has_linker(int fd, const Elf64_Ehdr *head)
{
	Elf64_Phdr header[HEADERS_MAX];
	char path[PW_PATH_BYTES];
	const size_t bytes = head->e_phnum < HEADERS_MAX
				     ? head->e_phnum * sizeof(header[0])
				     : sizeof(header);
	ssize_t got = pread(fd, header, bytes, (off_t)head->e_phoff);

	for (ssize_t i = 0; (i + 1) * (ssize_t)sizeof(header[0]) <= got; i++) {
		ssize_t length;

		if (header[i].p_type != PT_INTERP)
			continue;
		length = pread(fd, path, sizeof(path) - 1,
			       (off_t)header[i].p_offset);
		path[length > 0 ? length : 0] = '\0';
		return access(path, F_OK) == 0;
	}
	return true;
}

static enum pw_exec_verdict judge_elf(struct pw_exec *exec, int fd,
				      const uint8_t *head)
{
	const unsigned machine = head[18] | (unsigned)head[19] << 8;
	const unsigned ours =
		pw_plugin.machine == PW_CALL_AARCH64 ? EM_AARCH64 : EM_X86_64;

	if (head[EI_CLASS] != ELFCLASS64)
		exec->why = "32-bit program";
	else if (machine != ours)
		exec->why = "program for another processor";
	else if (!has_linker(fd, (const Elf64_Ehdr *)(const void *)head))
		return PW_EXEC_FAILS;
	return exec->why ? PW_EXEC_NATIVE : PW_EXEC_EMULATE;
}

/* One file; PW_EXEC_SCRIPT when it names another to run it. */
static enum pw_exec_verdict judge_file(struct pw_exec *exec)
{
	_Alignas(Elf64_Ehdr) char head[PW_SCRIPT_HEAD_BYTES + 1] = {0};
	enum pw_exec_verdict verdict = PW_EXEC_FAILS;
	struct stat st;
	ssize_t got;
	int fd;

	if (stat(exec->path, &st) != 0 || !S_ISREG(st.st_mode) ||
	    faccessat(AT_FDCWD, exec->path, X_OK, AT_EACCESS) != 0)
		return PW_EXEC_FAILS;
	if (changes_identity(exec->path, &st)) {
		exec->why = "set-user-ID program";
		return PW_EXEC_NATIVE;
	}
	fd = open(exec->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		exec->why = errno == EMFILE || errno == ENFILE
				    ? "no descriptor is left to look at it"
				    : "unreadable program";
		return PW_EXEC_NATIVE;
	}
	got = read(fd, head, PW_SCRIPT_HEAD_BYTES);
	if (got >= (ssize_t)sizeof(Elf64_Ehdr) &&
	    memcmp(head, ELFMAG, SELFMAG) == 0)
		verdict = judge_elf(exec, fd, (const uint8_t *)head);
	else if (got > 0 && use_script(exec, head))
		verdict = PW_EXEC_SCRIPT;
	close(fd);
	return verdict;
}

enum pw_exec_verdict pw_exec_judge(struct pw_exec *exec)
{
	for (int depth = 0; depth < PW_SCRIPT_DEPTH_MAX; depth++) {
		enum pw_exec_verdict verdict = judge_file(exec);

		if (verdict != PW_EXEC_SCRIPT)
			return verdict;
	}
	return PW_EXEC_FAILS;
}
