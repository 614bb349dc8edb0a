/*
 * cmd_export.c - pagewalk export: a trace in the format of another tool.
 */
#include "base/assert.h"
#include "base/command.h"
#include "base/file.h"
#include "base/progress.h"
#include "formats/exporter.h"

struct args {
	struct pw_text_list trace;
	const char *output;
	const char *format;
	const char *thread; /* NULL: all */
};

static const struct pw_option options[] = {
	{
		.name = "to",
		.argument = "FORMAT",
		.type = PW_OPTION_TEXT,
		.offset = offsetof(struct args, format),
		.help = "champsim, lackey, pages or oracle_general",
	},
	{
		.name = "output",
		.key = 'o',
		.argument = "FILE",
		.type = PW_OPTION_TEXT,
		.offset = offsetof(struct args, output),
		.help = "Write FILE (default: the trace's name with the "
			"format's suffix, in this directory)",
	},
	{
		.name = "thread",
		.argument = "N",
		.type = PW_OPTION_TEXT,
		.offset = offsetof(struct args, thread),
		.help = "Only thread N, counted from 0 (default: all)",
	},
	{0},
};

static const struct pw_table_spec export_spec = {
	.name = "export",
	.title = "Exported trace",
	.form = PW_FORM_RECORD,
	.flags = PW_TABLE_PRIMARY,
	.column =
		{
			{"output", NULL, PW_CELL_TEXT, PW_UNIT_NONE},
			{"format", "to format", PW_CELL_TEXT, PW_UNIT_NONE},
			{"accesses", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"records", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"left_out", "accesses left out", PW_CELL_U64,
			 PW_UNIT_COUNT},
		},
};

struct export
{
	const struct pw_exporter_ops *ops;
	const char *path;
	const char *output;
	bool one_thread;
	uint64_t thread;
	struct pw_tables *tables;
	struct pw_trace *trace;
	struct pw_output *file;
	void *state;
	uint64_t accesses; /* of the threads chosen */
};

static enum pw_status find_exporter(struct export *export, const char *name,
				    struct pw_error *err)
{
	if (name)
		export->ops = pw_exporter_find(name);
	if (export->ops)
		return PW_OK;
	if (name)
		pw_fail(err, PW_ERR_USAGE, "%s: no format to export to", name);
	else
		pw_fail(err, PW_ERR_USAGE, "--to is missing");
	return pw_hint(err, "formats: champsim, lackey, pages, oracle_general");
}

static enum pw_status parse_thread(struct export *export, const char *text,
				   struct pw_error *err)
{
	char *end;

	if (!text)
		return PW_OK;
	export->one_thread = true;
	export->thread = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && *end == '\0')
		return PW_OK;
	return pw_fail(err, PW_ERR_USAGE, "--thread %s: not a number", text);
}

/* "dir/sort.pwt" makes "sort.lackey". */
static enum pw_status name_output(struct export *export, struct pw_error *err)
{
	const char *slash = strrchr(export->path, '/');
	const char *base = slash ? slash + 1 : export->path;
	const char *dot = strrchr(base, '.');
	size_t stem = dot && dot > base ? (size_t)(dot - base) : strlen(base);

	PW_ASSERT(export->ops != NULL);
	if (export->output && export->ops->revise &&
	    strcmp(export->output, "-") == 0)
		return pw_fail(err, PW_ERR_USAGE,
			       "-o -: format %s needs a regular file",
			       export->ops->name);
	if (export->output)
		return PW_OK;
	export->output =
		pw_arena_printf(pw_tables_arena(export->tables), "%.*s%s",
				(int)stem, base, export->ops->suffix);
	return export->output ? PW_OK : pw_fail_memory(err, "a file name");
}

/* Whether the trace holds what the format needs. */
static enum pw_status check_trace(const struct export *export,
				  struct pw_error *err)
{
	const struct pw_trace_info *info = pw_trace_info(export->trace);
	const struct pw_exporter_ops *ops = export->ops;

	if (info->unknown & ops->needs)
		return pw_fail(err, PW_ERR_USAGE,
			       "%s: has no %s, which format %s needs",
			       export->path,
			       ops->needs & PW_UNKNOWN_PCS ? "program counters"
							   : "access sizes",
			       ops->name);
	if (!ops->one_thread || export->one_thread || info->thread_count <= 1)
		return PW_OK;
	pw_fail(err, PW_ERR_USAGE,
		"%s: has %zu threads, and format %s holds "
		"one",
		export->path, info->thread_count, ops->name);
	return pw_hint(err, "choose it with --thread");
}

