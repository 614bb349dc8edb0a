/*
 * cmd_replay.c - pagewalk replay: a trace through simulated machines.
 */
#include <unistd.h>

#include "base/assert.h"
#include "base/command.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/units.h"
#include "formats/touch_cut.h"
#include "replay/machine_options.h"
#include "replay/replay.h"
#include "replay/replay_tables.h"
#include "replay/variants.h"

#define ROWS_WANTED 128
#define JOBS_MAX 64

struct args {
	struct pw_machine_args on;
	struct pw_text_list trace;
	uint64_t interval;
	uint64_t jobs;
	uint64_t sweep; /* enum pw_sweep_of */
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
		.max = JOBS_MAX,
		.help = "Threads that simulate machines (default: one for each "
			"machine and processor)",
	},
	{0},
};

/* The machines of a command and their replay. */
struct job {
	struct pw_machine **machines;
	size_t machine_count;
	struct pw_relayout *relayout; /* NULL: none */
	struct pw_replay *replay;
	struct pw_trace *trace;
};

static enum pw_status load_machines(struct job *job, const struct args *args,
				    struct pw_tables *out, struct pw_error *err)
{
	static const char *fallback[] = {PW_DEFAULT_MACHINE};
	static const struct pw_text_list one = {fallback, 1};
	const struct pw_text_list *names =
		args->on.machines.count ? &args->on.machines : &one;

	return pw_variants_load(&job->machines, &job->machine_count, names,
				&args->on.overrides, pw_tables_arena(out), err);
}

/* @value rounded up to 1, 2 or 5 times a power of ten. */
static uint64_t round_up(uint64_t value)
{
	static const uint64_t steps[] = {1, 2, 5};

	PW_ASSERT(value > 0);
	for (uint64_t power = 1; power < UINT64_MAX / 100; power *= 10) {
		for (size_t i = 0; i < PW_COUNT(steps); i++) {
			if (steps[i] * power >= value)
				return steps[i] * power;
		}
	}
	return value;
}

/*
 * Accesses in a row for a trace of @accesses; 0 are unknown. A long trace has
 * rows that end where touches are cut, so that stored ones can be used.
 */
static uint64_t choose_interval(uint64_t accesses,
				const struct pw_trace_info *info)
{
	uint64_t interval = PW_TOUCH_CUT;

	if (accesses == 0)
		return 0;
	if (accesses <= ROWS_WANTED * PW_TOUCH_CUT &&
	    !(info->unknown & PW_UNKNOWN_BUT_TOUCHES))
		return round_up((accesses - 1) / ROWS_WANTED + 1);
	while (interval < accesses / ROWS_WANTED)
		interval *= 2;
	return interval;
}

/* Begin the relayout that was asked for. */
static enum pw_status start_relayout(struct job *job, uint64_t wanted,
				     const struct pw_trace_info *info,
				     struct pw_tables *out,
				     struct pw_error *err)
{
	enum pw_status st;

	if (!wanted)
		return PW_OK;
	st = pw_relayout_open(&job->relayout, info, err);
	if (st == PW_OK && !job->relayout)
		pw_tables_note(out, "--relayout: the trace has the layout of "
				    "Linux already");
	return st;
}

/*
 * What is known before the replay: an interval that suits a trace of known
 * length, 0 when it is unknown; and whether regions are to move.
 */
static enum pw_status look_ahead(struct job *job, const struct args *args,
				 uint64_t *interval, struct pw_tables *out,
				 struct pw_error *err)
{
	const struct pw_trace_options plain = {
		.needs = PW_NEED_TOUCHES, .workers = 1, .every_access = true};
	struct pw_trace *trace;
	struct pw_totals totals;
	enum pw_status st =
		pw_trace_open(&trace, args->trace.item[0], &plain, err);

	if (st != PW_OK)
		return st;
	pw_trace_totals(trace, &totals);
	if (args->interval == 0)
		*interval =
			choose_interval(totals.accesses, pw_trace_info(trace));
	st = start_relayout(job, args->on.relayout, pw_trace_info(trace), out,
			    err);
	pw_trace_close(trace);
	return st;
}

/* One machine is simulated where the trace is read. */
static unsigned choose_threads(const struct job *job, uint64_t jobs)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t threads = processors > 0 ? (uint64_t)processors : 1;

	if (jobs)
		return (unsigned)jobs;
	if (threads > job->machine_count)
		threads = job->machine_count;
	return (unsigned)(threads < JOBS_MAX ? threads : JOBS_MAX);
}

