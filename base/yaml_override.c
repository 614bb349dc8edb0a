/*
 * yaml_override.c - "a.b.c=value" put into a tree of nodes.
 *
 * The schema leads the way: a path that it does not know is refused, and what
 * the tree lacks on the way is added.
 */
#include "base/assert.h"
#include "base/yaml_document.h"

#define KEY_MAX 64

struct override {
	struct pw_yaml_document *document;
	const char *text; /* "a.b.c=value" */
	const char *value;
	const cyaml_schema_value_t *schema; /* of the place reached */
	const cyaml_schema_field_t *field;  /* that led there; NULL: an item */
	char key[KEY_MAX];		    /* its last word */
	int node;			    /* 0: not there yet */
	int parent;
	char where[256];
	struct pw_error *err;
};

static enum pw_status lack_memory(struct override *set)
{
	return pw_fail_memory(set->err, set->document->name);
}

static yaml_node_t *node_at(struct override *set, int id)
{
	return yaml_document_get_node(&set->document->tree, id);
}

static int add_scalar(struct override *set, const char *text, size_t length)
{
	PW_ASSERT(length < INT32_MAX);
	return yaml_document_add_scalar(&set->document->tree, NULL,
					(const yaml_char_t *)text, (int)length,
					YAML_ANY_SCALAR_STYLE);
}

static yaml_node_pair_t *find_pair(struct override *set, int mapping,
				   const char *key)
{
	yaml_node_t *node = node_at(set, mapping);
	yaml_node_pair_t *pair = node->data.mapping.pairs.start;

	PW_ASSERT(node->type == YAML_MAPPING_NODE);
	for (; pair < node->data.mapping.pairs.top; pair++) {
		yaml_node_t *name = node_at(set, pair->key);

		if (strcmp((char *)name->data.scalar.value, key) == 0)
			return pair;
	}
	return NULL;
}

/* Make @value what stands under the present key of the parent. */
static enum pw_status attach(struct override *set, int value)
{
	yaml_node_pair_t *pair;
	int key;

	PW_ASSERT(set->parent > 0);
	if (!value)
		return lack_memory(set);
	if (!set->field) { /* an item of a sequence: its node is there */
		yaml_node_t *list = node_at(set, set->parent);
		yaml_node_item_t *item = list->data.sequence.items.start;

		while (*item != set->node)
			item++;
		PW_ASSERT(item < list->data.sequence.items.top);
		*item = value;
		return PW_OK;
	}
	pair = find_pair(set, set->parent, set->key);
	if (pair) {
		pair->value = value;
		return PW_OK;
	}
	key = add_scalar(set, set->key, strlen(set->key));
	if (!key || !yaml_document_append_mapping_pair(&set->document->tree,
						       set->parent, key, value))
		return lack_memory(set);
	return PW_OK;
}

static enum pw_status enter_key(struct override *set)
{
	const cyaml_schema_field_t *field;
	yaml_node_pair_t *pair;

	PW_ASSERT(set->node > 0 && set->key[0]);
	field = pw_yaml_field(set->schema, set->key);
	if (!field) {
		pw_fail(set->err, PW_ERR_USAGE, "%s: unknown key \"%s\"",
			set->where, set->key);
		return pw_yaml_hint_keys(set->schema, set->key, set->err);
	}
	pair = find_pair(set, set->node, set->key);
	set->parent = set->node;
	set->node = pair ? pair->value : 0;
	set->field = field;
	set->schema = &field->value;
	return PW_OK;
}

static enum pw_status enter_item(struct override *set)
{
	yaml_node_t *list = node_at(set, set->node);
	yaml_node_item_t *item = list->data.sequence.items.start;
	size_t count = (size_t)(list->data.sequence.items.top - item);
	char *end;
	size_t index = strtoul(set->key, &end, 10);

	if (set->key[0] < '0' || set->key[0] > '9' || *end || index >= count)
		return pw_fail(set->err, PW_ERR_USAGE,
			       "%s: \"%s\" is not the number of an item; "
			       "there are %zu, from 0",
			       set->where, set->key, count);
	set->parent = set->node;
	set->node = item[index];
	set->field = NULL;
	set->schema = set->schema->sequence.entry;
	return PW_OK;
}

/* One step along the path, into what must be a group or a list. */
static enum pw_status step(struct override *set)
{
	bool is_list = set->schema->type == CYAML_SEQUENCE ||
		       set->schema->type == CYAML_SEQUENCE_FIXED;
	enum pw_status st = PW_OK;

