/*
 * cmd_info.c - "pagewalk info": what a trace holds.
 *
 * The trace is read to its end: touches are not stored, and only reading
 * shows whether everything is there.
 */
#include "base/command.h"
#include "base/progress.h"
#include "formats/metadata.h"
#include "formats/process_list.h"
#include "formats/trace.h"

struct args {
	struct pw_text_list trace;
};

static const struct pw_option options[] = {{.name = NULL}};

static const struct pw_table_spec info_spec = {
	.name = "info",
	.title = "Trace",
	.help = "Loads and stores both include read-modify-writes.",
	.form = PW_FORM_RECORD,
	.flags = PW_TABLE_PRIMARY,
	.column = {{"format", "format", PW_CELL_TEXT, PW_UNIT_NONE},
		   {"accesses", "accesses", PW_CELL_U64, PW_UNIT_COUNT},
		   {"loads", "loads", PW_CELL_U64, PW_UNIT_COUNT},
		   {"stores", "stores", PW_CELL_U64, PW_UNIT_COUNT},
		   {"modifies", "read-modify-writes", PW_CELL_U64,
		    PW_UNIT_COUNT},
		   {"fetches", "fetches", PW_CELL_U64, PW_UNIT_COUNT},
		   {"touches", "touches", PW_CELL_U64, PW_UNIT_COUNT},
		   {"instructions", "instructions", PW_CELL_U64, PW_UNIT_COUNT},
		   {"threads", "threads", PW_CELL_U64, PW_UNIT_COUNT},
		   {"processes", "processes", PW_CELL_U64, PW_UNIT_COUNT},
		   {"events", "events", PW_CELL_U64, PW_UNIT_COUNT},
		   {"chunks", "chunks", PW_CELL_U64, PW_UNIT_COUNT},
		   {"file_bytes", "file", PW_CELL_U64, PW_UNIT_BYTES},
		   {"complete", "complete", PW_CELL_BOOL, PW_UNIT_NONE}},
};

static const struct pw_table_spec metadata_spec = {
	.name = "metadata",
	.title = "Recorded by",
	.form = PW_FORM_PAIRS,
	.column = {{"name", NULL, PW_CELL_TEXT, PW_UNIT_NONE},
		   {"value", NULL, PW_CELL_TEXT, PW_UNIT_NONE}},
};

static const struct pw_table_spec host_spec = {
	.name = "host",
	.title = "Machine it was recorded on",
	.form = PW_FORM_PAIRS,
	.flags = PW_TABLE_DETAIL,
	.column = {{"name", NULL, PW_CELL_TEXT, PW_UNIT_NONE},
		   {"value", NULL, PW_CELL_TEXT, PW_UNIT_NONE}},
};

static const struct pw_table_spec unknown_spec = {
	.name = "unknown",
	.title = "Not known to the recorder",
	.form = PW_FORM_ROWS,
	.column = {{"unknown", NULL, PW_CELL_TEXT, PW_UNIT_NONE}},
};

static const struct pw_table_spec modules_spec = {
	.name = "modules",
	.title = "Modules",
	.form = PW_FORM_ROWS,
	.column = {{"process", NULL, PW_CELL_U64, PW_UNIT_NONE},
		   {"base", NULL, PW_CELL_U64, PW_UNIT_ADDRESS},
		   {"span_bytes", "size", PW_CELL_U64, PW_UNIT_BYTES},
		   {"build_id", "build id", PW_CELL_TEXT, PW_UNIT_NONE},
		   {"path", NULL, PW_CELL_TEXT, PW_UNIT_NONE}},
};

static const struct pw_table_spec threads_spec = {
	.name = "thread_list",
	.title = "Threads",
	.form = PW_FORM_ROWS,
	.column = {{"thread", NULL, PW_CELL_U64, PW_UNIT_NONE},
		   {"process", NULL, PW_CELL_U64, PW_UNIT_NONE},
		   {"pid", NULL, PW_CELL_U64, PW_UNIT_NONE},
		   {"tid", NULL, PW_CELL_U64, PW_UNIT_NONE},
		   {"parent", NULL, PW_CELL_U64, PW_UNIT_NONE}},
};

