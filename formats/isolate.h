/*
 * isolate.h - read a foreign file in a process that can do nothing else.
 */
#ifndef PW_FORMATS_ISOLATE_H
#define PW_FORMATS_ISOLATE_H

#include "formats/reader.h"

/* What pw_isolate_open made, as a reader that is open; it has no open. */
extern const struct pw_reader_ops pw_isolate_ops;

/*
 * Begin to read @input in a confined child process (formats/confine.h), with
 * @ops, or with the reader of options->format or that knows it if that is
 * NULL. Fill @info. What the child says is checked, so that the batches are
 * valid whatever has become of it.
 *
 * Owns:   *out is the caller's; close it with pw_isolate_ops.close. @input
 *         and @options outlive it.
 * Errors: as pw_trace_open; PW_ERR_FORMAT also when the child was killed.
 */
enum pw_status pw_isolate_open(void **out, const struct pw_reader_ops *ops,
			       const struct pw_input *input,
			       const struct pw_trace_options *options,
			       struct pw_trace_info *info,
			       struct pw_error *err) PW_MUST_CHECK;

#endif
