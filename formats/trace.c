/*
 * trace.c - read a trace through whatever reader knows it.
 *
 * A reader brings stretches of one thread. Here they get their place in the
 * whole (access number, instruction clock, address space), are cut at epoch
 * boundaries and to a size that stays in the cache, and are collapsed to
 * touches. A consumer of touches alone gets them with the cuts of touch_cut.h,
 * however many stretches there are between two of those; then it is no matter
 * whether the reader has the touches already.
 */
#include "formats/trace.h"

#include "base/array.h"
#include "base/assert.h"
#include "base/bits.h"
#include "formats/collapse.h"
#include "formats/isolate.h"
#include "formats/lineage.h"
#include "formats/reader.h"
#include "formats/tally.h"
#include "formats/touch_cut.h"

#define BATCH_ACCESSES_MAX ((size_t)64 << 10)

/* A thread that has come. */
struct task {
	uint64_t clock; /* instructions */
	uint64_t ran;	/* the moment of its last batch */
};

struct pw_trace {
	struct pw_input input;
	const struct pw_reader_ops *ops;
	void *state;
	struct pw_trace_info info;
	struct pw_trace_options options;
	struct pw_collapse *collapse;  /* NULL unless touches are asked for */
	struct pw_array tasks;	       /* struct task, by thread */
	struct pw_array process_ended; /* uint64_t by process, and by */
	struct pw_array space_ended;   /* number of a space: the moment when */
	uint64_t moment;	       /* its runs ended; it goes on then */
	struct pw_lineage lineage;
	struct pw_totals totals; /* of what was delivered */
	struct pw_batch source;	 /* from the reader */
	size_t taken;		 /* accesses of it that were delivered */
	bool has_source;	 /* something of it is left */
	struct pw_batch batch;	 /* what the consumer sees */
};

/* Foreign files are read in a confined process, our own in this one. */
static enum pw_status open_reader(struct pw_trace *trace, const char *path,
				  struct pw_error *err)
{
	enum pw_status st = pw_input_open(&trace->input, path, err);

	if (st != PW_OK)
		return st;
	trace->totals.file_bytes = pw_input_bytes(&trace->input);
	trace->info.path = trace->input.path;
	trace->info.metadata = "{}";
	trace->ops = pw_reader_own(&trace->input, trace->options.format);
	if (trace->ops) {
		trace->info.format = trace->ops->name;
		return trace->ops->open(&trace->state, &trace->input,
					&trace->options, &trace->info, err);
	}
	st = pw_isolate_open(&trace->state, NULL, &trace->input,
			     &trace->options, &trace->info, err);
	if (st == PW_OK)
		trace->ops = &pw_isolate_ops;
	return st;
}

/* What computes with the accesses between two others needs all of them. */
static enum pw_status check_every_access(const struct pw_trace *trace,
					 struct pw_error *err)
{
	if (!trace->options.every_access ||
	    !(trace->info.unknown & PW_UNKNOWN_ACCESSES))
		return PW_OK;
	pw_fail(err, PW_ERR_USAGE,
		"%s: holds only some of the accesses, and all are needed here",
		trace->info.path);
	return pw_hint(err, "samples and filtered traces are good for info and "
			    "dump only");
}

/* A trace of nothing but touches serves those who need no more. */
static enum pw_status check_needs(const struct pw_trace *trace,
				  struct pw_error *err)
{
	const struct pw_trace_options *options = &trace->options;

	if (!(trace->info.unknown & PW_UNKNOWN_BUT_TOUCHES))
		return PW_OK;
	if (options->needs == PW_NEED_ACCESSES ||
	    options->needs == PW_NEED_BOTH) {
		pw_fail(err, PW_ERR_USAGE,
			"%s: holds touches only, and accesses are needed here",
			trace->info.path);
		return pw_hint(err, "touches are good for replay, info and "
				    "dump --touches; recordings keep accesses "
				    "too with --keep all");
	}
	if (options->epoch_accesses % PW_TOUCH_CUT == 0)
		return PW_OK;
	pw_fail(err, PW_ERR_USAGE,
		"%s: holds touches only, and intervals of %llu accesses are "
		"no multiple of %llu",
		trace->info.path, (unsigned long long)options->epoch_accesses,
		(unsigned long long)PW_TOUCH_CUT);
	return pw_hint(err,
		       "touches are cut at multiples of %llu accesses: "
		       "choose such an interval",
		       (unsigned long long)PW_TOUCH_CUT);
}

