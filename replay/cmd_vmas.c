/*
 * cmd_vmas.c - pagewalk vmas: what /proc would say of the simulated memory.
 */
#include "base/assert.h"
#include "base/command.h"
#include "base/units.h"
#include "formats/lineage.h"
#include "formats/touch_cut.h"
#include "replay/machine/machine_options.h"
#include "replay/replay_job.h"
#include "replay/views/proc_text.h"
#include "replay/views/stops.h"
#include "replay/views/vmas_tables.h"

struct args {
	struct pw_machine_args on;
	struct pw_text_list trace;
	struct pw_text_list at;
	struct pw_text_list process;
	uint64_t step;
	uint64_t view; /* enum pw_proc_view */
};

_Static_assert(offsetof(struct args, on) == 0,
	       "the machine options fill the first member");

static const struct pw_option options[] = {
	PW_MACHINE_OPTIONS,
	{
		.name = "at",
		.argument = "WHEN",
		.type = PW_OPTION_LIST,
		.offset = offsetof(struct args, at),
		.help = "Marks by name or pattern, all-marks, access:N, "
			"instruction:N, time:20ms or end; repeatable "
			"(default: end)",
	},
	{
		.name = "view",
		.argument = "FILE",
		.type = PW_OPTION_CHOICE,
		.choices = PW_PROC_VIEWS,
		.offset = offsetof(struct args, view),
		.fallback = "tables",
		.help = "Print it as this file of /proc has it",
	},
	{
		.name = "process",
		.argument = "PID",
		.type = PW_OPTION_LIST,
		.offset = offsetof(struct args, process),
		.help = "Only this process; repeatable (default: all, and of a "
			"view at a mark the one that set it)",
	},
	{
		.name = "step",
		.argument = "N",
		.type = PW_OPTION_COUNT,
		.offset = offsetof(struct args, step),
		.min = 1,
		.help = "Look for positions every N accesses (default: 16384, "
			"or fewer in a short trace)",
	},
	{0},
};

/* Processes are asked for by number. */
struct wanted {
	uint64_t pid;
	bool met;
};

/* Lines of the text, of one moment and process. */
struct section {
	size_t first;
	const char *title;
};

struct viewer {
	const struct args *args;
	enum pw_proc_view view;
	struct pw_stops stops;
	struct wanted *wanted;
	struct pw_vmas_tables tables;
	struct pw_proc_text text;
	struct pw_array sections; /* struct section */
	bool seen;		  /* something */
};

static enum pw_status parse_processes(struct viewer *viewer,
				      struct pw_arena *arena,
				      struct pw_error *err)
{
	const struct pw_text_list *texts = &viewer->args->process;
	struct pw_error why;

	viewer->wanted =
		pw_arena_alloc(arena, texts->count + 1, sizeof(struct wanted));
	if (!viewer->wanted)
		return pw_fail_memory(err, "the processes to look at");
	for (size_t i = 0; i < texts->count; i++)
		if (pw_parse_count(texts->item[i], &viewer->wanted[i].pid,
				   &why) != PW_OK)
			return pw_fail(err, PW_ERR_USAGE,
				       "--process=%.60s: %.400s",
				       texts->item[i], why.message);
	return PW_OK;
}

static bool is_wanted(struct viewer *viewer, uint64_t number)
{
	size_t count = viewer->args->process.count;
	bool found = count == 0;

	for (size_t i = 0; i < count; i++) {
		if (viewer->wanted[i].pid != number)
			continue;
		viewer->wanted[i].met = true;
		found = true;
	}
	return found;
}

/* ---- looking ---- */

/* A moment at which processes are looked at. */
struct look {
	struct pw_replay *replay;
	struct pw_system *system;
	const struct pw_trace_info *info;
	const char *label;
	uint64_t accesses;
};

static enum pw_status begin_section(struct viewer *viewer,
				    const struct look *look,
				    const struct pw_vmas_moment *moment,
				    struct pw_error *err)
{
	struct section section = {.first = viewer->text.lines.count};

	if (moment)
		section.title =
			pw_arena_printf(viewer->text.arena,
					"==> %s: process %llu <==", look->label,
					(unsigned long long)moment->process);
	else
		section.title = pw_arena_printf(viewer->text.arena,
						"==> %s <==", look->label);
	if (!section.title)
		return pw_fail_memory(err, "a view");
	return pw_array_push(&viewer->sections, &section, err);
}

/* The first thread of @process. */
static const struct pw_thread *find_first(const struct pw_trace_info *info,
					  uint32_t process)
{
	size_t i = 0;

	while (i < info->thread_count && info->threads[i].process != process)
		i++;
	PW_ASSERT(i < info->thread_count);
	return &info->threads[i];
}

