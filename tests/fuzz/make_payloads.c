/*
 * make_payloads.c - makes seeds for fuzz_fast, fuzz_dense and fuzz_timeline
 * from the chunks of traces: make_payloads CORPUS_DIRECTORY TRACE...
 *
 * Not part of the build: stored inputs stay as they are.
 */
#include "tests/support/pw_test.h"

#include <zstd.h>

#include "base/bits.h"
#include "base/file.h"
#include "formats/dense_wire.h"
#include "formats/fast_wire.h"
#include "formats/layout.h"
#include "tests/support/fuzz_chunk.h"

#define INPUT_BYTES_MAX 60000

struct seeds {
	const char *folder;
	struct pw_array shapes; /* uint8_t: of all SHAPES chunks so far */
	unsigned made;
};

static void append(struct pw_array *out, const void *bytes, size_t count)
{
	struct pw_error err;

	PW_TEST_OK(pw_array_reserve(out, out->count + count + 1, &err), &err);
	if (count > 0)
		memcpy((uint8_t *)out->data + out->count, bytes, count);
	out->count += count;
}

static void append_part(struct pw_array *out, const void *bytes, size_t count)
{
	uint8_t length[2];

	assert_true(count <= UINT16_MAX);
	pw_store16(length, (uint16_t)count);
	append(out, length, sizeof(length));
	append(out, bytes, count);
}

/* What a frame holds; the caller frees it. */
static uint8_t *unpack(const uint8_t *stored, size_t bytes, size_t raw)
{
	uint8_t *out = malloc(raw + 1);

	assert_non_null(out);
	if (raw > 0)
		assert_int_equal(ZSTD_decompress(out, raw, stored, bytes), raw);
	return out;
}

static void store(struct seeds *seeds, const char *target,
		  const struct pw_array *input)
{
	struct pw_error err = {0};
	struct pw_output *output;
	char path[4096];

	if (input->count > INPUT_BYTES_MAX)
		return;
	snprintf(path, sizeof(path), "%s/%s/made_%03u", seeds->folder, target,
		 seeds->made++);
	PW_TEST_OK(pw_output_open(&output, path, &err), &err);
	assert_int_equal(
		fwrite(input->data, 1, input->count, pw_output_stream(output)),
		input->count);
	PW_TEST_OK(pw_output_commit(output, &err), &err);
}

/* Append @streams streams of a payload as parts; returns where they end. */
static const uint8_t *append_streams(struct pw_array *out,
				     const uint8_t *payload, size_t streams,
				     size_t table_bytes, bool *stored)
{
	const uint8_t *at = payload + table_bytes;

	for (size_t i = 0; i < streams; i++) {
		size_t raw = pw_load32(payload + i * 8);
		size_t bytes = pw_load32(payload + i * 8 + 4);
		uint8_t *content = NULL;

		*stored = streams == PW_DENSE_REST && i == PW_DENSE_COLUMNS &&
			  raw == bytes;
		if (!*stored)
			content = unpack(at, bytes, raw);
		append_part(out, *stored ? at : content, raw);
		free(content);
		at += bytes;
	}
	return at;
}

static void make_accesses(struct seeds *seeds, const struct pw_chunk *chunk,
			  const uint8_t *payload)
{
	bool dense = chunk->codec == PW_CODEC_DENSE, stored = false, ignored;
	size_t streams = dense ? PW_DENSE_REST : PW_FAST_REST;
	size_t table = (streams + 1) * PW_STREAM_ENTRY_BYTES;
	struct pw_array out = PW_ARRAY(uint8_t);
	uint8_t head[3] = {0};
	const uint8_t *rest;

	pw_store16(head, (uint16_t)chunk->access_count);
	append_part(&out, head, sizeof(head));
	append_part(&out, seeds->shapes.data, seeds->shapes.count);
	rest = append_streams(&out, payload, streams, table, &stored);
	((uint8_t *)out.data)[4] = stored;
	if (rest < payload + chunk->payload_bytes)
		(void)append_streams(&out, rest, PW_FUZZ_REST_PARTS,
				     PW_FUZZ_REST_PARTS * PW_STREAM_ENTRY_BYTES,
				     &ignored);
	if (chunk->access_count < PW_FUZZ_ACCESSES_MAX)
		store(seeds, dense ? "dense" : "fast", &out);
	pw_array_free(&out);
}

static void take_chunk(struct seeds *seeds, const struct pw_chunk *chunk,
		       const uint8_t *payload)
{
	struct pw_array out = PW_ARRAY(uint8_t);
	uint8_t *raw;

	if (chunk->kind == PW_CHUNK_ACCESSES && chunk->codec > PW_CODEC_ZSTD)
		make_accesses(seeds, chunk, payload);
	if (chunk->kind != PW_CHUNK_SHAPES && chunk->kind != PW_CHUNK_TIMELINE)
		return;
	raw = unpack(payload, chunk->payload_bytes, chunk->raw_bytes);
	if (chunk->kind == PW_CHUNK_SHAPES) {
		append(&seeds->shapes, raw, chunk->raw_bytes);
	} else {
		append(&out, raw, chunk->raw_bytes);
		store(seeds, "timeline", &out);
	}
	pw_array_free(&out);
	free(raw);
}

int main(int count, char **words)
{
	struct seeds seeds = {.folder = count > 1 ? words[1] : NULL,
			      .shapes = PW_ARRAY(uint8_t)};

	for (int i = 2; i < count; i++) {
		size_t bytes, at = PW_FILE_HEADER_BYTES;
		struct pw_error err = {0};
		struct pw_chunk chunk;
		char *data;

		seeds.shapes.count = 0;
		PW_TEST_OK(pw_file_read(words[i], 1 << 20, &data, &bytes, &err),
			   &err);
		for (; at + PW_CHUNK_HEADER_BYTES < bytes;
		     at += pw_chunk_span(&chunk)) {
			const uint8_t *header = (const uint8_t *)data + at;

			assert_int_equal(pw_chunk_decode(&chunk, header),
					 PW_HEADER_GOOD);
			take_chunk(&seeds, &chunk,
				   header + PW_CHUNK_HEADER_BYTES);
		}
		free(data);
	}
	pw_array_free(&seeds.shapes);
	printf("%u inputs\n", seeds.made);
	return seeds.made > 0 ? 0 : 64;
}
