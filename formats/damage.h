/*
 * damage.h - what was lost of a trace, as one sentence.
 */
#ifndef PW_FORMATS_DAMAGE_H
#define PW_FORMATS_DAMAGE_H

#include <stdint.h>

#include "base/status.h"

#define PW_DAMAGE_TEXT_BYTES 2048

struct pw_damage {
	uint64_t problems;
	size_t used; /* of text, before what says how many more there are */
	char text[PW_DAMAGE_TEXT_BYTES];
};

/*
 * Begin with no damage to the file @path, which the sentence will name.
 */
void pw_damage_init(struct pw_damage *damage, const char *path);

/*
 * Add one problem, said as "offset N: ...". The first few are kept as text,
 * the others counted.
 */
void pw_damage_add(struct pw_damage *damage, const char *fmt, ...)
	PW_PRINTF(2, 3);

/*
 * The sentence, or NULL when there is no damage.
 *
 * Owns: the damage.
 */
const char *pw_damage_text(const struct pw_damage *damage);

#endif
