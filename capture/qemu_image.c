/*
 * qemu_image.c - what a new image has mapped, out of the emulator's mappings.
 *
 * The program's memory lies below the emulator's own. The emulator maps code
 * without the right to execute, so that the kernel joins what it would keep
 * apart; the program headers of each file tell where its parts begin and which
 * of them are code.
 */
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/bits.h"
#include "capture/address_space.h"
#include "capture/qemu_session.h"

#define HEADERS_MAX 64
#define AUXV_WORDS 8192 /* looked through for the auxiliary vector */
#define AUXV_TYPE_MAX 64

/* The loaded parts of an ELF file. */
struct parts {
	Elf64_Phdr header[HEADERS_MAX];
	size_t count;
};

static void read_parts(const char *path, struct parts *parts)
{
	Elf64_Ehdr file = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t count;
	ssize_t got;

	parts->count = 0;
	if (fd < 0)
		return;
	got = pread(fd, &file, sizeof(file), 0);
	count = file.e_phnum < HEADERS_MAX ? file.e_phnum : HEADERS_MAX;
	if (got == (ssize_t)sizeof(file) &&
	    memcmp(file.e_ident, ELFMAG, SELFMAG) == 0 &&
	    file.e_ident[EI_CLASS] == ELFCLASS64 &&
	    file.e_phentsize == sizeof(parts->header[0])) {
		got = pread(fd, parts->header, count * sizeof(parts->header[0]),
			    (off_t)file.e_phoff);
		if (got > 0)
			parts->count = (size_t)got / sizeof(parts->header[0]);
	}
	close(fd);
}

/*
 * The part that the page of the file at @offset belongs to: the last one that
 * begins at or below it; NULL for none.
 */
static const Elf64_Phdr *find_part(const struct parts *parts, uint64_t offset)
{
	const Elf64_Phdr *found = NULL;

	for (size_t i = 0; i < parts->count; i++) {
		const Elf64_Phdr *part = &parts->header[i];

		if (part->p_type == PT_LOAD &&
		    (part->p_offset & ~(PW_PAGE_BYTES - 1)) <= offset &&
		    (!found || part->p_offset > found->p_offset))
			found = part;
	}
	return found;
}

/* The mapping in pieces that the kernel would have made of it. */
static enum pw_status push_pieces(struct pw_array *list,
				  const struct pw_map *whole,
				  struct pw_error *err)
{
	struct pw_map piece = *whole;
	struct parts parts = {.count = 0};
	enum pw_status st = PW_OK;

