/*
 * cmd_capture.c - "pagewalk capture": record a program into a trace.
 */
#include <sys/stat.h>

#include "base/arena.h"
#include "base/assert.h"
#include "base/command.h"
#include "capture/apart.h"
#include "capture/engine.h"
#include "capture/metadata.h"
#include "capture/request.h"

static const struct pw_option options[] = {
	{.name = "output",
	 .key = 'o',
	 .argument = "TRACE",
	 .type = PW_OPTION_TEXT,
	 .offset = offsetof(struct pw_request_args, output),
	 .help = "Trace to write; without it, the command's name and .pwt"},
	{.name = "keep",
	 .argument = "WHAT",
	 .type = PW_OPTION_CHOICE,
	 .offset = offsetof(struct pw_request_args, keep),
	 .fallback = "accesses",
	 .choices = "accesses|touches|all",
	 .help = "What the trace is to hold"},
#define OPTION(member_, name_, key_, argument_, type_, fallback_, help_) \
	{.name = (name_),                                                \
	 .key = (key_),                                                  \
	 .argument = (argument_),                                        \
	 .type = PW_OPTION_##type_,                                      \
	 .offset = offsetof(struct pw_request_args, member_),            \
	 .fallback = (fallback_),                                        \
	 .help = (help_)},
#define PW_RECORDING_TEXT(member, name, key, argument, fallback, help) \
	OPTION(member, name, key, argument, TEXT, fallback, help)
#define PW_RECORDING_COUNT(member, name, key, argument, fallback, help) \
	OPTION(member, name, key, argument, COUNT, fallback, help)
#define PW_RECORDING_SIZE(member, name, key, argument, fallback, help) \
	OPTION(member, name, key, argument, SIZE, fallback, help)
#define PW_RECORDING_FLAG(member, name, help) \
	OPTION(member, name, 0, NULL, FLAG, NULL, help)
#include "base/recording.def"
#undef PW_RECORDING_TEXT
#undef PW_RECORDING_COUNT
#undef PW_RECORDING_SIZE
#undef PW_RECORDING_FLAG
#undef OPTION
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
			{"threads", "Threads", PW_CELL_U64, PW_UNIT_COUNT},
			{"processes", "Processes", PW_CELL_U64, PW_UNIT_COUNT},
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
	const struct pw_request_args *args;
	const struct pw_engine_ops *engine;
	const char *declined; /* engines that "auto" passed over, and why */
	struct pw_capture_request request;
	struct pw_capture_result result;
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

	PW_ASSERT(recording->request.trace && recording->engine);
	pw_cell_text(table, recording->request.trace);
	pw_cell_text(table, recording->engine->name);
	pw_cell_u64(table, result->instructions);
	pw_cell_u64(table, result->accesses);
	pw_cell_u64(table, result->events);
	pw_cell_u64(table, result->threads);
	pw_cell_u64(table, result->processes);
	pw_cell_u64(table, recording->file_bytes);
	pw_cell_f64(table, per((double)recording->file_bytes,
			       (double)result->accesses));
	pw_cell_f64(table, result->seconds);
	pw_cell_f64(table, per((double)result->steps, result->seconds));
	pw_cell_u64(table, (uint64_t)result->exit_status);
}

static void note_engine(const struct recording *recording,
			struct pw_tables *out)
{
	if (recording->declined[0])
		pw_tables_note(out, "the engine %s was taken (%s)",
			       recording->engine->name, recording->declined);
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
		[PW_CAPTURE_FREE] = "a disk that is nearly full (--min-free)",
		[PW_CAPTURE_DETACHED] = "an interrupt",
	};
	enum pw_capture_end end = recording->result.end;

	PW_ASSERT((size_t)end < PW_COUNT(reason));
	if (reason[end])
		pw_tables_note(out,
			       "the recording ended early, by %s; the %s went "
			       "on unrecorded",
			       reason[end],
			       recording->request.pid ? "process" : "command");
}

static void note_losses(const struct recording *recording,
			struct pw_tables *out)
{
	const struct pw_capture_result *result = &recording->result;

	if (result->threads_unrecorded)
		pw_tables_note(out, "threads not recorded: %llu",
			       (unsigned long long)result->threads_unrecorded);
	if (result->processes_unrecorded)
		pw_tables_note(
			out, "child processes not recorded: %llu",
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
		.keep = (enum pw_writer_keep)recording->args->keep,
	};
	struct pw_writer *writer;
	struct stat file;
	enum pw_status st;

	st = pw_writer_open(&writer, recording->request.trace, &writer_options,
			    err);
	if (st != PW_OK)
		return st;
	st = recording->engine->record(session, writer, &recording->result,
				       err);
	if (st != PW_OK) {
		pw_writer_abandon(writer);
		return st;
	}
	st = pw_writer_close(writer, err);
	if (stat(recording->request.trace, &file) == 0)
		recording->file_bytes = (uint64_t)file.st_size;
	return st;
}

/* The trace is whole before the target's end is awaited. */
static enum pw_status start_and_record(void *state, struct pw_error *err)
{
	struct recording *recording = state;
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

/* Fill the request; @arena outlives the recording. */
static enum pw_status set_up(struct recording *recording,
			     struct pw_arena *arena, struct pw_error *err)
{
	struct pw_capture_request *request = &recording->request;
	enum pw_status st;

	st = pw_request_make(request, recording->args, arena, err);
	if (st == PW_OK)
		st = pw_engine_choose(&recording->engine,
				      recording->args->engine, request, arena,
				      &recording->declined, err);
	if (st == PW_OK)
		st = pw_capture_metadata(request, recording->engine, arena,
					 &recording->metadata, err);
	return st;
}

/* A full disk is a failure; every other end leaves what was asked for. */
static int exit_status(const struct pw_capture_result *result)
{
	return result->end == PW_CAPTURE_FREE ? PW_ERR_OUTPUT
					      : result->exit_status;
}

static enum pw_status run(const void *parsed, struct pw_tables *out,
			  struct pw_error *err)
{
	struct recording recording = {.args = parsed};
	enum pw_status st;

	st = set_up(&recording, pw_tables_arena(out), err);
	if (st == PW_OK && recording.request.pid)
		st = pw_apart_run(start_and_record, &recording,
				  sizeof(recording), err);
	else if (st == PW_OK)
		st = start_and_record(&recording, err);
	if (st != PW_OK)
		return st;
	report(&recording, out);
	note_engine(&recording, out);
	note_end(&recording, out);
	note_losses(&recording, out);
	pw_tables_set_exit(out, exit_status(&recording.result));
	return pw_tables_check(out, err);
}

const struct pw_command pw_command_capture = {
	.name = "capture",
	.summary = "record a program into a trace",
	.operands_doc = "-- COMMAND [ARGUMENT...]\n--pid PID",
	.example =
		{
			"pagewalk capture -- ls -l",
			"pagewalk capture -o sort.pwt -- sort names.txt",
			"pagewalk capture --max-time 10 --pid 1234",
		},
	.operands = PW_OPERANDS_MAYBE_COMMAND,
	.operands_offset = offsetof(struct pw_request_args, command),
	.flags = PW_COMMAND_TARGET | PW_COMMAND_OUTPUT,
	.options = options,
	.args_bytes = sizeof(struct pw_request_args),
	.run = run,
};
