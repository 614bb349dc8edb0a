/*
 * shape.h - the fixed part of accesses that come again and again.
 *
 * A shape is a list of slots, one for each access of, say, a basic block:
 * program counter, kind and size. A thread that executes the shape makes these
 * accesses in this order. A slot whose kind has PW_SHAPE_AT_PC has its pc as
 * its address (fetches); the address of every other slot differs from
 * execution to execution and is stored in the trace.
 */
#ifndef PW_FORMATS_SHAPE_H
#define PW_FORMATS_SHAPE_H

#include <stddef.h>
#include <stdint.h>

#include "formats/batch.h"

#define PW_SHAPE_AT_PC 128 /* flag of a slot's kind: the address is the pc */
#define PW_SHAPE_SLOTS_MAX 65536

struct pw_shape {
	size_t count; /* slots, at least 1 */
	const uint64_t *pc;
	const uint32_t *size_bytes;
	const uint8_t *kind; /* enum pw_access_kind bits, PW_SHAPE_AT_PC */
};

#endif
