/* shared_anon.c - shared anonymous memory: no page is the zero page, and a
 * child finds the pages but has to map them. */
#include "measure.h"

static char *data;
static unsigned long pages = 100;

static void child(void)
{
	settle();
	WINDOW("child.load", load(data, pages / 2, 1));
	report("child.load", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	report("child.load", "pss_kb", smaps_kb(data, pages * PAGE, "Pss"));
	WINDOW("child.store", store(data, pages, 1));
	report("child.store", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	_exit(0);
}

int main(void)
{
	pid_t pid;

	start();
	data = map(PLACE(1), pages * PAGE, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	WINDOW("load", load(data, pages / 2, 1));
	report("load", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	WINDOW("store", store(data, pages / 2, 1));
	report("store", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	pid = fork();
	if (pid == 0)
		child();
	reap(pid);
	settle();
	WINDOW("parent", load(data, pages, 1));
	report("parent", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	return finish();
}
