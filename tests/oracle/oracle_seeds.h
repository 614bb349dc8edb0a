/*
 * oracle_seeds.h - how many seeds a differential test tries.
 */
#ifndef PW_TESTS_ORACLE_ORACLE_SEEDS_H
#define PW_TESTS_ORACLE_ORACLE_SEEDS_H

#include <stdint.h>

/*
 * The environment's PW_SEEDS if it is a number above 0, else @fallback.
 */
uint64_t pw_oracle_seeds(uint64_t fallback);

/*
 * The first seed: PW_SEED if that is set, so that one failure can be repeated,
 * else 1.
 */
uint64_t pw_oracle_first_seed(void);

#endif
