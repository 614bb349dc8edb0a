/*
 * pagewalk.c - the program: finds the command, runs it, renders its tables.
 */
#include <errno.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/command.h"
#include "base/file.h"
#include "base/text.h"
#include "plots/chart.h"
#include "plots/sink.h"

/* Options that every command has. */
struct common {
	uint64_t format; /* index of the sink */
	const char *output;
	const char *table;
	const char *charts;
	uint64_t color; /* enum color */
	bool raw_numbers;
	bool quiet;
};

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

static const struct pw_option common_options[] = {
	{
		.name = "format",
		.argument = "FORMAT",
		.type = PW_OPTION_CHOICE,
		.offset = offsetof(struct common, format),
		.help = "How results are written",
	},
	{
		.name = "output",
		.key = 'o',
		.argument = "FILE",
		.type = PW_OPTION_TEXT,
		.offset = offsetof(struct common, output),
		.help = "Write results to FILE, whole or not at all",
	},
	{
		.name = "table",
		.argument = "NAME",
		.type = PW_OPTION_TEXT,
		.offset = offsetof(struct common, table),
		.help = "Only the table called NAME",
	},
	{
		.name = "charts",
		.argument = "DIR",
		.type = PW_OPTION_TEXT,
		.offset = offsetof(struct common, charts),
		.help = "Also draw charts into DIR",
	},
	{
		.name = "raw-numbers",
		.type = PW_OPTION_FLAG,
		.offset = offsetof(struct common, raw_numbers),
		.help = "Plain digits instead of 1.5 MiB",
	},
	{
		.name = "color",
		.argument = "WHEN",
		.type = PW_OPTION_CHOICE,
		.choices = "auto|always|never",
		.fallback = "auto",
		.offset = offsetof(struct common, color),
		.help = "Color",
	},
	{
		.name = "quiet",
		.key = 'q',
		.type = PW_OPTION_FLAG,
		.offset = offsetof(struct common, quiet),
		.help = "No progress, no \"wrote FILE\"",
	},
	{.name = NULL},
};

/* One call of the program. */
struct session {
	const struct pw_command *command; /* NULL: none yet */
	struct pw_tables *tables;
	struct common common;
	const char *title;
	struct pw_option_request request;
	struct pw_option options[PW_COUNT(common_options)];
	struct pw_error error;
};

/* ---- messages ---- */

/* A line on stderr whose text may hold anything. */
static void say(const char *before, const char *text)
{
	char clean[4 * sizeof(((struct pw_error *)NULL)->message)];

	pw_text_clean(clean, sizeof(clean), text);
	fprintf(stderr, "%s%s\n", before, clean);
}

static void say_error(const struct session *session)
{
	fprintf(stderr, "pagewalk%s%s", session->command ? " " : "",
		session->command ? session->command->name : "");
	say(": ", session->error.message);
	if (session->error.hint[0])
		say("  try: ", session->error.hint);
}

/* The results are on their way; say what to know about them. */
static void say_about(const struct session *session, const char *what,
		      const char *text)
{
	fprintf(stderr, "pagewalk %s: %s", session->command->name, what);
	say(": ", text);
}

/*
 * What has been printed must have arrived. A stream that was closed from the
 * start is no failure unless something was written to it.
 */
static enum pw_status finish_stream(FILE *stream, const char *name,
				    struct pw_error *err)
{
	bool failed;

	errno = 0;
	failed = fflush(stream) != 0 || ferror(stream);
	if (!failed && stream == stdout && close(STDOUT_FILENO) != 0 &&
	    errno != EBADF)
		failed = true;
	if (failed)
		return pw_fail_errno(err, PW_ERR_OUTPUT, errno ? errno : EIO,
				     "%s: cannot write", name);
	return PW_OK;
}

/* ---- help ---- */

