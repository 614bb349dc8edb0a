/* fork_chain.c - a page shared by three generations is divided by three. */
#include "measure.h"

static char *data;
static unsigned long pages = 300;

static void grandchild(void)
{
	settle();
	report("third", "pss_kb", smaps_kb(data, pages * PAGE, "Pss"));
	WINDOW("third.store", store(data, 100, 1));
	report("third.store", "pss_kb", smaps_kb(data, pages * PAGE, "Pss"));
	reach(1);
	await(3);
	_exit(0);
}

static void child(void)
{
	pid_t pid;

	settle();
	WINDOW("second.store", store(data + 200 * PAGE, 100, 1));
	report("second.store", "pss_kb", smaps_kb(data, pages * PAGE, "Pss"));
	pid = fork();
	if (pid == 0)
		grandchild();
	await(1);
	settle();
	WINDOW("second.again", store(data + 150 * PAGE, 150, 1));
	report("second.again", "pss_kb", smaps_kb(data, pages * PAGE, "Pss"));
	reach(2);
	reap(pid);
	report("second.end", "pss_kb", smaps_kb(data, pages * PAGE, "Pss"));
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
	await(2);
	settle();
	report("first", "pss_kb", smaps_kb(data, pages * PAGE, "Pss"));
	WINDOW("first.store", store(data, pages, 1));
	report("first.store", "pss_kb", smaps_kb(data, pages * PAGE, "Pss"));
	reach(3);
	reap(pid);
	return finish();
}
