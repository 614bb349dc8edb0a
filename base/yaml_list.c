/*
 * yaml_list.c - a loaded structure as dotted keys and values.
 */
#include "base/assert.h"
#include "base/yaml.h"

#define DEPTH_MAX 16
#define PATH_BYTES 256

/* A mapping, or a list of them, on the way down, and what is left of it. */
struct frame {
	const cyaml_schema_field_t *field; /* the next; NULL: a list */
	const cyaml_schema_value_t *entry; /* of a list */
	const char *data; /* the mapping, or the list's items */
	uint64_t index;	  /* the next item of a list */
	uint64_t count;
	size_t path_bytes; /* of its own path, with the dot */
};

struct list {
	struct pw_table *table;
	struct frame frame[DEPTH_MAX];
	size_t depth;
	char path[PATH_BYTES];
};

static uint64_t load_unsigned(const void *data, size_t bytes)
{
	uint64_t value = 0;

	PW_ASSERT(bytes <= sizeof(value));
	memcpy(&value, data, bytes);
	return value;
}

static int64_t load_signed(const void *data, size_t bytes)
{
	uint64_t value = load_unsigned(data, bytes);
	uint64_t sign = UINT64_C(1) << (8 * bytes - 1);

	return (int64_t)((value ^ sign) - sign);
}

static double load_float(const void *data, size_t bytes)
{
	double wide = 0;
	float narrow = 0;

	if (bytes == sizeof(narrow)) {
		memcpy(&narrow, data, sizeof(narrow));
		return (double)narrow;
	}
	PW_ASSERT(bytes == sizeof(wide));
	memcpy(&wide, data, sizeof(wide));
	return wide;
}

static const char *enum_text(const cyaml_schema_value_t *schema,
			     const void *data)
{
	int64_t value = load_signed(data, schema->data_size);

	for (uint32_t i = 0; i < schema->enumeration.count; i++)
		if (schema->enumeration.strings[i].val == value)
			return schema->enumeration.strings[i].str;
	return "";
}

/* Follow a pointer of a value that is one; NULL when it is not set. */
static const void *resolve(const cyaml_schema_value_t *schema, const void *data)
{
	const void *target = data;

	if (schema->flags & CYAML_FLAG_POINTER)
		memcpy(&target, data, sizeof(target));
	return target;
}

/* A scalar as a text of its own, for a list of them. */
static void format_scalar(char *buffer, size_t bytes,
			  const cyaml_schema_value_t *schema, const void *data)
{
	switch ((int)schema->type) {
	case CYAML_STRING:
		snprintf(buffer, bytes, "%s", (const char *)data);
		return;
	case CYAML_BOOL:
		snprintf(buffer, bytes, "%s",
			 load_unsigned(data, schema->data_size) ? "true"
								: "false");
		return;
	case CYAML_ENUM:
		snprintf(buffer, bytes, "%s", enum_text(schema, data));
		return;
	case CYAML_UINT:
		snprintf(buffer, bytes, "%llu",
			 (unsigned long long)load_unsigned(data,
							   schema->data_size));
		return;
	case CYAML_INT:
		snprintf(buffer, bytes, "%lld",
			 (long long)load_signed(data, schema->data_size));
		return;
	case CYAML_FLOAT:
		snprintf(buffer, bytes, "%g",
			 load_float(data, schema->data_size));
		return;
	default:
		snprintf(buffer, bytes, "?");
	}
}

static void list_scalar(struct list *list, const cyaml_schema_value_t *schema,
			const void *data)
{
	char text[64];

	switch ((int)schema->type) {
	case CYAML_STRING:
		pw_pair_text(list->table, list->path, data);
		return;
	case CYAML_UINT:
		pw_pair_u64(list->table, list->path,
			    load_unsigned(data, schema->data_size),
			    PW_UNIT_NONE);
		return;
	case CYAML_FLOAT:
		pw_pair_f64(list->table, list->path,
			    load_float(data, schema->data_size), PW_UNIT_NONE);
		return;
	default:
		format_scalar(text, sizeof(text), schema, data);
		pw_pair_text(list->table, list->path, text);
	}
}

