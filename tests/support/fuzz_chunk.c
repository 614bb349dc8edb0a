/*
 * fuzz_chunk.c - from the parts of an input to the payload of a chunk.
 */
#include "tests/support/fuzz_chunk.h"

#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

#include "base/assert.h"
#include "base/bits.h"
#include "formats/layout.h"
#include "formats/streams.h"
#include "formats/window.h"
#include "tests/oracle/oracle_fast.h"

void pw_fuzz_parts(struct pw_fuzz_part *part, size_t parts, const uint8_t *data,
		   size_t bytes)
{
	for (size_t i = 0; i < parts; i++) {
		size_t count = 0;

		if (bytes >= 2) {
			count = pw_load16(data);
			data += 2;
			bytes -= 2;
		}
		if (count > bytes)
			count = bytes;
		part[i] = (struct pw_fuzz_part){data, count};
		data += count;
		bytes -= count;
	}
}

static void append(struct pw_array *out, const void *bytes, size_t count)
{
	struct pw_error err;

	PW_ASSERT(pw_array_reserve(out, out->count + count + 1, &err) == PW_OK);
	if (count > 0)
		memcpy((uint8_t *)out->data + out->count, bytes, count);
	out->count += count;
}

/* Append the streams and the table before them; returns their raw bytes. */
static uint64_t pack(struct pw_array *out, const struct pw_fuzz_part *part,
		     size_t streams, size_t stored)
{
	static const uint8_t table[PW_FUZZ_PARTS_MAX * PW_STREAM_ENTRY_BYTES];
	ZSTD_CCtx *zstd = ZSTD_createCCtx();
	size_t begin = out->count;
	struct pw_error err;
	uint64_t raw = 0;

	PW_ASSERT(zstd);
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, 1);
	append(out, table, streams * PW_STREAM_ENTRY_BYTES);
	for (size_t i = 0; i < streams; i++) {
		size_t at = begin + i * PW_STREAM_ENTRY_BYTES;

		raw += part[i].count;
		if (i != stored) {
			PW_ASSERT(pw_stream_pack(zstd, part[i].bytes,
						 part[i].count, out, at,
						 &err) == PW_OK);
			continue;
		}
		append(out, part[i].bytes, part[i].count);
		pw_store32((uint8_t *)out->data + at, (uint32_t)part[i].count);
		pw_store32((uint8_t *)out->data + at + 4,
			   (uint32_t)part[i].count);
	}
	ZSTD_freeCCtx(zstd);
	return raw;
}

/* Append the payload of the accesses without a shape, if there are any. */
static void pack_rest(struct pw_array *out, const struct pw_fuzz_part *part,
		      size_t table, uint64_t *raw_bytes)
{
	size_t before = out->count;
	uint64_t raw = 0;

	for (size_t i = 0; i < PW_FUZZ_REST_PARTS; i++)
		raw += part[i].count;
	if (raw > 0)
		PW_ASSERT(pack(out, part, PW_FUZZ_REST_PARTS, SIZE_MAX) == raw);
	pw_store32((uint8_t *)out->data + table, (uint32_t)raw);
	pw_store32((uint8_t *)out->data + table + 4,
		   (uint32_t)(out->count - before));
	*raw_bytes += raw;
}

void pw_fuzz_chunk_make(struct pw_fuzz_chunk *chunk, const uint8_t *data,
			size_t bytes, size_t streams)
{
	const struct pw_fuzz_part none = {data, 0};
	struct pw_fuzz_part part[PW_FUZZ_PARTS_MAX];
	size_t parts = PW_FUZZ_HEAD_PARTS + streams + PW_FUZZ_REST_PARTS;
	struct pw_fuzz_part *rest = part + PW_FUZZ_HEAD_PARTS + streams;
	struct pw_fuzz_part first[PW_FUZZ_PARTS_MAX];
	bool stored;
	struct pw_error err;

	PW_ASSERT(parts <= PW_FUZZ_PARTS_MAX);
	pw_fuzz_parts(part, parts, data, bytes);
	*chunk = (struct pw_fuzz_chunk){
		.shape_bytes = PW_ARRAY(uint8_t),
		.payload = PW_ARRAY(uint8_t),
		.shapes = PW_PWT_SHAPES,
	};
	if (part[0].count >= 2)
		chunk->count = pw_load16(part[0].bytes) % PW_FUZZ_ACCESSES_MAX;
	stored = part[0].count >= 3 && part[0].bytes[2] & 1;
	append(&chunk->shape_bytes, part[1].bytes, part[1].count);
	chunk->whole = pw_pwt_shapes_add(&chunk->shapes, 0, part[1].bytes,
					 part[1].count, &err) == PW_OK;
	memcpy(first, part + PW_FUZZ_HEAD_PARTS, streams * sizeof(*first));
	first[streams] = none;
	chunk->raw_bytes = pack(&chunk->payload, first, streams + 1,
				stored ? streams - 1 : SIZE_MAX);
	pack_rest(&chunk->payload, rest, streams * PW_STREAM_ENTRY_BYTES,
		  &chunk->raw_bytes);
}

