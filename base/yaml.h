/*
 * yaml.h - configuration files: libcyaml with overrides and clear errors.
 *
 * Sizes are text in the schemas and read by units.h, since libcyaml reads
 * "15k" as 15.
 */
#ifndef PW_BASE_YAML_H
#define PW_BASE_YAML_H

#include <cyaml/cyaml.h>

#include "base/option.h"
#include "base/status.h"
#include "base/table.h"

/*
 * Load @text (from the file @name, for messages) by @schema, then apply
 * overrides "a.b.c=value".
 *
 * Owns:   *out is the caller's; free it with pw_yaml_free.
 * Errors: PW_ERR_USAGE with "name:line:column:" and what is wrong: syntax, an
 *         unknown or missing key, a wrong type, an override that fits nothing.
 */
enum pw_status pw_yaml_load(const char *name, const char *text,
			    const cyaml_schema_value_t *schema,
			    const struct pw_text_list *overrides, void **out,
			    struct pw_error *err) PW_MUST_CHECK;

/*
 * Say where the value of the dotted @key comes from, to begin a message about
 * what it means: "name:line:column", the override that set it, or the name
 * alone when it stands nowhere. The arguments are those of pw_yaml_load.
 */
void pw_yaml_place(const char *name, const char *text,
		   const struct pw_text_list *overrides, const char *key,
		   char *buffer, size_t buffer_bytes);

/*
 * Free what pw_yaml_load made. NULL is allowed.
 */
void pw_yaml_free(const cyaml_schema_value_t *schema, void *data);

/*
 * List the effective values in @table (pairs): dotted key, value.
 */
void pw_yaml_list(const cyaml_schema_value_t *schema, const void *data,
		  struct pw_table *table);

#endif
