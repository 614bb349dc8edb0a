/*
 * cmd_verify.c - pagewalk verify: is a trace whole, and if not, what is lost.
 */
#include "base/command.h"
#include "formats/input.h"
#include "formats/reader.h"
#include "formats/repair.h"
#include "formats/rewrite.h"

struct args {
	struct pw_text_list source;
	bool repair;
	const char *output;
	const char *format;
};

static const struct pw_option options[] = {
	{
		.name = "repair",
		.type = PW_OPTION_FLAG,
		.offset = offsetof(struct args, repair),
		.help = "Write what is whole as a whole trace",
	},
	{
		.name = "output",
		.key = 'o',
		.argument = "FILE",
		.type = PW_OPTION_TEXT,
		.offset = offsetof(struct args, output),
		.help = "The file that --repair writes",
	},
	{
		.name = "as",
		.argument = "FORMAT",
		.type = PW_OPTION_TEXT,
		.offset = offsetof(struct args, format),
		.help = "Take TRACE as one of FORMAT instead of recognising it",
	},
	{.name = NULL},
};

static const struct pw_table_spec verify_spec = {
	.name = "verify",
	.title = "Verified trace",
	.form = PW_FORM_RECORD,
	.flags = PW_TABLE_PRIMARY,
	.column =
		{
			{"path", NULL, PW_CELL_TEXT, PW_UNIT_NONE},
			{"format", NULL, PW_CELL_TEXT, PW_UNIT_NONE},
			{"whole", NULL, PW_CELL_BOOL, PW_UNIT_NONE},
			{"problems", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"accesses", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"instructions", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"events", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"threads", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"segments", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"segments_lost", "segments lost", PW_CELL_U64,
			 PW_UNIT_COUNT},
			{"accesses_lost", "accesses lost", PW_CELL_U64,
			 PW_UNIT_COUNT},
			{"file_bytes", "file size", PW_CELL_U64, PW_UNIT_BYTES},
		},
};

static const struct pw_table_spec chunks_spec = {
	.name = "chunks",
	.title = "Chunks",
	.column =
		{
			{"kind", NULL, PW_CELL_TEXT, PW_UNIT_NONE},
			{"chunks", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"bytes", "size", PW_CELL_U64, PW_UNIT_BYTES},
			{"damaged", NULL, PW_CELL_U64, PW_UNIT_COUNT},
		},
};

static const struct pw_table_spec damage_spec = {
	.name = "damage",
	.title = "Damage",
	.column =
		{
			{"offset", NULL, PW_CELL_U64, PW_UNIT_NONE},
			{"bytes", NULL, PW_CELL_U64, PW_UNIT_NONE},
			{"where", NULL, PW_CELL_TEXT, PW_UNIT_NONE},
			{"problem", NULL, PW_CELL_TEXT, PW_UNIT_NONE},
		},
};

static const struct pw_table_spec lost_spec = {
	.name = "lost",
	.title = "Lost segments",
	.help = "Where exact is no, the end is lost and there may be more.",
	.column =
		{
			{"first_segment", "first segment", PW_CELL_U64,
			 PW_UNIT_NONE},
			{"segments", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"first_access", "first access", PW_CELL_U64,
			 PW_UNIT_COUNT},
			{"accesses", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"first_instruction", "first instruction", PW_CELL_U64,
			 PW_UNIT_COUNT},
			{"instructions", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"exact", NULL, PW_CELL_BOOL, PW_UNIT_NONE},
			{"threads", "threads known to be in them", PW_CELL_TEXT,
			 PW_UNIT_NONE},
		},
};

static const struct pw_table_spec repair_spec = {
	.name = "repair",
	.title = "Repaired trace",
	.form = PW_FORM_RECORD,
	.column =
		{
			{"output", NULL, PW_CELL_TEXT, PW_UNIT_NONE},
			{"output_bytes", "output size", PW_CELL_U64,
			 PW_UNIT_BYTES},
			{"leaves_out", "accesses missing in between",
			 PW_CELL_BOOL, PW_UNIT_NONE},
		},
};

/* ---- our own format ---- */

static void list_chunks(const struct pw_verify *verify, struct pw_tables *out)
{
	struct pw_table *table = pw_table_add(out, &chunks_spec);

	for (unsigned i = 0; i < PW_CHUNK_KINDS; i++) {
		const struct pw_kind_tally *tally = &verify->kinds[i];

		if (tally->chunks == 0)
			continue;
		pw_cell_text(table, pw_chunk_name(i));
		pw_cell_u64(table, tally->chunks);
		pw_cell_u64(table, tally->bytes);
		pw_cell_u64(table, tally->damaged);
	}
}

