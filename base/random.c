/*
 * random.c - xoshiro256** and an unbiased choice below a bound.
 *
 * Source: Blackman & Vigna, ACM TOMS 47(4), 2021; Lemire, "Fast random integer
 *         generation in an interval", ACM TOMACS 29(1), 2019.
 */
#include "base/random.h"

#include "base/assert.h"
#include "base/bits.h"

__extension__ typedef unsigned __int128 wide;

void pw_random_seed(struct pw_random *random, uint64_t seed)
{
	for (int i = 0; i < 4; i++) {
		seed += UINT64_C(0x9e3779b97f4a7c15);
		random->state[i] = pw_mix64(seed);
	}
}

static uint64_t rotate(uint64_t v, unsigned bits)
{
	return (v << bits) | (v >> (64 - bits));
}

uint64_t pw_random_next(struct pw_random *random)
{
	uint64_t *s = random->state;
	uint64_t result = rotate(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

uint64_t pw_random_below(struct pw_random *random, uint64_t bound)
{
	uint64_t reject;
	wide product;

	PW_ASSERT(bound != 0);
	reject = (0 - bound) % bound; /* 2^64 modulo bound */
	do {
		product = (wide)pw_random_next(random) * bound;
	} while ((uint64_t)product < reject);
	return (uint64_t)(product >> 64);
}