	if (whole->inode != 0 && whole->path[0] == '/')
		read_parts(whole->path, &parts);
	for (uint64_t at = whole->start; at < whole->end && st == PW_OK;
	     at = piece.end) {
		uint64_t offset = whole->offset + (at - whole->start);
		const Elf64_Phdr *part = find_part(&parts, offset);

		piece.start = at;
		piece.end = at + PW_PAGE_BYTES;
		piece.offset = offset;
		piece.prot = whole->prot;
		if (part && (part->p_flags & PF_X))
			piece.prot |= PROT_EXEC;
		while (piece.end < whole->end &&
		       find_part(&parts,
				 whole->offset + (piece.end - whole->start)) ==
			       part)
			piece.end += PW_PAGE_BYTES;
		st = pw_array_push(list, &piece, err);
	}
	return st;
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

static size_t read_remote(pid_t pid, uint64_t address, void *to, size_t bytes)
{
	union {
		uint64_t number;
		void *pointer;
	} remote = {address};
	struct iovec local = {to, bytes}, from = {remote.pointer, bytes};
	ssize_t got = process_vm_readv(pid, &local, 1, &from, 1, 0);

	return got > 0 ? (size_t)got : 0;
}

/* The vector is in the stack, behind the environment; AT_PAGESZ is known. */
static void tell_auxv(struct pw_start *start, pid_t pid,
		      const struct pw_map *stack)
{
	static uint64_t word[AUXV_WORDS];
	uint64_t bytes = stack->end - stack->start;
	size_t count, at, first;

	bytes = bytes < sizeof(word) ? bytes : sizeof(word);
	count = read_remote(pid, stack->end - bytes, word, bytes) /
		sizeof(uint64_t);
	for (at = 0; at + 1 < count; at++)
		if (word[at] == AT_PAGESZ && word[at + 1] == PW_PAGE_BYTES)
			break;
	if (at + 1 >= count)
		return;
	for (first = at; first >= 2 && word[first - 2] != AT_NULL &&
			 word[first - 2] < AUXV_TYPE_MAX;)
		first -= 2;
	while (at + 1 < count && word[at] != AT_NULL)
		at += 2;
	pw_start_auxv_bytes(start, word + first,
			    (at - first) * sizeof(uint64_t));
}

static enum pw_status choose_maps(struct pw_maps *out, struct pw_maps *all,
				  uint64_t floor, struct pw_error *err)
{
	enum pw_status st = PW_OK;

	for (size_t i = 0; i < all->list.count && st == PW_OK; i++) {
		struct pw_map map = PW_ARRAY_AT(&all->list, struct pw_map, i);

		if (map.end > floor)
			break;
		if (is_stack(all, i))
			map.path = "[stack]";
		st = push_pieces(&out->list, &map, err);
	}
	return st;
}

static void put_event(void *state, const struct pw_event *event)
{
	struct pw_qemu_session *session = state;

	if (session->told_status == PW_OK)
		session->told_status = pw_qemu_event(
			session, session->told, event, &session->told_error);
}

struct pw_start_sink pw_qemu_start_sink(struct pw_qemu_session *session)
{
	return (struct pw_start_sink){put_event, session};
}

/* What pw_start_... tells goes to the thread of @stream. */
static void begin_telling(struct pw_qemu_session *session,
			  const struct pw_qemu_stream *stream)
{
	session->told = stream;
	session->told_status = PW_OK;
}

static enum pw_status end_telling(struct pw_qemu_session *session,
				  struct pw_error *err)
{
	if (session->told_status != PW_OK)
		*err = session->told_error;
	return session->told_status;
}

static enum pw_status tell_start(struct pw_qemu_session *session,
				 const struct pw_qemu_stream *stream,
				 const struct pw_maps *maps,
				 struct pw_error *err)
{
	begin_telling(session, stream);
	pw_start_limits(&session->start, stream->pid);
	for (size_t i = 0; i < maps->list.count; i++) {
		const struct pw_map *map =
			&PW_ARRAY_AT(&maps->list, struct pw_map, i);

		if (strcmp(map->path, "[stack]") == 0)
			tell_auxv(&session->start, stream->pid, map);
	}
	pw_start_maps(&session->start, stream->pid, maps);
	return end_telling(session, err);
}

enum pw_status pw_qemu_image(struct pw_qemu_session *session,
			     const struct pw_qemu_stream *stream,
			     uint64_t floor, struct pw_error *err)
{
	const struct pw_address_space_owner owner = {
		.pid = stream->pid, .fresh = true, .own_only = true};
	struct pw_maps all = PW_MAPS, maps = PW_MAPS;
	enum pw_status st = pw_maps_read(&all, stream->pid, err);

	if (st == PW_OK)
		st = choose_maps(&maps, &all, floor, err);
	if (st == PW_OK)
		st = pw_address_space_record_maps(
			&maps, &owner, session->recorder, stream->thread, err);
	if (st == PW_OK)
		st = tell_start(session, stream, &maps, err);
	pw_maps_free(&maps);
	pw_maps_free(&all);
	return st;
}

/* All of a memfd has been told, and the program may be ahead by now. */
static bool is_memfd(const struct pw_map *map)
{
	return strncmp(map->path, "/memfd:", strlen("/memfd:")) == 0;
}

enum pw_status pw_qemu_mapped(struct pw_qemu_session *session,
			      const struct pw_qemu_stream *stream,
			      uint64_t address, uint64_t prot,
			      struct pw_error *err)
{
	struct pw_maps maps = PW_MAPS;
	enum pw_status st = pw_maps_read(&maps, stream->pid, err);
	const struct pw_map *map = NULL;

	if (st == PW_OK)
		map = pw_maps_find(&maps, address);
	if (st == PW_OK)
		st = pw_qemu_lane_close(session, err);
	if (st == PW_OK && map && map->path[0] == '/') {
		if (prot & PROT_EXEC)
			st = pw_recorder_module(session->recorder,
						stream->thread, &maps, map,
						err);
		begin_telling(session, stream);
		if (!is_memfd(map))
			pw_start_map(&session->start, stream->pid, map);
		if (st == PW_OK)
			st = end_telling(session, err);
	}
	pw_maps_free(&maps);
	return st;
}