/* Threads may come up while reading, so this is asked at the end. */
static enum pw_status check_thread(const struct export *export,
				   struct pw_error *err)
{
	size_t count = pw_trace_info(export->trace)->thread_count;

	if (!export->one_thread || export->thread < count)
		return PW_OK;
	return pw_fail(err, PW_ERR_USAGE, "%s: there is no thread %llu",
		       export->path, (unsigned long long)export->thread);
}

static enum pw_status copy(struct export *export, struct pw_error *err)
{
	const struct pw_batch *batch;
	struct pw_progress progress;
	enum pw_status st;

	pw_progress_start(&progress, "export", "accesses",
			  pw_tables_quiet(export->tables));
	do {
		st = pw_trace_next(export->trace, &batch, err);
		if (st != PW_OK || !batch)
			break;
		/* Threads may come up while reading. */
		st = check_trace(export, err);
		if (st != PW_OK ||
		    (export->one_thread && batch->thread != export->thread))
			continue;
		export->accesses += batch->accesses.count;
		st = export->ops->write(export->state,
					pw_trace_info(export->trace), batch,
					err);
		/* A full disk is no reason to read on; committing says it. */
		if (ferror(pw_output_stream(export->file)))
			break;
		pw_progress_update(&progress, export->accesses,
				   pw_trace_progress(export->trace));
	} while (st == PW_OK);
	pw_progress_end(&progress);
	return st == PW_OK ? check_thread(export, err) : st;
}

static void report(const struct export *export,
		   const struct pw_export_totals *totals)
{
	const char *damage = pw_trace_damage(export->trace);
	struct pw_table *table;

	if (damage)
		pw_tables_mark_partial(export->tables, "%s", damage);
	if (strcmp(export->output, "-") == 0)
		return; /* the table would be among the records */
	table = pw_table_add(export->tables, &export_spec);
	pw_cell_text(table, export->output);
	pw_cell_text(table, export->ops->name);
	pw_cell_u64(table, export->accesses);
	pw_cell_u64(table, totals->records);
	pw_cell_u64(table, totals->left_out);
}

static enum pw_status revise(struct export *export, struct pw_error *err)
{
	enum pw_status st = pw_output_flush(export->file, err);

	if (st != PW_OK)
		return st;
	return export->ops->revise(export->state, pw_output_fd(export->file),
				   export->output, err);
}

static enum pw_status convert(struct export *export, struct pw_error *err)
{
	const struct pw_trace_options how = {0};
	struct pw_export_totals totals;
	struct pw_output *file;
	enum pw_status st;

	st = pw_trace_open(&export->trace, export->path, &how, err);
	if (st == PW_OK)
		st = check_trace(export, err);
	if (st == PW_OK)
		st = pw_output_open(&export->file, export->output, err);
	if (st == PW_OK)
		st = export->ops->open(&export->state,
				       pw_output_stream(export->file), err);
	if (st == PW_OK)
		st = copy(export, err);
	if (st == PW_OK)
		st = export->ops->end(export->state, &totals, err);
	if (st == PW_OK && export->ops->revise)
		st = revise(export, err);
	if (st != PW_OK)
		return st;
	file = export->file;
	export->file = NULL;
	st = pw_output_commit(file, err);
	if (st == PW_OK)
		report(export, &totals);
	return st;
}

static enum pw_status run(const void *parsed, struct pw_tables *out,
			  struct pw_error *err)
{
	const struct args *args = parsed;
	struct export export = {
		.path = args->trace.item[0],
		.output = args->output,
		.tables = out,
	};
	enum pw_status st = find_exporter(&export, args->format, err);

	if (st == PW_OK)
		st = parse_thread(&export, args->thread, err);
	if (st == PW_OK)
		st = name_output(&export, err);
	if (st == PW_OK)
		st = convert(&export, err);
	if (export.state)
		export.ops->close(export.state);
	pw_output_discard(export.file);
	pw_trace_close(export.trace);
	return st;
}

const struct pw_command pw_command_export = {
	.name = "export",
	.summary = "write a trace in the format of another tool",
	.operands_doc = "TRACE",
	.example = {"pagewalk export --to champsim --thread 0 sort.pwt",
		    "pagewalk export --to lackey -o - sort.pwt",
		    "pagewalk export --to oracle_general sort.pwt"},
	.operands = PW_OPERANDS_ONE,
	.operands_offset = offsetof(struct args, trace),
	.flags = PW_COMMAND_OUTPUT,
	.options = options,
	.args_bytes = sizeof(struct args),
	.run = run,
};
