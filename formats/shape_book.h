/*
 * shape_book.h - the shapes that a trace being written has declared.
 *
 * Of each shape only what executions need is kept; its slots wait as bytes for
 * the next SHAPES chunk.
 */
#ifndef PW_FORMATS_SHAPE_BOOK_H
#define PW_FORMATS_SHAPE_BOOK_H

#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"
#include "formats/lane.h"

struct pw_shape_book {
	struct pw_array shapes;	 /* struct pw_lane_shape */
	struct pw_array sizes;	 /* uint32_t: of slots with stored addresses */
	struct pw_array pcs;	 /* uint64_t: of the same, in the same order */
	struct pw_array waiting; /* uint8_t: shapes that are in no chunk yet */
	size_t first_waiting;	 /* the first of them */
	uint64_t slots;		 /* of all shapes */
	uint64_t wire_bytes;	 /* the same */
	size_t slots_max;	 /* of one shape */
	size_t stored_max;	 /* stored addresses of one */
};

#define PW_SHAPE_BOOK                                                        \
	{                                                                    \
		PW_ARRAY(struct pw_lane_shape), PW_ARRAY(uint32_t),          \
			PW_ARRAY(uint64_t), PW_ARRAY(uint8_t), 0, 0, 0, 0, 0 \
	}

/*
 * Add a shape; its index is how many there were.
 *
 * Errors: PW_ERR_OUTPUT more than the format holds; PW_ERR_SYSTEM.
 */
enum pw_status pw_shape_book_add(struct pw_shape_book *book,
				 const struct pw_shape *shape,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * Free what the book holds.
 */
void pw_shape_book_free(struct pw_shape_book *book);

#endif
