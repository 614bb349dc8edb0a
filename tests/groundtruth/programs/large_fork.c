/* large_fork.c - a large page that a fork shared is split by whoever writes to
 * it first, and stays whole for the last one; PR_SET_THP_DISABLE makes none. */
#include "measure.h"

#define LARGE (2 * MIB)
#define PIECES (LARGE / PAGE)

static char *large(char *at, unsigned long count)
{
	at = map(at, count * LARGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	(void)madvise(at, count * LARGE, MADV_HUGEPAGE);
	return at;
}

static void look(const char *window, const char *at)
{
	report(window, "rss_kb", smaps_kb(at, 4 * LARGE, "Rss"));
	report(window, "huge_kb", smaps_kb(at, 4 * LARGE, "AnonHugePages"));
}

int main(void)
{
	char *data, *small;
	pid_t pid;

	start();
	data = large(PLACE(1), 4);
	WINDOW("first", store(data, 4 * PIECES, 64));
	pid = fork();
	if (pid == 0) {
		settle();
		look("child", data);
		WINDOW("child.store", store(data, 2 * PIECES, 64));
		look("child.store", data);
		_exit(0);
	}
	reap(pid);
	settle();
	WINDOW("last", store(data, 4 * PIECES, 64));
	look("last", data);
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	small = large(PLACE(2), 4);
	WINDOW("disabled", store(small, 4 * PIECES, 64));
	look("disabled", small);
	prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
	WINDOW("enabled", store(small, 4 * PIECES, 64));
	look("enabled", small);
	return finish();
}
