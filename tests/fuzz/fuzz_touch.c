/*
 * fuzz_touch.c - any streams at all to the decoder of touches.
 *
 * The input is u32 accesses, u32 instructions, six times a u16 length, and so
 * many bytes of each stream in order; either codec gets them. The streams are
 * packed here, since next to no mutation of a zstd frame is one.
 */
#include <string.h>

#include "base/assert.h"
#include "base/bits.h"
#include "formats/codec_touch.h"
#include "formats/layout.h"
#include "formats/touch_cut.h"
#include "formats/touch_wire.h"

#define HEAD_BYTES (8 + 2 * PW_TOUCH_STREAMS)
#define RECORDS_SEEN ((size_t)1 << 20) /* more take long */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Pack the streams; returns how many bytes they have. */
static uint64_t pack(const uint8_t *data, size_t bytes, struct pw_array *out)
{
	ZSTD_CCtx *zstd = ZSTD_createCCtx();
	const uint8_t *at = data + HEAD_BYTES;
	size_t left = bytes - HEAD_BYTES;
	uint64_t raw_bytes = 0;
	struct pw_error err;

	PW_ASSERT(zstd);
	PW_ASSERT(pw_array_reserve(out, PW_TOUCH_TABLE_BYTES, &err) == PW_OK);
	out->count = PW_TOUCH_TABLE_BYTES;
	for (size_t s = 0; s < PW_TOUCH_STREAMS; s++) {
		size_t length = pw_load16(data + 8 + 2 * s);

		length = length < left ? length : left;
		PW_ASSERT(pw_stream_pack(zstd, at, length, out,
					 s * PW_STREAM_ENTRY_BYTES,
					 &err) == PW_OK);
		at += length;
		left -= length;
		raw_bytes += length;
	}
	ZSTD_freeCCtx(zstd);
	return raw_bytes;
}

static void check_touches(const struct pw_touches *touches)
{
	PW_ASSERT(touches->count > 0);
	PW_ASSERT(touches->count <= PW_TOUCH_PIECE_MAX);
	for (size_t i = 0; i < touches->count; i++) {
		bool fetch = touches->flags[i] & PW_TOUCH_FETCH;

		PW_ASSERT(touches->page[i] <= UINT64_MAX >> PW_PAGE_SHIFT);
		PW_ASSERT(fetch == (touches->fetches[i] > 0));
		PW_ASSERT(fetch !=
			  (touches->loads[i] + touches->stores[i] > 0));
		PW_ASSERT(!(touches->flags[i] & PW_TOUCH_CONTINUED));
	}
}

/* Expand all pieces of a plan that could be made. */
static void expand(struct pw_touch_plan *plan, uint64_t accesses)
{
	size_t pieces, records = 0;
	const struct pw_touch_piece *piece =
		pw_touch_plan_pieces(plan, &pieces);
	uint64_t clock = 0, sum = 0;

	for (size_t i = 0; i < pieces && records < RECORDS_SEEN; i++) {
		struct pw_touches touches;

		PW_ASSERT(piece[i].accesses > 0);
		PW_ASSERT(piece[i].accesses <= PW_TOUCH_CUT);
		pw_touch_plan_next(plan, clock, &touches);
		check_touches(&touches);
		clock += piece[i].tally.instructions;
		sum += piece[i].accesses;
		records += touches.count;
		PW_ASSERT(touches.instruction[touches.count - 1] <= clock);
	}
	PW_ASSERT(records >= RECORDS_SEEN || sum == accesses);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct pw_array packed = PW_ARRAY(uint8_t);
	struct pw_generic_payload payload;
	struct pw_touch_plan *plan;
	struct pw_error err;
	if (bytes < HEAD_BYTES)
		return 0;
	payload.raw_bytes = pack(data, bytes, &packed);
	payload.bytes = packed.data;
	payload.payload_bytes = packed.count;
	payload.count = pw_load32(data);
	PW_ASSERT(pw_touch_plan_open(&plan, &err) == PW_OK);
	for (uint32_t codec = PW_CODEC_ZSTD; codec <= PW_CODEC_NUMBERED;
	     codec++) {
		enum pw_status st = pw_touch_plan_make(
			plan, codec, &payload, pw_load32(data + 4), &err);

		PW_ASSERT(st == PW_OK || st == PW_ERR_FORMAT);
		if (st == PW_OK)
			expand(plan, payload.count);
	}
	pw_touch_plan_close(plan);
	pw_array_free(&packed);
	return 0;
}
