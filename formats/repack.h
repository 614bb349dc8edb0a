/*
 * repack.h - a trace of executions as a dense one, straight from them.
 *
 * What holds for any trace is regroup.h: it makes shapes of accesses. A
 * recording, or a trace that is dense, has shapes already, and its segments are
 * repacked on their own, by several threads.
 */
#ifndef PW_FORMATS_REPACK_H
#define PW_FORMATS_REPACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "formats/writer.h"

struct pw_repack;

/*
 * Open the trace at @path; *out is NULL when it is no trace of executions of
 * shapes, or is damaged, so that it must be read as any other.
 *
 * Owns:   *out is the caller's; free it with pw_repack_close. @path is copied.
 * Errors: PW_ERR_USAGE it cannot be opened; PW_ERR_FORMAT a chunk that only a
 *         newer pagewalk can read; PW_ERR_SYSTEM.
 */
enum pw_status pw_repack_open(struct pw_repack **out, const char *path,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Close the trace. NULL is allowed.
 */
void pw_repack_close(struct pw_repack *repack);

/*
 * What the new trace must say of itself: metadata and unknown are filled in.
 *
 * Owns: the repack.
 */
void pw_repack_describe(const struct pw_repack *repack,
			struct pw_writer_options *options);

/*
 * Begin to write the trace to @writer, which has nothing yet and was opened
 * with
 * @options, by @workers (0: as pw_crew_workers says). The bytes do not depend
 * on
 * @workers.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_repack_begin(struct pw_repack *repack,
			       struct pw_writer *writer,
			       const struct pw_writer_options *options,
			       unsigned workers,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * Write the next segments; *more is false after the last ones, and when some do
 * not fit.
 *
 * Errors: PW_ERR_FORMAT the trace is damaged (the message says where and how);
 *         PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_repack_next(struct pw_repack *repack, bool *more,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Whether all segments so far can be repacked; if not, what was written means
 * nothing, and the trace must be read as any other.
 */
bool pw_repack_fits(const struct pw_repack *repack);

/*
 * How far it has come.
 *
 * Units: 0..1.
 */
double pw_repack_progress(const struct pw_repack *repack);

#endif
