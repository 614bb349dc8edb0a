/*
 * cmd_import.c - pagewalk import: any trace that can be read, as a native one.
 *
 * What a source lost is known only when it has been read to its end, but the
 * metadata that says so comes first in the file. A damaged source is therefore
 * read a second time; a whole one is not.
 */
#include <errno.h>
#include <jansson.h>
#include <sys/stat.h>

#include "base/assert.h"
#include "base/command.h"
#include "base/progress.h"
#include "base/text.h"
#include "formats/infer.h"
#include "formats/trace.h"
#include "formats/writer.h"

#define SUFFIX ".pwt"
#define GUESSES_LISTED 1000
/* Linux include/uapi/asm-generic/mman-common.h: MAP_PRIVATE, MAP_ANONYMOUS. */
#define PRIVATE_ANONYMOUS 0x22

struct args {
	struct pw_text_list source;
	const char *output;
	const char *format;
	bool infer;
};

static const struct pw_option options[] = {
	{
		.name = "output",
		.key = 'o',
		.argument = "FILE",
		.type = PW_OPTION_TEXT,
		.offset = offsetof(struct args, output),
		.help = "Write FILE (default: the source's name with " SUFFIX
			", in this directory)",
	},
	{
		.name = "as",
		.argument = "FORMAT",
		.type = PW_OPTION_TEXT,
		.offset = offsetof(struct args, format),
		.help = "Take FILE as a trace of FORMAT instead of recognising "
			"it",
	},
	{
		.name = "infer-mappings",
		.type = PW_OPTION_FLAG,
		.offset = offsetof(struct args, infer),
		.help = "Guess mappings from what is touched, and list them",
	},
	{0},
};

static const struct pw_table_spec import_spec = {
	.name = "import",
	.title = "Imported trace",
	.form = PW_FORM_RECORD,
	.flags = PW_TABLE_PRIMARY,
	.column =
		{
			{"output", NULL, PW_CELL_TEXT, PW_UNIT_NONE},
			{"format", "from format", PW_CELL_TEXT, PW_UNIT_NONE},
			{"accesses", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"loads", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"stores", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"modifies", "read-modify-writes", PW_CELL_U64,
			 PW_UNIT_COUNT},
			{"fetches", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"instructions", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"events", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"threads", NULL, PW_CELL_U64, PW_UNIT_COUNT},
			{"source_bytes", "source size", PW_CELL_U64,
			 PW_UNIT_BYTES},
			{"file_bytes", "file size", PW_CELL_U64, PW_UNIT_BYTES},
			{"bytes_per_access", "bytes per access", PW_CELL_F64,
			 PW_UNIT_NONE},
		},
};

static const struct pw_table_spec guesses_spec = {
	.name = "guesses",
	.title = "Guessed mappings",
	.help = "Runs of touched pages; the trace does not tell mappings.",
	.column =
		{
			{"process", NULL, PW_CELL_U64, PW_UNIT_NONE},
			{"address", NULL, PW_CELL_U64, PW_UNIT_ADDRESS},
			{"end", NULL, PW_CELL_U64, PW_UNIT_ADDRESS},
			{"bytes", "size", PW_CELL_U64, PW_UNIT_BYTES},
			{"pages", "pages touched", PW_CELL_U64, PW_UNIT_COUNT},
			{"rights", NULL, PW_CELL_TEXT, PW_UNIT_NONE},
			{"first", "accesses before", PW_CELL_U64,
			 PW_UNIT_COUNT},
			{"why", "why it begins there", PW_CELL_TEXT,
			 PW_UNIT_NONE},
		},
};

struct import {
	const char *source;
	const char *output;
	const char *format; /* NULL: recognise it */
	const char *damage; /* what a first reading found; NULL: nothing */
	struct pw_tables *tables;
	struct pw_trace *trace;
	struct pw_writer *writer;
	bool infer;
	struct pw_array guesses; /* struct pw_guess */
	size_t guess;		 /* the next to be written */
	size_t threads;		 /* declared so far */
	size_t modules;
	uint64_t instructions;
};

/* ---- names ---- */

