/*
 * replay.c - a trace through simulated machines.
 */
#include "replay/replay.h"

#include "base/assert.h"
#include "formats/lineage.h"
#include "replay/event_apply.h"
#include "replay/fork.h"
#include "replay/system.h"

struct run {
	struct pw_system system;
	struct pw_row_series series;
	struct pw_array marks; /* struct pw_replay_mark */
};

struct pw_replay {
	struct pw_arena *arena;
	struct run *runs;
	size_t run_count;
	size_t made; /* runs that can be freed */
	struct pw_lineage lineage;
	struct pw_relayout *relayout; /* or NULL */
	uint64_t epoch;
	bool finished;
};

static enum pw_status make_run(struct pw_replay *replay,
			       const struct pw_machine *machine,
			       uint64_t interval, struct pw_error *err)
{
	struct run *run = &replay->runs[replay->made++];

	PW_ASSERT(replay->made <= replay->run_count);
	pw_row_series_start(&run->series, interval);
	run->marks = (struct pw_array)PW_ARRAY(struct pw_replay_mark);
	replay->epoch = run->series.interval;
	return pw_system_make(&run->system, machine, replay->arena, err);
}

enum pw_status pw_replay_open(struct pw_replay **out,
			      const struct pw_replay_options *options,
			      struct pw_error *err)
{
	struct pw_replay *replay = calloc(1, sizeof(*replay));
	enum pw_status st;

	*out = NULL;
	if (!replay)
		return pw_fail_memory(err, "a replay");
	PW_ASSERT(options->machine_count > 0 && options->machines);
	pw_lineage_init(&replay->lineage);
	replay->relayout = options->relayout;
	st = pw_arena_open(&replay->arena, options->memory_limit_bytes, err);
	if (st != PW_OK)
		goto fail;
	replay->run_count = options->machine_count;
	replay->runs = pw_arena_alloc(replay->arena, replay->run_count,
				      sizeof(*replay->runs));
	if (!replay->runs) {
		st = pw_fail_memory(err, "the machines of a replay");
		goto fail;
	}
	for (size_t i = 0; i < replay->run_count && st == PW_OK; i++)
		st = make_run(replay, options->machines[i],
			      options->interval_accesses, err);
	if (st != PW_OK)
		goto fail;
	*out = replay;
	return PW_OK;
fail:
	pw_replay_close(replay);
	return st;
}

void pw_replay_close(struct pw_replay *replay)
{
	if (!replay)
		return;
	for (size_t i = 0; i < replay->made; i++) {
		pw_system_free(&replay->runs[i].system);
		pw_row_series_free(&replay->runs[i].series);
		pw_array_free(&replay->runs[i].marks);
	}
	pw_lineage_free(&replay->lineage);
	pw_arena_close(replay->arena);
	free(replay);
}

uint64_t pw_replay_epoch(const struct pw_replay *replay)
{
	PW_ASSERT(replay->epoch > 0);
	return replay->epoch;
}

static void count_batch(struct pw_counters *counters,
			const struct pw_batch *batch)
{
	const struct pw_tally *tally = &batch->tally;

	counters->accesses += batch->access_count;
	counters->loads += tally->loads;
	counters->stores += tally->stores;
	counters->modifies += tally->modifies;
	counters->fetches += tally->fetches;
	counters->instructions += batch->instruction_count;
}

static enum pw_status add_mark(struct pw_replay *replay, struct run *run,
			       uint32_t thread, const char *name,
			       struct pw_error *err)
{
	struct pw_replay_mark mark = {.thread = thread};

	pw_system_settle(&run->system);
	mark.counters = run->system.counters;
	mark.name = pw_arena_copy(replay->arena, name);
	if (!mark.name)
		return pw_fail_memory(err, "the name of a mark");
	return pw_array_push(&run->marks, &mark, err);
}

/* What a change of processes does before the event itself. */
static enum pw_status apply_change(struct run *run,
				   const struct pw_lineage_change *change,
				   struct pw_error *err)
{
	switch (change->kind) {
	case PW_LINEAGE_FORK:
		return pw_fork(&run->system, change->other, err);
	case PW_LINEAGE_EXEC:
		return pw_system_switch(&run->system, change->other, err);
	case PW_LINEAGE_END:
		if (change->last)
			pw_system_empty(&run->system);
		return PW_OK;
	case PW_LINEAGE_SAME:
	case PW_LINEAGE_OVER:
		break;
	}
	return PW_OK;
}

/* An event of the trace, and what is applied for it. */
struct step {
	uint32_t thread;
	struct pw_event event;
	struct pw_lineage_change change;
	const struct pw_event *list;
	size_t count;
};

static enum pw_status apply_step(struct pw_replay *replay, struct run *run,
				 const struct step *step, struct pw_error *err)
{
	const char *text = step->event.text ? step->event.text : "";
	enum pw_status st = apply_change(run, &step->change, err);

	run->system.counters.events++;
	if (step->change.kind != PW_LINEAGE_OVER)
		for (size_t i = 0; i < step->count && st == PW_OK; i++)
			st = pw_event_apply(&run->system, &step->list[i], err);
	if (st == PW_OK && step->event.kind == PW_EVENT_mark)
		st = add_mark(replay, run, step->thread, text, err);
	return st;
}

