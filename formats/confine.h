/*
 * confine.h - take from a process what the parser of a foreign file needs not.
 */
#ifndef PW_FORMATS_CONFINE_H
#define PW_FORMATS_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct pw_confinement {
	const int *keep; /* descriptors; all others are closed */
	size_t keep_count;
	uint64_t memory_bytes; /* beyond what it has now */
};

/*
 * Whether pw_confine does all it says: not with a sanitizer.
 */
bool pw_confine_is_whole(void);

/*
 * Confine this process for the rest of its life: no descriptors but those to
 * keep, no new ones, no files written, no processes, no privileges, bounded
 * memory, and a system call that is none of those for memory, for reading and
 * writing what is open, and for the end, kills it. It dies with its parent.
 * The standard streams lead nowhere.
 *
 * With a sanitizer, which needs more, only the descriptors are closed.
 *
 * Errors: PW_ERR_SYSTEM the kernel refuses; the process must end then.
 */
enum pw_status pw_confine(const struct pw_confinement *confinement,
			  struct pw_error *err) PW_MUST_CHECK;

#endif
