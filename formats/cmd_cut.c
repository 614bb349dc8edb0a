/*
 * cmd_cut.c - pagewalk cut: a part of a trace as a trace.
 *
 * Events before the part are kept, since they say what is mapped in it.
 */
#include "base/assert.h"
#include "base/command.h"
#include "base/progress.h"
#include "formats/cut_choice.h"
#include "formats/cut_window.h"
#include "formats/metadata.h"
#include "formats/rewrite.h"

struct args {
	struct pw_text_list source;
	const char *output;
	uint64_t from;
	uint64_t to;   /* 0: the end */
	uint64_t unit; /* enum pw_cut_unit */
	const char *mark;
	const char *from_mark;
	const char *to_mark;
	struct pw_text_list threads;
	struct pw_text_list processes;
	struct pw_text_list pages;
};

static const struct pw_option options[] = {
	{
		.name = "output",
		.key = 'o',
		.argument = "FILE",
		.type = PW_OPTION_TEXT,
		.offset = offsetof(struct args, output),
		.help = "Write FILE",
	},
	{
		.name = "from",
		.argument = "N",
		.type = PW_OPTION_COUNT,
		.offset = offsetof(struct args, from),
		.fallback = "0",
		.help = "Leave out the first N instructions",
	},
	{
		.name = "to",
		.argument = "N",
		.type = PW_OPTION_COUNT,
		.offset = offsetof(struct args, to),
		.min = 1,
		.help = "End after the first N instructions (default: all)",
	},
	{
		.name = "by",
		.argument = "UNIT",
		.type = PW_OPTION_CHOICE,
		.offset = offsetof(struct args, unit),
		.fallback = "instructions",
		.choices = "instructions|accesses",
		.help = "What --from and --to count",
	},
	{
		.name = "mark",
		.argument = "NAME",
		.type = PW_OPTION_TEXT,
		.offset = offsetof(struct args, mark),
		.help = "Between the marks ...+NAME and ...-NAME",
	},
	{
		.name = "from-mark",
		.argument = "MARK",
		.type = PW_OPTION_TEXT,
		.offset = offsetof(struct args, from_mark),
		.help = "From the first mark of that name on",
	},
	{
		.name = "to-mark",
		.argument = "MARK",
		.type = PW_OPTION_TEXT,
		.offset = offsetof(struct args, to_mark),
		.help = "Up to the next mark of that name",
	},
	{
		.name = "thread",
		.argument = "N",
		.type = PW_OPTION_LIST,
		.offset = offsetof(struct args, threads),
		.help = "Only thread N, counted from 0; may be repeated",
	},
	{
		.name = "process",
		.argument = "N",
		.type = PW_OPTION_LIST,
		.offset = offsetof(struct args, processes),
		.help = "Only process N, counted from 0; may be repeated",
	},
	{
		.name = "pages",
		.argument = "START-END",
		.type = PW_OPTION_LIST,
		.offset = offsetof(struct args, pages),
		.help = "Only pages of these addresses; may be repeated",
	},
	{.name = NULL},
};

static const struct pw_table_spec cut_spec = {
	.name = "cut",
	.title = "Part of a trace",
	.form = PW_FORM_RECORD,
	.flags = PW_TABLE_PRIMARY,
	.column =
		{
			{"output", NULL, PW_CELL_TEXT, PW_UNIT_NONE},
			{"accesses", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"instructions", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"events", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"events_before", "events before it", PW_CELL_U64,
			 PW_UNIT_COUNT},
			{"first_access", "accesses before it", PW_CELL_U64,
			 PW_UNIT_COUNT},
			{"first_instruction", "instructions before it",
			 PW_CELL_U64, PW_UNIT_COUNT},
			{"file_bytes", "file size", PW_CELL_U64, PW_UNIT_BYTES},
		},
};

