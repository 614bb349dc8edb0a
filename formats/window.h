/*
 * window.h - the accesses of a dense chunk, a piece at a time.
 *
 * A piece is small enough to stay in a core's own cache until it has been
 * looked at.
 */
#ifndef PW_FORMATS_WINDOW_H
#define PW_FORMATS_WINDOW_H

#include <stddef.h>

#include "base/status.h"
#include "formats/batch.h"
#include "formats/codec_dense.h"

/* The longest piece. */
#define PW_WINDOW_ACCESSES ((size_t)8 << 10)

struct pw_window;

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
 * The plan that the window shows, to be made anew.
 *
 * Owns: the window.
 */
struct pw_dense_plan *pw_window_plan(struct pw_window *window);

/*
 * Begin with the first access of the plan, which has been made.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_window_begin(struct pw_window *window,
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
