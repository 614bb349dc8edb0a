/*
 * qemu_image.c - what a new image has mapped, out of the emulator's mappings.
 *
 * The program's memory lies below the emulator's own. The emulator maps code
 * without the right to execute, so that right is taken from the program
 * headers of the file.
 */
#include "capture/qemu_session.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/assert.h"
#include "base/bits.h"
#include "capture/maps.h"
#include "formats/elf_module.h"

#define HEADERS_MAX 64
#define PAGEMAP_PRESENT (UINT64_C(1) << 63)
#define PAGEMAP_FILE (UINT64_C(1) << 61)
#define PAGEMAP_WORDS 512

/* Whether the bytes of @path at @offset are mapped for execution. */
static bool is_code(const char *path, uint64_t offset)
{
	Elf64_Phdr header[HEADERS_MAX];
	Elf64_Ehdr file = {0};
	bool found = false;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd >= 0 ? pread(fd, &file, sizeof(file), 0) : -1;
	size_t count = file.e_phnum < HEADERS_MAX ? file.e_phnum : HEADERS_MAX;

	if (got == (ssize_t)sizeof(file) &&
	    memcmp(file.e_ident, ELFMAG, SELFMAG) == 0 &&
	    file.e_phentsize == sizeof(header[0]))
		got = pread(fd, header, count * sizeof(header[0]),
			    (off_t)file.e_phoff);
	else
		got = 0;
	if (fd >= 0)
		close(fd);
	for (size_t i = 0; i < (size_t)(got > 0 ? got : 0) / sizeof(header[0]);
	     i++) {
		uint64_t start = header[i].p_offset & ~(PW_PAGE_BYTES - 1);

		if (header[i].p_type == PT_LOAD && (header[i].p_flags & PF_X) &&
		    offset >= start &&
		    offset < header[i].p_offset + header[i].p_filesz)
			found = true;
	}
	return found;
}

/* The same device numbers as in mmap events, which come from stat. */
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

static enum pw_status put_map(struct pw_qemu_session *session,
			      const struct pw_qemu_stream *stream,
			      const struct pw_map *map, const char *text,
			      struct pw_error *err)
{
	uint64_t device, file_bytes;

	identify(map, &device, &file_bytes);
	return pw_qemu_event(session, stream,
			     &(struct pw_event){
				     .kind = PW_EVENT_map,
				     .arg = {map->start, map->end - map->start,
					     map->prot, map->flags, map->offset,
					     device, map->inode, file_bytes},
				     .text = text,
			     },
			     err);
}

static enum pw_status put_module(struct pw_qemu_session *session,
				 const struct pw_qemu_stream *stream,
				 const struct pw_map *map, uint64_t base,
				 struct pw_error *err)
{
	struct pw_qemu_module known = {stream->process, stream->image, base,
				       NULL};
	struct pw_error ignored;
	struct pw_module module;
	enum pw_status st;

	for (size_t i = 0; i < session->modules.count; i++) {
		const struct pw_qemu_module *other = &PW_ARRAY_AT(
			&session->modules, struct pw_qemu_module, i);

		if (other->process == known.process &&
		    other->image == known.image && other->base == base &&
		    strcmp(other->path, map->path) == 0)
			return PW_OK;
	}
	if (pw_elf_module(&module, map->path, stream->process, base,
			  &ignored) != PW_OK)
		return PW_OK; /* no ELF file, deleted, or not ours to read */
	known.path = pw_arena_copy(session->arena, map->path);
	if (!known.path)
		return pw_fail_memory(err, "the list of modules");
	st = pw_array_push(&session->modules, &known, err);
	if (st == PW_OK)
		st = pw_qemu_lane_close(session, err);
	return st == PW_OK ? pw_writer_module(session->writer, &module, err)
			   : st;
}

/* Where the file's first page lies: the nearest such mapping below. */
static uint64_t find_base(const struct pw_maps *maps, size_t index)
{
	const struct pw_map *map =
		&PW_ARRAY_AT(&maps->list, struct pw_map, index);

	for (size_t i = index + 1; i > 0; i--) {
		const struct pw_map *at =
			&PW_ARRAY_AT(&maps->list, struct pw_map, i - 1);

		if (at->inode == map->inode && at->device == map->device &&
		    at->offset == 0)
			return at->start;
	}
	return map->start;
}

