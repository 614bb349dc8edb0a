/*
 * cmd_dump.c - "pagewalk dump": a trace as a table, record by record.
 */
#include "base/command.h"
#include "base/units.h"
#include "formats/dump_rows.h"
#include "formats/trace.h"

/* Rows that one call of fill appends at most. */
#define ROWS_MAX 4096

struct args {
	struct pw_text_list trace;
	bool events;
	bool touches;
	const char *thread;
	const char *process;
	uint64_t first;
	uint64_t count;
};

static const struct pw_option options[] = {
	{
		.name = "events",
		.type = PW_OPTION_FLAG,
		.offset = offsetof(struct args, events),
		.help = "Events instead of accesses",
	},
	{
		.name = "touches",
		.type = PW_OPTION_FLAG,
		.offset = offsetof(struct args, touches),
		.help = "Touches (runs in one page) instead of accesses",
	},
	{
		.name = "thread",
		.argument = "N",
		.type = PW_OPTION_TEXT,
		.offset = offsetof(struct args, thread),
		.help = "Only thread N, counted from 0 (default: all)",
	},
	{
		.name = "process",
		.argument = "N",
		.type = PW_OPTION_TEXT,
		.offset = offsetof(struct args, process),
		.help = "Only process N, counted from 0 (default: all)",
	},
	{
		.name = "first",
		.argument = "N",
		.type = PW_OPTION_COUNT,
		.offset = offsetof(struct args, first),
		.fallback = "0",
		.help = "Leave out the first N rows",
	},
	{
		.name = "count",
		.argument = "N",
		.type = PW_OPTION_COUNT,
		.offset = offsetof(struct args, count),
		.min = 1,
		.help = "At most N rows (default: all)",
	},
	{.name = NULL},
};

/* Where the rows come from. */
struct dump {
	struct pw_trace *trace;
	struct pw_tables *tables;
	const struct pw_dump_kind *kind;
	bool one_thread;
	uint64_t thread;
	bool one_process;
	uint64_t process;
	uint64_t skip; /* rows still to leave out */
	uint64_t left; /* rows still to show */
	const struct pw_batch *batch;
	size_t next; /* record of the batch */
};

/* What is known to be lost once no more rows follow. */
static void mark(const struct dump *dump)
{
	const char *damage = pw_trace_damage(dump->trace);

	if (damage)
		pw_tables_mark_partial(dump->tables, "%s", damage);
}

/* Whether the batch is of those that were asked for. */
static bool is_wanted(const struct dump *dump)
{
	uint32_t thread = dump->batch->thread;

	if (dump->one_thread && thread != dump->thread)
		return false;
	return !dump->one_process ||
	       pw_trace_info(dump->trace)->threads[thread].process ==
		       dump->process;
}

/* Go to the next batch with records to show; NULL at the end. */
static enum pw_status advance(struct dump *dump, struct pw_error *err)
{
	enum pw_status st;

	do {
		st = pw_trace_next(dump->trace, &dump->batch, err);
	} while (st == PW_OK && dump->batch && !is_wanted(dump));
	dump->next = 0;
	if (st == PW_OK && !dump->batch)
		mark(dump);
	return st;
}

static enum pw_status fill(void *state, struct pw_table *table,
			   struct pw_error *err)
{
	struct dump *dump = state;
	size_t rows = 0, records;
	enum pw_status st;

	while (rows < ROWS_MAX && dump->left > 0) {
		records = dump->batch ? dump->kind->count(dump->batch) : 0;
		if (dump->next >= records) {
			st = advance(dump, err);
			if (st != PW_OK || !dump->batch)
				return st;
			continue;
		}
		if (dump->skip > 0) {
			uint64_t past = records - dump->next;

			past = past < dump->skip ? past : dump->skip;
			dump->skip -= past;
			dump->next += past;
			continue;
		}
		dump->kind->row(table, dump->batch, dump->next++);
		dump->left--;
		rows++;
	}
	if (dump->left == 0)
		mark(dump);
	return PW_OK;
}

