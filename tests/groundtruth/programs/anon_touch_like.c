/*
 * anon_touch_like.c - private anonymous memory measures its own faults.
 *
 * Each phase lies between prctl(PR_SET_NAME, "gt+NAME") and "gt-NAME", which a
 * capture records as marks, and counts its minor faults with getrusage inside
 * them. All is done once on a few pages first, so that code, stack and data
 * are in memory and nothing else faults between the marks. Prints
 * "NAME.minflt,VALUE" for each phase.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define PAGE 4096UL
#define PAGES 600UL
#define STRIDE 16UL
#define BASE ((char *)0x1000000000UL)

enum phase { MAP, WRITE, REWRITE, READ, READ_WRITE, STRIDED, UNMAP, PHASES };

static const char *const phase_name[] = {"map",	   "write",  "rewrite", "read",
					 "readwr", "stride", "unmap"};
static long minor_faults[PHASES];
static struct rusage before, after;
static volatile long sink;

static void mark(char sign, const char *name)
{
	char text[16] = {'g', 't', sign};

	for (int i = 3; *name && i < 15; i++)
		text[i] = *name++;
	prctl(PR_SET_NAME, text);
}

static void write_pages(char *at, unsigned long pages, unsigned long step)
{
	for (unsigned long i = 0; i < pages; i += step)
		((volatile char *)at)[i * PAGE] = 1;
}

static void read_pages(const char *at, unsigned long pages)
{
	for (unsigned long i = 0; i < pages; i++)
		sink += ((const volatile char *)at)[i * PAGE];
}

static void map(char *at, unsigned long pages)
{
	void *got =
		mmap(at, pages * PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (got != at)
		exit(2);
	(void)madvise(at, pages * PAGE, MADV_NOHUGEPAGE);
}

/* Four areas of @pages each: written, read, strided; the last stays. */
static void run_phase(enum phase phase, unsigned long pages)
{
	char *second = BASE + pages * PAGE;
	char *third = second + pages * PAGE;

	switch (phase) {
	case MAP:
		map(BASE, 3 * pages);
		break;
	case WRITE:
	case REWRITE:
		write_pages(BASE, pages, 1);
		break;
	case READ:
		read_pages(second, pages);
		break;
	case READ_WRITE:
		write_pages(second, pages, 1);
		break;
	case STRIDED:
		write_pages(third, pages, STRIDE);
		break;
	case UNMAP:
	case PHASES:
		munmap(BASE, 3 * pages * PAGE);
		break;
	}
}

static void measure(enum phase phase, unsigned long pages)
{
	mark('+', phase_name[phase]);
	getrusage(RUSAGE_SELF, &before);
	run_phase(phase, pages);
	getrusage(RUSAGE_SELF, &after);
	mark('-', phase_name[phase]);
	minor_faults[phase] = after.ru_minflt - before.ru_minflt;
}

int main(void)
{
	for (int i = 0; i < PHASES; i++)
		measure((enum phase)i, 2);
	for (int i = 0; i < PHASES; i++)
		measure((enum phase)i, PAGES);
	for (int i = 0; i < PHASES; i++)
		printf("%s.minflt,%ld\n", phase_name[i], minor_faults[i]);
	return 0;
}
