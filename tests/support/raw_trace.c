/*
 * raw_trace.c - chunks as FORMAT.md lays them out.
 */
#include "tests/support/raw_trace.h"

#include "base/bits.h"
#include "formats/streams.h"
#include "formats/varint.h"
#include "tests/support/pw_test.h"

#define RUN_BYTES ((uint64_t)128 << 10)

void pw_raw_append(struct pw_array *out, const void *bytes, size_t count)
{
	struct pw_error err = {0};

	PW_TEST_OK(pw_array_reserve(out, out->count + count + 1, &err), &err);
	if (count > 0)
		memcpy((uint8_t *)out->data + out->count, bytes, count);
	out->count += count;
}

static void put(struct pw_raw_trace *trace, const void *bytes, size_t count)
{
	assert_int_equal(fwrite(bytes, 1, count, trace->file), count);
	trace->bytes += count;
}

void pw_raw_chunk(struct pw_raw_trace *trace, struct pw_chunk *chunk,
		  const void *payload, size_t payload_bytes)
{
	size_t span = pw_padded(payload_bytes);
	uint8_t *padded = calloc(1, span + 1);
	uint8_t header[PW_CHUNK_HEADER_BYTES];

	assert_non_null(padded);
	if (payload_bytes > 0)
		memcpy(padded, payload, payload_bytes);
	chunk->sequence = trace->sequence++;
	chunk->payload_bytes = payload_bytes;
	if (chunk->codec == PW_CODEC_STORED)
		chunk->raw_bytes = payload_bytes;
	chunk->payload_hash = pw_hash(padded, span);
	pw_chunk_encode(header, chunk);
	put(trace, header, sizeof(header));
	put(trace, padded, span);
	free(padded);
}

void pw_raw_begin(struct pw_raw_trace *trace, const char *path)
{
	static const uint8_t meta[] = "\0\0\0\0\0\0\0\0{}", thread[16];
	struct pw_chunk chunk = {.kind = PW_CHUNK_META,
				 .flags = PW_CHUNK_CRITICAL};
	uint8_t header[PW_FILE_HEADER_BYTES];

	*trace = (struct pw_raw_trace){.file = fopen(path, "w")};
	assert_non_null(trace->file);
	pw_file_header_encode(header);
	put(trace, header, sizeof(header));
	pw_raw_chunk(trace, &chunk, meta, sizeof(meta) - 1);
	chunk.kind = PW_CHUNK_THREADS;
	pw_raw_chunk(trace, &chunk, thread, sizeof(thread));
}

void pw_raw_timeline(struct pw_raw_trace *trace, uint64_t segment,
		     uint64_t accesses)
{
	struct pw_array raw = PW_ARRAY(uint8_t), packed = PW_ARRAY(uint8_t);
	struct pw_chunk chunk = {.kind = PW_CHUNK_TIMELINE,
				 .flags = PW_CHUNK_CRITICAL,
				 .codec = PW_CODEC_ZSTD,
				 .segment = segment,
				 .access_count = accesses};
	uint8_t run[2 + 1 + PW_VARINT_MAX] = {2, 0, 0};
	struct pw_error err = {0};

	run[1] = (uint8_t)(pw_varint_put(run + 3, accesses) - run - 2);
	pw_raw_append(&raw, run, (size_t)run[1] + 2);
	PW_TEST_OK(pw_frame_pack(&raw, 1, &packed, &err), &err);
	chunk.raw_bytes = raw.count;
	pw_raw_chunk(trace, &chunk, packed.data, packed.count);
	pw_array_free(&raw);
	pw_array_free(&packed);
}

void pw_raw_end(struct pw_raw_trace *trace)
{
	assert_int_equal(fclose(trace->file), 0);
}

/* RFC 8878: a frame with its content size, of blocks that repeat a byte. */
void pw_raw_run_frame(struct pw_array *out, uint8_t byte, uint64_t raw_bytes)
{
	/* Magic; an 8-byte content size and a window descriptor; 128 KiB. */
	uint8_t head[14] = {0x28, 0xb5, 0x2f, 0xfd, 0xc0, 7 << 3};
	uint64_t left = raw_bytes;

	pw_store64(head + 6, raw_bytes);
	pw_raw_append(out, head, sizeof(head));
	do {
		uint64_t run = left < RUN_BYTES ? left : RUN_BYTES;
		uint32_t block = (uint32_t)(run << 3 | 1 << 1 | (run == left));
		uint8_t bytes[4] = {(uint8_t)block, (uint8_t)(block >> 8),
				    (uint8_t)(block >> 16), byte};

		left -= run;
		pw_raw_append(out, bytes, sizeof(bytes));
	} while (left > 0);
}
