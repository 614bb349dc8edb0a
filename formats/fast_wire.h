/*
 * fast_wire.h - what both sides of the fast codec agree on.
 */
#ifndef PW_FORMATS_FAST_WIRE_H
#define PW_FORMATS_FAST_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/bits.h"
#include "formats/streams.h"

enum pw_fast_stream {
	PW_FAST_SHAPES,	  /* the shapes in the order of their symbols */
	PW_FAST_SYMBOLS,  /* executions, and runs of accesses between them */
	PW_FAST_RUNS,	  /* how long those runs are */
	PW_FAST_CONTROLS, /* bytes of each difference */
	PW_FAST_BYTES,	  /* the differences */
	PW_FAST_REST,	  /* the accesses of the runs, a generic payload */
	PW_FAST_STREAMS,
};

#define PW_FAST_TABLE_BYTES (PW_FAST_STREAMS * PW_STREAM_ENTRY_BYTES)

/* Bytes of a symbol when the highest one is @shapes. */
static inline size_t pw_fast_symbol_bytes(size_t shapes)
{
	if (shapes <= UINT8_MAX)
		return 1;
	return shapes <= UINT16_MAX ? 2 : 4;
}

/* Widen @count symbols of so many @bytes each. */
static inline void pw_fast_widen_symbols(uint32_t *symbol, const uint8_t *raw,
					 size_t count, size_t bytes)
{
	for (size_t i = 0; i < count && bytes == 1; i++)
		symbol[i] = raw[i];
	for (size_t i = 0; i < count && bytes == 2; i++)
		symbol[i] = pw_load16(raw + i * 2);
	if (bytes == 4 && count > 0)
		memcpy(symbol, raw, count * 4);
}

/* Whether every nibble is at most 8. */
static inline bool pw_fast_controls_valid(const uint8_t *control, size_t count)
{
	uint8_t bad = 0;

	for (size_t i = 0; i < count; i++) {
		uint8_t c = control[i];

		bad |= (uint8_t)((c >> 3) & (c | c >> 1 | c >> 2) & 0x11);
	}
	return bad == 0;
}

#endif
