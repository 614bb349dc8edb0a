/*
 * shape_script.h - a script written as executions of shapes.
 */
#ifndef PW_TESTS_SUPPORT_SHAPE_SCRIPT_H
#define PW_TESTS_SUPPORT_SHAPE_SCRIPT_H

#include "tests/support/trace_script.h"

/*
 * Write the script as a trace, or fail the test: three in four of its runs of
 * accesses are executions of shapes of up to 6 slots, which are declared when
 * they are first needed. No execution crosses a multiple of
 * options->segment_accesses, so segments end where they do without shapes.
 */
void pw_shape_script_write(const struct pw_script *script, const char *path,
			   const struct pw_writer_options *options);

/* The same in dense chunks. */
void pw_dense_script_write(const struct pw_script *script, const char *path,
			   const struct pw_writer_options *options);

/* The same as the first with @writer, which the caller closes. */
enum pw_status pw_shape_script_send(const struct pw_script *script,
				    uint64_t segment_accesses,
				    struct pw_writer *writer,
				    struct pw_error *err);

#endif
