/*
 * replay_tables.h - the results of a replay as tables.
 */
#ifndef PW_REPLAY_REPLAY_TABLES_H
#define PW_REPLAY_REPLAY_TABLES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/table.h"
#include "formats/pids.h"
#include "replay/machine/machine.h"
#include "replay/replay.h"

/*
 * Add the tables of machine @index of a finished replay to @out, as an element
 * of the group "machines"; with those of a sweep when it was @swept, and of
 * its faults when they were logged; @pids are those of the trace.
 */
void pw_replay_tables(struct pw_tables *out, struct pw_replay *replay,
		      const struct pw_machine *machine, size_t index,
		      const struct pw_pids *pids, bool swept);

#endif