	if (set->schema->type != CYAML_MAPPING && !is_list)
		return pw_fail(set->err, PW_ERR_USAGE,
			       "%s: there are no keys below this value",
			       set->where);
	if (!set->node) {
		int empty = is_list ? yaml_document_add_sequence(
					      &set->document->tree, NULL,
					      YAML_ANY_SEQUENCE_STYLE)
				    : yaml_document_add_mapping(
					      &set->document->tree, NULL,
					      YAML_ANY_MAPPING_STYLE);

		st = attach(set, empty);
		set->node = empty;
	}
	return st;
}

/* Follow "a.b.c" up to the "=". */
static enum pw_status follow(struct override *set)
{
	const char *path = set->text;

	while (path < set->value) {
		size_t length = strcspn(path, ".=");
		enum pw_status st = PW_OK;

		if (length == 0 || length >= sizeof(set->key))
			return pw_fail(set->err, PW_ERR_USAGE,
				       "%s: not a key before the \"=\"",
				       set->where);
		if (set->field || set->key[0])
			st = step(set);
		if (st != PW_OK)
			return st;
		memcpy(set->key, path, length);
		set->key[length] = '\0';
		st = set->schema->type == CYAML_MAPPING ? enter_key(set)
							: enter_item(set);
		if (st != PW_OK)
			return st;
		path += length + 1;
	}
	return PW_OK;
}

/* Take an optional group out. */
static enum pw_status detach(struct override *set)
{
	yaml_node_pair_t *pair = find_pair(set, set->parent, set->key);
	yaml_node_t *mapping = node_at(set, set->parent);

	PW_ASSERT(mapping->type == YAML_MAPPING_NODE);
	if (pair)
		*pair = *--mapping->data.mapping.pairs.top;
	return PW_OK;
}

/* "x,y,z" as a sequence of scalars. */
static enum pw_status set_list(struct override *set)
{
	const cyaml_schema_value_t *entry = set->schema->sequence.entry;
	yaml_document_t *tree = &set->document->tree;
	int list =
		yaml_document_add_sequence(tree, NULL, YAML_ANY_SEQUENCE_STYLE);
	const char *text = set->value;

	if (!list)
		return lack_memory(set);
	while (*text) {
		size_t length = strcspn(text, ",");
		int item = add_scalar(set, text, length);
		enum pw_status st;

		if (!item ||
		    !yaml_document_append_sequence_item(tree, list, item))
			return lack_memory(set);
		st = pw_yaml_scalar_check(
			set->where, set->key, entry,
			(char *)node_at(set, item)->data.scalar.value,
			set->err);
		if (st != PW_OK)
			return st;
		text += length + (text[length] == ',');
	}
	return attach(set, list);
}

static enum pw_status set_value(struct override *set)
{
	enum pw_status st;

	PW_ASSERT(set->parent > 0 && set->schema);
	if (set->schema->type == CYAML_MAPPING &&
	    strcmp(set->value, "none") == 0 && set->field &&
	    (set->schema->flags & CYAML_FLAG_OPTIONAL))
		return detach(set);
	if (set->schema->type == CYAML_SEQUENCE ||
	    set->schema->type == CYAML_SEQUENCE_FIXED)
		return set_list(set);
	st = pw_yaml_scalar_check(set->where, set->key, set->schema, set->value,
				  set->err);
	if (st != PW_OK)
		return st;
	return attach(set, add_scalar(set, set->value, strlen(set->value)));
}

enum pw_status pw_yaml_document_set(struct pw_yaml_document *document,
				    const cyaml_schema_value_t *schema,
				    const char *override, struct pw_error *err)
{
	struct override set = {
		.document = document,
		.text = override,
		.schema = schema,
		.node = 1, /* the root */
		.err = err,
	};
	const char *equals = strchr(override, '=');
	enum pw_status st;

	snprintf(set.where, sizeof(set.where), "override \"%s\"", override);
	if (!equals) {
		pw_fail(err, PW_ERR_USAGE, "%s: there is no \"=\"", set.where);
		return pw_hint(err, "write KEY=VALUE, with dots in the key");
	}
	set.value = equals + 1;
	st = follow(&set);
	if (st == PW_OK)
		st = set_value(&set);
	document->changed = true;
	return st;
}
