/*
 * text.c - UTF-8 checked and cleaned; words compared.
 */
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"

/* Code points that change how their neighbours look, or cannot be seen. */
static const struct {
	uint32_t first;
	uint32_t last;
} unsafe[] = {
	{0x0000, 0x001f},   /* C0 */
	{0x007f, 0x009f},   /* DEL, C1 */
	{0x061c, 0x061c},   /* Arabic letter mark */
	{0x180e, 0x180e},   /* Mongolian vowel separator */
	{0x200b, 0x200f},   /* zero width, directional marks */
	{0x2028, 0x202e},   /* separators, bidi embeddings and overrides */
	{0x2060, 0x206f},   /* word joiner, bidi isolates, deprecated */
	{0xfeff, 0xfeff},   /* byte order mark */
	{0xfff9, 0xfffb},   /* annotations */
	{0xfffe, 0xffff},   /* no characters, not allowed in XML */
	{0xe0000, 0xe007f}, /* tags */
};

static bool is_unsafe(uint32_t code)
{
	for (size_t i = 0; i < sizeof(unsafe) / sizeof(unsafe[0]); i++)
		if (code >= unsafe[i].first && code <= unsafe[i].last)
			return true;
	return false;
}

/* Bytes of the character that @lead begins; 0 when it begins none. */
static size_t sequence_bytes(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef)
		return 3;
	if (lead >= 0xf0 && lead <= 0xf4)
		return 4;
	return 0;
}

/* Decode the character at @text; its bytes, or 0 when it is no UTF-8. */
static size_t decode(const unsigned char *text, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t bytes = sequence_bytes(text[0]);

	if (bytes == 0)
		return 0;
	*code = bytes == 1 ? text[0] : text[0] & (0x7fU >> bytes);
	for (size_t i = 1; i < bytes; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (text[i] & 0x3fU);
	}
	if (*code < least[bytes] || *code > 0x10ffff ||
	    (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return bytes;
}

/* Append "\xNN" for each byte; the bytes written, or 0 when they do not fit. */
static size_t escape(char *to, size_t room, const unsigned char *from,
		     size_t bytes)
{
	static const char digit[] = "0123456789abcdef";

	if (room < 4 * bytes)
		return 0;
	for (size_t i = 0; i < bytes; i++) {
		*to++ = '\\';
		*to++ = 'x';
		*to++ = digit[from[i] >> 4];
		*to++ = digit[from[i] & 15];
	}
	return 4 * bytes;
}

void pw_text_clean(char *buffer, size_t buffer_bytes, const char *text)
{
	const unsigned char *from = (const unsigned char *)text;
	size_t used = 0;

	PW_ASSERT(buffer_bytes > 0);
	while (*from) {
		size_t room = buffer_bytes - 1 - used;
		uint32_t code = 0;
		size_t bytes = decode(from, &code);
		size_t put;

		if (bytes == 0 || is_unsafe(code)) {
			bytes = bytes ? bytes : 1;
			put = escape(buffer + used, room, from, bytes);
		} else {
			put = bytes <= room ? bytes : 0;
			memcpy(buffer + used, from, put);
		}
		if (put == 0)
			break;
		PW_ASSERT(put <= room);
		used += put;
		from += bytes;
	}
	PW_ASSERT(used < buffer_bytes);
	buffer[used] = '\0';
}

/* ---- nearest word ---- */

#define WORD_MAX 40

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Whether the last two letters of the prefixes a[..i], b[..j] are swapped. */
static bool swapped(const char *a, const char *b, size_t i, size_t j)
{
	return i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
}

/*
 * Edits (insert, delete, change, swap neighbours) from @a to @b: optimal
 * string alignment. Source: Damerau, CACM 7(3), 1964.
 */
static size_t distance(const char *a, const char *b)
{
	size_t cost[WORD_MAX + 1][WORD_MAX + 1];
	size_t rows = strlen(a);
	size_t columns = strlen(b);

	if (rows > WORD_MAX || columns > WORD_MAX)
		return SIZE_MAX;
	for (size_t i = 0; i <= rows; i++)
		cost[i][0] = i;
	for (size_t j = 0; j <= columns; j++)
		cost[0][j] = j;
	for (size_t i = 1; i <= rows; i++) {
		for (size_t j = 1; j <= columns; j++) {
			size_t change = a[i - 1] != b[j - 1];
			size_t best = cost[i - 1][j - 1] + change;

			best = least(best, cost[i - 1][j] + 1);
			best = least(best, cost[i][j - 1] + 1);
			if (swapped(a, b, i, j))
				best = least(best, cost[i - 2][j - 2] + 1);
			cost[i][j] = best;
		}
	}
	return cost[rows][columns];
}

const char *pw_text_nearest(const char *text, const char *const *words)
{
	size_t limit = 1 + strlen(text) / 4;
	const char *best = NULL;
	size_t best_distance = SIZE_MAX;

	PW_ASSERT(words && limit > 0);
	for (; *words; words++) {
		size_t edits = distance(text, *words);

		/* A word that must be changed in every letter is not near. */
		if (edits > limit || edits >= strlen(*words))
			continue;
		if (edits < best_distance) {
			best = *words;
			best_distance = edits;
		}
	}
	return best;
}
