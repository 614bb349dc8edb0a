/*
 * option.h - one table of options for flags, help, bounds and the manual test.
 *
 * A command describes its options as an array of struct pw_option; from it
 * come the argp parser, the help text and the check against the manual. Values
 * land at an offset of the command's own args structure: no globals.
 */
#ifndef PW_BASE_OPTION_H
#define PW_BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/status.h"

/* Several texts: repeated options and operands. */
struct pw_text_list {
	const char **item;
	size_t count;
};

enum pw_option_type {
	PW_OPTION_FLAG,	  /* bool */
	PW_OPTION_COUNT,  /* uint64_t: 1000, 1e6, 5k, 2M (decimal suffixes) */
	PW_OPTION_SIZE,	  /* uint64_t bytes: 4096, 4K, 2M, 1G (binary) */
	PW_OPTION_TEXT,	  /* const char * */
	PW_OPTION_LIST,	  /* struct pw_text_list; may be repeated */
	PW_OPTION_CHOICE, /* uint64_t: index into choices */
};

struct pw_option {
	const char *name;     /* long name; NULL ends an array */
	const char *argument; /* "FILE"; NULL for a flag */
	enum pw_option_type type;
	char key;	      /* short name, or 0 */
	size_t offset;	      /* in the args structure */
	uint64_t min, max;    /* COUNT and SIZE; max 0 means no bound */
	const char *fallback; /* the default as the user would type it */
	const char *choices;  /* CHOICE: "all|data|instruction" */
	const char *help;     /* one line */
};

struct pw_command;

/*
 * Parse a command line into the command's args structure. @extra are options
 * that every command has and go to @extra_args; NULL for none. --help is not
 * parsed: *help becomes true when it is seen.
 *
 * Owns:   texts point into @words or @arena.
 * Errors: PW_ERR_USAGE an unknown option, a bad value or wrong operands;
 *         PW_ERR_SYSTEM.
 */
struct pw_option_request {
	const struct pw_command *command;
	void *args;
	const struct pw_option *extra;
	void *extra_args;
	struct pw_arena *arena;
	bool help;
};
enum pw_status pw_options_parse(struct pw_option_request *request, size_t count,
				const char *const *words,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * Print the help of a command: usage, options, three examples.
 *
 * Errors: PW_ERR_OUTPUT it could not be written.
 */
enum pw_status pw_options_help(const struct pw_option_request *request,
			       FILE *out, struct pw_error *err) PW_MUST_CHECK;

/*
 * The text at @index of "a|b|c", copied into @buffer; false past the last.
 */
bool pw_choice_at(const char *choices, size_t index, char *buffer,
		  size_t buffer_bytes);

#endif
