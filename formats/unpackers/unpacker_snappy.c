/*
 * unpacker_snappy.c - the framing format of Snappy.
 *
 * A chunk is unpacked as a whole, so it is gathered first. DynamoRIO's chunk
 * types 2 and 3 are as 0 and 1, without a checksum.
 */
#include <snappy-c.h>
#include <string.h>

#include "base/bits.h"
#include "base/status.h"
#include "formats/unpacker.h"

#define HEAD_BYTES 4
#define SUM_BYTES 4
#define PLAIN_BYTES_MAX 65536
/* snappy_max_compressed_length of the most, and the checksum. */
#define PACKED_BYTES_MAX \
	(32 + PLAIN_BYTES_MAX + PLAIN_BYTES_MAX / 6 + SUM_BYTES)

enum chunk_type {
	CHUNK_PACKED = 0,
	CHUNK_PLAIN = 1,
	CHUNK_PACKED_UNSUMMED = 2,
	CHUNK_PLAIN_UNSUMMED = 3,
	CHUNK_PADDING = 0xfe,
	CHUNK_IDENTIFIER = 0xff,
};

struct state {
	uint8_t head[HEAD_BYTES];
	size_t have;   /* of the head, then of the chunk */
	bool in_chunk; /* the head is whole */
	size_t skip;   /* bytes of a chunk that means nothing */
	size_t packed_bytes;
	size_t plain_bytes; /* in plain; those from taken on are left */
	size_t taken;
	uint32_t sum[256];
	uint8_t packed[PACKED_BYTES_MAX];
	uint8_t plain[PLAIN_BYTES_MAX];
};

/* CRC-32C of each byte, reflected. */
static void *open_state(void)
{
	struct state *state = calloc(1, sizeof(*state));

	for (uint32_t i = 0; state && i < 256; i++) {
		uint32_t sum = i;

		for (unsigned bit = 0; bit < 8; bit++)
			sum = sum >> 1 ^ (sum & 1 ? UINT32_C(0x82f63b78) : 0);
		state->sum[i] = sum;
	}
	return state;
}

/* The checksum of the plain bytes, masked as the framing format wants it. */
static uint32_t masked_sum(const struct state *state)
{
	uint32_t sum = UINT32_MAX;

	for (size_t i = 0; i < state->plain_bytes; i++)
		sum = sum >> 8 ^ state->sum[(sum ^ state->plain[i]) & 0xff];
	sum = ~sum;
	return (sum >> 15 | sum << 17) + UINT32_C(0xa282ead8);
}

/* A chunk's head is whole. */
static void begin_chunk(struct state *state, struct pw_unpack *io)
{
	size_t bytes = pw_load32(state->head) >> 8;
	unsigned type = state->head[0];

	state->have = 0;
	if (type == CHUNK_PADDING || type == CHUNK_IDENTIFIER) {
		state->skip = bytes;
	} else if (type > CHUNK_PLAIN_UNSUMMED) {
		io->problem = "a chunk of unknown type";
	} else if (bytes > PACKED_BYTES_MAX) {
		io->problem = "a chunk that is too long";
	} else {
		state->packed_bytes = bytes;
		state->in_chunk = true;
	}
}

/* A chunk is whole. */
static void end_chunk(struct state *state, struct pw_unpack *io)
{
	unsigned type = state->head[0];
	bool summed = type == CHUNK_PACKED || type == CHUNK_PLAIN;
	const uint8_t *data = state->packed + (summed ? SUM_BYTES : 0);
	size_t bytes = state->packed_bytes;

	state->have = 0;
	state->in_chunk = false;
	state->taken = 0;
	state->plain_bytes = sizeof(state->plain);
	if (summed && bytes < SUM_BYTES) {
		io->problem = "a chunk without its checksum";
		return;
	}
	bytes -= summed ? SUM_BYTES : 0;
	if (type == CHUNK_PACKED || type == CHUNK_PACKED_UNSUMMED) {
		if (snappy_uncompress((const char *)data, bytes,
				      (char *)state->plain,
				      &state->plain_bytes) != SNAPPY_OK)
			io->problem = "a corrupt chunk";
	} else if (bytes > sizeof(state->plain)) {
		io->problem = "a chunk that is too long";
	} else {
		memcpy(state->plain, data, bytes);
		state->plain_bytes = bytes;
	}
	if (!io->problem && summed &&
	    pw_load32(state->packed) != masked_sum(state))
		io->problem = "a chunk with a wrong checksum";
	if (io->problem)
		state->plain_bytes = 0;
}

/* Move what there is of @wanted bytes; true when they are all there. */
static bool gather(struct state *state, uint8_t *to, size_t wanted,
		   struct pw_unpack *io)
{
	size_t bytes = wanted - state->have;

	if (bytes > io->in_bytes)
		bytes = io->in_bytes;
	memcpy(to + state->have, io->in, bytes);
	state->have += bytes;
	io->in += bytes;
	io->in_bytes -= bytes;
	return state->have == wanted;
}

static void drain(struct state *state, struct pw_unpack *io)
{
	size_t bytes = state->plain_bytes - state->taken;

	if (bytes > io->out_bytes)
		bytes = io->out_bytes;
	memcpy(io->out, state->plain + state->taken, bytes);
	state->taken += bytes;
	io->out += bytes;
	io->out_bytes -= bytes;
}

static void unpack(void *opaque, struct pw_unpack *io)
{
	struct state *state = opaque;
	size_t skipped;

	for (;;) {
		drain(state, io);
		if (state->taken < state->plain_bytes)
			return;
		skipped =
			state->skip < io->in_bytes ? state->skip : io->in_bytes;
		io->in += skipped;
		io->in_bytes -= skipped;
		state->skip -= skipped;
		io->whole = state->skip == 0 && !state->in_chunk &&
			    state->have == 0;
		if (io->in_bytes == 0 && !state->in_chunk)
			return;
		if (!state->in_chunk) {
			if (gather(state, state->head, HEAD_BYTES, io))
				begin_chunk(state, io);
		} else if (gather(state, state->packed, state->packed_bytes,
				  io)) {
			end_chunk(state, io);
		} else {
			return;
		}
		if (io->problem)
			return;
	}
}

static void close_state(void *opaque)
{
	free(opaque);
}

static const uint8_t magic[] = {0xff, 6, 0, 0, 's', 'N', 'a', 'P', 'p', 'Y'};

const struct pw_unpacker_ops pw_unpacker_snappy = {
	.name = "snappy",
	.source = "google/snappy, framing_format.txt; DynamoRIO, "
		  "clients/drcachesim/common/snappy_consts.h",
	.magic = magic,
	.magic_bytes = sizeof(magic),
	.open = open_state,
	.unpack = unpack,
	.close = close_state,
};
