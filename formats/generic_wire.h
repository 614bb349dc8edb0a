/*
 * generic_wire.h - what both sides of the generic codec agree on.
 */
#ifndef PW_FORMATS_GENERIC_WIRE_H
#define PW_FORMATS_GENERIC_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "formats/streams.h"

enum pw_generic_stream {
	PW_STREAM_KIND,
	PW_STREAM_SIZE,
	PW_STREAM_PC,
	PW_STREAM_ADDRESS,
	PW_STREAMS,
};

#define PW_STREAM_TABLE_BYTES (PW_STREAMS * PW_STREAM_ENTRY_BYTES)

/* A kind, a size and its escape, a pc and an address. */
#define PW_GENERIC_BYTES_MAX 27

#define PW_KIND_AT_PC 0x80 /* the address is the pc and is not stored */
#define PW_SIZE_ESCAPE 255
#define PW_PREDICTIONS 4096

/* Where the prediction of the next address of @pc and @kind stands. */
static inline unsigned pw_prediction_index(uint64_t pc, uint8_t kind)
{
	uint64_t key = pc ^ ((uint64_t)kind << 56);

	return (unsigned)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 52);
}

#endif
