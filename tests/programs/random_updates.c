/*
 * random_updates.c - change random words of a table of 128 MiB.
 *
 * Argument: how many updates to make. They come after the mark "measured".
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#define WORDS ((size_t)16 << 20)

int main(int argc, char **argv)
{
	uint64_t *table = calloc(WORDS, sizeof(*table));
	long updates = argc > 1 ? atol(argv[1]) : 0;
	uint64_t seed = 88172645463325252;

	if (!table)
		return 1;
	prctl(PR_SET_NAME, "measured");
	for (long i = 0; i < updates; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		table[seed % WORDS] ^= seed;
	}
	prctl(PR_SET_NAME, "end");
	printf("%lu\n", (unsigned long)table[0]);
	return 0;
}
