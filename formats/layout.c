/*
 * layout.c - the container's fixed parts, to and from bytes.
 */
#include "formats/layout.h"

#include <xxhash.h>

#include "base/assert.h"
#include "base/bits.h"

#define BYTE_ORDER_MARK UINT32_C(0x01020304)

static const uint8_t file_magic[PW_FILE_MAGIC_BYTES] = {0x89, 'P',  'W',  'T',
							'\r', '\n', 0x1a, '\n'};
static const uint8_t footer_magic[PW_FILE_MAGIC_BYTES] = {0x89, 'P', 'W', 'T',
							  'E',	'N', 'D', '\n'};

uint64_t pw_hash(const void *data, size_t bytes)
{
	return XXH3_64bits(data, bytes);
}

uint64_t pw_padded(uint64_t bytes)
{
	PW_ASSERT(bytes <= UINT64_MAX - 7);
	return (bytes + 7) & ~(uint64_t)7;
}

uint64_t pw_chunk_span(const struct pw_chunk *chunk)
{
	PW_ASSERT(chunk->payload_bytes <= PW_PAYLOAD_BYTES_MAX);
	return PW_CHUNK_HEADER_BYTES + pw_padded(chunk->payload_bytes);
}

void pw_chunk_encode(uint8_t *bytes, const struct pw_chunk *chunk)
{
	PW_ASSERT(chunk->payload_bytes <= PW_PAYLOAD_BYTES_MAX);
	PW_ASSERT(chunk->raw_bytes <= PW_RAW_BYTES_MAX);
	PW_ASSERT((chunk->flags & ~PW_CHUNK_CRITICAL) == 0);
	pw_store32(bytes, PW_CHUNK_MAGIC);
	pw_store16(bytes + 4, chunk->kind);
	pw_store16(bytes + 6, chunk->flags);
	pw_store32(bytes + 8, PW_CHUNK_HEADER_BYTES);
	pw_store32(bytes + 12, chunk->codec);
	pw_store64(bytes + 16, chunk->payload_bytes);
	pw_store64(bytes + 24, chunk->raw_bytes);
	pw_store64(bytes + 32, chunk->sequence);
	pw_store64(bytes + 40, chunk->segment);
	pw_store32(bytes + 48, chunk->thread);
	pw_store32(bytes + 52, 0);
	pw_store64(bytes + 56, chunk->first_access);
	pw_store64(bytes + 64, chunk->access_count);
	pw_store64(bytes + 72, chunk->first_instruction);
	pw_store64(bytes + 80, chunk->instruction_count);
	pw_store64(bytes + 88, chunk->min_page);
	pw_store64(bytes + 96, chunk->max_page);
	pw_store64(bytes + 104, chunk->previous);
	pw_store64(bytes + 112, chunk->payload_hash);
	pw_store64(bytes + 120, pw_hash(bytes, 120));
}

/* Whether this version can read the kind and codec. */
static bool understand(const struct pw_chunk *chunk)
{
	switch (chunk->kind) {
	case PW_CHUNK_META:
	case PW_CHUNK_THREADS:
	case PW_CHUNK_MODULES:
	case PW_CHUNK_INDEX:
	case PW_CHUNK_END:
		return chunk->codec == PW_CODEC_STORED;
	case PW_CHUNK_ACCESSES:
		return chunk->codec == PW_CODEC_ZSTD ||
		       chunk->codec == PW_CODEC_FAST ||
		       chunk->codec == PW_CODEC_DENSE;
	case PW_CHUNK_TIMELINE:
	case PW_CHUNK_SHAPES:
		return chunk->codec == PW_CODEC_ZSTD;
	case PW_CHUNK_TOUCHES:
		return chunk->codec == PW_CODEC_ZSTD ||
		       chunk->codec == PW_CODEC_NUMBERED;
	default:
		return !(chunk->flags & PW_CHUNK_CRITICAL);
	}
}

enum pw_header_state pw_chunk_decode(struct pw_chunk *chunk,
				     const uint8_t *bytes)
{
	if (pw_load32(bytes) != PW_CHUNK_MAGIC ||
	    pw_load64(bytes + 120) != pw_hash(bytes, 120) ||
	    pw_load32(bytes + 8) != PW_CHUNK_HEADER_BYTES)
		return PW_HEADER_DAMAGED;
	chunk->kind = pw_load16(bytes + 4);
	chunk->flags = pw_load16(bytes + 6);
	chunk->codec = pw_load32(bytes + 12);
	chunk->payload_bytes = pw_load64(bytes + 16);
	chunk->raw_bytes = pw_load64(bytes + 24);
	chunk->sequence = pw_load64(bytes + 32);
	chunk->segment = pw_load64(bytes + 40);
	chunk->thread = pw_load32(bytes + 48);
	chunk->first_access = pw_load64(bytes + 56);
	chunk->access_count = pw_load64(bytes + 64);
	chunk->first_instruction = pw_load64(bytes + 72);
	chunk->instruction_count = pw_load64(bytes + 80);
	chunk->min_page = pw_load64(bytes + 88);
	chunk->max_page = pw_load64(bytes + 96);
	chunk->previous = pw_load64(bytes + 104);
	chunk->payload_hash = pw_load64(bytes + 112);
	if (chunk->payload_bytes > PW_PAYLOAD_BYTES_MAX ||
	    chunk->raw_bytes > PW_RAW_BYTES_MAX)
		return PW_HEADER_DAMAGED;
	if (pw_load32(bytes + 52) != 0 ||
	    (chunk->flags & ~(unsigned)PW_CHUNK_CRITICAL) || !understand(chunk))
		return PW_HEADER_NEWER;
	return PW_HEADER_GOOD;
}

