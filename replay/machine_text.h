/*
 * machine_text.h - machine files as texts: changed, shown and saved.
 */
#ifndef PW_REPLAY_MACHINE_TEXT_H
#define PW_REPLAY_MACHINE_TEXT_H

#include "base/arena.h"
#include "base/status.h"
#include "base/table.h"

/*
 * A copy of @text in which the value of @key in the section @section, both of
 * block style, is @value, and the comment behind it @comment. Comments on lines
 * of their own under the old value go. A key that is not there is added.
 *
 * Owns:   the arena owns *out.
 * Errors: PW_ERR_USAGE there is no such section; PW_ERR_SYSTEM.
 */
enum pw_status pw_machine_text_set(const char *text, const char *section,
				   const char *key, const char *value,
				   const char *comment, const char **out,
				   struct pw_arena *arena,
				   struct pw_error *err) PW_MUST_CHECK;

/*
 * Add the table "yaml" with the lines of @text to @out.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_machine_text_show(const char *text, struct pw_tables *out,
				    struct pw_error *err) PW_MUST_CHECK;

/*
 * Write @text to the file @path.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_machine_text_save(const char *text, const char *path,
				    struct pw_error *err) PW_MUST_CHECK;

#endif
