/*
 * cmd_capture.c - "pagewalk capture": record a program into a trace.
 */
#include <stdbool.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/assert.h"
#include "base/command.h"
#include "capture/engine.h"
#include "capture/metadata.h"
#include "capture/target.h"

struct args {
	const char *output;
	const char *engine;
	bool no_aslr;
	uint64_t max_instructions;
	uint64_t max_bytes;
	uint64_t max_seconds;
	struct pw_text_list command;
};

static const struct pw_option options[] = {
	{.name = "output",
	 .key = 'o',
	 .argument = "TRACE",
	 .type = PW_OPTION_TEXT,
	 .offset = offsetof(struct args, output),
	 .help = "Trace to write; without it, the command's name and .pwt"},
	{.name = "engine",
	 .argument = "NAME",
	 .type = PW_OPTION_TEXT,
	 .offset = offsetof(struct args, engine),
	 .fallback = "ptrace",
	 .help = "How to record: ptrace (single steps)"},
	{.name = "no-aslr",
	 .type = PW_OPTION_FLAG,
	 .offset = offsetof(struct args, no_aslr),
	 .help = "Turn address randomisation off: the same addresses each run"},
	{.name = "max-instructions",
	 .argument = "N",
	 .type = PW_OPTION_COUNT,
	 .offset = offsetof(struct args, max_instructions),
	 .help = "Stop recording after N instructions; the command goes on"},
	{.name = "max-size",
	 .argument = "SIZE",
	 .type = PW_OPTION_SIZE,
	 .offset = offsetof(struct args, max_bytes),
	 .help = "Stop recording once the trace is as large as SIZE"},
	{.name = "max-time",
	 .argument = "SECONDS",
	 .type = PW_OPTION_COUNT,
	 .offset = offsetof(struct args, max_seconds),
	 .help = "Stop recording after so many seconds"},
	{0},
};

static const struct pw_table_spec spec = {
	.name = "capture",
	.title = "Recording",
	.form = PW_FORM_RECORD,
	.flags = PW_TABLE_PRIMARY,
	.column =
		{
			{"trace", "Trace", PW_CELL_TEXT, PW_UNIT_NONE},
			{"engine", "Engine", PW_CELL_TEXT, PW_UNIT_NONE},
			{"instructions", "Instructions", PW_CELL_U64,
			 PW_UNIT_COUNT},
			{"accesses", "Accesses", PW_CELL_U64, PW_UNIT_COUNT},
			{"events", "Events", PW_CELL_U64, PW_UNIT_COUNT},
			{"file_bytes", "Size", PW_CELL_U64, PW_UNIT_BYTES},
			{"bytes_per_access", "Bytes an access", PW_CELL_F64,
			 PW_UNIT_NONE},
			{"seconds", "Seconds", PW_CELL_F64, PW_UNIT_NONE},
			{"steps_per_second", "Steps a second", PW_CELL_F64,
			 PW_UNIT_COUNT},
			{"exit_status", "Exit status", PW_CELL_U64,
			 PW_UNIT_NONE},
		},
};

/* A recording between its parts. */
struct recording {
	const struct args *args;
	const struct pw_engine_ops *engine;
	struct pw_capture_request request;
	struct pw_capture_result result;
	const char *trace;
	const char *metadata;
	uint64_t file_bytes;
};

static double per(double amount, double whole)
{
	return whole > 0 ? amount / whole : 0;
}

static void report(const struct recording *recording, struct pw_tables *out)
{
	const struct pw_capture_result *result = &recording->result;
	struct pw_table *table = pw_table_add(out, &spec);

	PW_ASSERT(recording->trace && recording->engine);
	pw_cell_text(table, recording->trace);
	pw_cell_text(table, recording->engine->name);
	pw_cell_u64(table, result->instructions);
	pw_cell_u64(table, result->accesses);
	pw_cell_u64(table, result->events);
	pw_cell_u64(table, recording->file_bytes);
	pw_cell_f64(table, per((double)recording->file_bytes,
			       (double)result->accesses));
	pw_cell_f64(table, result->seconds);
	pw_cell_f64(table, per((double)result->steps, result->seconds));
	pw_cell_u64(table, (uint64_t)result->exit_status);
}

static void note_end(const struct recording *recording, struct pw_tables *out)
{
	static const char *const reason[] = {
		[PW_CAPTURE_EXIT] = NULL,
		[PW_CAPTURE_INSTRUCTIONS] = "the limit --max-instructions",
		[PW_CAPTURE_BYTES] = "the limit --max-size",
		[PW_CAPTURE_SECONDS] = "the limit --max-time",
		[PW_CAPTURE_TERMINATED] = "SIGTERM",
		[PW_CAPTURE_FOREIGN] = "an exec of a 32-bit program",
	};
	const char *why = reason[recording->result.end];

	if (why)
		pw_tables_note(out,
			       "the recording ended early, by %s; the command "
			       "went on unrecorded",
			       why);
}

static void note_losses(const struct recording *recording,
			struct pw_tables *out)
{
	const struct pw_capture_result *result = &recording->result;

