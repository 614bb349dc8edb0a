/*
 * option_help.c - the help page of a command, laid out by argp.
 */
#include <errno.h>

#include "base/assert.h"
#include "base/command.h"
#include "base/option_set.h"

/* "all|data" as "all, data". */
static const char *list_choices(struct pw_arena *arena, const char *choices)
{
	const char *list = "";
	char choice[64];

	for (size_t i = 0; list; i++) {
		if (!pw_choice_at(choices, i, choice, sizeof(choice)))
			break;
		list = pw_arena_printf(arena, "%s%s%s", list, i ? ", " : "",
				       choice);
	}
	return list;
}

/* The help line with the choices and the default behind it. */
static const char *describe(struct pw_arena *arena,
			    const struct pw_option *option)
{
	const char *choices = NULL;

	PW_ASSERT(option->help);
	if (option->type == PW_OPTION_CHOICE && option->choices) {
		choices = list_choices(arena, option->choices);
		if (!choices)
			return NULL;
	}
	if (choices && option->fallback)
		return pw_arena_printf(arena, "%s: %s (default %s)",
				       option->help, choices, option->fallback);
	if (choices)
		return pw_arena_printf(arena, "%s: %s", option->help, choices);
	if (option->fallback)
		return pw_arena_printf(arena, "%s (default %s)", option->help,
				       option->fallback);
	return pw_arena_copy(arena, option->help);
}

/* Summary, "\v", examples: what argp puts before and after the options. */
static const char *write_doc(struct pw_arena *arena,
			     const struct pw_command *command)
{
	char *doc = pw_arena_printf(arena, "%s\v%s", command->summary,
				    command->example[0] ? "Examples:" : "");

	for (size_t i = 0; doc && i < PW_COMMAND_EXAMPLES; i++)
		if (command->example[i])
			doc = pw_arena_printf(arena, "%s\n  %s", doc,
					      command->example[i]);
	return doc;
}

/* argp's callback: leave out the note that ends every page by default. */
static char *filter(int key, const char *text, void *input)
{
	char *same;

	(void)input;
	if (key == ARGP_KEY_HELP_DUP_ARGS_NOTE)
		return NULL;
	memcpy(&same, &text, sizeof(same)); /* argp wants it without const */
	return same;
}

/* argp's callback; the help key is the only one on the line. */
static error_t print(int key, char *argument, struct argp_state *state)
{
	PW_ASSERT(!argument && state->input);
	if (key > 0 && key < ARGP_KEY_END)
		argp_state_help(state, state->input,
				ARGP_HELP_SHORT_USAGE | ARGP_HELP_PRE_DOC |
					ARGP_HELP_LONG | ARGP_HELP_POST_DOC);
	return 0;
}

/*
 * argp asks the filter only while it parses, so it gets a line to parse:
 * "pagewalk COMMAND --help".
 */
static enum pw_status print_page(const struct pw_option_request *request,
				 const struct argp *argp, FILE *out,
				 struct pw_error *err)
{
	char help[] = "--help";
	char *word[] = {NULL, help, NULL};

	word[0] = pw_arena_printf(request->arena, "pagewalk %s",
				  request->command->name);
	if (!word[0] || argp_parse(argp, 2, word, ARGP_NO_EXIT | ARGP_NO_HELP,
				   NULL, out) != 0)
		return pw_fail_memory(err, "the help page");
	return PW_OK;
}

enum pw_status pw_options_help(const struct pw_option_request *request,
			       FILE *out, struct pw_error *err)
{
	struct argp argp = {.parser = print, .help_filter = filter};
	const struct pw_command *command = request->command;
	struct pw_option_set set;
	enum pw_status st;

	PW_ASSERT(command && request->arena && out);
	st = pw_option_set_make(&set, request, err);
	if (st != PW_OK)
		return st;
	argp.options = pw_option_set_argp(&set, request->arena, describe);
	if (command->operands != PW_OPERANDS_NONE)
		argp.args_doc = command->operands_doc;
	argp.doc = write_doc(request->arena, command);
	if (!argp.options || !argp.doc)
		return pw_fail_memory(err, "the help page");
	st = print_page(request, &argp, out, err);
	if (st != PW_OK)
		return st;
	errno = 0;
	if (fflush(out) != 0 || ferror(out))
		return pw_fail_errno(err, PW_ERR_OUTPUT, errno ? errno : EIO,
				     "the help page cannot be written");
	return PW_OK;
}
