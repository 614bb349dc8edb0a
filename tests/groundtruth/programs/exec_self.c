/* exec_self.c - exec begins with an empty address space; what was shared with
 * it is not any more. */
#include "measure.h"

static const char again[] = "again";

static int second_life(void)
{
	unsigned long pages = 50;
	char *data;

	start();
	data = anonymous(PLACE(1), pages);
	WINDOW("exec.store", store(data, pages, 1));
	report("exec.store", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	report("exec.store", "pss_kb", smaps_kb(data, pages * PAGE, "Pss"));
	finish();
	fflush(stdout);
	return 0;
}

int main(int count, char **words)
{
	unsigned long pages = 90;
	char *data, *arguments[] = {words[0], (char *)again, NULL};
	pid_t pid;

	if (count > 1)
		return second_life();
	start();
	data = anonymous(PLACE(1), pages);
	store(data, pages, 1);
	pid = fork();
	if (pid == 0) {
		execv("/proc/self/exe", arguments);
		_exit(2);
	}
	reap(pid);
	settle();
	report("after", "pss_kb", smaps_kb(data, pages * PAGE, "Pss"));
	WINDOW("after", store(data, pages, 1));
	return finish();
}
