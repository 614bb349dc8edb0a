/*
 * address_space.c - map and present events, modules, mapped files.
 */
#include "capture/address_space.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/bits.h"

#define PAGEMAP_PRESENT (UINT64_C(1) << 63)
#define PAGEMAP_FILE (UINT64_C(1) << 61) /* or shared memory */
#define PAGEMAP_WORDS 512

enum pw_status pw_address_space_maps(struct pw_address_space *space,
				     const struct pw_maps **out,
				     struct pw_error *err)
{
	PW_ASSERT(space->pid > 0);
	*out = &space->maps;
	if (!space->stale)
		return PW_OK;
	space->stale = false;
	return pw_maps_read(&space->maps, space->pid, err);
}

void pw_address_space_free(struct pw_address_space *space)
{
	pw_maps_free(&space->maps);
	space->stale = true;
}

/*
 * stat and /proc/PID/maps name different devices on stacked file systems;
 * mmap events come from stat, so map events do too where it is the same file.
 */
static void identify(const struct pw_map *map, uint64_t *device,
		     uint64_t *file_bytes)
{
	struct stat st;

	*device = map->device;
	*file_bytes = 0;
	if (map->inode == 0 || map->path[0] != '/' ||
	    stat(map->path, &st) != 0 || st.st_ino != map->inode)
		return;
	*device = st.st_dev;
	*file_bytes = (uint64_t)st.st_size;
}

static enum pw_status record_map(struct pw_recorder *recorder, uint32_t thread,
				 const struct pw_map *map, struct pw_error *err)
{
	uint64_t device, file_bytes;

	PW_ASSERT(map->start < map->end);
	identify(map, &device, &file_bytes);
	return pw_recorder_event(
		recorder, thread,
		&(struct pw_event){
			.kind = PW_EVENT_map,
			.arg = {map->start, map->end - map->start, map->prot,
				map->flags, map->offset, device, map->inode,
				file_bytes},
			.text = map->path,
		},
		err);
}

/* Pages in a row of which the same is to be told. */
struct present_run {
	uint64_t start;
	uint64_t flags; /* enum pw_present_flag, */
	bool open;	/* or there is none */
};

static enum pw_status end_run(struct present_run *run, uint64_t end,
			      struct pw_recorder *recorder, uint32_t thread,
			      struct pw_error *err)
{
	PW_ASSERT(!run->open || run->start < end);
	if (!run->open)
		return PW_OK;
	run->open = false;
	return pw_recorder_event(
		recorder, thread,
		&(struct pw_event){
			.kind = PW_EVENT_present,
			.arg = {run->start, end - run->start, run->flags},
		},
		err);
}

/* What exec faults in: stacks, and pages of programs that end in zeros. */
static bool is_of_exec(const struct pw_map *map)
{
	return map->inode != 0 || strcmp(map->path, "[stack]") == 0;
}

/* What is to be told of a page of @map with this word in its pagemap. */
static struct present_run read_word(const struct pw_address_space_owner *owner,
				    const struct pw_map *map, uint64_t word)
{
	bool own = !(word & PAGEMAP_FILE);
	struct present_run run = {
		.flags = own ? PW_PRESENT_OWN : 0,
		.open = (word & PAGEMAP_PRESENT) && (own || !owner->own_only),
	};

	if (owner->fresh && own && is_of_exec(map))
		run.flags |= PW_PRESENT_FAULTED;
	return run;
}

/* Record the pages that are present in @map; @fd is that of the pagemap. */
static enum pw_status record_pages(const struct pw_address_space_owner *owner,
				   const struct pw_map *map, int fd,
				   struct pw_recorder *recorder,
				   uint32_t thread, struct pw_error *err)
{
	uint64_t word[PAGEMAP_WORDS];
	struct present_run run = {0};
	uint64_t page = map->start;
	enum pw_status st = PW_OK;

	while (page < map->end && st == PW_OK) {
		ssize_t got = pread(fd, word, sizeof(word),
				    (off_t)(page >> PW_PAGE_SHIFT) * (off_t)8);

		if (got < 8)
			break;
		for (size_t i = 0;
		     i < (size_t)got / 8 && page < map->end && st == PW_OK;
		     i++, page += PW_PAGE_BYTES) {
			struct present_run now = read_word(owner, map, word[i]);

			if (now.open == run.open && now.flags == run.flags)
				continue;
			st = end_run(&run, page, recorder, thread, err);
			run = now;
			run.start = page;
		}
	}
	return st == PW_OK ? end_run(&run, page, recorder, thread, err) : st;
}

enum pw_status pw_address_space_record_maps(
	const struct pw_maps *maps, const struct pw_address_space_owner *owner,
	struct pw_recorder *recorder, uint32_t thread, struct pw_error *err)
{
	enum pw_status st = PW_OK;
	char path[64];
	int fd;

	PW_ASSERT(recorder != NULL);
	for (size_t i = 0; st == PW_OK && i < maps->list.count; i++) {
		const struct pw_map *map =
			&PW_ARRAY_AT(&maps->list, struct pw_map, i);

		st = record_map(recorder, thread, map, err);
		if (st == PW_OK && (map->prot & PROT_EXEC))
			st = pw_recorder_module(recorder, thread, maps, map,
						err);
	}
	snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)owner->pid);
	fd = st == PW_OK ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return st;
	for (size_t i = 0; st == PW_OK && i < maps->list.count; i++)
		st = record_pages(owner,
				  &PW_ARRAY_AT(&maps->list, struct pw_map, i),
				  fd, recorder, thread, err);
	close(fd);
	return st;
}

enum pw_status pw_address_space_record_module(struct pw_address_space *space,
					      uint64_t address,
					      struct pw_recorder *recorder,
					      uint32_t thread,
					      struct pw_error *err)
{
	const struct pw_maps *maps;
	const struct pw_map *map;
	enum pw_status st = pw_address_space_maps(space, &maps, err);

	if (st != PW_OK)
		return st;
	map = pw_maps_find(maps, address);
	if (!map || !(map->prot & PROT_EXEC))
		return PW_OK;
	return pw_recorder_module(recorder, thread, maps, map, err);
}

void pw_address_space_file(pid_t pid, int fd, struct pw_call_file *out)
{
	struct stat st;
	char link[64];
	ssize_t length;

	*out = (struct pw_call_file){0};
	snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)pid, fd);
	if (fd < 0 || stat(link, &st) != 0)
		return;
	out->device = st.st_dev;
	out->inode = st.st_ino;
	out->bytes = (uint64_t)st.st_size;
	out->links = st.st_nlink;
	out->regular = S_ISREG(st.st_mode);
	out->discards = pw_call_discards(st.st_mode, st.st_rdev);
	length = readlink(link, out->path, sizeof(out->path) - 1);
	PW_ASSERT(length < (ssize_t)sizeof(out->path));
	out->path[length > 0 ? length : 0] = '\0';
}
