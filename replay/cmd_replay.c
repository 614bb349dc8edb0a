/*
 * cmd_replay.c - pagewalk replay: a trace through simulated machines.
 */
#include "base/assert.h"
#include "base/command.h"
#include "replay/machine/machine_options.h"
#include "replay/replay_job.h"
#include "replay/views/replay_tables.h"

struct args {
	struct pw_machine_args on;
	struct pw_text_list trace;
	uint64_t interval;
	uint64_t jobs;
	uint64_t sweep; /* enum pw_sweep_of */
	bool faults;
};

_Static_assert(offsetof(struct args, on) == 0,
	       "the machine options fill the first member");

static const struct pw_option options[] = {
	PW_MACHINE_OPTIONS,
	{
		.name = "interval",
		.argument = "N",
		.type = PW_OPTION_COUNT,
		.offset = offsetof(struct args, interval),
		.min = 1,
		.help = "Accesses in a row of the interval series (default: "
			"about 100 rows)",
	},
	{
		.name = "faults",
		.type = PW_OPTION_FLAG,
		.offset = offsetof(struct args, faults),
		.help = "List the faults of each process, in order: the table "
			"faults",
	},
	{
		.name = "sweep",
		.argument = "TLB",
		.type = PW_OPTION_CHOICE,
		.choices = "none|l1d|l1i|stlb",
		.offset = offsetof(struct args, sweep),
		.fallback = "none",
		.help = "Count the misses of LRU TLBs of all sizes in its "
			"place",
	},
	{
		.name = "jobs",
		.key = 'j',
		.argument = "N",
		.type = PW_OPTION_COUNT,
		.offset = offsetof(struct args, jobs),
		.max = PW_REPLAY_JOBS_MAX,
		.help = "Threads that simulate machines (default: one for each "
			"machine and processor)",
	},
	{0},
};

static enum pw_status run(const void *parsed, struct pw_tables *out,
			  struct pw_error *err)
{
	const struct args *args = parsed;
	const struct pw_replay_request request = {
		.on = &args->on,
		.path = args->trace.item[0],
		.interval = args->interval,
		.jobs = args->jobs,
		.sweep = (enum pw_sweep_of)args->sweep,
		.log_faults = args->faults,
	};
	struct pw_pids pids = {0};
	struct pw_replay_job job;
	enum pw_status st = pw_replay_job_open(&job, &request, out, err);

	PW_ASSERT(args->trace.count == 1);
	if (st == PW_OK)
		st = pw_replay_job_run(&job, out, err);
	if (st == PW_OK)
		st = pw_pids_of(pw_trace_info(job.trace), pw_tables_arena(out),
				&pids, err);
	if (st == PW_OK) {
		for (size_t i = 0; i < job.machine_count; i++)
			pw_replay_tables(out, job.replay, job.machines[i], i,
					 &pids, args->sweep != PW_SWEEP_NONE);
		pw_replay_job_notes(&job, out);
	}
	pw_replay_job_close(&job);
	return st;
}

const struct pw_command pw_command_replay = {
	.name = "replay",
	.summary = "simulate TLBs, page walks and faults of a trace",
	.operands_doc = "TRACE",
	.example = {"pagewalk replay sort.pwt",
		    "pagewalk replay -m skylake-sp -m zen4 sort.pwt",
		    "pagewalk replay -s tlb.stlb.entries=3072 --format json "
		    "sort.pwt"},
	.operands = PW_OPERANDS_ONE,
	.operands_offset = offsetof(struct args, trace),
	.options = options,
	.args_bytes = sizeof(struct args),
	.run = run,
};
