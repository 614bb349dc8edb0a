/*
 * lane.h - the fast way into a trace: executions of shapes of one thread.
 *
 * A lane belongs to a writer and a thread. Between two calls of the writer for
 * other threads, or for events or plain accesses of this one, any number of
 * executions may be put into it; pw_writer_lane_begin and pw_writer_lane_end
 * enclose them, so that the writer knows the global order.
 */
#ifndef PW_FORMATS_LANE_H
#define PW_FORMATS_LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "formats/shape.h"
#include "formats/writer.h"

struct pw_lane;

/*
 * Declare a shape; *index is how many were declared before it. It is copied.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_writer_shape(struct pw_writer *writer,
			       const struct pw_shape *shape, uint32_t *index,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * Go on with @thread: what is put into *lane comes after all that came before.
 *
 * Owns:   the writer; good until pw_writer_lane_end.
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_writer_lane_begin(struct pw_writer *writer, uint32_t thread,
				    struct pw_lane **lane,
				    struct pw_error *err) PW_MUST_CHECK;

/*
 * End the stretch begun last; other calls of the writer are allowed again.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_writer_lane_end(struct pw_writer *writer,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * The thread executes @shape once; @address has the address of each slot
 * without PW_SHAPE_AT_PC, in order. True when the lane is full: end it and
 * begin again before more is put into it.
 *
 * Cost: a few nanoseconds an address; no allocation.
 */
static inline bool pw_lane_execute(struct pw_lane *lane, uint32_t shape,
				   const uint64_t *address);

#endif