/* Find out what an event does. */
static enum pw_status prepare_step(struct pw_replay *replay,
				   const struct pw_trace_info *info,
				   struct step *step, struct pw_error *err)
{
	const struct pw_relayout_event what = {
		.process = info->threads[step->thread].process,
		.change = &step->change,
		.event = &step->event,
	};
	enum pw_status st =
		pw_lineage_event(&replay->lineage, info, step->thread,
				 &step->event, &step->change, err);

	step->list = &step->event;
	step->count = 1;
	if (st == PW_OK && replay->relayout)
		st = pw_relayout_event(replay->relayout, info, &what,
				       &step->list, &step->count, err);
	return st;
}

static enum pw_status apply_events(struct pw_replay *replay,
				   const struct pw_trace_info *info,
				   const struct pw_batch *batch,
				   struct pw_error *err)
{
	const struct pw_events *events = &batch->events;
	enum pw_status st = PW_OK;

	for (size_t i = 0; i < events->count && st == PW_OK; i++) {
		struct step step = {.thread = batch->thread,
				    .event = {.kind = events->kind[i],
					      .result = events->result[i],
					      .text = events->text[i]}};

		memcpy(step.event.arg, events->arg[i], sizeof(step.event.arg));
		st = prepare_step(replay, info, &step, err);
		for (size_t j = 0; j < replay->run_count && st == PW_OK; j++)
			st = apply_step(replay, &replay->runs[j], &step, err);
	}
	return st;
}

static enum pw_status run_touches(struct run *run, uint32_t space,
				  const struct pw_touches *touches,
				  struct pw_error *err)
{
	enum pw_status st = PW_OK;

	if (space == PW_NO_SPACE) {
		pw_system_skip(&run->system, touches);
	} else {
		st = pw_system_switch(&run->system, space, err);
		if (st == PW_OK)
			st = pw_system_touches(&run->system, touches, err);
	}
	/* Rows end before events, so that it is no matter how a trace is cut.
	 */
	if (st == PW_OK)
		st = pw_row_series_note(&run->series, &run->system.counters,
					err);
	return st;
}

enum pw_status pw_replay_batch(struct pw_replay *replay,
			       const struct pw_trace_info *info,
			       const struct pw_batch *batch,
			       struct pw_error *err)
{
	struct pw_touches touches = batch->touches;
	uint32_t space;
	enum pw_status st;

	PW_ASSERT(!replay->finished);
	if (batch->thread >= info->thread_count)
		return pw_fail(err, PW_ERR_FORMAT,
			       "%s: a batch of thread %u, but there are %zu",
			       info->path ? info->path : "trace", batch->thread,
			       info->thread_count);
	st = pw_lineage_run(&replay->lineage, info, batch->thread, &space, err);
	if (st == PW_OK && replay->relayout && space != PW_NO_SPACE)
		st = pw_relayout_touches(replay->relayout, space,
					 &batch->touches, &touches, err);
	for (size_t i = 0; i < replay->run_count && st == PW_OK; i++) {
		struct run *run = &replay->runs[i];

		run->system.mappings_known =
			!(info->unknown & PW_UNKNOWN_MAPPINGS);
		count_batch(&run->system.counters, batch);
		st = run_touches(run, space, &touches, err);
	}
	return st == PW_OK ? apply_events(replay, info, batch, err) : st;
}

enum pw_status pw_replay_finish(struct pw_replay *replay, struct pw_error *err)
{
	PW_ASSERT(!replay->finished);
	replay->finished = true;
	for (size_t i = 0; i < replay->run_count; i++) {
		struct run *run = &replay->runs[i];
		enum pw_status st = pw_row_series_finish(
			&run->series, &run->system.counters, err);

		if (st != PW_OK)
			return st;
		pw_system_settle(&run->system);
	}
	return PW_OK;
}

const struct pw_counters *pw_replay_counters(struct pw_replay *replay,
					     size_t index)
{
	PW_ASSERT(index < replay->run_count);
	PW_ASSERT(replay->made == replay->run_count);
	pw_system_settle(&replay->runs[index].system);
	return &replay->runs[index].system.counters;
}

const struct pw_replay_row *pw_replay_rows(const struct pw_replay *replay,
					   size_t index, size_t *count)
{
	PW_ASSERT(index < replay->run_count);
	*count = replay->runs[index].series.rows.count;
	return replay->runs[index].series.rows.data;
}

const struct pw_replay_mark *pw_replay_marks(const struct pw_replay *replay,
					     size_t index, size_t *count)
{
	PW_ASSERT(index < replay->run_count);
	*count = replay->runs[index].marks.count;
	return replay->runs[index].marks.data;
}
