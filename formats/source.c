/*
 * source.c - the bytes of a file, unpacked where it is packed.
 */
#include "formats/source.h"

#include <errno.h>
#include <unistd.h>

#include "base/assert.h"
#include "formats/unpacker.h"

#define BUFFER_BYTES ((size_t)64 << 10)
#define PROBLEM_BYTES 160

#define PW_UNPACKER(name) \
	extern const struct pw_unpacker_ops pw_unpacker_##name;
#include "formats/unpackers.def"
#undef PW_UNPACKER

static const struct pw_unpacker_ops *const unpackers[] = {
#define PW_UNPACKER(name) &pw_unpacker_##name,
#include "formats/unpackers.def"
#undef PW_UNPACKER
};

struct pw_source {
	const struct pw_input_file *file;
	const struct pw_unpacker_ops *ops; /* NULL: as it is */
	void *state;
	uint64_t offset; /* in the file, of the next byte to read */
	bool file_ended;
	bool ended;
	size_t begin; /* of what is left in the buffer */
	size_t end;
	char problem[PROBLEM_BYTES];
	uint8_t buffer[BUFFER_BYTES];
};

const struct pw_unpacker_ops *pw_unpacker_find(const uint8_t *head,
					       size_t head_bytes)
{
	for (size_t i = 0; i < PW_COUNT(unpackers); i++)
		if (unpackers[i]->magic_bytes <= head_bytes &&
		    memcmp(head, unpackers[i]->magic,
			   unpackers[i]->magic_bytes) == 0)
			return unpackers[i];
	return NULL;
}

/* Read on in the file, at most @bytes; the end of the file gives 0. */
static enum pw_status read_file(struct pw_source *source, void *into,
				size_t bytes, size_t *got, struct pw_error *err)
{
	ssize_t n;

	do {
		n = pread(source->file->fd, into, bytes, (off_t)source->offset);
	} while (n < 0 && errno == EINTR);
	*got = 0;
	if (n < 0)
		return pw_fail_errno(err, PW_ERR_SYSTEM, errno,
				     "%s: cannot read", source->file->path);
	*got = (size_t)n;
	source->offset += *got;
	source->file_ended = n == 0;
	return PW_OK;
}

static enum pw_status refill(struct pw_source *source, struct pw_error *err)
{
	source->begin = 0;
	return read_file(source, source->buffer, sizeof(source->buffer),
			 &source->end, err);
}

enum pw_status pw_source_open(struct pw_source **out,
			      const struct pw_input_file *file,
			      struct pw_error *err)
{
	struct pw_source *source = calloc(1, sizeof(*source));
	enum pw_status st;

	*out = NULL;
	if (!source)
		return pw_fail_memory(err, file->path);
	source->file = file;
	st = refill(source, err);
	if (st == PW_OK)
		source->ops = pw_unpacker_find(source->buffer, source->end);
	if (st == PW_OK && source->ops) {
		source->state = source->ops->open();
		if (!source->state)
			st = pw_fail_memory(err, file->path);
	}
	if (st != PW_OK) {
		pw_source_close(source);
		return st;
	}
	*out = source;
	return PW_OK;
}

void pw_source_close(struct pw_source *source)
{
	if (source && source->state)
		source->ops->close(source->state);
	free(source);
}

static enum pw_status read_plain(struct pw_source *source, uint8_t *into,
				 size_t bytes, size_t *got,
				 struct pw_error *err)
{
	enum pw_status st = PW_OK;
	size_t n = source->end - source->begin;

	if (n > bytes)
		n = bytes;
	memcpy(into, source->buffer + source->begin, n);
	source->begin += n;
	*got = n;
	while (st == PW_OK && *got < bytes && !source->file_ended) {
		st = read_file(source, into + *got, bytes - *got, &n, err);
		*got += n;
	}
	return st;
}

static void note_problem(struct pw_source *source, const char *problem)
{
	snprintf(source->problem, sizeof(source->problem),
		 "offset %llu: %s: %s",
		 (unsigned long long)pw_source_used(source), source->ops->name,
		 problem);
}

/* Unpack once; false at the end. */
static bool unpack(struct pw_source *source, struct pw_unpack *io)
{
	size_t room = io->out_bytes;
	size_t given = source->end - source->begin;

	io->in = source->buffer + source->begin;
	io->in_bytes = given;
	io->last = source->file_ended;
	source->ops->unpack(source->state, io);
	PW_ASSERT(io->in_bytes <= given && io->out_bytes <= room);
	source->begin = source->end - io->in_bytes;
	if (io->problem) {
		note_problem(source, io->problem);
		return false;
	}
	if (io->over || io->in_bytes < given || io->out_bytes < room)
		return !io->over;
	/* Neither used nor filled anything: more is needed, or all is said. */
	if (given == 0 && !source->file_ended)
		return true;
	if (!io->whole)
		note_problem(source, given > 0 ? "the data makes no sense"
					       : "the data ends too early");
	return false;
}

enum pw_status pw_source_read(struct pw_source *source, void *into,
			      size_t bytes, size_t *got, struct pw_error *err)
{
	struct pw_unpack io = {.out = into, .out_bytes = bytes};
	enum pw_status st = PW_OK;

	if (!source->ops)
		return read_plain(source, into, bytes, got, err);
	while (st == PW_OK && io.out_bytes > 0 && !source->ended) {
		source->ended = !unpack(source, &io);
		if (!source->ended && source->begin == source->end)
			st = refill(source, err);
	}
	*got = bytes - io.out_bytes;
	return st;
}

const char *pw_source_problem(const struct pw_source *source)
{
	return source->problem[0] ? source->problem : NULL;
}

const char *pw_source_packing(const struct pw_source *source)
{
	return source->ops ? source->ops->name : NULL;
}

uint64_t pw_source_used(const struct pw_source *source)
{
	return source->offset - (source->end - source->begin);
}
