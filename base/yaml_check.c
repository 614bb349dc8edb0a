/*
 * yaml_check.c - a tree of nodes against a libcyaml schema.
 */
#include <errno.h>
#include <inttypes.h>

#include "base/assert.h"
#include "base/text.h"
#include "base/yaml_document.h"

#define KEYS_MAX 128

/* ---- scalars ---- */

static bool is_bool(const char *value)
{
	/* The words that libcyaml takes for false, and their opposites. */
	static const char *const word[] = {"true",   "false",  "yes", "no",
					   "on",     "off",    "1",   "0",
					   "enable", "disable"};

	for (size_t i = 0; i < PW_COUNT(word); i++)
		if (strcasecmp(word[i], value) == 0)
			return true;
	return false;
}

static bool is_unsigned(const char *value, size_t bytes)
{
	char *end;
	uintmax_t number;

	PW_ASSERT(bytes >= 1 && bytes <= 8);
	errno = 0;
	number = strtoumax(value, &end, 0);
	return *value >= '0' && *value <= '9' && *end == '\0' && errno == 0 &&
	       number <= UINT64_MAX >> (64 - 8 * bytes);
}

static bool is_signed(const char *value, size_t bytes)
{
	char *end;
	intmax_t number;
	int64_t most;

	PW_ASSERT(bytes >= 1 && bytes <= 8);
	most = INT64_MAX >> (64 - 8 * bytes);
	errno = 0;
	number = strtoimax(value, &end, 0);
	return *value != '\0' && *end == '\0' && errno == 0 && number <= most &&
	       number >= -most - 1;
}

static bool is_float(const char *value)
{
	char *end;

	errno = 0;
	strtod(value, &end);
	return *value != '\0' && *end == '\0' && errno == 0;
}

static enum pw_status check_enum(const char *where, const char *key,
				 const cyaml_schema_value_t *schema,
				 const char *value, struct pw_error *err)
{
	const char *word[KEYS_MAX];
	char list[512] = "";
	uint32_t count = schema->enumeration.count;
	const char *near;
	size_t used = 0;

	PW_ASSERT(count < KEYS_MAX);
	for (uint32_t i = 0; i < count; i++) {
		word[i] = schema->enumeration.strings[i].str;
		if (strcmp(word[i], value) == 0)
			return PW_OK;
		snprintf(list + used, sizeof(list) - used, "%s%s",
			 i ? ", " : "", word[i]);
		used = strlen(list);
	}
	word[count] = NULL;
	near = pw_text_nearest(value, word);
	pw_fail(err, PW_ERR_USAGE, "%s: %s: \"%s\" is not one of %s", where,
		key, value, list);
	return near ? pw_hint(err, "did you mean %s?", near) : PW_ERR_USAGE;
}

static enum pw_status check_length(const char *where, const char *key,
				   const cyaml_schema_value_t *schema,
				   const char *value, struct pw_error *err)
{
	size_t length = strlen(value);

	if (length < schema->string.min)
		return pw_fail(err, PW_ERR_USAGE,
			       "%s: %s: needs a text of at least %u characters",
			       where, key, (unsigned)schema->string.min);
	if (length > schema->string.max)
		return pw_fail(err, PW_ERR_USAGE,
			       "%s: %s: the text is longer than %u characters",
			       where, key, (unsigned)schema->string.max);
	return PW_OK;
}

static enum pw_status expect(const char *where, const char *key,
			     const char *value, const char *what,
			     struct pw_error *err)
{
	return pw_fail(err, PW_ERR_USAGE, "%s: %s: \"%s\" is not %s", where,
		       key, value, what);
}

enum pw_status pw_yaml_scalar_check(const char *where, const char *key,
				    const cyaml_schema_value_t *schema,
				    const char *value, struct pw_error *err)
{
	size_t bytes = schema->data_size;

	switch ((int)schema->type) {
	case CYAML_STRING:
		return check_length(where, key, schema, value, err);
	case CYAML_ENUM:
		return check_enum(where, key, schema, value, err);
	case CYAML_BOOL:
		return is_bool(value) ? PW_OK
				      : expect(where, key, value,
					       "true or false", err);
	case CYAML_UINT:
		return is_unsigned(value, bytes)
			       ? PW_OK
			       : expect(where, key, value,
					"a whole number in range", err);
	case CYAML_INT:
		return is_signed(value, bytes)
			       ? PW_OK
			       : expect(where, key, value,
					"a whole number in range", err);
	case CYAML_FLOAT:
		return is_float(value)
			       ? PW_OK
			       : expect(where, key, value, "a number", err);
	case CYAML_MAPPING:
		expect(where, key, value, "a group of keys", err);
		return pw_yaml_hint_keys(schema, "", err);
	case CYAML_SEQUENCE:
	case CYAML_SEQUENCE_FIXED:
		return expect(where, key, value, "a list (\"[a, b]\")", err);
	default:
		return PW_OK; /* libcyaml's own business */
	}
}

