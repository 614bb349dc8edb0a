/*
 * frames.c - who has which frame of a memory that never runs short.
 */
#include "replay/memory/frames.h"

#include <stdbool.h>

#include "base/assert.h"

#define SPAN_FRAMES ((uint64_t)1 << PW_FRAMES_ORDER_MAX)
#define WORD_SHIFT 6
#define WORD_FRAMES ((uint64_t)1 << WORD_SHIFT)
#define SPAN_WORDS (SPAN_FRAMES / WORD_FRAMES)

struct span {
	uint64_t used;	/* frames taken; all of them: the words say nothing */
	uint64_t *word; /* a bit for each frame taken; NULL: none was */
};

void pw_frames_make(struct pw_frames *frames)
{
	memset(frames, 0, sizeof(*frames));
	frames->spans = (struct pw_array)PW_ARRAY(struct span);
}

static struct span *span_of(const struct pw_frames *frames, uint64_t frame)
{
	PW_DEBUG_ASSERT(frame / SPAN_FRAMES < frames->spans.count);
	return &PW_ARRAY_AT(&frames->spans, struct span, frame / SPAN_FRAMES);
}

void pw_frames_free(struct pw_frames *frames)
{
	for (size_t i = 0; i < frames->spans.count; i++)
		free(span_of(frames, i * SPAN_FRAMES)->word);
	pw_array_free(&frames->spans);
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

static bool is_free(const struct span *span, unsigned order, uint64_t frame)
{
	uint64_t word = frame % SPAN_FRAMES / WORD_FRAMES;
	uint64_t taken = 0;

	if (span->used == 0)
		return true;
	if (order == PW_FRAMES_ORDER_MAX)
		return false;
	for (uint64_t i = 0; i < words_of(order) && !taken; i++)
		taken = span->word[word + i] & mask_of(order, frame);
	return taken == 0;
}

/* The block of @order after that at @frame; words with no free frame are
 * passed over at once. */
static uint64_t pass(const struct span *span, unsigned order, uint64_t frame)
{
	bool full = span->word &&
		    span->word[frame % SPAN_FRAMES / WORD_FRAMES] == UINT64_MAX;

	if (full && order < WORD_SHIFT)
		return (frame / WORD_FRAMES + 1) * WORD_FRAMES;
	return frame + ((uint64_t)1 << order);
}

/* The first block of @order from @frame on that is free. */
static uint64_t find_free(const struct pw_frames *frames, unsigned order,
			  uint64_t frame)
{
	PW_DEBUG_ASSERT(frame % ((uint64_t)1 << order) == 0);
	while (frame / SPAN_FRAMES < frames->spans.count) {
		const struct span *span = span_of(frames, frame);

		if (span->used == SPAN_FRAMES)
			frame = (frame / SPAN_FRAMES + 1) * SPAN_FRAMES;
		else if (is_free(span, order, frame))
			break;
		else
			frame = pass(span, order, frame);
	}
	return frame;
}

/* Let there be a span for @frame, with words for a block of @order. */
static enum pw_status reach(struct pw_frames *frames, unsigned order,
			    uint64_t frame, struct pw_error *err)
{
	enum pw_status st = PW_OK;
	struct span *span;

	while (frames->spans.count <= frame / SPAN_FRAMES && st == PW_OK)
		st = pw_array_push(&frames->spans, NULL, err);
	if (st != PW_OK)
		return st;
	span = span_of(frames, frame);
	if (span->word || order == PW_FRAMES_ORDER_MAX)
		return PW_OK;
	span->word = calloc(SPAN_WORDS, sizeof(*span->word));
	return span->word ? PW_OK : pw_fail_memory(err, "frames");
}

/* Set or clear the bits of a block, which are all otherwise. */
static void turn(const struct span *span, unsigned order, uint64_t frame)
{
	uint64_t *word = span->word + frame % SPAN_FRAMES / WORD_FRAMES;
	uint64_t mask = mask_of(order, frame);
	uint64_t before = word[0] & mask;

	PW_ASSERT(before == 0 || before == mask);
	for (uint64_t i = 0; i < words_of(order); i++) {
		PW_ASSERT((word[i] & mask) == before);
		word[i] ^= mask;
	}
}

enum pw_status pw_frames_take(struct pw_frames *frames, unsigned order,
			      uint64_t *frame, struct pw_error *err)
{
	uint64_t first, size = (uint64_t)1 << order;
	enum pw_status st;

	PW_ASSERT(order <= PW_FRAMES_ORDER_MAX);
	first = find_free(frames, order, frames->free_from[order]);
	st = reach(frames, order, first, err);
	if (st != PW_OK)
		return st;
	if (order < PW_FRAMES_ORDER_MAX)
		turn(span_of(frames, first), order, first);
	span_of(frames, first)->used += size;
	frames->free_from[order] = first + size;
	frames->used += size;
	*frame = first;
	return PW_OK;
}

void pw_frames_give(struct pw_frames *frames, unsigned order, uint64_t frame)
{
	struct span *span = span_of(frames, frame);
	uint64_t size = (uint64_t)1 << order;

	PW_ASSERT(order <= PW_FRAMES_ORDER_MAX);
	PW_ASSERT(span->used >= size && frames->used >= size);
	if (order < PW_FRAMES_ORDER_MAX)
		turn(span, order, frame);
	for (unsigned i = 0; i <= PW_FRAMES_ORDER_MAX; i++) {
		uint64_t block = frame >> i << i;

		if (frames->free_from[i] > block)
			frames->free_from[i] = block;
	}
	span->used -= size;
	frames->used -= size;
}