/* Go down into what @frame describes. */
static void enter(struct list *list, const struct frame *frame)
{
	PW_ASSERT(list->depth < DEPTH_MAX && frame->path_bytes < PATH_BYTES);
	list->frame[list->depth++] = *frame;
}

static void enter_mapping(struct list *list, const cyaml_schema_value_t *schema,
			  const void *data, size_t path_bytes)
{
	struct frame frame = {
		.field = schema->mapping.fields,
		.data = data,
		.path_bytes = path_bytes,
	};

	PW_ASSERT(schema->type == CYAML_MAPPING && data);
	enter(list, &frame);
}

/* Append @key and a dot to the path; the bytes it has then. */
static size_t extend(struct list *list, size_t path_bytes, const char *key)
{
	int written = snprintf(list->path + path_bytes, PATH_BYTES - path_bytes,
			       "%s.", key);

	PW_ASSERT(written > 0 && path_bytes + (size_t)written < PATH_BYTES);
	return path_bytes + (size_t)written;
}

static size_t stride(const cyaml_schema_value_t *entry)
{
	return entry->flags & CYAML_FLAG_POINTER ? sizeof(void *)
						 : entry->data_size;
}

/* Scalars are one pair "a,b,c"; mappings are "KEY.0.", "KEY.1.", ... */
static void list_sequence(struct list *list, const cyaml_schema_value_t *schema,
			  const char *items, uint64_t count, size_t path_bytes)
{
	const cyaml_schema_value_t *entry = schema->sequence.entry;
	struct frame frame = {NULL, entry, items, 0, count, path_bytes};
	char text[512] = "";
	size_t used = 0;

	if (entry->type == CYAML_MAPPING) {
		enter(list, &frame);
		return;
	}
	for (uint64_t i = 0; i < count; i++) {
		const void *data = resolve(entry, items + i * stride(entry));

		if (used + 2 >= sizeof(text) || !data)
			break;
		if (i)
			text[used++] = ',';
		format_scalar(text + used, sizeof(text) - used, entry, data);
		used += strlen(text + used);
	}
	list->path[path_bytes - 1] = '\0';
	pw_pair_text(list->table, list->path, text);
}

/* List one field, or go down into it. */
static void list_field(struct list *list, const cyaml_schema_field_t *field,
		       const char *structure, size_t path_bytes)
{
	const cyaml_schema_value_t *schema = &field->value;
	const void *data;
	uint64_t count;

	if (schema->type == CYAML_IGNORE)
		return;
	data = resolve(schema, structure + field->data_offset);
	if (!data)
		return;
	path_bytes = extend(list, path_bytes, field->key);
	switch ((int)schema->type) {
	case CYAML_MAPPING:
		enter_mapping(list, schema, data, path_bytes);
		return;
	case CYAML_SEQUENCE:
		count = load_unsigned(structure + field->count_offset,
				      field->count_size);
		list_sequence(list, schema, data, count, path_bytes);
		return;
	case CYAML_SEQUENCE_FIXED:
		list_sequence(list, schema, data, schema->sequence.max,
			      path_bytes);
		return;
	default:
		list->path[path_bytes - 1] = '\0';
		list_scalar(list, schema, data);
	}
}

/* Go down into the next mapping of a list; false when there is none left. */
static bool list_item(struct list *list, struct frame *frame)
{
	const void *data;
	char number[24];

	if (frame->index == frame->count)
		return false;
	data = resolve(frame->entry,
		       frame->data + frame->index * stride(frame->entry));
	snprintf(number, sizeof(number), "%llu",
		 (unsigned long long)frame->index++);
	enter_mapping(list, frame->entry, data,
		      extend(list, frame->path_bytes, number));
	return true;
}

void pw_yaml_list(const cyaml_schema_value_t *schema, const void *data,
		  struct pw_table *table)
{
	struct list list = {.table = table};

	enter_mapping(&list, schema, data, 0);
	while (list.depth) {
		struct frame *frame = &list.frame[list.depth - 1];

		if (frame->field && frame->field->key)
			list_field(&list, frame->field++, frame->data,
				   frame->path_bytes);
		else if (frame->field || !list_item(&list, frame))
			list.depth--;
	}
}
