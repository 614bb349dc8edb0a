/*
 * source.h - the bytes of a file, unpacked where it is packed.
 *
 * Packings are known by content (formats/unpackers.def), never by name.
 */
#ifndef PW_FORMATS_SOURCE_H
#define PW_FORMATS_SOURCE_H

#include "formats/input.h"

struct pw_source;

/*
 * Begin to read @file, which must stay open. Several sources may read one file.
 *
 * Owns:   *out is the caller's; free it with pw_source_close. NULL on failure.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_source_open(struct pw_source **out,
			      const struct pw_input_file *file,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Free the source. NULL is allowed.
 */
void pw_source_close(struct pw_source *source);

/*
 * Read @bytes bytes, or fewer at the end of what can be read.
 *
 * Errors: PW_ERR_SYSTEM. Damage is no error: see pw_source_problem.
 */
enum pw_status pw_source_read(struct pw_source *source, void *into,
			      size_t bytes, size_t *got,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * What is wrong with the packed data, as "offset N: ...", or NULL.
 *
 * Owns: the source.
 */
const char *pw_source_problem(const struct pw_source *source);

/*
 * The name of the packing, or NULL for a file as it is.
 */
const char *pw_source_packing(const struct pw_source *source);

/*
 * How much of the file has been used.
 *
 * Units: bytes of the file, packed.
 */
uint64_t pw_source_used(const struct pw_source *source);

#endif
