/*
 * random.h - xoshiro256**, the same numbers on every machine.
 *
 * Source: Blackman & Vigna, "Scrambled linear pseudorandom number
 *         generators", ACM TOMS 47(4), 2021; seeded by splitmix64.
 */
#ifndef PW_BASE_RANDOM_H
#define PW_BASE_RANDOM_H

#include <stdint.h>

struct pw_random {
	uint64_t state[4];
};

/*
 * Start a sequence that depends on @seed alone.
 */
void pw_random_seed(struct pw_random *random, uint64_t seed);

/*
 * The next 64 random bits.
 */
uint64_t pw_random_next(struct pw_random *random);

/*
 * A number below @bound (not 0), each equally likely.
 */
uint64_t pw_random_below(struct pw_random *random, uint64_t bound);

#endif
