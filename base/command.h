/*
 * command.h - what a subcommand is.
 *
 * To add one: write <layer>/cmd_<name>.c with a
 * "const struct pw_command pw_command_<name>", its manual
 * <layer>/pagewalk-<name>.1, and one line PW_COMMAND(<name>) in commands.def.
 * A command returns tables and never prints.
 */
#ifndef PW_BASE_COMMAND_H
#define PW_BASE_COMMAND_H

#include "base/option.h"
#include "base/status.h"
#include "base/table.h"

enum pw_operands {
	PW_OPERANDS_NONE,
	PW_OPERANDS_ONE,
	PW_OPERANDS_MANY,    /* one or more */
	PW_OPERANDS_ANY,     /* none or more */
	PW_OPERANDS_COMMAND, /* a command line: all from the first word on */
	PW_OPERANDS_MAYBE_COMMAND, /* the same, or nothing */
};

enum pw_command_flag {
	PW_COMMAND_TARGET = 1, /* stdout is the target's: tables go to stderr */
	PW_COMMAND_STREAM = 2, /* csv by default: the output is long */
	PW_COMMAND_OUTPUT = 4, /* -o is an option of the command itself */
};

#define PW_COMMAND_EXAMPLES 3

struct pw_command {
	const char *name;
	const char *summary;	  /* a line */
	const char *operands_doc; /* "TRACE", "-- COMMAND [ARGUMENT...]" */
	const char *example[PW_COMMAND_EXAMPLES];
	enum pw_operands operands;
	size_t operands_offset; /* of a struct pw_text_list in the args */
	unsigned flags;		/* of enum pw_command_flag */
	const struct pw_option *options; /* name NULL ends it */
	size_t args_bytes;		 /* size of the args structure */
	/* Do it; @args is the filled structure. */
	enum pw_status (*run)(const void *args, struct pw_tables *out,
			      struct pw_error *err);
};

/*
 * The commands of commands.def, in order; NULL past the last one.
 */
const struct pw_command *pw_command_at(size_t index);

/*
 * The command called @name, or NULL.
 */
const struct pw_command *pw_command_find(const char *name);

/*
 * Run another command with the words of a command line (without the command's
 * name), its results going into @out. This is how one command is built from
 * others without including their layers.
 *
 * Errors: PW_ERR_USAGE unknown command or bad words; else what the command
 *         says.
 */
enum pw_status pw_command_call(const char *name, size_t count,
			       const char *const *words, struct pw_tables *out,
			       struct pw_error *err) PW_MUST_CHECK;

#endif
