/*
 * replay.c - a trace through simulated machines.
 */
#include "replay/replay.h"

#include "base/assert.h"
#include "formats/lineage.h"
#include "replay/memory/event_apply.h"
#include "replay/memory/fork.h"
#include "replay/memory/holders.h"
#include "replay/memory/rmap.h"
#include "replay/memory/system.h"
#include "replay/memory/tasks.h"
#include "replay/memory/writeback.h"
#include "replay/mmu/lanes.h"
#include "replay/run.h"

/* Machines of equal memory. */
struct group {
	struct pw_system system;
	struct pw_fault_log log;
	struct pw_lanes *lanes;
	const struct pw_machine **machines;
	struct pw_run **runs;
	size_t count;
};

struct pw_replay {
	struct pw_arena *arena;
	struct pw_run *runs;	 /* by machine */
	struct group **group_of; /* by machine */
	size_t run_count;
	size_t made; /* runs that can be freed */
	struct group *groups;
	size_t group_count;
	struct pw_lineage lineage;
	struct pw_tasks tasks;
	struct pw_relayout *relayout;	     /* or NULL */
	const struct pw_replay_watch *watch; /* or NULL */
	uint64_t accesses;
	uint64_t due; /* of them, at which a row may end */
	uint64_t epoch;
	uint64_t interval; /* of the rows, as asked for */
	unsigned threads;
	enum pw_sweep_of sweep;
	bool finished;
};

/* The group of @machine, made if there is none yet. */
static struct group *find_group(struct pw_replay *replay,
				const struct pw_machine *machine)
{
	struct group *group = replay->groups;

	for (size_t i = 0; i < replay->group_count; i++, group++)
		if (pw_machine_same_memory(group->machines[0], machine))
			return group;
	PW_ASSERT(replay->group_count < replay->run_count);
	group->machines = pw_arena_alloc(replay->arena, replay->run_count,
					 sizeof(struct pw_machine *));
	group->runs = pw_arena_alloc(replay->arena, replay->run_count,
				     sizeof(struct pw_run *));
	if (!group->machines || !group->runs)
		return NULL;
	replay->group_count++;
	return group;
}

static enum pw_status make_run(struct pw_replay *replay,
			       const struct pw_machine *machine,
			       struct pw_error *err)
{
	size_t index = replay->made++;
	struct group *group = find_group(replay, machine);
	enum pw_status st;

	PW_ASSERT(index < replay->run_count);
	if (!group)
		return pw_fail_memory(err, "the machines of a replay");
	replay->group_of[index] = group;
	group->machines[group->count] = machine;
	group->runs[group->count++] = &replay->runs[index];
	st = pw_run_make(&replay->runs[index], machine, replay->interval,
			 replay->arena, err);
	if (st == PW_OK)
		st = pw_processor_sweep(&replay->runs[index].processor,
					replay->sweep, replay->arena, err);
	return st;
}

/* Each group gets its memory, and threads by its share of the machines. */
static enum pw_status make_group(struct pw_replay *replay, struct group *group,
				 struct pw_error *err)
{
	size_t all = replay->run_count;
	size_t threads;
	enum pw_status st;

	PW_ASSERT(all > 0 && group->count > 0);
	pw_fault_log_init(&group->log);
	threads = (replay->threads * group->count + all - 1) / all;
	st = pw_lanes_open(&group->lanes, group->runs, group->count,
			   (unsigned)threads, replay->arena, err);
	if (st != PW_OK)
		return st;
	pw_system_make(&group->system, group->machines[0],
		       pw_lanes_outlet(group->lanes), replay->arena);
	/* A sweep of one set must see all but the page referred to last. */
	pw_system_filter(&group->system, group->machines, group->count,
			 replay->sweep == PW_SWEEP_NONE ||
					 replay->sweep == PW_SWEEP_STLB
				 ? PW_FILTER_CLASSES_MAX
				 : 1);
	return PW_OK;
}

/* Room for all machines, which may turn out to be a group each. */
static enum pw_status make_room(struct pw_replay *replay, struct pw_error *err)
{
	size_t count = replay->run_count;

