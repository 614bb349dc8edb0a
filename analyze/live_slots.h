/*
 * live_slots.h - slots in order of time, and how many live ones are later.
 *
 * A bitmap with counts of its set bits at three scales: 64, 4096 and 262144
 * slots. Taking and freeing a slot changes one count a scale; a question adds
 * up less than 64 neighbours a scale, and the largest scale as a whole.
 * Slots are taken in ascending order; when they run out the live ones move
 * together at the beginning, keeping their order.
 */
#ifndef PW_ANALYZE_LIVE_SLOTS_H
#define PW_ANALYZE_LIVE_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define PW_SLOT_NONE UINT32_MAX

struct pw_live_slots {
	uint64_t *word;	   /* a bit a slot */
	uint8_t *by_word;  /* live slots of each word */
	uint16_t *by_page; /* of each 64 words */
	uint32_t *by_area; /* of each 4096 words */
	size_t capacity;   /* slots */
	size_t taken;	   /* the next slot to give out */
	size_t live;
};

/*
 * Begin with no slot.
 *
 * Owns:   free @slots with pw_live_slots_close, also after a failure.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_live_slots_open(struct pw_live_slots *slots,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * Free what @slots holds.
 */
void pw_live_slots_close(struct pw_live_slots *slots);

/*
 * Make sure that one more slot can be taken: move the live slots together,
 * with four times their number as the new capacity. slot[0 .. count - 1] are
 * all slots held (or PW_SLOT_NONE) and are brought up to date.
 *
 * Errors: PW_ERR_SYSTEM.
 * Cost:   O(count), once in 3 x count calls of pw_live_slots_take.
 */
enum pw_status pw_live_slots_make_room(struct pw_live_slots *slots,
				       uint32_t *slot, size_t count,
				       struct pw_error *err) PW_MUST_CHECK;

/*
 * Whether pw_live_slots_make_room must come before pw_live_slots_take.
 */
static inline bool pw_live_slots_full(const struct pw_live_slots *slots)
{
	return slots->taken == slots->capacity;
}

/*
 * Take the next slot, later than all others.
 */
uint32_t pw_live_slots_take(struct pw_live_slots *slots);

/*
 * Free @slot and return how many live slots are later than it.
 */
size_t pw_live_slots_free(struct pw_live_slots *slots, uint32_t slot);

#endif
