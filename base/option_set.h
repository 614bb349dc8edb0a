/*
 * option_set.h - the options that one command line may hold, as argp sees them.
 *
 * What option.c and option_help.c share; nobody else includes it.
 */
#ifndef PW_BASE_OPTION_SET_H
#define PW_BASE_OPTION_SET_H

#include <argp.h>

#include "base/option.h"

/* Keys from here on have no short option; below are characters. */
#define PW_OPTION_KEY_LONG 256

struct pw_option_entry {
	const struct pw_option *option;
	void *args; /* where its value goes */
	int key;    /* a character, or PW_OPTION_KEY_LONG + index */
	bool common;
	bool given;
};

struct pw_option_set {
	struct pw_option_entry *entry;
	size_t count;
	const char **names; /* long names, "help" among them; NULL ends it */
	int help_key;
};

/*
 * Collect the options of a command and the common ones. An option of the
 * command hides a common one of the same long name, and takes its short one.
 *
 * Owns:   request->arena.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_option_set_make(struct pw_option_set *set,
				  const struct pw_option_request *request,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * The set as argp options, with --help. @describe makes the text shown beside
 * an option; NULL leaves it out.
 *
 * Owns:   @arena; NULL without memory.
 */
struct argp_option *
pw_option_set_argp(const struct pw_option_set *set, struct pw_arena *arena,
		   const char *(*describe)(struct pw_arena *arena,
					   const struct pw_option *option));

#endif