/* "dir/pinatrace.out" makes "pinatrace.pwt". */
static const char *name_output(struct pw_arena *arena, const char *source)
{
	size_t end = strlen(source);
	size_t begin, stem;
	const char *dot;

	while (end > 1 && source[end - 1] == '/')
		end--; /* of a folder */
	for (begin = end; begin > 0 && source[begin - 1] != '/'; begin--)
		;
	dot = memrchr(source + begin, '.', end - begin);
	stem = dot && dot > source + begin ? (size_t)(dot - source) - begin
					   : end - begin;
	return pw_arena_printf(arena, "%.*s" SUFFIX, (int)stem, source + begin);
}

static enum pw_status check_names(const struct import *import,
				  struct pw_error *err)
{
	struct stat source;
	struct stat output;

	if (stat(import->source, &source) != 0)
		return pw_fail_errno(err, PW_ERR_USAGE, errno,
				     "%s: cannot open", import->source);
	if (stat(import->output, &output) != 0 ||
	    source.st_dev != output.st_dev || source.st_ino != output.st_ino)
		return PW_OK;
	pw_fail(err, PW_ERR_USAGE, "%s: the output would replace the source",
		import->source);
	return pw_hint(err, "choose another name with -o");
}

/* ---- metadata ---- */

/* A JSON string of @text, made valid UTF-8; NULL without memory. */
static json_t *make_text(struct pw_arena *arena, const char *text)
{
	size_t bytes = 4 * strlen(text) + 1; /* if all of it is escaped */
	char *clean = pw_arena_alloc(arena, bytes, 1);

	if (!clean)
		return NULL;
	pw_text_clean(clean, bytes, text);
	return json_string(clean);
}

/* What the new trace says of itself; free it with free. NULL: no memory. */
static char *describe(const struct import *import)
{
	const struct pw_trace_info *info = pw_trace_info(import->trace);
	struct pw_arena *arena = pw_tables_arena(import->tables);
	json_t *origin = json_loads(info->metadata, 0, NULL);
	json_t *object;
	char *text;

	if (json_object_size(origin) == 0) {
		json_decref(origin);
		origin = NULL;
	}
	object = json_pack(
		"{s:[s,s,o], s:s, s:s, s:o, s:o*, s:s*, s:o*}", "command",
		"pagewalk", "import", make_text(arena, import->source),
		"engine", "import", "format", info->format, "source",
		make_text(arena, import->source), "damage",
		import->damage ? make_text(arena, import->damage) : NULL,
		"mappings", import->infer ? "guessed" : NULL, "origin", origin);
	text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	return text;
}

/* ---- copying ---- */

/* A thread was declared: if it is the first of a process, map the guesses. */
static enum pw_status write_guesses(struct import *import, uint32_t thread,
				    uint32_t process, struct pw_error *err)
{
	enum pw_status st = PW_OK;

	for (; st == PW_OK && import->guess < import->guesses.count;
	     import->guess++) {
		const struct pw_guess *guess = &PW_ARRAY_AT(
			&import->guesses, struct pw_guess, import->guess);
		struct pw_event event = {
			.kind = PW_EVENT_map,
			.text = "[guessed]",
			.arg = {guess->address, guess->bytes, guess->rights,
				PRIVATE_ANONYMOUS},
		};

		if (guess->process != process)
			break;
		st = pw_writer_event(import->writer, thread, &event, err);
	}
	return st;
}

/* Declare threads and modules that have come up. */
static enum pw_status declare(struct import *import, struct pw_error *err)
{
	const struct pw_trace_info *info = pw_trace_info(import->trace);
	enum pw_status st = PW_OK;

	while (st == PW_OK && import->threads < info->thread_count) {
		uint32_t index = (uint32_t)import->threads++;

		st = pw_writer_thread(import->writer, &info->threads[index],
				      err);
		if (st == PW_OK)
			st = write_guesses(import, index,
					   info->threads[index].process, err);
	}
	while (st == PW_OK && import->modules < info->module_count)
		st = pw_writer_module(import->writer,
				      &info->modules[import->modules++], err);
	return st;
}

static enum pw_status copy_batch(struct import *import,
				 const struct pw_batch *batch,
				 struct pw_error *err)
{
	enum pw_status st = declare(import, err);

