/*
 * text_number.h - numbers in text traces, by hand for speed.
 *
 * Every step looks at one byte and goes on only if that is a digit, so none
 * reads past the '\n' that ends a line.
 */
#ifndef PW_FORMATS_READERS_TEXT_NUMBER_H
#define PW_FORMATS_READERS_TEXT_NUMBER_H

#include <stddef.h>
#include <stdint.h>

/* Value of a hexadecimal digit plus one; 0 for other bytes. */
extern const uint8_t pw_hex_digit[256];

/* Read 1 to 16 hexadecimal digits at @p; where they end, or NULL. */
static inline const char *pw_text_hex(const char *p, uint64_t *value)
{
	const char *begin = p;
	uint64_t v = 0;
	unsigned digit;

	while ((digit = pw_hex_digit[(uint8_t)*p]) != 0) {
		v = v << 4 | (digit - 1);
		p++;
	}
	*value = v;
	return p > begin && p - begin <= 16 ? p : NULL;
}

/* Read 1 to @digits (at most 19) decimal digits; where they end, or NULL. */
static inline const char *pw_text_decimal(const char *p, unsigned digits,
					  uint64_t *value)
{
	const char *begin = p;
	uint64_t v = 0;

	for (; *p >= '0' && *p <= '9'; p++)
		v = v * 10 + (uint64_t)(*p - '0');
	*value = v;
	return p > begin && p - begin <= (ptrdiff_t)digits ? p : NULL;
}

/* Skip blanks, and the carriage return of a line's end. */
static inline const char *pw_text_blanks(const char *p)
{
	while (*p == ' ' || *p == '\t' || *p == '\r')
		p++;
	return p;
}

#endif
