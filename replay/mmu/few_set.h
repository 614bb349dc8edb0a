/*
 * few_set.h - one set of at most 16 ways in an order, without branches.
 *
 * Keys stay in the way that they were put in. The order of the ways is a word
 * of 16 numbers of 4 bits, the newest lowest, so to make one the newest or to
 * put one in moves bits. Free ways are the oldest. A byte of each key's hash
 * tells in which ways to look. Where a key is, or whether, cannot be foreseen:
 * this is why nothing depends on a branch but the comparison of the key found.
 *
 * Source: Mycroft's test for a zero byte, as in Warren, "Hacker's Delight" 2nd
 *         ed., 6-1. Above the lowest zero byte it may be wrong.
 */
#ifndef PW_REPLAY_FEW_SET_H
#define PW_REPLAY_FEW_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/assert.h"
#include "base/status.h"

#define PW_FEW_WAYS 16
#define PW_FEW_FREE UINT64_MAX	/* no key */
#define PW_FEW_NONE PW_FEW_WAYS /* no way */

#define PW_FEW_NIBBLES UINT64_C(0x1111111111111111)
#define PW_FEW_BYTES UINT64_C(0x0101010101010101)

struct pw_few_set {
	uint64_t order;
	uint64_t tags[2]; /* a byte of each way */
	uint64_t key[];	  /* as many as there are ways */
};

/*
 * Memory for a set.
 *
 * Units: bytes.
 */
static inline size_t pw_few_set_bytes(size_t ways)
{
	return sizeof(struct pw_few_set) + ways * sizeof(uint64_t);
}

/*
 * Make @set empty.
 */
static inline void pw_few_set_init(struct pw_few_set *set, size_t ways)
{
	PW_ASSERT(ways > 0 && ways <= PW_FEW_WAYS);
	set->order = UINT64_C(0xfedcba9876543210);
	set->tags[0] = 0;
	set->tags[1] = 0;
	for (size_t i = 0; i < ways; i++)
		set->key[i] = PW_FEW_FREE;
}

/*
 * The way of @age, 0 for the newest.
 */
static inline size_t pw_few_set_aged(const struct pw_few_set *set, size_t age)
{
	return (size_t)(set->order >> 4 * age & (PW_FEW_WAYS - 1));
}

static inline uint8_t pw_few_set_tag(uint64_t key)
{
	return (uint8_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 56);
}

/*
 * Ways as bits, all those with the tag @tag among them.
 */
static inline unsigned pw_few_set_match_words(const struct pw_few_set *set,
					      uint8_t tag)
{
	unsigned ways = 0;

	for (unsigned i = 0; i < PW_COUNT(set->tags); i++) {
		uint64_t x = set->tags[i] ^ tag * PW_FEW_BYTES;
		uint64_t zero = (x - PW_FEW_BYTES) & ~x & PW_FEW_BYTES << 7;

		/* The lowest bits of all bytes come together in the highest. */
		zero = (zero >> 7) * UINT64_C(0x0102040810204080) >> 56;
		ways |= (unsigned)zero << 8 * i;
	}
	return ways;
}

/*
 * The same with vectors, where there are any.
 */
static inline unsigned pw_few_set_match(const struct pw_few_set *set,
					uint8_t tag)
{
#ifdef __SSE2__
	/* As they were stored: a word that was just written is at hand. */
	__m128i tags = _mm_unpacklo_epi64(
		_mm_loadl_epi64((const __m128i *)(const void *)&set->tags[0]),
		_mm_loadl_epi64((const __m128i *)(const void *)&set->tags[1]));
	__m128i wanted = _mm_set1_epi8((char)tag);

	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(tags, wanted));
#else
	return pw_few_set_match_words(set, tag);
#endif
}

/*
 * The way that holds @key, or PW_FEW_NONE.
 */
static inline size_t pw_few_set_find(const struct pw_few_set *set, size_t ways,
				     uint64_t key)
{
	unsigned found =
		pw_few_set_match(set, pw_few_set_tag(key)) & ((1U << ways) - 1);

	PW_DEBUG_ASSERT(key != PW_FEW_FREE && ways <= PW_FEW_WAYS);
	for (; found; found &= found - 1) {
		size_t way = (size_t)__builtin_ctz(found);

		if (set->key[way] == key)
			return way;
	}
	return PW_FEW_NONE;
}

/*
 * Make the way the newest whose number is at bit @at of the order.
 */
static inline void pw_few_set_move(struct pw_few_set *set, unsigned at)
{
	uint64_t way, newer, older;

	PW_ASSERT(at < 64 && at % 4 == 0);
	way = set->order >> at & (PW_FEW_WAYS - 1);
	newer = set->order & (((uint64_t)1 << at) - 1);
	older = set->order & (~(uint64_t)0 << at) << 4;
	set->order = older | newer << 4 | way;
}

/*
 * Make @way the newest.
 */
static inline void pw_few_set_raise(struct pw_few_set *set, size_t way)
{
	uint64_t x = set->order ^ way * PW_FEW_NIBBLES;
	uint64_t zero = (x - PW_FEW_NIBBLES) & ~x & PW_FEW_NIBBLES << 3;

	PW_DEBUG_ASSERT(zero);
	pw_few_set_move(set, (unsigned)__builtin_ctzll(zero) - 3);
}

/*
 * Put @key, which is not there, in as the newest, over the oldest.
 */
static inline void pw_few_set_insert(struct pw_few_set *set, size_t ways,
				     uint64_t key)
{
	size_t way = pw_few_set_aged(set, ways - 1);
	unsigned at = (unsigned)(way % 8) * 8;
	uint64_t *tags = &set->tags[way / 8];

	PW_DEBUG_ASSERT(key != PW_FEW_FREE && way < ways);
	pw_few_set_move(set, (unsigned)(ways - 1) * 4);
	*tags = (*tags & ~((uint64_t)0xff << at)) |
		(uint64_t)pw_few_set_tag(key) << at;
	set->key[way] = key;
}

/*
 * Remove keys [first, first + count), those that are there.
 */
static inline void pw_few_set_remove(struct pw_few_set *set, size_t ways,
				     uint64_t first, uint64_t count)
{
	uint64_t kept = 0, freed = 0;
	unsigned kept_bits = 0, freed_bits = 0;

	for (size_t age = 0; age < ways; age++) {
		uint64_t way = pw_few_set_aged(set, age);
		uint64_t *key = &set->key[way];

		if (*key == PW_FEW_FREE || *key - first < count) {
			*key = PW_FEW_FREE;
			freed |= way << freed_bits;
			freed_bits += 4;
		} else {
			kept |= way << kept_bits;
			kept_bits += 4;
		}
	}
	if (freed_bits == 0)
		return;
	set->order &= (~(uint64_t)0 << (ways - 1) * 4) << 4;
	set->order |= kept | freed << kept_bits;
}

#endif
