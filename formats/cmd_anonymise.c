/*
 * cmd_anonymise.c - pagewalk anonymise: a trace without the names of things.
 *
 * Chunks of accesses have no names in them and are copied as they are.
 */
#include "base/command.h"
#include "base/progress.h"
#include "formats/anonymity.h"
#include "formats/input.h"
#include "formats/reader.h"
#include "formats/repair.h"
#include "formats/rewrite.h"

struct args {
	struct pw_text_list source;
	const char *output;
	bool keep_marks;
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
		.name = "keep-marks",
		.type = PW_OPTION_FLAG,
		.offset = offsetof(struct args, keep_marks),
		.help = "Keep the names of marks and threads",
	},
	{.name = NULL},
};

static const struct pw_table_spec anonymise_spec = {
	.name = "anonymise",
	.title = "Trace without names",
	.form = PW_FORM_RECORD,
	.flags = PW_TABLE_PRIMARY,
	.column =
		{
			{"output", NULL, PW_CELL_TEXT, PW_UNIT_NONE},
			{"accesses", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"events", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"files", "files renamed", PW_CELL_U64, PW_UNIT_COUNT},
			{"names", "marks and threads renamed", PW_CELL_U64,
			 PW_UNIT_COUNT},
			{"file_bytes", "file size", PW_CELL_U64, PW_UNIT_BYTES},
		},
};

struct anonymise {
	const struct args *args;
	struct pw_tables *tables;
	struct pw_trace *trace;
	struct pw_rewrite rewrite;
	struct pw_anonymity anonymity;
};

/* ---- foreign formats ---- */

/* Declare threads as they are, and modules without their names. */
static enum pw_status declare(struct anonymise *job, struct pw_error *err)
{
	struct pw_trace_info info = *pw_trace_info(job->trace);
	size_t modules = info.module_count;
	enum pw_status st;

	info.module_count = job->rewrite.modules;
	st = pw_rewrite_declare(&job->rewrite, &info, err);
	while (st == PW_OK && job->rewrite.modules < modules) {
		struct pw_module module = info.modules[job->rewrite.modules];

		st = pw_anonymity_module(&job->anonymity, &module, err);
		if (st == PW_OK)
			st = pw_rewrite_module(&job->rewrite, &module, err);
	}
	return st;
}

static enum pw_status copy_batch(struct anonymise *job,
				 const struct pw_batch *batch,
				 struct pw_error *err)
{
	enum pw_status st = declare(job, err);

	if (st == PW_OK)
		st = pw_rewrite_accesses(&job->rewrite, batch->thread,
					 &batch->accesses, err);
	for (size_t i = 0; i < batch->events.count && st == PW_OK; i++) {
		struct pw_event event = pw_rewrite_event_at(&batch->events, i);

		st = pw_anonymity_event(&job->anonymity, &event, err);
		if (st == PW_OK)
			st = pw_rewrite_event(&job->rewrite, batch->thread,
					      &event, err);
	}
	return st;
}

static enum pw_status copy(struct anonymise *job, struct pw_error *err)
{
	const struct pw_batch *batch;
	struct pw_progress progress;
	uint64_t accesses = 0;
	enum pw_status st;

	pw_progress_start(&progress, "anonymise", "accesses",
			  pw_tables_quiet(job->tables));
	do {
		st = pw_trace_next(job->trace, &batch, err);
		if (st != PW_OK || !batch)
			break;
		st = copy_batch(job, batch, err);
		accesses += batch->accesses.count;
		pw_progress_update(&progress, accesses,
				   pw_trace_progress(job->trace));
	} while (st == PW_OK);
	pw_progress_end(&progress);
	if (st == PW_OK)
		st = pw_rewrite_whole(job->trace, err);
	return st == PW_OK ? declare(job, err) : st;
}

/* Read a foreign trace and write it anew. */
static enum pw_status convert(struct anonymise *job, struct pw_totals *totals,
			      struct pw_error *err)
{
	const struct pw_trace_options how = {.needs = PW_NEED_ACCESSES};
	const struct pw_trace_info *info;
	char *metadata;
	enum pw_status st;

	st = pw_trace_open(&job->trace, job->args->source.item[0], &how, err);
	if (st == PW_OK)
		st = pw_rewrite_whole(job->trace, err);
	if (st != PW_OK)
		return st;
	info = pw_trace_info(job->trace);
	metadata = pw_anonymity_metadata(&job->anonymity, info->metadata);
	if (!metadata)
		return pw_fail_memory(err, "the metadata");
	st = pw_rewrite_open(&job->rewrite, job->args->output, metadata,
			     info->unknown, err);
	free(metadata);
	if (st == PW_OK)
		st = copy(job, err);
	if (st == PW_OK)
		st = pw_rewrite_close(&job->rewrite, totals, err);
	return st;
}

