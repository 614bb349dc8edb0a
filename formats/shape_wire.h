/*
 * shape_wire.h - a shape in the payload of a SHAPES chunk.
 */
#ifndef PW_FORMATS_SHAPE_WIRE_H
#define PW_FORMATS_SHAPE_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"
#include "formats/shape.h"

/* A slot is a kind, a size and a pc, of at least a byte each. */
#define PW_SHAPE_SLOT_BYTES_MIN 3

/*
 * Append a shape to @out, an array of bytes.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_shape_put(struct pw_array *out, const struct pw_shape *shape,
			    struct pw_error *err) PW_MUST_CHECK;

/*
 * Check the shape at @in, of bytes that end at @end; returns the first byte
 * after it, or NULL when it is malformed. *slots is how many it has.
 */
const uint8_t *pw_shape_check(const uint8_t *in, const uint8_t *end,
			      size_t *slots);

/*
 * How many slots the shape at @in has, which pw_shape_check found right.
 */
size_t pw_shape_slots(const uint8_t *in, const uint8_t *end);

/*
 * Read that shape into arrays with room for its slots.
 */
void pw_shape_get(const uint8_t *in, const uint8_t *end, uint64_t *pc,
		  uint32_t *size_bytes, uint8_t *kind);

#endif
