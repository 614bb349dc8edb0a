/*
 * dense_merge.c - count pairs, replace the frequent ones, and again.
 */
#include "formats/dense_merge.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/bits.h"
#include "formats/layout.h"

#define ROUNDS_MAX 10
#define COUNT_MIN 64  /* of a pair to be replaced */
#define SLOTS_MAX 512 /* of a merged symbol */
#define PLACES_FIRST 4096
#define SLOTS_ALL_MAX ((size_t)1 << 21) /* of all merged symbols */
_Static_assert(SLOTS_ALL_MAX / 2 <= PW_DENSE_RULES_MAX,
	       "a rule has two slots at least");
/* A round that replaces less than one symbol in so many is the last one. */
#define REPLACED_MIN 256

static const uint32_t no_pair = UINT32_MAX;

void pw_dense_merge_free(struct pw_dense_merge *merge)
{
	pw_array_free(&merge->rule);
	pw_array_free(&merge->slots);
	pw_array_free(&merge->pair);
	pw_array_free(&merge->at);
	free(merge->place);
	merge->place = NULL;
	merge->places = 0;
}

static size_t hash(uint32_t left, uint32_t right, size_t places)
{
	uint64_t key = (uint64_t)left << 32 | right;

	key *= UINT64_C(0x9e3779b97f4a7c15);
	return (size_t)(key ^ key >> 32) & (places - 1);
}

/* Make the table twice as large, and put all pairs into it again. */
static enum pw_status grow(struct pw_dense_merge *merge, struct pw_error *err)
{
	size_t places = merge->places ? merge->places * 2 : PLACES_FIRST;
	uint32_t *place = calloc(places, sizeof(*place));
	const struct pw_dense_pair *pair = merge->pair.data;

	if (!place)
		return pw_fail_memory(err, "a table of pairs");
	for (size_t i = 0; i < merge->pair.count; i++) {
		size_t at = hash(pair[i].left, pair[i].right, places);

		while (place[at] != 0)
			at = (at + 1) & (places - 1);
		place[at] = (uint32_t)i + 1;
	}
	free(merge->place);
	merge->place = place;
	merge->places = places;
	return PW_OK;
}

/* The number of a pair, which is added when it is new. */
static inline enum pw_status find(struct pw_dense_merge *merge, uint32_t left,
				  uint32_t right, uint32_t *number,
				  struct pw_error *err)
{
	const struct pw_dense_pair *pair = merge->pair.data;
	size_t at = hash(left, right, merge->places);
	struct pw_dense_pair new_pair = {left, right, 0, 0};
	enum pw_status st;

	while (merge->place[at] != 0) {
		*number = merge->place[at] - 1;
		if (pair[*number].left == left && pair[*number].right == right)
			return PW_OK;
		at = (at + 1) & (merge->places - 1);
	}
	*number = (uint32_t)merge->pair.count;
	merge->place[at] = *number + 1;
	st = pw_array_push(&merge->pair, &new_pair, err);
	if (st == PW_OK && merge->pair.count * 2 > merge->places)
		st = grow(merge, err);
	return st;
}

/* Count all pairs that may be replaced. */
static enum pw_status count_pairs(struct pw_dense_merge *merge,
				  const uint32_t *symbol, size_t count,
				  struct pw_error *err)
{
	const uint32_t *slots = merge->slots.data;
	uint32_t *at = merge->at.data;
	enum pw_status st = PW_OK;
	bool counted = false; /* the pair before */

	merge->pair.count = 0;
	if (merge->places == 0)
		st = grow(merge, err);
	else
		memset(merge->place, 0, merge->places * sizeof(*merge->place));
	for (size_t i = 0; i + 1 < count && st == PW_OK; i++) {
		uint32_t left = symbol[i], right = symbol[i + 1];

		at[i] = no_pair;
		if (left == 0 || right == 0 ||
		    slots[left] + slots[right] > SLOTS_MAX)
			continue;
		st = find(merge, left, right, &at[i], err);
		if (st != PW_OK)
			break;
		/* Of three alike the second pair is not one more. */
		counted = !(counted && left == right && i > 0 &&
			    at[i - 1] == at[i]);
		if (!counted)
			continue;
		PW_ARRAY_AT(&merge->pair, struct pw_dense_pair, at[i]).count++;
	}
	if (count > 0)
		at[count - 1] = no_pair;
	return st;
}

/* The symbol of a pair that is replaced. */
static enum pw_status give_symbol(struct pw_dense_merge *merge,
				  struct pw_dense_pair *pair,
				  struct pw_error *err)
{
	struct pw_dense_rule rule = {pair->left, pair->right};
	const uint32_t *slots = merge->slots.data;
	uint32_t both = slots[pair->left] + slots[pair->right];
	enum pw_status st;

	if (pair->symbol != 0)
		return PW_OK;
	pair->symbol = (uint32_t)merge->slots.count;
	merge->slots_all += both;
	st = pw_array_push(&merge->rule, &rule, err);
	if (st == PW_OK)
		st = pw_array_push(&merge->slots, &both, err);
	return st;
}

static uint32_t count_at(const struct pw_dense_merge *merge, size_t i)
{
	uint32_t number = PW_ARRAY_AT(&merge->at, uint32_t, i);

	if (number == no_pair)
		return 0;
	return PW_ARRAY_AT(&merge->pair, struct pw_dense_pair, number).count;
}

/* Replace frequent pairs from the left, unless the next one is better. */
static enum pw_status replace(struct pw_dense_merge *merge,
			      struct pw_array *symbols, struct pw_error *err)
{
	uint32_t *symbol = symbols->data;
	size_t count = symbols->count, out = 0, i = 0;
	uint32_t here = count > 0 ? count_at(merge, 0) : 0;
	enum pw_status st = PW_OK;

	while (i < count && st == PW_OK) {
		uint32_t next = i + 1 < count ? count_at(merge, i + 1) : 0;
		struct pw_dense_pair *pair;

		if (here < COUNT_MIN || here < next ||
		    merge->slots_all >= SLOTS_ALL_MAX - SLOTS_MAX) {
			symbol[out++] = symbol[i++];
			here = next;
			continue;
		}
		pair = &PW_ARRAY_AT(&merge->pair, struct pw_dense_pair,
				    PW_ARRAY_AT(&merge->at, uint32_t, i));
		st = give_symbol(merge, pair, err);
		symbol[out++] = pair->symbol;
		i += 2;
		here = i < count ? count_at(merge, i) : 0;
	}
	symbols->count = out;
	return st;
}

enum pw_status pw_dense_merge_run(struct pw_dense_merge *merge,
				  struct pw_array *symbols,
				  struct pw_error *err)
{
	enum pw_status st;

	PW_ASSERT(symbols->item_bytes == sizeof(uint32_t));
	merge->rule.count = 0;
	merge->slots_all = 0;
	st = pw_array_reserve(&merge->at, symbols->count + 1, err);
	for (int round = 0; round < ROUNDS_MAX && st == PW_OK; round++) {
		size_t before = symbols->count;

		st = count_pairs(merge, symbols->data, before, err);
		if (st == PW_OK)
			st = replace(merge, symbols, err);
		if (before - symbols->count <= before / REPLACED_MIN)
			break;
	}
	return st;
}
