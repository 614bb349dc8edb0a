/*
 * unpacker_gzip.c - gzip files, of one member or of several in a row.
 */
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

#include "base/status.h"
#include "formats/unpacker.h"

/* The largest window, and a gzip header is demanded. */
#define WINDOW_BITS (15 + 16)

struct state {
	z_stream zlib;
	bool between; /* members */
};

static void *open_state(void)
{
	struct state *state = calloc(1, sizeof(*state));

	if (state && inflateInit2(&state->zlib, WINDOW_BITS) != Z_OK) {
		free(state);
		return NULL;
	}
	return state;
}

static void unpack(void *opaque, struct pw_unpack *io)
{
	struct state *state = opaque;
	z_stream *zlib = &state->zlib;
	int result;

	if (state->between && io->in_bytes > 0) {
		/* Zeros pad the last member, as on tapes. */
		if (io->in[0] == 0)
			io->over = true;
		else if (io->in[0] != 0x1f)
			io->problem = "neither a member nor padding";
		if (io->in[0] != 0x1f)
			return;
		state->between = false;
		inflateReset(zlib);
	}
	io->whole = state->between;
	if (state->between || io->in_bytes == 0)
		return;
	zlib->next_in = io->in;
	zlib->avail_in = (uInt)io->in_bytes;
	zlib->next_out = io->out;
	zlib->avail_out = (uInt)io->out_bytes;
	result = inflate(zlib, Z_NO_FLUSH);
	io->in = zlib->next_in;
	io->in_bytes = zlib->avail_in;
	io->out = zlib->next_out;
	io->out_bytes = zlib->avail_out;
	if (result == Z_STREAM_END)
		state->between = io->whole = true;
	else if (result != Z_OK && result != Z_BUF_ERROR)
		io->problem = zlib->msg ? zlib->msg : "not gzip data";
}

static void close_state(void *opaque)
{
	struct state *state = opaque;

	inflateEnd(&state->zlib);
	free(state);
}

static const uint8_t magic[] = {0x1f, 0x8b};

const struct pw_unpacker_ops pw_unpacker_gzip = {
	.name = "gzip",
	.source = "RFC 1952",
	.magic = magic,
	.magic_bytes = sizeof(magic),
	.open = open_state,
	.unpack = unpack,
	.close = close_state,
};
