/*
 * commands.c - the commands of commands.def, found and called by name.
 */
#include "base/assert.h"
#include "base/command.h"

#define PW_COMMAND(name) extern const struct pw_command pw_command_##name;
#include "commands.def"
#undef PW_COMMAND

static const struct pw_command *const commands[] = {
#define PW_COMMAND(name) &pw_command_##name,
#include "commands.def"
#undef PW_COMMAND
};

const struct pw_command *pw_command_at(size_t index)
{
	return index < PW_COUNT(commands) ? commands[index] : NULL;
}

const struct pw_command *pw_command_find(const char *name)
{
	for (size_t i = 0; i < PW_COUNT(commands); i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

enum pw_status pw_command_call(const char *name, size_t count,
			       const char *const *words, struct pw_tables *out,
			       struct pw_error *err)
{
	const struct pw_command *command = pw_command_find(name);
	struct pw_option_request request = {.command = command};
	enum pw_status st;

	if (!command)
		return pw_fail(err, PW_ERR_USAGE, "unknown command \"%s\"",
			       name);
	PW_ASSERT(command->run);
	request.arena = pw_tables_arena(out);
	request.args = pw_arena_alloc(request.arena, 1, command->args_bytes);
	if (!request.args)
		return pw_fail_memory(err, "the command line");
	st = pw_options_parse(&request, count, words, err);
	if (st != PW_OK)
		return st;
	if (request.help)
		return pw_fail(err, PW_ERR_USAGE,
			       "--help is not for calls of %s", name);
	return command->run(request.args, out, err);
}
