/*
 * merge_source.c - take a recording slice by slice, with new numbers.
 */
#include "formats/merge_source.h"

#include "base/assert.h"
#include "formats/tally.h"

#define NONE UINT32_MAX

enum pw_status pw_merge_source_open(struct pw_merge_source *source,
				    const char *path, uint32_t index,
				    struct pw_error *err)
{
	const struct pw_trace_options how = {.needs = PW_NEED_ACCESSES};
	enum pw_status st;

	PW_ASSERT(index < PW_MERGE_SOURCES_MAX);
	*source = (struct pw_merge_source){
		.path = path,
		.id_base = index * PW_MERGE_IDS,
		.pace = PW_PACE,
		.threads = PW_ARRAY(uint32_t),
		.processes = PW_ARRAY(uint32_t),
	};
	st = pw_trace_open(&source->trace, path, &how, err);
	if (st == PW_OK)
		st = pw_rewrite_whole(source->trace, err);
	return st;
}

void pw_merge_source_close(struct pw_merge_source *source)
{
	pw_trace_close(source->trace);
	source->trace = NULL;
	pw_pace_free(&source->pace);
	pw_array_free(&source->threads);
	pw_array_free(&source->processes);
}

static bool counts_accesses(const struct pw_trace *trace)
{
	return pw_trace_info(trace)->unknown & PW_UNKNOWN_INSTRUCTIONS;
}

/* ---- beforehand ---- */

static enum pw_status survey_batch(struct pw_merge_source *source,
				   const struct pw_batch *batch, bool accesses,
				   struct pw_error *err)
{
	enum pw_status st = PW_OK;

	source->clock_end +=
		accesses ? batch->accesses.count : batch->instruction_count;
	for (size_t i = 0; i < batch->events.count && st == PW_OK; i++)
		if (batch->events.kind[i] == PW_EVENT_cpu)
			st = pw_pace_add(&source->pace, source->clock_end,
					 batch->events.arg[i][1], err);
	return st;
}

enum pw_status pw_merge_source_survey(struct pw_merge_source *source,
				      struct pw_error *err)
{
	const struct pw_trace_options how = {.needs = PW_NEED_ACCESSES};
	const struct pw_batch *batch;
	struct pw_trace *trace;
	enum pw_status st = pw_trace_open(&trace, source->path, &how, err);

	while (st == PW_OK) {
		st = pw_trace_next(trace, &batch, err);
		if (st != PW_OK || !batch)
			break;
		st = survey_batch(source, batch, counts_accesses(trace), err);
	}
	if (st == PW_OK)
		st = pw_rewrite_whole(trace, err);
	pw_trace_close(trace);
	return st;
}

/* ---- numbers ---- */

static enum pw_status change_id(const struct pw_merge_source *source,
				uint32_t *id, struct pw_error *err)
{
	if (*id >= PW_MERGE_IDS)
		return pw_fail(err, PW_ERR_USAGE,
			       "%s: thread or process id %u is larger than "
			       "any of Linux, so it cannot be renumbered",
			       source->path, *id);
	if (*id > 0)
		*id += source->id_base;
	return PW_OK;
}

/* The number of @process in the output. */
static enum pw_status change_process(struct pw_merge_source *source,
				     uint32_t *process, uint32_t *processes,
				     struct pw_error *err)
{
	const uint32_t none = NONE;
	enum pw_status st = PW_OK;
	uint32_t *number;

	while (source->processes.count <= *process && st == PW_OK)
		st = pw_array_push(&source->processes, &none, err);
	if (st != PW_OK)
		return st;
	number = &PW_ARRAY_AT(&source->processes, uint32_t, *process);
	if (*number == NONE)
		*number = (*processes)++;
	*process = *number;
	return PW_OK;
}

static enum pw_status declare_thread(struct pw_merge_source *source,
				     struct pw_rewrite *rewrite,
				     uint32_t *processes, struct pw_error *err)
{
	const struct pw_trace_info *info = pw_trace_info(source->trace);
	struct pw_thread thread = info->threads[source->threads.count];
	uint32_t number = (uint32_t)rewrite->threads;
	enum pw_status st = pw_array_push(&source->threads, &number, err);

	if (st == PW_OK)
		st = change_id(source, &thread.pid, err);
	if (st == PW_OK)
		st = change_id(source, &thread.tid, err);
	if (st == PW_OK)
		st = change_process(source, &thread.process, processes, err);
	if (st != PW_OK)
		return st;
	PW_ASSERT(thread.parent < source->threads.count);
	thread.parent = PW_ARRAY_AT(&source->threads, uint32_t, thread.parent);
	return pw_rewrite_thread(rewrite, &thread, err);
}

