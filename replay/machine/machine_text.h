/*
 * machine_text.h - machine files as texts: changed, shown and saved.
 */
#ifndef PW_REPLAY_MACHINE_TEXT_H
#define PW_REPLAY_MACHINE_TEXT_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/table.h"

/* A value to be put into a machine file of block style. */
struct pw_machine_setting {
	const char *section;
	const char *key;
	const char *value;
	const char *comment; /* where it is from */
};

/*
 * Make *text a copy in which the value of a key is another one. Comments on
 * lines of their own under the old value go. A key that is not there is added.
 *
 * Owns:   the arena owns *text.
 * Errors: PW_ERR_USAGE there is no such section; PW_ERR_SYSTEM.
 */
enum pw_status pw_machine_text_set(const char **text,
				   const struct pw_machine_setting *setting,
				   struct pw_arena *arena,
				   struct pw_error *err) PW_MUST_CHECK;

/*
 * Add the table "yaml" with the lines of @text to @out.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_machine_text_show(const char *text, struct pw_tables *out,
				    struct pw_error *err) PW_MUST_CHECK;

/* A value of a machine file and where it is from. */
struct pw_machine_value {
	char key[64]; /* dotted */
	char value[160];
	char source[320]; /* "" when it is not said */
	char verified[8]; /* "yes", "no" or "" */
};

/* Where reading values has come; begin with {text, ""}. */
struct pw_machine_cursor {
	const char *at;
	char section[32]; /* with a dot */
};

/*
 * Read the next value that stands in a section of a machine file, in block
 * style, with the comment behind it or on the lines below it. A comment that
 * ends with "verified: yes" or "verified: no" says whether the value was found
 * in its source. What is too long is cut.
 *
 * Returns false when there is no more.
 */
bool pw_machine_text_next(struct pw_machine_cursor *cursor,
			  struct pw_machine_value *out);

/*
 * Add the table "sources" with all such values of @text to @out.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_machine_text_sources(const char *text, struct pw_tables *out,
				       struct pw_error *err) PW_MUST_CHECK;

/*
 * Write @text to the file @path.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_machine_text_save(const char *text, const char *path,
				    struct pw_error *err) PW_MUST_CHECK;

#endif
