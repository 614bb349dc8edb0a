/*
 * cut_window.h - the one stretch of a trace that a cut keeps.
 *
 * It begins and ends between two accesses, or at an event that is a mark.
 */
#ifndef PW_FORMATS_CUT_WINDOW_H
#define PW_FORMATS_CUT_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "formats/batch.h"

/* What --from and --to count, all threads together. */
enum pw_cut_unit { PW_CUT_INSTRUCTIONS, PW_CUT_ACCESSES };

struct pw_cut_window_options {
	enum pw_cut_unit unit;
	uint64_t from;
	uint64_t to;	       /* UINT64_MAX: to the end */
	const char *mark;      /* from PREFIX+MARK to PREFIX-MARK, or NULL */
	const char *from_mark; /* or between these; NULL: no bound */
	const char *to_mark;
};

enum pw_cut_phase { PW_CUT_BEFORE, PW_CUT_INSIDE, PW_CUT_AFTER };

struct pw_cut_window {
	struct pw_cut_window_options options;
	enum pw_cut_phase phase;
	uint64_t instructions; /* begun so far */
	uint64_t accesses;     /* so far */
};

/*
 * Begin at the begin of a trace.
 */
void pw_cut_window_init(struct pw_cut_window *window,
			const struct pw_cut_window_options *options);

/*
 * Take accesses from @from on: as many as lie on the same side of the window's
 * ends as the first of them. Returns where those end and sets the phase that
 * they are in.
 *
 * Cost: a look at each kind where the window begins or ends, else none.
 */
size_t pw_cut_window_accesses(struct pw_cut_window *window,
			      const struct pw_accesses *accesses, size_t from);

/*
 * An event comes. Returns whether it is one to keep: those before the window
 * and in it, marks at both its ends included. Sets the phase that follows.
 */
bool pw_cut_window_event(struct pw_cut_window *window,
			 const struct pw_event *event);

#endif
