/*
 * script.h - the first line of a program that begins with "#!".
 *
 * Used by the recorder and by the plugin inside the emulator, so it needs
 * nothing but string functions.
 */
#ifndef PW_CAPTURE_SCRIPT_H
#define PW_CAPTURE_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define PW_SCRIPT_HEAD_BYTES 256 /* looked at by the kernel */
#define PW_SCRIPT_DEPTH_MAX 5	 /* interpreters that are scripts */

struct pw_script {
	char *interpreter;
	char *argument; /* NULL for none; with blanks it is still one */
};

/*
 * Take the line apart, in place: @head, ended by NUL, is the beginning of a
 * file. False when it is no script or names no interpreter.
 *
 * Source: Linux fs/binfmt_script.c.
 */
static inline bool pw_script_parse(char *head, struct pw_script *out)
{
	char *line = head + 2;
	char *end;

	if (strncmp(head, "#!", 2) != 0)
		return false;
	line += strspn(line, " \t");
	end = line + strcspn(line, "\n");
	while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*end = '\0';
	*out = (struct pw_script){.interpreter = line};
	line += strcspn(line, " \t");
	if (*line) {
		*line++ = '\0';
		out->argument = line + strspn(line, " \t");
	}
	return out->interpreter[0] != '\0';
}

#endif
