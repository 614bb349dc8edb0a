/*
 * cmd_machines.c - pagewalk machines: the machines that replays can use.
 */
#include "base/command.h"
#include "replay/machine.h"

struct args {
	struct pw_text_list name;
	struct pw_text_list overrides;
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

static const struct pw_table_spec text_spec = {
	.name = "yaml",
	.title = "File",
	.help = "The preset as a file to copy and change, with the source of "
		"each value.",
	.form = PW_FORM_ROWS,
	.flags = PW_TABLE_DETAIL,
	.column = {{"line", "Line", PW_CELL_TEXT, PW_UNIT_NONE}},
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

/* The lines of a preset; of a file the user has the text himself. */
static enum pw_status add_text(struct pw_tables *out, const char *text,
			       struct pw_error *err)
{
	struct pw_table *table = pw_table_add(out, &text_spec);
	char *line = pw_arena_copy(pw_tables_arena(out), text);

	if (!line)
		return pw_fail_memory(err, "the text of a machine");
	while (*line) {
		char *end = strchr(line, '\n');

		if (end)
			*end = '\0';
		pw_cell_text(table, line);
		line = end ? end + 1 : line + strlen(line);
	}
	return PW_OK;
}

static enum pw_status show(const struct args *args, struct pw_tables *out,
			   struct pw_error *err)
{
	const char *name = args->name.item[0];
	const struct pw_embedded *preset = pw_machine_preset(name);
	struct pw_machine *machine;
	enum pw_status st =
		pw_machine_load(&machine, name, &args->overrides, err);

	if (st != PW_OK)
		return st;
	pw_machine_list(machine, pw_table_add(out, &values_spec));
	pw_machine_close(machine);
	return preset ? add_text(out, preset->text, err) : PW_OK;
}

static enum pw_status run(const void *parsed, struct pw_tables *out,
			  struct pw_error *err)
{
	const struct args *args = parsed;

	if (args->name.count > 1)
		return pw_fail(err, PW_ERR_USAGE,
			       "%s: one machine at a time, please",
			       args->name.item[1]);
	if (args->name.count == 1)
		return show(args, out, err);
	if (args->overrides.count)
		return pw_fail(err, PW_ERR_USAGE,
			       "--set: which machine is meant?");
	return list(out, err);
}

const struct pw_command pw_command_machines = {
	.name = "machines",
	.summary = "list the machines that replays can use, or show one",
	.operands_doc = "[MACHINE]",
	.example = {"pagewalk machines", "pagewalk machines zen4",
		    "pagewalk machines --table yaml zen4"},
	.operands = PW_OPERANDS_ANY,
	.operands_offset = offsetof(struct args, name),
	.options = options,
	.args_bytes = sizeof(struct args),
	.run = run,
};
