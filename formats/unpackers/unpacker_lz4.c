/*
 * unpacker_lz4.c - LZ4 frames, one or several in a row.
 */
#include <lz4frame.h>

#include "base/status.h"
#include "formats/unpacker.h"

struct state {
	LZ4F_dctx *lz4;
	bool between; /* frames */
};

static void *open_state(void)
{
	struct state *state = calloc(1, sizeof(*state));

	if (state && LZ4F_isError(LZ4F_createDecompressionContext(
			     &state->lz4, LZ4F_VERSION))) {
		free(state);
		return NULL;
	}
	return state;
}

static void unpack(void *opaque, struct pw_unpack *io)
{
	struct state *state = opaque;
	size_t used = io->in_bytes;
	size_t filled = io->out_bytes;
	size_t result;

	if (io->in_bytes == 0 && state->between) {
		io->whole = true;
		return;
	}
	result = LZ4F_decompress(state->lz4, io->out, &filled, io->in, &used,
				 NULL);
	if (LZ4F_isError(result)) {
		io->problem = LZ4F_getErrorName(result);
		return;
	}
	io->in += used;
	io->in_bytes -= used;
	io->out += filled;
	io->out_bytes -= filled;
	state->between = result == 0;
	io->whole = state->between;
}

static void close_state(void *opaque)
{
	struct state *state = opaque;

	LZ4F_freeDecompressionContext(state->lz4);
	free(state);
}

static const uint8_t magic[] = {0x04, 0x22, 0x4d, 0x18};

const struct pw_unpacker_ops pw_unpacker_lz4 = {
	.name = "lz4",
	.source = "LZ4 Frame Format Description 1.6.1",
	.magic = magic,
	.magic_bytes = sizeof(magic),
	.open = open_state,
	.unpack = unpack,
	.close = close_state,
};
