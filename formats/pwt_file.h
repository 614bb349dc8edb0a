/*
 * pwt_file.h - a native trace file being read, by several threads at once.
 */
#ifndef PW_FORMATS_PWT_FILE_H
#define PW_FORMATS_PWT_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"
#include "formats/layout.h"

struct pw_pwt_file {
	int fd;
	const char *path;
	uint64_t bytes; /* of the file, when it was opened */
};

/* A chunk and where it is. */
struct pw_chunk_place {
	uint64_t offset;
	uint64_t header_hash;
	struct pw_chunk chunk;
};

/*
 * Open @path.
 *
 * Owns:   *file holds a descriptor; close it with pw_pwt_file_close. The path
 *         is the caller's and must outlive it.
 * Errors: PW_ERR_USAGE it cannot be opened.
 */
enum pw_status pw_pwt_file_open(struct pw_pwt_file *file, const char *path,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * Close the file, if it is open.
 */
void pw_pwt_file_close(struct pw_pwt_file *file);

/*
 * Read @bytes bytes at @offset.
 *
 * Errors: PW_ERR_FORMAT the file ends before, or the system's reason.
 */
enum pw_status pw_pwt_file_read(const struct pw_pwt_file *file, uint64_t offset,
				void *out, size_t bytes,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * Read a chunk and check its header against @place and its payload against
 * the checksum. *payload, of chunk.payload_bytes, then lies in @buffer, an
 * array of bytes.
 *
 * Errors: PW_ERR_FORMAT it is damaged (the message says how); PW_ERR_SYSTEM.
 */
enum pw_status pw_pwt_file_payload(const struct pw_pwt_file *file,
				   const struct pw_chunk_place *place,
				   struct pw_array *buffer,
				   const uint8_t **payload,
				   struct pw_error *err) PW_MUST_CHECK;

#endif