/* ---- mappings and sequences ---- */

const cyaml_schema_field_t *pw_yaml_field(const cyaml_schema_value_t *schema,
					  const char *key)
{
	const cyaml_schema_field_t *field = schema->mapping.fields;

	PW_ASSERT(schema->type == CYAML_MAPPING);
	for (; field->key; field++)
		if (strcmp(field->key, key) == 0)
			return field;
	return NULL;
}

enum pw_status pw_yaml_hint_keys(const cyaml_schema_value_t *schema,
				 const char *key, struct pw_error *err)
{
	const cyaml_schema_field_t *field = schema->mapping.fields;
	const char *word[KEYS_MAX];
	char list[400] = "";
	const char *near;
	size_t count = 0;
	size_t used = 0;

	for (; field->key && count < KEYS_MAX - 1; field++) {
		snprintf(list + used, sizeof(list) - used, "%s%s",
			 used ? ", " : "", field->key);
		used = strlen(list);
		word[count++] = field->key;
	}
	word[count] = NULL;
	near = pw_text_nearest(key, word);
	if (near)
		return pw_hint(err, "did you mean %s? the keys here are %s",
			       near, list);
	return pw_hint(err, "the keys here are %s", list);
}

/* A node still to be checked. */
struct task {
	const cyaml_schema_value_t *schema;
	const char *key; /* under which it stands */
	yaml_node_t *node;
};

struct check {
	struct pw_yaml_document *document;
	struct pw_array tasks; /* struct task; done from the front */
	struct pw_error *err;
	char where[512];
};

/* "name:line:column" of @node, or what can still be said after overrides. */
static const char *locate(struct check *check, const yaml_node_t *node)
{
	if (check->document->changed)
		snprintf(check->where, sizeof(check->where),
			 "%s (with overrides)", check->document->name);
	else
		snprintf(check->where, sizeof(check->where), "%s:%zu:%zu",
			 check->document->name, node->start_mark.line + 1,
			 node->start_mark.column + 1);
	return check->where;
}

