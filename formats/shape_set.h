/*
 * shape_set.h - the shapes that a chunk lists, with their slots.
 *
 * The slots of all of them stand one after the other in arrays; PW_SHAPE_AT_PC
 * is taken off the kinds. Behind the last slot there is room for some more, so
 * that slots can be copied in blocks.
 */
#ifndef PW_FORMATS_SHAPE_SET_H
#define PW_FORMATS_SHAPE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"
#include "formats/pwt_shapes.h"

#define PW_SHAPE_SET_SLACK 8

/* A listed shape; what it has begins at these places of the arrays. */
struct pw_shape_use {
	uint32_t index;	 /* of the shape in the trace */
	uint32_t offset; /* of the shape in the trace's shapes */
	uint32_t slot;
	uint32_t slots;
	uint32_t first; /* of its stored slots */
	uint32_t stored;
	uint32_t instructions;
	bool seen; /* for the codec that uses the set */
};

struct pw_shape_set {
	struct pw_array entry;	/* struct pw_shape_use, by symbol - 1 */
	struct pw_array pc;	/* uint64_t, by slot; and so on */
	struct pw_array size;	/* uint32_t */
	struct pw_array kind;	/* uint8_t */
	struct pw_array stored; /* uint16_t: slots with stored addresses */
	size_t slots_max;	/* the most that one shape has */
};

#define PW_SHAPE_SET                                               \
	{                                                          \
		PW_ARRAY(struct pw_shape_use), PW_ARRAY(uint64_t), \
			PW_ARRAY(uint32_t), PW_ARRAY(uint8_t),     \
			PW_ARRAY(uint16_t), 0                      \
	}

/*
 * Read the list of shapes at @in, zigzag varints that end at @end, and their
 * slots from @shapes. All slots together must be no more than @count.
 *
 * Owns:   @set holds memory; free it with pw_shape_set_free.
 * Errors: PW_ERR_FORMAT the list is malformed or a shape is lost;
 *         PW_ERR_SYSTEM.
 */
enum pw_status pw_shape_set_read(struct pw_shape_set *set,
				 const struct pw_pwt_shapes *shapes,
				 const uint8_t *in, const uint8_t *end,
				 size_t count,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * Free what the set holds.
 */
void pw_shape_set_free(struct pw_shape_set *set);

#endif
