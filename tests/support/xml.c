/*
 * xml.c - a small, strict check that a text is well-formed XML.
 *
 * Source: Extensible Markup Language (XML) 1.0, fifth edition; only the parts
 *         that our pages use.
 */
#include "tests/support/xml.h"

#include <ctype.h>
#include <string.h>

#define DEPTH_MAX 64
#define ATTRIBUTES_MAX 32
#define IDS_MAX 4096

struct name {
	const char *at;
	size_t bytes;
};

struct scan {
	const char *at;
	const char *why;
	struct name open[DEPTH_MAX];
	size_t depth;
	size_t roots;
	struct name id[IDS_MAX];
	size_t ids;
};

static bool fail(struct scan *s, const char *why)
{
	s->why = why;
	return false;
}

static bool same(struct name a, struct name b)
{
	return a.bytes == b.bytes && memcmp(a.at, b.at, a.bytes) == 0;
}

static struct name read_name(struct scan *s)
{
	struct name name = {s->at, 0};

	while (isalnum((unsigned char)*s->at) ||
	       (*s->at && strchr("-_:", *s->at)))
		s->at++;
	name.bytes = (size_t)(s->at - name.at);
	return name;
}

static void skip_space(struct scan *s)
{
	while (*s->at && strchr(" \t\r\n", *s->at))
		s->at++;
}

/* One character of content or of an attribute. */
static bool read_character(struct scan *s)
{
	static const char *const entity[] = {"&amp;", "&lt;", "&gt;", "&quot;"};
	const char *digit;

	if ((unsigned char)*s->at < ' ' && !strchr("\n\t", *s->at))
		return fail(s, "a control character");
	if (*s->at != '&') {
		s->at++;
		return true;
	}
	for (size_t i = 0; i < sizeof(entity) / sizeof(entity[0]); i++) {
		if (strncmp(s->at, entity[i], strlen(entity[i])) == 0) {
			s->at += strlen(entity[i]);
			return true;
		}
	}
	digit = s->at + 2;
	while (s->at[1] == '#' && isdigit((unsigned char)*digit))
		digit++;
	if (s->at[1] != '#' || digit == s->at + 2 || *digit != ';')
		return fail(s, "an unknown entity");
	s->at = digit + 1;
	return true;
}

static bool keep_id(struct scan *s, struct name value)
{
	for (size_t i = 0; i < s->ids; i++) {
		if (same(s->id[i], value))
			return fail(s, "an id that is there already");
	}
	if (s->ids == IDS_MAX)
		return fail(s, "too many ids");
	s->id[s->ids++] = value;
	return true;
}

static bool read_attribute(struct scan *s, struct name *seen, size_t *count)
{
	struct name name = read_name(s);
	struct name value;
	char quote;

	if (name.bytes == 0 || *s->at++ != '=')
		return fail(s, "an attribute without value");
	quote = *s->at++;
	if (quote != '"' && quote != '\'')
		return fail(s, "an attribute without quotes");
	for (size_t i = 0; i < *count; i++) {
		if (same(seen[i], name))
			return fail(s, "an attribute twice");
	}
	if (*count == ATTRIBUTES_MAX)
		return fail(s, "too many attributes");
	seen[(*count)++] = name;
	value.at = s->at;
	while (*s->at != quote) {
		if (*s->at == '<' || !*s->at)
			return fail(s, "an attribute that does not end");
		if (!read_character(s))
			return false;
	}
	value.bytes = (size_t)(s->at++ - value.at);
	if (name.bytes == 2 && memcmp(name.at, "id", 2) == 0)
		return keep_id(s, value);
	return true;
}

static bool read_end_tag(struct scan *s)
{
	struct name name;

	s->at += 2;
	name = read_name(s);
	skip_space(s);
	if (s->depth == 0 || !same(s->open[s->depth - 1], name))
		return fail(s, "an end that fits no beginning");
	if (*s->at++ != '>')
		return fail(s, "an end tag that does not end");
	s->depth--;
	return true;
}

static bool read_tag(struct scan *s)
{
	struct name seen[ATTRIBUTES_MAX];
	struct name name;
	size_t count = 0;

	s->at++;
	name = read_name(s);
	if (name.bytes == 0)
		return fail(s, "a bare <");
	skip_space(s);
	while (*s->at && *s->at != '>' && *s->at != '/') {
		if (!read_attribute(s, seen, &count))
			return false;
		skip_space(s);
	}
	if (s->depth == 0 && s->roots++ > 0)
		return fail(s, "a second root");
	if (strncmp(s->at, "/>", 2) == 0) {
		s->at += 2;
		return true;
	}
	if (*s->at++ != '>')
		return fail(s, "a tag that does not end");
	if (s->depth == DEPTH_MAX)
		return fail(s, "nested too deep");
	s->open[s->depth++] = name;
	return true;
}

bool pw_xml_check(const char *text, const char **why)
{
	static const char type[] = "<!DOCTYPE html>";
	struct scan s = {.at = text};
	bool ok = true;

	if (strncmp(s.at, type, strlen(type)) == 0)
		s.at += strlen(type);
	while (ok && *s.at) {
		if (s.at[0] == '<' && s.at[1] == '/')
			ok = read_end_tag(&s);
		else if (*s.at == '<')
			ok = read_tag(&s);
		else if (s.depth == 0 && !strchr(" \t\r\n", *s.at))
			ok = fail(&s, "text outside the root");
		else
			ok = read_character(&s);
	}
	if (ok && (s.depth > 0 || s.roots != 1))
		ok = fail(&s, "elements that do not end");
	*why = s.why;
	return ok;
}

size_t pw_xml_count(const char *text, const char *name)
{
	size_t bytes = strlen(name);
	size_t count = 0;

	while ((text = strchr(text, '<'))) {
		text++;
		count += strncmp(text, name, bytes) == 0 &&
			 strchr(" \t\n/>", text[bytes]);
	}
	return count;
}