static void close_dump(void *state)
{
	struct dump *dump = state;

	pw_trace_close(dump->trace);
	free(dump);
}

/* A number counted from 0, if the option was given. */
static enum pw_status parse_index(const char *option, const char *text,
				  bool *given, uint64_t *index,
				  struct pw_error *err)
{
	*given = text != NULL;
	if (!text || pw_parse_count(text, index, err) == PW_OK)
		return PW_OK;
	pw_fail(err, PW_ERR_USAGE, "--%s: \"%s\" is no %s", option, text,
		option);
	return pw_hint(err,
		       "they are counted from 0; \"pagewalk info\" lists them");
}

static enum pw_status configure(struct dump *dump, const struct args *args,
				struct pw_error *err)
{
	enum pw_status st;

	if (args->events && args->touches)
		return pw_fail(err, PW_ERR_USAGE,
			       "--events and --touches exclude each other");
	dump->kind = &pw_dump_accesses;
	if (args->events)
		dump->kind = &pw_dump_events;
	if (args->touches)
		dump->kind = &pw_dump_touches;
	dump->skip = args->first;
	dump->left = args->count ? args->count : UINT64_MAX;
	st = parse_index("thread", args->thread, &dump->one_thread,
			 &dump->thread, err);
	if (st == PW_OK)
		st = parse_index("process", args->process, &dump->one_process,
				 &dump->process, err);
	return st;
}

static enum pw_status check_choice(const struct dump *dump, const char *path,
				   struct pw_error *err)
{
	const struct pw_trace_info *info = pw_trace_info(dump->trace);
	bool found = !dump->one_process;

	for (size_t i = 0; i < info->thread_count && !found; i++)
		found = info->threads[i].process == dump->process;
	if (!found) {
		pw_fail(err, PW_ERR_USAGE, "%s: there is no process %llu", path,
			(unsigned long long)dump->process);
		return pw_hint(err, "\"pagewalk info\" lists the processes");
	}
	if (!dump->one_thread || dump->thread < info->thread_count)
		return PW_OK;
	pw_fail(err, PW_ERR_USAGE, "%s: there is no thread %llu", path,
		(unsigned long long)dump->thread);
	return pw_hint(err, "the trace has %zu, counted from 0",
		       info->thread_count);
}

static enum pw_status run(const void *parsed, struct pw_tables *out,
			  struct pw_error *err)
{
	const struct args *args = parsed;
	struct pw_trace_options how = {.needs = PW_NEED_ACCESSES};
	struct dump *dump = calloc(1, sizeof(*dump));
	struct pw_row_source source = {
		.state = dump, .fill = fill, .close = close_dump};
	enum pw_status st;

	if (!dump)
		return pw_fail_memory(err, "a dump");
	dump->tables = out;
	if (args->touches)
		how.needs = PW_NEED_TOUCHES;
	else if (args->events)
		how.needs = PW_NEED_EVENTS;
	st = configure(dump, args, err);
	if (st == PW_OK)
		st = pw_trace_open(&dump->trace, args->trace.item[0], &how,
				   err);
	if (st == PW_OK)
		st = check_choice(dump, args->trace.item[0], err);
	if (st != PW_OK) {
		close_dump(dump);
		return st;
	}
	pw_table_stream(pw_table_add(out, dump->kind->spec), &source);
	return PW_OK;
}

const struct pw_command pw_command_dump = {
	.name = "dump",
	.summary = "print the accesses, events or touches of a trace",
	.operands_doc = "TRACE",
	.example = {"pagewalk dump --count 20 sort.pwt",
		    "pagewalk dump --events --format table sort.pwt",
		    "pagewalk dump --thread 1 --format csv sort.pwt"},
	.operands = PW_OPERANDS_ONE,
	.operands_offset = offsetof(struct args, trace),
	.flags = PW_COMMAND_STREAM,
	.options = options,
	.args_bytes = sizeof(struct args),
	.run = run,
};