static enum pw_status open_job(struct job *job, const struct args *args,
			       struct pw_tables *out, struct pw_error *err)
{
	struct pw_replay_options options_of_replay = {
		.interval_accesses = args->interval,
		.memory_limit_bytes = pw_memory_half(),
	};
	struct pw_trace_options options_of_trace = {.needs = PW_NEED_TOUCHES};
	const char *path = args->trace.item[0];
	enum pw_status st = load_machines(job, args, out, err);

	if (st == PW_OK)
		st = look_ahead(job, args, &options_of_replay.interval_accesses,
				out, err);
	if (st != PW_OK)
		return st;
	options_of_replay.relayout = job->relayout;
	options_of_replay.machines =
		(const struct pw_machine *const *)job->machines;
	options_of_replay.machine_count = job->machine_count;
	options_of_replay.sweep = (enum pw_sweep_of)args->sweep;
	options_of_replay.threads = choose_threads(job, args->jobs);
	PW_ASSERT(job->machine_count > 0);
	st = pw_replay_open(&job->replay, &options_of_replay, err);
	if (st != PW_OK)
		return st;
	options_of_trace.epoch_accesses = pw_replay_epoch(job->replay);
	options_of_trace.split = pw_replay_takes_split(job->replay);
	return pw_trace_open(&job->trace, path, &options_of_trace, err);
}

static void close_job(struct job *job)
{
	pw_trace_close(job->trace);
	pw_replay_close(job->replay);
	pw_relayout_close(job->relayout);
	for (size_t i = 0; i < job->machine_count; i++)
		pw_machine_close(job->machines[i]);
}

static enum pw_status replay_all(struct job *job, bool quiet,
				 struct pw_error *err)
{
	struct pw_progress progress;
	const struct pw_batch *batch;
	enum pw_status st;

	pw_progress_start(&progress, "replay", "accesses", quiet);
	while ((st = pw_trace_next(job->trace, &batch, err)) == PW_OK &&
	       batch) {
		st = pw_replay_batch(job->replay, pw_trace_info(job->trace),
				     batch, err);
		if (st != PW_OK)
			break;
		pw_progress_update(&progress,
				   batch->first_access + batch->access_count,
				   pw_trace_progress(job->trace));
	}
	pw_progress_end(&progress);
	return st == PW_OK ? pw_replay_finish(job->replay, err) : st;
}

/* What the reader of the results should know about the trace. */
static void add_notes(struct pw_tables *out, const struct job *job)
{
	static const struct {
		enum pw_trace_unknown unknown;
		const char *note;
	} notes[] = {
		{PW_UNKNOWN_MAPPINGS,
		 "the trace has no mappings: every page is taken as private "
		 "anonymous memory, and VSZ is unknown"},
		{PW_UNKNOWN_FETCHES,
		 "the trace has no instruction fetches: the instruction TLB "
		 "sees nothing"},
		{PW_UNKNOWN_SIZES,
		 "the trace has no access sizes: accesses that cross into "
		 "another page are not seen as such"},
		{PW_UNKNOWN_THREADS,
		 "the trace does not tell threads apart: all accesses are "
		 "taken as one thread's"},
		{PW_UNKNOWN_INSTRUCTIONS,
		 "the trace does not count instructions: base cycles are 0 and "
		 "the shares of time too high"},
	};
	unsigned unknown = pw_trace_info(job->trace)->unknown;
	const struct pw_counters *counters = pw_replay_counters(job->replay, 0);

	for (size_t i = 0; i < PW_COUNT(notes); i++) {
		if (unknown & (unsigned)notes[i].unknown)
			pw_tables_note(out, "%s", notes[i].note);
	}
	if (counters->fault_assumed)
		pw_tables_note(out,
			       "faults outside of all recorded mappings, "
			       "taken as private anonymous memory: %llu",
			       (unsigned long long)counters->fault_assumed);
}

static enum pw_status run(const void *parsed, struct pw_tables *out,
			  struct pw_error *err)
{
	const struct args *args = parsed;
	struct job job = {0};
	enum pw_status st = open_job(&job, args, out, err);

	PW_ASSERT(args->trace.count == 1);
	if (st == PW_OK)
		st = replay_all(&job, pw_tables_quiet(out), err);
	if (st == PW_OK) {
		const char *damage = pw_trace_damage(job.trace);

		for (size_t i = 0; i < job.machine_count; i++)
			pw_replay_tables(out, job.replay, job.machines[i], i,
					 args->sweep != PW_SWEEP_NONE);
		add_notes(out, &job);
		if (damage)
			pw_tables_mark_partial(out, "%s", damage);
	}
	close_job(&job);
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
