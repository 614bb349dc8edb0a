/*
 * verify_look.c - counts and pages of a decoded segment.
 */
#include "formats/verify_look.h"

#include "base/assert.h"
#include "base/bits.h"
#include "formats/tally.h"

static void widen(struct pw_pages *pages, uint64_t min, uint64_t max)
{
	pages->min = min < pages->min ? min : pages->min;
	pages->max = max > pages->max ? max : pages->max;
}

static void widen_to_accesses(struct pw_pages *pages,
			      const struct pw_accesses *accesses)
{
	uint64_t min = UINT64_MAX, max = 0;

	for (size_t i = 0; i < accesses->count; i++) {
		uint64_t first = accesses->address[i];
		uint64_t last =
			pw_access_last_byte(first, accesses->size_bytes[i]);

		min = first < min ? first : min;
		max = last > max ? last : max;
	}
	widen(pages, min >> PW_PAGE_SHIFT, max >> PW_PAGE_SHIFT);
}

static void look_at_accesses(struct pw_look *look,
			     const struct pw_segment *segment,
			     const struct pw_segment_batch *batch,
			     struct pw_pages *pages)
{
	struct pw_accesses some = {0};

	for (size_t at = 0; at < batch->count; at += some.count) {
		size_t left = batch->count - at;

		pw_segment_accesses(
			segment, batch, at,
			left < PW_WINDOW_ACCESSES ? left : PW_WINDOW_ACCESSES,
			&some);
		widen_to_accesses(pages, &some);
		pw_tally_add(&look->tally, some.kind, some.count);
	}
	look->accesses += batch->count;
}

static void look_at_touches(struct pw_look *look,
			    const struct pw_segment *segment,
			    const struct pw_segment_batch *batch,
			    struct pw_pages *pages)
{
	struct pw_touch_piece piece;
	struct pw_touches touches;

	if (!pw_segment_touches(segment, batch, 0, &piece, &touches))
		return;
	for (size_t i = 0; i < touches.count; i++)
		widen(pages, touches.page[i], touches.page[i]);
	look->tally.loads += piece.tally.loads;
	look->tally.stores += piece.tally.stores;
	look->tally.modifies += piece.tally.modifies;
	look->tally.fetches += piece.tally.fetches;
	look->tally.instructions += piece.tally.instructions;
	look->accesses += piece.accesses;
}

enum pw_status pw_look_at(struct pw_look *look,
			  const struct pw_segment *segment,
			  struct pw_error *err)
{
	const struct pw_pages none = {UINT64_MAX, 0};
	const struct pw_segment_batch *batch = segment->batches.data;
	enum pw_status st;

	look->pages.count = 0;
	look->tally = (struct pw_tally){0};
	look->accesses = 0;
	look->events = segment->event_kind.count;
	do { /* so there is always an array */
		st = pw_array_push(&look->pages, &none, err);
	} while (st == PW_OK && look->pages.count < segment->parts.count);
	if (st != PW_OK)
		return st;
	for (size_t i = 0; i < segment->batches.count; i++, batch++) {
		struct pw_pages *pages;

		PW_ASSERT(batch->part < look->pages.count);
		pages = &PW_ARRAY_AT(&look->pages, struct pw_pages,
				     batch->part);
		if (segment->touches)
			look_at_touches(look, segment, batch, pages);
		else
			look_at_accesses(look, segment, batch, pages);
	}
	return PW_OK;
}

void pw_look_free(struct pw_look *look)
{
	pw_array_free(&look->pages);
}
