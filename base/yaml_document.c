/*
 * yaml_document.c - libyaml's tree: read, written, freed.
 */
#include "base/yaml_document.h"

#include "base/assert.h"

/* Lines and columns count from 0 in libyaml and from 1 in editors. */
static enum pw_status fail_at(const char *name, yaml_mark_t mark,
			      const char *what, struct pw_error *err)
{
	return pw_fail(err, PW_ERR_USAGE, "%s:%zu:%zu: %s", name, mark.line + 1,
		       mark.column + 1, what);
}

static enum pw_status fail_parse(const char *name, const yaml_parser_t *parser,
				 struct pw_error *err)
{
	if (parser->error == YAML_MEMORY_ERROR)
		return pw_fail_memory(err, name);
	if (parser->error == YAML_READER_ERROR)
		return pw_fail(err, PW_ERR_USAGE, "%s: byte %zu: %s", name,
			       parser->problem_offset, parser->problem);
	return fail_at(name, parser->problem_mark, parser->problem, err);
}

static enum pw_status open_parser(yaml_parser_t *parser, const char *name,
				  const char *text, struct pw_error *err)
{
	if (!yaml_parser_initialize(parser))
		return pw_fail_memory(err, name);
	yaml_parser_set_input_string(parser, (const unsigned char *)text,
				     strlen(text));
	return PW_OK;
}

/*
 * Look at the events alone: syntax, and what the tree would no longer show.
 * An alias could make a small text a huge tree.
 */
static enum pw_status scan(const char *name, const char *text,
			   struct pw_error *err)
{
	yaml_event_type_t type = YAML_NO_EVENT;
	unsigned documents = 0;
	yaml_parser_t parser;
	enum pw_status st;

	st = open_parser(&parser, name, text, err);
	if (st != PW_OK)
		return st;
	while (st == PW_OK && type != YAML_STREAM_END_EVENT) {
		yaml_event_t event;

		if (!yaml_parser_parse(&parser, &event)) {
			st = fail_parse(name, &parser, err);
			break;
		}
		type = event.type;
		documents += type == YAML_DOCUMENT_START_EVENT;
		if (type == YAML_ALIAS_EVENT)
			st = fail_at(name, event.start_mark,
				     "aliases are not supported", err);
		else if (documents > 1)
			st = fail_at(name, event.start_mark,
				     "a second document", err);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return st;
}

static enum pw_status load(yaml_document_t *tree, const char *name,
			   const char *text, struct pw_error *err)
{
	yaml_parser_t parser;
	enum pw_status st;

	st = open_parser(&parser, name, text, err);
	if (st != PW_OK)
		return st;
	if (!yaml_parser_load(&parser, tree))
		st = fail_parse(name, &parser, err);
	yaml_parser_delete(&parser);
	return st;
}

enum pw_status pw_yaml_document_read(struct pw_yaml_document *out,
				     const char *name, const char *text,
				     struct pw_error *err)
{
	yaml_node_t *root;
	enum pw_status st;

	memset(out, 0, sizeof(*out));
	out->name = name;
	st = scan(name, text, err);
	if (st == PW_OK)
		st = load(&out->tree, name, text, err);
	if (st != PW_OK)
		return st;
	root = yaml_document_get_root_node(&out->tree);
	if (!root)
		st = pw_fail(err, PW_ERR_USAGE, "%s: empty", name);
	else if (root->type != YAML_MAPPING_NODE)
		st = fail_at(name, root->start_mark,
			     "expected keys (\"key: value\")", err);
	if (st != PW_OK)
		pw_yaml_document_free(out);
	return st;
}

void pw_yaml_document_free(struct pw_yaml_document *document)
{
	yaml_document_delete(&document->tree);
	memset(&document->tree, 0, sizeof(document->tree));
}

/* libyaml's callback: 1 is success. */
static int append(void *context, unsigned char *data, size_t bytes)
{
	struct pw_array *text = context;
	struct pw_error ignored;

	PW_ASSERT(text->item_bytes == 1);
	if (bytes > SIZE_MAX - text->count ||
	    pw_array_reserve(text, text->count + bytes, &ignored) != PW_OK)
		return 0;
	if (bytes)
		memcpy((char *)text->data + text->count, data, bytes);
	text->count += bytes;
	return 1;
}

enum pw_status pw_yaml_document_write(struct pw_yaml_document *document,
				      struct pw_array *text,
				      struct pw_error *err)
{
	yaml_emitter_t emitter;
	bool done;

	PW_ASSERT(yaml_document_get_root_node(&document->tree));
	if (!yaml_emitter_initialize(&emitter))
		return pw_fail_memory(err, document->name);
	yaml_emitter_set_output(&emitter, append, text);
	yaml_emitter_set_unicode(&emitter, 1);
	yaml_emitter_set_width(&emitter, -1);
	done = yaml_emitter_open(&emitter) &&
	       yaml_emitter_dump(&emitter, &document->tree) &&
	       yaml_emitter_close(&emitter);
	yaml_emitter_delete(&emitter);
	/* Dumping freed the tree. */
	memset(&document->tree, 0, sizeof(document->tree));
	return done ? PW_OK : pw_fail_memory(err, document->name);
}