/* What only reading the trace shows. */
struct seen {
	uint64_t touches;
	uint64_t tasks; /* threads and processes not recorded */
	uint64_t calls; /* whose effects were not */
	struct pw_process_list processes;
};

static void look_at_events(struct seen *seen, const struct pw_events *events)
{
	for (size_t i = 0; i < events->count; i++) {
		const char *why = events->text[i];

		if (events->kind[i] != PW_EVENT_unrecorded)
			continue;
		if (strcmp(why, "thread") == 0 || strcmp(why, "process") == 0)
			seen->tasks++;
		else
			seen->calls++;
	}
}

static enum pw_status read_all(struct pw_trace *trace, struct pw_tables *out,
			       struct seen *seen, struct pw_error *err)
{
	struct pw_progress progress;
	const struct pw_batch *batch;
	uint64_t accesses = 0;
	enum pw_status st;

	pw_progress_start(&progress, "info", "accesses", pw_tables_quiet(out));
	do {
		st = pw_trace_next(trace, &batch, err);
		if (st != PW_OK || !batch)
			break;
		for (size_t i = 0; i < batch->touches.count; i++)
			if (!(batch->touches.flags[i] & PW_TOUCH_NOT_COUNTED))
				seen->touches++;
		look_at_events(seen, &batch->events);
		st = pw_process_list_note(&seen->processes,
					  pw_trace_info(trace), batch,
					  pw_tables_arena(out), err);
		accesses += batch->access_count;
		pw_progress_update(&progress, accesses,
				   pw_trace_progress(trace));
	} while (st == PW_OK);
	pw_progress_end(&progress);
	return st;
}

static uint64_t count_processes(const struct pw_trace_info *info)
{
	uint64_t processes = 0;

	for (size_t i = 0; i < info->thread_count; i++)
		if (info->threads[i].process >= processes)
			processes = (uint64_t)info->threads[i].process + 1;
	return processes;
}

static void list_totals(struct pw_tables *out, const struct pw_trace *trace,
			uint64_t touches)
{
	const struct pw_trace_info *info = pw_trace_info(trace);
	struct pw_table *table = pw_table_add(out, &info_spec);
	struct pw_totals totals;

	pw_trace_totals(trace, &totals);
	pw_cell_text(table, info->format);
	pw_cell_u64(table, totals.accesses);
	pw_cell_u64(table, totals.loads);
	pw_cell_u64(table, totals.stores);
	pw_cell_u64(table, totals.modifies);
	pw_cell_u64(table, totals.fetches);
	pw_cell_u64(table, touches);
	pw_cell_u64(table, totals.instructions);
	pw_cell_u64(table, info->thread_count);
	pw_cell_u64(table, count_processes(info));
	pw_cell_u64(table, totals.events);
	pw_cell_u64(table, totals.chunks);
	pw_cell_u64(table, totals.file_bytes);
	pw_cell_bool(table, pw_trace_damage(trace) == NULL);
}

/* Say in the list and in a note that @count of @what are missing. */
static void list_missing(struct pw_tables *out, struct pw_table *table,
			 uint64_t count, const char *what)
{
	char text[64];

	if (count == 0)
		return;
	snprintf(text, sizeof(text), "%s: %llu", what,
		 (unsigned long long)count);
	pw_cell_text(table, text);
	pw_tables_note(out, "not recorded: %s", text);
}

static void list_unknown(struct pw_tables *out, unsigned unknown,
			 const struct seen *seen)
{
	static const struct {
		unsigned bit;
		const char *text;
	} names[] = {
		{PW_UNKNOWN_SIZES, "access sizes"},
		{PW_UNKNOWN_PCS, "program counters"},
		{PW_UNKNOWN_FETCHES, "instruction fetches"},
		{PW_UNKNOWN_THREADS, "which thread made an access"},
		{PW_UNKNOWN_MAPPINGS, "changes of the address space"},
		{PW_UNKNOWN_INSTRUCTIONS,
		 "which accesses belong to one instruction"},
		{PW_UNKNOWN_BUT_TOUCHES, "accesses: there are touches only"},
		{PW_UNKNOWN_ACCESSES,
		 "accesses between those that were sampled or not filtered"},
	};
	struct pw_table *table = pw_table_add(out, &unknown_spec);

	for (size_t i = 0; i < PW_COUNT(names); i++)
		if (unknown & names[i].bit)
			pw_cell_text(table, names[i].text);
	list_missing(out, table, seen->tasks, "threads or processes");
	list_missing(out, table, seen->calls, "effects of system calls");
}

