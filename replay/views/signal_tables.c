/*
 * signal_tables.c - the signals that faults of a replay ended in, as a table.
 */
#include "replay/views/signal_tables.h"

#include "base/assert.h"
#include "replay/memory/signals.h"

static const struct pw_table_spec signals_spec = {
	.name = "signals",
	.title = "Signals of faults",
	.help = "In order, with signal number and si_code as recorded and as "
		"the model has them (0 and 0: no fatal fault); the first "
		"65536.",
	.form = PW_FORM_ROWS,
	.column = {{"pid", "Process", PW_CELL_U64, PW_UNIT_NONE},
		   {"thread", "Thread", PW_CELL_U64, PW_UNIT_NONE},
		   {"address", "Address", PW_CELL_U64, PW_UNIT_ADDRESS},
		   {"signal", "Signal", PW_CELL_U64, PW_UNIT_NONE},
		   {"code", "Code", PW_CELL_U64, PW_UNIT_NONE},
		   {"model_signal", "Model's", PW_CELL_U64, PW_UNIT_NONE},
		   {"model_code", "Its code", PW_CELL_U64, PW_UNIT_NONE}},
};

void pw_signal_tables(struct pw_tables *out, const struct pw_system *system,
		      const struct pw_pids *pids)
{
	struct pw_table *table = pw_table_add(out, &signals_spec);

	for (size_t i = 0; i < system->signals.count; i++) {
		const struct pw_signal_row *row =
			&PW_ARRAY_AT(&system->signals, struct pw_signal_row, i);

		PW_ASSERT(row->process < pids->count);
		pw_cell_u64(table, pids->list[row->process]);
		pw_cell_u64(table, row->thread);
		pw_cell_u64(table, row->address);
		pw_cell_u64(table, row->seen.number);
		pw_cell_u64(table, row->seen.code);
		pw_cell_u64(table, row->expected.number);
		pw_cell_u64(table, row->expected.code);
	}
}
