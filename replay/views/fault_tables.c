/*
 * fault_tables.c - the faults of a replay as a table.
 */
#include "replay/views/fault_tables.h"

#include "base/assert.h"
#include "replay/memory/fault_log.h"

static const struct pw_table_spec faults_spec = {
	.name = "faults",
	.title = "Faults",
	.help = "Process by process, in order; faults at a steady distance are "
		"one row. By access: an exception; by call: a system call saw "
		"to it.",
	.form = PW_FORM_ROWS,
	.column = {{"pid", "Process", PW_CELL_U64, PW_UNIT_NONE},
		   {"kind", "Kind", PW_CELL_TEXT, PW_UNIT_NONE},
		   {"by", "By", PW_CELL_TEXT, PW_UNIT_NONE},
		   {"first", "First page", PW_CELL_U64, PW_UNIT_ADDRESS},
		   {"last", "Last page", PW_CELL_U64, PW_UNIT_ADDRESS},
		   {"faults", "Faults", PW_CELL_U64, PW_UNIT_COUNT}},
};

static void add_runs(struct pw_table *table, const struct pw_system *system,
		     uint32_t process, uint64_t pid)
{
	unsigned shift = system->machine->geometry.page_shift;
	size_t count;
	const struct pw_fault_run *run =
		pw_fault_log_runs(system->log, process, &count);

	for (size_t i = 0; i < count; i++, run++) {
		pw_cell_u64(table, pid);
		pw_cell_text(table,
			     run->how & PW_FAULT_MAJOR ? "major" : "minor");
		pw_cell_text(table,
			     run->how & PW_FAULT_IN_CALL ? "call" : "access");
		pw_cell_u64(table, run->first << shift);
		pw_cell_u64(table, run->last << shift);
		pw_cell_u64(table, run->count);
	}
}

void pw_fault_tables(struct pw_tables *out, const struct pw_system *system,
		     const struct pw_pids *pids)
{
	struct pw_table *table = pw_table_add(out, &faults_spec);

	PW_ASSERT(system->log);
	PW_ASSERT(system->log->processes.count <= pids->count);
	for (uint32_t i = 0; i < system->log->processes.count; i++)
		add_runs(table, system, i, pids->list[i]);
}
