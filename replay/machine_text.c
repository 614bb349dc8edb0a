/*
 * machine_text.c - machine files as texts: changed, shown and saved.
 */
#include "replay/machine_text.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/file.h"

static const struct pw_table_spec text_spec = {
	.name = "yaml",
	.title = "File",
	.help = "The machine as a file to copy and change, with the source of "
		"each value.",
	.form = PW_FORM_ROWS,
	.flags = PW_TABLE_DETAIL,
	.column = {{"line", "Line", PW_CELL_TEXT, PW_UNIT_NONE}},
};

/* Bytes of the line at @line, with its end. */
static size_t line_bytes(const char *line)
{
	size_t bytes = strcspn(line, "\n");

	return bytes + (line[bytes] == '\n');
}

/* The line behind "@section:", or NULL. */
static const char *find_section(const char *text, const char *section)
{
	size_t bytes = strlen(section);

	for (; *text; text += line_bytes(text))
		if (strncmp(text, section, bytes) == 0 && text[bytes] == ':')
			return text + line_bytes(text);
	return NULL;
}

static bool is_key(const char *line, const char *key)
{
	size_t bytes = strlen(key);

	line += strspn(line, " ");
	return strncmp(line, key, bytes) == 0 && line[bytes] == ':';
}

static bool is_comment(const char *line)
{
	return line[0] == ' ' && line[strspn(line, " ")] == '#';
}

enum pw_status pw_machine_text_set(const char *text, const char *section,
				   const char *key, const char *value,
				   const char *comment, const char **out,
				   struct pw_arena *arena, struct pw_error *err)
{
	const char *from = find_section(text, section);
	const char *to;
	size_t bytes;
	char *copy;

	if (!from)
		return pw_fail(err, PW_ERR_USAGE,
			       "the machine's file has no section \"%s\"",
			       section);
	while (*from == ' ' && !is_key(from, key))
		from += line_bytes(from);
	to = from;
	if (*to == ' ') {
		to += line_bytes(to);
		while (is_comment(to))
			to += line_bytes(to);
	}
	bytes = strlen(text) + strlen(key) + strlen(value) + strlen(comment) +
		sizeof("  :   # \n");
	copy = pw_arena_alloc(arena, bytes, 1);
	if (!copy)
		return pw_fail_memory(err, "a machine's file");
	snprintf(copy, bytes, "%.*s  %s: %s  # %s\n%s", (int)(from - text),
		 text, key, value, comment, to);
	PW_ASSERT(strlen(copy) < bytes);
	*out = copy;
	return PW_OK;
}

enum pw_status pw_machine_text_show(const char *text, struct pw_tables *out,
				    struct pw_error *err)
{
	struct pw_table *table = pw_table_add(out, &text_spec);
	char *line = pw_arena_copy(pw_tables_arena(out), text);

	if (!line)
		return pw_fail_memory(err, "a machine's file");
	while (*line) {
		char *end = strchr(line, '\n');

		if (end)
			*end = '\0';
		pw_cell_text(table, line);
		line = end ? end + 1 : line + strlen(line);
	}
	return PW_OK;
}

enum pw_status pw_machine_text_save(const char *text, const char *path,
				    struct pw_error *err)
{
	struct pw_output *output;
	enum pw_status st = pw_output_open(&output, path, err);

	if (st != PW_OK)
		return st;
	fputs(text, pw_output_stream(output));
	return pw_output_commit(output, err);
}
