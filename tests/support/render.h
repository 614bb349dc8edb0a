/*
 * render.h - documents into text and files into memory, for tests of plots/.
 */
#ifndef PW_TESTS_SUPPORT_RENDER_H
#define PW_TESTS_SUPPORT_RENDER_H

#include <stdbool.h>

#include "plots/sink.h"

/*
 * What the sink @format writes; the test fails when it fails. @options may be
 * NULL.
 *
 * Owns: the caller frees it with free.
 */
char *pw_test_render(const char *format, struct pw_tables *tables,
		     const struct pw_sink_options *options);

/*
 * An empty document; the test fails without memory.
 */
struct pw_tables *pw_test_document(void);

/*
 * A new directory below the system's temporary one.
 *
 * Owns: the caller frees the name with free and the directory with
 *       pw_test_remove.
 */
char *pw_test_directory(void);

/*
 * Remove a directory and the files in it, and free its name.
 */
void pw_test_remove(char *directory);

/*
 * The content of @directory/@name, or NULL when it cannot be read.
 *
 * Owns: the caller frees it with free.
 */
char *pw_test_content(const char *directory, const char *name);

/*
 * Whether gnuplot is installed; says so when it is not.
 */
bool pw_test_has_gnuplot(void);

/*
 * Put a program called gnuplot with the shell script @body before all others
 * in PATH; NULL: have no gnuplot at all. pw_test_restore_path undoes it.
 *
 * Owns: the directory that it makes; give it to pw_test_restore_path.
 */
char *pw_test_fake_gnuplot(const char *body);
void pw_test_restore_path(char *directory);

#endif