struct cut {
	const struct args *args;
	const char *source;
	struct pw_tables *tables;
	struct pw_trace *trace;
	struct pw_rewrite rewrite;
	struct pw_cut_window window;
	struct pw_cut_choice choice;
	struct pw_array clocks; /* uint64_t: instructions of each thread */
	bool begun;
	uint64_t first_access; /* of the window */
	uint64_t first_instruction;
	uint64_t events_before;
};

/* ---- options ---- */

static enum pw_status read_window(struct cut *cut, struct pw_error *err)
{
	const struct args *args = cut->args;
	struct pw_cut_window_options how = {
		.unit = (enum pw_cut_unit)args->unit,
		.from = args->from,
		.to = args->to > 0 ? args->to : UINT64_MAX,
		.mark = args->mark,
		.from_mark = args->from_mark,
		.to_mark = args->to_mark,
	};
	bool counts = args->from > 0 || args->to > 0;
	bool marks = args->from_mark || args->to_mark;

	if ((counts && (marks || args->mark)) || (marks && args->mark))
		return pw_fail(err, PW_ERR_USAGE,
			       "--from and --to, --mark, and --from-mark and "
			       "--to-mark exclude each other");
	if (how.to <= how.from)
		return pw_fail(err, PW_ERR_USAGE,
			       "--to: nothing is between %llu and %llu",
			       (unsigned long long)how.from,
			       (unsigned long long)how.to);
	pw_cut_window_init(&cut->window, &how);
	return PW_OK;
}

/* ---- metadata ---- */

/* Append the texts of an option to the description. */
static void describe_list(json_t *object, const char *key,
			  const struct pw_text_list *list)
{
	json_t *array;

	if (list->count == 0)
		return;
	array = json_array();
	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(array, pw_metadata_text(list->item[i]));
	json_object_set_new(object, key, array);
}

/* What was cut, behind what the trace says of itself; NULL: no memory. */
static char *describe(const struct cut *cut)
{
	const struct args *args = cut->args;
	json_t *root = json_loads(pw_trace_info(cut->trace)->metadata, 0, NULL);
	json_t *cuts = json_object_get(root, "cuts");
	json_t *object = json_pack("{s:o*, s:o*, s:o*}", "mark",
				   pw_metadata_text(args->mark), "from_mark",
				   pw_metadata_text(args->from_mark), "to_mark",
				   pw_metadata_text(args->to_mark));
	char *text;

	if (!json_is_array(cuts)) {
		cuts = json_array();
		json_object_set_new(root, "cuts", cuts);
	}
	json_object_set_new(object, "from",
			    json_integer((json_int_t)args->from));
	if (args->to > 0)
		json_object_set_new(object, "to",
				    json_integer((json_int_t)args->to));
	if (args->unit == PW_CUT_ACCESSES)
		json_object_set_new(object, "by", json_string("accesses"));
	describe_list(object, "thread", &args->threads);
	describe_list(object, "process", &args->processes);
	describe_list(object, "pages", &args->pages);
	text = json_array_append_new(cuts, object) == 0
		       ? json_dumps(root, JSON_COMPACT)
		       : NULL;
	json_decref(root);
	return text;
}

/* ---- copying ---- */

/* Say how much of each thread came before the window. */
static enum pw_status write_gaps(struct cut *cut, struct pw_error *err)
{
	const uint64_t *clock = cut->clocks.data;
	enum pw_status st = PW_OK;

	for (size_t i = 0; i < cut->clocks.count && st == PW_OK; i++) {
		const struct pw_event gap = {.kind = PW_EVENT_gap,
					     .arg = {clock[i]}};

		if (clock[i] > 0)
			st = pw_rewrite_event(&cut->rewrite, (uint32_t)i, &gap,
					      err);
	}
	return st;
}

/* Note where the window began, once it has. */
static enum pw_status begin(struct cut *cut, uint64_t access,
			    uint64_t instruction, struct pw_error *err)
{
	if (cut->begun || cut->window.phase == PW_CUT_BEFORE)
		return PW_OK;
	cut->begun = true;
	cut->first_access = access;
	cut->first_instruction = instruction;
	return write_gaps(cut, err);
}

