/*
 * bits.h - little-endian loads and stores, mixing, powers of two, pages.
 */
#ifndef PW_BASE_BITS_H
#define PW_BASE_BITS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "the file codecs assume a little-endian host");

#define PW_PAGE_SHIFT 12
#define PW_PAGE_BYTES ((uint64_t)1 << PW_PAGE_SHIFT)

/* Little-endian 16-bit load from any alignment. */
static inline uint16_t pw_load16(const void *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Little-endian 32-bit load from any alignment. */
static inline uint32_t pw_load32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Little-endian 64-bit load from any alignment. */
static inline uint64_t pw_load64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Little-endian 16-bit store to any alignment. */
static inline void pw_store16(void *p, uint16_t v)
{
	memcpy(p, &v, sizeof(v));
}

/* Little-endian 32-bit store to any alignment. */
static inline void pw_store32(void *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
}

/* Little-endian 64-bit store to any alignment. */
static inline void pw_store64(void *p, uint64_t v)
{
	memcpy(p, &v, sizeof(v));
}

/* Whether @v is a power of two; zero is not. */
static inline bool pw_is_pow2(uint64_t v)
{
	return v != 0 && (v & (v - 1)) == 0;
}

/* Floor of the binary logarithm of @v, which is not zero. */
static inline unsigned pw_log2(uint64_t v)
{
	return 63U - (unsigned)__builtin_clzll(v);
}

/* A bijection that spreads the bits of @v (finaliser of splitmix64). */
static inline uint64_t pw_mix64(uint64_t v)
{
	v = (v ^ (v >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	v = (v ^ (v >> 27)) * UINT64_C(0x94d049bb133111eb);
	return v ^ (v >> 31);
}

/* Signed difference to unsigned with small magnitudes small. */
static inline uint64_t pw_zigzag(uint64_t difference)
{
	return (difference << 1) ^ (uint64_t)((int64_t)difference >> 63);
}

/* The inverse of pw_zigzag. */
static inline uint64_t pw_unzigzag(uint64_t code)
{
	return (code >> 1) ^ (0 - (code & 1));
}

#endif
