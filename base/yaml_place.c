/*
 * yaml_place.c - where a value stands, for messages about what it means.
 */
#include "base/assert.h"
#include "base/yaml_document.h"

/* The override of @key, the last one if there are several, or NULL. */
static const char *find_override(const struct pw_text_list *overrides,
				 const char *key)
{
	size_t length = strlen(key);

	for (size_t i = overrides ? overrides->count : 0; i-- > 0;) {
		const char *text = overrides->item[i];

		if (strncmp(text, key, length) == 0 && text[length] == '=')
			return text;
	}
	return NULL;
}

/* What stands under the @length bytes of @key in @mapping, or NULL. */
static yaml_node_t *find_value(yaml_document_t *tree,
			       const yaml_node_t *mapping, const char *key,
			       size_t length)
{
	const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;

	for (; pair < mapping->data.mapping.pairs.top; pair++) {
		const yaml_node_t *name =
			yaml_document_get_node(tree, pair->key);

		if (name->type == YAML_SCALAR_NODE &&
		    name->data.scalar.length == length &&
		    memcmp(name->data.scalar.value, key, length) == 0)
			return yaml_document_get_node(tree, pair->value);
	}
	return NULL;
}

void pw_yaml_place(const char *name, const char *text,
		   const struct pw_text_list *overrides, const char *key,
		   char *buffer, size_t buffer_bytes)
{
	const char *override = find_override(overrides, key);
	struct pw_yaml_document document;
	struct pw_error ignored;
	yaml_node_t *node;

	PW_ASSERT(buffer_bytes > 0);
	snprintf(buffer, buffer_bytes, "%s", name);
	if (override) {
		snprintf(buffer, buffer_bytes, "override \"%s\"", override);
		return;
	}
	if (pw_yaml_document_read(&document, name, text, &ignored) != PW_OK)
		return;
	node = yaml_document_get_root_node(&document.tree);
	while (node && *key && node->type == YAML_MAPPING_NODE) {
		size_t length = strcspn(key, ".");

		node = find_value(&document.tree, node, key, length);
		key += length + (key[length] == '.');
	}
	if (node && !*key)
		snprintf(buffer, buffer_bytes, "%s:%zu:%zu", name,
			 node->start_mark.line + 1,
			 node->start_mark.column + 1);
	pw_yaml_document_free(&document);
}
