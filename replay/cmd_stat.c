/*
 * cmd_stat.c - pagewalk stat: what vmstat and sar would say, as time goes on.
 */

#include "base/array.h"
#include "base/assert.h"
#include "base/command.h"
#include "base/units.h"
#include "formats/touch_cut.h"
#include "replay/machine/cost.h"
#include "replay/machine/machine_options.h"
#include "replay/replay_job.h"
#include "replay/views/stat_tables.h"

struct args {
	struct pw_machine_args on;
	struct pw_text_list trace;
	const char *interval;
	uint64_t view; /* enum pw_stat_view */
};

_Static_assert(offsetof(struct args, on) == 0,
	       "the machine options fill the first member");

static const struct pw_option options[] = {
	PW_MACHINE_OPTIONS,
	{
		.name = "interval",
		.argument = "LENGTH",
		.type = PW_OPTION_TEXT,
		.offset = offsetof(struct args, interval),
		.help = "Of a row: simulated time such as 10ms, or accesses "
			"(default: about 100 rows)",
	},
	{
		.name = "view",
		.argument = "WORDS",
		.type = PW_OPTION_CHOICE,
		.choices = "vmstat|sar",
		.offset = offsetof(struct args, view),
		.fallback = "vmstat",
		.help = "Whose columns",
	},
	{0},
};

/* Rows as they come. */
struct series {
	uint64_t interval_ns; /* 0: a row for each step */
	uint64_t due_ns;
	struct pw_stat_row last;
	struct pw_array rows; /* struct pw_stat_row */
};

static void read_row(struct pw_replay *replay, struct pw_stat_row *row)
{
	const struct pw_counters *counters = pw_replay_counters(replay, 0);
	const struct pw_system *system = pw_replay_system(replay, 0);

	row->ns = pw_cost_ns(&system->machine->cost, counters);
	row->accesses = counters->accesses;
	row->instructions = counters->instructions;
	pw_vmstat_read(system, counters, &row->vmstat);
}

static enum pw_status add_row(struct series *series,
			      const struct pw_stat_row *row,
			      struct pw_error *err)
{
	series->last = *row;
	return pw_array_push(&series->rows, row, err);
}

static enum pw_status take_step(void *argument, struct pw_replay *replay,
				const struct pw_stop *stop,
				struct pw_error *err)
{
	struct series *series = argument;
	struct pw_stat_row row;

	if (stop->kind != PW_STOP_STEP)
		return PW_OK;
	if (series->interval_ns) {
		uint64_t ns =
			pw_cost_ns(&pw_replay_system(replay, 0)->machine->cost,
				   pw_replay_counters(replay, 0));

		if (ns < series->due_ns)
			return PW_OK;
		series->due_ns =
			(ns / series->interval_ns + 1) * series->interval_ns;
	}
	read_row(replay, &row);
	return add_row(series, &row, err);
}

/* What comes after the last whole row. */
static enum pw_status end_series(struct series *series,
				 struct pw_replay *replay, struct pw_error *err)
{
	struct pw_stat_row row;

	read_row(replay, &row);
	if (series->rows.count > 0 && row.ns == series->last.ns &&
	    row.accesses == series->last.accesses)
		return PW_OK;
	return add_row(series, &row, err);
}

/* "10ms" is a time, "1e6" are accesses. */
static enum pw_status parse_interval(const char *text, uint64_t *accesses,
				     uint64_t *ns, struct pw_error *err)
{
	struct pw_error why;

	*accesses = 0;
	*ns = 0;
	if (!text)
		return PW_OK;
	if (pw_parse_ns(text, ns, &why) == PW_OK && *ns > 0)
		return PW_OK;
	if (pw_parse_count(text, accesses, &why) == PW_OK && *accesses > 0)
		return PW_OK;
	pw_fail(err, PW_ERR_USAGE,
		"--interval=%.60s: neither a time nor a "
		"number of accesses",
		text);
	return pw_hint(err, "such as 10ms or 100k");
}

static enum pw_status run(const void *parsed, struct pw_tables *out,
			  struct pw_error *err)
{
	const struct args *args = parsed;
	struct series series = {.rows = PW_ARRAY(struct pw_stat_row)};
	const struct pw_replay_watch watch = {
		.argument = &series, .steps = true, .look = take_step};
	struct pw_replay_request request = {
		.on = &args->on,
		.path = args->trace.item[0],
		.one_machine = true,
		.watch = &watch,
	};
	struct pw_replay_job job = {0};
	enum pw_status st = parse_interval(args->interval, &request.interval,
					   &series.interval_ns, err);

	PW_ASSERT(args->trace.count == 1);
	series.due_ns = series.interval_ns;
	if (series.interval_ns)
		request.interval_most = PW_TOUCH_CUT;
	if (st == PW_OK)
		st = pw_replay_job_open(&job, &request, out, err);
	if (st == PW_OK)
		st = pw_replay_job_run(&job, out, err);
	if (st == PW_OK)
		st = end_series(&series, job.replay, err);
	if (st == PW_OK) {
		pw_stat_tables(out, (enum pw_stat_view)args->view,
			       series.rows.data, series.rows.count);
		pw_replay_job_notes(&job, out);
	}
	pw_replay_job_close(&job);
	pw_array_free(&series.rows);
	return st;
}

const struct pw_command pw_command_stat = {
	.name = "stat",
	.summary = "what vmstat and sar would say of the simulated machine",
	.operands_doc = "TRACE",
	.example = {"pagewalk stat sort.pwt",
		    "pagewalk stat --interval 10ms --view sar sort.pwt",
		    "pagewalk stat --format csv -s cost.base_cpi=1 sort.pwt"},
	.operands = PW_OPERANDS_ONE,
	.operands_offset = offsetof(struct args, trace),
	.options = options,
	.args_bytes = sizeof(struct args),
	.run = run,
};
