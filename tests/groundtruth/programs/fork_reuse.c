/* fork_reuse.c - after a fork both sides fault on their first store to each
 * page; the last one that has it keeps it without a copy. */
#include "measure.h"

static char *data;
static unsigned long pages = 600;

static void child(void)
{
	settle();
	WINDOW("child.load", load(data, pages, 1));
	report("child.load", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	report("child.load", "pss_kb", smaps_kb(data, pages * PAGE, "Pss"));
	report("child.load", "shared_kb",
	       smaps_kb(data, pages * PAGE, "Shared_Dirty"));
	WINDOW("child.third", store(data, pages, 3));
	report("child.third", "pss_kb", smaps_kb(data, pages * PAGE, "Pss"));
	report("child.third", "private_kb",
	       smaps_kb(data, pages * PAGE, "Private_Dirty"));
	reach(1);
	await(2);
	WINDOW("child.all", store(data, pages, 1));
	report("child.all", "pss_kb", smaps_kb(data, pages * PAGE, "Pss"));
	_exit(0);
}

int main(void)
{
	pid_t pid;

	start();
	data = anonymous(PLACE(1), pages);
	store(data, pages, 1);
	pid = fork();
	if (pid == 0)
		child();
	await(1);
	settle();
	report("parent", "pss_kb", smaps_kb(data, pages * PAGE, "Pss"));
	WINDOW("parent.half", store(data, pages, 2));
	report("parent.half", "pss_kb", smaps_kb(data, pages * PAGE, "Pss"));
	reach(2);
	reap(pid);
	report("alone", "pss_kb", smaps_kb(data, pages * PAGE, "Pss"));
	WINDOW("alone", store(data, pages, 1));
	WINDOW("alone_again", store(data, pages, 1));
	return finish();
}
