/*
 * file.h - output files that appear whole or not at all; whole input files.
 */
#ifndef PW_BASE_FILE_H
#define PW_BASE_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/status.h"

struct pw_output;

/*
 * Begin writing @path: a temporary file in the same directory. A path that is
 * not a regular file (/dev/full, a pipe) is written directly, and "-" is
 * standard output.
 *
 * Owns:   *out is the caller's; end it with pw_output_commit or
 *         pw_output_discard. The path is copied.
 * Errors: PW_ERR_OUTPUT it cannot be made; PW_ERR_SYSTEM.
 */
enum pw_status pw_output_open(struct pw_output **out, const char *path,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * The stream to write to.
 *
 * Owns: the output; do not close it.
 */
FILE *pw_output_stream(struct pw_output *output);

/*
 * Write what the stream has collected.
 *
 * Errors: PW_ERR_OUTPUT some byte could not be written.
 */
enum pw_status pw_output_flush(struct pw_output *output,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * The descriptor that the stream writes to, for what is not writing.
 *
 * Owns: the output; do not close it.
 */
int pw_output_fd(struct pw_output *output);

/*
 * Flush, sync, rename into place and free, whatever happens.
 *
 * Errors: PW_ERR_OUTPUT some byte could not be written; the old file stands.
 */
enum pw_status pw_output_commit(struct pw_output *output,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * Throw away what was written; the old file stands. NULL is allowed.
 */
void pw_output_discard(struct pw_output *output);

/*
 * Read a whole file of at most @limit_bytes; a 0 byte follows the content.
 *
 * Owns:   *data is the caller's; free it with free.
 * Errors: PW_ERR_USAGE it cannot be opened or is larger; PW_ERR_SYSTEM.
 */
enum pw_status pw_file_read(const char *path, size_t limit_bytes, char **data,
			    size_t *bytes, struct pw_error *err) PW_MUST_CHECK;

/*
 * Make a directory and its parents; an existing one is fine.
 *
 * Errors: PW_ERR_OUTPUT.
 */
enum pw_status pw_directory_make(const char *path,
				 struct pw_error *err) PW_MUST_CHECK;

#endif
