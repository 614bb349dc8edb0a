/*
 * oracle_touch.h - the TOUCHES chunks of a trace, decoded from FORMAT.md.
 *
 * Nothing of formats/ is used, and every symbol is unfolded where it stands.
 * Only whole traces are read.
 */
#ifndef PW_TESTS_ORACLE_ORACLE_TOUCH_H
#define PW_TESTS_ORACLE_ORACLE_TOUCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/array.h"

struct pw_oracle_touch {
	uint64_t page;
	uint64_t instructions; /* begun in the piece, this one's included */
	uint64_t loads, stores, fetches;
	uint64_t flags;
};

struct pw_oracle_piece {
	uint32_t thread;
	uint64_t accesses, instructions, stores, modifies, fetches;
	size_t first; /* of the list of touches */
	size_t count;
};

struct pw_oracle_touches {
	struct pw_array touch; /* struct pw_oracle_touch */
	struct pw_array piece; /* struct pw_oracle_piece, in file order */
	size_t chunks;
	size_t critical; /* of them */
	size_t numbered; /* likewise: of codec 2 */
};

/*
 * Decode the trace at @path; what is wrong with it aborts.
 *
 * Owns:   *out holds memory until pw_oracle_touches_free.
 */
void pw_oracle_touches_read(struct pw_oracle_touches *out, const char *path);

/*
 * Free what was decoded.
 */
void pw_oracle_touches_free(struct pw_oracle_touches *touches);

#endif
