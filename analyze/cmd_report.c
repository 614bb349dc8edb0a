/*
 * cmd_report.c - pagewalk report: everything about a trace in one page.
 */
#include "analyze/summary.h"
#include "analyze/words.h"
#include "base/assert.h"
#include "base/command.h"
#include "replay/machine/machine_options.h"

struct args {
	struct pw_machine_args on;
	struct pw_text_list trace;
	const char *output;
};

_Static_assert(offsetof(struct args, on) == 0,
	       "the machine options fill the first member");

static const struct pw_option options[] = {
	{
		.name = "output",
		.key = 'o',
		.argument = "FILE",
		.type = PW_OPTION_TEXT,
		.offset = offsetof(struct args, output),
		.help = "The HTML page (default: the trace's name with .html, "
			"here)",
	},
	PW_MACHINE_OPTIONS,
	{0},
};

/* Points of the miss-ratio curve: as many as a page is wide. */
#define CURVE_POINTS "800"

/* "dir/sort.pwt" gives "sort.html". */
static const char *default_output(struct pw_arena *arena, const char *trace)
{
	const char *slash = strrchr(trace, '/');
	const char *name = slash ? slash + 1 : trace;
	const char *dot = strrchr(name, '.');
	size_t length = strlen(name);

	if (dot && dot != name && strcmp(dot, ".pwt") == 0)
		length = (size_t)(dot - name);
	PW_ASSERT(length < INT32_MAX);
	return pw_arena_printf(arena, "%.*s.html", (int)length, name);
}

/* The results of another command, in a section of their own. */
static enum pw_status section(struct pw_words *words, const char *command,
			      const char *title, const char *trace,
			      struct pw_tables *out, struct pw_error *err)
{
	enum pw_status st;

	pw_words_add(words, "--");
	pw_words_add(words, trace);
	pw_tables_group(out, "sections", title);
	st = pw_words_call(words, command, out, err);
	pw_tables_group_end(out);
	return st;
}

/* What most readers came for first; where it comes from last. */
static enum pw_status sections(const struct args *args, struct pw_tables *out,
			       struct pw_error *err)
{
	const char *trace = args->trace.item[0];
	struct pw_words words;
	enum pw_status st;

	pw_words_start(&words);
	st = section(&words, "wss", "Working set", trace, out, err);
	if (st == PW_OK) {
		pw_words_add(&words, "--points");
		pw_words_add(&words, CURVE_POINTS);
		st = section(&words, "mrc", "Misses by memory size", trace, out,
			     err);
	}
	if (st == PW_OK) {
		pw_words_options(&words, "--machine", &args->on.machines);
		pw_words_options(&words, "--set", &args->on.overrides);
		if (args->on.relayout) {
			pw_words_add(&words, "--relayout");
			pw_words_add(&words, "native");
		}
		st = section(&words, "replay", "Replay", trace, out, err);
	}
	if (st == PW_OK)
		st = section(&words, "info", "Trace", trace, out, err);
	pw_words_free(&words);
	return st;
}

static enum pw_status run(const void *parsed, struct pw_tables *out,
			  struct pw_error *err)
{
	const struct args *args = parsed;
	const char *output = args->output;
	struct pw_summary summary;
	enum pw_status st;

	if (!output)
		output = default_output(pw_tables_arena(out),
					args->trace.item[0]);
	if (!output)
		return pw_fail_memory(err, "the report's name");
	summary = pw_summary_add(out, args->on.machines.count > 1);
	pw_tables_aside(out, true);
	st = sections(args, out, err);
	pw_tables_aside(out, false);
	if (st != PW_OK)
		return st;
	pw_summary_fill(&summary, out);
	pw_tables_also(out, "html", output);
	return PW_OK;
}

const struct pw_command pw_command_report = {
	.name = "report",
	.summary = "info, replay, working set and miss ratios in one HTML page",
	.operands_doc = "TRACE",
	.example = {"pagewalk report trace.pwt",
		    "pagewalk report -o sort.html -m zen4 -m skylake-sp "
		    "sort.pwt",
		    "pagewalk report --charts sort.charts sort.pwt"},
	.operands = PW_OPERANDS_ONE,
	.operands_offset = offsetof(struct args, trace),
	.flags = PW_COMMAND_OUTPUT,
	.options = options,
	.args_bytes = sizeof(struct args),
	.run = run,
};
