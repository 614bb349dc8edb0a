/*
 * cmd_merge.c - pagewalk merge: several recordings as one of a machine.
 *
 * The recording that is furthest behind in time goes on for a slice.
 */
#include "base/assert.h"
#include "base/command.h"
#include "base/progress.h"
#include "formats/merge_source.h"
#include "formats/metadata.h"

enum order { ORDER_AUTO, ORDER_TIME, ORDER_CLOCK, ORDER_PROPORTIONAL };

static const char *const order_names[] = {"auto", "time", "clock",
					  "proportional"};

struct args {
	struct pw_text_list sources;
	const char *output;
	uint64_t order; /* enum order */
	uint64_t slice;
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
		.name = "order",
		.argument = "RULE",
		.type = PW_OPTION_CHOICE,
		.offset = offsetof(struct args, order),
		.fallback = "auto",
		.choices = "auto|time|clock|proportional",
		.help = "What tells which recording is behind",
	},
	{
		.name = "slice",
		.argument = "N",
		.type = PW_OPTION_COUNT,
		.offset = offsetof(struct args, slice),
		.min = 1,
		.max = UINT32_MAX,
		.fallback = "10000",
		.help = "Instructions before another one goes on",
	},
	{.name = NULL},
};

static const struct pw_table_spec merge_spec = {
	.name = "merge",
	.title = "Merged trace",
	.form = PW_FORM_RECORD,
	.flags = PW_TABLE_PRIMARY,
	.column =
		{
			{"output", NULL, PW_CELL_TEXT, PW_UNIT_NONE},
			{"order", NULL, PW_CELL_TEXT, PW_UNIT_NONE},
			{"accesses", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"instructions", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"events", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"threads", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"processes", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"file_bytes", "file size", PW_CELL_U64, PW_UNIT_BYTES},
		},
};

static const struct pw_table_spec sources_spec = {
	.name = "sources",
	.title = "Merged recordings",
	.help = "first_process and first_thread are their numbers in the "
		"merged trace; id_base was added to their thread ids.",
	.column =
		{
			{"path", NULL, PW_CELL_TEXT, PW_UNIT_NONE},
			{"accesses", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"events", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"first_process", NULL, PW_CELL_U64, PW_UNIT_NONE},
			{"first_thread", NULL, PW_CELL_U64, PW_UNIT_NONE},
			{"id_base", NULL, PW_CELL_U64, PW_UNIT_NONE},
		},
};

struct merge {
	const struct args *args;
	struct pw_tables *tables;
	struct pw_merge_source *sources;
	size_t count;
	enum order order;
	struct pw_rewrite rewrite;
	uint32_t processes;
};

/* ---- order ---- */

/* Whether each recording tells two moments at least. */
static bool tells_time(const struct merge *merge)
{
	for (size_t i = 0; i < merge->count; i++)
		if (merge->sources[i].pace.points.count < 2)
			return false;
	return true;
}

static enum pw_status use_time(struct merge *merge, struct pw_error *err)
{
	enum pw_status st = PW_OK;

	for (size_t i = 0; i < merge->count && st == PW_OK; i++)
		st = pw_pace_end(&merge->sources[i].pace,
				 merge->sources[i].clock_end, err);
	return st;
}

/* All end at the same time. */
static enum pw_status use_proportions(struct merge *merge, struct pw_error *err)
{
	enum pw_status st = PW_OK;
	uint64_t longest = 0;

	for (size_t i = 0; i < merge->count; i++)
		if (merge->sources[i].clock_end > longest)
			longest = merge->sources[i].clock_end;
	for (size_t i = 0; i < merge->count && st == PW_OK; i++) {
		struct pw_merge_source *source = &merge->sources[i];

		pw_pace_free(&source->pace);
		st = pw_pace_add(&source->pace, 0, 0, err);
		if (st == PW_OK)
			st = pw_pace_add(&source->pace, source->clock_end,
					 longest, err);
	}
	return st;
}

static enum pw_status choose_order(struct merge *merge, struct pw_error *err)
{
	enum pw_status st = PW_OK;

