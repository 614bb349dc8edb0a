/*
 * metadata.c - flatten a JSON object into pairs.
 */
#include "formats/metadata.h"

#include "base/assert.h"
#include "base/text.h"

/* Objects deeper than this are shown as JSON text. */
#define DEPTH_MAX 8
#define NAME_BYTES 512

/* An object being listed, and how long the name before its members is. */
struct level {
	json_t *object;
	void *member;
	size_t prefix;
};

/* What is neither text nor a plain number: as JSON. */
static enum pw_status list_json(const char *name, const json_t *value,
				struct pw_table *table, struct pw_error *err)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	if (!text)
		return pw_fail_memory(err, "the metadata of a trace");
	pw_pair_text(table, name, text);
	free(text);
	return PW_OK;
}

static enum pw_status list_value(const char *name, const json_t *value,
				 struct pw_table *table, struct pw_error *err)
{
	if (json_is_string(value)) {
		pw_pair_text(table, name, json_string_value(value));
		return PW_OK;
	}
	if (json_is_integer(value) && json_integer_value(value) >= 0) {
		pw_pair_u64(table, name, (uint64_t)json_integer_value(value),
			    PW_UNIT_NONE);
		return PW_OK;
	}
	if (json_is_real(value)) {
		pw_pair_f64(table, name, json_real_value(value), PW_UNIT_NONE);
		return PW_OK;
	}
	return list_json(name, value, table, err);
}

static enum pw_status list_object(json_t *root, struct pw_table *table,
				  struct pw_error *err)
{
	struct level stack[DEPTH_MAX] = {{root, json_object_iter(root), 0}};
	char name[NAME_BYTES];
	enum pw_status st = PW_OK;
	size_t depth = 1;

	while (depth > 0 && st == PW_OK) {
		struct level *level = &stack[depth - 1];
		json_t *value;
		size_t length;

		if (!level->member) {
			depth--;
			continue;
		}
		PW_ASSERT(level->prefix < sizeof(name));
		snprintf(name + level->prefix, sizeof(name) - level->prefix,
			 "%s", json_object_iter_key(level->member));
		value = json_object_iter_value(level->member);
		level->member =
			json_object_iter_next(level->object, level->member);
		length = strlen(name);
		PW_ASSERT(depth <= DEPTH_MAX && length < sizeof(name));
		if (json_is_object(value) && depth < DEPTH_MAX &&
		    length + 2 < sizeof(name)) {
			memcpy(name + length, ".", 2);
			stack[depth].object = value;
			stack[depth].member = json_object_iter(value);
			stack[depth].prefix = length + 1;
			depth++;
		} else {
			st = list_value(name, value, table, err);
		}
	}
	return st;
}

enum pw_status pw_metadata_list(const char *json, const char *part,
				struct pw_table *table, struct pw_error *err)
{
	json_error_t error;
	json_t *root = json_loads(json, 0, &error);
	enum pw_status st = PW_OK;

	if (json_is_object(root) && part) {
		json_t *object = json_object_get(root, part);

		if (json_is_object(object))
			st = list_object(object, table, err);
	} else if (json_is_object(root)) {
		json_object_del(root, "host");
		st = list_object(root, table, err);
	} else {
		st = pw_fail(err, PW_ERR_FORMAT,
			     "the trace's metadata is no JSON object");
	}
	json_decref(root);
	return st;
}

json_t *pw_metadata_text(const char *text)
{
	json_t *string = NULL;
	size_t bytes;
	char *clean;

	if (!text)
		return NULL;
	bytes = 4 * strlen(text) + 1; /* if all of it is escaped */
	clean = malloc(bytes);
	if (!clean)
		return NULL;
	pw_text_clean(clean, bytes, text);
	string = json_string(clean);
	free(clean);
	return string;
}
