/*
 * window.h - the accesses of a fast or dense chunk, a piece at a time.
 *
 * A piece is small enough to stay in a core's own cache until it has been
 * looked at.
 */
#ifndef PW_FORMATS_WINDOW_H
#define PW_FORMATS_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "formats/batch.h"
#include "formats/codec_dense.h"
#include "formats/codec_fast.h"

/* The longest piece. */
#define PW_WINDOW_ACCESSES ((size_t)8 << 10)

struct pw_window;

/* What is shown, and what it needs while it is planned. */
struct pw_window_source {
	const struct pw_pwt_shapes *shapes;
	struct pw_generic_decoder *generic;
	const struct pw_generic_payload *payload;
	bool no_pc; /* nobody looks at pc: it may be NULL */
};

/*
 * Make a window.
 *
 * Owns:   *out is the caller's; free it with pw_window_close.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_window_open(struct pw_window **out,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Free the window. NULL is allowed.
 */
void pw_window_close(struct pw_window *window);

/*
 * Show a payload of the fast codec, or with @dense of the dense one, from its
 * first access on. *instructions is how many begin in it.
 *
 * Errors: as pw_fast_plan_make and pw_dense_plan_make; after a failure the
 *         window must not be used before another payload is shown.
 */
enum pw_status pw_window_show(struct pw_window *window, bool dense,
			      const struct pw_window_source *source,
			      uint64_t *instructions,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * The next @count accesses, at most PW_WINDOW_ACCESSES and not more than are
 * left.
 *
 * Owns: the window; good until the next call.
 */
void pw_window_next(struct pw_window *window, size_t count,
		    struct pw_accesses *out);

#endif
