/*
 * live_slots.c - a bitmap of live slots with counts at three scales.
 */
#include "analyze/live_slots.h"

#include "base/assert.h"
#include "base/bits.h"

#define FAN 64 /* words a page of them, pages an area */
#define WORD_SLOTS 64
#define PAGE_SLOTS ((size_t)WORD_SLOTS * FAN)
#define AREA_SLOTS (PAGE_SLOTS * FAN)
#define CAPACITY_MAX ((size_t)UINT32_MAX / AREA_SLOTS * AREA_SLOTS)

/* Set bits, without asking for an instruction that not every machine has. */
static unsigned popcount(uint64_t v)
{
	v -= (v >> 1) & UINT64_C(0x5555555555555555);
	v = (v & UINT64_C(0x3333333333333333)) +
	    ((v >> 2) & UINT64_C(0x3333333333333333));
	v = (v + (v >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (unsigned)((v * UINT64_C(0x0101010101010101)) >> 56);
}

/* The sum of eight bytes of at most 64 each. */
static unsigned sum_bytes(uint64_t v)
{
	const uint64_t even = UINT64_C(0x00ff00ff00ff00ff);

	v = (v & even) + ((v >> 8) & even);
	return (unsigned)((v * UINT64_C(0x0001000100010001)) >> 48);
}

void pw_live_slots_close(struct pw_live_slots *slots)
{
	free(slots->word);
	free(slots->by_word);
	free(slots->by_page);
	free(slots->by_area);
	*slots = (struct pw_live_slots){0};
}

/* Whole pages of words while there is one area, whole areas from then on. */
static size_t round_up(size_t capacity)
{
	size_t unit = capacity <= AREA_SLOTS ? PAGE_SLOTS : AREA_SLOTS;

	return (capacity + unit - 1) / unit * unit;
}

/* Empty slots with another capacity. */
static enum pw_status resize(struct pw_live_slots *slots, size_t capacity,
			     struct pw_error *err)
{
	PW_ASSERT(capacity % PAGE_SLOTS == 0);
	pw_live_slots_close(slots);
	slots->word = calloc(capacity / WORD_SLOTS, sizeof(*slots->word));
	slots->by_word = calloc(capacity / WORD_SLOTS, 1);
	slots->by_page =
		calloc(capacity / PAGE_SLOTS + FAN, sizeof(*slots->by_page));
	slots->by_area =
		calloc(capacity / AREA_SLOTS + 1, sizeof(*slots->by_area));
	if (!slots->word || !slots->by_word || !slots->by_page ||
	    !slots->by_area)
		return pw_fail_memory(err, "the order of pages");
	slots->capacity = capacity;
	return PW_OK;
}

enum pw_status pw_live_slots_open(struct pw_live_slots *slots,
				  struct pw_error *err)
{
	*slots = (struct pw_live_slots){0};
	return resize(slots, PAGE_SLOTS, err);
}

/* Replace each held slot by its rank among the live ones. */
static enum pw_status rank_slots(const struct pw_live_slots *slots,
				 uint32_t *slot, size_t count,
				 struct pw_error *err)
{
	const size_t words = slots->capacity / WORD_SLOTS;
	uint32_t *before = malloc(words * sizeof(*before));
	uint32_t live = 0;

	if (!before)
		return pw_fail_memory(err, "the order of pages");
	for (size_t w = 0; w < words; w++) {
		before[w] = live;
		live += slots->by_word[w];
	}
	PW_ASSERT(live == slots->live);
	for (size_t i = 0; i < count; i++) {
		uint64_t lower;

		if (slot[i] == PW_SLOT_NONE)
			continue;
		PW_DEBUG_ASSERT(slot[i] < slots->taken);
		lower = slots->word[slot[i] / WORD_SLOTS] &
			(((uint64_t)1 << (slot[i] % WORD_SLOTS)) - 1);
		slot[i] = before[slot[i] / WORD_SLOTS] + popcount(lower);
	}
	free(before);
	return PW_OK;
}

enum pw_status pw_live_slots_make_room(struct pw_live_slots *slots,
				       uint32_t *slot, size_t count,
				       struct pw_error *err)
{
	const size_t live = slots->live;
	size_t capacity = round_up(4 * (live + 1));
	enum pw_status st;

	PW_ASSERT(live <= count);
	if (capacity < slots->capacity)
		capacity = slots->capacity;
	if (capacity > CAPACITY_MAX)
		capacity = CAPACITY_MAX;
	if (live >= capacity)
		return pw_fail(err, PW_ERR_SYSTEM,
			       "more than %zu pages to keep in order", live);
	st = rank_slots(slots, slot, count, err);
	if (st != PW_OK)
		return st;
	st = resize(slots, capacity, err);
	if (st != PW_OK)
		return st;
	while (slots->live < live)
		pw_live_slots_take(slots);
	return PW_OK;
}

uint32_t pw_live_slots_take(struct pw_live_slots *slots)
{
	const size_t slot = slots->taken++;

	PW_ASSERT(slot < slots->capacity);
	slots->word[slot / WORD_SLOTS] |= (uint64_t)1 << (slot % WORD_SLOTS);
	slots->by_word[slot / WORD_SLOTS]++;
	slots->by_page[slot / PAGE_SLOTS]++;
	slots->by_area[slot / AREA_SLOTS]++;
	slots->live++;
	return (uint32_t)slot;
}

/* Live slots of the words after @word in its page of words. */
static size_t later_words(const struct pw_live_slots *slots, size_t word)
{
	size_t end = (word | (FAN - 1)) + 1;
	size_t sum = 0;

	for (word++; word % 8 != 0; word++)
		sum += slots->by_word[word];
	for (; word < end; word += 8)
		sum += sum_bytes(pw_load64(slots->by_word + word));
	return sum;
}

size_t pw_live_slots_free(struct pw_live_slots *slots, uint32_t slot)
{
	const size_t word = slot / WORD_SLOTS;
	const size_t page = slot / PAGE_SLOTS;
	const size_t area = slot / AREA_SLOTS;
	const size_t page_end = (page | (FAN - 1)) + 1;
	const size_t area_end = (slots->taken + AREA_SLOTS - 1) / AREA_SLOTS;
	const uint64_t bit = (uint64_t)1 << (slot % WORD_SLOTS);
	size_t later;

	PW_ASSERT(slot < slots->taken && (slots->word[word] & bit));
	later = popcount(slots->word[word] & ~(bit | (bit - 1)));
	later += later_words(slots, word);
	for (size_t i = page + 1; i < page_end; i++)
		later += slots->by_page[i];
	for (size_t i = area + 1; i < area_end; i++)
		later += slots->by_area[i];
	slots->word[word] &= ~bit;
	slots->by_word[word]--;
	slots->by_page[page]--;
	slots->by_area[area]--;
	slots->live--;
	return later;
}
