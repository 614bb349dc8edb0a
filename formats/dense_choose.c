/*
 * dense_choose.c - try all predictions of a slot and take the cheapest.
 */
#include "formats/dense_choose.h"

#include "base/bits.h"
#include "formats/lane.h"

#define TRIED_BACK 5 /* slots before */
#define BLOCK 16
/* A first address costs bytes of its own, which few others do not pay. */
#define STARTED_MIN 4

static const uint64_t *source(const struct pw_dense_column *column,
			      unsigned from)
{
	if (from == PW_DENSE_FROM_ZERO)
		return NULL;
	if (from == PW_DENSE_FROM_LAST)
		return column->before;
	return column->address - from * column->count;
}

uint64_t pw_dense_predict(const struct pw_dense_column *column, unsigned from,
			  size_t i)
{
	const uint64_t *other = source(column, from);

	return other ? other[i] : 0;
}

/* Where the differences that count begin; at the end when there are none. */
static size_t first_row(const struct pw_dense_column *column, unsigned from)
{
	if (from != PW_DENSE_FROM_LAST || !column->starts)
		return 0;
	return column->count < STARTED_MIN ? column->count : 1;
}

/* Whether all differences from @i on are the same. */
static bool is_constant(const struct pw_dense_column *column,
			const uint64_t *other, size_t i, uint64_t difference)
{
	static const uint64_t zero[BLOCK];
	const uint64_t *address = column->address;
	size_t step = other ? 1 : 0;

	if (!other)
		other = zero;
	for (; i + BLOCK <= column->count; i += BLOCK) {
		const uint64_t *at = other + i * step;
		uint64_t different = 0;

		for (size_t j = 0; j < BLOCK; j++)
			different |= (address[i + j] - at[j]) ^ difference;
		if (different != 0)
			return false;
	}
	for (; i < column->count; i++)
		if (address[i] - other[i * step] != difference)
			return false;
	return true;
}

static unsigned bytes_of_varint(uint64_t value)
{
	return (70U - (unsigned)__builtin_clzll(value | 1)) / 7;
}

/* What decoding costs more than an address that never changes, in bytes. */
static uint64_t decode_cost(const struct pw_dense_column *column, unsigned from)
{
	if (from == PW_DENSE_FROM_ZERO)
		return 0;
	return column->count >> (from == PW_DENSE_FROM_LAST ? 5 : 7);
}

/* Bytes of the base. */
static uint64_t base_cost(const struct pw_dense_column *column, unsigned from,
			  uint64_t base)
{
	if (from == PW_DENSE_FROM_ZERO)
		base -= column->base;
	return bytes_of_varint(pw_zigzag(base));
}

/* How the differences are spread. */
struct spread {
	int64_t low; /* of them, from the first one */
	int64_t high;
	size_t changes; /* how many differ from the one before */
};

static struct spread measure(const struct pw_dense_column *column,
			     const uint64_t *other, size_t from)
{
	const uint64_t *address = column->address;
	uint64_t first = address[from] - (other ? other[from] : 0);
	struct spread spread = {0, 0, 0};
	int64_t last = 0;

	for (size_t i = from + 1; i < column->count; i++) {
		uint64_t value = address[i] - (other ? other[i] : 0);
		int64_t difference = (int64_t)(value - first);

		spread.low = difference < spread.low ? difference : spread.low;
		spread.high =
			difference > spread.high ? difference : spread.high;
		spread.changes += difference != last;
		last = difference;
	}
	return spread;
}

/*
 * Try a prediction that has no constant difference. Values that are equal to
 * those before them pack well, others do not.
 */
static uint64_t try_spread(const struct pw_dense_column *column, unsigned from,
			   struct pw_dense_choice *choice)
{
	const uint64_t *other = source(column, from);
	size_t row = first_row(column, from);
	struct spread spread;

	if (row >= column->count)
		return UINT64_MAX;
	spread = measure(column, other, row);
	choice->from = from;
	choice->base = column->address[row] - (other ? other[row] : 0) +
		       (uint64_t)spread.low;
	choice->width =
		pw_lane_length((uint64_t)spread.high - (uint64_t)spread.low);
	return (uint64_t)spread.changes * choice->width * 16 +
	       (uint64_t)column->count * choice->width;
}

/* All predictions that this slot has, in the order of how fast they are. */
static unsigned list_predictions(const struct pw_dense_column *column,
				 unsigned *from)
{
	unsigned count = 0;

	from[count++] = PW_DENSE_FROM_ZERO;
	for (unsigned back = 1; back <= TRIED_BACK && back <= column->slot;
	     back++)
		from[count++] = back;
	from[count++] = PW_DENSE_FROM_LAST;
	return count;
}

struct pw_dense_choice pw_dense_choose(const struct pw_dense_column *column)
{
	unsigned from[2 + TRIED_BACK];
	unsigned count = list_predictions(column, from);
	struct pw_dense_choice best = {0};
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < count; i++) {
		const uint64_t *other = source(column, from[i]);
		size_t row = first_row(column, from[i]);
		uint64_t base, cost;

		if (row >= column->count)
			continue;
		base = column->address[row] - (other ? other[row] : 0);
		cost = base_cost(column, from[i], base) +
		       decode_cost(column, from[i]);
		if (cost >= least || !is_constant(column, other, row, base))
			continue;
		least = cost;
		best = (struct pw_dense_choice){from[i], 0, base};
	}
	if (least != UINT64_MAX)
		return best;
	for (unsigned i = 0; i < count; i++) {
		struct pw_dense_choice choice;
		uint64_t cost = try_spread(column, from[i], &choice);

		if (cost >= least)
			continue;
		least = cost;
		best = choice;
	}
	return best;
}
