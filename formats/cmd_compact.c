/*
 * cmd_compact.c - pagewalk compact: the same trace in its smallest form.
 */
#include <errno.h>
#include <sys/stat.h>

#include "base/assert.h"
#include "base/command.h"
#include "base/progress.h"
#include "formats/regroup.h"
#include "formats/repack.h"
#include "formats/trace.h"
#include "formats/writer.h"

#define ZSTD_LEVEL_FULL 9
#define ZSTD_LEVEL_ARCHIVE 15

enum level { LEVEL_FULL, LEVEL_ARCHIVE };

struct args {
	struct pw_text_list source;
	const char *output;
	uint64_t level; /* enum level */
	uint64_t keep;	/* enum pw_writer_keep */
};

static const struct pw_option options[] = {
	{
		.name = "output",
		.key = 'o',
		.argument = "FILE",
		.type = PW_OPTION_TEXT,
		.offset = offsetof(struct args, output),
		.help = "Write FILE (default: replace TRACE)",
	},
	{
		.name = "level",
		.argument = "LEVEL",
		.type = PW_OPTION_CHOICE,
		.offset = offsetof(struct args, level),
		.fallback = "full",
		.choices = "full|archive",
		.help = "How much time it may take",
	},
	{
		.name = "keep",
		.argument = "WHAT",
		.type = PW_OPTION_CHOICE,
		.offset = offsetof(struct args, keep),
		.fallback = "all",
		.choices = "accesses|touches|all",
		.help = "What the trace is to hold",
	},
	{0},
};

static const struct pw_table_spec compact_spec = {
	.name = "compact",
	.title = "Compacted trace",
	.form = PW_FORM_RECORD,
	.flags = PW_TABLE_PRIMARY,
	.column =
		{
			{"output", NULL, PW_CELL_TEXT, PW_UNIT_NONE},
			{"accesses", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"data_accesses", "data accesses", PW_CELL_U64,
			 PW_UNIT_COUNT},
			{"events", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"source_bytes", "source size", PW_CELL_U64,
			 PW_UNIT_BYTES},
			{"file_bytes", "file size", PW_CELL_U64, PW_UNIT_BYTES},
			{"bytes_per_data_access", "bytes per data access",
			 PW_CELL_F64, PW_UNIT_NONE},
		},
};

struct compact {
	const char *source;
	const char *output;
	struct pw_tables *tables;
	struct pw_writer *writer;
	struct pw_repack *repack; /* a recording, or NULL: */
	struct pw_trace *trace;	  /* any other trace */
	struct pw_regroup *regroup;
	size_t threads; /* declared so far */
	size_t modules;
	uint64_t source_bytes;
};

static enum pw_status check_names(struct compact *compact, struct pw_error *err)
{
	struct stat source;

	if (stat(compact->source, &source) != 0)
		return pw_fail_errno(err, PW_ERR_USAGE, errno,
				     "%s: cannot open", compact->source);
	compact->source_bytes = (uint64_t)source.st_size;
	return PW_OK;
}

/* What is lost must be said in a trace, and an old trace does not say it. */
static enum pw_status refuse_damage(enum pw_status st, struct pw_error *err)
{
	if (st != PW_ERR_FORMAT)
		return st;
	return pw_hint(err, "make a whole trace of what is left with pagewalk "
			    "verify --repair, or import if it is foreign, and "
			    "compact that");
}

static enum pw_status check_damage(const struct compact *compact,
				   struct pw_error *err)
{
	const char *damage = pw_trace_damage(compact->trace);

	if (!damage)
		return PW_OK;
	return refuse_damage(pw_fail(err, PW_ERR_FORMAT, "%s", damage), err);
}

/* Declare threads and modules that have come up. */
static enum pw_status declare(struct compact *compact, struct pw_error *err)
{
	const struct pw_trace_info *info = pw_trace_info(compact->trace);
	enum pw_status st = PW_OK;

	if (compact->threads == info->thread_count &&
	    compact->modules == info->module_count)
		return PW_OK;
	st = pw_regroup_flush(compact->regroup, err);
	while (st == PW_OK && compact->threads < info->thread_count)
		st = pw_writer_thread(compact->writer,
				      &info->threads[compact->threads++], err);
	while (st == PW_OK && compact->modules < info->module_count)
		st = pw_writer_module(compact->writer,
				      &info->modules[compact->modules++], err);
	return st;
}

static enum pw_status copy_events(struct compact *compact,
				  const struct pw_batch *batch,
				  struct pw_error *err)
{
	enum pw_status st = PW_OK;

	if (batch->events.count > 0)
		st = pw_regroup_flush(compact->regroup, err);
	if (st == PW_OK)
		st = pw_writer_events(compact->writer, batch->thread,
				      &batch->events, err);
	return st;
}

static enum pw_status copy(struct compact *compact, struct pw_error *err)
{
	const struct pw_batch *batch;
	struct pw_progress progress;
	uint64_t accesses = 0;
	enum pw_status st;

	pw_progress_start(&progress, "compact", "accesses",
			  pw_tables_quiet(compact->tables));
	do {
		st = pw_trace_next(compact->trace, &batch, err);
		if (st != PW_OK || !batch)
			break;
		st = declare(compact, err);
		if (st == PW_OK)
			st = pw_regroup_accesses(compact->regroup,
						 batch->thread,
						 &batch->accesses, err);
		if (st == PW_OK)
			st = copy_events(compact, batch, err);
		accesses += batch->accesses.count;
		pw_progress_update(&progress, accesses,
				   pw_trace_progress(compact->trace));
	} while (st == PW_OK);
	pw_progress_end(&progress);
	if (st == PW_OK)
		st = pw_regroup_flush(compact->regroup, err);
	if (st == PW_OK)
		st = check_damage(compact, err);
	return st == PW_OK ? declare(compact, err) : st;
}

