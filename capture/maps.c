/*
 * maps.c - parse /proc/PID/maps.
 */
#include "capture/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/assert.h"

#define READ_BYTES ((size_t)64 << 10)
#define KERNEL_HALF (UINT64_C(1) << 63)

void pw_maps_free(struct pw_maps *maps)
{
	free(maps->text);
	maps->text = NULL;
	pw_array_free(&maps->list);
}

/* A number in @base that ends with @end; moves *cursor behind it. */
static bool number(char **cursor, int base, char end, uint64_t *value)
{
	char *stop;

	if (**cursor == ' ' || **cursor == '-')
		return false;
	errno = 0;
	*value = strtoull(*cursor, &stop, base);
	if (errno || stop == *cursor || *stop != end)
		return false;
	*cursor = stop + 1;
	return true;
}

static bool permissions(char **cursor, struct pw_map *map)
{
	const char *p = *cursor;

	for (int i = 0; i < 4; i++)
		if (!p[i])
			return false;
	if (p[4] != ' ' || (p[3] != 'p' && p[3] != 's'))
		return false;
	map->prot = (p[0] == 'r' ? (uint32_t)PROT_READ : 0) |
		    (p[1] == 'w' ? (uint32_t)PROT_WRITE : 0) |
		    (p[2] == 'x' ? (uint32_t)PROT_EXEC : 0);
	map->flags = p[3] == 's' ? MAP_SHARED : MAP_PRIVATE;
	*cursor += 5;
	return true;
}

/* The kernel writes a newline in a path as \012 and nothing else so. */
static void unescape(char *path)
{
	char *to = path;

	for (const char *from = path; *from; from++) {
		*to = *from;
		if (strncmp(from, "\\012", 4) == 0) {
			*to = '\n';
			from += 3;
		}
		to++;
	}
	*to = '\0';
}

/* start-end rwxp offset major:minor inode   path */
static bool parse_line(char *line, struct pw_map *map)
{
	uint64_t major_number, minor_number;
	char *cursor = line;

	if (!number(&cursor, 16, '-', &map->start) ||
	    !number(&cursor, 16, ' ', &map->end) || map->start >= map->end ||
	    !permissions(&cursor, map) ||
	    !number(&cursor, 16, ' ', &map->offset) ||
	    !number(&cursor, 16, ':', &major_number) ||
	    !number(&cursor, 16, ' ', &minor_number))
		return false;
	map->device = makedev((unsigned)major_number, (unsigned)minor_number);
	if (!number(&cursor, 10, ' ', &map->inode)) {
		if (!number(&cursor, 10, '\0', &map->inode))
			return false;
		cursor--;
	}
	while (*cursor == ' ')
		cursor++;
	unescape(cursor);
	map->path = cursor;
	if (map->inode == 0)
		map->flags |= MAP_ANONYMOUS;
	if (strcmp(cursor, "[stack]") == 0)
		map->flags |= MAP_GROWSDOWN;
	return true;
}

enum pw_status pw_maps_parse(struct pw_maps *maps, char *text,
			     struct pw_error *err)
{
	enum pw_status st = PW_OK;
	char *next;

	PW_ASSERT(text != NULL);
	pw_maps_free(maps);
	maps->text = text;
	for (char *line = text; *line && st == PW_OK; line = next) {
		struct pw_map map = {0};
		char *end = strchrnul(line, '\n');

		next = *end ? end + 1 : end;
		*end = '\0';
		if (!parse_line(line, &map))
			st = pw_fail(
				err, PW_ERR_SYSTEM,
				"/proc/PID/maps: not a mapping: \"%.200s\"",
				line);
		else if (map.start < KERNEL_HALF)
			st = pw_array_push(&maps->list, &map, err);
	}
	if (st != PW_OK)
		pw_maps_free(maps);
	return st;
}

/* Files in /proc have no size: read until the end. */
static enum pw_status slurp(int fd, const char *path, char **text,
			    struct pw_error *err)
{
	size_t used = 0, capacity = 0;
	char *data = NULL;
	ssize_t got;

	do {
		if (capacity - used < READ_BYTES) {
			char *grown = realloc(data, capacity + 4 * READ_BYTES);

			if (!grown) {
				free(data);
				return pw_fail_memory(err, path);
			}
			data = grown;
			capacity += 4 * READ_BYTES;
		}
		got = read(fd, data + used, READ_BYTES - 1);
		used += got > 0 ? (size_t)got : 0;
	} while (got > 0 || (got < 0 && errno == EINTR));
	if (got < 0 && errno != ESRCH) {
		free(data);
		return pw_fail_errno(err, PW_ERR_SYSTEM, errno, "%s", path);
	}
	PW_ASSERT(used < capacity);
	data[used] = '\0';
	*text = data;
	return PW_OK;
}

enum pw_status pw_maps_read(struct pw_maps *maps, pid_t pid,
			    struct pw_error *err)
{
	enum pw_status st;
	char path[64];
	char *text = NULL;
	int fd;

	PW_ASSERT(pid > 0);
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		pw_maps_free(maps); /* the process is gone */
		return PW_OK;
	}
	if (fd < 0)
		return pw_fail_errno(err, PW_ERR_SYSTEM, errno, "%s", path);
	st = slurp(fd, path, &text, err);
	close(fd);
	if (st != PW_OK)
		return st;
	return pw_maps_parse(maps, text, err);
}

const struct pw_map *pw_maps_find(const struct pw_maps *maps, uint64_t address)
{
	size_t low = 0, high = maps->list.count;

	PW_ASSERT(maps->list.item_bytes == sizeof(struct pw_map));
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (PW_ARRAY_AT(&maps->list, struct pw_map, middle).end <=
		    address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == maps->list.count ||
	    PW_ARRAY_AT(&maps->list, struct pw_map, low).start > address)
		return NULL;
	return &PW_ARRAY_AT(&maps->list, struct pw_map, low);
}
