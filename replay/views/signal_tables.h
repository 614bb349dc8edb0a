/*
 * signal_tables.h - the signals that faults of a replay ended in, as a table.
 */
#ifndef PW_REPLAY_SIGNAL_TABLES_H
#define PW_REPLAY_SIGNAL_TABLES_H

#include "base/table.h"
#include "formats/pids.h"
#include "replay/memory/system.h"

/*
 * Add the table of the signals of @system to @out; @pids are those of the
 * trace.
 */
void pw_signal_tables(struct pw_tables *out, const struct pw_system *system,
		      const struct pw_pids *pids);

#endif
