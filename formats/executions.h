/*
 * executions.h - what one thread has executed in a chunk, with all addresses.
 *
 * Symbols 1, 2, ... are shapes in the order in which they were first executed;
 * symbol 0 is a run of accesses without a shape, which are kept elsewhere.
 */
#ifndef PW_FORMATS_EXECUTIONS_H
#define PW_FORMATS_EXECUTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"
#include "formats/lane_store.h"
#include "formats/shape_book.h"

struct pw_executions {
	const struct pw_shape_book *book;
	struct pw_array shapes;	 /* uint32_t: of symbols 1, 2, ... */
	struct pw_array symbols; /* uint32_t */
	struct pw_array address; /* uint64_t: of stored slots, in order */
	struct pw_array runs;	 /* uint8_t: varints, of each symbol 0 */
};

#define PW_EXECUTIONS                                         \
	{                                                     \
		NULL, PW_ARRAY(uint32_t), PW_ARRAY(uint32_t), \
			PW_ARRAY(uint64_t), PW_ARRAY(uint8_t) \
	}

/*
 * Free what it holds.
 */
void pw_executions_free(struct pw_executions *executions);

/*
 * Forget all executions; those that come are of shapes in @book.
 */
void pw_executions_clear(struct pw_executions *executions,
			 const struct pw_shape_book *book);

/*
 * The shape of a symbol that is not 0.
 */
static inline const struct pw_lane_shape *
pw_executions_shape(const struct pw_executions *executions, uint32_t symbol)
{
	uint32_t shape = PW_ARRAY_AT(&executions->shapes, uint32_t, symbol - 1);

	return &PW_ARRAY_AT(&executions->book->shapes, struct pw_lane_shape,
			    shape);
}

/*
 * Read what a lane has stored, which is settled.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_executions_read(struct pw_executions *executions,
				  const struct pw_lane_store *store,
				  struct pw_error *err) PW_MUST_CHECK;

/* Addresses being read from differences; see FORMAT.md, codec 2. */
struct pw_difference_reader {
	const uint8_t *control;
	const uint8_t *byte;
	uint64_t previous;
	uint64_t *out;
};

/*
 * Read the addresses of one execution, whose slots' addresses before are at
 * @last; there are eight readable bytes behind the last difference.
 */
void pw_difference_read(struct pw_difference_reader *reader, uint64_t *last,
			uint32_t stored, bool first);

#endif