	for (size_t i = 0;
	     i < merge->count && merge->order != ORDER_CLOCK && st == PW_OK;
	     i++)
		st = pw_merge_source_survey(&merge->sources[i], err);
	if (st != PW_OK)
		return st;
	if (merge->order == ORDER_AUTO)
		merge->order = tells_time(merge) ? ORDER_TIME : ORDER_CLOCK;
	if (merge->order == ORDER_TIME && !tells_time(merge)) {
		pw_fail(err, PW_ERR_USAGE,
			"--order time: not every recording tells the time");
		return pw_hint(err, "take clock or proportional");
	}
	if (merge->order == ORDER_TIME)
		return use_time(merge, err);
	if (merge->order == ORDER_PROPORTIONAL)
		return use_proportions(merge, err);
	for (size_t i = 0; i < merge->count; i++)
		pw_pace_free(&merge->sources[i].pace);
	return PW_OK;
}

/* ---- metadata ---- */

/* Whether all metadata have an equal member @key. */
static bool is_common(json_t *const *metadata, size_t count, const char *key)
{
	json_t *value = json_object_get(metadata[0], key);

	for (size_t i = 1; i < count; i++)
		if (!json_equal(value, json_object_get(metadata[i], key)))
			return false;
	return true;
}

/* What is said of recording @index alone. */
static json_t *describe_source(const struct merge *merge,
			       json_t *const *metadata, size_t index)
{
	json_t *object = json_object();
	void *member = json_object_iter(metadata[index]);

	json_object_set_new(object, "source",
			    pw_metadata_text(merge->sources[index].path));
	for (; member; member = json_object_iter_next(metadata[index], member))
		if (!is_common(metadata, merge->count,
			       json_object_iter_key(member)))
			json_object_set(object, json_object_iter_key(member),
					json_object_iter_value(member));
	return object;
}

/* What all have in common, and then what each has besides. */
static json_t *describe_all(const struct merge *merge, json_t *const *metadata)
{
	json_t *object = json_object();
	json_t *sources = json_array();
	void *member = json_object_iter(metadata[0]);

	for (; member; member = json_object_iter_next(metadata[0], member))
		if (is_common(metadata, merge->count,
			      json_object_iter_key(member)))
			json_object_set(object, json_object_iter_key(member),
					json_object_iter_value(member));
	for (size_t i = 0; i < merge->count; i++)
		json_array_append_new(sources,
				      describe_source(merge, metadata, i));
	json_object_set_new(object, "order",
			    json_string(order_names[merge->order]));
	json_object_set_new(object, "slice",
			    json_integer((json_int_t)merge->args->slice));
	json_object_set_new(object, "merged", sources);
	return object;
}

/* The metadata of the output; free it with free. NULL: no memory. */
static char *describe(const struct merge *merge)
{
	json_t **metadata = calloc(merge->count, sizeof(json_t *));
	json_t *object = NULL;
	char *text = NULL;

	if (!metadata)
		return NULL;
	for (size_t i = 0; i < merge->count; i++)
		metadata[i] = json_loads(
			pw_trace_info(merge->sources[i].trace)->metadata, 0,
			NULL);
	object = describe_all(merge, metadata);
	text = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	for (size_t i = 0; i < merge->count; i++)
		json_decref(metadata[i]);
	free(metadata);
	return text;
}

/* ---- copying ---- */

/* The recording that is furthest behind, the first of equals; NULL: none. */
static struct pw_merge_source *choose(struct merge *merge)
{
	struct pw_merge_source *best = NULL;
	uint64_t least = 0;

	for (size_t i = 0; i < merge->count; i++) {
		struct pw_merge_source *source = &merge->sources[i];
		uint64_t time;

		if (source->done)
			continue;
		time = pw_pace_time(&source->pace, source->clock);
		if (best && time >= least)
			continue;
		best = source;
		least = time;
	}
	return best;
}

static double progress_of(const struct merge *merge)
{
	double sum = 0;

	for (size_t i = 0; i < merge->count; i++)
		sum += pw_trace_progress(merge->sources[i].trace);
	return sum / (double)merge->count;
}

static enum pw_status copy(struct merge *merge, struct pw_error *err)
{
	struct pw_progress progress;
	struct pw_merge_source *source;
	uint64_t accesses = 0;
	enum pw_status st = PW_OK;

	for (size_t i = 0; i < merge->count && st == PW_OK; i++)
		st = pw_merge_source_declare(&merge->sources[i],
					     &merge->rewrite, &merge->processes,
					     err);
	pw_progress_start(&progress, "merge", "accesses",
			  pw_tables_quiet(merge->tables));
	while (st == PW_OK && (source = choose(merge))) {
		uint64_t before = source->accesses;

		st = pw_merge_source_advance(source, merge->args->slice,
					     &merge->rewrite, &merge->processes,
					     err);
		accesses += source->accesses - before;
		pw_progress_update(&progress, accesses, progress_of(merge));
	}
	pw_progress_end(&progress);
	return st;
}

