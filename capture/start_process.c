/*
 * start_process.c - limits, personality, auxiliary vector, and the files that
 * a process has mapped.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/assert.h"
#include "capture/start.h"

#define AUXV_BYTES 4096
#define PATH_BYTES 4352 /* of a path, and "/proc/PID/root" before it */

static void tell(const struct pw_start *start, const struct pw_event *event)
{
	start->sink.event(start->sink.state, event);
}

void pw_start_limits(const struct pw_start *start, pid_t pid)
{
	char text[32];
	char path[64];
	ssize_t got;
	int fd;

	for (int i = 0; i < (int)RLIM_NLIMITS; i++) {
		enum __rlimit_resource resource = (enum __rlimit_resource)i;
		struct rlimit limit;

		if (prlimit(pid, resource, NULL, &limit) == 0)
			tell(start, &(struct pw_event){
					    .kind = PW_EVENT_limit,
					    .arg = {(uint64_t)i, limit.rlim_cur,
						    limit.rlim_max},
				    });
	}
	snprintf(path, sizeof(path), "/proc/%d/personality", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	if (got > 0) {
		uint64_t persona;

		text[got] = '\0';
		persona = strtoull(text, NULL, 16);
		tell(start, &(struct pw_event){.kind = PW_EVENT_personality,
					       .result = persona,
					       .arg = {persona}});
	}
}

void pw_start_auxv_bytes(const struct pw_start *start, const void *vector,
			 size_t bytes)
{
	const char *at = vector;

	for (; bytes >= sizeof(Elf64_auxv_t);
	     at += sizeof(Elf64_auxv_t), bytes -= sizeof(Elf64_auxv_t)) {
		Elf64_auxv_t entry;

		memcpy(&entry, at, sizeof(entry));
		if (entry.a_type == AT_NULL)
			break;
		tell(start, &(struct pw_event){
				    .kind = PW_EVENT_auxv,
				    .arg = {entry.a_type, entry.a_un.a_val},
			    });
	}
}

void pw_start_auxv(const struct pw_start *start, pid_t pid)
{
	char vector[AUXV_BYTES];
	char path[64];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/auxv", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	got = read(fd, vector, sizeof(vector));
	close(fd);
	if (got > 0)
		pw_start_auxv_bytes(start, vector, (size_t)got);
}

/*
 * A path means a file as the process sees it. With the right to it, the
 * mapping itself leads to the file, also to one that is deleted or replaced.
 */
void pw_start_map(struct pw_start *start, pid_t pid, const struct pw_map *map)
{
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "/proc/%d/map_files/%llx-%llx", (int)pid,
		 (unsigned long long)map->start, (unsigned long long)map->end);
	if (access(path, F_OK) != 0) {
		int length = snprintf(path, sizeof(path), "/proc/%d/root%s",
				      (int)pid, map->path);

		if (length < 0 || (size_t)length >= sizeof(path))
			return;
	}
	pw_start_file(start, path, map->path);
}

void pw_start_maps(struct pw_start *start, pid_t pid,
		   const struct pw_maps *maps)
{
	uint64_t device = 0, inode = 0;

	for (size_t i = 0; i < maps->list.count; i++) {
		const struct pw_map *map =
			&PW_ARRAY_AT(&maps->list, struct pw_map, i);

		/* The segments of a program are neighbours. */
		if (map->inode == 0 || map->path[0] != '/' ||
		    (map->device == device && map->inode == inode))
			continue;
		device = map->device;
		inode = map->inode;
		pw_start_map(start, pid, map);
	}
}

void pw_start_mapped_fd(struct pw_start *start, pid_t pid, int fd)
{
	char name[4096];
	char path[64];
	ssize_t length;

	if (fd < 0)
		return;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
	length = readlink(path, name, sizeof(name) - 1);
	if (length < 0)
		return;
	PW_ASSERT(length < (ssize_t)sizeof(name));
	name[length] = '\0';
	if (name[0] == '/')
		pw_start_file(start, path, name);
}

void pw_start_process(struct pw_start *start, pid_t pid,
		      const struct pw_maps *maps)
{
	pw_start_limits(start, pid);
	pw_start_auxv(start, pid);
	pw_start_maps(start, pid, maps);
}
