/*
 * varint.h - integers in as many bytes as they need: base 128, low bits first.
 */
#ifndef PW_FORMATS_VARINT_H
#define PW_FORMATS_VARINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PW_VARINT_MAX 10

/*
 * Write @value at @out, which has room for PW_VARINT_MAX bytes; returns the
 * first byte after it.
 */
static inline uint8_t *pw_varint_put(uint8_t *out, uint64_t value)
{
	while (value >= 0x80) {
		*out++ = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	*out++ = (uint8_t)value;
	return out;
}

/*
 * Read a varint of more than one byte; see pw_varint_get.
 */
static inline const uint8_t *
pw_varint_get_long(const uint8_t *in, const uint8_t *end, uint64_t *value)
{
	uint64_t sum = 0;

	for (unsigned shift = 0; shift < 70 && in < end; shift += 7) {
		uint64_t byte = *in++;

		if (shift == 63 && byte > 1)
			return NULL;
		sum |= (byte & 0x7f) << shift;
		if (byte < 0x80) {
			*value = sum;
			return in;
		}
	}
	return NULL;
}

/*
 * Read a varint at @in that ends before @end; returns the first byte after
 * it, or NULL when it is cut or over 64 bits.
 */
static inline const uint8_t *pw_varint_get(const uint8_t *in,
					   const uint8_t *end, uint64_t *value)
{
	if (in < end && *in < 0x80) {
		*value = *in;
		return in + 1;
	}
	return pw_varint_get_long(in, end, value);
}

#endif
