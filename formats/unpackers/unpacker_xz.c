/*
 * unpacker_xz.c - xz files, of one stream or of several in a row.
 */
#include <lzma.h>

#include "base/status.h"
#include "formats/unpacker.h"

/* The largest preset needs 65 MiB to unpack. */
#define MEMORY_BYTES_MAX ((uint64_t)128 << 20)

static void *open_state(void)
{
	lzma_stream *lzma = calloc(1, sizeof(*lzma));

	if (!lzma)
		return NULL;
	if (lzma_stream_decoder(lzma, MEMORY_BYTES_MAX, LZMA_CONCATENATED) !=
	    LZMA_OK) {
		free(lzma);
		return NULL;
	}
	return lzma;
}

static const char *explain(lzma_ret result)
{
	if (result == LZMA_MEMLIMIT_ERROR)
		return "needs more than 128 MiB to unpack";
	if (result == LZMA_MEM_ERROR)
		return "no memory";
	if (result == LZMA_FORMAT_ERROR)
		return "not xz data";
	if (result == LZMA_OPTIONS_ERROR)
		return "options that this liblzma does not know";
	return "corrupt data";
}

static void unpack(void *opaque, struct pw_unpack *io)
{
	lzma_stream *lzma = opaque;
	lzma_ret result;

	lzma->next_in = io->in;
	lzma->avail_in = io->in_bytes;
	lzma->next_out = io->out;
	lzma->avail_out = io->out_bytes;
	result = lzma_code(lzma, io->last ? LZMA_FINISH : LZMA_RUN);
	io->in = lzma->next_in;
	io->in_bytes = lzma->avail_in;
	io->out = lzma->next_out;
	io->out_bytes = lzma->avail_out;
	if (result == LZMA_STREAM_END)
		io->whole = true;
	else if (result != LZMA_OK && result != LZMA_BUF_ERROR)
		io->problem = explain(result);
}

static void close_state(void *opaque)
{
	lzma_end(opaque);
	free(opaque);
}

static const uint8_t magic[] = {0xfd, '7', 'z', 'X', 'Z', 0};

const struct pw_unpacker_ops pw_unpacker_xz = {
	.name = "xz",
	.source = "The .xz File Format 1.1.0",
	.magic = magic,
	.magic_bytes = sizeof(magic),
	.open = open_state,
	.unpack = unpack,
	.close = close_state,
};
