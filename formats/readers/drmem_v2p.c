/*
 * drmem_v2p.c - v2p.textproto: what physical memory backs a trace's pages.
 *
 * A text protocol buffer, one field or brace a line. Only the fields of a
 * mapping and the size of pages mean something here.
 */
#include "formats/readers/drmem_v2p.h"

#include <errno.h>

#include "base/bits.h"
#include "formats/source.h"

/* A map of a million pages has less. */
#define FILE_BYTES_MAX ((size_t)256 << 20)

struct parse {
	struct pw_array *pages;
	uint64_t page_bytes;
	bool in_mapping;
	struct pw_drmem_page page;
	uint64_t line;
	uint64_t bad_lines;
	uint64_t first_bad_line;
};

bool pw_drmem_v2p_named(const char *path)
{
	static const char name[] = "v2p.textproto";
	size_t length = strlen(path);

	return length >= sizeof(name) - 1 &&
	       strcmp(path + length - (sizeof(name) - 1), name) == 0;
}

/* "key: 0x123": the number, if the line is of this key. */
static bool parse_field(const char *line, const char *key, uint64_t *value,
			bool *bad)
{
	size_t length = strlen(key);
	char *end;

	if (strncmp(line, key, length) != 0 || line[length] != ':')
		return false;
	errno = 0;
	*value = strtoull(line + length + 1, &end, 0);
	*bad = errno != 0 || end == line + length + 1 ||
	       end[strspn(end, " \t\r")] != '\0';
	return true;
}

static enum pw_status parse_line(struct parse *parse, const char *line,
				 struct pw_error *err)
{
	bool bad = false;

	line += strspn(line, " \t");
	if (strncmp(line, "address_mapping ", 16) == 0 ||
	    strncmp(line, "address_mapping{", 16) == 0) {
		parse->in_mapping = true;
		parse->page = (struct pw_drmem_page){0};
	} else if (*line == '}' && parse->in_mapping) {
		parse->in_mapping = false;
		parse->page.bytes = parse->page_bytes;
		return pw_array_push(parse->pages, &parse->page, err);
	} else if (parse_field(line, "page_size", &parse->page_bytes, &bad)) {
		bad = bad || !pw_is_pow2(parse->page_bytes);
		if (bad)
			parse->page_bytes = PW_PAGE_BYTES;
	} else if (parse->in_mapping &&
		   !parse_field(line, "virtual_address", &parse->page.address,
				&bad)) {
		(void)parse_field(line, "physical_address",
				  &parse->page.physical, &bad);
	}
	if (bad && parse->bad_lines++ == 0)
		parse->first_bad_line = parse->line;
	return PW_OK;
}

static enum pw_status parse_text(struct parse *parse, char *text,
				 struct pw_error *err)
{
	enum pw_status st = PW_OK;

	for (char *line = text; line && st == PW_OK; parse->line++) {
		char *next = strchr(line, '\n');

		if (next)
			*next++ = '\0';
		st = parse_line(parse, line, err);
		line = next;
	}
	return st;
}

enum pw_status pw_drmem_v2p_read(struct pw_array *pages,
				 const struct pw_input_file *file,
				 struct pw_damage *damage, struct pw_error *err)
{
	struct parse parse = {
		.pages = pages, .page_bytes = PW_PAGE_BYTES, .line = 1};
	struct pw_source *source = NULL;
	size_t bytes = (size_t)file->bytes;
	enum pw_status st;
	size_t got = 0;
	char *text;

	if (file->bytes > FILE_BYTES_MAX) {
		pw_damage_add(damage, "%s: too large to be read", file->path);
		return PW_OK;
	}
	text = malloc(bytes + 1);
	if (!text)
		return pw_fail_memory(err, file->path);
	st = pw_source_open(&source, file, err);
	if (st == PW_OK)
		st = pw_source_read(source, text, bytes, &got, err);
	text[got] = '\0';
	if (st == PW_OK)
		st = parse_text(&parse, text, err);
	if (parse.bad_lines > 0)
		pw_damage_add(damage, "%s:%llu: %llu lines make no sense",
			      file->path,
			      (unsigned long long)parse.first_bad_line,
			      (unsigned long long)parse.bad_lines);
	pw_source_close(source);
	free(text);
	return st;
}
