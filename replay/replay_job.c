/*
 * replay_job.c - what commands that replay a trace have in common.
 */
#include "replay/replay_job.h"

#include <unistd.h>

#include "base/assert.h"
#include "base/memory.h"
#include "base/progress.h"
#include "formats/touch_cut.h"
#include "replay/machine/variants.h"

#define ROWS_WANTED 128

static enum pw_status load_machines(struct pw_replay_job *job,
				    const struct pw_replay_request *request,
				    struct pw_tables *out, struct pw_error *err)
{
	static const char *fallback[] = {PW_DEFAULT_MACHINE};
	static const struct pw_text_list one = {fallback, 1};
	const struct pw_text_list *names =
		request->on->machines.count ? &request->on->machines : &one;

	return pw_variants_load(&job->machines, &job->machine_count, names,
				&request->on->overrides, pw_tables_arena(out),
				err);
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
static enum pw_status start_relayout(struct pw_replay_job *job, uint64_t wanted,
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
static enum pw_status look_ahead(struct pw_replay_job *job,
				 const struct pw_replay_request *request,
				 uint64_t *interval, struct pw_tables *out,
				 struct pw_error *err)
{
	const struct pw_trace_options plain = {
		.needs = PW_NEED_TOUCHES, .workers = 1, .every_access = true};
	struct pw_trace *trace;
	struct pw_totals totals;
	enum pw_status st = pw_trace_open(&trace, request->path, &plain, err);

	if (st != PW_OK)
		return st;
	pw_trace_totals(trace, &totals);
	if (request->interval == 0)
		*interval =
			choose_interval(totals.accesses, pw_trace_info(trace));
	if (request->interval_most && *interval > request->interval_most)
		*interval = request->interval_most;
	st = start_relayout(job, request->on->relayout, pw_trace_info(trace),
			    out, err);
	pw_trace_close(trace);
	return st;
}

/* One machine is simulated where the trace is read. */
static unsigned choose_threads(const struct pw_replay_job *job, uint64_t jobs)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t threads = processors > 0 ? (uint64_t)processors : 1;

	if (jobs)
		return (unsigned)jobs;
	if (threads > job->machine_count)
		threads = job->machine_count;
	return (unsigned)(threads < PW_REPLAY_JOBS_MAX ? threads
						       : PW_REPLAY_JOBS_MAX);
}

static enum pw_status check_machines(const struct pw_replay_job *job,
				     const struct pw_replay_request *request,
				     struct pw_error *err)
{
	if (!request->one_machine || job->machine_count == 1)
		return PW_OK;
	pw_fail(err, PW_ERR_USAGE, "%zu machines, but one is looked at",
		job->machine_count);
	return pw_hint(err, "give one --machine, and single values with --set");
}

enum pw_status pw_replay_job_open(struct pw_replay_job *job,
				  const struct pw_replay_request *request,
				  struct pw_tables *out, struct pw_error *err)
{
	struct pw_replay_options options = {
		.interval_accesses = request->interval,
		.memory_limit_bytes = pw_memory_half(),
		.sweep = request->sweep,
		.watch = request->watch,
		.log_faults = request->log_faults,
	};
	struct pw_trace_options options_of_trace = {.needs = PW_NEED_TOUCHES};
	enum pw_status st;

	*job = (struct pw_replay_job){0};
	st = load_machines(job, request, out, err);
	if (st == PW_OK)
		st = check_machines(job, request, err);
	if (st == PW_OK)
		st = look_ahead(job, request, &options.interval_accesses, out,
				err);
	if (st != PW_OK)
		return st;
	options.relayout = job->relayout;
	options.machines = (const struct pw_machine *const *)job->machines;
	options.machine_count = job->machine_count;
	options.threads = choose_threads(job, request->jobs);
	PW_ASSERT(job->machine_count > 0);
	st = pw_replay_open(&job->replay, &options, err);
	if (st != PW_OK)
		return st;
	options_of_trace.epoch_accesses = pw_replay_epoch(job->replay);
	options_of_trace.split = pw_replay_takes_split(job->replay);
	options_of_trace.far_stores = pw_replay_has_far_stores(job->replay);
	return pw_trace_open(&job->trace, request->path, &options_of_trace,
			     err);
}

void pw_replay_job_close(struct pw_replay_job *job)
{
	pw_trace_close(job->trace);
	pw_replay_close(job->replay);
	pw_relayout_close(job->relayout);
	for (size_t i = 0; i < job->machine_count; i++)
		pw_machine_close(job->machines[i]);
}

enum pw_status pw_replay_job_run(struct pw_replay_job *job,
				 struct pw_tables *out, struct pw_error *err)
{
	struct pw_progress progress;
	const struct pw_batch *batch;
	enum pw_status st;

	pw_progress_start(&progress, "replay", "accesses",
			  pw_tables_quiet(out));
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
	if (st == PW_OK)
		st = pw_replay_finish(job->replay, err);
	if (st == PW_OK && pw_trace_damage(job->trace))
		pw_tables_mark_partial(out, "%s", pw_trace_damage(job->trace));
	return st;
}

/* What the reader of the results should know about the trace. */
void pw_replay_job_notes(const struct pw_replay_job *job, struct pw_tables *out)
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
