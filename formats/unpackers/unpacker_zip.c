/*
 * unpacker_zip.c - the members of a zip file, one after the other.
 *
 * Members are found by their local headers, from the front, and not by the
 * directory at the end: then a file that was cut still gives what is whole.
 * A member is deflated or stored.
 */
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

#include "base/bits.h"
#include "base/status.h"
#include "formats/unpacker.h"

#define HEADER_BYTES 30
#define MAGIC_MEMBER UINT32_C(0x04034b50)
#define MAGIC_DIRECTORY UINT32_C(0x02014b50)
#define MAGIC_DIRECTORY_END UINT32_C(0x06054b50) /* of an empty one */
#define MAGIC_DESCRIPTOR UINT32_C(0x08074b50)
#define METHOD_STORED 0
#define METHOD_DEFLATED 8
#define FLAG_ENCRYPTED 1
#define FLAG_DESCRIPTOR 8 /* sums and sizes follow the data */
/* With its magic and 64-bit sizes; the next header follows in any case. */
#define DESCRIPTOR_BYTES_MAX 24
#define SIZE64 UINT32_MAX /* the size is in the extra field */

enum step {
	STEP_HEADER, /* or what comes after the last member */
	STEP_NAME,   /* skipping the name */
	STEP_EXTRA,  /* gathering the extra field */
	STEP_DATA,
	STEP_DESCRIPTOR,
	STEP_OVER,
};

struct state {
	z_stream zlib;
	enum step step;
	bool descriptor;
	unsigned method;
	uint64_t skip;	    /* bytes of the name */
	size_t extra_bytes; /* of the extra field */
	size_t have;	    /* gathered in buffer */
	uint64_t packed_bytes;
	uint64_t packed; /* used so far */
	uint64_t plain;	 /* unpacked so far */
	uint64_t size;	 /* what the header says it will be */
	uint32_t sum;
	uint32_t wanted_sum;
	uint8_t buffer[UINT16_MAX];
};

static void *open_state(void)
{
	struct state *state = calloc(1, sizeof(*state));

	if (state && inflateInit2(&state->zlib, -15) != Z_OK) {
		free(state);
		return NULL;
	}
	return state;
}

/* Move what there is of @wanted bytes; true when they are all there. */
static bool gather(struct state *state, size_t wanted, struct pw_unpack *io)
{
	size_t bytes = wanted - state->have;

	if (bytes > io->in_bytes)
		bytes = io->in_bytes;
	memcpy(state->buffer + state->have, io->in, bytes);
	state->have += bytes;
	io->in += bytes;
	io->in_bytes -= bytes;
	return state->have == wanted;
}

static void read_header(struct state *state, struct pw_unpack *io)
{
	const uint8_t *h = state->buffer;
	unsigned flags = pw_load16(h + 6);

	state->method = pw_load16(h + 8);
	state->wanted_sum = pw_load32(h + 14);
	state->packed_bytes = pw_load32(h + 18);
	state->size = pw_load32(h + 22);
	state->skip = pw_load16(h + 26);
	state->extra_bytes = pw_load16(h + 28);
	state->descriptor = (flags & FLAG_DESCRIPTOR) != 0;
	state->have = 0;
	state->packed = state->plain = 0;
	state->sum = 0;
	state->step = STEP_NAME;
	inflateReset(&state->zlib);
	if (flags & FLAG_ENCRYPTED)
		io->problem = "an encrypted member";
	else if (state->method != METHOD_STORED &&
		 state->method != METHOD_DEFLATED)
		io->problem = "a member that is neither deflated nor stored";
	else if (state->method == METHOD_STORED && state->descriptor)
		io->problem = "a stored member of unknown size";
}

/* Between members, or at the directory that follows the last one. */
static void take_header(struct state *state, struct pw_unpack *io)
{
	uint32_t found;

	if (state->have < 4 && !gather(state, 4, io))
		return;
	found = pw_load32(state->buffer);
	if (found == MAGIC_MEMBER) {
		if (gather(state, HEADER_BYTES, io))
			read_header(state, io);
	} else if (found == MAGIC_DIRECTORY || found == MAGIC_DIRECTORY_END) {
		state->step = STEP_OVER;
	} else {
		io->problem = "neither a member nor the directory";
	}
}

/* Sizes of 64 bits: field 1, the plain one first. */
static void take_extra(struct state *state, struct pw_unpack *io)
{
	const uint8_t *p = state->buffer;
	const uint8_t *end = p + state->extra_bytes;

	if (!gather(state, state->extra_bytes, io))
		return;
	while (end - p >= 4) {
		size_t bytes = pw_load16(p + 2);

		if (bytes > (size_t)(end - p) - 4)
			break;
		if (pw_load16(p) == 1 && bytes >= 16) {
			if (state->size == SIZE64)
				state->size = pw_load64(p + 4);
			if (state->packed_bytes == SIZE64)
				state->packed_bytes = pw_load64(p + 12);
		}
		p += 4 + bytes;
	}
	state->have = 0;
	state->step = STEP_DATA;
}

static void check_member(struct state *state, struct pw_unpack *io)
{
	state->step = state->descriptor ? STEP_DESCRIPTOR : STEP_HEADER;
	if (state->descriptor)
		return;
	if (state->sum != state->wanted_sum || state->plain != state->size)
		io->problem = "a member with a wrong checksum or size";
}

