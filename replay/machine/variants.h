/*
 * variants.h - the machines that a command line means.
 *
 * An override "key=value" whose value is a list "a,b,c" or a range "a..b*f" or
 * "a..b+s" stands for a machine for each value; several such overrides for all
 * combinations. The numbers of a range may have one suffix, the same for both
 * ends.
 */
#ifndef PW_REPLAY_VARIANTS_H
#define PW_REPLAY_VARIANTS_H

#include <stddef.h>

#include "base/arena.h"
#include "base/option.h"
#include "base/status.h"
#include "replay/machine/machine.h"

#define PW_VARIANTS_MAX 4096 /* machines of a command */

/*
 * Load the machines @names with all variants of @overrides. What varies is
 * added to a machine's name: "zen4 tlb.stlb.entries=512".
 *
 * Owns:   the array is the arena's; each of the *count machines is the
 *         caller's, also on failure; free them with pw_machine_close.
 * Errors: PW_ERR_USAGE as pw_machine_load, and a range that is none or stands
 *         for too many machines; PW_ERR_SYSTEM.
 */
enum pw_status pw_variants_load(struct pw_machine ***out, size_t *count,
				const struct pw_text_list *names,
				const struct pw_text_list *overrides,
				struct pw_arena *arena,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * The values that @text stands for, one at least; @text itself when it is
 * neither a list nor a range.
 *
 * Owns:   the arena owns *out.
 * Errors: PW_ERR_USAGE a range that is none, or of too many values;
 *         PW_ERR_SYSTEM.
 */
enum pw_status pw_variants_of(const char *text, struct pw_text_list *out,
			      struct pw_arena *arena,
			      struct pw_error *err) PW_MUST_CHECK;

#endif
