/*
 * pwt_segment_take.c - take touches, accesses and events out of a segment.
 */
#include <string.h>

#include "base/assert.h"
#include "formats/pwt_segment.h"
#include "formats/pwt_segment_part.h"

bool pw_segment_touches(const struct pw_segment *segment,
			const struct pw_segment_batch *batch, uint64_t clock,
			struct pw_touch_piece *piece, struct pw_touches *out)
{
	const struct pw_segment_part *part = segment->parts.data;
	size_t pieces;

	PW_ASSERT(segment->touches);
	if (batch->count == 0)
		return false;
	part += batch->part;
	*piece = pw_touch_plan_pieces(part->plan, &pieces)[batch->first];
	PW_ASSERT(batch->first < pieces && piece->accesses == batch->count);
	pw_touch_plan_next(part->plan, clock, out);
	return true;
}

void pw_segment_accesses(const struct pw_segment *segment,
			 const struct pw_segment_batch *batch, size_t from,
			 size_t count, struct pw_accesses *out)
{
	const struct pw_segment_part *part = segment->parts.data;
	size_t first;

	PW_ASSERT(from + count <= batch->count);
	if (count == 0)
		return;
	part += batch->part;
	first = part->first + batch->first + from;
	if (part->window) {
		pw_window_next(part->window, count, out);
		return;
	}
	PW_ASSERT(first + count <= segment->kind.capacity);
	out->count = count;
	out->address = (const uint64_t *)segment->address.data + first;
	out->pc = (const uint64_t *)segment->pc.data + first;
	out->size_bytes = (const uint32_t *)segment->size.data + first;
	out->kind = (const uint8_t *)segment->kind.data + first;
}

void pw_segment_events(const struct pw_segment *segment,
		       const struct pw_segment_batch *batch,
		       struct pw_events *out)
{
	size_t first = batch->first_event;

	PW_ASSERT(first + batch->event_count <= segment->event_kind.count);
	memset(out, 0, sizeof(*out));
	if (batch->event_count == 0)
		return;
	out->count = batch->event_count;
	out->kind = (const uint16_t *)segment->event_kind.data + first;
	out->result = (const uint64_t *)segment->event_result.data + first;
	out->arg = (const uint64_t(*)[PW_EVENT_ARGS])segment->event_arg.data +
		   first;
	out->text = (const char *const *)segment->event_text.data + first;
}
