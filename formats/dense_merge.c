/*
 * dense_merge.c - count pairs, replace the frequent ones, and again.
 */
#include "formats/dense_merge.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/bits.h"
#include "formats/layout.h"

#define ROUNDS_MAX 12
#define PLACES_FIRST 4096
#define SLOTS_ALL_MAX ((size_t)1 << 21) /* of all merged symbols */
_Static_assert(SLOTS_ALL_MAX / 2 <= PW_DENSE_RULES_MAX,
	       "a rule has two slots at least");
/* A round that replaces less than one symbol in so many is the last one. */
#define REPLACED_MIN 256

/* At a place in the symbols: a pair that is not frequent, or none. */
#define NO_PAIR UINT32_MAX
/* One that must be counted. */
#define NEW_PAIR 0

void pw_dense_merge_free(struct pw_dense_merge *merge)
{
	pw_array_free(&merge->rule);
	pw_array_free(&merge->slots);
	pw_array_free(&merge->key);
	pw_array_free(&merge->count);
	pw_array_free(&merge->made);
	pw_array_free(&merge->begun);
	pw_array_free(&merge->at);
	free(merge->place);
	merge->place = NULL;
	merge->places = 0;
	merge->places_made = 0;
}

/* ---- the table of pairs ---- */

static size_t hash(uint64_t key, size_t places)
{
	key *= UINT64_C(0x9e3779b97f4a7c15);
	return (size_t)(key ^ key >> 32) & (places - 1);
}

/* Use @places places, all empty. */
static enum pw_status clear_places(struct pw_dense_merge *merge, size_t places,
				   struct pw_error *err)
{
	if (places > merge->places_made) {
		free(merge->place);
		merge->places_made = 0;
		merge->place = malloc(places * sizeof(*merge->place));
		if (!merge->place)
			return pw_fail_memory(err, "a table of pairs");
		merge->places_made = places;
	}
	memset(merge->place, 0, places * sizeof(*merge->place));
	merge->places = places;
	return PW_OK;
}

/* Make the table twice as large, and put all pairs into it again. */
static enum pw_status grow(struct pw_dense_merge *merge, struct pw_error *err)
{
	const uint64_t *key = merge->key.data;
	enum pw_status st = clear_places(merge, merge->places * 2, err);

	for (size_t i = 0; i < merge->key.count && st == PW_OK; i++) {
		size_t at = hash(key[i], merge->places);

		while (merge->place[at] != 0)
			at = (at + 1) & (merge->places - 1);
		merge->place[at] = (uint32_t)i + 1;
	}
	return st;
}

/* Add a pair, whose place is @at. */
static enum pw_status add_pair(struct pw_dense_merge *merge, uint64_t key,
			       size_t at, struct pw_error *err)
{
	enum pw_status st = pw_array_push(&merge->key, &key, err);

	if (st == PW_OK)
		st = pw_array_push(&merge->count, NULL, err);
	merge->place[at] = (uint32_t)merge->key.count;
	if (st == PW_OK && merge->key.count * 2 > merge->places)
		st = grow(merge, err);
	return st;
}

/* The number of a pair, which is added when it is new. */
static enum pw_status find(struct pw_dense_merge *merge, uint32_t left,
			   uint32_t right, uint32_t *number,
			   struct pw_error *err)
{
	uint64_t key = (uint64_t)left << 32 | right;
	const uint64_t *keys = merge->key.data;
	size_t at = hash(key, merge->places);

	while (merge->place[at] != 0) {
		*number = merge->place[at] - 1;
		if (keys[*number] == key)
			return PW_OK;
		at = (at + 1) & (merge->places - 1);
	}
	*number = (uint32_t)merge->key.count;
	return add_pair(merge, key, at, err);
}

/* ---- rounds ---- */

/* No pair is known, and there is room for about @pairs. */
static enum pw_status begin_round(struct pw_dense_merge *merge, size_t pairs,
				  struct pw_error *err)
{
	size_t symbols = merge->slots.count, places = PLACES_FIRST;
	enum pw_status st = pw_array_reserve(&merge->begun, symbols + 1, err);

	if (st != PW_OK)
		return st;
	memset(merge->begun.data, 0, symbols * sizeof(struct pw_dense_pair));
	merge->key.count = 0;
	merge->count.count = 0;
	while (places < pairs && places < merge->places_made)
		places *= 2;
	return clear_places(merge, places, err);
}

/*
 * Count all pairs that may be replaced. What a symbol begins is most often what
 * it began the last time.
 */
static enum pw_status count_pairs(struct pw_dense_merge *merge,
				  const uint32_t *symbol, size_t count,
				  struct pw_error *err)
{
	struct pw_dense_pair *begun = merge->begun.data;
	const uint32_t *slots = merge->slots.data;
	uint32_t *at = merge->at.data, slots_max = merge->slots_max;
	enum pw_status st = PW_OK;
	bool counted = false; /* the pair before */

