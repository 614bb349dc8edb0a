/*
 * frames.h - who has which frame of a memory that never runs short.
 *
 * A frame is 4 KiB, and a block of order k is 2^k frames at a multiple of 2^k.
 * The lowest free block is taken, so that what came before does not matter but
 * for what it left taken.
 */
#ifndef PW_REPLAY_FRAMES_H
#define PW_REPLAY_FRAMES_H

#include <stdint.h>

#include "base/array.h"
#include "base/status.h"

#define PW_FRAME_SHIFT 12
#define PW_FRAMES_ORDER_MAX 18 /* 1 GiB */

struct pw_frames {
	struct pw_array spans; /* of 1 GiB each; see frames.c */
	uint64_t free_from[PW_FRAMES_ORDER_MAX + 1]; /* by order: none below */
	uint64_t used;				     /* frames taken */
};

/*
 * Make a memory of which nothing is taken.
 *
 * Owns: what it grows; free it with pw_frames_free.
 */
void pw_frames_make(struct pw_frames *frames);

/*
 * Free the memory that says what is taken.
 */
void pw_frames_free(struct pw_frames *frames);

/*
 * Take the lowest free block of @order, at most PW_FRAMES_ORDER_MAX; *frame is
 * its first frame.
 *
 * Errors: PW_ERR_SYSTEM nothing is taken.
 * Cost:   O(1) when nothing was given back since; a bit a frame of each GiB
 *         that is not a block by itself.
 */
enum pw_status pw_frames_take(struct pw_frames *frames, unsigned order,
			      uint64_t *frame,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Give back the block of @order at @frame, which was taken.
 */
void pw_frames_give(struct pw_frames *frames, unsigned order, uint64_t frame);

#endif
