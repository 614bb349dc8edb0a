/*
 * dense_wire.c - operands and rules, the same for both sides.
 */
#include "formats/dense_wire.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/bits.h"

#define PLACES_MIN 64

enum pw_status pw_dense_operands_clear(struct pw_dense_operands *operands,
				       size_t count, struct pw_error *err)
{
	size_t places = PLACES_MIN;
	enum pw_status st;

	while (places < count * 2)
		places *= 2;
	st = pw_array_reserve(&operands->key, count + 1, err);
	if (st != PW_OK)
		return st;
	operands->key.count = 0;
	if (places > operands->places) {
		uint32_t *place = calloc(places, sizeof(*place));

		if (!place)
			return pw_fail_memory(err, "a table of operands");
		free(operands->place);
		operands->place = place;
	} else {
		places = operands->places;
		memset(operands->place, 0, places * sizeof(*operands->place));
	}
	operands->places = places;
	return PW_OK;
}

uint32_t pw_dense_operand(struct pw_dense_operands *operands, uint64_t pc,
			  uint64_t ordinal)
{
	struct pw_dense_key *key = operands->key.data;
	struct pw_dense_key wanted = {pc, ordinal};
	size_t mask = operands->places - 1;
	size_t at = (size_t)pw_mix64(pc + (ordinal << 56)) & mask;

	while (operands->place[at] != 0) {
		const struct pw_dense_key *found =
			&key[operands->place[at] - 1];

		if (found->pc == pc && found->ordinal == ordinal)
			return operands->place[at] - 1;
		at = (at + 1) & mask;
	}
	PW_ASSERT(operands->key.count < operands->key.capacity);
	key[operands->key.count++] = wanted;
	operands->place[at] = (uint32_t)operands->key.count;
	return operands->place[at] - 1;
}

void pw_dense_operands_free(struct pw_dense_operands *operands)
{
	free(operands->place);
	operands->place = NULL;
	operands->places = 0;
	pw_array_free(&operands->key);
}

size_t pw_dense_unfold(const struct pw_dense_rule *rule, uint32_t shapes,
		       uint32_t symbol, uint32_t *out, uint32_t *stack)
{
	size_t count = 0, waiting = 0;

	for (;;) {
		while (symbol > shapes) {
			const struct pw_dense_rule *at =
				&rule[symbol - shapes - 1];

			PW_DEBUG_ASSERT(waiting < PW_DENSE_SLOTS_MAX);
			stack[waiting++] = at->right;
			symbol = at->left;
		}
		out[count++] = symbol;
		if (waiting == 0)
			return count;
		symbol = stack[--waiting];
	}
}
