/*
 * assert.c - how a bug ends the program.
 */
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

void pw_assert_failed(const char *text, const char *file, int line)
{
	fprintf(stderr, "pagewalk: bug: %s:%d: assertion failed: %s\n", file,
		line, text);
	abort();
}
