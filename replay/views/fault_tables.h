/*
 * fault_tables.h - the faults of a replay as a table.
 */
#ifndef PW_REPLAY_FAULT_TABLES_H
#define PW_REPLAY_FAULT_TABLES_H

#include "base/table.h"
#include "formats/pids.h"
#include "replay/memory/system.h"

/*
 * Add the table of the faults that @system has logged; @pids are those of the
 * trace.
 */
void pw_fault_tables(struct pw_tables *out, const struct pw_system *system,
		     const struct pw_pids *pids);

#endif
