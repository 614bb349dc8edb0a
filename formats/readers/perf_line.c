/*
 * perf_line.c - one line of perf script, of a recording by perf mem.
 *
 * The description of the data source, "|OP LOAD|LVL L1 hit|...", is the anchor:
 * nothing else looks like it. The columns before it are found from it back-
 * wards and around the time, those behind it by what can be a number.
 */
#include "formats/readers/perf_line.h"

#include <stdbool.h>
#include <string.h>

#include "base/status.h"
#include "formats/batch.h"
#include "formats/readers/text_number.h"

/* Of a program counter; weights seldom have so many. */
#define PC_DIGITS_SURE 8
#define PC_DIGITS_MIN 6

struct word {
	const char *begin;
	const char *end;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The word that begins at or after @p; empty at @end. */
static struct word word_after(const char *p, const char *end)
{
	struct word word;

	while (p < end && is_blank(*p))
		p++;
	word.begin = p;
	while (p < end && !is_blank(*p))
		p++;
	word.end = p;
	return word;
}

/* The word that ends at or before @p; empty at @begin. */
static struct word word_before(const char *begin, const char *p)
{
	struct word word;

	while (p > begin && is_blank(p[-1]))
		p--;
	word.end = p;
	while (p > begin && !is_blank(p[-1]))
		p--;
	word.begin = p;
	return word;
}

static size_t length_of(struct word word)
{
	return (size_t)(word.end - word.begin);
}

static bool parse_hex(struct word word, uint64_t *value)
{
	uint64_t v = 0;

	if (length_of(word) < 1 || length_of(word) > 16)
		return false;
	for (const char *p = word.begin; p < word.end; p++) {
		unsigned digit = pw_hex_digit[(uint8_t)*p];

		if (!digit)
			return false;
		v = v << 4 | (digit - 1);
	}
	*value = v;
	return true;
}

static bool parse_decimal(struct word word, uint64_t *value)
{
	uint64_t v = 0;

	if (length_of(word) < 1 || length_of(word) > 18)
		return false;
	for (const char *p = word.begin; p < word.end; p++) {
		if (*p < '0' || *p > '9')
			return false;
		v = v * 10 + (uint64_t)(*p - '0');
	}
	*value = v;
	return true;
}

/* "247517.778385:" */
static bool is_time(struct word word)
{
	size_t dots = 0;

	if (length_of(word) < 4 || word.end[-1] != ':')
		return false;
	for (const char *p = word.begin; p < word.end - 1; p++) {
		if (*p == '.')
			dots++;
		else if (*p < '0' || *p > '9')
			return false;
	}
	return dots == 1;
}

/* "tid" or "pid/tid" */
static void parse_ids(struct word word, struct pw_perf_sample *sample)
{
	const char *slash = memchr(word.begin, '/', length_of(word));
	uint64_t pid = 0, tid = 0;

	if (slash) {
		struct word left = {word.begin, slash};

		if (!parse_decimal(left, &pid))
			return;
		word.begin = slash + 1;
	}
	if (!parse_decimal(word, &tid))
		return;
	sample->pid = (uint32_t)pid;
	sample->tid = (uint32_t)tid;
}

/* The columns around the time, in what precedes the address. */
static void parse_front(const char *line, const char *end,
			struct pw_perf_sample *sample)
{
	struct word word = word_after(line, end);
	struct word before;

	while (length_of(word) > 0 && !is_time(word))
		word = word_after(word.end, end);
	if (length_of(word) == 0)
		return;
	before = word_before(line, word.begin);
	if (length_of(before) > 2 && before.begin[0] == '[')
		before = word_before(line, before.begin);
	parse_ids(before, sample);
	word = word_after(word.end, end);
	if (!parse_decimal(word, &sample->period))
		sample->period = 0;
}

/* Behind the last "|KEY value" of the description at @p. */
static const char *skip_description(const char *p, const char *end)
{
	const char *bar = p;

	while (bar) {
		p = bar + 1;
		while (p < end && *p >= 'A' && *p <= 'Z')
			p++;
		bar = memchr(p, '|', (size_t)(end - p));
		if (bar && (end - bar < 3 || bar[1] < 'A' || bar[1] > 'Z'))
			bar = NULL;
	}
	return p;
}

/* The program counter among the numbers behind the description. */
static uint64_t parse_pc(const char *p, const char *end)
{
	struct word word = word_after(p, end);
	uint64_t value, last = 0;

	/* The value of the last key is words: "N/A", "No". */
	while (length_of(word) > 0 && !parse_hex(word, &value))
		word = word_after(word.end, end);
	for (; length_of(word) > 0 && parse_hex(word, &value);
	     word = word_after(word.end, end)) {
		uint64_t decimal;

		if (length_of(word) >= PC_DIGITS_SURE)
			return value;
		if (length_of(word) >= PC_DIGITS_MIN) {
			if (!parse_decimal(word, &decimal))
				return value;
			last = value;
		}
	}
	return last;
}

static bool parse_operation(const char *p, const char *end, uint8_t *kind)
{
	static const struct {
		const char *name;
		uint8_t kind;
	} operations[] = {
		{"LOAD|", PW_ACCESS_LOAD},
		{"STORE|", PW_ACCESS_STORE},
		{"EXEC|", PW_ACCESS_FETCH},
	};

	for (size_t i = 0; i < PW_COUNT(operations); i++) {
		size_t length = strlen(operations[i].name);

		if ((size_t)(end - p) >= length &&
		    memcmp(p, operations[i].name, length) == 0) {
			*kind = operations[i].kind;
			return true;
		}
	}
	return false;
}

enum pw_perf_line pw_perf_parse(const char *line, size_t bytes,
				struct pw_perf_sample *sample)
{
	static const char anchor[] = "|OP ";
	const char *end = line + bytes;
	const char *found = memmem(line, bytes, anchor, sizeof(anchor) - 1);
	struct word source, address;
	uint64_t ignored;

	*sample = (struct pw_perf_sample){0};
	if (!found) {
		struct word first = word_after(line, end);

		/* A chain's line is "\t  ffff81000000 symbol (file)". */
		if (length_of(first) == 0 || *line == '#' ||
		    (is_blank(*line) && parse_hex(first, &ignored)))
			return PW_PERF_COMMENT;
		return PW_PERF_OTHER;
	}
	source = word_before(line, found);
	address = word_before(line, source.begin);
	if (!parse_hex(source, &ignored) ||
	    !parse_hex(address, &sample->address))
		return PW_PERF_OTHER;
	if (!parse_operation(found + sizeof(anchor) - 1, end, &sample->kind))
		return PW_PERF_NO_ACCESS;
	parse_front(line, address.begin, sample);
	sample->pc = parse_pc(skip_description(found, end), end);
	return PW_PERF_SAMPLE;
}
