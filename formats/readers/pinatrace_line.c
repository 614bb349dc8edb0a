/*
 * pinatrace_line.c - one line of Pin's pinatrace.out.
 *
 * By hand, since a trace is gigabytes of these lines. Every step looks at one
 * byte and goes on only if that is not the '\n', so none reads past it.
 */
#include "formats/readers/pinatrace_line.h"

#include "base/status.h"
#include "formats/batch.h"

/* More than any memory operand has; XSAVE areas are the largest. */
#define SIZE_DIGITS 5

/* Value of a hexadecimal digit plus one; 0 for other bytes. */
static const uint8_t hex_digit[256] = {
	['0'] = 1,  ['1'] = 2,	['2'] = 3,  ['3'] = 4,	['4'] = 5,  ['5'] = 6,
	['6'] = 7,  ['7'] = 8,	['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
	['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16, ['A'] = 11, ['B'] = 12,
	['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

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
	uint64_t value = 0;
	unsigned digits = 0;

	if (p[0] != '0' || p[1] != 'x') {
		*address = 0;
		return skip_text(p, "(nil)");
	}
	for (p += 2; digits <= 16; digits++, p++) {
		unsigned digit = hex_digit[(uint8_t)*p];

		if (!digit)
			break;
		value = value << 4 | (digit - 1);
	}
	*address = value;
	return digits >= 1 && digits <= 16 ? p : NULL;
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

static const char *skip_blanks(const char *p)
{
	while (*p == ' ' || *p == '\t' || *p == '\r')
		p++;
	return p;
}

/* The value read or written; it may be missing and we do not keep it. */
static const char *skip_value(const char *p)
{
	while (hex_digit[(uint8_t)*p] || *p == 'x' || *p == ' ')
		p++;
	return skip_blanks(p);
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
	if (*skip_blanks(p) == '\n')
		return PW_PINATRACE_SHORT_RECORD;
	if (*p != ' ')
		return PW_PINATRACE_OTHER;
	p = parse_size(skip_blanks(p), &record->size_bytes);
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
		return eof && *skip_blanks(eof) == '\n' ? PW_PINATRACE_END
							: PW_PINATRACE_COMMENT;
	}
	if (*skip_blanks(line) == '\n')
		return PW_PINATRACE_COMMENT;
	return classify(line, record);
}