static enum pw_status look_at(struct viewer *viewer, const struct look *look,
			      uint32_t process, uint32_t space,
			      struct pw_error *err)
{
	struct pw_proc_process text = {
		.space = PW_ARRAY_AT(&look->system->spaces, struct pw_space *,
				     space),
	};
	const struct pw_thread *first = find_first(look->info, process);
	struct pw_vmas_moment moment = {
		.label = look->label,
		.accesses = look->accesses,
	};
	const struct pw_thread *parent;
	enum pw_status st;

	parent = &look->info->threads[first->parent];
	moment.process = first->pid ? first->pid : process;
	if (!text.space || !is_wanted(viewer, moment.process))
		return PW_OK;
	viewer->seen = true;
	if (viewer->view == PW_PROC_NONE) {
		pw_vmas_tables_process(&viewer->tables, &moment, look->system,
				       text.space);
		return PW_OK;
	}
	text.pid = (uint32_t)moment.process;
	text.task = pw_replay_task(look->replay, process);
	text.faults = pw_system_faults(look->system, process);
	text.parent_pid = parent->process == process ? 0 : parent->pid;
	st = begin_section(viewer, look, &moment, err);
	if (st == PW_OK)
		pw_proc_text_process(&viewer->text, viewer->view, look->system,
				     &text);
	return st;
}

static void look_at_files(struct viewer *viewer, const struct look *look)
{
	const struct pw_vmas_moment moment = {
		.label = look->label,
		.accesses = look->accesses,
	};

	pw_vmas_tables_files(&viewer->tables, &moment, look->system);
}

static enum pw_status look_at_machine(struct viewer *viewer,
				      const struct look *look,
				      struct pw_error *err)
{
	enum pw_status st = begin_section(viewer, look, NULL, err);

	viewer->seen = true;
	if (st == PW_OK)
		pw_proc_text_machine(&viewer->text, viewer->view, look->system,
				     pw_replay_counters(look->replay, 0));
	return st;
}

/* How many processes may be in @info. */
static uint32_t count_processes(const struct pw_trace_info *info)
{
	uint32_t processes = 0;

	for (size_t i = 0; i < info->thread_count; i++)
		if (info->threads[i].process >= processes)
			processes = info->threads[i].process + 1;
	return processes;
}

/* Whether no process lives. */
static bool is_over(const struct pw_replay *replay,
		    const struct pw_trace_info *info)
{
	uint32_t processes = count_processes(info);

	for (uint32_t i = 0; i < processes; i++)
		if (pw_replay_space(replay, i) != PW_NO_SPACE)
			return false;
	return true;
}

/* Look at all processes that live. */
static enum pw_status look_at_all(struct viewer *viewer,
				  const struct look *look, struct pw_error *err)
{
	uint32_t processes = count_processes(look->info);
	enum pw_status st = PW_OK;

	for (uint32_t i = 0; i < processes && st == PW_OK; i++) {
		uint32_t space = pw_replay_space(look->replay, i);

		if (space != PW_NO_SPACE)
			st = look_at(viewer, look, i, space, err);
	}
	return st;
}

static enum pw_status stop_here(void *argument, struct pw_replay *replay,
				const struct pw_stop *stop,
				struct pw_error *err)
{
	struct viewer *viewer = argument;
	struct look look = {.replay = replay,
			    .info = stop->info,
			    .label = "end",
			    .accesses = stop->accesses};
	enum pw_status st = PW_OK;

	if (stop->kind != PW_STOP_END)
		st = pw_stops_match(&viewer->stops, replay, stop, &look.label,
				    err);
	else if (!viewer->stops.end)
		return PW_OK;
	if (st != PW_OK || !look.label)
		return st;
	look.system = pw_replay_system(replay, 0);
	if (viewer->view == PW_PROC_NONE &&
	    (stop->kind != PW_STOP_END || is_over(replay, stop->info)))
		look_at_files(viewer, &look);
	if (!pw_proc_is_of_process(viewer->view))
		return stop->kind != PW_STOP_END || is_over(replay, stop->info)
			       ? look_at_machine(viewer, &look, err)
			       : PW_OK;
	if (stop->kind == PW_STOP_END ||
	    (viewer->view != PW_PROC_NONE && viewer->args->process.count == 0 &&
	     stop->space != PW_NO_SPACE))
		return look_at(viewer, &look, stop->process, stop->space, err);
	return look_at_all(viewer, &look, err);
}

static enum pw_status look_at_end(struct viewer *viewer,
				  const struct pw_replay_job *job,
				  struct pw_error *err)
{
	struct pw_totals totals;
	struct look look = {.replay = job->replay,
			    .system = pw_replay_system(job->replay, 0),
			    .info = pw_trace_info(job->trace),
			    .label = "end"};

	if (!viewer->stops.end)
		return PW_OK;
	pw_trace_totals(job->trace, &totals);
	look.accesses = totals.accesses;
	if (viewer->view == PW_PROC_NONE && !is_over(look.replay, look.info))
		look_at_files(viewer, &look);
	if (pw_proc_is_of_process(viewer->view))
		return look_at_all(viewer, &look, err);
	/* The last process was looked at before it ended. */
	return viewer->seen && is_over(look.replay, look.info)
		       ? PW_OK
		       : look_at_machine(viewer, &look, err);
}

