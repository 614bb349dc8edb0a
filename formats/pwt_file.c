/*
 * pwt_file.c - reading at offsets, with every checksum looked at.
 */
#include "formats/pwt_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/bits.h"

enum pw_status pw_pwt_file_open(struct pw_pwt_file *file, const char *path,
				struct pw_error *err)
{
	struct stat found;

	file->path = path;
	file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (file->fd < 0 || fstat(file->fd, &found) != 0)
		return pw_fail_errno(err, PW_ERR_USAGE, errno,
				     "%s: cannot open", path);
	if (!S_ISREG(found.st_mode))
		return pw_fail(err, PW_ERR_USAGE, "%s: not a regular file",
			       path);
	file->bytes = (uint64_t)found.st_size;
	return PW_OK;
}

void pw_pwt_file_close(struct pw_pwt_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}

enum pw_status pw_pwt_file_read(const struct pw_pwt_file *file, uint64_t offset,
				void *out, size_t bytes, struct pw_error *err)
{
	uint8_t *next = out;

	PW_ASSERT(file->fd >= 0);
	while (bytes > 0) {
		ssize_t done = pread(file->fd, next, bytes, (off_t)offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return pw_fail_errno(err, PW_ERR_FORMAT, errno,
					     "it cannot be read");
		if (done == 0)
			return pw_fail(err, PW_ERR_FORMAT,
				       "the file ends inside it");
		next += done;
		offset += (uint64_t)done;
		bytes -= (size_t)done;
	}
	return PW_OK;
}

enum pw_status pw_pwt_file_payload(const struct pw_pwt_file *file,
				   const struct pw_chunk_place *place,
				   struct pw_array *buffer,
				   const uint8_t **payload,
				   struct pw_error *err)
{
	const struct pw_chunk *chunk = &place->chunk;
	size_t span = pw_chunk_span(chunk);
	struct pw_chunk found;
	uint8_t *bytes;
	enum pw_status st;

	PW_ASSERT(buffer->item_bytes == 1);
	if (place->offset > file->bytes || span > file->bytes - place->offset)
		return pw_fail(err, PW_ERR_FORMAT, "the file ends inside it");
	st = pw_array_reserve(buffer, span, err);
	if (st != PW_OK)
		return st;
	bytes = buffer->data;
	st = pw_pwt_file_read(file, place->offset, bytes, span, err);
	if (st != PW_OK)
		return st;
	if (pw_chunk_decode(&found, bytes) != PW_HEADER_GOOD ||
	    pw_load64(bytes + PW_CHUNK_HEADER_BYTES - 8) != place->header_hash)
		return pw_fail(err, PW_ERR_FORMAT, "its header is damaged");
	if (pw_hash(bytes + PW_CHUNK_HEADER_BYTES,
		    span - PW_CHUNK_HEADER_BYTES) != chunk->payload_hash)
		return pw_fail(err, PW_ERR_FORMAT,
			       "its payload does not match its checksum");
	*payload = bytes + PW_CHUNK_HEADER_BYTES;
	return PW_OK;
}
