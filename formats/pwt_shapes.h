/*
 * pwt_shapes.h - the shapes that a native trace declares.
 *
 * They stay in the compact form of the file and are read where they are used.
 */
#ifndef PW_FORMATS_PWT_SHAPES_H
#define PW_FORMATS_PWT_SHAPES_H

#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"

/* In place of the offset of a shape that is lost. */
#define PW_SHAPE_LOST UINT32_MAX

struct pw_pwt_shapes {
	struct pw_array bytes;	/* uint8_t: shapes as in the payloads */
	struct pw_array offset; /* uint32_t: where each begins */
	uint64_t slots;		/* of all */
};

#define PW_PWT_SHAPES                                    \
	{                                                \
		PW_ARRAY(uint8_t), PW_ARRAY(uint32_t), 0 \
	}

/*
 * Add the shapes of a payload after unpacking; the first of them is @first.
 * Those between the ones that are there and @first are lost.
 *
 * Errors: PW_ERR_FORMAT nothing is added; PW_ERR_SYSTEM.
 */
enum pw_status pw_pwt_shapes_add(struct pw_pwt_shapes *shapes, uint64_t first,
				 const uint8_t *raw, size_t raw_bytes,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * Where shape @index begins in shapes->bytes, or PW_SHAPE_LOST.
 */
uint32_t pw_pwt_shapes_find(const struct pw_pwt_shapes *shapes, uint64_t index);

/*
 * Free what it holds.
 */
void pw_pwt_shapes_free(struct pw_pwt_shapes *shapes);

#endif