static enum pw_status add_clock(struct cut *cut, uint32_t thread,
				uint64_t instructions, struct pw_error *err)
{
	enum pw_status st = PW_OK;

	while (cut->clocks.count <= thread && st == PW_OK)
		st = pw_array_push(&cut->clocks, NULL, err);
	if (st == PW_OK)
		PW_ARRAY_AT(&cut->clocks, uint64_t, thread) += instructions;
	return st;
}

static enum pw_status copy_accesses(struct cut *cut,
				    const struct pw_batch *batch,
				    struct pw_error *err)
{
	const struct pw_trace_info *info = pw_trace_info(cut->trace);
	bool wanted = pw_cut_choice_thread(&cut->choice, info, batch->thread);
	enum pw_status st = PW_OK;
	size_t from = 0;

	while (from < batch->accesses.count && st == PW_OK) {
		uint64_t access = cut->window.accesses;
		uint64_t instruction = cut->window.instructions;
		size_t to = pw_cut_window_accesses(&cut->window,
						   &batch->accesses, from);
		struct pw_accesses part =
			pw_rewrite_part(&batch->accesses, from, to);

		st = begin(cut, access, instruction, err);
		if (st == PW_OK && cut->window.phase == PW_CUT_BEFORE)
			st = add_clock(cut, batch->thread,
				       cut->window.instructions - instruction,
				       err);
		from = to;
		if (st != PW_OK || cut->window.phase != PW_CUT_INSIDE ||
		    !wanted)
			continue;
		st = pw_cut_choice_pages(&cut->choice, &part, &part, err);
		if (st == PW_OK)
			st = pw_rewrite_accesses(&cut->rewrite, batch->thread,
						 &part, err);
	}
	return st;
}

static enum pw_status copy_events(struct cut *cut, const struct pw_batch *batch,
				  struct pw_error *err)
{
	enum pw_status st = PW_OK;

	for (size_t i = 0; i < batch->events.count && st == PW_OK; i++) {
		const struct pw_event event =
			pw_rewrite_event_at(&batch->events, i);
		bool before = cut->window.phase == PW_CUT_BEFORE;

		if (!pw_cut_window_event(&cut->window, &event))
			return PW_OK;
		cut->events_before += before;
		st = pw_rewrite_event(&cut->rewrite, batch->thread, &event,
				      err);
		if (st == PW_OK)
			st = begin(cut, cut->window.accesses,
				   cut->window.instructions, err);
	}
	return st;
}

static enum pw_status copy_batch(struct cut *cut, const struct pw_batch *batch,
				 struct pw_error *err)
{
	enum pw_status st = pw_rewrite_declare(&cut->rewrite,
					       pw_trace_info(cut->trace), err);

	if (st == PW_OK)
		st = copy_accesses(cut, batch, err);
	if (st == PW_OK)
		st = copy_events(cut, batch, err);
	return st;
}

/* The trace is over, or the window is. */
static enum pw_status check_found(const struct cut *cut, struct pw_error *err)
{
	const struct pw_cut_window *window = &cut->window;
	enum pw_status st = pw_cut_choice_check(&cut->choice,
						pw_trace_info(cut->trace), err);
	const char *mark =
		cut->args->mark ? cut->args->mark : cut->args->from_mark;

	if (st != PW_OK || window->phase != PW_CUT_BEFORE)
		return st;
	if (mark) {
		pw_fail(err, PW_ERR_USAGE, "%s: there is no mark %s%s",
			cut->source, cut->args->mark ? "...+" : "", mark);
		return pw_hint(err, "\"pagewalk dump --events\" lists them");
	}
	return pw_fail(err, PW_ERR_USAGE,
		       "%s: ends after %llu instructions and %llu accesses, "
		       "before the part that is wanted",
		       cut->source, (unsigned long long)window->instructions,
		       (unsigned long long)window->accesses);
}

