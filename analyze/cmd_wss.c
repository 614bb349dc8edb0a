/*
 * cmd_wss.c - pagewalk wss: working sets of a trace.
 */
#include "analyze/analyzers/analyzer_wss.h"
#include "base/array.h"
#include "base/command.h"
#include "base/units.h"

struct args {
	struct pw_text_list trace;
	struct pw_text_list windows;
	uint64_t interval;
	uint64_t side; /* enum pw_side */
};

static const struct pw_option options[] = {
	{
		.name = "window",
		.argument = "N",
		.type = PW_OPTION_LIST,
		.offset = offsetof(struct args, windows),
		.help = "Also report the window of N page references; "
			"repeatable",
	},
	{
		.name = "interval",
		.argument = "N",
		.type = PW_OPTION_COUNT,
		.offset = offsetof(struct args, interval),
		.min = 1,
		.help = "Page references a row of the series (default: 65 to "
			"128 rows)",
	},
	{
		.name = "side",
		.argument = "SIDE",
		.type = PW_OPTION_CHOICE,
		.offset = offsetof(struct args, side),
		.fallback = "all",
		.choices = PW_SIDE_CHOICES,
		.help = "Count only data or only instruction references",
	},
	{0},
};

static enum pw_status read_windows(const struct pw_text_list *texts,
				   struct pw_array *windows,
				   struct pw_error *err)
{
	enum pw_status st = PW_OK;

	for (size_t i = 0; i < texts->count && st == PW_OK; i++) {
		uint64_t window;

		st = pw_parse_count(texts->item[i], &window, err);
		if (st == PW_OK && window == 0)
			st = pw_fail(err, PW_ERR_USAGE,
				     "--window: %s is below the least value, 1",
				     texts->item[i]);
		if (st == PW_OK)
			st = pw_array_push(windows, &window, err);
	}
	return st;
}

static enum pw_status run(const void *parsed, struct pw_tables *out,
			  struct pw_error *err)
{
	const struct args *args = parsed;
	struct pw_array windows = PW_ARRAY(uint64_t);
	struct pw_wss_args wss = {
		.side = (enum pw_side)args->side,
		.interval = args->interval,
	};
	enum pw_status st = read_windows(&args->windows, &windows, err);

	if (st == PW_OK) {
		wss.window = windows.data;
		wss.window_count = windows.count;
		st = pw_analyze(&pw_analyzer_wss, &wss, args->trace.item[0],
				out, err);
	}
	pw_array_free(&windows);
	return st;
}

const struct pw_command pw_command_wss = {
	.name = "wss",
	.summary = "working set: mean for every window, and over time",
	.operands_doc = "TRACE",
	.example = {"pagewalk wss trace.pwt",
		    "pagewalk wss --window 100k --format csv trace.pwt",
		    "pagewalk wss --interval 1M --table series trace.pwt"},
	.operands = PW_OPERANDS_ONE,
	.operands_offset = offsetof(struct args, trace),
	.options = options,
	.args_bytes = sizeof(struct args),
	.run = run,
};
