/*
 * writer_file.h - the file that a trace is written to.
 */
#ifndef PW_FORMATS_WRITER_FILE_H
#define PW_FORMATS_WRITER_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct pw_writer_file;

/*
 * Make the file, mode 0600: PATH itself, an older one becoming PATH.old, or
 * with @replace PATH.partial, which becomes PATH at the end. A symbolic link
 * stays; all this happens to what it leads to. What is no regular file
 * (/dev/full) is written to directly.
 *
 * Owns:   *out is the caller's; end it with pw_writer_file_finish or
 *         pw_writer_file_abandon. The path is copied.
 * Errors: PW_ERR_OUTPUT, an older file is PATH again; PW_ERR_SYSTEM.
 */
enum pw_status pw_writer_file_open(struct pw_writer_file **out,
				   const char *path, bool replace,
				   struct pw_error *err) PW_MUST_CHECK;

/*
 * Append @bytes bytes.
 *
 * Errors: PW_ERR_OUTPUT with path, offset and reason.
 */
enum pw_status pw_writer_file_write(struct pw_writer_file *file,
				    const void *data, size_t bytes,
				    struct pw_error *err) PW_MUST_CHECK;

/*
 * Bytes written so far.
 */
uint64_t pw_writer_file_bytes(const struct pw_writer_file *file);

/*
 * Sync, rename where asked, close and free, whatever happens.
 *
 * Errors: PW_ERR_OUTPUT; an older file at PATH stands where @replace was
 *         asked for.
 */
enum pw_status pw_writer_file_finish(struct pw_writer_file *file,
				     struct pw_error *err) PW_MUST_CHECK;

/*
 * Close and free. What was written in place stays there; PATH.partial is
 * removed. NULL is allowed.
 */
void pw_writer_file_abandon(struct pw_writer_file *file);

#endif