/*
 * The emulator puts a page without rights below the stack that it maps.
 * Source: QEMU 7.2 linux-user/elfload.c, setup_arg_pages.
 */
static bool is_stack(const struct pw_maps *maps, size_t index)
{
	const struct pw_map *map =
		&PW_ARRAY_AT(&maps->list, struct pw_map, index);
	const struct pw_map *below = map - 1;

	return index > 0 && map->inode == 0 && below->inode == 0 &&
	       map->prot == (PROT_READ | PROT_WRITE) && below->prot == 0 &&
	       below->end == map->start &&
	       below->end - below->start == PW_PAGE_BYTES;
}

/* Pages of the program's own; those of files were read to translate them. */
static enum pw_status put_present(struct pw_qemu_session *session,
				  const struct pw_qemu_stream *stream, int fd,
				  const struct pw_map *map,
				  struct pw_error *err)
{
	uint64_t word[PAGEMAP_WORDS];
	enum pw_status st = PW_OK;
	uint64_t page = map->start;

	while (page < map->end && st == PW_OK) {
		ssize_t got = pread(fd, word, sizeof(word),
				    (off_t)(page >> PW_PAGE_SHIFT) * (off_t)8);

		if (got < 8)
			break;
		for (size_t i = 0;
		     i < (size_t)got / 8 && page < map->end && st == PW_OK;
		     i++, page += PW_PAGE_BYTES) {
			const struct pw_event present = {
				.kind = PW_EVENT_present,
				.arg = {page, PW_PAGE_BYTES},
			};

			if ((word[i] & PAGEMAP_PRESENT) &&
			    !(word[i] & PAGEMAP_FILE))
				st = pw_qemu_event(session, stream, &present,
						   err);
		}
	}
	return st;
}

static enum pw_status put_one(struct pw_qemu_session *session,
			      const struct pw_qemu_stream *stream,
			      const struct pw_maps *maps, size_t index,
			      struct pw_error *err)
{
	struct pw_map map = PW_ARRAY_AT(&maps->list, struct pw_map, index);
	bool is_file = map.inode != 0 && map.path[0] == '/';
	enum pw_status st;

	if (is_file && is_code(map.path, map.offset))
		map.prot |= PROT_EXEC;
	st = put_map(session, stream, &map,
		     is_stack(maps, index) ? "[stack]" : map.path, err);
	if (st == PW_OK && is_file && (map.prot & PROT_EXEC))
		st = put_module(session, stream, &map, find_base(maps, index),
				err);
	return st;
}

enum pw_status pw_qemu_image(struct pw_qemu_session *session,
			     const struct pw_qemu_stream *stream,
			     uint64_t floor, struct pw_error *err)
{
	struct pw_maps maps = PW_MAPS;
	enum pw_status st = pw_maps_read(&maps, stream->pid, err);
	size_t count = 0;
	char path[64];
	int fd;

	while (count < maps.list.count &&
	       PW_ARRAY_AT(&maps.list, struct pw_map, count).end <= floor)
		count++;
	for (size_t i = 0; i < count && st == PW_OK; i++)
		st = put_one(session, stream, &maps, i, err);
	snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)stream->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	for (size_t i = 0; fd >= 0 && i < count && st == PW_OK; i++)
		st = put_present(session, stream, fd,
				 &PW_ARRAY_AT(&maps.list, struct pw_map, i),
				 err);
	if (fd >= 0)
		close(fd);
	pw_maps_free(&maps);
	return st;
}

enum pw_status pw_qemu_mapped(struct pw_qemu_session *session,
			      const struct pw_qemu_stream *stream,
			      uint64_t address, struct pw_error *err)
{
	struct pw_maps maps = PW_MAPS;
	enum pw_status st = pw_maps_read(&maps, stream->pid, err);

	for (size_t i = 0; i < maps.list.count && st == PW_OK; i++) {
		const struct pw_map *map =
			&PW_ARRAY_AT(&maps.list, struct pw_map, i);

		if (address >= map->start && address < map->end &&
		    map->inode != 0 && map->path[0] == '/')
			st = put_module(session, stream, map,
					find_base(&maps, i), err);
	}
	pw_maps_free(&maps);
	return st;
}
