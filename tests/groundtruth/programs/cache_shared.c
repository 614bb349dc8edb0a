/* cache_shared.c - two processes that map a file have one copy of it. */
#include "measure.h"

static char *data;
static unsigned long pages = 96;

static void child(int fd)
{
	char *other;

	settle();
	other = map(PLACE(2), pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		    fd, 0);
	WINDOW("child.load", load(other, pages, 1));
	report("child.load", "rss_kb", smaps_kb(other, pages * PAGE, "Rss"));
	report("child.load", "pss_kb", smaps_kb(other, pages * PAGE, "Pss"));
	report("child.load", "shared_kb",
	       smaps_kb(other, pages * PAGE, "Shared_Clean"));
	WINDOW("child.store", store(other, 16, 1));
	report("child.store", "shared_kb",
	       smaps_kb(other, pages * PAGE, "Shared_Dirty"));
	reach(1);
	await(2);
	_exit(0);
}

int main(void)
{
	pid_t pid;
	int fd;

	start();
	fd = file_of(pages);
	data = map(PLACE(1), pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE,
		   fd, 0);
	load(data, pages, 1);
	report("alone", "pss_kb", smaps_kb(data, pages * PAGE, "Pss"));
	pid = fork();
	if (pid == 0)
		child(fd);
	await(1);
	settle();
	report("both", "pss_kb", smaps_kb(data, pages * PAGE, "Pss"));
	WINDOW("own", store(data, pages / 2, 1));
	report("own", "pss_kb", smaps_kb(data, pages * PAGE, "Pss"));
	report("own", "anon_kb", smaps_kb(data, pages * PAGE, "Anonymous"));
	reach(2);
	reap(pid);
	report("left", "pss_kb", smaps_kb(data, pages * PAGE, "Pss"));
	return finish();
}