enum pw_status pw_trace_open(struct pw_trace **out, const char *path,
			     const struct pw_trace_options *options,
			     struct pw_error *err)
{
	struct pw_trace *trace = calloc(1, sizeof(*trace));
	enum pw_status st;

	*out = NULL;
	if (!trace)
		return pw_fail_memory(err, "a trace");
	trace->tasks = (struct pw_array)PW_ARRAY(struct task);
	trace->process_ended = (struct pw_array)PW_ARRAY(uint64_t);
	trace->space_ended = (struct pw_array)PW_ARRAY(uint64_t);
	pw_lineage_init(&trace->lineage);
	if (options)
		trace->options = *options;
	st = open_reader(trace, path, err);
	if (st == PW_OK)
		st = check_every_access(trace, err);
	if (st == PW_OK)
		st = check_needs(trace, err);
	if (st == PW_OK && (trace->options.needs == PW_NEED_TOUCHES ||
			    trace->options.needs == PW_NEED_BOTH))
		st = pw_collapse_open(&trace->collapse, err);
	if (st == PW_OK && trace->collapse && trace->options.split)
		pw_collapse_split(trace->collapse);
	if (st == PW_OK && trace->collapse && trace->options.far_stores)
		pw_collapse_far_stores(trace->collapse);
	if (st != PW_OK) {
		pw_trace_close(trace);
		return st;
	}
	*out = trace;
	return PW_OK;
}

void pw_trace_close(struct pw_trace *trace)
{
	if (!trace)
		return;
	if (trace->ops && trace->state)
		trace->ops->close(trace->state);
	pw_collapse_close(trace->collapse);
	pw_array_free(&trace->tasks);
	pw_array_free(&trace->process_ended);
	pw_array_free(&trace->space_ended);
	pw_lineage_free(&trace->lineage);
	pw_input_close(&trace->input);
	free(trace);
}

const struct pw_trace_info *pw_trace_info(const struct pw_trace *trace)
{
	return &trace->info;
}

/* What is known of @thread, made when it is new; NULL without memory. */
static struct task *task_of(struct pw_trace *trace, uint32_t thread,
			    struct pw_error *err)
{
	PW_ASSERT(thread < trace->info.thread_count);
	while (trace->tasks.count <= thread)
		if (pw_array_push(&trace->tasks, NULL, err) != PW_OK)
			return NULL;
	return &PW_ARRAY_AT(&trace->tasks, struct task, thread);
}

/* As many of @count accesses as keep the number of their touches bounded. */
static size_t bound_pages(const uint32_t *size_bytes, size_t count)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < count; i++)
		pages += size_bytes[i] >> PW_PAGE_SHIFT;
	if (pages <= PW_TOUCH_PAGES_MAX)
		return count;
	pages = 0;
	for (size_t i = 0; i < count; i++) {
		pages += size_bytes[i] >> PW_PAGE_SHIFT;
		if (pages > PW_TOUCH_PAGES_MAX)
			return i > 0 ? i : 1;
	}
	return count;
}

/* How many of the source's accesses the next batch takes. */
static size_t choose_count(const struct pw_trace *trace)
{
	size_t left = trace->source.accesses.count - trace->taken;
	uint64_t epoch = trace->options.epoch_accesses;
	size_t count = left < BATCH_ACCESSES_MAX ? left : BATCH_ACCESSES_MAX;

	if (epoch > 0) {
		uint64_t room = epoch - trace->totals.accesses % epoch;

		if (count > room)
			count = room;
	}
	if (trace->collapse && count > 0)
		count = bound_pages(trace->source.accesses.size_bytes +
					    trace->taken,
				    count);
	PW_ASSERT(count > 0 || left == 0);
	return count;
}