	for (size_t i = 0; i + 1 < count; i++) {
		uint32_t left = symbol[i], right = symbol[i + 1];

		if (at[i] == NO_PAIR)
			continue;
		if (left == 0 || right == 0 ||
		    slots[left] + slots[right] > slots_max) {
			at[i] = NO_PAIR;
			continue;
		}
		if (begun[left].right != right) {
			st = find(merge, left, right, &begun[left].number, err);
			if (st != PW_OK)
				return st;
			begun[left].right = right;
		}
		at[i] = begun[left].number;
		/* Of three alike the second pair is not one more. */
		counted = !(counted && left == right && i > 0 &&
			    at[i - 1] == at[i]);
		if (counted)
			PW_ARRAY_AT(&merge->count, uint32_t, at[i])++;
	}
	return st;
}

/* No pair has a symbol yet. */
static enum pw_status begin_symbols(struct pw_dense_merge *merge,
				    struct pw_error *err)
{
	size_t pairs = merge->key.count;
	enum pw_status st = pw_array_reserve(&merge->made, pairs + 1, err);

	if (st == PW_OK)
		memset(merge->made.data, 0, pairs * sizeof(uint32_t));
	return st;
}

/* The symbol of a pair that is replaced. */
static enum pw_status give_symbol(struct pw_dense_merge *merge, uint32_t pair,
				  uint32_t *symbol, struct pw_error *err)
{
	uint64_t key = PW_ARRAY_AT(&merge->key, uint64_t, pair);
	struct pw_dense_rule rule = {(uint32_t)(key >> 32), (uint32_t)key};
	const uint32_t *slots = merge->slots.data;
	uint32_t both = slots[rule.left] + slots[rule.right];
	enum pw_status st;

	*symbol = PW_ARRAY_AT(&merge->made, uint32_t, pair);
	if (*symbol != 0)
		return PW_OK;
	*symbol = (uint32_t)merge->slots.count;
	PW_ARRAY_AT(&merge->made, uint32_t, pair) = *symbol;
	merge->slots_all += both;
	st = pw_array_push(&merge->rule, &rule, err);
	if (st == PW_OK)
		st = pw_array_push(&merge->slots, &both, err);
	return st;
}

/* How frequent the pair at place @i is; 0 when it is not. */
static inline uint32_t count_at(const struct pw_dense_merge *merge, size_t i)
{
	uint32_t pair = PW_ARRAY_AT(&merge->at, uint32_t, i), count;

	if (pair == NO_PAIR)
		return 0;
	count = PW_ARRAY_AT(&merge->count, uint32_t, pair);
	return count < merge->count_min ? 0 : count;
}

/*
 * Replace frequent pairs from the left, unless the next one is better. Pairs
 * that are not frequent never will be, so only the others, and those that new
 * symbols are in, must be counted in the next round; *pairs is how many.
 */
static enum pw_status replace(struct pw_dense_merge *merge,
			      struct pw_array *symbols, size_t *pairs,
			      struct pw_error *err)
{
	uint32_t *symbol = symbols->data, *at = merge->at.data;
	size_t count = symbols->count, out = 0, i = 0;
	uint32_t here = count > 1 ? count_at(merge, 0) : 0;
	enum pw_status st = PW_OK;

	*pairs = 0;
	while (i < count && st == PW_OK) {
		uint32_t next = i + 2 < count ? count_at(merge, i + 1) : 0;

		if (here == 0 || here < next ||
		    merge->slots_all >= SLOTS_ALL_MAX - merge->slots_max) {
			at[out] = here == 0 ? NO_PAIR : NEW_PAIR;
			*pairs += here != 0;
			symbol[out++] = symbol[i++];
			here = next;
			continue;
		}
		st = give_symbol(merge, at[i], &symbol[out], err);
		if (out > 0)
			at[out - 1] = NEW_PAIR;
		i += 2;
		here = i + 1 < count ? count_at(merge, i) : 0;
		at[out++] = NEW_PAIR;
		*pairs += 2;
	}
	symbols->count = out;
	return st;
}

enum pw_status pw_dense_merge_run(struct pw_dense_merge *merge,
				  struct pw_array *symbols,
				  struct pw_error *err)
{
	size_t pairs = symbols->count;
	enum pw_status st;

	PW_ASSERT(symbols->item_bytes == sizeof(uint32_t));
	if (merge->slots_max == 0)
		merge->slots_max = PW_DENSE_MERGE_SLOTS;
	if (merge->count_min == 0)
		merge->count_min = PW_DENSE_MERGE_COUNT;
	merge->rule.count = 0;
	merge->slots_all = 0;
	st = pw_array_reserve(&merge->at, symbols->count + 1, err);
	if (st == PW_OK)
		memset(merge->at.data, 0,
		       (symbols->count + 1) * sizeof(uint32_t));
	for (int round = 0; round < ROUNDS_MAX && st == PW_OK; round++) {
		size_t before = symbols->count;

		st = begin_round(merge, pairs, err);
		if (st == PW_OK)
			st = count_pairs(merge, symbols->data, before, err);
		if (st == PW_OK)
			st = begin_symbols(merge, err);
		if (st == PW_OK)
			st = replace(merge, symbols, &pairs, err);
		if (before - symbols->count <= before / REPLACED_MIN)
			break;
	}
	return st;
}
