/*
 * svg.c - gnuplot's SVG made into an element of a page.
 *
 * A scanner of tags, no parser: it knows gnuplot's output and refuses the
 * rest.
 *
 * Source: gnuplot 5.4, term/svg.trm.
 */
#include "plots/svg.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/assert.h"

/* Elements that go with all they hold. */
static const char *const dropped[] = {"title", "desc", "defs"};

/* What must not be left. */
static const char *const refused[] = {
	"<script", "<foreign", "<image", "<a ",	       "<use",
	"href",	   "url(",     "<!",	 "javascript", "<?",
};

static bool is_tag(const char *at, const char *name)
{
	size_t length = strlen(name);

	return at[0] == '<' && strncmp(at + 1, name, length) == 0 &&
	       strchr(" >/\n", at[1 + length]);
}

/* After the element that begins at @at, or @at itself when it stays. */
static const char *skip_dropped(const char *at)
{
	for (size_t i = 0; i < PW_COUNT(dropped); i++) {
		char end[16];
		const char *found;

		if (!is_tag(at, dropped[i]))
			continue;
		PW_ASSERT(strlen(dropped[i]) + 4 <= sizeof(end));
		snprintf(end, sizeof(end), "</%s>", dropped[i]);
		found = strstr(at, end);
		return found ? found + strlen(end) : at;
	}
	return at;
}

/* After an empty <g ...></g>, of which gnuplot writes many, or @at. */
static const char *skip_empty(const char *at)
{
	const char *end;

	if (!is_tag(at, "g"))
		return at;
	end = strchr(at, '>');
	if (!end)
		return at;
	end++;
	end += strspn(end, " \t\r\n");
	return strncmp(end, "</g>", 4) == 0 ? end + 4 : at;
}

/* Read "rgb(  0, 114, 178)" of @length bytes; false when it is none. */
static bool read_rgb(const char *value, size_t length, unsigned long rgb[3])
{
	const char *at = value + 4;
	char *end;

	if (length < 10 || strncmp(value, "rgb(", 4) != 0)
		return false;
	for (size_t i = 0; i < 3; i++) {
		rgb[i] = strtoul(at, &end, 10);
		if (end == at || rgb[i] > 255 || *end != (i < 2 ? ',' : ')'))
			return false;
		at = end + 1;
	}
	return true;
}

/* Colours short; the two greys of our scripts in the colour of the text. */
static void put_value(FILE *out, const char *value, size_t length)
{
	unsigned long rgb[3];
	unsigned long color;

	if (!read_rgb(value, length, rgb)) {
		fwrite(value, 1, length, out);
		return;
	}
	color = rgb[0] << 16 | rgb[1] << 8 | rgb[2];
	if (color == 0x374151 || color == 0x9aa1ac)
		fputs("currentColor", out);
	else
		fprintf(out, "#%06lx", color);
}

static bool drops_attribute(const char *name, size_t length)
{
	return (length == 2 && strncmp(name, "id", 2) == 0) ||
	       (length == 5 && strncmp(name, "color", 5) == 0);
}

/* Copy the tag [at, end), end being its '>'. */
static void put_tag(FILE *out, const char *at, const char *end)
{
	PW_ASSERT(*at == '<' && *end == '>');
	while (at < end) {
		size_t name = strcspn(at, " \t\n=>");
		const char *value = at + name + 2;
		const char *close;

		if (name == 0 || at + name >= end || at[name] != '=') {
			putc(*at++, out);
			continue;
		}
		close = memchr(value, value[-1], (size_t)(end - value));
		if (!close)
			break;
		if (!drops_attribute(at, name)) {
			fprintf(out, "%.*s=%c", (int)name, at, value[-1]);
			put_value(out, value, (size_t)(close - value));
			putc(value[-1], out);
		}
		at = close + 1;
	}
	putc('>', out);
}

static void put_body(FILE *out, const char *at)
{
	while (*at) {
		const char *after = skip_dropped(at);
		const char *end;

		if (after == at)
			after = skip_empty(at);
		if (after != at) {
			at = after;
			continue;
		}
		end = *at == '<' ? strchr(at, '>') : NULL;
		if (end) {
			put_tag(out, at, end);
			at = end + 1;
		} else {
			putc(*at++, out);
		}
	}
}

static void put_label(FILE *out, const char *text)
{
	for (; *text; text++) {
		PW_ASSERT(*text >= ' ' && *text <= '~');
		if (strchr("<>&\"", *text))
			fprintf(out, "&#%d;", *text);
		else
			putc(*text, out);
	}
}

static enum pw_status check(const char *element, struct pw_error *err)
{
	for (size_t i = 0; i < PW_COUNT(refused); i++) {
		if (strcasestr(element, refused[i]))
			return pw_fail(err, PW_ERR_SYSTEM,
				       "gnuplot: its picture holds \"%s\"",
				       refused[i]);
	}
	return PW_OK;
}

/* Copy @picture with its own viewBox; false when it is no SVG. */
static bool rewrite(FILE *out, const char *picture, const char *title)
{
	const char *root = strstr(picture, "<svg");
	const char *box = root ? strstr(root, "viewBox=\"") : NULL;
	const char *body = root ? strchr(root, '>') : NULL;

	if (!box || !body || box > body)
		return false;
	fputs("<svg class=\"chart\" role=\"img\" aria-label=\"", out);
	put_label(out, title);
	fprintf(out, "\" %.*s\" xmlns=\"http://www.w3.org/2000/svg\">",
		(int)(9 + strcspn(box + 9, "\"")), box);
	put_body(out, body + 1);
	return true;
}

enum pw_status pw_svg_inline(const char *picture, const char *title,
			     char **element, struct pw_error *err)
{
	enum pw_status st = PW_OK;
	size_t bytes;
	bool is_svg;
	FILE *out;

	*element = NULL;
	out = open_memstream(element, &bytes);
	if (!out)
		return pw_fail_memory(err, "a picture");
	is_svg = rewrite(out, picture, title);
	if (fclose(out) != 0)
		st = pw_fail_memory(err, "a picture");
	else if (!is_svg)
		st = pw_fail(err, PW_ERR_SYSTEM, "gnuplot: drew no SVG");
	else
		st = check(*element, err);
	if (st != PW_OK) {
		free(*element);
		*element = NULL;
	}
	return st;
}
