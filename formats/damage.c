/*
 * damage.c - what was lost of a trace, as one sentence.
 */
#include "formats/damage.h"

#include <stdarg.h>

#include "base/assert.h"

#define PROBLEMS_SAID 3
#define PATH_BYTES_MAX 512
/* What "; and N more problems" may take. */
#define TAIL_BYTES 64

void pw_damage_init(struct pw_damage *damage, const char *path)
{
	size_t length = strlen(path);

	/* Of an overlong path the end says more than the beginning. */
	if (length > PATH_BYTES_MAX)
		path += length - PATH_BYTES_MAX;
	damage->problems = 0;
	damage->used = (size_t)snprintf(damage->text, sizeof(damage->text),
					"%s: ", path);
	PW_ASSERT(damage->used < sizeof(damage->text) - TAIL_BYTES);
}

void pw_damage_add(struct pw_damage *damage, const char *fmt, ...)
{
	size_t room = sizeof(damage->text) - TAIL_BYTES - damage->used;
	va_list args;
	int length;

	damage->problems++;
	if (damage->problems > PROBLEMS_SAID) {
		snprintf(damage->text + damage->used, TAIL_BYTES,
			 "; and %llu more",
			 (unsigned long long)damage->problems - PROBLEMS_SAID);
		return;
	}
	if (damage->problems > 1 && room > 2) {
		memcpy(damage->text + damage->used, "; ", 3);
		damage->used += 2;
		room -= 2;
	}
	va_start(args, fmt);
	length = vsnprintf(damage->text + damage->used, room, fmt, args);
	va_end(args);
	PW_ASSERT(length >= 0);
	damage->used += (size_t)length < room ? (size_t)length : room - 1;
	PW_ASSERT(damage->used + TAIL_BYTES < sizeof(damage->text));
}

const char *pw_damage_text(const struct pw_damage *damage)
{
	return damage->problems > 0 ? damage->text : NULL;
}