static enum pw_status copy(struct cut *cut, struct pw_error *err)
{
	const struct pw_batch *batch;
	struct pw_progress progress;
	enum pw_status st;

	pw_progress_start(&progress, "cut", "accesses",
			  pw_tables_quiet(cut->tables));
	do {
		st = pw_trace_next(cut->trace, &batch, err);
		if (st != PW_OK || !batch)
			break;
		st = copy_batch(cut, batch, err);
		pw_progress_update(&progress, cut->window.accesses,
				   pw_trace_progress(cut->trace));
	} while (st == PW_OK && cut->window.phase != PW_CUT_AFTER);
	pw_progress_end(&progress);
	if (st == PW_OK)
		st = pw_rewrite_whole(cut->trace, err);
	return st == PW_OK ? check_found(cut, err) : st;
}

/* Read the source and write the trace, up to but without closing it. */
static enum pw_status convert(struct cut *cut, struct pw_error *err)
{
	const struct pw_trace_options how = {.needs = PW_NEED_ACCESSES};
	const struct pw_trace_info *info;
	char *metadata;
	enum pw_status st;

	st = pw_trace_open(&cut->trace, cut->source, &how, err);
	if (st == PW_OK)
		st = pw_rewrite_whole(cut->trace, err);
	if (st != PW_OK)
		return st;
	info = pw_trace_info(cut->trace);
	metadata = describe(cut);
	if (!metadata)
		return pw_fail_memory(err, "the metadata");
	st = pw_rewrite_open(
		&cut->rewrite, cut->args->output, metadata,
		info->unknown | pw_cut_choice_unknown(&cut->choice), err);
	free(metadata);
	return st == PW_OK ? copy(cut, err) : st;
}

static void report(const struct cut *cut, const struct pw_totals *totals)
{
	struct pw_table *table = pw_table_add(cut->tables, &cut_spec);

	pw_cell_text(table, cut->args->output);
	pw_cell_u64(table, totals->accesses);
	pw_cell_u64(table, totals->instructions);
	pw_cell_u64(table, totals->events);
	pw_cell_u64(table, cut->events_before);
	pw_cell_u64(table, cut->first_access);
	pw_cell_u64(table, cut->first_instruction);
	pw_cell_u64(table, totals->file_bytes);
}

static enum pw_status run(const void *parsed, struct pw_tables *out,
			  struct pw_error *err)
{
	const struct args *args = parsed;
	struct cut cut = {
		.args = args,
		.source = args->source.item[0],
		.tables = out,
		.clocks = PW_ARRAY(uint64_t),
	};
	enum pw_status st =
		pw_cut_choice_parse(&cut.choice, &args->threads,
				    &args->processes, &args->pages, err);
	struct pw_totals totals;

	if (st == PW_OK)
		st = read_window(&cut, err);
	if (st == PW_OK)
		st = pw_rewrite_names(cut.source, args->output, err);
	if (st == PW_OK)
		st = convert(&cut, err);
	if (st == PW_OK)
		st = pw_rewrite_close(&cut.rewrite, &totals, err);
	if (st == PW_OK)
		report(&cut, &totals);
	pw_rewrite_abandon(&cut.rewrite);
	pw_trace_close(cut.trace);
	pw_array_free(&cut.clocks);
	pw_cut_choice_free(&cut.choice);
	return st;
}

const struct pw_command pw_command_cut = {
	.name = "cut",
	.summary = "make a trace of a part of another",
	.operands_doc = "TRACE",
	.example = {"pagewalk cut --from 1G --to 2G -o middle.pwt sort.pwt",
		    "pagewalk cut --mark load -o load.pwt server.pwt",
		    "pagewalk cut --process 1 -o child.pwt make.pwt"},
	.operands = PW_OPERANDS_ONE,
	.operands_offset = offsetof(struct args, source),
	.flags = PW_COMMAND_OUTPUT,
	.options = options,
	.args_bytes = sizeof(struct args),
	.run = run,
};
