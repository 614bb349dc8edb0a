/*
 * pwt_declared.h - what a native trace declares: metadata, threads, modules.
 */
#ifndef PW_FORMATS_PWT_DECLARED_H
#define PW_FORMATS_PWT_DECLARED_H

#include "base/arena.h"
#include "base/array.h"
#include "base/status.h"
#include "formats/damage.h"
#include "formats/pwt_file.h"
#include "formats/pwt_list.h"

struct pw_pwt_declared {
	struct pw_arena *arena;	 /* texts */
	struct pw_array threads; /* struct pw_thread */
	struct pw_array modules; /* struct pw_module */
	struct pw_array buffer;	 /* uint8_t: a chunk */
	const char *metadata;
	unsigned unknown;
	bool has_meta;
};

/*
 * Read all declarations of a trace. Damaged ones are left out and go to
 * @damage; threads that accesses show to have existed are then made up.
 *
 * Owns:   @declared holds memory; free it with pw_pwt_declared_free, also
 *         after a failure.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_pwt_declared_read(struct pw_pwt_declared *declared,
				    const struct pw_pwt_file *file,
				    const struct pw_pwt_list *list,
				    struct pw_damage *damage,
				    struct pw_error *err) PW_MUST_CHECK;

/*
 * Free what it holds.
 */
void pw_pwt_declared_free(struct pw_pwt_declared *declared);

#endif