static void show_overview(void)
{
	const struct pw_command *command;

	fputs("Usage: pagewalk COMMAND [OPTION...] [OPERAND...]\n"
	      "Commands:\n",
	      stdout);
	for (size_t i = 0; (command = pw_command_at(i)); i++)
		printf("  %-10s %s\n", command->name, command->summary);
	fputs("\n"
	      "Start with \"pagewalk run -- PROGRAM\". A command's options: "
	      "\"pagewalk COMMAND\n"
	      "--help\"; the manual: \"man pagewalk\"; the version: \"pagewalk "
	      "--version\".\n",
	      stdout);
}

static enum pw_status refuse_command(struct session *session, const char *name)
{
	const struct pw_command *command;
	const char *names[64] = {NULL};
	const char *near;

	for (size_t i = 0; (command = pw_command_at(i)); i++) {
		PW_ASSERT(i + 1 < PW_COUNT(names));
		names[i] = command->name;
	}
	near = pw_text_nearest(name, names);
	pw_fail(&session->error, PW_ERR_USAGE, "unknown %s \"%s\"",
		name[0] == '-' ? "option" : "command", name);
	if (near)
		return pw_hint(&session->error, "did you mean %s?", near);
	return pw_hint(&session->error, "\"pagewalk --help\" lists them");
}

/* ---- options ---- */

/* "table|csv|json", as many sinks as there are. */
static const char *list_formats(struct pw_arena *arena)
{
	const struct pw_sink_ops *sink;
	const char *list = "";

	for (size_t i = 0; list && (sink = pw_sink_at(i)); i++)
		list = pw_arena_printf(arena, "%s%s%s", list, i ? "|" : "",
				       sink->name);
	return list;
}

/* Fit the common options to the command. */
static enum pw_status prepare_options(struct session *session)
{
	const struct pw_command *command = session->command;
	struct pw_arena *arena = pw_tables_arena(session->tables);
	const struct pw_option *from = common_options;
	struct pw_option *to = session->options;

	PW_ASSERT(command->name && command->run);
	for (; from->name; from++) {
		if (strcmp(from->name, "output") == 0 &&
		    (command->flags & PW_COMMAND_OUTPUT))
			continue;
		*to = *from;
		if (strcmp(to->name, "format") == 0) {
			to->choices = list_formats(arena);
			to->fallback = command->flags & PW_COMMAND_STREAM
					       ? "csv"
					       : "table";
			if (!to->choices)
				return pw_fail_memory(&session->error,
						      "the options");
		}
		to++;
	}
	to->name = NULL;
	session->request.command = command;
	session->request.extra = session->options;
	session->request.extra_args = &session->common;
	session->request.arena = arena;
	session->request.args = pw_arena_alloc(arena, 1, command->args_bytes);
	if (!session->request.args)
		return pw_fail_memory(&session->error, "the options");
	return PW_OK;
}

/* ---- rendering ---- */

static bool wants_color(const struct session *session, int fd)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (session->common.color != COLOR_AUTO)
		return session->common.color == COLOR_ALWAYS;
	if (no_color && *no_color)
		return false;
	return term && strcmp(term, "dumb") != 0 && isatty(fd);
}

static size_t terminal_width(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) != 0)
		return 0;
	return size.ws_col;
}

/* @table is the only one to show, or NULL; what is in @out goes to @fd. */
static enum pw_status render(struct session *session,
			     const struct pw_sink_ops *sink, const char *table,
			     FILE *out, int fd)
{
	const struct pw_sink_options options = {
		.table = table,
		.color = wants_color(session, fd),
		.raw_numbers = session->common.raw_numbers,
		.title = session->title,
		.width = terminal_width(fd),
	};

	return sink->write(out, session->tables, &options, &session->error);
}

static enum pw_status commit(struct session *session, struct pw_output *output,
			     const char *path)
{
	enum pw_status st = pw_output_commit(output, &session->error);

	if (st == PW_OK && !session->common.quiet && strcmp(path, "-") != 0)
		say("wrote ", path);
	return st;
}

/* Results must not overwrite what they are made from. */
static enum pw_status spare_operands(struct session *session, const char *path)
{
	const struct pw_command *command = session->command;
	const struct pw_text_list *operands;
	struct stat output, input;