	replay->runs =
		pw_arena_alloc(replay->arena, count, sizeof(*replay->runs));
	replay->groups =
		pw_arena_alloc(replay->arena, count, sizeof(*replay->groups));
	replay->group_of =
		pw_arena_alloc(replay->arena, count, sizeof(struct group *));
	if (!replay->runs || !replay->groups || !replay->group_of)
		return pw_fail_memory(err, "the machines of a replay");
	return PW_OK;
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
	pw_tasks_init(&replay->tasks);
	replay->relayout = options->relayout;
	replay->watch = options->watch;
	replay->threads = options->threads;
	replay->sweep = options->sweep;
	replay->interval = options->interval_accesses;
	replay->run_count = options->machine_count;
	st = pw_arena_open(&replay->arena, options->memory_limit_bytes, err);
	if (st == PW_OK)
		st = make_room(replay, err);
	for (size_t i = 0; i < replay->run_count && st == PW_OK; i++)
		st = make_run(replay, options->machines[i], err);
	for (size_t i = 0; i < replay->group_count && st == PW_OK; i++) {
		struct group *group = &replay->groups[i];

		st = make_group(replay, group, err);
		if (options->log_faults)
			group->system.log = &group->log;
	}
	if (st != PW_OK) {
		pw_replay_close(replay);
		return st;
	}
	replay->epoch = replay->runs[0].series.interval;
	replay->due = replay->epoch;
	*out = replay;
	return PW_OK;
}

void pw_replay_close(struct pw_replay *replay)
{
	if (!replay)
		return;
	for (size_t i = 0; i < replay->group_count; i++) {
		pw_lanes_close(replay->groups[i].lanes);
		pw_system_free(&replay->groups[i].system);
		pw_fault_log_free(&replay->groups[i].log);
	}
	for (size_t i = 0; i < replay->made; i++)
		pw_run_free(&replay->runs[i]);
	pw_lineage_free(&replay->lineage);
	pw_tasks_free(&replay->tasks);
	pw_arena_close(replay->arena);
	free(replay);
}

uint64_t pw_replay_epoch(const struct pw_replay *replay)
{
	PW_ASSERT(replay->epoch > 0);
	return replay->epoch;
}

struct pw_system *pw_replay_system(struct pw_replay *replay, size_t index)
{
	PW_ASSERT(index < replay->run_count);
	pw_system_settle(&replay->group_of[index]->system);
	return &replay->group_of[index]->system;
}

struct pw_task_view pw_replay_task(const struct pw_replay *replay,
				   uint32_t process)
{
	return pw_tasks_look(&replay->tasks, process);
}

uint32_t pw_replay_space(const struct pw_replay *replay, uint32_t process)
{
	return pw_lineage_space(&replay->lineage, process);
}

/* Let whoever watches the replay look at it. */
static enum pw_status look(struct pw_replay *replay,
			   const struct pw_trace_info *info,
			   struct pw_stop *stop, struct pw_error *err)
{
	const struct pw_replay_watch *watch = replay->watch;

	if (!watch || (stop->kind == PW_STOP_STEP && !watch->steps))
		return PW_OK;
	PW_ASSERT(stop->thread < info->thread_count);
	stop->info = info;
	stop->process = info->threads[stop->thread].process;
	stop->accesses = replay->accesses;
	return watch->look(watch->argument, replay, stop, err);
}

bool pw_replay_takes_split(const struct pw_replay *replay)
{
	PW_ASSERT(replay->group_count > 0);
	for (size_t i = 0; i < replay->group_count; i++)
		if (replay->groups[i].system.split_stores)
			return false;
	return true;
}

