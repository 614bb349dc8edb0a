/*
 * stat_tables.c - what happened when, in the words of vmstat and sar.
 */
#include "replay/views/stat_tables.h"

#include "base/assert.h"
#include "base/bits.h"

#define NS_A_SECOND 1e9
#define NAME(name) {#name, #name, PW_CELL_U64, PW_UNIT_COUNT},

static const struct pw_table_spec vmstat_spec = {
	.name = "vmstat",
	.title = "Machine by interval",
	.help = "nr_ are pages at the end of a row, all others, nr_dirtied and "
		"nr_written what happened in it, as in /proc/vmstat; time is "
		"simulated.",
	.form = PW_FORM_ROWS,
	.flags = PW_TABLE_PRIMARY,
	.chart = {.kind = PW_CHART_STEPS,
		  .x = "time_ns",
		  .y = {"pgfault", "pgmajfault"},
		  .y_title = "faults per interval",
		  .x_ends = true},
	.column =
		{
			{"time_ns", "Time", PW_CELL_U64, PW_UNIT_NS},
			{"accesses", "Accesses", PW_CELL_U64, PW_UNIT_COUNT},
			{"instructions", "Instructions", PW_CELL_U64,
			 PW_UNIT_COUNT},
#define PW_VMSTAT(name, kind, value, help) NAME(name)
#include "replay/views/vmstat_fields.def"
#undef PW_VMSTAT
		},
};

/* sar -B of sysstat 12.6. */
#define SAR_COLUMNS                                                    \
	{"pgpgin_s", "pgpgin/s", PW_CELL_F64, PW_UNIT_NONE},           \
		{"pgpgout_s", "pgpgout/s", PW_CELL_F64, PW_UNIT_NONE}, \
		{"fault_s", "fault/s", PW_CELL_F64, PW_UNIT_NONE},     \
		{"majflt_s", "majflt/s", PW_CELL_F64, PW_UNIT_NONE},   \
		{"pgfree_s", "pgfree/s", PW_CELL_F64, PW_UNIT_NONE},   \
		{"pgscank_s", "pgscank/s", PW_CELL_F64, PW_UNIT_NONE}, \
		{"pgscand_s", "pgscand/s", PW_CELL_F64, PW_UNIT_NONE}, \
		{"pgsteal_s", "pgsteal/s", PW_CELL_F64, PW_UNIT_NONE}, \
	{                                                              \
		"vmeff", "%vmeff", PW_CELL_F64, PW_UNIT_NONE           \
	}

static const struct pw_table_spec sar_spec = {
	.name = "sar",
	.title = "Paging by interval",
	.help = "Events a second of simulated time, as sar -B has them; time "
		"is that at the end of a row.",
	.form = PW_FORM_ROWS,
	.flags = PW_TABLE_PRIMARY,
	.chart = {.kind = PW_CHART_STEPS,
		  .x = "time_ns",
		  .y = {"fault_s", "majflt_s"},
		  .y_title = "faults a second",
		  .x_ends = true},
	.column = {{"time_ns", "Time", PW_CELL_U64, PW_UNIT_NS}, SAR_COLUMNS},
};

static const struct pw_table_spec average_spec = {
	.name = "average",
	.title = "Average",
	.help = "The same of the whole run.",
	.form = PW_FORM_ROWS,
	.column = {SAR_COLUMNS},
};

static const struct pw_stat_row beginning;

static void add_vmstat(struct pw_table *table, const struct pw_stat_row *row,
		       const struct pw_stat_row *before)
{
	struct pw_vmstat since = pw_vmstat_since(&row->vmstat, &before->vmstat);

	pw_cell_u64(table, row->ns);
	pw_cell_u64(table, row->accesses - before->accesses);
	pw_cell_u64(table, row->instructions - before->instructions);
#define PW_VMSTAT(name, kind, value, help) pw_cell_u64(table, since.name);
#include "replay/views/vmstat_fields.def"
#undef PW_VMSTAT
}

/* Events a second. */
static void add_rates(struct pw_table *table, const struct pw_stat_row *row,
		      const struct pw_stat_row *before)
{
	struct pw_vmstat since = pw_vmstat_since(&row->vmstat, &before->vmstat);
	double seconds = (double)(row->ns - before->ns) / NS_A_SECOND;
	const uint64_t events[] = {since.pgpgin,
				   since.pgpgout,
				   since.pgfault,
				   since.pgmajfault,
				   since.pgfree,
				   0,
				   0,
				   0,
				   0};

	PW_ASSERT(row->ns >= before->ns);
	for (size_t i = 0; i < PW_COUNT(events); i++)
		pw_cell_f64(table,
			    seconds > 0 ? (double)events[i] / seconds : 0);
}

void pw_stat_tables(struct pw_tables *out, enum pw_stat_view view,
		    const struct pw_stat_row *rows, size_t count)
{
	const struct pw_stat_row *before = &beginning;
	struct pw_table *table = pw_table_add(
		out, view == PW_STAT_SAR ? &sar_spec : &vmstat_spec);

	for (size_t i = 0; i < count; i++) {
		if (view == PW_STAT_SAR) {
			pw_cell_u64(table, rows[i].ns);
			add_rates(table, &rows[i], before);
		} else {
			add_vmstat(table, &rows[i], before);
		}
		before = &rows[i];
	}
	if (view == PW_STAT_SAR && count > 0)
		add_rates(pw_table_add(out, &average_spec), before, &beginning);
}