	if (command->operands == PW_OPERANDS_NONE ||
	    command->operands == PW_OPERANDS_COMMAND ||
	    command->operands == PW_OPERANDS_MAYBE_COMMAND ||
	    stat(path, &output) != 0 || !S_ISREG(output.st_mode))
		return PW_OK;
	operands = (const void *)((const char *)session->request.args +
				  command->operands_offset);
	for (size_t i = 0; i < operands->count; i++) {
		if (stat(operands->item[i], &input) == 0 &&
		    input.st_dev == output.st_dev &&
		    input.st_ino == output.st_ino)
			return pw_fail(&session->error, PW_ERR_USAGE,
				       "%s: the output would replace the input",
				       path);
	}
	return PW_OK;
}

static enum pw_status write_file(struct session *session,
				 const struct pw_sink_ops *sink,
				 const char *path)
{
	struct pw_output *output;
	enum pw_status st;

	st = spare_operands(session, path);
	if (st == PW_OK)
		st = pw_output_open(&output, path, &session->error);
	if (st != PW_OK)
		return st;
	st = render(session, sink, NULL, pw_output_stream(output),
		    pw_output_fd(output));
	if (st == PW_OK)
		return commit(session, output, path);
	pw_output_discard(output);
	return st;
}

/* Charts that the user asked for by name must come; others may be lacking. */
static enum pw_status draw(struct session *session, const char *directory)
{
	struct pw_error *err = &session->error;
	bool asked = session->common.charts &&
		     strcmp(session->common.charts, directory) == 0;
	enum pw_status st = pw_charts_write(session->tables, directory, err);

	if (st == PW_ERR_SYSTEM && !asked) {
		say_about(session, "no charts", err->message);
		return PW_OK;
	}
	if (st == PW_OK && !session->common.quiet)
		say("wrote ", directory);
	return st;
}

/* The files that the command and the user asked for beside the results. */
static enum pw_status write_others(struct session *session)
{
	enum pw_status st = PW_OK;
	const char *format;
	const char *path;

	for (size_t i = 0; st == PW_OK; i++) {
		const struct pw_sink_ops *sink;

		if (!pw_tables_also_at(session->tables, i, &format, &path))
			break;
		sink = pw_sink_find(format);
		PW_ASSERT(sink || strcmp(format, "charts") == 0);
		st = sink ? write_file(session, sink, path)
			  : draw(session, path);
	}
	return st;
}

/* Render what the command made; @output is where -o says, or NULL. */
static enum pw_status show_results(struct session *session,
				   struct pw_output *output)
{
	const struct pw_sink_ops *sink = pw_sink_at(session->common.format);
	bool target = session->command->flags & PW_COMMAND_TARGET;
	FILE *out = target ? stderr : stdout;
	enum pw_status st;

	PW_ASSERT(sink);
	if (output)
		st = render(session, sink, session->common.table,
			    pw_output_stream(output), pw_output_fd(output));
	else
		st = render(session, sink, session->common.table, out,
			    fileno(out));
	/* Messages may be lost with stderr, results may not. */
	if (st == PW_OK && target && !output)
		st = finish_stream(stderr, "standard error", &session->error);
	return st;
}

/* ---- running ---- */

static enum pw_status run_and_show(struct session *session,
				   struct pw_output *output)
{
	struct pw_error *err = &session->error;
	enum pw_status st;

	if (session->common.charts)
		pw_tables_also(session->tables, "charts",
			       session->common.charts);
	pw_tables_set_quiet(session->tables, session->common.quiet);
	PW_ASSERT(session->request.args);
	st = session->command->run(session->request.args, session->tables, err);
	if (st == PW_OK)
		st = pw_tables_check(session->tables, err);
	if (st == PW_OK)
		st = show_results(session, output);
	return st;
}

/* The status of a command whose results have been written. */
static int judge(const struct session *session)
{
	const char *partial = pw_tables_partial(session->tables);

	if (!partial)
		return pw_tables_exit(session->tables);
	say_about(session, "partial result", partial);
	return PW_ERR_FORMAT;
}