	if (result->threads_unrecorded)
		pw_tables_note(out,
			       "threads not recorded: %llu; the trace holds "
			       "the first one only",
			       (unsigned long long)result->threads_unrecorded);
	if (result->processes_unrecorded)
		pw_tables_note(
			out,
			"child processes not recorded: %llu; the trace holds "
			"the first process only",
			(unsigned long long)result->processes_unrecorded);
	if (result->calls_unknown)
		pw_tables_note(out,
			       "system calls that may have changed mappings in "
			       "ways the trace does not hold: %llu",
			       (unsigned long long)result->calls_unknown);
	if (result->instructions_unknown)
		pw_tables_note(
			out,
			"instructions not decoded: %llu; their data accesses "
			"are missing",
			(unsigned long long)result->instructions_unknown);
}

static enum pw_status record(struct recording *recording, void *session,
			     struct pw_error *err)
{
	const struct pw_writer_options writer_options = {
		.metadata = recording->metadata,
	};
	struct pw_writer *writer;
	struct stat file;
	enum pw_status st;

	st = pw_writer_open(&writer, recording->trace, &writer_options, err);
	if (st != PW_OK)
		return st;
	st = recording->engine->record(session, writer, &recording->result,
				       err);
	if (st != PW_OK) {
		pw_writer_abandon(writer);
		return st;
	}
	st = pw_writer_close(writer, err);
	if (stat(recording->trace, &file) == 0)
		recording->file_bytes = (uint64_t)file.st_size;
	return st;
}

/* The trace is whole before the target's end is awaited. */
static enum pw_status start_and_record(struct recording *recording,
				       struct pw_error *err)
{
	enum pw_status st;
	void *session;

	PW_ASSERT(recording->engine && recording->request.path);
	st = recording->engine->open(&session, &recording->request, err);
	if (st != PW_OK)
		return st;
	st = record(recording, session, err);
	recording->engine->close(session, &recording->result);
	return st;
}

static enum pw_status choose_engine(struct recording *recording,
				    struct pw_error *err)
{
	const char *name = recording->args->engine;
	const char *why;

	recording->engine = pw_engine_find(name);
	if (!recording->engine) {
		pw_fail(err, PW_ERR_USAGE, "no engine is called \"%s\"", name);
		return pw_hint(err, "the engine is \"%s\"",
			       pw_engine_at(0)->name);
	}
	why = recording->engine->available();
	if (why)
		return pw_fail(err, PW_ERR_TARGET,
			       "the engine %s cannot be used here: %s", name,
			       why);
	return PW_OK;
}

/* Fill the request; @arena outlives the recording. */
static enum pw_status set_up(struct recording *recording,
			     struct pw_arena *arena, struct pw_error *err)
{
	const struct args *args = recording->args;
	const char *name = args->command.item[0];
	const char *slash = strrchr(name, '/');
	const char **argv =
		pw_arena_alloc(arena, args->command.count + 1, sizeof(*argv));
	enum pw_status st;

	PW_ASSERT(args->command.count > 0);
	recording->trace = args->output;
	if (!recording->trace)
		recording->trace = pw_arena_printf(arena, "%s.pwt",
						   slash ? slash + 1 : name);
	if (!argv || !recording->trace)
		return pw_fail_memory(err, "the command line");
	memcpy(argv, args->command.item, args->command.count * sizeof(*argv));
	recording->request = (struct pw_capture_request){
		.argv = argv,
		.aslr = !args->no_aslr,
		.max_instructions = args->max_instructions,
		.max_bytes = args->max_bytes,
		.max_seconds = args->max_seconds,
	};
	st = choose_engine(recording, err);
	if (st == PW_OK)
		st = pw_target_find(name, arena, &recording->request.path, err);
	if (st == PW_OK)
		st = pw_capture_metadata(&recording->request, recording->engine,
					 arena, &recording->metadata, err);
	return st;
}

static enum pw_status run(const void *parsed, struct pw_tables *out,
			  struct pw_error *err)
{
	struct recording recording = {.args = parsed};
	enum pw_status st;

	st = set_up(&recording, pw_tables_arena(out), err);
	if (st == PW_OK)
		st = start_and_record(&recording, err);
	if (st != PW_OK)
		return st;
	report(&recording, out);
	note_end(&recording, out);
	note_losses(&recording, out);
	pw_tables_set_exit(out, recording.result.exit_status);
	return pw_tables_check(out, err);
}

const struct pw_command pw_command_capture = {
	.name = "capture",
	.summary = "record a program into a trace",
	.operands_doc = "-- COMMAND [ARGUMENT...]",
	.example =
		{
			"pagewalk capture -- ls -l",
			"pagewalk capture -o sort.pwt -- sort names.txt",
			"pagewalk capture --max-instructions 5M -- ./server",
		},
	.operands = PW_OPERANDS_COMMAND,
	.operands_offset = offsetof(struct args, command),
	.flags = PW_COMMAND_TARGET | PW_COMMAND_OUTPUT,
	.options = options,
	.args_bytes = sizeof(struct args),
	.run = run,
};