/* Read the sources and write the trace, up to but without closing it. */
static enum pw_status convert(struct merge *merge, struct pw_error *err)
{
	const struct pw_text_list *paths = &merge->args->sources;
	enum pw_status st = PW_OK;
	unsigned unknown = 0;
	char *metadata;

	for (size_t i = 0; i < paths->count && st == PW_OK; i++) {
		merge->count++;
		st = pw_merge_source_open(&merge->sources[i], paths->item[i],
					  (uint32_t)i, err);
		if (st == PW_OK)
			unknown |=
				pw_trace_info(merge->sources[i].trace)->unknown;
	}
	if (st == PW_OK)
		st = choose_order(merge, err);
	if (st != PW_OK)
		return st;
	metadata = describe(merge);
	if (!metadata)
		return pw_fail_memory(err, "the metadata");
	st = pw_rewrite_open(&merge->rewrite, merge->args->output, metadata,
			     unknown, err);
	free(metadata);
	return st == PW_OK ? copy(merge, err) : st;
}

/* ---- results ---- */

static void report(const struct merge *merge, const struct pw_totals *totals,
		   size_t threads)
{
	struct pw_table *table = pw_table_add(merge->tables, &merge_spec);

	pw_cell_text(table, merge->args->output);
	pw_cell_text(table, order_names[merge->order]);
	pw_cell_u64(table, totals->accesses);
	pw_cell_u64(table, totals->instructions);
	pw_cell_u64(table, totals->events);
	pw_cell_u64(table, threads);
	pw_cell_u64(table, merge->processes);
	pw_cell_u64(table, totals->file_bytes);
	table = pw_table_add(merge->tables, &sources_spec);
	for (size_t i = 0; i < merge->count; i++) {
		const struct pw_merge_source *source = &merge->sources[i];
		const uint32_t *process = source->processes.data;
		const uint32_t *thread = source->threads.data;
		bool any = source->threads.count > 0;

		pw_cell_text(table, source->path);
		pw_cell_u64(table, source->accesses);
		pw_cell_u64(table, source->events);
		pw_cell_u64(table, any ? process[0] : 0);
		pw_cell_u64(table, any ? thread[0] : 0);
		pw_cell_u64(table, source->id_base);
	}
}

static enum pw_status check_names(const struct args *args, struct pw_error *err)
{
	enum pw_status st = PW_OK;

	if (args->sources.count > PW_MERGE_SOURCES_MAX)
		return pw_fail(err, PW_ERR_USAGE,
			       "more than %d recordings cannot be merged",
			       PW_MERGE_SOURCES_MAX);
	for (size_t i = 0; i < args->sources.count && st == PW_OK; i++)
		st = pw_rewrite_names(args->sources.item[i], args->output, err);
	return st;
}

static enum pw_status run(const void *parsed, struct pw_tables *out,
			  struct pw_error *err)
{
	const struct args *args = parsed;
	struct merge merge = {
		.args = args,
		.tables = out,
		.order = (enum order)args->order,
	};
	enum pw_status st = check_names(args, err);
	struct pw_totals totals;
	size_t threads;

	if (st != PW_OK)
		return st;
	merge.sources = calloc(args->sources.count, sizeof(*merge.sources));
	if (!merge.sources)
		return pw_fail_memory(err, "a list of recordings");
	st = convert(&merge, err);
	threads = merge.rewrite.threads;
	if (st == PW_OK)
		st = pw_rewrite_close(&merge.rewrite, &totals, err);
	if (st == PW_OK)
		report(&merge, &totals, threads);
	pw_rewrite_abandon(&merge.rewrite);
	for (size_t i = 0; i < merge.count; i++)
		pw_merge_source_close(&merge.sources[i]);
	free(merge.sources);
	return st;
}

const struct pw_command pw_command_merge = {
	.name = "merge",
	.summary = "make one trace of several recordings",
	.operands_doc = "TRACE...",
	.example = {"pagewalk merge -o both.pwt client.pwt server.pwt",
		    "pagewalk merge --order clock -o two.pwt sort.pwt sort.pwt",
		    "pagewalk merge --slice 1000 -o fine.pwt a.pwt b.pwt"},
	.operands = PW_OPERANDS_MANY,
	.operands_offset = offsetof(struct args, sources),
	.flags = PW_COMMAND_OUTPUT,
	.options = options,
	.args_bytes = sizeof(struct args),
	.run = run,
};
