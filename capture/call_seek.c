/*
 * call_seek.c - what /proc tells of the descriptors and paths of a process.
 */
#include "capture/call_seek.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATH_BYTES (PW_CALL_TEXT_BYTES + 128)
#define LIST_BYTES 2048
#define INFO_BYTES 512
#define ENTRY_NAME 19 /* of struct linux_dirent64, behind its length at 16 */
#define ENTRY_LENGTH 16

void pw_call_seek_path(const char *proc, int dirfd, const char *path,
		       bool follow, struct pw_call_file *out)
{
	char full[PATH_BYTES];
	struct stat st;
	int bytes;

	memset(out, 0, offsetof(struct pw_call_file, path) + 1);
	if (path[0] == '/')
		bytes = snprintf(full, sizeof(full), "%s/root%s", proc, path);
	else if (dirfd == AT_FDCWD)
		bytes = snprintf(full, sizeof(full), "%s/cwd/%s", proc, path);
	else
		bytes = snprintf(full, sizeof(full), "%s/fd/%d/%s", proc, dirfd,
				 path);
	if (path[0] == '\0' || bytes < 0 || (size_t)bytes >= sizeof(full) ||
	    fstatat(AT_FDCWD, full, &st, follow ? 0 : AT_SYMLINK_NOFOLLOW) != 0)
		return;
	out->device = st.st_dev;
	out->inode = st.st_ino;
	out->bytes = (uint64_t)st.st_size;
	out->links = st.st_nlink;
	out->regular = S_ISREG(st.st_mode);
}

uint64_t pw_call_seek_pid(const char *proc, int fd)
{
	char text[INFO_BYTES];
	char path[64];
	const char *found;
	ssize_t got;
	int info;

	snprintf(path, sizeof(path), "%s/fdinfo/%d", proc, fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return 0;
	got = read(info, text, sizeof(text) - 1);
	close(info);
	text[got > 0 ? got : 0] = '\0';
	found = strstr(text, "\nPid:\t");
	return found && found[6] != '-' ? strtoull(found + 6, NULL, 10) : 0;
}

/* Whether one of the @bytes of entries of folder @list is this file. */
static bool is_among(int list, const char *entries, size_t bytes,
		     const uint64_t file[2])
{
	size_t at = 0;

	while (at + ENTRY_NAME < bytes) {
		uint16_t length;
		struct stat st;

		memcpy(&length, entries + at + ENTRY_LENGTH, sizeof(length));
		if (length <= ENTRY_NAME || length > bytes - at)
			return false;
		if (fstatat(list, entries + at + ENTRY_NAME, &st, 0) == 0 &&
		    st.st_dev == file[0] && st.st_ino == file[1])
			return true;
		at += length;
	}
	return false;
}

bool pw_call_seek_open(const char *proc, uint64_t device, uint64_t inode)
{
	const uint64_t file[2] = {device, inode};
	char entries[LIST_BYTES];
	char path[64];
	bool found = false;
	long got = 1;
	int list;

	snprintf(path, sizeof(path), "%s/fd", proc);
	list = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (list < 0)
		return false;
	while (!found && got > 0) {
		got = syscall(SYS_getdents64, list, entries, sizeof(entries));
		found = got > 0 && is_among(list, entries, (size_t)got, file);
	}
	close(list);
	return found;
}
