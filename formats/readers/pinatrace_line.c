/*
 * pinatrace_line.c - one line of Pin's pinatrace.out.
 *
 * By hand, since a trace is gigabytes of these lines. Every step looks at one
 * byte and goes on only if that is not the '\n', so none reads past it.
 */
#include "formats/readers/pinatrace_line.h"

#include "base/status.h"
#include "formats/batch.h"
#include "formats/readers/text_number.h"

/* More than any memory operand has; XSAVE areas are the largest. */
#define SIZE_DIGITS 5

static const char *skip_text(const char *p, const char *text)
{
	for (; *text; text++, p++) {
		if (*p != *text)
			return NULL;
	}
	return p;
}

/* "0x7ffc722f7888", or what %p makes of a null pointer. */
static const char *parse_address(const char *p, uint64_t *address)
{
	if (p[0] != '0' || p[1] != 'x') {
		*address = 0;
		return skip_text(p, "(nil)");
	}
	return pw_text_hex(p + 2, address);
}

/* "0x7f6b601a5123: W 0x7ffc722f7888", which both variants begin with. */
static const char *parse_access(const char *p,
				struct pw_pinatrace_record *record)
{
	p = parse_address(p, &record->pc);
	if (!p || p[0] != ':' || p[1] != ' ')
		return NULL;
	p += 2;
	if (*p == 'R')
		record->kind = PW_ACCESS_LOAD;
	else if (*p == 'W')
		record->kind = PW_ACCESS_STORE;
	else
		return NULL;
	p++;
	if (*p != ' ')
		return NULL;
	while (*p == ' ')
		p++;
	return parse_address(p, &record->address);
}

static const char *parse_size(const char *p, uint32_t *size_bytes)
{
	unsigned digits = 0;
	uint32_t value = 0;

	for (; *p >= '0' && *p <= '9'; digits++, p++) {
		if (digits == SIZE_DIGITS)
			return NULL;
		value = value * 10 + (uint32_t)(*p - '0');
	}
	*size_bytes = value;
	return digits ? p : NULL;
}

/* The value read or written; it may be missing and we do not keep it. */
static const char *skip_value(const char *p)
{
	while (pw_hex_digit[(uint8_t)*p] || *p == 'x' || *p == ' ')
		p++;
	return pw_text_blanks(p);
}

static enum pw_pinatrace_line classify(const char *p,
				       struct pw_pinatrace_record *record)
{
	p = parse_access(p, record);
	record->size_bytes = 0;
	if (!p)
		return PW_PINATRACE_OTHER;
	if (*p == '\n')
		return PW_PINATRACE_SHORT_RECORD;
	if (*pw_text_blanks(p) == '\n')
		return PW_PINATRACE_SHORT_RECORD;
	if (*p != ' ')
		return PW_PINATRACE_OTHER;
	p = parse_size(pw_text_blanks(p), &record->size_bytes);
	if (!p || (*p != ' ' && *p != '\r' && *p != '\n'))
		return PW_PINATRACE_OTHER;
	return *skip_value(p) == '\n' ? PW_PINATRACE_RECORD
				      : PW_PINATRACE_OTHER;
}

enum pw_pinatrace_line pw_pinatrace_parse(const char *line, const char **next,
					  struct pw_pinatrace_record *record)
{
	const char *eof;

	*record = (struct pw_pinatrace_record){0};
	*next = (const char *)rawmemchr(line, '\n') + 1;
	if (*line == '#') {
		eof = skip_text(line, "#eof");
		return eof && *pw_text_blanks(eof) == '\n'
			       ? PW_PINATRACE_END
			       : PW_PINATRACE_COMMENT;
	}
	if (*pw_text_blanks(line) == '\n')
		return PW_PINATRACE_COMMENT;
	return classify(line, record);
}

/* What a word at @p says was done, and where it ends; NULL for others. */
static const char *parse_verb(const char *p, uint8_t *kind)
{
	static const struct {
		char word[6];
		uint8_t kind;
	} verbs[] = {
		{"R", PW_ACCESS_LOAD},	  {"W", PW_ACCESS_STORE},
		{"L", PW_ACCESS_LOAD},	  {"S", PW_ACCESS_STORE},
		{"LD", PW_ACCESS_LOAD},	  {"ST", PW_ACCESS_STORE},
		{"RD", PW_ACCESS_LOAD},	  {"WR", PW_ACCESS_STORE},
		{"LOAD", PW_ACCESS_LOAD}, {"STORE", PW_ACCESS_STORE},
		{"READ", PW_ACCESS_LOAD}, {"WRITE", PW_ACCESS_STORE},
	};
	char word[6] = "";
	size_t length = 0;

	for (; *p >= 'A' && length < sizeof(word) - 1; length++, p++)
		word[length] = (char)(*p & ~0x20);
	for (size_t i = 0; i < PW_COUNT(verbs); i++) {
		if (strcmp(word, verbs[i].word) == 0) {
			*kind = verbs[i].kind;
			return p;
		}
	}
	return NULL;
}

static const char *skip_separators(const char *p)
{
	while (*p == ' ' || *p == '\t' || *p == '\r' || *p == ',' || *p == ':')
		p++;
	return p;
}

static const char *parse_number(const char *p, bool hex, uint64_t *value)
{
	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X'))
		return pw_text_hex(p + 2, value);
	return hex ? pw_text_hex(p, value) : pw_text_decimal(p, 19, value);
}

/* The fields behind the verb, at @p; NULL when they make no sense. */
static const char *parse_fields(const char *p, bool hex,
				struct pw_pinatrace_record *record)
{
	const char *begin = p;

	p = skip_separators(p);
	p = p > begin ? parse_number(p, hex, &record->address) : NULL;
	if (!p || *p == '\n')
		return p;
	begin = p;
	p = skip_separators(p);
	if (p > begin && *p != '\n')
		p = parse_size(p, &record->size_bytes);
	return p && *pw_text_blanks(p) == '\n' ? p : NULL;
}

enum pw_pinatrace_line
pw_pinatrace_parse_plain(const char *line, const char **next, bool hex,
			 struct pw_pinatrace_record *record)
{
	const char *p;

	*record = (struct pw_pinatrace_record){0};
	p = parse_verb(line, &record->kind);
	if (p)
		p = parse_fields(p, hex, record);
	*next = (const char *)rawmemchr(p ? p : line, '\n') + 1;
	if (p)
		return record->size_bytes ? PW_PINATRACE_RECORD
					  : PW_PINATRACE_SHORT_RECORD;
	return *line == '#' || *pw_text_blanks(line) == '\n'
		       ? PW_PINATRACE_COMMENT
		       : PW_PINATRACE_OTHER;
}
