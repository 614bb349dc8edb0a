/*
 * pwt_records.h - the payloads of META, THREADS and MODULES chunks.
 */
#ifndef PW_FORMATS_PWT_RECORDS_H
#define PW_FORMATS_PWT_RECORDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/status.h"
#include "formats/trace.h"

#define PW_META_HEAD_BYTES 8
#define PW_THREAD_BYTES 16
#define PW_MODULE_FIXED_BYTES 68
#define PW_MODULE_PATH_MAX 65536

/*
 * Whether @bytes of @json are a JSON object of no more values than are allowed
 * (and hold no 0 byte).
 */
bool pw_metadata_valid(const char *json, size_t bytes);

/*
 * Append the payload of META to @out, an array of bytes.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_meta_put(struct pw_array *out, unsigned unknown,
			   const char *json, size_t json_bytes,
			   struct pw_error *err) PW_MUST_CHECK;

/*
 * Read the payload of META.
 *
 * Owns:   *json lives in @arena.
 * Errors: PW_ERR_FORMAT; PW_ERR_SYSTEM.
 */
enum pw_status pw_meta_get(const uint8_t *payload, size_t payload_bytes,
			   struct pw_arena *arena, unsigned *unknown,
			   const char **json,
			   struct pw_error *err) PW_MUST_CHECK;

/*
 * Append one thread to @out, an array of bytes.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_thread_put(struct pw_array *out,
			     const struct pw_thread *thread,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Read the PW_THREAD_BYTES of the thread with the index @index; false when its
 * process or parent cannot be.
 */
bool pw_thread_get(const uint8_t *bytes, uint32_t index,
		   struct pw_thread *thread);

/*
 * Append one module to @out, an array of bytes.
 *
 * Errors: PW_ERR_OUTPUT its path is too long; PW_ERR_SYSTEM.
 */
enum pw_status pw_module_put(struct pw_array *out,
			     const struct pw_module *module,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Append the modules of a payload to @modules, an array of struct pw_module.
 *
 * Owns:   paths live in @arena.
 * Errors: PW_ERR_FORMAT, nothing is appended; PW_ERR_SYSTEM.
 */
enum pw_status pw_modules_get(const uint8_t *payload, size_t payload_bytes,
			      struct pw_arena *arena, struct pw_array *modules,
			      struct pw_error *err) PW_MUST_CHECK;

#endif