static void list_modules(struct pw_tables *out,
			 const struct pw_trace_info *info)
{
	struct pw_table *table = pw_table_add(out, &modules_spec);

	for (size_t i = 0; i < info->module_count; i++) {
		const struct pw_module *module = &info->modules[i];
		char id[2 * PW_BUILD_ID_MAX + 1] = "";

		for (size_t b = 0; b < module->build_id_bytes; b++)
			snprintf(id + 2 * b, sizeof(id) - 2 * b, "%02x",
				 module->build_id[b]);
		pw_cell_u64(table, module->process);
		pw_cell_u64(table, module->base);
		pw_cell_u64(table, module->span_bytes);
		pw_cell_text(table, id);
		pw_cell_text(table, module->path);
	}
}

static void list_threads(struct pw_tables *out,
			 const struct pw_trace_info *info)
{
	struct pw_table *table = pw_table_add(out, &threads_spec);

	for (size_t i = 0; i < info->thread_count; i++) {
		pw_cell_u64(table, i);
		pw_cell_u64(table, info->threads[i].process);
		pw_cell_u64(table, info->threads[i].pid);
		pw_cell_u64(table, info->threads[i].tid);
		pw_cell_u64(table, info->threads[i].parent);
	}
}

/* Open a trace for all that it holds. */
static enum pw_status open_trace(struct pw_trace **trace, const char *path,
				 struct pw_error *err)
{
	struct pw_trace_options how = {.needs = PW_NEED_TOUCHES};
	enum pw_status st = pw_trace_open(trace, path, &how, err);

	if (st != PW_OK ||
	    (pw_trace_info(*trace)->unknown & PW_UNKNOWN_BUT_TOUCHES))
		return st;
	pw_trace_close(*trace);
	how.needs = PW_NEED_BOTH;
	return pw_trace_open(trace, path, &how, err);
}

static enum pw_status run(const void *parsed, struct pw_tables *out,
			  struct pw_error *err)
{
	const struct args *args = parsed;
	const struct pw_trace_info *info;
	struct seen seen = {0};
	struct pw_trace *trace;
	enum pw_status st;

	st = open_trace(&trace, args->trace.item[0], err);
	if (st != PW_OK)
		return st;
	pw_process_list_init(&seen.processes);
	st = read_all(trace, out, &seen, err);
	if (st != PW_OK)
		goto done;
	info = pw_trace_info(trace);
	list_totals(out, trace, seen.touches);
	st = pw_metadata_list(info->metadata, NULL,
			      pw_table_add(out, &metadata_spec), err);
	if (st != PW_OK)
		goto done;
	list_unknown(out, info->unknown, &seen);
	list_modules(out, info);
	st = pw_process_list_table(&seen.processes, info, out, err);
	if (st != PW_OK)
		goto done;
	list_threads(out, info);
	st = pw_metadata_list(info->metadata, "host",
			      pw_table_add(out, &host_spec), err);
	if (pw_trace_damage(trace))
		pw_tables_mark_partial(out, "%s", pw_trace_damage(trace));
done:
	pw_process_list_free(&seen.processes);
	pw_trace_close(trace);
	return st;
}

const struct pw_command pw_command_info = {
	.name = "info",
	.summary = "say what a trace holds",
	.operands_doc = "TRACE",
	.example = {"pagewalk info sort.pwt",
		    "pagewalk info --format json sort.pwt",
		    "pagewalk info --table modules --format csv sort.pwt"},
	.operands = PW_OPERANDS_ONE,
	.operands_offset = offsetof(struct args, trace),
	.options = options,
	.args_bytes = sizeof(struct args),
	.run = run,
};
