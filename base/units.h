/*
 * units.h - quantities with units, read and shown; checked arithmetic.
 */
#ifndef PW_BASE_UNITS_H
#define PW_BASE_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "base/table.h"

/*
 * Read a size such as "4096", "4K", "2M", "1.5G", "64GiB" (binary multiples;
 * "kB"-style decimal units are refused, since half of all readers would be
 * wrong about them).
 *
 * Units:  *bytes in bytes.
 * Errors: PW_ERR_USAGE not a size, negative, a fraction of a byte, or over
 *         2^64 - 1.
 */
enum pw_status pw_parse_size(const char *text, uint64_t *bytes,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Read a count such as "1000", "1e6", "5k", "2M", "1.5G" (decimal multiples).
 *
 * Errors: PW_ERR_USAGE as pw_parse_size.
 */
enum pw_status pw_parse_count(const char *text, uint64_t *count,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Read a duration: "500ns", "1.5us", "20ms", "2s"; a bare number is refused.
 *
 * Units:  *ns in nanoseconds.
 * Errors: PW_ERR_USAGE.
 */
enum pw_status pw_parse_ns(const char *text, uint64_t *ns,
			   struct pw_error *err) PW_MUST_CHECK;

/*
 * Read a number of processor cycles: "9" or "9 cycles".
 *
 * Units:  *cycles in cycles.
 * Errors: PW_ERR_USAGE.
 */
enum pw_status pw_parse_cycles(const char *text, uint64_t *cycles,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * @value of @unit for people: "1.5 MiB", "12,345", "3.21 us", "0x1000".
 * Independent of the locale.
 */
void pw_format_u64(char *buffer, size_t buffer_bytes, uint64_t value,
		   enum pw_unit unit);

/*
 * The same for a fraction: ratios in per cent, others with two decimals.
 */
void pw_format_f64(char *buffer, size_t buffer_bytes, double value,
		   enum pw_unit unit);

/*
 * The shortest decimal text that reads back as @value, with a point whatever
 * the locale; "nan" and infinities never come out: they become 0.
 */
void pw_format_exact(char *buffer, size_t buffer_bytes, double value);

/* a + b in *sum; false when it overflows. */
static inline bool pw_add(uint64_t a, uint64_t b, uint64_t *sum)
{
	return !__builtin_add_overflow(a, b, sum);
}

/* a * b in *product; false when it overflows. */
static inline bool pw_mul(uint64_t a, uint64_t b, uint64_t *product)
{
	return !__builtin_mul_overflow(a, b, product);
}

#endif
