/*
 * memory.c - how much memory this machine has.
 */
#include "base/memory.h"

#include <unistd.h>

size_t pw_memory_half(void)
{
	long pages = sysconf(_SC_PHYS_PAGES);
	long page_bytes = sysconf(_SC_PAGESIZE);

	if (pages <= 0 || page_bytes <= 0)
		return 0;
	return (size_t)pages / 2 * (size_t)page_bytes;
}
