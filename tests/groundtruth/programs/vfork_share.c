/* vfork_share.c - until it execs or ends, a vfork child is in its parent's
 * memory: what it touches is there afterwards. */
#include "measure.h"

int main(void)
{
	unsigned long pages = 200;
	char *data;
	pid_t pid;

	start();
	data = anonymous(PLACE(1), pages);
	store(data, pages / 2, 1);
	pid = vfork();
	if (pid == 0) {
		store(data, pages, 1);
		_exit(0);
	}
	reap(pid);
	report("after", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	WINDOW("after", store(data, pages, 1));
	return finish();
}
