/* advise_fork.c - MADV_DONTFORK leaves a range out of children, and
 * MADV_WIPEONFORK gives them fresh zero memory. */
#include "measure.h"

static char *data;

static void child(void)
{
	long sum;

	settle();
	report("child", "vsz_kb", smaps_kb(data, 96 * PAGE, "Size"));
	report("child", "rss_kb", smaps_kb(data, 96 * PAGE, "Rss"));
	report("child", "hole.sig", FAULT_OF(load(data, 1, 1)));
	sum = sink;
	WINDOW("child.wiped", load(data + 32 * PAGE, 32, 1));
	report("child.wiped", "sum", sink - sum);
	WINDOW("child.store", store(data + 32 * PAGE, 64, 1));
	report("child.store", "rss_kb", smaps_kb(data, 96 * PAGE, "Rss"));
	_exit(0);
}

int main(void)
{
	pid_t pid;

	start();
	catch_faults();
	data = anonymous(PLACE(1), 96);
	store(data, 96, 1);
	if (madvise(data, 32 * PAGE, MADV_DONTFORK) ||
	    madvise(data + 32 * PAGE, 32 * PAGE, MADV_WIPEONFORK))
		fail("madvise");
	pid = fork();
	if (pid == 0)
		child();
	reap(pid);
	settle();
	WINDOW("parent", store(data, 96, 1));
	return finish();
}