/* After the last access of the source come its events. */
static void take_events(struct pw_trace *trace)
{
	PW_ASSERT(trace->taken <= trace->source.accesses.count);
	if (trace->taken < trace->source.accesses.count)
		return;
	trace->batch.events = trace->source.events;
	trace->has_source = false;
}

/* Take the next @count accesses, and after the last of them the events. */
static void cut(struct pw_trace *trace, size_t count)
{
	const struct pw_batch *source = &trace->source;
	struct pw_batch *batch = &trace->batch;
	size_t from = trace->taken;

	if (count > 0) {
		batch->accesses.count = count;
		batch->accesses.address = source->accesses.address + from;
		/* Nobody makes pcs where only touches are wanted. */
		batch->accesses.pc =
			source->accesses.pc ? source->accesses.pc + from : NULL;
		batch->accesses.size_bytes = source->accesses.size_bytes + from;
		batch->accesses.kind = source->accesses.kind + from;
	}
	trace->taken += count;
	take_events(trace);
}

/* The moment at @index of @moments, made when it is new; NULL without memory.
 */
static uint64_t *moment_at(struct pw_array *moments, size_t index,
			   struct pw_error *err)
{
	while (moments->count <= index)
		if (pw_array_push(moments, NULL, err) != PW_OK)
			return NULL;
	return &PW_ARRAY_AT(moments, uint64_t, index);
}

/*
 * An event of @thread ends the runs of all threads that share its address
 * space: of those of its process, and of the space. Which run later find out.
 */
static enum pw_status end_runs(struct pw_trace *trace, uint32_t thread,
			       struct pw_error *err)
{
	uint32_t process = trace->info.threads[thread].process;
	uint32_t space = pw_lineage_space(&trace->lineage, process);
	uint64_t *ended = moment_at(&trace->process_ended, process, err);

	trace->moment++;
	if (!ended)
		return err->status;
	*ended = trace->moment;
	if (space == PW_NO_SPACE)
		return PW_OK;
	ended = moment_at(&trace->space_ended, space, err);
	if (!ended)
		return err->status;
	*ended = trace->moment;
	return PW_OK;
}

/* Whether the runs of @thread, of which @task is known, were ended. */
static bool runs_ended(const struct pw_trace *trace, uint32_t thread,
		       const struct task *task)
{
	uint32_t process = trace->info.threads[thread].process;
	uint32_t space = pw_lineage_space(&trace->lineage, process);

	if (process < trace->process_ended.count &&
	    PW_ARRAY_AT(&trace->process_ended, uint64_t, process) > task->ran)
		return true;
	return space < trace->space_ended.count &&
	       PW_ARRAY_AT(&trace->space_ended, uint64_t, space) > task->ran;
}

/* Find the address space of the batch. */
static enum pw_status find_space(struct pw_trace *trace, struct pw_error *err)
{
	struct pw_batch *batch = &trace->batch;
	uint32_t space;
	enum pw_status st = pw_lineage_run(&trace->lineage, &trace->info,
					   batch->thread, &space, err);

	if (st == PW_OK)
		batch->space = pw_lineage_space_id(
			&trace->lineage,
			trace->info.threads[batch->thread].process);
	return st;
}

/* Let the events of the batch end runs and change who uses which space. */
static enum pw_status follow_events(struct pw_trace *trace,
				    struct pw_error *err)
{
	const struct pw_batch *batch = &trace->batch;
	const struct pw_events *events = &batch->events;
	enum pw_status st = PW_OK;

	for (size_t i = 0; i < events->count && st == PW_OK; i++) {
		struct pw_event event = {.kind = events->kind[i],
					 .result = events->result[i],
					 .arg = {events->arg[i][0]}};
		struct pw_lineage_change change;

		if (trace->collapse)
			st = end_runs(trace, batch->thread, err);
		if (st == PW_OK)
			st = pw_lineage_event(&trace->lineage, &trace->info,
					      batch->thread, &event, &change,
					      err);
	}
	return st;
}

/* Count the batch, which has its accesses and touches, and follow it. */
static enum pw_status finish(struct pw_trace *trace, struct pw_error *err)
{
	struct pw_batch *batch = &trace->batch;
	const struct pw_tally *tally = &batch->tally;
	enum pw_status st = find_space(trace, err);