void pw_fuzz_chunk_free(struct pw_fuzz_chunk *chunk)
{
	pw_array_free(&chunk->shape_bytes);
	pw_array_free(&chunk->payload);
	pw_pwt_shapes_free(&chunk->shapes);
}

/* Append a chunk to a trace that the slow reader gets. */
static void append_chunk(struct pw_array *trace, struct pw_chunk *chunk,
			 const void *payload)
{
	uint8_t header[PW_CHUNK_HEADER_BYTES];
	static const uint8_t zeros[8];

	pw_chunk_encode(header, chunk);
	append(trace, header, sizeof(header));
	append(trace, payload, chunk->payload_bytes);
	append(trace, zeros,
	       pw_padded(chunk->payload_bytes) - chunk->payload_bytes);
}

/* The trace: what the slow reader looks at, and no more. */
static struct pw_array make_trace(const struct pw_fuzz_chunk *chunk,
				  unsigned codec)
{
	static const uint8_t edge[PW_FILE_HEADER_BYTES];
	struct pw_array trace = PW_ARRAY(uint8_t), packed = PW_ARRAY(uint8_t);
	struct pw_chunk shapes = {.kind = PW_CHUNK_SHAPES,
				  .raw_bytes = chunk->shape_bytes.count};
	struct pw_chunk accesses = {.kind = PW_CHUNK_ACCESSES,
				    .codec = codec,
				    .access_count = chunk->count,
				    .payload_bytes = chunk->payload.count};
	struct pw_error err;

	PW_ASSERT(pw_frame_pack(&chunk->shape_bytes, 1, &packed, &err) ==
		  PW_OK);
	shapes.payload_bytes = packed.count;
	append(&trace, edge, sizeof(edge));
	append_chunk(&trace, &shapes, packed.data);
	append_chunk(&trace, &accesses, chunk->payload.data);
	append(&trace, edge, PW_FOOTER_BYTES);
	pw_array_free(&packed);
	return trace;
}

static void compare(const struct pw_fuzz_chunk *chunk, unsigned codec,
		    const struct pw_access_columns *got)
{
	struct pw_array trace = make_trace(chunk, codec);
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct pw_oracle_fast slow;
	char path[64];

	PW_ASSERT(fd >= 0);
	PW_ASSERT(write(fd, trace.data, trace.count) == (ssize_t)trace.count);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	pw_oracle_fast_read(&slow, path);
	PW_ASSERT(slow.access.count == chunk->count);
	for (size_t i = 0; i < chunk->count; i++) {
		const struct pw_oracle_access *want =
			&PW_ARRAY_AT(&slow.access, struct pw_oracle_access, i);

		PW_ASSERT(got->address[i] == want->address);
		PW_ASSERT(got->pc[i] == want->pc);
		PW_ASSERT(got->size_bytes[i] == want->size_bytes);
		PW_ASSERT(got->kind[i] == want->kind);
	}
	pw_oracle_fast_free(&slow);
	pw_array_free(&trace);
	close(fd);
}

/* Take the accesses out of the window in pieces of growing length. */
static void compare_window(const struct pw_fuzz_chunk *chunk, unsigned codec,
			   struct pw_window *window)
{
	static uint64_t address[PW_FUZZ_ACCESSES_MAX], pc[PW_FUZZ_ACCESSES_MAX];
	static uint32_t size[PW_FUZZ_ACCESSES_MAX];
	static uint8_t kind[PW_FUZZ_ACCESSES_MAX];
	const struct pw_access_columns out = {address, pc, size, kind};
	size_t piece = 1;

	for (size_t at = 0; at < chunk->count; at += piece++) {
		struct pw_accesses part;

		if (piece > chunk->count - at)
			piece = chunk->count - at;
		pw_window_next(window, piece, &part);
		memcpy(address + at, part.address, piece * sizeof(*address));
		memcpy(pc + at, part.pc, piece * sizeof(*pc));
		memcpy(size + at, part.size_bytes, piece * sizeof(*size));
		memcpy(kind + at, part.kind, piece);
	}
	compare(chunk, codec, &out);
}

void pw_fuzz_chunk_check(const struct pw_fuzz_chunk *chunk, unsigned codec)
{
	const struct pw_generic_payload payload = {
		chunk->payload.data, chunk->payload.count, chunk->raw_bytes,
		chunk->count};
	struct pw_window_source source = {.shapes = &chunk->shapes,
					  .payload = &payload};
	uint64_t instructions;
	struct pw_window *window;
	struct pw_error err;
	enum pw_status st;

	PW_ASSERT(pw_generic_decoder_open(&source.generic, &err) == PW_OK);
	PW_ASSERT(pw_window_open(&window, &err) == PW_OK);
	st = pw_window_show(window, codec == PW_CODEC_DENSE, &source,
			    &instructions, &err);
	PW_ASSERT(st == PW_OK || (st == PW_ERR_FORMAT && err.message[0]));
	if (st == PW_OK)
		compare_window(chunk, codec, window);
	pw_window_close(window);
	pw_generic_decoder_close(source.generic);
}