bool pw_replay_has_far_stores(const struct pw_replay *replay)
{
	bool far = false;

	for (size_t i = 0; i < replay->group_count; i++)
		for (size_t j = 0; j < replay->groups[i].count; j++)
			far |= pw_mmu_reaches_far(
				       replay->groups[i].machines[j]) ||
			       pw_writeback_may_wait(
				       replay->groups[i].machines[j]);
	return far;
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

static enum pw_status add_mark(struct pw_replay *replay, struct group *group,
			       uint32_t thread, const char *name,
			       struct pw_error *err)
{
	const char *copy = pw_arena_copy(replay->arena, name);

	if (!copy)
		return pw_fail_memory(err, "the name of a mark");
	pw_system_settle(&group->system);
	pw_system_moment(&group->system, copy, thread);
	return PW_OK;
}

/* What a change of processes does before the event itself; @child is the
 * process that a clone event made, or the runner's. */
static enum pw_status apply_change(struct pw_system *system,
				   const struct pw_lineage_change *change,
				   uint32_t child, struct pw_error *err)
{
	struct pw_runner runner = system->runner;
	enum pw_status st = PW_OK;
	uint64_t large_off;

	if (child != runner.process)
		st = pw_hold_inherited(system, child, runner.process, err);
	if (change->kind == PW_LINEAGE_END)
		st = pw_hold_nothing(system, runner.process, err);
	if (st != PW_OK)
		return st;
	switch (change->kind) {
	case PW_LINEAGE_FORK:
		return pw_fork(system, change->other, err);
	case PW_LINEAGE_EXEC:
		/* Linux kernel/fork.c mm_init has it of the one before. */
		large_off = system->current->large_off;
		runner.space = change->other;
		st = pw_system_switch(system, &runner, err);
		system->current->large_off = large_off;
		return st;
	case PW_LINEAGE_END:
		if (change->last)
			pw_system_empty(system);
		return pw_rmap_drop_gone(system, err);
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
	uint32_t child; /* the process that a clone event made, or its own */
	struct pw_event redirected; /* what the event is where it happens */
	uint32_t about;		    /* the space where, or PW_NO_SPACE: own */
	const struct pw_event *list;
	size_t count;
};

static enum pw_status apply_step(struct pw_replay *replay, struct group *group,
				 const struct step *step, struct pw_error *err)
{
	const struct pw_event *event = &step->event;
	struct pw_system *system = &group->system;
	struct pw_runner runner;
	bool over = step->change.kind == PW_LINEAGE_OVER;
	enum pw_status st = PW_OK;

	/* Of a process that has ended, the runner is another one. */
	if (!over)
		st = pw_writeback_tick(system, err);
	if (st == PW_OK && !over)
		st = apply_change(system, &step->change, step->child, err);
	system->counters.events++;
	if (!over)
		system->counters.call_count +=
			pw_event_is_memory_call(event->kind);
	for (size_t i = 0; i < step->count && st == PW_OK && !over; i++)
		st = pw_event_apply(system, &step->list[i], step->about, err);
	/* The process goes on in an empty space. */
	runner = system->runner;
	if (st == PW_OK && step->change.kind == PW_LINEAGE_EXEC)
		st = pw_system_switch(system, &runner, err);
	if (st == PW_OK && event->kind == PW_EVENT_cpu && !over)
		pw_system_place(system, step->thread, event->arg[0]);
	if (st == PW_OK && event->kind == PW_EVENT_mark)
		st = add_mark(replay, group, step->thread,
			      event->text ? event->text : "", err);
	return st;
}

/* Find out whom an event is about, and what it is there; false: nobody. */
static bool direct_step(const struct pw_replay *replay, uint32_t process,
			struct step *step)
{
	uint32_t about;
	bool known;

	step->redirected = step->event;
	step->about = PW_NO_SPACE;
	known = pw_tasks_redirect(&replay->tasks, process, &step->redirected,
				  &about);
	if (!known || about == process)
		return known;
	step->about = pw_lineage_space(&replay->lineage, about);
	return step->about != PW_NO_SPACE;
}

/* Find out what an event does. */
static enum pw_status prepare_step(struct pw_replay *replay,
				   const struct pw_trace_info *info,
				   struct step *step, struct pw_error *err)
{
	uint32_t process = info->threads[step->thread].process;
	struct pw_lineage_change *change = &step->change;
	struct pw_lineage_change moved;
	const struct pw_relayout_event what = {.process = process,
					       .change = &moved,
					       .event = &step->redirected};
	enum pw_status st =
		pw_lineage_event(&replay->lineage, info, step->thread,
				 &step->event, change, err);

	if (st == PW_OK && change->kind != PW_LINEAGE_OVER &&
	    change->kind != PW_LINEAGE_END)
		st = pw_tasks_event(&replay->tasks, info, step->thread,
				    &step->event, change, err);
	step->child = process;
	if (change->child != PW_NO_THREAD)
		step->child = info->threads[change->child].process;
	step->list = &step->redirected;
	step->count = direct_step(replay, process, step);
	moved = *change;
	if (step->about != PW_NO_SPACE)
		moved.space = step->about;
	if (st == PW_OK && replay->relayout && step->count > 0)
		st = pw_relayout_event(replay->relayout, info, &what,
				       &step->list, &step->count, err);
	return st;
}

/* Let an event happen on all machines. */
static enum pw_status make_step(struct pw_replay *replay,
				const struct pw_trace_info *info,
				const struct step *step, struct pw_error *err)
{
	const struct pw_lineage_change *change = &step->change;
	struct pw_stop stop = {.thread = step->thread, .space = change->space};
	enum pw_status st = PW_OK;

	if (change->kind == PW_LINEAGE_END && change->last) {
		stop.kind = PW_STOP_END;
		st = look(replay, info, &stop, err);
	}
	for (size_t j = 0; j < replay->group_count && st == PW_OK; j++)
		st = apply_step(replay, &replay->groups[j], step, err);
	if (st != PW_OK || step->event.kind != PW_EVENT_mark)
		return st;
	stop.kind = PW_STOP_MARK;
	stop.mark = step->event.text ? step->event.text : "";
	return look(replay, info, &stop, err);
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
		if (st == PW_OK)
			st = make_step(replay, info, &step, err);
	}
	return st;
}

static enum pw_status run_touches(struct pw_replay *replay,
				  struct pw_system *system,
				  const struct pw_runner *runner,
				  const struct pw_touches *touches,
				  struct pw_error *err)
{
	enum pw_status st;

	if (runner->space == PW_NO_SPACE) {
		pw_system_skip(system, touches);
	} else {
		st = pw_system_switch(system, runner, err);
		if (st == PW_OK)
			st = pw_system_touches(system, touches, err);
		if (st != PW_OK)
			return st;
	}
	/* Rows end before events, so that it is no matter how a trace is cut.
	 */
	if (replay->accesses >= replay->due)
		pw_system_moment(system, NULL, 0);
	return PW_OK;
}

enum pw_status pw_replay_batch(struct pw_replay *replay,
			       const struct pw_trace_info *info,
			       const struct pw_batch *batch,
			       struct pw_error *err)
{
	struct pw_touches touches = batch->touches;
	struct pw_runner runner = {.thread = batch->thread};
	enum pw_status st;

	PW_ASSERT(!replay->finished);
	if (batch->thread >= info->thread_count)
		return pw_fail(err, PW_ERR_FORMAT,
			       "%s: a batch of thread %u, but there are %zu",
			       info->path ? info->path : "trace", batch->thread,
			       info->thread_count);
	runner.process = info->threads[batch->thread].process;
	st = pw_lineage_run(&replay->lineage, info, batch->thread,
			    &runner.space, err);
	if (st == PW_OK)
		st = pw_tasks_run(&replay->tasks, info, batch->thread, err);
	if (st == PW_OK && replay->relayout && runner.space != PW_NO_SPACE)
		st = pw_relayout_touches(replay->relayout, runner.space,
					 &batch->touches, &touches, err);
	replay->accesses += batch->access_count;
	for (size_t i = 0; i < replay->group_count && st == PW_OK; i++) {
		struct pw_system *system = &replay->groups[i].system;

		system->mappings_known = !(info->unknown & PW_UNKNOWN_MAPPINGS);
		count_batch(&system->counters, batch);
		st = run_touches(replay, system, &runner, &touches, err);
	}
	if (replay->accesses >= replay->due) {
		struct pw_stop stop = {.kind = PW_STOP_STEP,
				       .thread = batch->thread,
				       .space = runner.space};

		replay->due =
			(replay->accesses / replay->epoch + 1) * replay->epoch;
		if (st == PW_OK)
			st = look(replay, info, &stop, err);
	}
	return st == PW_OK ? apply_events(replay, info, batch, err) : st;
}

/* Have all machines come to where the trace is. */
static enum pw_status settle(struct pw_replay *replay, struct pw_error *err)
{
	enum pw_status st = PW_OK;

	for (size_t i = 0; i < replay->group_count && st == PW_OK; i++) {
		pw_system_settle(&replay->groups[i].system);
		st = pw_lanes_settle(replay->groups[i].lanes, err);
	}
	return st;
}

const struct pw_counters *pw_replay_counters(struct pw_replay *replay,
					     size_t index)
{
	struct pw_run *run = &replay->runs[index];
	struct pw_error later;

	PW_ASSERT(index < replay->run_count);
	(void)settle(replay, &later);
	pw_processor_add_up(&run->processor,
			    &replay->group_of[index]->system.counters,
			    &run->total);
	return &run->total;
}

enum pw_status pw_replay_finish(struct pw_replay *replay, struct pw_error *err)
{
	enum pw_status st = settle(replay, err);

	PW_ASSERT(!replay->finished);
	replay->finished = true;
	for (size_t i = 0; i < replay->run_count && st == PW_OK; i++)
		st = pw_row_series_finish(&replay->runs[i].series,
					  pw_replay_counters(replay, i), err);
	return st;
}

uint64_t pw_replay_sweep_misses(const struct pw_replay *replay, size_t index,
				unsigned level, unsigned ways)
{
	const struct pw_processor *processor = &replay->runs[index].processor;
	uint64_t misses = 0;

	PW_ASSERT(index < replay->run_count && replay->finished);
	PW_ASSERT(processor->sweeps);
	for (size_t i = 0; i < processor->mmu_count; i++)
		misses += pw_sweep_misses(&processor->sweeps[i], level, ways);
	return misses;
}

const struct pw_replay_row *pw_replay_rows(const struct pw_replay *replay,
					   size_t index, size_t *count)
{
	PW_ASSERT(index < replay->run_count && replay->finished);
	*count = replay->runs[index].series.rows.count;
	return replay->runs[index].series.rows.data;
}

const struct pw_table_use *pw_replay_table_use(const struct pw_replay *replay,
					       size_t index,
					       const struct pw_table_use **peak)
{
	PW_ASSERT(index < replay->run_count);
	*peak = replay->group_of[index]->system.table_peak;
	return replay->group_of[index]->system.tables.use;
}

const struct pw_replay_mark *pw_replay_marks(const struct pw_replay *replay,
					     size_t index, size_t *count)
{
	PW_ASSERT(index < replay->run_count && replay->finished);
	*count = replay->runs[index].marks.count;
	return replay->runs[index].marks.data;
}