	PW_ASSERT(tally->instructions <= batch->access_count);
	batch->instruction_count = tally->instructions;
	if (st == PW_OK)
		st = follow_events(trace, err);
	PW_ARRAY_AT(&trace->tasks, struct task, batch->thread).clock +=
		tally->instructions;
	pw_tally_total(&trace->totals, tally, batch->access_count);
	trace->totals.events += batch->events.count;
	return st;
}

/* Have something of the reader's that was not delivered; false at the end. */
static enum pw_status fetch(struct pw_trace *trace, bool *more,
			    struct pw_error *err)
{
	enum pw_status st = PW_OK;

	*more = true;
	while (st == PW_OK && *more && !trace->has_source) {
		memset(&trace->source, 0, sizeof(trace->source));
		st = trace->ops->next(trace->state, &trace->info,
				      &trace->source, more, err);
		trace->taken = 0;
		trace->has_source =
			*more && (trace->source.accesses.count > 0 ||
				  trace->source.touches.count > 0 ||
				  trace->source.events.count > 0);
	}
	return st;
}

/* Begin a batch of the source's thread. */
static enum pw_status begin(struct pw_trace *trace, struct pw_error *err)
{
	struct pw_batch *batch = &trace->batch;
	struct task *task = task_of(trace, trace->source.thread, err);

	if (!task)
		return err->status;
	if (trace->collapse && runs_ended(trace, trace->source.thread, task))
		pw_collapse_end_runs(trace->collapse, trace->source.thread);
	task->ran = trace->moment;
	memset(batch, 0, sizeof(*batch));
	batch->thread = trace->source.thread;
	batch->first_access = trace->totals.accesses;
	batch->first_instruction = task->clock;
	return PW_OK;
}

/* The next batch of accesses, and of their touches where wanted. */
static enum pw_status bring_accesses(struct pw_trace *trace,
				     struct pw_error *err)
{
	struct pw_batch *batch = &trace->batch;

	cut(trace, choose_count(trace));
	batch->access_count = batch->accesses.count;
	pw_tally_add(&batch->tally, batch->accesses.kind,
		     batch->accesses.count);
	if (!trace->collapse || batch->accesses.count == 0)
		return PW_OK;
	return pw_collapse_batch(trace->collapse, batch->thread,
				 batch->first_instruction, &batch->accesses,
				 &batch->touches, err);
}

/* Accesses before the end of an epoch that is at no cut of touches. */
static uint64_t epoch_room(const struct pw_trace *trace)
{
	uint64_t epoch = trace->options.epoch_accesses;
	uint64_t at = trace->totals.accesses + trace->batch.access_count;

	return epoch % PW_TOUCH_CUT == 0 ? UINT64_MAX : epoch - at % epoch;
}

/* Count what is taken of the source, which is counted where all of it is. */
static void count_kinds(struct pw_trace *trace,
			const struct pw_accesses *accesses)
{
	const struct pw_tally *source = &trace->source.tally;
	struct pw_tally *tally = &trace->batch.tally;

	if (accesses->count < trace->source.accesses.count ||
	    source->loads + source->stores + source->fetches == 0) {
		pw_tally_add(tally, accesses->kind, accesses->count);
		return;
	}
	tally->loads += source->loads;
	tally->stores += source->stores;
	tally->modifies += source->modifies;
	tally->fetches += source->fetches;
	tally->instructions += source->instructions;
}

/* Collapse what of the source comes before the next cut; *full: there it is. */
static enum pw_status gather(struct pw_trace *trace, struct pw_touch_cut *cut,
			     bool *full, struct pw_error *err)
{
	const struct pw_accesses *source = &trace->source.accesses;
	struct pw_batch *batch = &trace->batch;
	size_t at = trace->taken, left = source->count - at;
	uint64_t room = epoch_room(trace);
	struct pw_accesses accesses = {
		.count = left < room ? left : (size_t)room,
		.address = source->address + at,
		.size_bytes = source->size_bytes + at,
		.kind = source->kind + at,
	};

	accesses.count =
		pw_touch_cut_take(cut, accesses.size_bytes, accesses.count);
	count_kinds(trace, &accesses);
	trace->taken += accesses.count;
	batch->access_count += accesses.count;
	*full = accesses.count < left || accesses.count == room ||
		cut->room == 0;
	return pw_collapse_add(trace->collapse, &accesses, err);
}

