/*
 * input.h - the files behind the path of a trace, opened for reading.
 *
 * A path is one regular file or a folder of them. All are opened at once, so
 * that a reader that may open nothing itself can read them.
 */
#ifndef PW_FORMATS_INPUT_H
#define PW_FORMATS_INPUT_H

#include <stdbool.h>

#include "base/array.h"
#include "base/status.h"

/* More files than this in a folder are refused. */
#define PW_INPUT_FILES_MAX 65536

struct pw_input_file {
	char *path;
	int fd; /* read it with pread */
	uint64_t bytes;
};

struct pw_input {
	char *path;
	bool folder;
	struct pw_array files; /* struct pw_input_file, by name */
};

/*
 * Open @path, or the regular files of the folder @path that do not begin with
 * a dot. Of a folder that has a folder "trace" that one is taken.
 *
 * Owns:   @input holds files; end it with pw_input_close, also after a failure.
 *         The path is copied.
 * Errors: PW_ERR_USAGE  it cannot be opened, is neither, or has too many files.
 *         PW_ERR_SYSTEM.
 */
enum pw_status pw_input_open(struct pw_input *input, const char *path,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Close the files and free what @input holds.
 */
void pw_input_close(struct pw_input *input);

/*
 * The size of all files together.
 *
 * Units: bytes.
 */
uint64_t pw_input_bytes(const struct pw_input *input);

#endif
