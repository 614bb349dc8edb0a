/* memfd_shared.c - a memfd mapped by two processes is one set of pages. */
#include "measure.h"

static char *data;
static unsigned long pages = 128;

static void child(int fd)
{
	char *other;

	settle();
	report("child", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	WINDOW("child.load", load(data, pages, 1));
	report("child.load", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	report("child.load", "pss_kb", smaps_kb(data, pages * PAGE, "Pss"));
	other = map(PLACE(2), pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		    fd, 0);
	WINDOW("child.store", store(other, pages, 2));
	report("child.store", "rss_kb", smaps_kb(other, pages * PAGE, "Rss"));
	report("child.store", "pss_kb", smaps_kb(other, pages * PAGE, "Pss"));
	WINDOW("child.unmap", munmap(other, pages * PAGE));
	reach(1);
	await(2);
	_exit(0);
}

int main(void)
{
	int fd = memfd_create("measured", MFD_CLOEXEC);
	pid_t pid;

	start();
	if (fd < 0 || ftruncate(fd, (long)(pages * PAGE)))
		fail("memfd");
	data = map(PLACE(1), pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		   fd, 0);
	WINDOW("store", store(data, pages / 2, 1));
	report("store", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	report("store", "dirty_kb",
	       smaps_kb(data, pages * PAGE, "Private_Dirty"));
	WINDOW("load", load(data, pages, 1));
	report("load", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	WINDOW("store_loaded", store(data, pages, 1));
	pid = fork();
	if (pid == 0)
		child(fd);
	await(1);
	settle();
	report("both", "pss_kb", smaps_kb(data, pages * PAGE, "Pss"));
	reach(2);
	reap(pid);
	report("alone", "pss_kb", smaps_kb(data, pages * PAGE, "Pss"));
	return finish();
}