static void list_damage(const struct pw_verify *verify, struct pw_tables *out)
{
	struct pw_table *table;

	if (verify->findings.count == 0)
		return;
	table = pw_table_add(out, &damage_spec);
	for (size_t i = 0; i < verify->findings.count; i++) {
		const struct pw_finding *finding =
			&PW_ARRAY_AT(&verify->findings, struct pw_finding, i);

		pw_cell_u64(table, finding->offset);
		pw_cell_u64(table, finding->bytes);
		pw_cell_text(table, finding->where);
		pw_cell_text(table, finding->text);
	}
	if (verify->problems > verify->findings.count)
		pw_tables_note(out, "problems that are not listed: %llu",
			       (unsigned long long)(verify->problems -
						    verify->findings.count));
}

/* "0 3 7", and "..." when there are more. */
static void put_threads(const struct pw_lost *lost, struct pw_table *table)
{
	char text[PW_LOST_THREADS_MAX * 12 + 8] = "";
	size_t used = 0;

	for (size_t i = 0; i < lost->threads; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "%s%u", i > 0 ? " " : "",
					 lost->thread[i]);
	if (lost->more_threads)
		snprintf(text + used, sizeof(text) - used, " ...");
	pw_cell_text(table, text);
}

static void list_lost(const struct pw_verify *verify, struct pw_tables *out)
{
	struct pw_table *table;

	if (verify->lost.count == 0)
		return;
	table = pw_table_add(out, &lost_spec);
	for (size_t i = 0; i < verify->lost.count; i++) {
		const struct pw_lost *lost =
			&PW_ARRAY_AT(&verify->lost, struct pw_lost, i);

		pw_cell_u64(table, lost->first_segment);
		pw_cell_u64(table, lost->segments);
		pw_cell_u64(table, lost->first_access);
		pw_cell_u64(table, lost->accesses);
		pw_cell_u64(table, lost->first_instruction);
		pw_cell_u64(table, lost->instructions);
		pw_cell_bool(table, lost->exact);
		put_threads(lost, table);
	}
}

static void report(const struct pw_verify *verify, struct pw_tables *out)
{
	struct pw_table *table = pw_table_add(out, &verify_spec);
	uint64_t segments = 0, accesses = 0;

	for (size_t i = 0; i < verify->lost.count; i++) {
		const struct pw_lost *lost =
			&PW_ARRAY_AT(&verify->lost, struct pw_lost, i);

		segments += lost->segments;
		accesses += lost->accesses;
	}
	pw_cell_text(table, verify->path);
	pw_cell_text(table, "pwt");
	pw_cell_bool(table, verify->problems == 0);
	pw_cell_u64(table, verify->problems);
	pw_cell_u64(table, verify->totals.accesses);
	pw_cell_u64(table, verify->totals.instructions);
	pw_cell_u64(table, verify->totals.events);
	pw_cell_u64(table, verify->declared.threads.count);
	pw_cell_u64(table, verify->kept.count);
	pw_cell_u64(table, segments);
	pw_cell_u64(table, accesses);
	pw_cell_u64(table, verify->file.bytes);
	list_chunks(verify, out);
	list_damage(verify, out);
	list_lost(verify, out);
}

/* The exit status says it, and so does the first problem. */
static void mark(const struct pw_verify *verify, struct pw_tables *out)
{
	const struct pw_finding *first = verify->findings.data;

	if (verify->problems == 0)
		return;
	pw_tables_mark_partial(
		out,
		"%s: is damaged (problems: %llu), first at offset %llu: %s: %s",
		verify->path, (unsigned long long)verify->problems,
		(unsigned long long)first->offset, first->where, first->text);
}

static enum pw_status repair(const struct pw_verify *verify,
			     const struct args *args, struct pw_tables *out,
			     struct pw_error *err)
{
	struct pw_table *table;
	uint64_t bytes;
	enum pw_status st =
		pw_repair_write(verify, args->output, NULL, &bytes, err);

	if (st != PW_OK)
		return st;
	table = pw_table_add(out, &repair_spec);
	pw_cell_text(table, args->output);
	pw_cell_u64(table, bytes);
	pw_cell_bool(table, pw_repair_leaves_out(verify));
	return PW_OK;
}