static int zstd_level(enum level level)
{
	return level == LEVEL_ARCHIVE ? ZSTD_LEVEL_ARCHIVE : ZSTD_LEVEL_FULL;
}

/* Write the trace from the executions of the source; *fits: it is written. */
static enum pw_status repack(struct compact *compact,
			     struct pw_writer_options *target, bool *fits,
			     struct pw_error *err)
{
	struct pw_progress progress;
	struct pw_totals totals;
	bool more = true;
	enum pw_status st;

	pw_repack_describe(compact->repack, target);
	st = pw_writer_open(&compact->writer, compact->output, target, err);
	if (st != PW_OK)
		return st;
	pw_progress_start(&progress, "compact", "accesses",
			  pw_tables_quiet(compact->tables));
	st = pw_repack_begin(compact->repack, compact->writer, target, 0, err);
	while (st == PW_OK && more) {
		st = pw_repack_next(compact->repack, &more, err);
		pw_writer_totals(compact->writer, &totals);
		pw_progress_update(&progress, totals.accesses,
				   pw_repack_progress(compact->repack));
	}
	pw_progress_end(&progress);
	*fits = pw_repack_fits(compact->repack);
	return refuse_damage(st, err);
}

/* Write the trace from the accesses of the source. */
static enum pw_status regroup(struct compact *compact,
			      struct pw_writer_options *target,
			      struct pw_error *err)
{
	const struct pw_trace_options how = {.needs = PW_NEED_ACCESSES};
	enum pw_status st;

	st = pw_trace_open(&compact->trace, compact->source, &how, err);
	if (st == PW_OK)
		st = check_damage(compact, err);
	if (st != PW_OK)
		return st;
	target->metadata = pw_trace_info(compact->trace)->metadata;
	target->unknown = pw_trace_info(compact->trace)->unknown;
	if (target->keep != PW_KEEP_ACCESSES)
		target->segment_accesses = PW_WRITER_TOUCHED_MAX;
	st = pw_writer_open(&compact->writer, compact->output, target, err);
	if (st == PW_OK)
		st = pw_regroup_open(&compact->regroup, compact->writer, err);
	return st == PW_OK ? copy(compact, err) : st;
}

/* Read the source and write the trace, up to but without closing it. */
static enum pw_status convert(struct compact *compact, const struct args *args,
			      struct pw_error *err)
{
	struct pw_writer_options target = {
		.replace = true,
		.dense = true,
		.keep = (enum pw_writer_keep)args->keep,
		.zstd_level = zstd_level((enum level)args->level),
	};
	bool fits = false;
	enum pw_status st;

	st = pw_repack_open(&compact->repack, compact->source, err);
	if (st == PW_OK && compact->repack)
		st = repack(compact, &target, &fits, err);
	if (st != PW_OK || fits)
		return st;
	pw_repack_close(compact->repack);
	pw_writer_abandon(compact->writer);
	compact->repack = NULL;
	compact->writer = NULL;
	return regroup(compact, &target, err);
}

static uint64_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static void report(const struct compact *compact,
		   const struct pw_totals *totals)
{
	struct pw_table *table = pw_table_add(compact->tables, &compact_spec);
	uint64_t bytes = size_of(compact->output);
	uint64_t data = totals->accesses - totals->fetches;

	pw_cell_text(table, compact->output);
	pw_cell_u64(table, totals->accesses);
	pw_cell_u64(table, data);
	pw_cell_u64(table, totals->events);
	pw_cell_u64(table, compact->source_bytes);
	pw_cell_u64(table, bytes);
	pw_cell_f64(table, data ? (double)bytes / (double)data : 0);
}

static enum pw_status run(const void *parsed, struct pw_tables *out,
			  struct pw_error *err)
{
	const struct args *args = parsed;
	struct compact compact = {
		.source = args->source.item[0],
		.output = args->output ? args->output : args->source.item[0],
		.tables = out,
	};
	enum pw_status st = check_names(&compact, err);
	struct pw_totals totals;

	if (st == PW_OK)
		st = convert(&compact, args, err);
	if (st == PW_OK) {
		struct pw_writer *writer = compact.writer;

		pw_writer_totals(writer, &totals);
		compact.writer = NULL;
		st = pw_writer_close(writer, err);
	}
	if (st == PW_OK)
		report(&compact, &totals);
	pw_repack_close(compact.repack);
	pw_regroup_close(compact.regroup);
	pw_writer_abandon(compact.writer);
	pw_trace_close(compact.trace);
	return st;
}

const struct pw_command pw_command_compact = {
	.name = "compact",
	.summary = "make a trace as small as it gets",
	.operands_doc = "TRACE",
	.example =
		{"pagewalk compact sort.pwt",
		 "pagewalk compact -o small.pwt sort.pwt",
		 "pagewalk compact --level archive --keep accesses sort.pwt"},
	.operands = PW_OPERANDS_ONE,
	.operands_offset = offsetof(struct args, source),
	.flags = PW_COMMAND_OUTPUT,
	.options = options,
	.args_bytes = sizeof(struct args),
	.run = run,
};
