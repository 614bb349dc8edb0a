/*
 * trace_script.h - a trace as a plain list of accesses and events, to write
 * and to compare with what is read.
 */
#ifndef PW_TESTS_SUPPORT_TRACE_SCRIPT_H
#define PW_TESTS_SUPPORT_TRACE_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/event.h"
#include "formats/trace.h"
#include "formats/writer.h"

#define PW_SCRIPT_TEXT_BYTES 32

/* An access, or an event when event is true. */
struct pw_script_item {
	bool event;
	uint32_t thread;
	uint64_t address;
	uint64_t pc;
	uint32_t size_bytes;
	uint16_t kind; /* of the access or of the event */
	uint64_t result;
	uint64_t arg[PW_EVENT_ARGS];
	char text[PW_SCRIPT_TEXT_BYTES];
};

struct pw_script {
	struct pw_script_item *item;
	size_t count;
	size_t capacity;
	uint32_t threads;
};

/* What reading brought besides the items. */
struct pw_script_result {
	enum pw_status opened; /* of pw_trace_open; the rest is then empty */
	bool damaged;
	size_t batches;
	size_t longest; /* accesses in a batch */
	struct pw_totals totals;
	char damage[2048];
};

/*
 * A script of @count items that depends on @seed alone: programs with loops,
 * odd sizes and wild addresses, and events now and then. With @numbered each
 * item carries its index (pc of an access, result of an event).
 */
void pw_script_make(struct pw_script *script, uint64_t seed, uint32_t threads,
		    size_t count, bool numbered);

void pw_script_free(struct pw_script *script);

/* Write the script as a trace, or fail the test. */
void pw_script_write(const struct pw_script *script, const char *path,
		     const struct pw_writer_options *options);

/* Write the script with @writer, which the caller closes. */
enum pw_status pw_script_send(const struct pw_script *script,
			      struct pw_writer *writer, struct pw_error *err);

/*
 * Read what can be read of a trace; only PW_ERR_SYSTEM and PW_ERR_USAGE fail
 * the test.
 */
void pw_script_read(struct pw_script *script, const char *path,
		    const struct pw_trace_options *options,
		    struct pw_script_result *result);

/*
 * The same through pw_trace_each with @workers, segments put in order again.
 * Fails the test when a worker takes two segments at once.
 */
void pw_script_read_each(struct pw_script *script, const char *path,
			 unsigned workers, struct pw_script_result *result);

/* Fail the test unless the first @count items of both are equal. */
void pw_script_assert_prefix(const struct pw_script *got,
			     const struct pw_script *want, size_t count);

/*
 * Fail the test unless @got, read from a numbered script cut into segments of
 * @segment_accesses, is made of whole segments of it in order.
 */
void pw_script_assert_segments(const struct pw_script *got,
			       const struct pw_script *want,
			       uint64_t segment_accesses);

/* Items of @script in its first @segments segments. */
size_t pw_script_segment_end(const struct pw_script *script, size_t segments,
			     uint64_t segment_accesses);

#endif