/* ---- answers ---- */

/* What was asked for must be there, or nobody would know why it is not. */
static enum pw_status check_met(const struct viewer *viewer,
				struct pw_tables *out, struct pw_error *err)
{
	const struct pw_text_list *processes = &viewer->args->process;
	size_t cursor = 0;
	const char *missed = pw_stops_missed(&viewer->stops, &cursor);

	if (missed && (!viewer->seen || viewer->view != PW_PROC_NONE)) {
		pw_fail(err, PW_ERR_USAGE, "--at=%.200s: the trace has none",
			missed);
		return pw_hint(err, "\"pagewalk replay --table marks\" lists "
				    "the marks of a trace, \"pagewalk info\" "
				    "says how long it is");
	}
	for (; missed; missed = pw_stops_missed(&viewer->stops, &cursor))
		pw_tables_note(out, "--at=%s: the trace has none", missed);
	for (size_t i = 0; i < processes->count; i++)
		if (!viewer->wanted[i].met)
			return pw_fail(err, PW_ERR_USAGE,
				       "--process=%.60s: none of this number "
				       "was there",
				       processes->item[i]);
	return PW_OK;
}

static enum pw_status print_text(const struct viewer *viewer,
				 struct pw_tables *out, struct pw_error *err)
{
	struct pw_table *table = pw_proc_text_table(out);
	size_t next = 0;

	if (viewer->text.lines.count == 0) {
		pw_fail(err, PW_ERR_USAGE, "%s: no mappings are known",
			viewer->args->trace.item[0]);
		return pw_hint(err, "--view=status and the tables know sizes "
				    "without them");
	}
	for (size_t i = 0; i < viewer->text.lines.count; i++) {
		const struct section *section =
			&PW_ARRAY_AT(&viewer->sections, struct section, next);

		if (next < viewer->sections.count && section->first == i) {
			if (next++ > 0)
				pw_cell_text(table, "");
			if (viewer->sections.count > 1)
				pw_cell_text(table, section->title);
		}
		pw_cell_text(table,
			     PW_ARRAY_AT(&viewer->text.lines, const char *, i));
	}
	return viewer->text.failed ? pw_fail_memory(err, "a view") : PW_OK;
}

static enum pw_status start(struct viewer *viewer, const struct args *args,
			    struct pw_tables *out, struct pw_error *err)
{
	struct pw_arena *arena = pw_tables_arena(out);
	enum pw_status st;

	*viewer = (struct viewer){
		.args = args,
		.view = (enum pw_proc_view)args->view,
		.text = {.arena = arena, .lines = PW_ARRAY(const char *)},
		.sections = PW_ARRAY(struct section),
	};
	st = pw_stops_parse(&viewer->stops, &args->at, arena, err);
	if (st == PW_OK)
		st = parse_processes(viewer, arena, err);
	if (st == PW_OK && viewer->view == PW_PROC_NONE)
		pw_vmas_tables_add(out, &viewer->tables);
	return st;
}

static enum pw_status run(const void *parsed, struct pw_tables *out,
			  struct pw_error *err)
{
	const struct args *args = parsed;
	struct viewer viewer;
	struct pw_replay_job job = {0};
	enum pw_status st = start(&viewer, args, out, err);
	const struct pw_replay_watch watch = {
		.argument = &viewer,
		.steps = viewer.stops.steps,
		.look = stop_here,
	};
	const struct pw_replay_request request = {
		.on = &args->on,
		.path = args->trace.item[0],
		.interval = args->step,
		.interval_most = PW_TOUCH_CUT,
		.one_machine = true,
		.watch = &watch,
	};

	PW_ASSERT(args->trace.count == 1);
	if (st == PW_OK)
		st = pw_replay_job_open(&job, &request, out, err);
	if (st == PW_OK)
		st = pw_replay_job_run(&job, out, err);
	if (st == PW_OK)
		st = look_at_end(&viewer, &job, err);
	if (st == PW_OK)
		st = check_met(&viewer, out, err);
	if (st == PW_OK && viewer.view != PW_PROC_NONE)
		st = print_text(&viewer, out, err);
	else if (st == PW_OK)
		pw_replay_job_notes(&job, out);
	pw_replay_job_close(&job);
	pw_array_free(&viewer.text.lines);
	pw_array_free(&viewer.sections);
	return st;
}

const struct pw_command pw_command_vmas = {
	.name = "vmas",
	.summary = "what /proc would say of the simulated memory",
	.operands_doc = "TRACE",
	.example = {"pagewalk vmas sort.pwt",
		    "pagewalk vmas --at 'gt-*' --format csv sort.pwt",
		    "pagewalk vmas --view smaps --at loaded sort.pwt"},
	.operands = PW_OPERANDS_ONE,
	.operands_offset = offsetof(struct args, trace),
	.options = options,
	.args_bytes = sizeof(struct args),
	.run = run,
};
