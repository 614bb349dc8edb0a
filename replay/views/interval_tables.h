/*
 * interval_tables.h - what happened when, as tables.
 */
#ifndef PW_REPLAY_INTERVAL_TABLES_H
#define PW_REPLAY_INTERVAL_TABLES_H

#include <stddef.h>
#include <stdint.h>

#include "base/table.h"
#include "replay/machine/machine.h"
#include "replay/views/row_series.h"

/*
 * @many for each of @each; 0 when there are none.
 */
double pw_per(uint64_t many, uint64_t each);

/*
 * Add to @out the tables of the @count rows of @machine.
 */
void pw_interval_tables(struct pw_tables *out, const struct pw_machine *machine,
			const struct pw_replay_row *rows, size_t count);

#endif
