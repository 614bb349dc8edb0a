/*
 * fuzz_dense.c - any bytes at all as the streams of an ACCESSES chunk of codec
 * 3; what is decoded must be what the slow reader says.
 */
#include "base/assert.h"
#include "formats/codec_dense.h"
#include "formats/dense_wire.h"
#include "formats/layout.h"
#include "formats/window.h"
#include "tests/support/fuzz_chunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Take the accesses out of the window in pieces of growing length. */
static void compare(const struct pw_fuzz_chunk *chunk, struct pw_window *window)
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
	pw_fuzz_chunk_compare(chunk, PW_CODEC_DENSE, &out);
}

static void decode(struct pw_fuzz_chunk *chunk)
{
	const struct pw_generic_payload payload = {
		chunk->payload.data, chunk->payload.count, chunk->raw_bytes,
		chunk->count};
	struct pw_generic_decoder *generic;
	struct pw_window *window;
	struct pw_error err;
	enum pw_status st;

	PW_ASSERT(pw_generic_decoder_open(&generic, &err) == PW_OK);
	PW_ASSERT(pw_window_open(&window, &err) == PW_OK);
	st = pw_dense_plan_make(pw_window_plan(window), &chunk->shapes, generic,
				&payload, &err);
	PW_ASSERT(st == PW_OK || (st == PW_ERR_FORMAT && err.message[0]));
	if (st == PW_OK) {
		PW_ASSERT(pw_window_begin(window, &err) == PW_OK);
		compare(chunk, window);
	}
	pw_window_close(window);
	pw_generic_decoder_close(generic);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct pw_fuzz_chunk chunk;

	pw_fuzz_chunk_make(&chunk, data, bytes, PW_DENSE_REST);
	if (chunk.whole)
		decode(&chunk);
	pw_fuzz_chunk_free(&chunk);
	return 0;
}
