/* limit_data.c - RLIMIT_DATA: of private writable memory there may be so much.
 * mprotect that meets it has done what came before. */
#include "measure.h"

static void limit(unsigned long soft, unsigned long hard)
{
	const struct rlimit limits = {soft, hard};

	if (prlimit(0, RLIMIT_DATA, &limits, NULL))
		fail("prlimit");
}

/* Pages of data and of the stack, in bytes; as it really is. */
static unsigned long data_now(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (!file || fscanf(file, "%*u %*u %*u %*u %*u %lu", &pages) != 1)
		fail("statm");
	fclose(file);
	return pages * PAGE;
}

static long size_at(const char *at)
{
	return smaps_kb(at, PAGE, "Size");
}

int main(void)
{
	unsigned long data;
	char *at = PLACE(1);
	int ret;

	start();
	data = data_now();
	/* Mappings of 64 pages that may be told apart, without rights. */
	for (int i = 0; i < 6; i++) {
		map(at + i * 64 * PAGE, 64 * PAGE, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (i & 1)
			madvise(at + i * 64 * PAGE, 64 * PAGE, MADV_DONTFORK);
	}
	/* The stack, 33 pages, does not count. */
	limit(data + 100 * PAGE, RLIM_INFINITY);
	ret = mprotect(at, 6 * 64 * PAGE, PROT_READ | PROT_WRITE);
	report("part", "ret", ret ? -errno : 0);
	report("part", "data_kb", status_kb("VmData"));
	report("part", "size_kb", size_at(at));
	report("part", "next_kb", size_at(at + 128 * PAGE));
	WINDOW("part", store(at, 128, 1));
	ret = mprotect(at + 256 * PAGE, 4 * PAGE, PROT_READ | PROT_WRITE);
	report("fits", "ret", ret ? -errno : 0);
	report("fits", "data_kb", status_kb("VmData"));
	/* What becomes data no more makes room. */
	ret = mprotect(at, 64 * PAGE, PROT_READ);
	ret = mprotect(at + 64 * PAGE, 5 * 64 * PAGE, PROT_READ | PROT_WRITE);
	report("room", "ret", ret ? -errno : 0);
	report("room", "data_kb", status_kb("VmData"));
	/* A soft limit of 0 is the hard one. */
	limit(0, data + 200 * PAGE);
	ret = mprotect(at, 6 * 64 * PAGE, PROT_READ | PROT_WRITE);
	report("none", "ret", ret ? -errno : 0);
	report("none", "data_kb", status_kb("VmData"));
	limit(data - 40 * PAGE, data + 200 * PAGE);
	ret = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
	report("mmap", "ret", ret);
	ret = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	      MAP_FAILED;
	report("read", "ret", ret);
	report("read", "data_kb", status_kb("VmData"));
	return finish();
}
