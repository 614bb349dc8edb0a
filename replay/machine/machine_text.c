/*
 * machine_text.c - machine files as texts: changed, shown and saved.
 */
#include "replay/machine/machine_text.h"

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

static const struct pw_table_spec sources_spec = {
	.name = "sources",
	.title = "Sources",
	.help = "Where each value of the file is from, and whether it was "
		"found "
		"there.",
	.form = PW_FORM_ROWS,
	.flags = PW_TABLE_DETAIL,
	.column = {{"key", "Key", PW_CELL_TEXT, PW_UNIT_NONE},
		   {"value", "Value", PW_CELL_TEXT, PW_UNIT_NONE},
		   {"verified", "Verified", PW_CELL_TEXT, PW_UNIT_NONE},
		   {"source", "Source", PW_CELL_TEXT, PW_UNIT_NONE}},
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

/* The line of @key from @line on, or where the section ends. */
static const char *find_key(const char *line, const char *key)
{
	while (*line == ' ' && !is_key(line, key))
		line += line_bytes(line);
	return line;
}

enum pw_status pw_machine_text_set(const char **text,
				   const struct pw_machine_setting *setting,
				   struct pw_arena *arena, struct pw_error *err)
{
	const char *from = find_section(*text, setting->section);
	const char *to;
	size_t bytes;
	char *copy;

	if (!from)
		return pw_fail(err, PW_ERR_USAGE,
			       "the machine's file has no section \"%s\"",
			       setting->section);
	from = find_key(from, setting->key);
	to = from;
	if (*to == ' ')
		to += line_bytes(to);
	while (to > from && is_comment(to))
		to += line_bytes(to);
	bytes = strlen(*text) + strlen(setting->key) + strlen(setting->value) +
		strlen(setting->comment) + sizeof("  :   # \n");
	copy = pw_arena_alloc(arena, bytes, 1);
	if (!copy)
		return pw_fail_memory(err, "a machine's file");
	snprintf(copy, bytes, "%.*s  %s: %s  # %s\n%s", (int)(from - *text),
		 *text, setting->key, setting->value, setting->comment, to);
	PW_ASSERT(strlen(copy) < bytes);
	*text = copy;
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

/* ---- where values are from ---- */

/* Append @bytes of @text, with a blank between, as far as there is room. */
static void append(char *buffer, size_t buffer_bytes, const char *text,
		   size_t bytes)
{
	size_t used = strlen(buffer);

	while (bytes > 0 && text[bytes - 1] == ' ')
		bytes--;
	snprintf(buffer + used, buffer_bytes - used, "%s%.*s", used ? " " : "",
		 (int)bytes, text);
}

/* Part "..., verified: yes" off a source. */
static void part_verified(struct pw_machine_value *value)
{
	static const char mark[] = "verified: ";
	char *at = strstr(value->source, mark);
	size_t end;

	if (!at)
		return;
	snprintf(value->verified, sizeof(value->verified), "%s",
		 at + sizeof(mark) - 1);
	end = (size_t)(at - value->source);
	while (end > 0 && strchr(" ;,", value->source[end - 1]))
		end--;
	value->source[end] = '\0';
}

/* The value and comment of the line at @line, behind its key. */
static void read_value(const char *line, struct pw_machine_value *value)
{
	size_t bytes = strcspn(line, "\n");
	const char *comment = line;

	while (comment < line + bytes &&
	       !(comment[0] == '#' && comment > line && comment[-1] == ' '))
		comment++;
	line += strspn(line, " ");
	if (line > comment)
		line = comment;
	append(value->value, sizeof(value->value), line,
	       (size_t)(comment - line));
	bytes = strcspn(comment, "\n");
	if (bytes > 1)
		append(value->source, sizeof(value->source), comment + 2,
		       bytes - 2);
}

/* Go into the section that the line begins, if it begins one, or out of it. */
static void follow_section(struct pw_machine_cursor *cursor, const char *line)
{
	size_t bytes = strcspn(line, ":\n");

	if (strchr(" #\n", *line))
		return;
	cursor->section[0] = '\0';
	if (strncmp(line + bytes, ":\n", 2) == 0)
		snprintf(cursor->section, sizeof(cursor->section), "%.*s.",
			 (int)bytes, line);
}

/* Whether the line is "  key: ..." of a section. */
static bool is_value(const struct pw_machine_cursor *cursor, const char *line)
{
	return cursor->section[0] && strncmp(line, "  ", 2) == 0 &&
	       !strchr(" #\n", line[2]) &&
	       strcspn(line, ":") < strcspn(line, "\n");
}

bool pw_machine_text_next(struct pw_machine_cursor *cursor,
			  struct pw_machine_value *out)
{
	const char *line = cursor->at;
	size_t bytes;

	memset(out, 0, sizeof(*out));
	for (; *line && !is_value(cursor, line); line += line_bytes(line))
		follow_section(cursor, line);
	cursor->at = line;
	if (!*line)
		return false;
	line += 2;
	bytes = strcspn(line, ":");
	snprintf(out->key, sizeof(out->key), "%s%.*s", cursor->section,
		 (int)bytes, line);
	read_value(line + bytes + 1, out);
	line += line_bytes(line);
	while (is_comment(line)) {
		const char *words = line + strspn(line, " #");

		append(out->source, sizeof(out->source), words,
		       strcspn(words, "\n"));
		line += line_bytes(line);
	}
	part_verified(out);
	cursor->at = line;
	return true;
}

enum pw_status pw_machine_text_sources(const char *text, struct pw_tables *out,
				       struct pw_error *err)
{
	struct pw_arena *arena = pw_tables_arena(out);
	struct pw_table *table = pw_table_add(out, &sources_spec);
	struct pw_machine_cursor cursor = {.at = text};
	struct pw_machine_value value;

	while (pw_machine_text_next(&cursor, &value)) {
		const char *cells[] = {value.key, value.value, value.verified,
				       value.source};

		for (size_t i = 0; i < PW_COUNT(cells); i++) {
			const char *copy = pw_arena_copy(arena, cells[i]);

			if (!copy)
				return pw_fail_memory(err, "a machine's file");
			pw_cell_text(table, copy);
		}
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
