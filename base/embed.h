/*
 * embed.h - files that the build puts into the program.
 */
#ifndef PW_BASE_EMBED_H
#define PW_BASE_EMBED_H

struct pw_embedded {
	const char *name; /* without folder and ending; NULL ends the array */
	const char *text;
};

#endif