static enum pw_status verify_own(const struct args *args, struct pw_tables *out,
				 struct pw_error *err)
{
	struct pw_verify *verify = calloc(1, sizeof(*verify));
	struct pw_progress progress;
	enum pw_status st;

	if (!verify)
		return pw_fail_memory(err, "what is found");
	pw_progress_start(&progress, "verify", "accesses",
			  pw_tables_quiet(out));
	st = pw_verify_run(verify, args->source.item[0], &progress, err);
	pw_progress_end(&progress);
	if (st == PW_OK)
		report(verify, out);
	if (st == PW_OK && args->repair)
		st = repair(verify, args, out, err);
	if (st == PW_OK)
		mark(verify, out);
	pw_verify_free(verify);
	free(verify);
	return st;
}

/* ---- foreign formats ---- */

static void report_foreign(const struct pw_trace *trace, struct pw_tables *out)
{
	const struct pw_trace_info *info = pw_trace_info(trace);
	struct pw_table *table = pw_table_add(out, &verify_spec);
	const char *damage = pw_trace_damage(trace);
	struct pw_totals totals;

	pw_trace_totals(trace, &totals);
	pw_cell_text(table, info->path);
	pw_cell_text(table, info->format);
	pw_cell_bool(table, !damage);
	pw_cell_u64(table, damage != NULL);
	pw_cell_u64(table, totals.accesses);
	pw_cell_u64(table, totals.instructions);
	pw_cell_u64(table, totals.events);
	pw_cell_u64(table, info->thread_count);
	pw_cell_u64(table, 0);
	pw_cell_u64(table, 0);
	pw_cell_u64(table, 0);
	pw_cell_u64(table, totals.file_bytes);
	if (damage)
		pw_tables_mark_partial(out, "%s", damage);
}

static enum pw_status verify_foreign(const struct args *args,
				     struct pw_tables *out,
				     struct pw_error *err)
{
	const struct pw_trace_options how = {.needs = PW_NEED_ACCESSES,
					     .format = args->format};
	const struct pw_batch *batch;
	struct pw_progress progress;
	struct pw_trace *trace;
	uint64_t accesses = 0;
	enum pw_status st;

	if (args->repair) {
		pw_fail(err, PW_ERR_USAGE,
			"%s: only traces of pagewalk are repaired",
			args->source.item[0]);
		return pw_hint(err, "pagewalk import makes a whole trace of "
				    "what can be read");
	}
	st = pw_trace_open(&trace, args->source.item[0], &how, err);
	if (st != PW_OK)
		return st;
	pw_progress_start(&progress, "verify", "accesses",
			  pw_tables_quiet(out));
	do {
		st = pw_trace_next(trace, &batch, err);
		if (st != PW_OK || !batch)
			break;
		accesses += batch->accesses.count;
		pw_progress_update(&progress, accesses,
				   pw_trace_progress(trace));
	} while (st == PW_OK);
	pw_progress_end(&progress);
	if (st == PW_OK)
		report_foreign(trace, out);
	pw_trace_close(trace);
	return st;
}

/* ---- the command ---- */

static enum pw_status check_args(const struct args *args, struct pw_error *err)
{
	if (args->repair)
		return pw_rewrite_names(args->source.item[0], args->output,
					err);
	if (!args->output)
		return PW_OK;
	pw_fail(err, PW_ERR_USAGE, "-o is the file that --repair writes");
	return pw_hint(err, "add --repair, or leave -o out");
}

static enum pw_status run(const void *parsed, struct pw_tables *out,
			  struct pw_error *err)
{
	const struct args *args = parsed;
	enum pw_status st = check_args(args, err);
	struct pw_input input;
	bool own;

	if (st != PW_OK)
		return st;
	st = pw_input_open(&input, args->source.item[0], err);
	own = st == PW_OK && pw_reader_own(&input, args->format);
	pw_input_close(&input);
	if (st != PW_OK)
		return st;
	return own ? verify_own(args, out, err)
		   : verify_foreign(args, out, err);
}

const struct pw_command pw_command_verify = {
	.name = "verify",
	.summary = "check every byte of a trace, and mend it",
	.operands_doc = "TRACE",
	.example = {"pagewalk verify sort.pwt",
		    "pagewalk verify --repair -o whole.pwt sort.pwt",
		    "pagewalk verify --format json sort.pwt"},
	.operands = PW_OPERANDS_ONE,
	.operands_offset = offsetof(struct args, source),
	.flags = PW_COMMAND_OUTPUT,
	.options = options,
	.args_bytes = sizeof(struct args),
	.run = run,
};