	PW_ASSERT(st != PW_OK || batch->thread < import->threads);
	if (st == PW_OK && batch->accesses.count > 0)
		st = pw_writer_accesses(import->writer, batch->thread,
					&batch->accesses, err);
	if (st == PW_OK)
		st = pw_writer_events(import->writer, batch->thread,
				      &batch->events, err);
	import->instructions += batch->instruction_count;
	return st;
}

static enum pw_status copy(struct import *import, struct pw_error *err)
{
	const struct pw_batch *batch;
	struct pw_progress progress;
	uint64_t accesses = 0;
	enum pw_status st;

	pw_progress_start(&progress, "import", "accesses",
			  pw_tables_quiet(import->tables));
	do {
		st = pw_trace_next(import->trace, &batch, err);
		if (st != PW_OK || !batch)
			break;
		st = copy_batch(import, batch, err);
		accesses += batch->accesses.count;
		pw_progress_update(&progress, accesses,
				   pw_trace_progress(import->trace));
	} while (st == PW_OK);
	pw_progress_end(&progress);
	return st == PW_OK ? declare(import, err) : st;
}

/* Read the source once, to guess. */
static enum pw_status infer(struct import *import, struct pw_error *err)
{
	const struct pw_trace_options how = {.format = import->format};
	const struct pw_batch *batch;
	struct pw_trace *trace;
	struct pw_infer pages;
	enum pw_status st;

	st = pw_trace_open(&trace, import->source, &how, err);
	if (st != PW_OK)
		return st;
	pw_infer_init(&pages);
	if (!(pw_trace_info(trace)->unknown & PW_UNKNOWN_MAPPINGS)) {
		st = pw_fail(
			err, PW_ERR_USAGE,
			"%s: tells its mappings; there is nothing to guess",
			import->source);
		goto out;
	}
	while (st == PW_OK) {
		st = pw_trace_next(trace, &batch, err);
		if (st != PW_OK || !batch)
			break;
		st = pw_infer_accesses(
			&pages,
			pw_trace_info(trace)->threads[batch->thread].process,
			batch->first_access, &batch->accesses, err);
	}
	if (st == PW_OK)
		st = pw_infer_guess(&pages, &import->guesses, err);
out:
	pw_infer_free(&pages);
	pw_trace_close(trace);
	return st;
}

/* Read the source and write the trace, up to but without closing it. */
static enum pw_status convert(struct import *import, struct pw_error *err)
{
	const struct pw_trace_options how = {.format = import->format};
	struct pw_writer_options target = {.replace = true};
	char *metadata;
	enum pw_status st;

	import->threads = 0;
	import->modules = 0;
	import->instructions = 0;
	import->guess = 0;
	st = pw_trace_open(&import->trace, import->source, &how, err);
	if (st != PW_OK)
		return st;
	metadata = describe(import);
	if (!metadata)
		return pw_fail_memory(err, "the metadata");
	target.metadata = metadata;
	target.unknown = pw_trace_info(import->trace)->unknown;
	if (import->infer)
		target.unknown &= ~(unsigned)PW_UNKNOWN_MAPPINGS;
	st = pw_writer_open(&import->writer, import->output, &target, err);
	free(metadata);
	return st == PW_OK ? copy(import, err) : st;
}

/* Close what convert opened; the output stays as it was. */
static void give_up(struct import *import)
{
	pw_writer_abandon(import->writer);
	pw_trace_close(import->trace);
	import->writer = NULL;
	import->trace = NULL;
}

static enum pw_status convert_all(struct import *import, struct pw_error *err)
{
	enum pw_status st = convert(import, err);
	const char *damage;

	if (st != PW_OK)
		return st;
	damage = pw_trace_damage(import->trace);
	if (!damage)
		return PW_OK;
	import->damage = pw_arena_copy(pw_tables_arena(import->tables), damage);
	if (!import->damage)
		return pw_fail_memory(err, "the metadata");
	give_up(import);
	return convert(import, err);
}

/* ---- results ---- */

