/*
 * fuzz_chunk.h - a chunk of executions whose streams are any bytes at all.
 *
 * A payload that a fuzzer changes is hardly ever one that zstd unpacks. So the
 * input is what the streams hold unpacked, in parts, and they are packed here.
 */
#ifndef PW_TESTS_SUPPORT_FUZZ_CHUNK_H
#define PW_TESTS_SUPPORT_FUZZ_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "formats/pwt_shapes.h"

/* Parts before the streams of the payload, and streams of its rest. */
#define PW_FUZZ_HEAD_PARTS 2 /* u16 accesses, u8 flags; shapes */
#define PW_FUZZ_REST_PARTS 4
#define PW_FUZZ_PARTS_MAX 16
/* More accesses only take the slow twin longer. */
#define PW_FUZZ_ACCESSES_MAX 4096

/* A piece of the input. */
struct pw_fuzz_part {
	const uint8_t *bytes;
	size_t count;
};

struct pw_fuzz_chunk {
	struct pw_array shape_bytes; /* uint8_t: raw, of the SHAPES chunk */
	struct pw_array payload;     /* uint8_t: of the ACCESSES chunk */
	uint64_t raw_bytes;
	size_t count; /* accesses */
	bool whole;   /* the shapes are well-formed */
	struct pw_pwt_shapes shapes;
};

/*
 * Divide an input into parts, each u16 length and so many bytes; parts that it
 * does not reach are empty.
 */
void pw_fuzz_parts(struct pw_fuzz_part *part, size_t parts, const uint8_t *data,
		   size_t bytes);

/*
 * Make a chunk of the input, with @streams streams before the rest. When bit 0
 * of the flags is set the last of them is stored as it is.
 *
 * Owns: *chunk holds memory; free it with pw_fuzz_chunk_free.
 */
void pw_fuzz_chunk_make(struct pw_fuzz_chunk *chunk, const uint8_t *data,
			size_t bytes, size_t streams);

void pw_fuzz_chunk_free(struct pw_fuzz_chunk *chunk);

/*
 * Decode the chunk as one of codec @codec, fast or dense. Abort when it is
 * decoded and the slow reader, of a trace with this chunk, has other accesses.
 */
void pw_fuzz_chunk_check(const struct pw_fuzz_chunk *chunk, unsigned codec);

#endif
