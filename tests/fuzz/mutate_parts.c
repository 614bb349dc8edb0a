/*
 * mutate_parts.c - libFuzzer changes one part of an input and the lengths
 * before the parts stay right.
 */
#include "base/assert.h"
#include "base/bits.h"
#include "tests/support/fuzz_chunk.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t bytes, size_t room);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t room,
			       unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t room,
			       unsigned seed)
{
	struct pw_fuzz_part part[PW_FUZZ_PARTS_MAX];
	size_t changed = seed % PW_FUZZ_PARTS_MAX, used = 0;
	uint8_t *copy = malloc(room + 1), *out = malloc(room + 1);

	PW_ASSERT(copy && out);
	pw_fuzz_parts(part, PW_FUZZ_PARTS_MAX, data, bytes);
	for (size_t i = 0; i < PW_FUZZ_PARTS_MAX && used + 2 <= room; i++) {
		size_t left = room - used - 2, count = part[i].count;

		if (count > left)
			count = left;
		if (left > UINT16_MAX)
			left = UINT16_MAX;
		memcpy(copy, part[i].bytes, count);
		if (i == changed && left > 0)
			count = LLVMFuzzerMutate(copy, count, left);
		pw_store16(out + used, (uint16_t)count);
		memcpy(out + used + 2, copy, count);
		used += 2 + count;
	}
	memcpy(data, out, used);
	free(copy);
	free(out);
	return used;
}
