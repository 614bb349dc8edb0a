/*
 * progress.h - rate and time left on stderr, on a terminal only.
 *
 * The caller passes what is done; nothing is shown before half a second has
 * passed, nor when stderr is no terminal, nor after pw_progress_quiet.
 */
#ifndef PW_BASE_PROGRESS_H
#define PW_BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct pw_progress {
	const char *label; /* "replay" */
	const char *unit;  /* "accesses" */
	double started_s;
	double shown_s;
	bool enabled;
	bool visible;
};

/*
 * Begin. @label and @unit must outlive the progress.
 */
void pw_progress_start(struct pw_progress *progress, const char *label,
		       const char *unit, bool quiet);

/*
 * Say that @done units are done, which is @fraction (0..1) of the work; a
 * negative fraction means that the total is unknown. Cheap to call often.
 */
void pw_progress_update(struct pw_progress *progress, uint64_t done,
			double fraction);

/*
 * Wipe the line.
 */
void pw_progress_end(struct pw_progress *progress);

#endif