/* How much of the input is the member's. */
static size_t member_bytes(const struct state *state, size_t in_bytes)
{
	uint64_t left = state->packed_bytes - state->packed;

	return !state->descriptor && left < in_bytes ? (size_t)left : in_bytes;
}

static void take_deflated(struct state *state, struct pw_unpack *io)
{
	z_stream *zlib = &state->zlib;
	size_t used = member_bytes(state, io->in_bytes);
	size_t filled = io->out_bytes;
	int result;

	zlib->next_in = io->in;
	zlib->avail_in = (uInt)used;
	zlib->next_out = io->out;
	zlib->avail_out = (uInt)filled;
	result = inflate(zlib, Z_NO_FLUSH);
	used -= zlib->avail_in;
	filled -= zlib->avail_out;
	state->sum = (uint32_t)crc32(state->sum, io->out, (uInt)filled);
	state->packed += used;
	state->plain += filled;
	io->in += used;
	io->in_bytes -= used;
	io->out += filled;
	io->out_bytes -= filled;
	if (result == Z_STREAM_END)
		check_member(state, io);
	else if (result != Z_OK && result != Z_BUF_ERROR)
		io->problem = zlib->msg ? zlib->msg : "corrupt data";
	else if (used == 0 && filled == 0 && !state->descriptor &&
		 state->packed == state->packed_bytes)
		io->problem = "a member that is longer than its size";
}

static void take_stored(struct state *state, struct pw_unpack *io)
{
	size_t bytes = member_bytes(state, io->in_bytes);

	if (bytes > io->out_bytes)
		bytes = io->out_bytes;
	memcpy(io->out, io->in, bytes);
	state->sum = (uint32_t)crc32(state->sum, io->out, (uInt)bytes);
	state->packed += bytes;
	state->plain += bytes;
	io->in += bytes;
	io->in_bytes -= bytes;
	io->out += bytes;
	io->out_bytes -= bytes;
	if (state->packed == state->packed_bytes)
		check_member(state, io);
}

/*
 * With or without a magic, with sizes of 32 or 64 bits: whichever of the four
 * fits. Something of at least that length always follows, at the end the
 * directory.
 */
static void take_descriptor(struct state *state, struct pw_unpack *io)
{
	const uint8_t *p = state->buffer;
	size_t from, used;

	if (!gather(state, DESCRIPTOR_BYTES_MAX, io))
		return;
	from = pw_load32(p) == MAGIC_DESCRIPTOR ? 4 : 0;
	if (pw_load32(p + from) != state->sum) {
		io->problem = "a member with a wrong checksum";
		return;
	}
	if (pw_load64(p + from + 4) == state->packed &&
	    pw_load64(p + from + 12) == state->plain) {
		used = from + 20;
	} else if (pw_load32(p + from + 4) == (uint32_t)state->packed &&
		   pw_load32(p + from + 8) == (uint32_t)state->plain) {
		used = from + 12;
	} else {
		io->problem = "a member with a wrong size";
		return;
	}
	/* The rest is the beginning of the next header. */
	state->have = DESCRIPTOR_BYTES_MAX - used;
	memmove(state->buffer, state->buffer + used, state->have);
	state->step = STEP_HEADER;
}

static void take_step(struct state *state, struct pw_unpack *io)
{
	size_t bytes;

	switch (state->step) {
	case STEP_HEADER:
		take_header(state, io);
		break;
	case STEP_NAME:
		bytes = state->skip < io->in_bytes ? (size_t)state->skip
						   : io->in_bytes;
		io->in += bytes;
		io->in_bytes -= bytes;
		state->skip -= bytes;
		if (state->skip == 0)
			state->step = STEP_EXTRA;
		break;
	case STEP_EXTRA:
		take_extra(state, io);
		break;
	case STEP_DATA:
		if (state->method == METHOD_DEFLATED)
			take_deflated(state, io);
		else
			take_stored(state, io);
		break;
	case STEP_DESCRIPTOR:
		take_descriptor(state, io);
		break;
	case STEP_OVER:
		io->whole = io->over = true;
		break;
	}
}

static void unpack(void *opaque, struct pw_unpack *io)
{
	struct state *state = opaque;

	for (;;) {
		enum step step = state->step;
		size_t in_bytes = io->in_bytes;
		size_t out_bytes = io->out_bytes;

		io->whole = false;
		take_step(state, io);
		if (io->problem || io->over)
			return;
		if (step == state->step && in_bytes == io->in_bytes &&
		    out_bytes == io->out_bytes)
			return;
		if (io->out_bytes == 0)
			return;
	}
}

static void close_state(void *opaque)
{
	struct state *state = opaque;

	inflateEnd(&state->zlib);
	free(state);
}

static const uint8_t magic[] = {'P', 'K', 3, 4};

const struct pw_unpacker_ops pw_unpacker_zip = {
	.name = "zip",
	.source = "PKWARE, APPNOTE.TXT 6.3.10, sections 4.3 to 4.5",
	.magic = magic,
	.magic_bytes = sizeof(magic),
	.open = open_state,
	.unpack = unpack,
	.close = close_state,
};
