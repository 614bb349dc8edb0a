/*
 * stops.h - the moments of a replay that a user asked to see: --at.
 */
#ifndef PW_REPLAY_STOPS_H
#define PW_REPLAY_STOPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/option.h"
#include "base/status.h"
#include "replay/replay.h"

struct pw_stop_wish;

struct pw_stops {
	struct pw_arena *arena;
	struct pw_stop_wish *wish;
	size_t count;
	bool steps; /* some are positions between marks */
	bool end;   /* the end is among them */
};

/*
 * Read @texts: "end", "all-marks", "access:N", "instruction:N", "time:20ms",
 * or the name of marks, in which "*", "?" and "[...]" stand for other
 * characters; "mark:NAME" where NAME would be one of the others. None are
 * "end".
 *
 * Owns:   the arena.
 * Errors: PW_ERR_USAGE a number or a time is none; PW_ERR_SYSTEM.
 */
enum pw_status pw_stops_parse(struct pw_stops *stops,
			      const struct pw_text_list *texts,
			      struct pw_arena *arena,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Whether the replay is to be looked at at this stop, a mark or a step; a
 * position is met at the first step that is not before it. *label is then how
 * the moment is called. Times are those of machine 0.
 *
 * Owns:   the arena owns *label.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_stops_match(struct pw_stops *stops, struct pw_replay *replay,
			      const struct pw_stop *stop, const char **label,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * The first wish that no stop has met, as it was written, from *cursor on,
 * which begins with 0; NULL when there is none.
 */
const char *pw_stops_missed(const struct pw_stops *stops, size_t *cursor);

#endif