enum pw_status pw_merge_source_declare(struct pw_merge_source *source,
				       struct pw_rewrite *rewrite,
				       uint32_t *processes,
				       struct pw_error *err)
{
	const struct pw_trace_info *info = pw_trace_info(source->trace);
	enum pw_status st = PW_OK;

	while (source->threads.count < info->thread_count && st == PW_OK)
		st = declare_thread(source, rewrite, processes, err);
	while (source->modules < info->module_count && st == PW_OK) {
		struct pw_module module = info->modules[source->modules++];

		/* One of no process says nothing. */
		if (module.process >= source->processes.count ||
		    PW_ARRAY_AT(&source->processes, uint32_t, module.process) ==
			    NONE)
			continue;
		st = change_process(source, &module.process, processes, err);
		if (st == PW_OK)
			st = pw_rewrite_module(rewrite, &module, err);
	}
	return st;
}

/* Where an event has a thread or process id; a negative place: its result. */
static const struct {
	uint16_t kind;
	int place;
} ids[] = {
	{PW_EVENT_clone, -1},	     {PW_EVENT_process_madvise, 4},
	{PW_EVENT_migrate_pages, 0}, {PW_EVENT_sched_setaffinity, 0},
	{PW_EVENT_setrlimit, 3},
};

/* An id in an event, which the kernel may have refused. */
static void change_event(const struct pw_merge_source *source,
			 struct pw_event *event)
{
	for (size_t i = 0; i < PW_COUNT(ids); i++) {
		uint64_t *id = ids[i].place < 0 ? &event->result
						: &event->arg[ids[i].place];

		if (ids[i].kind == event->kind && *id > 0 && *id < PW_MERGE_IDS)
			*id += source->id_base;
	}
}

/* ---- slices ---- */

/* Where the slice ends that the clock may not pass. */
static size_t find_end(const struct pw_merge_source *source, uint64_t limit)
{
	const struct pw_accesses *a = &source->batch->accesses;
	bool accesses = counts_accesses(source->trace);
	uint64_t clock = source->clock;
	size_t i;

	if (limit - clock >= a->count - source->taken)
		return a->count;
	for (i = source->taken; i < a->count; i++) {
		if (!accesses && !(a->kind[i] & PW_ACCESS_FIRST))
			continue;
		if (clock == limit)
			break;
		clock++;
	}
	return i;
}

static enum pw_status take_accesses(struct pw_merge_source *source,
				    uint64_t limit, struct pw_rewrite *rewrite,
				    struct pw_error *err)
{
	const struct pw_batch *batch = source->batch;
	size_t end = find_end(source, limit);
	struct pw_accesses part =
		pw_rewrite_part(&batch->accesses, source->taken, end);
	struct pw_tally tally = {0};

	pw_tally_add(&tally, part.kind, part.count);
	source->clock += counts_accesses(source->trace) ? part.count
							: tally.instructions;
	PW_ASSERT(source->clock <= limit);
	source->accesses += part.count;
	source->taken = end;
	return pw_rewrite_accesses(
		rewrite, PW_ARRAY_AT(&source->threads, uint32_t, batch->thread),
		&part, err);
}

static enum pw_status take_events(struct pw_merge_source *source,
				  struct pw_rewrite *rewrite,
				  struct pw_error *err)
{
	const struct pw_batch *batch = source->batch;
	uint32_t thread =
		PW_ARRAY_AT(&source->threads, uint32_t, batch->thread);
	enum pw_status st = PW_OK;

	for (size_t i = 0; i < batch->events.count && st == PW_OK; i++) {
		struct pw_event event = pw_rewrite_event_at(&batch->events, i);

		change_event(source, &event);
		st = pw_rewrite_event(rewrite, thread, &event, err);
	}
	source->events += batch->events.count;
	source->batch = NULL;
	source->taken = 0;
	return st;
}

enum pw_status pw_merge_source_advance(struct pw_merge_source *source,
				       uint64_t slice,
				       struct pw_rewrite *rewrite,
				       uint32_t *processes,
				       struct pw_error *err)
{
	uint64_t limit = source->clock + slice;
	enum pw_status st = PW_OK;

	PW_ASSERT(!source->done && slice > 0);
	while (st == PW_OK) {
		if (!source->batch)
			st = pw_trace_next(source->trace, &source->batch, err);
		if (st != PW_OK)
			return st;
		if (!source->batch)
			break;
		st = pw_merge_source_declare(source, rewrite, processes, err);
		if (st == PW_OK)
			st = take_accesses(source, limit, rewrite, err);
		if (st != PW_OK ||
		    source->taken < source->batch->accesses.count)
			return st;
		st = take_events(source, rewrite, err);
	}
	if (st != PW_OK)
		return st;
	source->done = true;
	st = pw_rewrite_whole(source->trace, err);
	if (st == PW_OK)
		st = pw_merge_source_declare(source, rewrite, processes, err);
	return st;
}