static enum pw_status run_command(struct session *session, int *exit_status)
{
	const char *path = session->common.output;
	struct pw_output *output = NULL;
	enum pw_status st = PW_OK;

	/* Before a long computation, not after it. */
	if (path)
		st = spare_operands(session, path);
	if (st == PW_OK && path)
		st = pw_output_open(&output, path, &session->error);
	if (st == PW_OK)
		st = run_and_show(session, output);
	if (st != PW_OK) {
		pw_output_discard(output);
		return st;
	}
	if (output)
		st = commit(session, output, path);
	if (st == PW_OK)
		st = write_others(session);
	if (st == PW_OK)
		*exit_status = judge(session);
	return st;
}

/* Parse the words after the command's name, then run it or show its help. */
static enum pw_status handle_command(struct session *session, size_t count,
				     const char *const *words, int *exit_status)
{
	enum pw_status st = prepare_options(session);

	if (st == PW_OK)
		st = pw_options_parse(&session->request, count, words,
				      &session->error);
	if (st != PW_OK)
		return st;
	if (session->request.help)
		return pw_options_help(&session->request, stdout,
				       &session->error);
	return run_command(session, exit_status);
}

static enum pw_status find_command(struct session *session, const char *name)
{
	session->command = pw_command_find(name);
	return session->command ? PW_OK : refuse_command(session, name);
}

static bool is_word(const char *word, const char *a, const char *b)
{
	return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

/* "help", or "help COMMAND". */
static enum pw_status show_help(struct session *session, int count, char **word)
{
	static const char *const help[] = {"--help"};
	enum pw_status st;
	int ignored;

	if (count == 0) {
		show_overview();
		return PW_OK;
	}
	st = find_command(session, word[0]);
	if (st == PW_OK)
		st = handle_command(session, 1, help, &ignored);
	return st;
}

static enum pw_status handle_line(struct session *session, int count,
				  char **word, int *exit_status)
{
	enum pw_status st;

	if (count == 0) {
		pw_fail(&session->error, PW_ERR_USAGE, "missing command");
		return pw_hint(&session->error,
			       "\"pagewalk --help\" lists them");
	}
	if (is_word(word[0], "--version", "-V")) {
		puts("pagewalk " PW_VERSION);
		return PW_OK;
	}
	if (is_word(word[0], "--help", "-h"))
		return show_help(session, 0, NULL);
	if (strcmp(word[0], "help") == 0)
		return show_help(session, count - 1, word + 1);
	st = find_command(session, word[0]);
	if (st != PW_OK)
		return st;
	return handle_command(session, (size_t)count - 1,
			      (const char *const *)(void *)(word + 1),
			      exit_status);
}

/* "pagewalk replay sort.pwt", for titles; NULL without memory. */
static const char *join(struct pw_arena *arena, int count, char **word)
{
	size_t bytes = sizeof("pagewalk");
	char *line;
	char *end;

	for (int i = 0; i < count; i++)
		bytes += 1 + strlen(word[i]);
	line = pw_arena_alloc(arena, bytes, 1);
	if (!line)
		return NULL;
	end = stpcpy(line, "pagewalk");
	for (int i = 0; i < count; i++) {
		*end++ = ' ';
		end = stpcpy(end, word[i]);
	}
	PW_ASSERT(end == line + bytes - 1);
	return line;
}

int main(int argc, char **argv)
{
	struct session session = {.command = NULL};
	int count = argc > 0 ? argc - 1 : 0;
	int exit_status = 0;
	enum pw_status finished;
	enum pw_status st;

	st = pw_tables_open(&session.tables, &session.error);
	if (st == PW_OK) {
		session.title =
			join(pw_tables_arena(session.tables), count, argv + 1);
		st = handle_line(&session, count, argv + 1, &exit_status);
	}
	if (st != PW_OK)
		say_error(&session);
	finished = finish_stream(stdout, "standard output", &session.error);
	if (finished != PW_OK && st == PW_OK) {
		say_error(&session);
		st = finished;
	}
	pw_tables_close(session.tables);
	return st != PW_OK ? (int)st : exit_status;
}
