/*
 * fast_wire.h - what both sides of the fast codec agree on.
 */
#ifndef PW_FORMATS_FAST_WIRE_H
#define PW_FORMATS_FAST_WIRE_H

#include <stddef.h>
#include <stdint.h>

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

#endif