const char *pw_chunk_name(unsigned kind)
{
	static const char *const names[] = {
		[PW_CHUNK_META] = "META",
		[PW_CHUNK_THREADS] = "THREADS",
		[PW_CHUNK_MODULES] = "MODULES",
		[PW_CHUNK_ACCESSES] = "ACCESSES",
		[PW_CHUNK_TIMELINE] = "TIMELINE",
		[PW_CHUNK_INDEX] = "INDEX",
		[PW_CHUNK_END] = "END",
		[PW_CHUNK_SHAPES] = "SHAPES",
		[PW_CHUNK_TOUCHES] = "TOUCHES",
	};

	if (kind == 0 || kind >= PW_COUNT(names))
		return "unknown";
	return names[kind];
}

bool pw_file_magic_found(const uint8_t *head, size_t head_bytes)
{
	return head_bytes >= sizeof(file_magic) &&
	       memcmp(head, file_magic, sizeof(file_magic)) == 0;
}

void pw_file_header_encode(uint8_t *bytes)
{
	memset(bytes, 0, PW_FILE_HEADER_BYTES);
	memcpy(bytes, file_magic, sizeof(file_magic));
	pw_store16(bytes + 8, PW_VERSION_MAJOR);
	pw_store16(bytes + 10, PW_VERSION_MINOR);
	pw_store32(bytes + 12, BYTE_ORDER_MARK);
	pw_store64(bytes + 56, pw_hash(bytes, 56));
}

enum pw_header_state pw_file_header_decode(const uint8_t *bytes,
					   unsigned *major, unsigned *minor)
{
	uint64_t reserved = 0;

	if (!pw_file_magic_found(bytes, PW_FILE_HEADER_BYTES) ||
	    pw_load64(bytes + 56) != pw_hash(bytes, 56))
		return PW_HEADER_DAMAGED;
	*major = pw_load16(bytes + 8);
	*minor = pw_load16(bytes + 10);
	for (size_t i = 16; i < 56; i += 8)
		reserved |= pw_load64(bytes + i);
	if (*major != PW_VERSION_MAJOR ||
	    pw_load32(bytes + 12) != BYTE_ORDER_MARK || reserved != 0)
		return PW_HEADER_NEWER;
	return PW_HEADER_GOOD;
}

void pw_footer_encode(uint8_t *bytes, uint64_t end_offset, uint64_t file_bytes)
{
	PW_ASSERT(end_offset >= PW_FILE_HEADER_BYTES &&
		  end_offset < file_bytes);
	pw_store64(bytes, end_offset);
	pw_store64(bytes + 8, file_bytes);
	memcpy(bytes + 16, footer_magic, sizeof(footer_magic));
	pw_store64(bytes + 24, pw_hash(bytes, 24));
}

bool pw_footer_decode(const uint8_t *bytes, uint64_t file_bytes,
		      uint64_t *end_offset)
{
	if (memcmp(bytes + 16, footer_magic, sizeof(footer_magic)) != 0 ||
	    pw_load64(bytes + 24) != pw_hash(bytes, 24) ||
	    pw_load64(bytes + 8) != file_bytes)
		return false;
	*end_offset = pw_load64(bytes);
	return true;
}

void pw_end_encode(uint8_t *bytes, const struct pw_totals *totals,
		   uint64_t segments)
{
	pw_store64(bytes, totals->accesses);
	pw_store64(bytes + 8, totals->loads);
	pw_store64(bytes + 16, totals->stores);
	pw_store64(bytes + 24, totals->modifies);
	pw_store64(bytes + 32, totals->fetches);
	pw_store64(bytes + 40, totals->instructions);
	pw_store64(bytes + 48, totals->events);
	pw_store64(bytes + 56, totals->chunks);
	pw_store64(bytes + 64, totals->file_bytes);
	pw_store64(bytes + 72, segments);
}

void pw_end_decode(const uint8_t *bytes, struct pw_totals *totals,
		   uint64_t *segments)
{
	totals->accesses = pw_load64(bytes);
	totals->loads = pw_load64(bytes + 8);
	totals->stores = pw_load64(bytes + 16);
	totals->modifies = pw_load64(bytes + 24);
	totals->fetches = pw_load64(bytes + 32);
	totals->instructions = pw_load64(bytes + 40);
	totals->events = pw_load64(bytes + 48);
	totals->chunks = pw_load64(bytes + 56);
	totals->file_bytes = pw_load64(bytes + 64);
	*segments = pw_load64(bytes + 72);
}
