/*
 * oracle_seeds.c - the number of seeds from the environment.
 */
#include "tests/oracle/oracle_seeds.h"

#include <stdlib.h>

static uint64_t read_number(const char *name, uint64_t fallback)
{
	const char *text = getenv(name);
	char *end;
	uint64_t value;

	if (!text)
		return fallback;
	value = strtoull(text, &end, 10);
	return *end == '\0' && value > 0 ? value : fallback;
}

uint64_t pw_oracle_seeds(uint64_t fallback)
{
	return read_number("PW_SEEDS", fallback);
}

uint64_t pw_oracle_first_seed(void)
{
	return read_number("PW_SEED", 1);
}
