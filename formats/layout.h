/*
 * layout.h - the container's fixed parts: file header, chunk header, footer.
 *
 * Nothing here reads a file or allocates. FORMAT.md is the authority.
 */
#ifndef PW_FORMATS_LAYOUT_H
#define PW_FORMATS_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/trace.h"

#define PW_FILE_HEADER_BYTES 64
#define PW_CHUNK_HEADER_BYTES 128
#define PW_FOOTER_BYTES 32
#define PW_FILE_MAGIC_BYTES 8
#define PW_CHUNK_MAGIC UINT32_C(0x435750d7)
#define PW_VERSION_MAJOR 1
#define PW_VERSION_MINOR 4
#define PW_CHUNKS_AN_INDEX 64
#define PW_INDEX_HEAD_BYTES 8
#define PW_INDEX_ENTRY_BYTES ((size_t)8 + PW_CHUNK_HEADER_BYTES)
#define PW_END_BYTES 80

/* The limits of FORMAT.md. */
#define PW_RAW_BYTES_MAX ((uint64_t)64 << 20)
#define PW_PAYLOAD_BYTES_MAX ((uint64_t)65 << 20)
#define PW_SEGMENT_ACCESSES_MAX ((uint64_t)1 << 21) /* not merged ones */
#define PW_SEGMENT_DENSE_MAX ((uint64_t)1 << 25)    /* all */
#define PW_TIMELINE_RAW_MAX ((uint64_t)8 << 20)
#define PW_EVENT_TEXT_MAX ((uint64_t)1 << 20)
#define PW_META_BYTES_MAX ((uint64_t)16 << 20)
#define PW_META_VALUES_MAX ((uint64_t)1 << 20)
#define PW_META_NESTS_MAX ((uint64_t)1 << 17) /* arrays and objects */
#define PW_THREADS_MAX ((uint64_t)1 << 20)
#define PW_ZSTD_WINDOW_LOG_MAX 26
#define PW_DENSE_SLOTS_ALL_MAX ((uint64_t)1 << 22) /* of executed symbols */
#define PW_DENSE_RULES_MAX ((uint64_t)1 << 20)
#define PW_SHAPES_MAX ((uint64_t)1 << 22)
#define PW_SHAPE_SLOTS_ALL_MAX ((uint64_t)1 << 26)
#define PW_SHAPE_BYTES_MAX ((uint64_t)1 << 28) /* raw, of all chunks */

enum pw_chunk_kind {
	PW_CHUNK_META = 1,
	PW_CHUNK_THREADS = 2,
	PW_CHUNK_MODULES = 3,
	PW_CHUNK_ACCESSES = 4,
	PW_CHUNK_TIMELINE = 5,
	PW_CHUNK_INDEX = 6,
	PW_CHUNK_END = 7,
	PW_CHUNK_SHAPES = 8,
	PW_CHUNK_TOUCHES = 9,
	PW_CHUNK_KINDS, /* not on the wire: one more than the last */
};

enum pw_chunk_flag { PW_CHUNK_CRITICAL = 1 };

enum pw_codec {
	PW_CODEC_STORED = 0,   /* the payload as it is */
	PW_CODEC_ZSTD = 1,     /* zstd streams of FORMAT.md */
	PW_CODEC_FAST = 2,     /* executions of shapes */
	PW_CODEC_NUMBERED = 2, /* of touches: literals are numbers */
	PW_CODEC_DENSE = 3,    /* executions of merged shapes */
};

/* A chunk header's fields, in the order of the file. */
struct pw_chunk {
	uint16_t kind;
	uint16_t flags;
	uint32_t codec;
	uint64_t payload_bytes;
	uint64_t raw_bytes;
	uint64_t sequence;
	uint64_t segment;
	uint32_t thread;
	uint64_t first_access;
	uint64_t access_count;
	uint64_t first_instruction;
	uint64_t instruction_count;
	uint64_t min_page;
	uint64_t max_page;
	uint64_t previous;
	uint64_t payload_hash;
};

/* What bytes that should be a header turn out to be. */
enum pw_header_state {
	PW_HEADER_GOOD,
	PW_HEADER_DAMAGED, /* checksum, magic or a limit */
	PW_HEADER_NEWER,   /* intact, but of something this version cannot */
};

/*
 * The checksum of the container: XXH3-64 with seed 0.
 */
uint64_t pw_hash(const void *data, size_t bytes);

/*
 * @bytes rounded up to the alignment of chunks.
 */
uint64_t pw_padded(uint64_t bytes);

/*
 * Bytes that the chunk takes in the file.
 */
uint64_t pw_chunk_span(const struct pw_chunk *chunk);

/*
 * Write a chunk header of PW_CHUNK_HEADER_BYTES.
 */
void pw_chunk_encode(uint8_t *bytes, const struct pw_chunk *chunk);

/*
 * Read a chunk header and check it by itself: PW_HEADER_NEWER for reserved
 * bits, unknown critical kinds and unknown codecs.
 */
enum pw_header_state pw_chunk_decode(struct pw_chunk *chunk,
				     const uint8_t *bytes);

/*
 * The name of a kind of chunk, "unknown" for others.
 */
const char *pw_chunk_name(unsigned kind);

/*
 * Whether a file that begins with these bytes is, or was, a native trace.
 */
bool pw_file_magic_found(const uint8_t *head, size_t head_bytes);

/*
 * Write a file header of PW_FILE_HEADER_BYTES.
 */
void pw_file_header_encode(uint8_t *bytes);

/*
 * Check a file header; *major and *minor are filled unless it is damaged.
 */
enum pw_header_state pw_file_header_decode(const uint8_t *bytes,
					   unsigned *major, unsigned *minor);

/*
 * Write a footer of PW_FOOTER_BYTES.
 */
void pw_footer_encode(uint8_t *bytes, uint64_t end_offset, uint64_t file_bytes);

/*
 * Whether these are the footer of a file of @file_bytes; then *end_offset is
 * where the END chunk begins.
 */
bool pw_footer_decode(const uint8_t *bytes, uint64_t file_bytes,
		      uint64_t *end_offset);

/*
 * Write and read the payload of END, PW_END_BYTES.
 */
void pw_end_encode(uint8_t *bytes, const struct pw_totals *totals,
		   uint64_t segments);
void pw_end_decode(const uint8_t *bytes, struct pw_totals *totals,
		   uint64_t *segments);

#endif
