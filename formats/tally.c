/*
 * tally.c - count kinds, eight in a word.
 *
 * Kinds are 1 load, 2 store, 3 both and 4 fetch, so bit 0 counts loads, bit 1
 * stores, both together read-modify-writes and bit 2 fetches. Each byte of a
 * sum counts its own column and is emptied before it can overflow.
 */
#include "formats/tally.h"

#include "base/assert.h"
#include "base/bits.h"

#define ONES UINT64_C(0x0101010101010101)
#define WORDS_MAX 255

/* The sum of the eight bytes of @columns. */
static uint64_t fold(uint64_t columns)
{
	uint64_t even = columns & UINT64_C(0x00ff00ff00ff00ff);
	uint64_t odd = (columns >> 8) & UINT64_C(0x00ff00ff00ff00ff);

	return ((even + odd) * UINT64_C(0x0001000100010001)) >> 48;
}

static void add_words(struct pw_tally *tally, const uint8_t *kind, size_t words)
{
	uint64_t loads = 0, stores = 0, modifies = 0, fetches = 0, firsts = 0;

	PW_ASSERT(words <= WORDS_MAX);
	for (size_t i = 0; i < words; i++) {
		uint64_t word = pw_load64(kind + i * 8);

		loads += word & ONES;
		stores += (word >> 1) & ONES;
		modifies += word & (word >> 1) & ONES;
		fetches += (word >> 2) & ONES;
		firsts += (word >> 4) & ONES;
	}
	tally->loads += fold(loads);
	tally->stores += fold(stores);
	tally->modifies += fold(modifies);
	tally->fetches += fold(fetches);
	tally->instructions += fold(firsts);
}

void pw_tally_add(struct pw_tally *tally, const uint8_t *kind, size_t count)
{
	uint8_t rest[8] = {0};

	while (count >= 8) {
		size_t words = count / 8 < WORDS_MAX ? count / 8 : WORDS_MAX;

		add_words(tally, kind, words);
		kind += words * 8;
		count -= words * 8;
	}
	if (count == 0)
		return;
	memcpy(rest, kind, count);
	add_words(tally, rest, 1);
}

void pw_tally_total(struct pw_totals *totals, const struct pw_tally *tally,
		    size_t count)
{
	totals->accesses += count;
	totals->loads += tally->loads;
	totals->stores += tally->stores;
	totals->modifies += tally->modifies;
	totals->fetches += tally->fetches;
	totals->instructions += tally->instructions;
}
