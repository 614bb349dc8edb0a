/*
 * frames.c - who has which frame of a memory that never runs short.
 */
#include "replay/frames.h"

#include "base/assert.h"

#define WORD_SHIFT 6
#define WORD_FRAMES ((uint64_t)1 << WORD_SHIFT)

void pw_frames_make(struct pw_frames *frames)
{
	memset(frames, 0, sizeof(*frames));
	frames->words = (struct pw_array)PW_ARRAY(uint64_t);
}

void pw_frames_free(struct pw_frames *frames)
{
	pw_array_free(&frames->words);
}

/* The bits of a block in its word, or, of a large one, in each of them. */
static uint64_t mask_of(unsigned order, uint64_t frame)
{
	uint64_t bits = order < WORD_SHIFT ? ((uint64_t)1 << (1u << order)) - 1
					   : UINT64_MAX;

	return bits << frame % WORD_FRAMES;
}

static uint64_t words_of(unsigned order)
{
	return order < WORD_SHIFT ? 1 : (uint64_t)1 << (order - WORD_SHIFT);
}

static uint64_t *word_at(const struct pw_frames *frames, uint64_t index)
{
	return &PW_ARRAY_AT(&frames->words, uint64_t, index);
}

/* The first block of @order from @frame on that is free. */
static uint64_t find_free(const struct pw_frames *frames, unsigned order,
			  uint64_t frame)
{
	uint64_t words = words_of(order);
	uint64_t checked = 0; /* words of the block at @frame that are free */

	PW_DEBUG_ASSERT(frame % ((uint64_t)1 << order) == 0);
	while (checked < words) {
		uint64_t index = frame / WORD_FRAMES + checked;

		if (index >= frames->words.count)
			break;
		if (!(*word_at(frames, index) & mask_of(order, frame))) {
			checked++;
			continue;
		}
		checked = 0;
		frame += (uint64_t)1 << order;
	}
	return frame;
}

static enum pw_status reach(struct pw_frames *frames, uint64_t words,
			    struct pw_error *err)
{
	enum pw_status st = pw_array_reserve(&frames->words, words, err);

	while (st == PW_OK && frames->words.count < words)
		st = pw_array_push(&frames->words, NULL, err);
	return st;
}

enum pw_status pw_frames_take(struct pw_frames *frames, unsigned order,
			      uint64_t *frame, struct pw_error *err)
{
	uint64_t first, words = words_of(order);
	enum pw_status st;

	PW_ASSERT(order <= PW_FRAMES_ORDER_MAX);
	first = find_free(frames, order, frames->free_from[order]);
	st = reach(frames, first / WORD_FRAMES + words, err);
	if (st != PW_OK)
		return st;
	for (uint64_t i = 0; i < words; i++)
		*word_at(frames, first / WORD_FRAMES + i) |=
			mask_of(order, first);
	frames->free_from[order] = first + ((uint64_t)1 << order);
	frames->used += (uint64_t)1 << order;
	*frame = first;
	return PW_OK;
}

void pw_frames_give(struct pw_frames *frames, unsigned order, uint64_t frame)
{
	PW_ASSERT(order <= PW_FRAMES_ORDER_MAX);
	PW_ASSERT(frames->used >= (uint64_t)1 << order);
	for (uint64_t i = 0; i < words_of(order); i++) {
		uint64_t *word = word_at(frames, frame / WORD_FRAMES + i);
		uint64_t mask = mask_of(order, frame);

		PW_ASSERT((*word & mask) == mask);
		*word &= ~mask;
	}
	for (unsigned i = 0; i <= PW_FRAMES_ORDER_MAX; i++) {
		uint64_t block = frame >> i << i;

		if (frames->free_from[i] > block)
			frames->free_from[i] = block;
	}
	frames->used -= (uint64_t)1 << order;
}