/* ---- our own format ---- */

static enum pw_status change_module(void *state, struct pw_module *module,
				    struct pw_error *err)
{
	return pw_anonymity_module(state, module, err);
}

static enum pw_status change_event(void *state, struct pw_event *event,
				   struct pw_error *err)
{
	return pw_anonymity_event(state, event, err);
}

/* Copy the chunks of accesses of a trace that was found to be whole. */
static enum pw_status copy_chunks(struct anonymise *job,
				  const struct pw_verify *verify,
				  struct pw_totals *totals,
				  struct pw_error *err)
{
	const struct pw_finding *first = verify->findings.data;
	struct pw_repair_change change = {
		.state = &job->anonymity,
		.module = change_module,
		.event = change_event,
	};
	char *metadata;
	enum pw_status st;

	if (verify->problems > 0) {
		pw_fail(err, PW_ERR_FORMAT, "%s: offset %llu: %s: %s",
			verify->path, (unsigned long long)first->offset,
			first->where, first->text);
		return pw_hint(err, "make a whole trace of what is left with "
				    "pagewalk verify --repair first");
	}
	metadata = pw_anonymity_metadata(&job->anonymity,
					 verify->declared.metadata);
	if (!metadata)
		return pw_fail_memory(err, "the metadata");
	change.metadata = metadata;
	*totals = verify->totals;
	st = pw_repair_write(verify, job->args->output, &change,
			     &totals->file_bytes, err);
	free(metadata);
	return st;
}

static enum pw_status convert_own(struct anonymise *job,
				  struct pw_totals *totals,
				  struct pw_error *err)
{
	struct pw_verify *verify = calloc(1, sizeof(*verify));
	struct pw_progress progress;
	enum pw_status st;

	if (!verify)
		return pw_fail_memory(err, "a list of chunks");
	pw_progress_start(&progress, "anonymise", "accesses",
			  pw_tables_quiet(job->tables));
	st = pw_verify_run(verify, job->args->source.item[0], &progress, err);
	pw_progress_end(&progress);
	if (st == PW_OK)
		st = copy_chunks(job, verify, totals, err);
	pw_verify_free(verify);
	free(verify);
	return st;
}

/* ---- the command ---- */

/* Whether the source is a trace of ours, whose chunks can be copied. */
static enum pw_status find_out(const char *path, bool *own,
			       struct pw_error *err)
{
	struct pw_input input;
	enum pw_status st = pw_input_open(&input, path, err);

	*own = st == PW_OK && pw_reader_own(&input, NULL);
	pw_input_close(&input);
	return st;
}

static void report(const struct anonymise *job, const struct pw_totals *totals)
{
	struct pw_table *table = pw_table_add(job->tables, &anonymise_spec);

	pw_cell_text(table, job->args->output);
	pw_cell_u64(table, totals->accesses);
	pw_cell_u64(table, totals->events);
	pw_cell_u64(table, job->anonymity.files.names.count);
	pw_cell_u64(table, job->anonymity.names.names.count);
	pw_cell_u64(table, totals->file_bytes);
}

static enum pw_status run(const void *parsed, struct pw_tables *out,
			  struct pw_error *err)
{
	const struct args *args = parsed;
	struct anonymise job = {.args = args, .tables = out};
	struct pw_totals totals = {0};
	bool own = false;
	enum pw_status st =
		pw_rewrite_names(args->source.item[0], args->output, err);

	pw_anonymity_init(&job.anonymity, args->keep_marks);
	if (st == PW_OK)
		st = find_out(args->source.item[0], &own, err);
	if (st == PW_OK)
		st = own ? convert_own(&job, &totals, err)
			 : convert(&job, &totals, err);
	if (st == PW_OK)
		report(&job, &totals);
	pw_rewrite_abandon(&job.rewrite);
	pw_trace_close(job.trace);
	pw_anonymity_free(&job.anonymity);
	return st;
}

const struct pw_command pw_command_anonymise = {
	.name = "anonymise",
	.summary = "make a trace without the names of things",
	.operands_doc = "TRACE",
	.example = {"pagewalk anonymise -o given.pwt sort.pwt",
		    "pagewalk anonymise --keep-marks -o given.pwt sort.pwt",
		    "pagewalk anonymise -o given.pwt drmemtrace.sort.dir"},
	.operands = PW_OPERANDS_ONE,
	.operands_offset = offsetof(struct args, source),
	.flags = PW_COMMAND_OUTPUT,
	.options = options,
	.args_bytes = sizeof(struct args),
	.run = run,
};
