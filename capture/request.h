/*
 * request.h - from the words of a command line to a request for an engine.
 */
#ifndef PW_CAPTURE_REQUEST_H
#define PW_CAPTURE_REQUEST_H

#include "base/option.h"
#include "capture/engine.h"

/* What the options of base/recording.def, -o and the command line fill. */
struct pw_request_args {
#define PW_RECORDING_TEXT(member, name, key, argument, fallback, help) \
	const char *member;
#define PW_RECORDING_COUNT(member, name, key, argument, fallback, help) \
	uint64_t member;
#define PW_RECORDING_SIZE PW_RECORDING_COUNT
#define PW_RECORDING_FLAG(member, name, help) bool member;
#include "base/recording.def"
#undef PW_RECORDING_TEXT
#undef PW_RECORDING_COUNT
#undef PW_RECORDING_SIZE
#undef PW_RECORDING_FLAG
	const char *output;
	uint64_t keep; /* enum pw_writer_keep; only "capture" asks */
	struct pw_text_list command;
};

/*
 * Check the options against each other, find the program, and fill @out.
 *
 * Owns:   what @out points to is in @arena, or the texts of @args.
 * Errors: PW_ERR_USAGE  options that contradict each other.
 *         PW_ERR_TARGET as pw_target_find and pw_target_running.
 *         PW_ERR_SYSTEM.
 */
enum pw_status pw_request_make(struct pw_capture_request *out,
			       const struct pw_request_args *args,
			       struct pw_arena *arena,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * The space that a recording leaves free when nothing else is asked for: 64
 * MiB, or a sixteenth of a file system that is smaller than 1 GiB; 0 when
 * @trace is not to be a regular file.
 *
 * Units: bytes.
 */
uint64_t pw_request_min_free(const char *trace, struct pw_arena *arena);

/*
 * The name of a value of enum pw_follow.
 *
 * Owns: static.
 */
const char *pw_follow_name(enum pw_follow follow);

#endif