static uint64_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static void report(const struct import *import, const struct pw_totals *totals)
{
	struct pw_table *table = pw_table_add(import->tables, &import_spec);
	uint64_t bytes = size_of(import->output);
	struct pw_totals source;

	pw_trace_totals(import->trace, &source);
	pw_cell_text(table, import->output);
	pw_cell_text(table, pw_trace_info(import->trace)->format);
	pw_cell_u64(table, totals->accesses);
	pw_cell_u64(table, totals->loads);
	pw_cell_u64(table, totals->stores);
	pw_cell_u64(table, totals->modifies);
	pw_cell_u64(table, totals->fetches);
	pw_cell_u64(table, import->instructions);
	pw_cell_u64(table, totals->events);
	pw_cell_u64(table, import->threads);
	pw_cell_u64(table, source.file_bytes);
	pw_cell_u64(table, bytes);
	pw_cell_f64(table, totals->accesses
				   ? (double)bytes / (double)totals->accesses
				   : 0);
	if (import->damage)
		pw_tables_mark_partial(import->tables, "%s", import->damage);
}

static void list_guess(struct pw_table *table, const struct pw_guess *guess)
{
	static const char *const why[] = {
		[PW_GUESS_LOWEST] = "lowest page touched",
		[PW_GUESS_FAR] = "far from the one below",
		[PW_GUESS_RIGHTS] = "other rights than the one below",
	};
	const char rights[] = {guess->rights & PW_INFER_READ ? 'r' : '-',
			       guess->rights & PW_INFER_WRITE ? 'w' : '-',
			       guess->rights & PW_INFER_EXECUTE ? 'x' : '-',
			       '\0'};

	pw_cell_u64(table, guess->process);
	pw_cell_u64(table, guess->address);
	pw_cell_u64(table, guess->address + guess->bytes);
	pw_cell_u64(table, guess->bytes);
	pw_cell_u64(table, guess->pages);
	pw_cell_text(table, rights);
	pw_cell_u64(table, guess->first);
	pw_cell_text(table, why[guess->why]);
}

/* List what was guessed, or say that nothing was. */
static void list_guesses(const struct import *import)
{
	const struct pw_guess *guess = import->guesses.data;
	size_t count = import->guesses.count;
	struct pw_table *table;

	if (!import->infer) {
		if (pw_trace_info(import->trace)->unknown & PW_UNKNOWN_MAPPINGS)
			pw_tables_note(import->tables,
				       "the source tells no mappings, and none "
				       "are guessed; --infer-mappings does");
		return;
	}
	table = pw_table_add(import->tables, &guesses_spec);
	for (size_t i = 0; i < count && i < GUESSES_LISTED; i++)
		list_guess(table, &guess[i]);
	if (count > GUESSES_LISTED)
		pw_tables_note(import->tables,
			       "guessed mappings that are not listed: %zu; "
			       "pagewalk dump --events has all of them",
			       count - GUESSES_LISTED);
}

static enum pw_status run(const void *parsed, struct pw_tables *out,
			  struct pw_error *err)
{
	const struct args *args = parsed;
	struct import import = {
		.source = args->source.item[0],
		.output = args->output,
		.format = args->format,
		.infer = args->infer,
		.guesses = PW_ARRAY(struct pw_guess),
		.tables = out,
	};
	struct pw_totals totals;
	enum pw_status st;

	if (!import.output)
		import.output =
			name_output(pw_tables_arena(out), import.source);
	if (!import.output)
		return pw_fail_memory(err, "a file name");
	st = check_names(&import, err);
	if (st == PW_OK && import.infer)
		st = infer(&import, err);
	if (st == PW_OK)
		st = convert_all(&import, err);
	if (st == PW_OK) {
		struct pw_writer *writer = import.writer;

		pw_writer_totals(writer, &totals);
		import.writer = NULL;
		st = pw_writer_close(writer, err);
	}
	if (st == PW_OK) {
		report(&import, &totals);
		list_guesses(&import);
	}
	give_up(&import);
	pw_array_free(&import.guesses);
	return st;
}

const struct pw_command pw_command_import = {
	.name = "import",
	.summary = "make a trace from one of another format",
	.operands_doc = "FILE",
	.example = {"pagewalk import pinatrace.out",
		    "pagewalk import --as cloudsuite core0.trace.xz",
		    "pagewalk import -o whole.pwt damaged.pwt"},
	.operands = PW_OPERANDS_ONE,
	.operands_offset = offsetof(struct args, source),
	.flags = PW_COMMAND_OUTPUT,
	.options = options,
	.args_bytes = sizeof(struct args),
	.run = run,
};
