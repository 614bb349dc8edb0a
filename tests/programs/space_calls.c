/*
 * space_calls.c - each call that changes an address space, some of them wrong;
 * for any processor.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096UL

int main(void)
{
	char *p = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *grown;

	if (p == MAP_FAILED)
		return 1;
	memset(p, 1, 8 * PAGE);
	mprotect(p + PAGE, PAGE, PROT_NONE);
	madvise(p + 2 * PAGE, 2 * PAGE, MADV_DONTNEED);
	munmap(p + 7 * PAGE, PAGE);
	grown = mremap(p + 2 * PAGE, 4 * PAGE, 16 * PAGE, MREMAP_MAYMOVE);
	if (grown == MAP_FAILED)
		return 2;
	memset(grown, 2, 16 * PAGE);
	mmap(grown, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, 99, 0);
	munmap(p + 1, PAGE);
	if (sbrk((long)(3 * PAGE)) == (void *)-1)
		return 3;
	return sbrk(-(long)PAGE) == (void *)-1 ? 4 : 0;
}
