/*
 * key_index.c - a hash of the keys that the ways of one set hold.
 */
#include "replay/mmu/key_index.h"

#include "base/assert.h"
#include "base/bits.h"

static uint32_t count_slots(size_t ways)
{
	PW_ASSERT(ways > 1 && ways <= UINT32_MAX / 8);
	return UINT32_C(4) << pw_log2(ways - 1);
}

size_t pw_key_index_bytes(size_t ways)
{
	return sizeof(struct pw_key_index) +
	       count_slots(ways) * sizeof(uint32_t);
}

void pw_key_index_init(struct pw_key_index *index, size_t ways)
{
	uint32_t slots = count_slots(ways);

	PW_ASSERT(pw_is_pow2(slots) && slots >= 2 * ways);
	memset(index, 0, pw_key_index_bytes(ways));
	index->mask = slots - 1;
	index->shift = 64 - pw_log2(slots);
}

void pw_key_index_add(struct pw_key_index *index, struct pw_keys keys,
		      uint32_t way)
{
	uint32_t i =
		pw_key_index_probe(index, keys, keys.key[way * keys.stride]);

	PW_DEBUG_ASSERT(!index->slot[i]);
	index->slot[i] = way + 1;
}

/* Empty slot @hole and close the gap. */
static void close_gap(struct pw_key_index *index, struct pw_keys keys,
		      uint32_t hole)
{
	uint32_t *slot = index->slot;
	uint32_t mask = index->mask;

	for (uint32_t i = (hole + 1) & mask; slot[i]; i = (i + 1) & mask) {
		uint32_t home = pw_key_index_home(
			index, keys.key[(slot[i] - 1) * keys.stride]);

		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		slot[hole] = slot[i];
		hole = i;
	}
	slot[hole] = 0;
}

void pw_key_index_remove(struct pw_key_index *index, struct pw_keys keys,
			 uint32_t way)
{
	uint32_t i =
		pw_key_index_probe(index, keys, keys.key[way * keys.stride]);

	PW_DEBUG_ASSERT(index->slot[i] == way + 1);
	close_gap(index, keys, i);
}
