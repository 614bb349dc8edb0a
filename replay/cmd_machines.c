/*
 * cmd_machines.c - pagewalk machines: the machines that replays can use.
 */
#include <stdlib.h>

#include "base/command.h"
#include "base/file.h"
#include "replay/machine/cpuid.h"
#include "replay/machine/machine.h"
#include "replay/machine/machine_text.h"

#define DUMP_BYTES_MAX ((size_t)4 << 20)

struct args {
	struct pw_text_list name;
	struct pw_text_list overrides;
	const char *save;
	bool from_cpuid;
};

static const struct pw_option options[] = {
	{
		.name = "set",
		.key = 's',
		.argument = "KEY=VALUE",
		.type = PW_OPTION_LIST,
		.offset = offsetof(struct args, overrides),
		.help = "Change a value of the machine shown; repeatable",
	},
	{
		.name = "from-cpuid",
		.type = PW_OPTION_FLAG,
		.offset = offsetof(struct args, from_cpuid),
		.help = "Make a machine of what CPUID tells, here or in a dump",
	},
	{
		.name = "save",
		.argument = "FILE",
		.type = PW_OPTION_TEXT,
		.offset = offsetof(struct args, save),
		.help = "Write the machine's file, to be changed and used",
	},
	{0},
};

static const struct pw_table_spec list_spec = {
	.name = "machines",
	.title = "Machines",
	.form = PW_FORM_ROWS,
	.flags = PW_TABLE_PRIMARY,
	.column = {{"name", "Name", PW_CELL_TEXT, PW_UNIT_NONE},
		   {"summary", "Summary", PW_CELL_TEXT, PW_UNIT_NONE}},
};

static const struct pw_table_spec values_spec = {
	.name = "machine",
	.title = "Values",
	.help = "Each can be changed with -s KEY=VALUE.",
	.form = PW_FORM_PAIRS,
	.flags = PW_TABLE_PRIMARY,
};

static enum pw_status list(struct pw_tables *out, struct pw_error *err)
{
	struct pw_table *table = pw_table_add(out, &list_spec);

	for (const struct pw_embedded *file = pw_machine_files; file->name;
	     file++) {
		struct pw_machine *machine;
		enum pw_status st = pw_machine_parse(&machine, file->name,
						     file->text, NULL, err);

		if (st != PW_OK)
			return st;
		pw_cell_text(table, machine->name);
		pw_cell_text(table, machine->summary);
		pw_machine_close(machine);
	}
	return PW_OK;
}

/* Show a machine, and the text of its file unless that is NULL. */
static enum pw_status show(const struct args *args,
			   const struct pw_machine *machine, const char *text,
			   struct pw_tables *out, struct pw_error *err)
{
	enum pw_status st = PW_OK;

	if (args->save && !text)
		return pw_fail(err, PW_ERR_USAGE,
			       "--save: the machine is a file already");
	if (args->save && args->overrides.count)
		return pw_fail(err, PW_ERR_USAGE,
			       "--save: changes by --set are not written; "
			       "change the file");
	pw_machine_list(machine, pw_table_add(out, &values_spec));
	if (text)
		st = pw_machine_text_sources(text, out, err);
	if (text && st == PW_OK)
		st = pw_machine_text_show(text, out, err);
	if (st == PW_OK && args->save)
		st = pw_machine_text_save(text, args->save, err);
	return st;
}

static enum pw_status show_named(const struct args *args, struct pw_tables *out,
				 struct pw_error *err)
{
	const char *name = args->name.item[0];
	const struct pw_embedded *preset = pw_machine_preset(name);
	struct pw_machine *machine;
	enum pw_status st =
		pw_machine_load(&machine, name, &args->overrides, err);

	if (st == PW_OK)
		st = show(args, machine, preset ? preset->text : NULL, out,
			  err);
	pw_machine_close(machine);
	return st;
}

/* The CPUID of a dump, or of this processor. */
static enum pw_status find_cpuid(const struct args *args,
				 struct pw_cpuid *cpuid, struct pw_error *err)
{
	const char *path = args->name.count ? args->name.item[0] : NULL;
	size_t bytes;
	char *text;
	enum pw_status st;

	if (!path)
		return pw_cpuid_ask(cpuid, err);
	st = pw_file_read(path, DUMP_BYTES_MAX, &text, &bytes, err);
	if (st != PW_OK)
		return st;
	st = pw_cpuid_parse(cpuid, path, text, err);
	free(text);
	return st;
}

static enum pw_status show_cpuid(const struct args *args, struct pw_tables *out,
				 struct pw_error *err)
{
	struct pw_arena *arena = pw_tables_arena(out);
	struct pw_cpuid *cpuid = pw_arena_alloc(arena, 1, sizeof(*cpuid));
	struct pw_machine *machine = NULL;
	const char *text;
	enum pw_status st;

	if (!cpuid)
		return pw_fail_memory(err, "a machine");
	st = find_cpuid(args, cpuid, err);
	if (st == PW_OK)
		st = pw_cpuid_machine(cpuid,
				      args->name.count ? "from-dump" : "here",
				      &text, arena, err);
	if (st == PW_OK)
		st = pw_machine_parse(&machine, "CPUID", text, &args->overrides,
				      err);
	if (st == PW_OK)
		st = show(args, machine, text, out, err);
	pw_machine_close(machine);
	return st;
}

static enum pw_status run(const void *parsed, struct pw_tables *out,
			  struct pw_error *err)
{
	const struct args *args = parsed;

	if (args->name.count > 1)
		return pw_fail(err, PW_ERR_USAGE,
			       "%s: one machine at a time, please",
			       args->name.item[1]);
	if (args->from_cpuid)
		return show_cpuid(args, out, err);
	if (args->name.count == 1)
		return show_named(args, out, err);
	if (args->save)
		return pw_fail(err, PW_ERR_USAGE,
			       "--save: which machine is meant?");
	if (args->overrides.count)
		return pw_fail(err, PW_ERR_USAGE,
			       "--set: which machine is meant?");
	return list(out, err);
}

const struct pw_command pw_command_machines = {
	.name = "machines",
	.summary = "list the machines that replays can use, or show one",
	.operands_doc = "[MACHINE | DUMP]",
	.example = {"pagewalk machines", "pagewalk machines zen4",
		    "pagewalk machines --from-cpuid --save here.yaml"},
	.operands = PW_OPERANDS_ANY,
	.operands_offset = offsetof(struct args, name),
	.options = options,
	.args_bytes = sizeof(struct args),
	.run = run,
};
