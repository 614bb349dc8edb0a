/*
 * metadata.h - the metadata of a trace as a table.
 */
#ifndef PW_FORMATS_METADATA_H
#define PW_FORMATS_METADATA_H

#include <jansson.h>

#include "base/status.h"
#include "base/table.h"

/*
 * Add the members of the JSON object @json to @table, a table of pairs:
 * objects inside as dotted names, arrays as JSON text. With @part only the
 * members of that member, if there is such an object; with NULL all others
 * but those of "host", which are many.
 *
 * Errors: PW_ERR_FORMAT @json is no object; PW_ERR_SYSTEM.
 */
enum pw_status pw_metadata_list(const char *json, const char *part,
				struct pw_table *table,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * A JSON string of @text, with pw_text_clean made valid UTF-8.
 *
 * Owns: the caller's reference; NULL without memory or for no text.
 */
json_t *pw_metadata_text(const char *text);

#endif
