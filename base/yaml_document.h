/*
 * yaml_document.h - a YAML text as a tree of nodes with positions.
 *
 * What the parts of yaml.c share; nobody else includes it. libcyaml gives the
 * position of the item before a fault and takes "15k" for 15, so texts are
 * checked against the schema here first.
 */
#ifndef PW_BASE_YAML_DOCUMENT_H
#define PW_BASE_YAML_DOCUMENT_H

#include <stdbool.h>
#include <yaml.h>

#include "base/array.h"
#include "base/yaml.h"

struct pw_yaml_document {
	const char *name; /* of the file, for messages */
	yaml_document_t tree;
	bool changed; /* by overrides: positions mean nothing any more */
};

/*
 * Parse @text: one document without aliases, its root a mapping.
 *
 * Owns:   *out is filled; free it with pw_yaml_document_free. Nothing to free
 *         on failure. @name must outlive it.
 * Errors: PW_ERR_USAGE with "name:line:column:"; PW_ERR_SYSTEM.
 */
enum pw_status pw_yaml_document_read(struct pw_yaml_document *out,
				     const char *name, const char *text,
				     struct pw_error *err) PW_MUST_CHECK;

/*
 * Free the tree.
 */
void pw_yaml_document_free(struct pw_yaml_document *document);

/*
 * Check the tree against @schema: keys known, none twice, none missing, every
 * value of its type.
 *
 * Errors: PW_ERR_USAGE with "name:line:column:", the key and what is allowed;
 *         PW_ERR_SYSTEM.
 */
enum pw_status pw_yaml_document_check(struct pw_yaml_document *document,
				      const cyaml_schema_value_t *schema,
				      struct pw_error *err) PW_MUST_CHECK;

/*
 * Apply one override "a.b.c=value". A sequence takes "x,y,z"; an optional
 * group of keys is taken out by "none".
 *
 * Errors: PW_ERR_USAGE naming the override; PW_ERR_SYSTEM.
 */
enum pw_status pw_yaml_document_set(struct pw_yaml_document *document,
				    const cyaml_schema_value_t *schema,
				    const char *override,
				    struct pw_error *err) PW_MUST_CHECK;

/*
 * Append the tree as YAML to @text (an array of char). The tree is used up:
 * only pw_yaml_document_free may follow.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_yaml_document_write(struct pw_yaml_document *document,
				      struct pw_array *text,
				      struct pw_error *err) PW_MUST_CHECK;

/*
 * The field called @key of a mapping's schema, or NULL.
 */
const cyaml_schema_field_t *pw_yaml_field(const cyaml_schema_value_t *schema,
					  const char *key);

/*
 * Check one scalar against its schema. @where begins the message.
 *
 * Errors: PW_ERR_USAGE.
 */
enum pw_status pw_yaml_scalar_check(const char *where, const char *key,
				    const cyaml_schema_value_t *schema,
				    const char *value,
				    struct pw_error *err) PW_MUST_CHECK;

/*
 * Fill the hint with the keys that a mapping may have and the one nearest to
 * @key.
 *
 * Errors: returns the recorded status.
 */
enum pw_status pw_yaml_hint_keys(const cyaml_schema_value_t *schema,
				 const char *key, struct pw_error *err);

#endif