/* The next batch of touches, from as many stretches as belong to it. */
static enum pw_status collapse(struct pw_trace *trace, struct pw_error *err)
{
	struct pw_batch *batch = &trace->batch;
	struct pw_touch_cut cut = pw_touch_cut_begin(
		trace->ops->own ? trace->source.first_access + trace->taken
				: batch->first_access);
	bool full = false, more = true, goes_on = true;
	enum pw_status st;

	st = pw_collapse_begin(trace->collapse, batch->thread,
			       batch->first_instruction, err);
	while (st == PW_OK && more && goes_on && !full) {
		PW_ASSERT(trace->source.thread == batch->thread);
		st = gather(trace, &cut, &full, err);
		goes_on = trace->source.goes_on;
		take_events(trace);
		if (st == PW_OK && goes_on && !full)
			st = fetch(trace, &more, err);
	}
	if (st == PW_OK)
		pw_collapse_end(trace->collapse, &batch->touches);
	return st;
}

/* The next batch of touches, made by the reader or here. */
static enum pw_status bring_touches(struct pw_trace *trace,
				    struct pw_error *err)
{
	const struct pw_batch *source = &trace->source;
	struct pw_batch *batch = &trace->batch;

	if (source->accesses.count > 0)
		return collapse(trace, err);
	batch->access_count = source->access_count;
	batch->tally = source->tally;
	batch->touches = source->touches;
	take_events(trace);
	if (!trace->collapse)
		return PW_OK;
	return pw_collapse_resume(trace->collapse, batch->thread,
				  &batch->touches, err);
}

enum pw_status pw_trace_next(struct pw_trace *trace,
			     const struct pw_batch **batch,
			     struct pw_error *err)
{
	bool more;
	enum pw_status st = fetch(trace, &more, err);

	*batch = NULL;
	if (st != PW_OK || !more)
		return st;
	st = begin(trace, err);
	if (st == PW_OK && (trace->options.needs == PW_NEED_TOUCHES ||
			    trace->source.touches.count > 0))
		st = bring_touches(trace, err);
	else if (st == PW_OK)
		st = bring_accesses(trace, err);
	if (st == PW_OK)
		st = finish(trace, err);
	if (st == PW_OK)
		*batch = &trace->batch;
	return st;
}

/* The batches of a reader that knows no segments. */
static enum pw_status take_all(struct pw_trace *trace,
			       const struct pw_trace_taker *taker,
			       struct pw_error *err)
{
	const struct pw_batch *batch;
	enum pw_status st;

	do {
		st = pw_trace_next(trace, &batch, err);
		if (st == PW_OK)
			st = taker->take(taker->argument, 0, 0, batch, err);
	} while (st == PW_OK && batch);
	return st;
}

enum pw_status pw_trace_each(struct pw_trace *trace,
			     const struct pw_trace_taker *taker,
			     struct pw_error *err)
{
	PW_ASSERT(taker->workers >= 1);
	PW_ASSERT(trace->options.needs == PW_NEED_ACCESSES);
	PW_ASSERT(!trace->has_source && trace->totals.accesses == 0);
	if (!trace->ops->each)
		return take_all(trace, taker, err);
	return trace->ops->each(trace->state, taker, &trace->totals, err);
}

const char *pw_trace_damage(const struct pw_trace *trace)
{
	return trace->ops->damage(trace->state);
}

void pw_trace_totals(const struct pw_trace *trace, struct pw_totals *out)
{
	struct pw_totals stored = {0};

	if (trace->ops->totals(trace->state, &stored)) {
		*out = stored;
		return;
	}
	*out = trace->totals;
	out->chunks = stored.chunks;
}

double pw_trace_progress(const struct pw_trace *trace)
{
	return trace->ops->progress(trace->state);
}
