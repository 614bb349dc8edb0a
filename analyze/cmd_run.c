/*
 * cmd_run.c - pagewalk run: record a program and report on it.
 */
#include <stdbool.h>
#include <unistd.h>

#include "analyze/words.h"
#include "base/assert.h"
#include "base/command.h"
#include "base/file.h"
#include "replay/machine/machine_options.h"

struct args {
	struct pw_machine_args on;
	struct pw_text_list command;
	const char *output;
	/* Of the recording: as they were typed, for capture to understand. */
#define PW_RECORDING_TEXT(member, name, key, argument, fallback, help) \
	const char *member;
#define PW_RECORDING_COUNT PW_RECORDING_TEXT
#define PW_RECORDING_SIZE PW_RECORDING_TEXT
#define PW_RECORDING_FLAG(member, name, help) bool member;
#include "base/recording.def"
#undef PW_RECORDING_TEXT
#undef PW_RECORDING_FLAG
};

_Static_assert(offsetof(struct args, on) == 0,
	       "the machine options fill the first member");

static const struct pw_option options[] = {
	{
		.name = "output",
		.key = 'o',
		.argument = "DIR",
		.type = PW_OPTION_TEXT,
		.offset = offsetof(struct args, output),
		.help = "Directory of the results (default: the program's "
			"name with .pagewalk, here)",
	},
	PW_MACHINE_OPTIONS,
#define PW_RECORDING_TEXT(member_, name_, key_, argument_, fallback_, help_) \
	{.name = (name_),                                                    \
	 .key = (key_),                                                      \
	 .argument = (argument_),                                            \
	 .type = PW_OPTION_TEXT,                                             \
	 .offset = offsetof(struct args, member_),                           \
	 .fallback = (fallback_),                                            \
	 .help = (help_)},
#define PW_RECORDING_FLAG(member_, name_, help_)   \
	{.name = (name_),                          \
	 .type = PW_OPTION_FLAG,                   \
	 .offset = offsetof(struct args, member_), \
	 .help = (help_)},
#include "base/recording.def"
#undef PW_RECORDING_TEXT
#undef PW_RECORDING_FLAG
	{0},
};

/* Where the results go. */
struct paths {
	const char *directory;
	const char *trace;
	const char *page;
	const char *charts;
};

static enum pw_status name_paths(struct paths *paths, const struct args *args,
				 struct pw_arena *arena, struct pw_error *err)
{
	paths->directory = args->output;
	if (!paths->directory && args->command.count > 0) {
		const char *program = args->command.item[0];
		const char *slash = strrchr(program, '/');

		paths->directory = pw_arena_printf(arena, "%s.pagewalk",
						   slash ? slash + 1 : program);
	} else if (!paths->directory) {
		paths->directory =
			pw_arena_printf(arena, "pid-%s.pagewalk", args->pid);
	}
	if (paths->directory) {
		const char *directory = paths->directory;

		paths->trace =
			pw_arena_printf(arena, "%s/trace.pwt", directory);
		paths->page =
			pw_arena_printf(arena, "%s/report.html", directory);
		paths->charts = pw_arena_printf(arena, "%s/charts", directory);
	}
	if (!paths->directory || !paths->trace || !paths->page ||
	    !paths->charts)
		return pw_fail_memory(err, "the names of the results");
	return PW_OK;
}

/* The options of the recording, as they were given. */
static void add_options(struct pw_words *words, const struct args *args)
{
#define PW_RECORDING_TEXT(member, name, key, argument, fallback, help) \
	if (args->member) {                                            \
		pw_words_add(words, "--" name);                        \
		pw_words_add(words, args->member);                     \
	}
#define PW_RECORDING_FLAG(member, name, help) \
	if (args->member)                     \
		pw_words_add(words, "--" name);
#include "base/recording.def"
#undef PW_RECORDING_TEXT
#undef PW_RECORDING_COUNT
#undef PW_RECORDING_SIZE
#undef PW_RECORDING_FLAG
}

static enum pw_status capture(const struct args *args,
			      const struct paths *paths, struct pw_words *words,
			      struct pw_tables *out, struct pw_error *err)
{
	enum pw_status st;

	pw_words_add(words, "-o");
	pw_words_add(words, paths->trace);
	add_options(words, args);
	pw_words_add(words, "--");
	for (size_t i = 0; i < args->command.count; i++)
		pw_words_add(words, args->command.item[i]);
	pw_tables_aside(out, true);
	pw_tables_group(out, "sections", "Recording");
	st = pw_words_call(words, "capture", out, err);
	pw_tables_group_end(out);
	pw_tables_aside(out, false);
	/* No results: no directory either, unless there was something in it. */
	if (st != PW_OK)
		(void)rmdir(paths->directory);
	return st;
}

static enum pw_status report(const struct args *args, const struct paths *paths,
			     struct pw_words *words, struct pw_tables *out,
			     struct pw_error *err)
{
	pw_words_add(words, "-o");
	pw_words_add(words, paths->page);
	pw_words_options(words, "--machine", &args->on.machines);
	pw_words_options(words, "--set", &args->on.overrides);
	if (args->on.relayout) {
		pw_words_add(words, "--relayout");
		pw_words_add(words, "native");
	}
	pw_words_add(words, "--");
	pw_words_add(words, paths->trace);
	return pw_words_call(words, "report", out, err);
}

static enum pw_status run(const void *parsed, struct pw_tables *out,
			  struct pw_error *err)
{
	const struct args *args = parsed;
	struct paths paths = {0};
	struct pw_words words;
	enum pw_status st;
	size_t recording;

	if (args->command.count == 0 && !args->pid)
		return pw_fail(err, PW_ERR_USAGE,
			       "missing -- COMMAND [ARGUMENT...]");
	st = name_paths(&paths, args, pw_tables_arena(out), err);
	if (st == PW_OK)
		st = pw_directory_make(paths.directory, err);
	if (st != PW_OK)
		return st;
	pw_words_start(&words);
	st = capture(args, &paths, &words, out, err);
	if (st == PW_OK) {
		/* The page last: its name is the last line that is shown. */
		pw_tables_also(out, "charts", paths.charts);
		pw_tables_note(out, "the trace is kept: %s", paths.trace);
		pw_tables_items(out, &recording);
		st = report(args, &paths, &words, out, err);
		pw_tables_move_last(out, recording);
	}
	pw_words_free(&words);
	return st;
}

const struct pw_command pw_command_run = {
	.name = "run",
	.summary = "record a program and report on it",
	.operands_doc = "-- COMMAND [ARGUMENT...]\n--pid PID",
	.example = {"pagewalk run -- ls -l",
		    "pagewalk run -o sort.results -- sort -o out.txt in.txt",
		    "pagewalk run -m zen4 -m skylake-sp -- ./program"},
	.operands = PW_OPERANDS_MAYBE_COMMAND,
	.operands_offset = offsetof(struct args, command),
	.flags = PW_COMMAND_TARGET | PW_COMMAND_OUTPUT,
	.options = options,
	.args_bytes = sizeof(struct args),
	.run = run,
};
