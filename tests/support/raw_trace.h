/*
 * raw_trace.h - native traces chunk by chunk, with right checksums and whatever
 * else a test wants wrong.
 */
#ifndef PW_TESTS_SUPPORT_RAW_TRACE_H
#define PW_TESTS_SUPPORT_RAW_TRACE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/array.h"
#include "formats/layout.h"

struct pw_raw_trace {
	FILE *file;
	uint64_t bytes;
	uint64_t sequence;
};

/*
 * Begin a file with its header, metadata and one thread; the last shape chunk
 * and all others are the caller's.
 */
void pw_raw_begin(struct pw_raw_trace *trace, const char *path);

/*
 * Append a chunk; its sequence, payload length and checksums are filled in.
 */
void pw_raw_chunk(struct pw_raw_trace *trace, struct pw_chunk *chunk,
		  const void *payload, size_t payload_bytes);

/*
 * Append a TIMELINE of one run of @accesses of thread 0.
 */
void pw_raw_timeline(struct pw_raw_trace *trace, uint64_t segment,
		     uint64_t accesses);

/*
 * Close the file, without END.
 */
void pw_raw_end(struct pw_raw_trace *trace);

/*
 * Append a zstd frame that unpacks to @raw_bytes times @byte, of a few bytes
 * for each 128 KiB.
 */
void pw_raw_run_frame(struct pw_array *out, uint8_t byte, uint64_t raw_bytes);

/*
 * Append bytes.
 */
void pw_raw_append(struct pw_array *out, const void *bytes, size_t count);

#endif