static const char *text_of(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

static yaml_node_t *node_at(struct check *check, int id)
{
	return yaml_document_get_node(&check->document->tree, id);
}

static enum pw_status refuse_kind(struct check *check, const struct task *task)
{
	const char *where = locate(check, task->node);

	switch ((int)task->schema->type) {
	case CYAML_MAPPING:
		pw_fail(check->err, PW_ERR_USAGE,
			"%s: %s: expected keys (\"key: value\")", where,
			task->key);
		return pw_yaml_hint_keys(task->schema, "", check->err);
	case CYAML_SEQUENCE:
	case CYAML_SEQUENCE_FIXED:
		return pw_fail(check->err, PW_ERR_USAGE,
			       "%s: %s: expected a list (\"[a, b]\")", where,
			       task->key);
	default:
		return pw_fail(check->err, PW_ERR_USAGE,
			       "%s: %s: expected one value", where, task->key);
	}
}

/* Check one key and put its value on the list. */
static enum pw_status check_key(struct check *check, const struct task *task,
				const yaml_node_pair_t *pair, bool *seen)
{
	yaml_node_t *key = node_at(check, pair->key);
	const cyaml_schema_field_t *field;
	struct task next;
	size_t index;

	if (key->type != YAML_SCALAR_NODE)
		return pw_fail(check->err, PW_ERR_USAGE,
			       "%s: a key must be a word", locate(check, key));
	field = pw_yaml_field(task->schema, text_of(key));
	if (!field) {
		pw_fail(check->err, PW_ERR_USAGE, "%s: unknown key \"%s\"%s%s",
			locate(check, key), text_of(key),
			task->key ? " in " : "", task->key ? task->key : "");
		return pw_yaml_hint_keys(task->schema, text_of(key),
					 check->err);
	}
	index = (size_t)(field - task->schema->mapping.fields);
	PW_ASSERT(index < KEYS_MAX);
	if (seen[index])
		return pw_fail(check->err, PW_ERR_USAGE,
			       "%s: the key \"%s\" is given twice",
			       locate(check, key), field->key);
	seen[index] = true;
	next.schema = &field->value;
	next.key = field->key;
	next.node = node_at(check, pair->value);
	return pw_array_push(&check->tasks, &next, check->err);
}

static enum pw_status check_mapping(struct check *check,
				    const struct task *task)
{
	bool seen[KEYS_MAX] = {false};
	yaml_node_pair_t *pair;

	if (task->node->type != YAML_MAPPING_NODE)
		return refuse_kind(check, task);
	for (pair = task->node->data.mapping.pairs.start;
	     pair < task->node->data.mapping.pairs.top; pair++) {
		enum pw_status st = check_key(check, task, pair, seen);

		if (st != PW_OK)
			return st;
	}
	return PW_OK;
}

static bool has_key(struct check *check, const yaml_node_t *mapping,
		    const char *key)
{
	const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;

	for (; pair < mapping->data.mapping.pairs.top; pair++)
		if (strcmp(text_of(node_at(check, pair->key)), key) == 0)
			return true;
	return false;
}

/* After all keys are known to be right: a slip of the pen in a key is named
 * as such and not as the key that is missing for it. */
static enum pw_status check_missing(struct check *check,
				    const struct task *task)
{
	const cyaml_schema_field_t *field = task->schema->mapping.fields;

	if (task->schema->type != CYAML_MAPPING)
		return PW_OK;
	PW_ASSERT(task->node->type == YAML_MAPPING_NODE);
	for (; field->key; field++)
		if (!(field->value.flags & CYAML_FLAG_OPTIONAL) &&
		    !has_key(check, task->node, field->key))
			return pw_fail(check->err, PW_ERR_USAGE,
				       "%s: missing key \"%s\"%s%s",
				       locate(check, task->node), field->key,
				       task->key ? " in " : "",
				       task->key ? task->key : "");
	return PW_OK;
}

static enum pw_status check_sequence(struct check *check,
				     const struct task *task)
{
	struct task next = {task->schema->sequence.entry, task->key, NULL};
	yaml_node_item_t *item;
	size_t count;

	if (task->node->type != YAML_SEQUENCE_NODE)
		return refuse_kind(check, task);
	item = task->node->data.sequence.items.start;
	count = (size_t)(task->node->data.sequence.items.top - item);
	if (count < task->schema->sequence.min ||
	    count > task->schema->sequence.max)
		return pw_fail(check->err, PW_ERR_USAGE,
			       "%s: %s: %zu items; %u to %u are allowed",
			       locate(check, task->node), task->key, count,
			       (unsigned)task->schema->sequence.min,
			       (unsigned)task->schema->sequence.max);
	for (size_t i = 0; i < count; i++) {
		enum pw_status st;

		next.node = node_at(check, item[i]);
		st = pw_array_push(&check->tasks, &next, check->err);
		if (st != PW_OK)
			return st;
	}
	return PW_OK;
}

static enum pw_status check_node(struct check *check, const struct task *task)
{
	switch ((int)task->schema->type) {
	case CYAML_IGNORE:
		return PW_OK;
	case CYAML_MAPPING:
		return check_mapping(check, task);
	case CYAML_SEQUENCE:
	case CYAML_SEQUENCE_FIXED:
		return check_sequence(check, task);
	default:
		if (task->node->type != YAML_SCALAR_NODE)
			return refuse_kind(check, task);
		return pw_yaml_scalar_check(locate(check, task->node),
					    task->key, task->schema,
					    text_of(task->node), check->err);
	}
}

enum pw_status pw_yaml_document_check(struct pw_yaml_document *document,
				      const cyaml_schema_value_t *schema,
				      struct pw_error *err)
{
	struct check check = {
		.document = document,
		.tasks = PW_ARRAY(struct task),
		.err = err,
	};
	struct task root = {schema, NULL, NULL};
	enum pw_status st;

	PW_ASSERT(schema->type == CYAML_MAPPING);
	root.node = yaml_document_get_root_node(&document->tree);
	st = pw_array_push(&check.tasks, &root, err);
	for (size_t i = 0; st == PW_OK && i < check.tasks.count; i++) {
		struct task task = PW_ARRAY_AT(&check.tasks, struct task, i);

		st = check_node(&check, &task);
	}
	for (size_t i = 0; st == PW_OK && i < check.tasks.count; i++)
		st = check_missing(&check,
				   &PW_ARRAY_AT(&check.tasks, struct task, i));
	pw_array_free(&check.tasks);
	return st;
}
