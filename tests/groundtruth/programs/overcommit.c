/* overcommit.c - what a mapping may still have to be paid with is charged when
 * it is made: private writable and shared anonymous memory. */
#include "measure.h"

static void charge(const char *window, char *at, int prot, int flags, int fd)
{
	long before = meminfo_kb("Committed_AS");
	char *got = map(at, 512 * MIB, prot, flags, fd, 0);

	report(window, "committed_kb", meminfo_kb("Committed_AS") - before);
	if (prot == PROT_READ && mprotect(got, 512 * MIB, prot | PROT_WRITE))
		fail("mprotect");
	report(window, "writable_kb", meminfo_kb("Committed_AS") - before);
	munmap(got, 512 * MIB);
	report(window, "unmapped_kb", meminfo_kb("Committed_AS") - before);
}

int main(void)
{
	int rw = PROT_READ | PROT_WRITE, anon = MAP_PRIVATE | MAP_ANONYMOUS;
	int fd;

	start();
	fd = file_of(1);
	charge("private", PLACE(1), rw, anon, -1);
	charge("read_only", PLACE(1), PROT_READ, anon, -1);
	charge("none", PLACE(1), PROT_NONE, anon, -1);
	charge("noreserve", PLACE(1), rw, anon | MAP_NORESERVE, -1);
	charge("shared", PLACE(1), rw, MAP_SHARED | MAP_ANONYMOUS, -1);
	charge("file", PLACE(1), rw, MAP_SHARED, fd);
	charge("own_file", PLACE(1), rw, MAP_PRIVATE, fd);
	return finish();
}
