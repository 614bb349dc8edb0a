/* huge_pool.c - a pool of huge pages: what is promised to mappings, taken by
 * faults and copies, and given back; without a promise a fault may fail. */
#include "measure.h"

#define HUGE (2 * MIB)
#define PIECES (HUGE / PAGE)

static int set_pool(const char *pages)
{
	int fd = open("/proc/sys/vm/nr_hugepages", O_WRONLY | O_CLOEXEC);
	int done = fd >= 0 && write(fd, pages, strlen(pages)) > 0;

	close(fd);
	return done;
}

static char *huge(char *at, unsigned long pages, int more)
{
	return map(at, pages * HUGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | more, -1, 0);
}

static int fits(unsigned long pages)
{
	void *all = mmap(NULL, pages * HUGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	return all != MAP_FAILED && munmap(all, pages * HUGE) == 0;
}

static void look(const char *window)
{
	report(window, "free", meminfo_kb("HugePages_Free"));
	report(window, "reserved", meminfo_kb("HugePages_Rsvd"));
	report(window, "hugetlb_kb", status_kb("HugetlbPages"));
}

static void measure(void)
{
	char *data = huge(PLACE(1), 3, 0), *more;
	pid_t pid;

	look("map");
	WINDOW("load", load(data, 2 * PIECES, 64));
	look("load");
	pid = fork();
	if (pid == 0) {
		settle();
		WINDOW("child", store(data, PIECES, 64));
		look("child");
		_exit(0);
	}
	reap(pid);
	settle();
	WINDOW("store", store(data, 3 * PIECES, 64));
	look("store");
	more = huge(PLACE(2), 4, MAP_NORESERVE);
	WINDOW("no_promise", store(more, 3 * PIECES, 64));
	look("no_promise");
	report("nothing", "sig", FAULT_OF(store(more + 3 * HUGE, 1, 1)));
	munmap(more, 4 * HUGE);
	munmap(data + HUGE, HUGE);
	look("unmap");
	munmap(data, HUGE);
	munmap(data + 2 * HUGE, HUGE);
	look("end");
}

int main(void)
{
	start();
	catch_faults();
	/* Without rights or memory there is nothing to say. */
	if (set_pool("6") && fits(6))
		measure();
	set_pool("0");
	return finish();
}
